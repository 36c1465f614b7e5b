package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// walk reads all pages of a run's deliveries.
func walk(t *testing.T, w *world, run int64, f store.DeliveryFilter, limit int, sort ...string) []int64 {
	var ids []int64
	for p := (store.Page{Limit: limit, Sort: strings.Join(sort, "")}); ; {
		list, err := w.Deliveries(context.Background(), viewerOf(w.anna), run, f, p)
		require.NoError(t, err)
		require.LessOrEqual(t, len(list.Items), limit)
		for _, d := range list.Items {
			ids = append(ids, d.ClientID)
		}
		if list.Next == "" {
			return ids
		}
		require.NotEmpty(t, list.Items)
		p.Cursor = list.Next
	}
}

func clientIDs(rows []model.Delivery, want func(*model.Delivery) bool) []int64 {
	var ids []int64
	for i := range rows {
		if want(&rows[i]) {
			ids = append(ids, rows[i].ClientID)
		}
	}
	return ids
}

func TestDeliveriesAreFoundThroughTheirChunks(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		run := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		other := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		var all []model.Delivery
		for i := range 16 {
			states := repeat(5, model.Sent)
			if i%4 == 1 {
				states[i%5] = model.Failed
			}
			if i%7 == 0 {
				states[4] = model.Skipped
			}
			all = append(all, w.fill(t, run, false, states...)...)
			w.fill(t, other, false, model.Failed, model.Skipped)
		}
		for _, limit := range []int{3, 50} {
			require.Equal(t, clientIDs(all, func(*model.Delivery) bool { return true }), walk(t, w, run.ID, store.DeliveryFilter{}, limit))
			for _, state := range model.DeliveryStates {
				want := clientIDs(all, func(d *model.Delivery) bool { return d.State == state })
				require.Equal(t, want, walk(t, w, run.ID, store.DeliveryFilter{State: state}, limit), "%s by %d", state, limit)
				slices.Reverse(want)
				require.Equal(t, want, walk(t, w, run.ID, store.DeliveryFilter{State: state}, limit, "-client_id"), "%s by %d", state, limit)
			}
		}
		last := all[len(all)-5:]
		require.Equal(t, []int64{last[0].ClientID}, walk(t, w, run.ID, store.DeliveryFilter{State: model.Sent, Q: last[0].Email[:12]}, 50))
		require.Empty(t, walk(t, w, run.ID, store.DeliveryFilter{State: model.Failed, Q: last[0].Email}, 50))
		require.Len(t, walk(t, w, run.ID, store.DeliveryFilter{Reason: string(model.Unsubscribed)}, 50), 3)
		require.Empty(t, walk(t, w, run.ID, store.DeliveryFilter{Q: "%"}, 50), "wildcards are taken literally")

		list, err := w.Deliveries(context.Background(), viewerOf(w.anna), run.ID, store.DeliveryFilter{State: model.Failed}, store.Page{Limit: 2, WithTotal: true})
		require.NoError(t, err)
		require.EqualValues(t, 4, *list.Total)

		// A chunk of retries has no range of clients: its rows are found all the same.
		retried := w.fill(t, run, true, model.Failed, model.Sent)
		for _, limit := range []int{2, 50} {
			want := append(clientIDs(all, func(d *model.Delivery) bool { return d.State == model.Failed }), retried[0].ClientID)
			require.Equal(t, want, walk(t, w, run.ID, store.DeliveryFilter{State: model.Failed}, limit))
		}
	})
}

func TestDeliveriesAreFoundWhereCountersHaveMovedOn(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		run := w.run(t, w.anna, model.RunRunning, w.start, 0)
		stale := w.fill(t, run, false, repeat(60, model.Pending)...)
		rest := w.fill(t, run, false, repeat(60, model.Pending)...)
		// as a page sees it that read the counters before a commit, and the rows after it
		require.NoError(t, w.Exec("UPDATE deliveries SET state = 'skipped' WHERE chunk_id = ?", stale[0].ChunkID))
		require.Equal(t, clientIDs(rest, func(*model.Delivery) bool { return true }), walk(t, w, run.ID, store.DeliveryFilter{State: model.Pending}, 20))
	})
}

