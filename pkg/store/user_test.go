package store_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

var root = model.Viewer{UserID: 1 << 40, Superuser: true}

func TestUserKeepsWhatItWasGiven(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		made := testkit.Manager(t, st)
		require.NotZero(t, made.ID)
		require.Equal(t, []string{model.ManagerGroup}, made.Groups)
		require.ElementsMatch(t, model.ManagerPermissions, made.Permissions)

		read, err := st.User(ctx, made.ID)
		require.NoError(t, err)
		require.Equal(t, made, read)
		read, err = st.UserByEmail(ctx, made.Email)
		require.NoError(t, err)
		require.Equal(t, made.ID, read.ID)

		_, err = st.User(ctx, made.ID+1)
		require.True(t, model.IsKind(err, model.NotFound), "%v", err)
		err = st.CreateUser(ctx, &model.User{Email: made.Email, Locale: "en"})
		require.True(t, model.IsKind(err, model.Conflict), "%v", err)
	})
}

func TestUsersAreForThoseWhoMaySeeAll(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		plain, manager := testkit.User(t, st), testkit.Manager(t, st)
		found := testkit.User(t, st, func(u *model.User) { u.FullName = "Анна 100%" })

		_, err := st.Users(ctx, plain.Viewer(), store.UserFilter{}, store.Page{})
		require.True(t, model.IsKind(err, model.Forbidden), "%v", err)

		list, err := st.Users(ctx, manager.Viewer(), store.UserFilter{}, store.Page{WithTotal: true})
		require.NoError(t, err)
		require.EqualValues(t, 3, *list.Total)
		require.Equal(t, found.ID, list.Items[0].ID, "the newest comes first")
		require.Equal(t, []string{model.ManagerGroup}, list.Items[1].Groups)

		for q, want := range map[string]int{"АННА": 1, "0%": 1, "EXAMPLE.com": 3, "_": 0, "%": 1} {
			list, err = st.Users(ctx, manager.Viewer(), store.UserFilter{Q: q}, store.Page{})
			require.NoError(t, err)
			require.Len(t, list.Items, want, q)
		}
	})
}

// updateUser keeps an account that was changed before, if it still has that
// version.
func updateUser(st *store.Store, v model.Viewer, u *model.User, version int64) error {
	kept, err := st.ChangeUser(context.Background(), v, u.ID, model.IfMatch{version}, func(row *model.User) error {
		*row = *u
		return nil
	})
	if err == nil {
		*u = *kept
	}
	return err
}

func TestUpdateUserRights(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		target := testkit.User(t, st)
		other := testkit.Superuser(t, st)
		blocker := model.Viewer{UserID: 7, Granted: []model.Permission{model.UsersBlock}}
		forbidden := func(v model.Viewer, u model.User) {
			t.Helper()
			err := updateUser(st, v, &u, u.Version)
			require.True(t, model.IsKind(err, model.Forbidden), "%v", err)
		}

		staff := *target
		staff.IsStaff = true
		forbidden(blocker, staff)
		blocked := *target
		blocked.IsActive = false
		forbidden(model.Viewer{UserID: 7, Granted: []model.Permission{model.UsersViewAll}}, blocked)
		super := *other
		super.IsActive = false
		forbidden(blocker, super)

		session := &model.Session{UserID: target.ID, Nonce: "n"}
		require.NoError(t, st.CreateSession(ctx, session, target.PasswordHash))
		require.NoError(t, updateUser(st, blocker, &blocked, blocked.Version))
		require.EqualValues(t, 2, blocked.Version)
		_, err := st.SessionUser(ctx, session.ID, target.ID)
		require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
		blocked.IsActive = true
		require.NoError(t, updateUser(st, root, &blocked, blocked.Version))
		_, err = st.SessionUser(ctx, session.ID, target.ID)
		require.True(t, model.IsKind(err, model.Unauthenticated), "a block ends sessions for good: %v", err)

		stale := *target
		err = updateUser(st, root, &stale, target.Version)
		require.True(t, model.IsKind(err, model.PreconditionFailed), "%v", err)
		unknown := blocked
		unknown.Groups = []string{"nobody"}
		err = updateUser(st, root, &unknown, unknown.Version)
		require.True(t, model.IsKind(err, model.Invalid), "%v", err)
	})
}

func TestTheLastSuperuserStays(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		for round := range 5 {
			a, b := testkit.Superuser(t, st), testkit.Superuser(t, st)
			if round > 0 { // the one who was left over
				list, err := st.Users(ctx, root, store.UserFilter{}, store.Page{})
				require.NoError(t, err)
				for _, u := range list.Items {
					if u.IsSuperuser && u.IsActive && u.ID != a.ID && u.ID != b.ID {
						u.IsSuperuser = false
						require.NoError(t, updateUser(st, root, &u, u.Version))
					}
				}
			}
			errs := make([]error, 2)
			var wg sync.WaitGroup
			wg.Go(func() {
				demoted := *a
				demoted.IsSuperuser = false
				errs[0] = updateUser(st, root, &demoted, a.Version)
			})
			wg.Go(func() { errs[1] = st.DeleteUser(ctx, root, b.ID, nil) })
			wg.Wait()
			require.True(t, (errs[0] == nil) != (errs[1] == nil), "exactly one may pass: %v, %v", errs[0], errs[1])
			lost := errs[0]
			if lost == nil {
				lost = errs[1]
			}
			require.True(t, model.IsKind(lost, model.Conflict), "%v", lost)
		}
	})
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		empty, owner := testkit.Manager(t, st), testkit.User(t, st)
		require.NoError(t, st.CreateSession(ctx, &model.Session{UserID: empty.ID, Nonce: "n"}, empty.PasswordHash))
		require.NoError(t, st.CreateSystemMail(ctx, &model.SystemMail{OwnerID: &owner.ID, Kind: model.MailTest, ToEmail: "a@example.com"}))

		err := st.DeleteUser(ctx, root, empty.ID, model.IfMatch{9})
		require.True(t, model.IsKind(err, model.PreconditionFailed), "%v", err)
		err = st.DeleteUser(ctx, empty.Viewer(), owner.ID, nil)
		require.True(t, model.IsKind(err, model.Forbidden), "%v", err)

		require.NoError(t, st.DeleteUser(ctx, root, empty.ID, nil))
		_, err = st.User(ctx, empty.ID)
		require.True(t, model.IsKind(err, model.NotFound), "%v", err)

		require.NoError(t, st.DeleteUser(ctx, root, owner.ID, nil))
		left, err := st.User(ctx, owner.ID)
		require.NoError(t, err)
		require.False(t, left.IsActive, "one with data is blocked instead")
	})
}
