package mailing

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/failpoint"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// Why an intent is not granted.
var (
	errRefused = errors.New("the recipient must not be mailed now") // this row only
	errStopped = errors.New("the run has stopped")                  // the whole chunk
	errUnknown = errors.New("the intent could not be recorded")     // and it is not known whether it was
)

// intentPatience is how long an intent waits for a database that is away
// before its connection is given up. Outcomes wait for ever.
const intentPatience = 5 * time.Second

// maxGroup bounds one commit.
const maxGroup = 500

// ledger writes intents and outcomes of all connections of this process, in
// the order they come, as many as have gathered since the last commit in one
// transaction. There is one per process: several were measured slower, and one
// keeps the order.
type ledger struct {
	store *store.Store
	log   *slog.Logger
	in    chan line
	over  chan struct{} // closed when run has ended
}

type line struct {
	entry store.Entry
	done  func(store.Verdict, error)
	gone  *atomic.Bool // of an intent: nobody waits for the answer any more
}

func newLedger(st *store.Store, log *slog.Logger) *ledger {
	return &ledger{store: st, log: log, in: make(chan line, maxGroup), over: make(chan struct{})}
}

// intent asks leave for the last byte of a delivery and waits for the answer.
func (l *ledger) intent(c *store.Claim, deliveryID int64) error {
	answer := make(chan error, 1)
	gone := &atomic.Bool{}
	l.put(line{gone: gone, entry: store.Entry{Claim: c, DeliveryID: deliveryID}, done: func(v store.Verdict, err error) {
		switch {
		case err != nil:
			answer <- errUnknown
		case v == store.Stopped:
			answer <- errStopped
		case v != store.Landed:
			answer <- errRefused
		default:
			answer <- nil
		}
	}})
	patience := time.NewTimer(intentPatience)
	defer patience.Stop()
	select {
	case err := <-answer:
		return err
	case <-patience.C: // its group may be written after all, and then the outcome takes it back
		gone.Store(true)
		return errUnknown
	}
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
	for first := range l.in {
		group := append(make([]line, 0, 64), first)
	gather:
		for len(group) < maxGroup {
			select {
			case x, open := <-l.in:
				if !open {
					break gather
				}
				group = append(group, x)
			default:
				break gather
			}
		}
		// An intent that was given up while it stood in the queue must not be
		// written: the outcome that takes it back may be in the same group, whose
		// outcomes are written before its intents.
		group = slices.DeleteFunc(group, func(x line) bool { return x.gone != nil && x.gone.Load() })
		if len(group) > 0 {
			l.write(ctx, group)
		}
	}
}

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
			for i, x := range group {
				x.done(verdicts[i], nil)
			}
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
