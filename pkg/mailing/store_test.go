package mailing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// ground is a run with chunks and no engine: the store's own promises are held
// by hand, step by step.
type ground struct {
	*house
	mailing *model.Mailing
	run     int64
}

func newGround(t *testing.T, st *store.Store, clients int, change ...func(*mailing.Input)) *ground {
	t.Helper()
	h := newHouse(t, st, clients)
	g := &ground{house: h, mailing: h.create(change...)}
	require.NotNil(t, g.mailing.LastRunID)
	g.run = *g.mailing.LastRunID
	_, err := h.service.Advance(context.Background(), g.run, nil)
	require.NoError(t, err)
	return g
}

func (g *ground) beat(id string) {
	g.t.Helper()
	require.NoError(g.t, g.store.Beat(context.Background(), store.Worker{ID: id, Host: "test"}))
}

func (g *ground) claim(worker string) (*store.Claim, []store.Lot) {
	g.t.Helper()
	c, err := g.store.ClaimChunk(context.Background(), worker, g.run)
	require.NoError(g.t, err)
	require.NotNil(g.t, c)
	rows, err := g.store.Pending(context.Background(), c)
	require.NoError(g.t, err)
	return c, rows
}

func (g *ground) commit(entries ...store.Entry) []store.Verdict {
	g.t.Helper()
	v, err := g.store.CommitLedger(context.Background(), entries)
	require.NoError(g.t, err)
	return v
}

func intent(c *store.Claim, id int64) store.Entry { return store.Entry{Claim: c, DeliveryID: id} }

func outcome(c *store.Claim, id int64, to model.DeliveryState, intended bool) store.Entry {
	now := time.Now()
	o := &store.Outcome{To: to, Intended: intended, Attempt: model.Attempt{
		StartedAt: now, FinishedAt: now, Outcome: model.Outcome(to), Code: 250, Response: "ok", Phase: model.PhaseResponse, Transport: "test",
	}}
	if to == model.Deferred {
		next := now.Add(time.Minute)
		o.NextAt = &next
	}
	if to == model.Pending {
		o.Attempt.Outcome = model.OutcomeAborted
	}
	return store.Entry{Claim: c, DeliveryID: id, Outcome: o}
}

func (g *ground) counts() model.Counts {
	g.t.Helper()
	m, err := g.store.Mailing(context.Background(), g.user.Viewer(), g.mailing.ID)
	require.NoError(g.t, err)
	return g.report(m).Counts
}

func (g *ground) bury() {
	g.t.Helper()
	g.store.MoveClock(store.DeadAfter + time.Second)
	_, err := g.store.ReturnDeadLeases(context.Background(), false)
	require.NoError(g.t, err)
}

func TestLedgerFollowsADelivery(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		g := newGround(t, st, 4)
		g.beat("w")
		c, rows := g.claim("w")
		require.Len(t, rows, 4)
		require.Equal(t, []store.Verdict{store.Landed, store.Landed}, g.commit(intent(c, rows[0].ID), intent(c, rows[1].ID)))
		require.EqualValues(t, 2, g.counts().Sending)
		// the outcome of one and the intent of the next go into one commit
		g.commit(outcome(c, rows[0].ID, model.Sent, true), outcome(c, rows[1].ID, model.Failed, true), intent(c, rows[2].ID),
			outcome(c, rows[3].ID, model.Deferred, false))
		n := g.counts()
		require.EqualValues(t, []int64{1, 1, 1, 1}, []int64{n.Sent, n.Failed, n.Sending, n.Deferred})
	})
}

// A commit whose answer was lost is made again, and counts once.
func TestLedgerTakesTheSameCommitTwice(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		g := newGround(t, st, 2)
		g.beat("w")
		c, rows := g.claim("w")
		for range 2 {
			require.Equal(t, []store.Verdict{store.Landed}, g.commit(intent(c, rows[0].ID)))
		}
		require.EqualValues(t, 1, g.counts().Sending)
		for range 2 {
			require.Equal(t, []store.Verdict{store.Landed}, g.commit(outcome(c, rows[0].ID, model.Sent, true)))
		}
		require.EqualValues(t, 1, g.counts().Sent)
		attempts, err := st.Attempts(context.Background(), g.user.Viewer(), g.run, store.AttemptFilter{}, store.Page{})
		require.NoError(t, err)
		require.Len(t, attempts.Items, 1)
	})
}

