package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// eventsOf are all events of a filter, the newest first.
func eventsOf(t *testing.T, st *store.Store, f store.AuditFilter) []model.AuditEvent {
	t.Helper()
	list, err := st.AuditEvents(context.Background(), root, f, store.Page{Limit: store.MaxLimit})
	require.NoError(t, err)
	return list.Items
}

// TestAuditIsOnlyAddedTo: whatever speaks SQL to the tables, what was recorded
// stays as it is.
func TestAuditIsOnlyAddedTo(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		require.NoError(t, st.Audit(context.Background(), model.AuditEvent{Action: model.AuditExported, Details: model.Details{"what": "clients"}}))
		before := eventsOf(t, st, store.AuditFilter{})
		require.Len(t, before, 1)
		attempts := []string{
			"UPDATE audit_events SET details = '{}'",
			"DELETE FROM audit_events",
		}
		if st.Exec("SELECT 1 FROM sqlite_master") == nil {
			attempts = append(attempts, "REPLACE INTO audit_events SELECT id, at, actor_id, actor_email, key_id, 'auth.signed_in', object_type, object_id, object_name, details, ip, request_id, search FROM audit_events")
		} else {
			attempts = append(attempts, "TRUNCATE audit_events")
		}
		for _, attempt := range attempts {
			require.ErrorContains(t, st.Exec(attempt), "only ever added to", attempt)
		}
		require.Equal(t, before, eventsOf(t, st, store.AuditFilter{}))
	})
}

func TestAuditTellsWhoAndFromWhere(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := model.WithActor(context.Background(), model.Actor{UserID: 7, Email: "anna@example.com", KeyID: 3, IP: "192.0.2.1", RequestID: "request-1"})
		begin, err := st.Now(ctx)
		require.NoError(t, err)
		require.NoError(t, st.Audit(ctx, model.AuditEvent{Action: model.AuditExported, Details: model.Details{"n": 2, "names": []string{"a"}}}.Object("list", 5, "Clients")))
		require.NoError(t, st.Audit(ctx, model.AuditEvent{Action: model.AuditSignIn}.By(8, "boris@example.com")))
		require.NoError(t, st.Audit(context.Background(), model.AuditEvent{Action: model.AuditUserCreated}))

		all := eventsOf(t, st, store.AuditFilter{})
		require.Len(t, all, 3)
		require.Nil(t, all[0].ActorID)
		require.Empty(t, all[0].IP)
		require.EqualValues(t, 8, *all[1].ActorID)
		require.Equal(t, "192.0.2.1", all[1].IP)
		e := all[2]
		require.False(t, e.At.Before(begin))
		require.EqualValues(t, 7, *e.ActorID)
		require.EqualValues(t, 3, *e.KeyID)
		require.EqualValues(t, 5, *e.ObjectID)
		require.Equal(t, model.Details{"n": 2.0, "names": []any{"a"}}, e.Details)
		require.Equal(t, [...]string{"anna@example.com", "list", "Clients", "192.0.2.1", "request-1"},
			[...]string{e.ActorEmail, e.ObjectType, e.ObjectName, e.IP, e.RequestID})
	})
}

func TestAuditFilters(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		begin, err := st.Now(ctx)
		require.NoError(t, err)
		for i := range int64(6) {
			st.MoveClock(time.Minute)
			e := model.AuditEvent{Action: model.AuditMailingStarted}
			if i%2 == 1 {
				e.Action = model.AuditMailingPaused
			}
			require.NoError(t, st.Audit(ctx, e.By(1+i%3, fmt.Sprintf("User%d@example.com", 1+i%3)).Object("mailing", 10+i, "Осень 100%")))
		}
		from, to := begin.Add(150*time.Second), begin.Add(270*time.Second)
		for name, c := range map[string]struct {
			f    store.AuditFilter
			want []int64
		}{
			"all":     {store.AuditFilter{}, []int64{15, 14, 13, 12, 11, 10}},
			"actor":   {store.AuditFilter{ActorID: new(int64(2))}, []int64{14, 11}},
			"action":  {store.AuditFilter{Action: model.AuditMailingPaused}, []int64{15, 13, 11}},
			"object":  {store.AuditFilter{ObjectType: "mailing", ObjectID: new(int64(12))}, []int64{12}},
			"type":    {store.AuditFilter{ObjectType: "user"}, nil},
			"time":    {store.AuditFilter{From: &from, To: &to}, []int64{13, 12}},
			"q":       {store.AuditFilter{Q: "USER3@"}, []int64{15, 12}},
			"q name":  {store.AuditFilter{Q: "ОСЕНЬ 100%", ActorID: new(int64(1))}, []int64{13, 10}},
			"q %":     {store.AuditFilter{Q: "0_%"}, nil},
			"several": {store.AuditFilter{ActorID: new(int64(1)), Action: model.AuditMailingStarted}, []int64{10}},
		} {
			var got []int64
			for _, e := range eventsOf(t, st, c.f) {
				got = append(got, *e.ObjectID)
			}
			require.Equal(t, c.want, got, name)
		}
		_, err = st.AuditEvents(ctx, model.Viewer{UserID: 1, Granted: model.Permissions}, store.AuditFilter{}, store.Page{})
		require.True(t, model.IsKind(err, model.Forbidden), "%v", err)
	})
}