func TestDeliveryTellsWhenItIsTriedAgain(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunRunning, w.start, 0)
		rows := w.fill(t, run, false, model.Deferred, model.Sent)
		next := w.start.Add(3 * time.Hour)
		require.NoError(t, w.Exec("INSERT INTO retries (delivery_id, run_id, next_at) VALUES (?, ?, ?)", rows[0].ID, run.ID, next))
		list, err := w.Deliveries(ctx, viewerOf(w.anna), run.ID, store.DeliveryFilter{}, store.Page{})
		require.NoError(t, err)
		require.Equal(t, next, *list.Items[0].NextAt)
		require.Nil(t, list.Items[1].NextAt)
		list, err = w.Deliveries(ctx, viewerOf(w.anna), run.ID, store.DeliveryFilter{State: model.Deferred}, store.Page{})
		require.NoError(t, err)
		require.Equal(t, next, *list.Items[0].NextAt)

		of, err := w.ClientDeliveries(ctx, viewerOf(w.anna), rows[0].ClientID, store.Page{})
		require.NoError(t, err)
		require.Len(t, of.Items, 1)
		require.Equal(t, "News", of.Items[0].MailingName)
		require.Equal(t, run.MailingID, of.Items[0].MailingID)
		require.Equal(t, next, *of.Items[0].NextAt)
		of, err = w.ClientDeliveries(ctx, viewerOf(w.boris), rows[0].ClientID, store.Page{})
		require.NoError(t, err)
		require.Empty(t, of.Items)
	})
}

func TestDeliveryPagesRefuseForeignCursors(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		w.fill(t, run, false, model.Failed, model.Failed)
		list, err := w.Attempts(ctx, viewerOf(w.anna), run.ID, store.AttemptFilter{}, store.Page{Limit: 1})
		require.NoError(t, err)
		require.NotEmpty(t, list.Next)
		for _, p := range []store.Page{{Cursor: list.Next}, {Cursor: "%"}, {Sort: "state"}, {Limit: 201}} {
			for _, state := range []model.DeliveryState{"", model.Failed} {
				_, err := w.Deliveries(ctx, viewerOf(w.anna), run.ID, store.DeliveryFilter{State: state}, p)
				requireKind(t, err, model.Invalid)
			}
		}
	})
}

func TestAttemptsAreWalkedInOrder(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		rows := w.fill(t, run, false, model.Sent, model.Failed, model.Skipped, model.Deferred, model.Sent)
		rows = append(rows, w.fill(t, run, true, model.Sent, model.Failed)...)
		other := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		w.fill(t, other, false, model.Sent, model.Failed, model.Deferred)

		type key struct {
			client int64
			number int
		}
		read := func(f store.AttemptFilter, limit int, sort ...string) []key {
			var keys []key
			for p := (store.Page{Limit: limit, Sort: strings.Join(sort, "")}); ; {
				list, err := w.Attempts(ctx, viewerOf(w.anna), run.ID, f, p)
				require.NoError(t, err)
				for _, a := range list.Items {
					require.NotEmpty(t, a.Email)
					keys = append(keys, key{a.ClientID, a.Number})
				}
				if list.Next == "" {
					return keys
				}
				p.Cursor = list.Next
			}
		}
		id := func(i int) int64 { return rows[i].ClientID }
		for _, limit := range []int{1, 2, 50} {
			require.Equal(t, []key{{id(0), 1}, {id(1), 1}, {id(3), 1}, {id(4), 1}, {id(5), 1}, {id(5), 2}, {id(6), 1}, {id(6), 2}},
				read(store.AttemptFilter{}, limit))
			require.Equal(t, []key{{id(5), 2}, {id(4), 1}, {id(0), 1}}, read(store.AttemptFilter{Outcome: model.OutcomeSent}, limit, "-client_id"))
			require.Equal(t, []key{{id(0), 1}, {id(4), 1}, {id(5), 2}}, read(store.AttemptFilter{Outcome: model.OutcomeSent}, limit))
			require.Equal(t, []key{{id(3), 1}, {id(5), 1}, {id(6), 1}}, read(store.AttemptFilter{Outcome: model.OutcomeDeferred}, limit))
			require.Equal(t, []key{{id(6), 2}}, read(store.AttemptFilter{Outcome: model.OutcomeFailed, DeliveryFilter: store.DeliveryFilter{Q: rows[6].Email}}, limit))
			for state, want := range map[model.DeliveryState][]key{
				model.Sent: {{id(0), 1}, {id(4), 1}, {id(5), 1}, {id(5), 2}}, model.Failed: {{id(1), 1}, {id(6), 1}, {id(6), 2}}, model.Skipped: nil,
			} {
				require.Equal(t, want, read(store.AttemptFilter{DeliveryFilter: store.DeliveryFilter{State: state}}, limit), state)
			}
		}
	})
}

