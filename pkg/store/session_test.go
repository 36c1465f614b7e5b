package store_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func signIn(t *testing.T, st *store.Store, u *model.User) *model.Session {
	t.Helper()
	out := &model.Session{UserID: u.ID, Nonce: "nonce"}
	require.NoError(t, st.CreateSession(context.Background(), out, u.PasswordHash))
	return out
}

func TestRotateSession(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		session := signIn(t, st, testkit.User(t, st))
		generations := make([]int64, 20)
		errs := make([]error, 20)
		var wg sync.WaitGroup
		for i := range generations {
			wg.Go(func() {
				out, err := st.RotateSession(ctx, session.ID, 1)
				generations[i], errs[i] = out.Generation, err
			})
		}
		wg.Wait()
		for i := range generations {
			require.NoError(t, errs[i])
			require.EqualValues(t, 2, generations[i], "one rotates, the others get what it made")
		}

		st.MoveClock(store.RefreshGrace + time.Second)
		_, err := st.RotateSession(ctx, session.ID, 1)
		require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
		_, err = st.RotateSession(ctx, session.ID, 2)
		require.True(t, model.IsKind(err, model.Unauthenticated), "an old token ends the family: %v", err)
	})
}

func TestOlderThanTheDirectPredecessorEndsTheSession(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		u := testkit.User(t, st)
		session := signIn(t, st, u)
		for generation := int64(1); generation <= 2; generation++ {
			_, err := st.RotateSession(ctx, session.ID, generation)
			require.NoError(t, err)
		}
		_, err := st.RotateSession(ctx, session.ID, 1)
		require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
		_, err = st.SessionUser(ctx, session.ID, u.ID)
		require.True(t, model.IsKind(err, model.Unauthenticated), "access ends with it: %v", err)
	})
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		u := testkit.User(t, st)
		unused, used := signIn(t, st, u), signIn(t, st, u)
		rotate := func(generation int64) error {
			_, err := st.RotateSession(ctx, used.ID, generation)
			return err
		}
		st.MoveClock(29 * 24 * time.Hour)
		require.NoError(t, rotate(1))
		st.MoveClock(2 * 24 * time.Hour)
		_, err := st.RotateSession(ctx, unused.ID, 1)
		require.True(t, model.IsKind(err, model.Unauthenticated), "30 days after the last use: %v", err)
		list, err := st.Sessions(ctx, u.ID, store.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		st.MoveClock(27 * 24 * time.Hour)
		require.NoError(t, rotate(2))
		st.MoveClock(27 * 24 * time.Hour)
		require.NoError(t, rotate(3))
		st.MoveClock(6 * 24 * time.Hour) // day 91
		err = rotate(4)
		require.True(t, model.IsKind(err, model.Unauthenticated), "90 days after the sign-in: %v", err)
		_, err = st.SessionUser(ctx, used.ID, u.ID)
		require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
	})
}

func TestEndSession(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		u, other := testkit.Manager(t, st), testkit.User(t, st)
		session := signIn(t, st, u)

		read, err := st.SessionUser(ctx, session.ID, u.ID)
		require.NoError(t, err)
		require.Equal(t, u.Groups, read.Groups)
		require.Equal(t, u.Permissions, read.Permissions)
		require.NotNil(t, read.LastLoginAt)

		err = st.EndSession(ctx, other.ID, session.ID)
		require.True(t, model.IsKind(err, model.NotFound), "%v", err)
		require.NoError(t, st.EndSession(ctx, u.ID, session.ID))
		err = st.EndSession(ctx, u.ID, session.ID)
		require.True(t, model.IsKind(err, model.NotFound), "%v", err)
		_, err = st.SessionUser(ctx, session.ID, u.ID)
		require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
	})
}

func TestSetPasswordKeepsOnlyTheSessionThatAsked(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		u := testkit.User(t, st)
		here, there := signIn(t, st, u), signIn(t, st, u)
		require.NoError(t, st.SetPassword(ctx, u.ID, u.PasswordHash, "new", here.ID, model.AuditPasswordChanged))
		_, err := st.SessionUser(ctx, here.ID, u.ID)
		require.NoError(t, err)
		_, err = st.SessionUser(ctx, there.ID, u.ID)
		require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
		u, err = st.User(ctx, u.ID)
		require.NoError(t, err)
		require.Equal(t, "new", u.PasswordHash)
		require.NoError(t, st.EndSessions(ctx, u.ID))
		_, err = st.SessionUser(ctx, here.ID, u.ID)
		require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
	})
}

// TestABlockedAccountHasNoSession: neither a new one, whatever a sign-in has
// found out before, nor an old one for longer.
func TestABlockedAccountHasNoSession(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		u, root := testkit.User(t, st), testkit.Superuser(t, st)
		old := signIn(t, st, u)
		_, err := st.ChangeUser(ctx, root.Viewer(), u.ID, nil, func(u *model.User) error { u.IsActive = false; return nil })
		require.NoError(t, err)
		for name, try := range map[string]func() error{
			"sign in": func() error {
				return st.CreateSession(ctx, &model.Session{UserID: u.ID, Nonce: "nonce"}, u.PasswordHash)
			},
			"refresh": func() error { _, err := st.RotateSession(ctx, old.ID, 1); return err },
			"read":    func() error { _, err := st.SessionUser(ctx, old.ID, u.ID); return err },
		} {
			require.True(t, model.IsKind(try(), model.Unauthenticated), name)
		}
		_, err = st.ChangeUser(ctx, root.Viewer(), u.ID, nil, func(u *model.User) error { u.IsActive = true; return nil })
		require.NoError(t, err)
		_, err = st.SessionUser(ctx, old.ID, u.ID)
		require.True(t, model.IsKind(err, model.Unauthenticated), "a block ends what was open: %v", err)
		signIn(t, st, u)
	})
}

// TestAPasswordThatWasChangedSignsNobodyIn, even if it was held against the hash
// before: hashing takes its time.
func TestAPasswordThatWasChangedSignsNobodyIn(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		u := testkit.User(t, st)
		require.NoError(t, st.SetPassword(ctx, u.ID, u.PasswordHash, "another hash", 0, model.AuditPasswordChanged))
		err := st.CreateSession(ctx, &model.Session{UserID: u.ID, Nonce: "nonce"}, u.PasswordHash)
		require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
		u.PasswordHash = "another hash"
		signIn(t, st, u)
	})
}

func TestSessionsAreNotWithoutEnd(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		u, other := testkit.User(t, st), testkit.User(t, st)
		others := signIn(t, st, other)
		first, second := signIn(t, st, u), signIn(t, st, u)
		st.MoveClock(time.Minute)
		_, err := st.RotateSession(ctx, first.ID, 1)
		require.NoError(t, err)
		for range store.MaxSessions - 1 {
			signIn(t, st, u)
		}
		_, err = st.SessionUser(ctx, second.ID, u.ID)
		require.True(t, model.IsKind(err, model.Unauthenticated), "the one that was not used for longest has ended: %v", err)
		for _, living := range []*model.Session{first, others} {
			_, err = st.SessionUser(ctx, living.ID, living.UserID)
			require.NoError(t, err)
		}
	})
}