func TestIntentIsRefused(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		g := newGround(t, st, 3)
		g.beat("w")
		c, rows := g.claim("w")
		require.NoError(t, st.Suppress(ctx, &model.Suppression{OwnerID: g.user.ID, Email: rows[0].Email, Reason: model.Unsubscribed}))
		require.Equal(t, []store.Verdict{store.Refused, store.Landed}, g.commit(intent(c, rows[0].ID), intent(c, rows[1].ID)))
		_, err := g.service.Act(ctx, g.user.Viewer(), g.mailing.ID, model.ActionPause, nil)
		require.NoError(t, err)
		require.Equal(t, []store.Verdict{store.Stopped}, g.commit(intent(c, rows[2].ID)))
		require.Equal(t, model.MailingPausing, g.until(g.mailing.ID, model.MailingPausing).Status, "a chunk is still held")
		g.commit(outcome(c, rows[1].ID, model.Sent, true))
		require.NoError(t, st.ReleaseChunk(ctx, c, 0))
		status, err := st.SettleRun(ctx, g.run)
		require.NoError(t, err)
		require.Equal(t, model.RunPaused, status)
	})
}

// A frozen worker that wakes after its chunk was taken over writes nothing any
// more, but the answer it holds settles the doubt.
func TestAWorkerThatWakesTooLate(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		g := newGround(t, st, 3)
		g.beat("frozen")
		old, rows := g.claim("frozen")
		g.commit(intent(old, rows[0].ID), intent(old, rows[1].ID))
		g.bury()
		require.EqualValues(t, 2, g.counts().InDoubt)
		none, err := st.ClaimChunk(ctx, "frozen", g.run)
		require.NoError(t, err)
		require.Nil(t, none, "who is thought dead gets nothing")
		g.beat("other")
		next, again := g.claim("other")
		require.Greater(t, next.Fence, old.Fence)
		require.Len(t, again, 1, "what is in doubt is not claimed")
		require.Equal(t, []store.Verdict{store.Stopped}, g.commit(intent(old, rows[2].ID)))
		require.Equal(t, []store.Verdict{store.Refused}, g.commit(outcome(old, rows[2].ID, model.Failed, false)))
		require.Equal(t, []store.Verdict{store.Landed}, g.commit(intent(next, rows[2].ID)))
		require.Equal(t, []store.Verdict{store.Refused}, g.commit(outcome(old, rows[2].ID, model.Sent, true)))
		require.Equal(t, []store.Verdict{store.Landed}, g.commit(outcome(old, rows[0].ID, model.Sent, true)))
		n := g.counts()
		require.EqualValues(t, []int64{1, 1, 1}, []int64{n.Sent, n.InDoubt, n.Sending})
		for _, d := range g.deliveries(g.mailing) {
			if d.ID == rows[0].ID {
				require.Equal(t, 2, d.Attempts, "the doubt and the answer are both told")
			}
		}
		require.NoError(t, st.ReleaseChunk(ctx, old, 0))
		require.EqualValues(t, 1, g.counts().Sending, "a lost claim gives nothing back")
	})
}

func TestTheDeadLeaveARepeatUnderResend(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		g := newGround(t, st, 1, func(in *mailing.Input) { in.InDoubtPolicy = model.ResendInDoubt })
		var old *store.Claim
		for i := range 2 {
			g.beat("w")
			c, rows := g.claim("w")
			require.Len(t, rows, 1)
			require.Equal(t, i == 1, rows[0].PossibleDuplicate)
			g.commit(intent(c, rows[0].ID))
			g.bury()
			if old != nil {
				require.EqualValues(t, 1, g.counts().InDoubt, "once is enough")
				require.Equal(t, []store.Verdict{store.Refused}, g.commit(outcome(old, rows[0].ID, model.Sent, true)))
				return
			}
			require.EqualValues(t, 1, g.counts().Pending)
			old = c
		}
	})
}

