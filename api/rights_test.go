package api_test

import (
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
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

// TestAViewerIsNoWiderThanItsRow: whatever an account may, a handler asks the
// store on behalf of somebody who reaches what the row says.
func TestAViewerIsNoWiderThanItsRow(t *testing.T) {
	t.Parallel()
	h := one(t)
	var got model.Viewer
	for _, reach := range []string{"own", "read", "installation"} {
		require.NoError(t, h.api.Mount("GET", "/probe-"+reach, "user", reach, "clients:read", func(c echo.Context) error {
			got = api.ViewerOf(c)
			return c.NoContent(200)
		}))
	}
	root, manager := h.superuser(t), h.manager(t)
	rootKey, managerKey := root.key(t, model.ClientsRead), manager.key(t, model.ClientsRead)
	of := func(c *caller) model.Viewer { return model.Viewer{UserID: c.user.ID} }
	super := of(root)
	super.Superuser = true
	whole := of(manager)
	whole.Granted = manager.user.Permissions
	for _, c := range []struct {
		who   *caller
		reach string
		want  model.Viewer
	}{
		{root, "own", of(root)},
		{manager, "own", of(manager)},
		{root, "read", super},
		{manager, "read", of(manager)}, // no permission stands in the row
		{root, "installation", super},
		{manager, "installation", whole},
		{rootKey, "own", of(root)},
		{rootKey, "read", super},
		{rootKey, "installation", of(root)}, // by a key nobody administers
		{managerKey, "installation", of(manager)},
	} {
		c.who.do(t, "GET", "/probe-"+c.reach, nil).require(t, 200)
		require.Equal(t, c.want.UserID, got.UserID, c.reach)
		require.Equal(t, c.want.Superuser, got.Superuser, c.reach)
		require.ElementsMatch(t, c.want.Granted, got.Granted, c.reach)
	}
}
