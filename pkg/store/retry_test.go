package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// asItWas lets a linked run be sent as its parent was.
func asItWas(time.Time, *model.Mailing, *model.Run) error { return nil }

var failedAndDoubtful = model.RetryFilter{States: []model.DeliveryState{model.Failed, model.InDoubt}}

// audience makes clients of anna whose ids and addresses are those that fill
// will mail.
func (w *world) audience(t *testing.T, n int) []*model.Client {
	t.Helper()
	out := make([]*model.Client, n)
	for i := range out {
		out[i] = &model.Client{Email: fmt.Sprintf("client%d@example.org", i+1)}
		require.NoError(t, w.CreateClient(context.Background(), viewerOf(w.anna), out[i]))
		require.EqualValues(t, i+1, out[i].ID)
	}
	return out
}

func (w *world) move(t *testing.T, c *model.Client, to string) {
	t.Helper()
	_, err := w.ChangeClient(context.Background(), viewerOf(w.anna), c.ID, nil, func(c *model.Client) error { c.Email = to; return nil })
	require.NoError(t, err)
}

// rows are all deliveries of a run by client.
func (w *world) rows(t *testing.T, run int64) []model.Delivery {
	t.Helper()
	list, err := w.Deliveries(context.Background(), viewerOf(w.anna), run, store.DeliveryFilter{}, store.Page{Limit: 200})
	require.NoError(t, err)
	return list.Items
}

// send gives every pending delivery of a run the same end, and ends the run.
func (w *world) send(t *testing.T, run int64, to model.DeliveryState) {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, w.Beat(ctx, store.Worker{ID: "w", Host: "test"}))
	for {
		c, err := w.ClaimChunk(ctx, "w", run)
		require.NoError(t, err)
		if c == nil {
			break
		}
		lots, err := w.Pending(ctx, c)
		require.NoError(t, err)
		for _, l := range lots {
			if len(lots) < 10 && l.FirstID != nil {
				first, _, err := w.DeliveryOf(ctx, *l.FirstID)
				require.NoError(t, err)
				require.Equal(t, first.Email == l.Email, l.LinkID != nil, "the link is of the address it goes to")
			}
			o := store.Outcome{To: to, Intended: true, Attempt: model.Attempt{Outcome: model.Outcome(to), Phase: model.PhaseResponse}}
			for _, e := range []store.Entry{{Claim: c, DeliveryID: l.ID}, {Claim: c, DeliveryID: l.ID, Outcome: &o}} {
				v, err := w.CommitLedger(ctx, []store.Entry{e})
				require.NoError(t, err)
				require.Equal(t, []store.Verdict{store.Landed}, v)
			}
		}
		require.NoError(t, w.ReleaseChunk(ctx, c, 0))
	}
	status, err := w.SettleRun(ctx, run)
	require.NoError(t, err)
	require.Equal(t, model.RunFinished, status)
}

func (w *world) materialise(t *testing.T, run int64) {
	t.Helper()
	for {
		_, _, complete, err := w.Materialise(context.Background(), run)
		require.NoError(t, err)
		if complete {
			return
		}
	}
}

func (w *world) agrees(t *testing.T, run int64) {
	t.Helper()
	c, err := w.CheckRun(context.Background(), run, 0)
	require.NoError(t, err)
	require.Empty(t, c.Drifts)
}

