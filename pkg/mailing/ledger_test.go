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

// Lines of all sorts in one group: each gets the verdict that it would get
// alone, in its own place.
func TestLinesOfAGroupAreJudgedEachForItself(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		g := newGround(t, st, 8)
		g.beat("frozen")
		old, rows := g.claim("frozen")
		g.commit(intent(old, rows[0].ID), intent(old, rows[1].ID))
		g.bury()
		g.beat("w")
		c, rest := g.claim("w")
		require.Len(t, rest, 6)
		require.NoError(t, st.Suppress(context.Background(), &model.Suppression{OwnerID: g.user.ID, Email: rows[2].Email, Reason: model.Blocked}))
		g.commit(intent(c, rows[3].ID), intent(c, rows[4].ID), intent(c, rows[5].ID))
		g.commit(outcome(c, rows[5].ID, model.Sent, true))

		require.Equal(t, []store.Verdict{
			store.Refused, store.Landed, store.Landed, store.Stopped, store.Landed, store.Landed, store.Landed, store.Landed, store.Refused,
		}, g.commit(
			intent(c, rows[2].ID),                        // suppressed
			outcome(c, rows[3].ID, model.Sent, true),     // as it should be
			outcome(old, rows[0].ID, model.Failed, true), // late, and settles its doubt
			intent(old, rows[6].ID),                      // of a lost claim
			intent(c, rows[6].ID),                        // as it should be
			outcome(c, rows[4].ID, model.Deferred, true), // with a retry
			outcome(c, rows[5].ID, model.Sent, true),     // already so
			outcome(old, rows[1].ID, model.Sent, true),   // late
			outcome(old, rows[7].ID, model.Sent, false),  // of a lost claim, without an intent
		))
		n := g.counts()
		require.EqualValues(t, []int64{8, 1, 1, 3, 1, 1, 1},
			[]int64{n.Planned, n.Pending, n.Sending, n.Sent, n.Failed, n.Deferred, n.Skipped})
		attempts, err := st.Attempts(context.Background(), g.user.Viewer(), g.run, store.AttemptFilter{}, store.Page{Limit: 50})
		require.NoError(t, err)
		require.Len(t, attempts.Items, 7, "two doubts, their answers, and three of the live claim")
	})
}

// The database is away for longer than an intent waits. It was given up and
// taken back while it stood in the queue: then it must not be written, or its
// mail would be in doubt though it never left.
func TestAnIntentThatWasGivenUpIsNotWritten(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		g := newGround(t, st, 2)
		g.beat("w")
		c, rows := g.claim("w")
		l := mailing.NewLedger(st) // nothing is written yet
		require.Error(t, l.Intent(c, rows[0].ID))
		o := outcome(c, rows[0].ID, model.Pending, true).Outcome
		o.Attempt.Outcome = model.OutcomeAborted
		done := make(chan struct{})
		l.Outcome(c, rows[0].ID, o, func() { close(done) })
		defer l.Run()()
		<-done
		n := g.counts()
		require.EqualValues(t, []int64{2, 2, 0}, []int64{n.Planned, n.Pending, n.Sending})
	})
}

// Lines meet in one commit until somebody waits for one of them, or it is late.
func TestLinesGatherUntilAnIntentIsAwaited(t *testing.T) {
	t.Parallel()
	l := mailing.NewLedger(nil)
	ask := func(n int) (last mailing.Intent) {
		for range n {
			last = l.NewIntent(nil, 1)
			last.Ask()
		}
		return last
	}
	ctx := context.Background()

	late := make(chan time.Time, 1)
	late <- time.Now()
	last := ask(3)
	require.Equal(t, 3, l.Gather(late, 0))
	require.NoError(t, last.Wait(ctx, nil), "it had its answer before anybody waited")

	granted := make(chan error)
	last = ask(2)
	go func() { granted <- last.Wait(ctx, nil) }()
	require.Equal(t, 2, l.Gather(nil, 0))
	require.NoError(t, <-granted)
}