// The answer to the first try ends the doubt also when the repeat is claimed
// already, as long as it has no intent of its own: then nothing is mailed twice.
func TestALateAnswerSparesTheRepeat(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		g := newGround(t, st, 2, func(in *mailing.Input) { in.InDoubtPolicy = model.ResendInDoubt })
		g.beat("w")
		c, rows := g.claim("w")
		g.commit(intent(c, rows[0].ID), intent(c, rows[1].ID))
		g.bury()
		g.beat("w2")
		second, again := g.claim("w2")
		require.True(t, again[0].PossibleDuplicate)
		for range 2 {
			require.Equal(t, []store.Verdict{store.Landed, store.Landed},
				g.commit(outcome(c, rows[0].ID, model.Sent, true), outcome(c, rows[1].ID, model.Failed, true)))
		}
		require.Equal(t, []store.Verdict{store.Refused}, g.commit(intent(second, rows[0].ID)))
		require.NoError(t, st.ReleaseChunk(ctx, second, 0))
		d, err := st.Deliveries(ctx, g.user.Viewer(), g.run, store.DeliveryFilter{}, store.Page{})
		require.NoError(t, err)
		for i, to := range []model.DeliveryState{model.Sent, model.Failed} {
			require.Equal(t, to, d.Items[i].State)
			require.Equal(t, 2, d.Items[i].Attempts, "the doubt and the answer")
			require.False(t, d.Items[i].PossibleDuplicate, "it was mailed once")
		}
		checked, err := st.CheckRun(ctx, g.run, 0)
		require.NoError(t, err)
		require.Empty(t, checked.Drifts)
	})
}

func TestDeferredDeliveriesFormANewChunkWhenDue(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		g := newGround(t, st, 3)
		g.beat("w")
		c, rows := g.claim("w")
		g.commit(outcome(c, rows[0].ID, model.Deferred, false), outcome(c, rows[1].ID, model.Deferred, false), outcome(c, rows[2].ID, model.Failed, false))
		require.NoError(t, st.ReleaseChunk(ctx, c, 0))
		n, err := st.FormRetries(ctx, g.run)
		require.NoError(t, err)
		require.Zero(t, n, "not due yet")
		st.MoveClock(2 * time.Minute)
		n, err = st.FormRetries(ctx, g.run)
		require.NoError(t, err)
		require.Equal(t, 2, n)
		g.beat("w")
		c, rows = g.claim("w")
		require.True(t, c.Retry)
		require.Len(t, rows, 2)
		g.commit(intent(c, rows[0].ID))
		g.commit(outcome(c, rows[0].ID, model.Sent, true), outcome(c, rows[1].ID, model.Deferred, false))
		require.NoError(t, st.ReleaseChunk(ctx, c, 0))
		k := g.counts()
		require.EqualValues(t, []int64{1, 1, 1}, []int64{k.Sent, k.Deferred, k.Failed})
		g.cancelled(g.mailing.ID)
		require.EqualValues(t, 1, g.counts().Cancelled, "also what was deferred twice")
	})
}