func TestALinkedRunRetriesWhatIsLeft(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		clients := w.audience(t, 8)
		parent := w.run(t, w.anna, model.RunFinished, w.start, time.Minute)
		require.NoError(t, w.Exec("UPDATE runs SET subject = 'Frozen', content_hash = 'h', from_email = 'news@example.com' WHERE id = ?", parent.ID))
		old := w.fill(t, parent, false, model.Sent, model.Failed, model.Failed, model.InDoubt, model.InDoubt, model.Failed, model.InDoubt, model.Skipped)
		w.move(t, clients[1], "moved@example.org")
		require.NoError(t, w.DeleteClient(ctx, viewerOf(w.anna), clients[2].ID, nil, false))
		w.move(t, clients[3], "elsewhere@example.org")
		require.NoError(t, w.Suppress(ctx, &model.Suppression{OwnerID: w.anna.ID, Email: clients[4].Email, Reason: model.Unsubscribed}))
		w.move(t, clients[5], "client4@example.org") // where the doubtful one goes
		n, err := w.ResolveDoubts(ctx, viewerOf(w.anna), parent.ID, []int64{old[6].ID}, model.Failed)
		require.NoError(t, err)
		require.EqualValues(t, 1, n)

		r, err := w.LinkRun(ctx, viewerOf(w.anna), parent.ID, failedAndDoubtful, asItWas)
		require.NoError(t, err)
		require.Equal(t, []any{"Frozen", "h", "news@example.com", model.RunRunning}, []any{r.Subject, r.ContentHash, r.FromEmail, r.Status})
		require.Equal(t, []int64{parent.ID, parent.ID}, []int64{*r.ParentRunID, r.First()})
		require.Equal(t, *parent.StartedAt, *r.DatedAt)
		m, err := w.Mailing(ctx, viewerOf(w.anna), parent.MailingID)
		require.NoError(t, err)
		require.Equal(t, []any{model.MailingRunning, r.ID}, []any{m.Status, *m.LastRunID})

		w.materialise(t, r.ID)
		w.agrees(t, r.ID)
		type row struct {
			email  string
			state  model.DeliveryState
			reason string
			twice  bool
		}
		var got []row
		for i, d := range w.rows(t, r.ID) {
			got = append(got, row{d.Email, d.State, d.Reason, d.PossibleDuplicate})
			require.Equal(t, []int64{old[i+1].ID, old[i+1].ID}, []int64{*d.OriginID, *d.FirstID})
		}
		require.Equal(t, []row{
			{"moved@example.org", model.Pending, "", false}, // it failed: where the client is now
			{"client3@example.org", model.Skipped, model.SkippedClientDeleted, false},
			{"client4@example.org", model.Pending, "", true}, // in doubt: where it went
			{"client5@example.org", model.Skipped, string(model.Unsubscribed), true},
			{"client4@example.org", model.Skipped, model.SkippedDuplicateAddress, false},
			{"client7@example.org", model.Pending, "", true}, // failed on a person's word
		}, got)
		before := w.rows(t, parent.ID)
		require.Equal(t, model.InDoubt, before[3].State, "the first stays as it is")
		require.Equal(t, w.rows(t, r.ID)[2].ID, *before[3].RetriedBy)
		require.Nil(t, before[0].RetriedBy)

		_, err = w.LinkRun(ctx, viewerOf(w.anna), parent.ID, failedAndDoubtful, asItWas)
		requireKind(t, err, model.Conflict)
		_, err = w.LinkRun(ctx, viewerOf(w.anna), r.ID, failedAndDoubtful, asItWas)
		requireKind(t, err, model.Conflict)
		w.send(t, r.ID, model.Failed)
		_, err = w.LinkRun(ctx, viewerOf(w.anna), parent.ID, failedAndDoubtful, asItWas)
		require.ErrorContains(t, err, "nothing of this run is left")

		// and again: the chain has one first
		w.move(t, clients[1], "again@example.org")
		again, err := w.LinkRun(ctx, viewerOf(w.anna), r.ID, failedAndDoubtful, asItWas)
		require.NoError(t, err)
		require.Equal(t, []int64{r.ID, parent.ID}, []int64{*again.ParentRunID, again.First()})
		require.Equal(t, *parent.StartedAt, *again.DatedAt)
		w.materialise(t, again.ID)
		w.agrees(t, again.ID)
		chain := w.rows(t, again.ID)
		require.Len(t, chain, 3)
		require.Equal(t, []any{"again@example.org", false, old[1].ID}, []any{chain[0].Email, chain[0].PossibleDuplicate, *chain[0].FirstID})
		require.Equal(t, []any{"client4@example.org", true, old[3].ID}, []any{chain[1].Email, chain[1].PossibleDuplicate, *chain[1].FirstID},
			"what may have arrived once stays where it went")
		w.send(t, again.ID, model.Sent)
		m, err = w.Mailing(ctx, viewerOf(w.anna), parent.MailingID)
		require.NoError(t, err)
		require.Equal(t, model.MailingFinished, m.Status)
	})
}

func TestOfManyRetriesOneMakesARun(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		w.audience(t, 2)
		parent := w.run(t, w.anna, model.RunFinished, w.start, time.Minute)
		w.fill(t, parent, false, model.Failed, model.InDoubt)
		var made, refused atomic.Int64
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				r, err := w.LinkRun(ctx, viewerOf(w.anna), parent.ID, failedAndDoubtful, asItWas)
				switch {
				case err == nil:
					made.Add(1)
					for range 3 { // every worker at once
						group.Go(func() { _, _, _, _ = w.Materialise(ctx, r.ID) })
					}
				case model.IsKind(err, model.Conflict):
					refused.Add(1)
				}
			})
		}
		group.Wait()
		require.Equal(t, []int64{1, 19}, []int64{made.Load(), refused.Load()})
		list, err := w.Reports(ctx, viewerOf(w.anna), store.ReportFilter{}, store.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 2)
		require.Len(t, w.rows(t, list.Items[0].ID), 2)
		w.agrees(t, list.Items[0].ID)
	})
}

