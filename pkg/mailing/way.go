package mailing

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// Ways are the ways out of an engine. They are tried in an order: the enabled
// transports of the database by their place in it, and last the one of the
// settings.
type Ways struct {
	// Default is that of the settings, nil without one.
	Default Transport
	Limits  model.Limits // of Default

	// Inbox takes the mails of an installation that has no way out: no transport
	// is enabled, and the settings name none. nil: such mails wait.
	Inbox Transport

	// Open makes a way out of a transport of the database; nil: those are not
	// used. One that answers an error is left out, and so is told once.
	Open func(*model.Transport) (Transport, error)
}

// inboxKey is what the breaker of the captured inbox is kept by.
const inboxKey = "inbox"

// Bounds of the pumps of a way out: chunks of it that are worked on at a time.
const (
	fewestPumps = maxPumps
	mostPumps   = 16
)

// way is a way out at work: with connections, pumps, a breaker and limits of
// its own, so that a slow or dead server holds up no other.
type way struct {
	Transport
	key     string // of its breaker and permits
	row     int64  // the id of its transport, 0 for one that is not of the database
	version int64
	shared  bool // it is not closed with the way

	rest       breaker
	limit      *allowance // nil without limits
	probing    atomic.Bool
	probeAfter atomic.Int64 // Unix nanoseconds

	alone   sync.Mutex // held while a chunk sends those that go alone
	turns   *turns
	jobs    chan *job
	free    atomic.Int32  // senders that wait for a job
	gone    chan struct{} // closed when no new mail may begin by it
	over    chan struct{} // closed when no sender is at work any more
	pumps   sync.WaitGroup
	senders sync.WaitGroup
}

// openWay begins to work with a way out.
func (e *Engine) openWay(w *way, limits model.Limits) *way {
	w.turns, w.jobs, w.gone, w.over = newTurns(), make(chan *job), make(chan struct{}), make(chan struct{})
	w.rest.calm.Store(true)
	if !limits.None() {
		w.limit = &allowance{ahead: e.ahead, lease: func(ctx context.Context, want int, back []store.Permits) (store.Permits, error) {
			if want > 0 {
				ctx = e.send // others wait for the answer too, and the run that asks first may be stopped
			}
			return e.store.LeasePermits(ctx, w.key, limits, want, back)
		}}
	}
	n := w.Connections()
	senders := make([]*sender, n)
	for i := range senders {
		senders[i] = &sender{line: w.Line(), seat: &seat{ledger: e.ledger}}
		w.senders.Go(func() { e.serve(w, senders[i]) })
	}
	go e.takeBack(w, senders)
	for range min(max(n, fewestPumps), mostPumps) {
		w.pumps.Go(func() { e.pump(w) })
	}
	return w
}

// closeWay lets what is on the wire end, and gives back what is held.
func (e *Engine) closeWay(w *way) error {
	w.turns.stop()
	w.pumps.Wait()
	close(w.jobs)
	w.senders.Wait()
	close(w.over)
	if w.limit != nil {
		if err := w.limit.rest(e.last, true); err != nil {
			e.log.Warn("permits could not be given back", "transport", w.Name(), "error", err)
		}
	}
	if w.shared {
		return nil
	}
	return w.Close()
}

// closed is the reason of a way out that was changed, disabled or removed.
const closed = "closed"

// shut is why no mail may go by a way out now, and until when; "" when one may.
func (w *way) shut(now time.Time) (reason string, until time.Time) {
	select {
	case <-w.gone:
		return closed, now
	default:
	}
	if rests, _, why, until := w.rest.rests(now); rests {
		if why == model.RestsByAuth {
			return model.ReasonSMTPAuth, until
		}
		return model.ReasonTransportDown, until
	}
	if w.limit != nil {
		if at := w.limit.shut(now); !at.IsZero() {
			return model.ReasonTransportLimit, at
		}
	}
	return "", time.Time{}
}

// route is the way out for a run: the one it has chosen, or the first in the
// order by which mails may go. Without one it says why, and until when. The
// login that is refused is a reason only where it is the reason of all. Ways
// whose rest is over are tried on the way.
func (e *Engine) route(choice *int64) (w *way, reason string, until time.Time) {
	reason, now := model.ReasonNoTransport, time.Now()
	for _, w := range e.order() {
		if choice != nil && w.row != *choice {
			continue
		}
		why, till := w.shut(now)
		if why == "" {
			return w, "", time.Time{}
		}
		if _, over, _, _ := w.rest.rests(now); over {
			e.probe(w)
		}
		weak := reason == model.ReasonNoTransport || reason == model.ReasonSMTPAuth
		if weak && (why != model.ReasonSMTPAuth || reason == model.ReasonNoTransport) || why != model.ReasonSMTPAuth && till.Before(until) {
			reason, until = why, till
		}
	}
	return nil, reason, until
}

