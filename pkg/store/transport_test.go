package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func newTransport(t *testing.T, st *store.Store, name string) *model.Transport {
	t.Helper()
	out := &model.Transport{Name: name, Host: "mail.example.com", Port: 25, TLS: model.TLSRequired, Connections: 3, Enabled: true}
	require.NoError(t, st.CreateTransport(context.Background(), out))
	return out
}

func TestATransportThatIsChosenStays(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		a := newTransport(t, st, "a")
		u := testkit.User(t, st)
		m := &model.Mailing{OwnerID: u.ID, Name: "m", Timezone: "UTC", LatePolicy: model.LateSend, InDoubtPolicy: model.HoldInDoubt, Status: model.MailingDraft}
		require.NoError(t, st.CreateMailing(ctx, m, func(tx *store.MailingTx) error {
			has, err := tx.HasTransport(a.ID)
			require.NoError(t, err)
			require.True(t, has)
			tx.TransportID = &a.ID
			return tx.Insert()
		}))
		require.True(t, model.IsKind(st.DeleteTransport(ctx, a.ID, nil), model.Conflict))
		_, err := st.ChangeMailing(ctx, u.Viewer(), m.ID, nil, func(tx *store.MailingTx) error {
			tx.Status = model.MailingFinished
			return tx.SaveStatus()
		})
		require.NoError(t, err)
		_, err = st.ChangeTransport(ctx, a.ID, nil, func(t *model.Transport) error { t.Enabled = false; return nil })
		require.NoError(t, err)
		_, err = st.ChangeMailing(ctx, u.Viewer(), m.ID, nil, func(tx *store.MailingTx) error {
			has, err := tx.HasTransport(a.ID)
			require.False(t, has, "a disabled one cannot be chosen")
			return err
		})
		require.NoError(t, err)
		require.NoError(t, st.DeleteTransport(ctx, a.ID, nil))
		require.True(t, model.IsKind(st.DeleteTransport(ctx, a.ID, nil), model.NotFound))
	})
}

func TestTransportsComeInTheirOrder(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		a, b, c := newTransport(t, st, "a"), newTransport(t, st, "b"), newTransport(t, st, "c")
		for id, place := range map[int64]int{a.ID: 2, b.ID: 1, c.ID: 2} {
			_, err := st.ChangeTransport(ctx, id, nil, func(t *model.Transport) error { t.Position = place; return nil })
			require.NoError(t, err)
		}
		all, err := st.EnabledTransports(ctx)
		require.NoError(t, err)
		var names string
		for _, x := range all {
			names += x.Name
		}
		require.Equal(t, "bac", names)
	})
}

// The rest of a way out is shared: the first worker opens it, one tries it when
// its time has come, and what that one finds holds for all.
func TestARestIsShared(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		open := func() model.Breaker {
			b, err := st.OpenBreaker(ctx, "k", model.RestsByConnection, "421 no")
			require.NoError(t, err)
			return b
		}
		take := func(worker string, want bool) {
			t.Helper()
			got, err := st.TakeProbe(ctx, "k", worker)
			require.NoError(t, err)
			require.Equal(t, want, got, worker)
		}
		settle := func(worker string, ok bool) model.Breaker {
			b, err := st.SettleProbe(ctx, "k", worker, ok, model.RestsByAuth, "535 no")
			require.NoError(t, err)
			return b
		}
		take("a", false)
		first := open()
		require.Equal(t, 1, first.Rested)
		again := open()
		require.Equal(t, 1, again.Rested, "it rests already")
		require.WithinDuration(t, first.Until, again.Until, 0)
		take("a", false)
		st.MoveClock(time.Second)
		take("a", true)
		take("b", false)
		require.Equal(t, 1, open().Rested, "while it is tried it is not opened again")
		require.Equal(t, 1, settle("b", true).Rested, "who has not tried has nothing to say")
		st.MoveClock(store.ProbeLease)
		take("b", true)
		settle("a", true)
		require.Equal(t, 2, settle("b", false).Rested)
		take("a", false)
		st.MoveClock(2 * time.Second)
		take("a", true)
		require.True(t, settle("a", true).Proven)
		take("b", false)
		require.NoError(t, st.CloseBreaker(ctx, "other", false))
		require.Equal(t, 3, open().Rested, "trouble right after a rest rests longer")
		require.NoError(t, st.CloseBreaker(ctx, "k", false))
		left, err := st.Breakers(ctx)
		require.NoError(t, err)
		require.Equal(t, model.RestsByConnection, left["k"].Reason, "a mail that was on its way before the rest does not end it")
		require.NoError(t, st.CloseBreaker(ctx, "k", true))
		left, err = st.Breakers(ctx)
		require.NoError(t, err)
		require.Empty(t, left)
		require.Equal(t, []time.Duration{time.Second, 2 * time.Second, 512 * time.Second, 15 * time.Minute, 15 * time.Minute},
			[]time.Duration{store.Rest(1), store.Rest(2), store.Rest(10), store.Rest(11), store.Rest(1000)})
	})
}

// TestATimeThatIsUpAtTheCommit is trouble of the moment, and no surprise: the
// database has given the transaction up before it could be ended.
func TestATimeThatIsUpAtTheCommit(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		way := &model.Transport{Name: "x", Host: "smtp.example.com", Port: 587, TLS: model.TLSRequired, Connections: 1}
		require.NoError(t, st.CreateTransport(context.Background(), way))
		nothing := func(*model.Transport) error { return nil }
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := st.ChangeTransport(ctx, way.ID, nil, func(*model.Transport) error {
			<-ctx.Done()
			// the row is free again as soon as it was given up
			_, err := st.ChangeTransport(context.Background(), way.ID, nil, nothing)
			return err
		})
		require.True(t, model.IsKind(err, model.Unavailable), "%v", err)
	})
}