// TestAuditGoesWithTheAct: an act that is not committed leaves no event, and an
// event that cannot be written undoes the act.
func TestAuditGoesWithTheAct(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		w := newWorld(t, st)
		m := w.mailing(t, w.anna, model.MailingDraft, nil)
		paused := store.AuditFilter{Action: model.AuditMailingPaused}
		change := func(fail error) error {
			_, err := st.ChangeMailing(ctx, w.anna.Viewer(), m.ID, nil, func(tx *store.MailingTx) error {
				tx.Name = "changed"
				return errors.Join(tx.SaveSettings(), tx.Audit(model.AuditMailingPaused, nil), fail)
			})
			return err
		}
		require.Error(t, change(errors.New("no")))
		require.Empty(t, eventsOf(t, st, paused))
		require.NoError(t, change(nil))
		require.Len(t, eventsOf(t, st, paused), 1)

		require.NoError(t, st.Exec("ALTER TABLE audit_events RENAME TO elsewhere"))
		_, err := st.ChangeMailing(ctx, w.anna.Viewer(), m.ID, nil, func(tx *store.MailingTx) error {
			tx.Name = "not to be kept"
			return errors.Join(tx.SaveSettings(), tx.Audit(model.AuditMailingPaused, nil))
		})
		require.Error(t, err)
		read, err := st.Mailing(ctx, w.anna.Viewer(), m.ID)
		require.NoError(t, err)
		require.Equal(t, "changed", read.Name)
	})
}

// TestAuditIsNotFlooded: of what strangers can cause at will a bounded number is
// recorded, and the rest is counted.
func TestAuditIsNotFlooded(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		clock := time.Now()
		st.MoveClock(clock.Truncate(time.Minute).Add(2 * time.Minute).Sub(clock)) // the first second of a minute
		failed := model.AuditEvent{Action: model.AuditSignInFailed}
		for range 20 {
			require.NoError(t, st.AuditOften(ctx, "one", failed))
		}
		require.Len(t, eventsOf(t, st, store.AuditFilter{}), 5)
		for i := range 200 {
			require.NoError(t, st.AuditOften(ctx, fmt.Sprint(i), failed))
		}
		require.Len(t, eventsOf(t, st, store.AuditFilter{}), 120)
		require.NoError(t, st.AuditOften(ctx, "one", model.AuditEvent{Action: model.AuditDenied}))
		require.Len(t, eventsOf(t, st, store.AuditFilter{Action: model.AuditDenied}), 1)

		st.MoveClock(time.Minute)
		acting := model.WithActor(ctx, model.Actor{UserID: 7, IP: "192.0.2.1"})
		require.NoError(t, st.AuditOften(acting, "one", failed))
		left := eventsOf(t, st, store.AuditFilter{Action: model.AuditLeftOut})
		require.Len(t, left, 1)
		require.EqualValues(t, 20+200-120, left[0].Details[string(model.AuditSignInFailed)])
		require.Nil(t, left[0].ActorID)
		require.Empty(t, left[0].IP)
		require.Len(t, eventsOf(t, st, store.AuditFilter{ActorID: new(int64(7))}), 1)
	})
}

// TestWhatWasLeftOutIsToldWithoutAnotherEvent: when its minute is over, or the
// process ends, and once.
func TestWhatWasLeftOutIsToldWithoutAnotherEvent(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := model.WithActor(context.Background(), model.Actor{UserID: 7, IP: "192.0.2.1"})
		clock := time.Now()
		st.MoveClock(clock.Truncate(time.Minute).Add(2 * time.Minute).Sub(clock)) // the first second of a minute
		flood := func() {
			for range 20 {
				require.NoError(t, st.AuditOften(ctx, "one", model.AuditEvent{Action: model.AuditSignInFailed}))
			}
		}
		told := func(ends bool) (counts []int) {
			require.NoError(t, st.AuditLeftOut(ctx, ends))
			for _, e := range eventsOf(t, st, store.AuditFilter{Action: model.AuditLeftOut}) {
				require.Nil(t, e.ActorID)
				counts = append(counts, int(e.Details[string(model.AuditSignInFailed)].(float64)))
			}
			return counts
		}
		require.Empty(t, told(true), "nothing was left out")
		flood()
		require.Empty(t, told(false), "the minute goes on")
		st.MoveClock(time.Minute)
		require.Equal(t, []int{15}, told(false))
		require.Equal(t, []int{15}, told(true), "once")
		flood()
		require.Equal(t, []int{15, 15}, told(true), "the process ends")
		require.Len(t, eventsOf(t, st, store.AuditFilter{Action: model.AuditSignInFailed}), 10)
	})
}