// order is the ways out as they are tried.
func (e *Engine) order() []*way {
	if all := e.out.Load(); all != nil {
		return *all
	}
	return nil
}

// readWays takes up what has changed: transports of the database and what all
// workers know of troubles.
func (e *Engine) readWays(ctx context.Context) error {
	e.opening.Lock()
	defer e.opening.Unlock()
	if e.draining() {
		return nil
	}
	since := map[*way]int{}
	for _, w := range e.order() {
		since[w] = w.rest.changes()
	}
	var rows []model.Transport
	var err error
	if e.ways.Open != nil {
		if rows, err = e.store.EnabledTransports(ctx); err != nil {
			return err
		}
	}
	troubles, err := e.store.Breakers(ctx)
	if err != nil {
		return err
	}
	before := e.order()
	after := e.arrange(before, rows)
	for _, w := range after {
		w.rest.believe(troubles[w.key], since[w], e.ahead())
	}
	e.out.Store(&after)
	for _, w := range before {
		if !slices.Contains(after, w) {
			close(w.gone)
			e.retired.Go(func() {
				if err := e.closeWay(w); err != nil {
					e.log.Debug("a transport did not close in order", "transport", w.Name(), "error", err)
				}
			})
			e.log.Info("a transport is used no more as it was", "transport", w.Name())
		}
	}
	e.known.Store(true)
	return nil
}

// arrange is the order of ways out for the rows of the database: those that
// are at work already, and new ones.
func (e *Engine) arrange(before []*way, rows []model.Transport) []*way {
	find := func(key string, version int64) *way {
		for _, w := range before {
			if w.key == key && w.version == version {
				return w
			}
		}
		return nil
	}
	var after []*way
	unfit := map[int64]int64{}
	for i := range rows {
		row := &rows[i]
		key := store.TransportKey(row.ID)
		if w := find(key, row.Version); w != nil {
			after = append(after, w)
			continue
		}
		t, err := e.ways.Open(row)
		if err != nil {
			unfit[row.ID] = row.Version
			if e.unfit[row.ID] != row.Version {
				e.log.Error("a transport cannot be used and counts as disabled", "transport", row.Name, "transport_id", row.ID, "error", err)
			}
			continue
		}
		after = append(after, e.openWay(&way{Transport: t, key: key, row: row.ID, version: row.Version}, row.Limits))
		e.log.Info("a transport is used", "transport", row.Name, "transport_id", row.ID, "connections", t.Connections())
	}
	e.unfit = unfit
	if e.ways.Default != nil {
		after = append(after, e.fallback)
	}
	if len(rows) == 0 && e.ways.Default == nil && e.ways.Inbox != nil {
		w := find(inboxKey, 0)
		if w == nil {
			w = e.openWay(&way{Transport: e.ways.Inbox, key: inboxKey, shared: true}, model.Limits{})
		}
		after = append(after, w)
	}
	return after
}

// park notes that a run has work and no way out.
func (e *Engine) park(runID int64, reason string, until time.Time) {
	if !e.known.Load() || reason == closed {
		reason = "" // it is looked at again within a beat
	}
	e.mu.Lock()
	r := e.live(runID)
	r.parked = true
	if r.pumps == 0 {
		r.letter = nil // a thousand of them would take room for nothing
	}
	e.mu.Unlock()
	if reason != "" {
		e.waits(runID, reason, until)
	}
}

// parkedRuns are the runs that have work and no way out.
func (e *Engine) parkedRuns() map[int64]*int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	parked := map[int64]*int64{}
	for id, r := range e.runs {
		if r.parked {
			parked[id] = r.choice
		}
	}
	return parked
}

// wake sends the runs on their way that have one by now.
func (e *Engine) wake() {
	for id, choice := range e.parkedRuns() {
		if w, _, _ := e.route(choice); w != nil {
			e.kick(id)
		}
	}
}

// pauseParked pauses the runs that wait for a server that refuses our login.
func (e *Engine) pauseParked() {
	for id, choice := range e.parkedRuns() {
		if _, reason, _ := e.route(choice); reason == model.ReasonSMTPAuth {
			e.log.Error("the run is paused", "run_id", id, "reason", reason)
			if err := e.store.PauseRun(e.last, id, reason); err != nil {
				e.log.Warn("the run could not be paused", "run_id", id, "error", err)
			}
		}
	}
}