func TestARetryGoesByLotsAndCodes(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		parent := w.run(t, w.anna, model.RunCancelled, w.start, time.Minute)
		for range 3 {
			w.fill(t, parent, false, repeat(400, model.Failed)...)
			w.fill(t, parent, false, repeat(100, model.Sent)...)
		}
		require.NoError(t, w.Exec("INSERT INTO clients (id, owner_id, email, created_at, updated_at) SELECT client_id, ?, email, updated_at, updated_at FROM deliveries", w.anna.ID))
		require.NoError(t, w.Exec("UPDATE deliveries SET last_code = 451 WHERE client_id IN (3, 1003)"))
		viewer := viewerOf(w.anna)
		_, err := w.LinkRun(ctx, viewer, parent.ID, model.RetryFilter{States: []model.DeliveryState{model.Failed}, Codes: []int{552}}, asItWas)
		requireKind(t, err, model.Conflict)
		few, err := w.LinkRun(ctx, viewer, parent.ID, model.RetryFilter{States: []model.DeliveryState{model.Failed}, Codes: []int{451}}, asItWas)
		require.NoError(t, err)
		w.materialise(t, few.ID)
		require.Len(t, w.rows(t, few.ID), 2)
		w.send(t, few.ID, model.Sent)
		require.NoError(t, w.Exec("UPDATE deliveries SET last_code = 0 WHERE client_id = 7"))
		uncoded, err := w.LinkRun(ctx, viewer, parent.ID, model.RetryFilter{States: []model.DeliveryState{model.Failed}, Codes: []int{0, 552}}, asItWas)
		require.NoError(t, err)
		w.materialise(t, uncoded.ID)
		require.Len(t, w.rows(t, uncoded.ID), 1)
		w.send(t, uncoded.ID, model.Sent)
		rest, err := w.LinkRun(ctx, viewer, parent.ID, failedAndDoubtful, asItWas)
		require.NoError(t, err)
		w.materialise(t, rest.ID)
		w.agrees(t, rest.ID)
		report, err := w.Report(ctx, viewer, rest.ID)
		require.NoError(t, err)
		require.EqualValues(t, 1197, report.Counts.Pending)
	})
}

func TestWhatCannotBeRetried(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ended := w.run(t, w.anna, model.RunFinished, w.start, time.Minute)
		w.fill(t, ended, false, model.Failed)
		live := w.run(t, w.anna, model.RunPaused, w.start, 0)
		w.fill(t, live, false, model.Failed)
		missed := w.run(t, w.anna, model.RunMissed, w.start, 0)
		for _, c := range []struct {
			viewer model.Viewer
			run    int64
			kind   model.Kind
		}{
			{viewerOf(w.boris), ended.ID, model.NotFound},
			{viewerOf(w.anna), ended.ID + 1000, model.NotFound},
			{manager(w.boris), ended.ID, model.Forbidden},
			{viewerOf(w.anna), live.ID, model.Conflict},
			{viewerOf(w.anna), missed.ID, model.Conflict},
		} {
			_, err := w.LinkRun(ctx, c.viewer, c.run, failedAndDoubtful, asItWas)
			requireKind(t, err, c.kind)
		}
		require.NoError(t, w.Exec("UPDATE mailings SET archived_at = created_at WHERE id = ?", ended.MailingID))
		_, err := w.LinkRun(ctx, viewerOf(w.anna), ended.ID, failedAndDoubtful, asItWas)
		requireKind(t, err, model.Conflict)
	})
}

func TestDoubtsAreSettledByHand(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunFinished, w.start, time.Minute)
		a := w.fill(t, run, false, model.InDoubt, model.InDoubt, model.Failed)
		b := w.fill(t, run, true, model.InDoubt, model.Sent)
		other := w.run(t, w.anna, model.RunFinished, w.start, time.Minute)
		foreign := w.fill(t, other, false, model.InDoubt)
		ids := []int64{a[0].ID, a[2].ID, b[0].ID, b[1].ID, a[0].ID}
		viewer := viewerOf(w.anna)
		_, err := w.ResolveDoubts(ctx, viewer, run.ID, append(ids, foreign[0].ID, 999999), model.Sent)
		requireKind(t, err, model.Invalid)
		var e *model.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "delivery_ids", e.Fields[0].Field)
		require.Contains(t, e.Fields[0].Message, fmt.Sprintf("%d, 999999", foreign[0].ID))
		for _, c := range []struct {
			viewer model.Viewer
			kind   model.Kind
		}{{viewerOf(w.boris), model.NotFound}, {manager(w.boris), model.Forbidden}} {
			_, err := w.ResolveDoubts(ctx, c.viewer, run.ID, ids, model.Sent)
			requireKind(t, err, c.kind)
		}
		report, err := w.Report(ctx, viewer, run.ID)
		require.NoError(t, err)
		require.EqualValues(t, 3, report.Counts.InDoubt, "nothing was done")

		for _, want := range []int64{2, 0} {
			n, err := w.ResolveDoubts(ctx, viewer, run.ID, ids, model.Sent)
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
		n, err := w.ResolveDoubts(ctx, viewer, run.ID, []int64{a[0].ID, a[1].ID}, model.Failed)
		require.NoError(t, err)
		require.EqualValues(t, 1, n, "what is settled stays")
		w.agrees(t, run.ID)
		for _, d := range w.rows(t, run.ID) {
			switch d.ID {
			case a[0].ID, b[0].ID:
				require.Equal(t, []any{model.Sent, w.anna.ID}, []any{d.State, *d.ResolvedBy})
			case a[1].ID:
				require.Equal(t, []any{model.Failed, w.anna.ID}, []any{d.State, *d.ResolvedBy})
			default:
				require.Nil(t, d.ResolvedBy)
			}
		}
	})
}
