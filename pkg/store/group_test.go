package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		g := &model.Group{Name: "support", Permissions: []model.Permission{model.UsersBlock, model.UsersViewAll}}
		require.NoError(t, st.CreateGroup(ctx, g))
		err := st.CreateGroup(ctx, &model.Group{Name: "support"})
		require.True(t, model.IsKind(err, model.Conflict), "%v", err)
		member := testkit.User(t, st, func(u *model.User) { u.Groups = []string{"support"} })
		require.Empty(t, member.Viewer().Granted, "a permission counts only for staff")

		g.Members = 1
		read, err := st.Group(ctx, g.ID)
		require.NoError(t, err)
		g.Members = 1
		require.Equal(t, g, read)

		g.Name, g.Permissions = "helpers", []model.Permission{model.ClientsViewAll}
		require.NoError(t, updateGroup(st, g, 1))
		err = updateGroup(st, g, 1)
		require.True(t, model.IsKind(err, model.PreconditionFailed), "%v", err)
		member, err = st.User(ctx, member.ID)
		require.NoError(t, err)
		require.Equal(t, []string{"helpers"}, member.Groups)
		require.Equal(t, []model.Permission{model.ClientsViewAll}, member.Permissions)

		list, err := st.Groups(ctx, store.Page{})
		require.NoError(t, err)
		require.Equal(t, []model.Group{*g}, list.Items)

		err = st.DeleteGroup(ctx, g.ID, model.IfMatch{1})
		require.True(t, model.IsKind(err, model.PreconditionFailed), "%v", err)
		require.NoError(t, st.DeleteGroup(ctx, g.ID, model.IfMatch{g.Version}))
		err = st.DeleteGroup(ctx, g.ID, nil)
		require.True(t, model.IsKind(err, model.NotFound), "%v", err)
		member, err = st.User(ctx, member.ID)
		require.NoError(t, err)
		require.Empty(t, member.Groups)
	})
}

// updateGroup keeps a group that was changed before, if it still has that
// version.
func updateGroup(st *store.Store, g *model.Group, version int64) error {
	kept, err := st.ChangeGroup(context.Background(), g.ID, model.IfMatch{version}, func(row *model.Group) error {
		*row = *g
		return nil
	})
	if err == nil {
		*g = *kept
	}
	return err
}

func TestTheManagerGroupIsBuiltIn(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		created, err := st.EnsureGroup(ctx, model.ManagerGroup, model.ManagerPermissions)
		require.NoError(t, err)
		require.True(t, created)
		list, err := st.Groups(ctx, store.Page{})
		require.NoError(t, err)
		g := list.Items[0]

		g.Permissions = nil
		require.NoError(t, updateGroup(st, &g, g.Version))
		created, err = st.EnsureGroup(ctx, model.ManagerGroup, model.ManagerPermissions)
		require.NoError(t, err)
		require.False(t, created)
		kept, err := st.Group(ctx, g.ID)
		require.NoError(t, err)
		require.Empty(t, kept.Permissions, "what is there stays as it is")

		err = st.DeleteGroup(ctx, g.ID, nil)
		require.True(t, model.IsKind(err, model.Conflict), "%v", err)
		g.Name = "chiefs"
		err = updateGroup(st, &g, g.Version)
		require.True(t, model.IsKind(err, model.Conflict), "%v", err)
	})
}