func TestTimelineCountsAttemptsInEqualSteps(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunFinished, w.start, 119*time.Second)
		w.fill(t, run, false, model.Sent, model.Failed, model.Deferred, model.InDoubt)
		late := w.fill(t, run, false, model.Sent)
		require.NoError(t, w.Exec("UPDATE attempts SET finished_at = ? WHERE delivery_id = ?", w.start.Add(5*time.Second), late[0].ID))
		other := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		w.fill(t, other, false, model.Sent)

		line, err := w.Timeline(ctx, viewerOf(w.anna), run.ID)
		require.NoError(t, err)
		require.Equal(t, time.Second, line.Bucket)
		at := func(s int) time.Time { return w.start.Add(time.Duration(s) * time.Second) }
		require.Equal(t, []store.Point{
			{At: at(0), Sent: 1}, {At: at(1), Failed: 1}, {At: at(2), Deferred: 1}, {At: at(3), InDoubt: 1}, {At: at(4)}, {At: at(5), Sent: 1},
		}, line.Points)

		long := w.run(t, w.anna, model.RunFinished, w.start, 25*time.Hour)
		w.fill(t, long, false, model.Sent, model.Sent)
		line, err = w.Timeline(ctx, viewerOf(w.anna), long.ID)
		require.NoError(t, err)
		require.Equal(t, 15*time.Minute, line.Bucket)
		require.Equal(t, []store.Point{{At: w.start, Sent: 2}}, line.Points)

		planned := w.run(t, w.anna, model.RunPlanned, w.start, 0)
		line, err = w.Timeline(ctx, viewerOf(w.anna), planned.ID)
		require.NoError(t, err)
		require.Empty(t, line.Points)
	})
}

func TestReasonsAreGroupedWithoutTheAddress(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		run := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		w.fill(t, run, false, model.Sent, model.Failed, model.Failed, model.Failed, model.Deferred, model.Deferred, model.InDoubt, model.Expired)
		w.fill(t, run, true, model.Failed)
		w.fill(t, run, false, model.Skipped, model.Skipped)
		got, err := w.Reasons(context.Background(), viewerOf(w.anna), run.ID)
		require.NoError(t, err)
		require.Equal(t, []store.Reason{
			{State: model.Failed, Code: 550, Enhanced: "5.1.1", Text: "<…> unknown", Count: 4},
			{State: model.Deferred, Code: 451, Enhanced: "4.7.1", Text: "greylisted, …", Count: 2},
			{State: model.Skipped, Text: "unsubscribed", Count: 2},
			{State: model.InDoubt, Text: "the answer was lost", Count: 1},
		}, got)
		none := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		w.fill(t, none, false, model.Sent)
		got, err = w.Reasons(context.Background(), viewerOf(w.anna), none.ID)
		require.NoError(t, err)
		require.Empty(t, got)
	})
}