func TestManyStartOneRunOnceAndClaimEachChunkOnce(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		h := newHouse(t, st, 1300)
		at := time.Now().Add(time.Hour)
		m := h.create(func(in *mailing.Input) { in.StartAt = &at })
		st.MoveClock(time.Hour + time.Second)
		runs, err := st.Reports(ctx, h.user.Viewer(), store.ReportFilter{MailingID: &m.ID}, store.Page{})
		require.NoError(t, err)
		id := runs.Items[0].ID
		var wg sync.WaitGroup
		var mu sync.Mutex
		claimed := map[int64]int{}
		for _, w := range []string{"a", "b", "c", "d"} {
			require.NoError(t, st.Beat(ctx, store.Worker{ID: w, Host: "test"}))
			wg.Go(func() {
				_, err := h.service.Advance(ctx, id, nil)
				if err != nil {
					t.Error(err)
				}
				for {
					c, err := st.ClaimChunk(ctx, w, id)
					if err != nil {
						t.Error(err)
					}
					if c == nil {
						return
					}
					mu.Lock()
					claimed[c.ID]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		require.Len(t, claimed, 3)
		for chunk, n := range claimed {
			require.Equal(t, 1, n, chunk)
		}
		m, err = st.Mailing(ctx, h.user.Viewer(), m.ID)
		require.NoError(t, err)
		require.EqualValues(t, 1300, h.report(m).Counts.Planned)
	})
}

func TestLatePolicies(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		for _, c := range []struct {
			name   string
			policy model.LatePolicy
			late   time.Duration
			want   model.RunStatus
		}{
			{"five minutes late, send", model.LateSend, 5 * time.Minute, model.RunFinished},
			{"thirty hours late, send", model.LateSend, 30 * time.Hour, model.RunMissed},
			{"five minutes late, skip", model.LateSkip, 5 * time.Minute, model.RunMissed},
			{"some seconds late, skip", model.LateSkip, 20 * time.Second, model.RunFinished},
		} {
			h := newHouse(t, st, 0)
			now, err := st.Now(context.Background())
			require.NoError(t, err)
			at := now.Add(time.Hour)
			m := h.create(func(in *mailing.Input) { in.StartAt, in.LatePolicy = &at, c.policy })
			st.MoveClock(time.Hour + c.late)
			runs, err := st.Reports(context.Background(), h.user.Viewer(), store.ReportFilter{MailingID: &m.ID}, store.Page{})
			require.NoError(t, err)
			_, err = h.service.Advance(context.Background(), runs.Items[0].ID, nil)
			require.NoError(t, err)
			r, err := st.RunByID(context.Background(), runs.Items[0].ID)
			require.NoError(t, err)
			require.Equal(t, c.want, r.Status, c.name)
		}
	})
}

func TestWhatIsLeftAtTheEndExpires(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		end := time.Now().Add(time.Hour)
		g := newGround(t, st, 3, func(in *mailing.Input) { in.EndAt = &end })
		g.beat("w")
		c, rows := g.claim("w")
		g.commit(intent(c, rows[0].ID))
		g.commit(outcome(c, rows[0].ID, model.Sent, true), outcome(c, rows[1].ID, model.Deferred, false))
		require.NoError(t, st.ReleaseChunk(ctx, c, 0))
		st.MoveClock(2 * time.Hour)
		g.beat("w")
		none, err := st.ClaimChunk(ctx, "w", g.run)
		require.NoError(t, err)
		require.Nil(t, none)
		_, err = g.service.Advance(ctx, g.run, nil)
		require.NoError(t, err)
		n := g.counts()
		require.EqualValues(t, []int64{1, 2}, []int64{n.Sent, n.Expired})
		require.Equal(t, model.MailingFinished, g.until(g.mailing.ID, model.MailingFinished).Status)
	})
}

func TestALateDeferralAfterTheEndIsFinal(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		g := newGround(t, st, 1)
		g.beat("w")
		c, rows := g.claim("w")
		g.commit(intent(c, rows[0].ID))
		g.bury()
		status, err := st.SettleRun(context.Background(), g.run)
		require.NoError(t, err)
		require.Equal(t, model.RunFinished, status)
		require.Equal(t, []store.Verdict{store.Landed}, g.commit(outcome(c, rows[0].ID, model.Deferred, true)))
		n := g.counts()
		require.EqualValues(t, []int64{1, 0}, []int64{n.Failed, n.Deferred}, "a run that has ended does not come back")
	})
}

// Where no worker lives a cancelled run ends all the same, also of clients that
// had no delivery yet.
func TestACancelNeedsNoWorker(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 3)
		m := h.create()
		m = h.cancelled(m.ID)
		require.EqualValues(t, 3, h.report(m).Counts.Cancelled)
	})
}
