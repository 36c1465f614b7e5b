package api_test

import (
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
)

// TestNothingAnswersBesideTheTable: a call that no row lists stops the start,
// wherever it is mounted.
func TestNothingAnswersBesideTheTable(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/v1/secret", "/secret"} {
		err := one(t).api.AnswerBesideTheTable(path)
		require.ErrorContains(t, err, "GET "+path+" answers and is not in the table of rights")
	}
}

// TestARowThatLeavesARightOpenDoesNotStart takes one column after the other
// away.
func TestARowThatLeavesARightOpenDoesNotStart(t *testing.T) {
	t.Parallel()
	handle := func(echo.Context) error { return nil }
	for name, row := range map[string]struct {
		method, path, access, reach, scope string
		handle                             echo.HandlerFunc
		refused                            string
	}{
		"whole":               {"GET", "/new", "user", "own", "clients:read", handle, ""},
		"without a method":    {"", "/new", "user", "own", "-", handle, "call"},
		"without a path":      {"GET", "", "user", "own", "-", handle, "call"},
		"without access":      {"GET", "/new", "", "own", "-", handle, "access"},
		"unknown permission":  {"GET", "/new", "clients.eat", "own", "-", handle, "access"},
		"without rows":        {"GET", "/new", "user", "", "-", handle, "rows"},
		"without a scope":     {"GET", "/new", "user", "own", "", handle, "scope"},
		"unknown scope":       {"GET", "/new", "user", "own", "clients:eat", handle, "scope"},
		"a key for anybody":   {"GET", "/new", "anybody", "installation", "clients:read", handle, "scope"},
		"without a handler":   {"GET", "/new", "user", "own", "-", nil, "handler"},
		"that is there twice": {"GET", "/clients", "user", "own", "-", handle, "GET /api/v1/clients twice"},
	} {
		err := one(t).api.Mount(row.method, row.path, row.access, row.reach, row.scope, row.handle)
		if row.refused == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, "table of rights", name)
		require.ErrorContains(t, err, row.refused, name)
	}
}