// Those that one commit let go meet in the next one again, but for a third of
// them: whoever waits, waits for them while they come one after the other. Nobody
// waits for those whose servers are far, nor for a few.
func TestALedgerWaitsForThoseThatItLetGo(t *testing.T) {
	t.Parallel()
	l := mailing.NewLedger(nil)
	senders := make([]*mailing.Sender, 12)
	for i := range senders {
		senders[i] = l.NewSender()
	}
	var waiting sync.WaitGroup
	wait := func(some ...*mailing.Sender) {
		before := l.Queued()
		for _, s := range some {
			waiting.Go(func() { require.NoError(t, s.Wait()) })
		}
		require.Eventually(t, func() bool { return l.Queued() == before+len(some) }, 10*time.Second, time.Millisecond)
	}
	gather := func(took time.Duration) chan int {
		gathered := make(chan int, 1)
		go func() { gathered <- l.Gather(nil, took) }()
		return gathered
	}
	wait(senders...)
	require.Equal(t, 12, <-gather(time.Hour))
	waiting.Wait()

	wait(senders[:6]...)
	gathered := gather(time.Hour)
	require.Eventually(t, func() bool { return l.Queued() == 0 }, 10*time.Second, time.Millisecond)
	senders[6].Rest() // it has no more work
	waiting.Go(func() { require.NoError(t, senders[7].Wait()) })
	require.Equal(t, 7, <-gathered)
	waiting.Wait()

	wait(senders[0])
	require.Equal(t, 1, <-gather(0), "six are not worth waiting for")
	waiting.Wait()

	wait(senders...) // all have been away for longer than nothing
	require.Equal(t, 12, <-gather(0))
	waiting.Wait()
	wait(senders[0])
	require.Equal(t, 1, <-gather(0), "the others are far")
	waiting.Wait()
}

// Who is silent for a quarter of a commit is late, and waited for no more.
func TestALedgerDoesNotWaitForSilence(t *testing.T) {
	t.Parallel()
	l := mailing.NewLedger(nil)
	var waiting sync.WaitGroup
	wait := func(some []*mailing.Sender) {
		for _, s := range some {
			waiting.Go(func() { require.NoError(t, s.Wait()) })
		}
		require.Eventually(t, func() bool { return l.Queued() == len(some) }, 10*time.Second, time.Millisecond)
	}
	senders := make([]*mailing.Sender, 12)
	for i := range senders {
		senders[i] = l.NewSender()
	}
	wait(senders)
	const took = 400 * time.Millisecond
	require.Equal(t, 12, l.Gather(nil, took))
	waiting.Wait()
	wait(senders[:1])
	begin := time.Now()
	require.Equal(t, 1, l.Gather(nil, 0))
	require.GreaterOrEqual(t, time.Since(begin), took/4)
	waiting.Wait()
}

// An attempt may end before its intent is waited for, whose row must not stay.
func TestWhatBecameOfAnIntentIsKnownThoughNobodyWaited(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		g := newGround(t, st, 3)
		g.beat("w")
		c, rows := g.claim("w")
		require.NoError(t, st.Suppress(context.Background(), &model.Suppression{OwnerID: g.user.ID, Email: rows[1].Email, Reason: model.Blocked}))
		l := mailing.NewLedger(st)
		defer l.Run()()
		no := mailing.Result{Outcome: model.OutcomeFailed, Phase: model.PhaseRcpt, Code: 550, Enhanced: "5.1.1", Response: "unknown"}

		asked := l.NewIntent(c, rows[0].ID)
		asked.Ask()
		granted := no
		granted.Intended = true
		require.Equal(t, granted, mailing.Settle(asked, no))

		asked = l.NewIntent(c, rows[1].ID)
		asked.Ask()
		require.Equal(t, mailing.Result{
			Outcome: model.OutcomeAborted, Class: mailing.ClassIntent, Phase: model.PhaseRcpt,
			Response: "not sent: the recipient must not be mailed now",
		}, mailing.Settle(asked, no))

		require.Equal(t, no, mailing.Settle(l.NewIntent(c, rows[2].ID), no), "nobody asked")
		n := g.counts()
		require.EqualValues(t, []int64{1, 1, 1}, []int64{n.Sending, n.Skipped, n.Pending})
	})
}
