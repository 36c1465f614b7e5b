package mailing

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/failpoint"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// maxGroup bounds one commit.
const maxGroup = 500

// maxLag is how long a line may stand, so that more of them meet in one commit.
const maxLag = 4 * time.Millisecond

// ledger writes intents and outcomes of all connections of this process, in
// the order they come, as many as have gathered since the last commit in one
// transaction. There is one per process: several were measured slower, and one
// keeps the order.
type ledger struct {
	store *store.Store
	log   *slog.Logger
	in    chan line
	haste chan struct{} // somebody began to wait for an intent, or came back
	over  chan struct{} // closed when run has ended
	last  *cohort       // whose intents the last commit granted
}

// cohort is the senders whose intents one commit granted. They leave together,
// and those whose servers are near come back together.
type cohort struct {
	at   time.Time     // when they left
	took time.Duration // the commit
	near int           // how many are expected back at once
	out  atomic.Int32  // of those, who has not come back
}

// fewest is the smallest number of senders that are worth waiting for.
const fewest = 8

// join counts a sender. One that was gone for longer than two such commits the
// last time has a server for which nobody waits: its round trip is what its mails
// take.
func (c *cohort) join(s *seat) (near bool) {
	near = time.Duration(s.away.Load()) <= 2*c.took
	if near {
		c.near++
		c.out.Add(1)
	}
	return near
}

// isBack reports whether those that are still out are not worth waiting for.
func (c *cohort) isBack() bool { return c.near < fewest || int(c.out.Load())*3 <= c.near }

type line struct {
	entry  store.Entry
	done   func(store.Verdict, error)
	intent *intent // nil for an outcome
}

func newLedger(st *store.Store, log *slog.Logger) *ledger {
	return &ledger{store: st, log: log, in: make(chan line, maxGroup), haste: make(chan struct{}, 1), over: make(chan struct{}), last: &cohort{}}
}

// outcome records what became of an attempt; done is called when it is
// committed, or when it turned out that nobody wants to know any more.
func (l *ledger) outcome(c *store.Claim, deliveryID int64, o *store.Outcome, done func()) {
	l.put(line{entry: store.Entry{Claim: c, DeliveryID: deliveryID, Outcome: o}, done: func(v store.Verdict, err error) {
		switch {
		case err != nil:
			l.log.Error("an outcome was not recorded", "delivery_id", deliveryID, "run_id", c.RunID,
				"outcome", o.Attempt.Outcome, "code", o.Attempt.Code, "response", o.Attempt.Response, "error", err)
		case v != store.Landed && o.Attempt.Outcome == model.OutcomeAborted: // the intent it takes back was never written
		case v != store.Landed:
			l.log.Warn("an outcome came too late", "delivery_id", deliveryID, "run_id", c.RunID,
				"outcome", o.Attempt.Outcome, "code", o.Attempt.Code)
		}
		done()
	}})
}

func (l *ledger) put(x line) {
	select {
	case l.in <- x:
	case <-l.over:
		x.done(store.Refused, errUnknown)
	}
}

// run writes until in is closed, or ctx ends with what is left unwritten.
func (l *ledger) run(ctx context.Context) {
	defer close(l.over)
	lag := time.NewTimer(0)
	defer lag.Stop()
	for first := range l.in {
		lag.Reset(maxLag)
		group := l.gather(first, lag.C)
		// An intent that was given up while it stood in the queue must not be
		// written: the outcome that takes it back may be in the same group, whose
		// outcomes are written before its intents.
		group = slices.DeleteFunc(group, func(x line) bool { return x.intent != nil && x.intent.gone.Load() })
		if len(group) > 0 {
			l.write(ctx, group)
		}
	}
}

// gather takes what has come, and what comes until late, or until somebody waits
// for an intent of it. Then it waits for those that the last commit let go, while
// they come one after the other: what a mail costs the database is a matter of
// how many meet in a group.
func (l *ledger) gather(first line, late <-chan time.Time) []line {
	group := append(make([]line, 0, 128), first)
	awaited := first.isAwaited()
	silence := time.NewTimer(maxLag)
	defer silence.Stop()
	for len(group) < maxGroup {
		back := l.last.isBack() // their lines stand in the queue by now
		select {
		case x, open := <-l.in:
			if !open {
				return group
			}
			group, awaited = append(group, x), awaited || x.isAwaited()
			continue
		default:
		}
		if awaited && back {
			return group
		}
		if awaited {
			silence.Reset(l.last.took / 4)
		}
		select {
		case x, open := <-l.in:
			if !open {
				return group
			}
			group, awaited = append(group, x), awaited || x.isAwaited()
		case <-l.haste:
			awaited = awaited || slices.ContainsFunc(group, line.isAwaited)
		case <-silence.C:
			if awaited {
				return group
			}
		case <-late:
			return group
		}
	}
	return group
}

// hurry has gather look again whether it has enough.
func (l *ledger) hurry() {
	select {
	case l.haste <- struct{}{}:
	default:
	}
}

func (x line) isAwaited() bool { return x.intent != nil && x.intent.awaited.Load() }

// write commits a group. A line that the database refuses for what it says is
// found by halving and told alone; every other error is waited out.
func (l *ledger) write(ctx context.Context, group []line) {
	begin, pause := time.Now(), 50*time.Millisecond
	for {
		entries := make([]store.Entry, len(group))
		for i, x := range group {
			entries[i] = x.entry
		}
		failpoint.Hit("before_commit")
		verdicts, err := l.store.CommitLedger(ctx, entries)
		if err == nil {
			failpoint.Hit("after_commit")
			l.landed(group, verdicts, time.Since(begin))
			return
		}
		if ctx.Err() != nil {
			fail(group, err)
			return
		}
		if store.IsData(err) {
			if len(group) == 1 {
				fail(group, err)
				return
			}
			l.write(ctx, group[:len(group)/2])
			l.write(ctx, group[len(group)/2:])
			return
		}
		l.log.Warn("the ledger waits for the database", "lines", len(group), "error", err)
		if time.Since(begin) > intentPatience {
			if group = dropIntents(group, err); len(group) == 0 {
				return
			}
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, 2*time.Second)
		case <-ctx.Done():
		}
	}
}

// landed tells a group what the database said, and how long that took.
func (l *ledger) landed(group []line, verdicts []store.Verdict, took time.Duration) {
	l.last = &cohort{at: time.Now(), took: took}
	for i, x := range group {
		x.done(verdicts[i], nil)
	}
}

func dropIntents(group []line, err error) []line {
	var rest []line
	for _, x := range group {
		if x.entry.Outcome == nil {
			x.done(store.Refused, err)
		} else {
			rest = append(rest, x)
		}
	}
	return rest
}

func fail(group []line, err error) {
	for _, x := range group {
		x.done(store.Refused, err)
	}
}
