package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
)

func TestThePageIsOfTheTableAsItIs(t *testing.T) {
	t.Parallel()
	rights, err := api.Rights()
	require.NoError(t, err)
	written, err := os.ReadFile("../authorization.md")
	require.NoError(t, err)
	require.Equal(t, page(rights), string(written), "run make generate")
	written, err = os.ReadFile("../../frontend/src/api/permissions.gen.ts")
	require.NoError(t, err)
	require.Equal(t, list(), string(written), "run make generate")
}

// TestEveryPermissionAndScopeOpensSomething: what groups can carry and keys can
// be given has a use, and the table asks for nothing else.
func TestEveryPermissionAndScopeOpensSomething(t *testing.T) {
	t.Parallel()
	rights, err := api.Rights()
	require.NoError(t, err)
	permissions, scopes := map[model.Permission]bool{}, map[model.Scope]bool{}
	for _, r := range rights {
		if r.Access != "anybody" && r.Access != "user" && r.Access != "superuser" {
			permissions[model.Permission(r.Access)] = true
		}
		for _, p := range r.By {
			permissions[p] = true
		}
		if r.Scope != "*" && r.Scope != "-" {
			scopes[r.Scope] = true
		}
	}
	require.Len(t, permissions, len(model.Permissions))
	for _, p := range model.Permissions {
		require.True(t, permissions[p], p)
	}
	require.Len(t, scopes, len(model.Scopes))
	for _, s := range model.Scopes {
		require.True(t, scopes[s], s)
	}
}
