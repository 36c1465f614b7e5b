package mailing

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// troublesToRest is how many troubles in a row in one process let a way out
// rest.
const troublesToRest = 5

// probeLimit is how long a probe may take.
const probeLimit = store.ProbeLease * 3 / 4

// probePause is how long a process leaves a probe to the others that was not
// given to it.
const probePause = time.Second

// breaker is what this process knows of the troubles of a way out. The table
// of breakers is the truth for all workers; it is read at each beat, and told
// of what happens here. No mail asks it.
//
// A way out rests after five troubles in a row in a process, or one refused
// login; longer each time. When the rest is over and a run wants it, one worker
// makes a connection, up to and with the login. If that stands, mails go again
// (proven): the first one that is taken ends the trouble, and the first trouble
// rests for longer.
type breaker struct {
	calm atomic.Bool  // there is no trouble, not even one
	last atomic.Int64 // when the server last took or refused a mail in order, or was found to be there again, Unix nanoseconds
	loss atomic.Int64 // when a connection was last lost over a delivery, Unix nanoseconds

	mu     sync.Mutex
	row    int // troubles in a row
	shut   bool
	proven bool
	rested int
	until  time.Time
	reason string
	change int // counts what happens here, so that what was read before it is not believed
}

// rests reports whether no mail may go now; over, that the rest has passed and
// somebody must try.
func (b *breaker) rests(now time.Time) (rests, over bool, reason string, until time.Time) {
	if b.calm.Load() {
		return false, false, "", time.Time{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shut, b.shut && !now.Before(b.until), b.reason, b.until
}

// good notes that the server works. It reports whether that ends a trouble that
// the others know of.
func (b *breaker) good() (ended bool) {
	b.last.Store(time.Now().UnixNano())
	if b.calm.Load() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shut {
		return false // it was on its way before the rest
	}
	b.row = 0
	ended = b.proven
	if ended {
		b.change++
		b.proven, b.rested = false, 0
	}
	b.calm.Store(true)
	return ended
}

// workedSince reports whether the server has worked since a moment, as far as
// that can be seen.
func (b *breaker) workedSince(t time.Time) bool { return b.last.Load() > t.UnixNano() }

// lost notes that a connection was lost over a delivery, and reports whether the
// server has worked since that happened last.
func (b *breaker) lost(now time.Time) (worked bool) {
	return b.last.Load() > b.loss.Swap(now.UnixNano())
}

// trouble notes one, and reports whether the way out rests by it.
func (b *breaker) trouble(now time.Time, reason string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calm.Store(false)
	if b.row++; b.shut || b.row < troublesToRest && !b.proven && reason != model.RestsByAuth {
		return false // those that were on their way count once
	}
	b.rested++ // as the others will be told; what they know already comes back
	b.shut, b.proven, b.row, b.reason = true, false, 0, reason
	b.until = now.Add(store.Rest(b.rested))
	b.change++
	return true
}

// changes is how much has happened here.
func (b *breaker) changes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.change
}

// believe takes what all workers know, unless something has happened here
// since it was read. ahead is the database's clock before ours.
func (b *breaker) believe(known model.Breaker, since int, ahead time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.change != since {
		return
	}
	was := b.shut
	if known.Proven && !b.proven {
		b.last.Store(time.Now().UnixNano())
	}
	b.shut, b.proven = known.Rested > 0 && !known.Proven, known.Rested > 0 && known.Proven
	b.rested, b.reason, b.until = known.Rested, known.Reason, known.Until.Add(-ahead)
	if was != b.shut {
		b.row = 0
	}
	b.calm.Store(!b.shut && !b.proven && b.row == 0)
}

// troubled keeps account of a way out that gave trouble.
func (e *Engine) troubled(w *way, res Result) {
	reason := model.RestsByConnection
	if res.Class == ClassAuth {
		reason = model.RestsByAuth
	}
	if !w.rest.trouble(time.Now(), reason) {
		return
	}
	since := w.rest.changes()
	e.log.Warn("a transport rests", "transport", w.Name(), "reason", reason, "phase", res.Phase, "code", res.Code, "response", res.Response)
	e.background(func() {
		b, err := e.store.OpenBreaker(e.last, w.key, reason, answerOf(res))
		if err != nil {
			e.log.Warn("the other workers do not know yet that a transport rests", "transport", w.Name(), "error", err)
			return
		}
		w.rest.believe(b, since, e.ahead())
	})
}

// worked keeps account of a way out that took or refused a mail in order.
func (e *Engine) worked(w *way) {
	if !w.rest.good() {
		return
	}
	e.log.Info("a transport works again", "transport", w.Name())
	e.background(func() {
		if err := e.store.CloseBreaker(e.last, w.key, false); err != nil {
			e.log.Warn("the other workers do not know yet that a transport works", "transport", w.Name(), "error", err)
		}
	})
}

func answerOf(res Result) string {
	if res.Enhanced != "" {
		return res.Enhanced + " " + res.Response
	}
	return res.Response
}

// probe lets one worker of all find out whether a way out works whose rest is
// over. It is called when a run wants it, and comes back at once.
func (e *Engine) probe(w *way) {
	if time.Now().UnixNano() < w.probeAfter.Load() || !w.probing.CompareAndSwap(false, true) {
		return
	}
	began := e.background(func() {
		defer w.probing.Store(false)
		mine, err := e.store.TakeProbe(e.send, w.key, e.worker.ID)
		if err != nil || !mine {
			w.probeAfter.Store(time.Now().Add(probePause).UnixNano())
			return
		}
		e.probed(w)
	})
	if !began {
		w.probing.Store(false)
	}
}

func (e *Engine) probed(w *way) {
	ctx, cancel := context.WithTimeout(e.send, probeLimit)
	defer cancel()
	since := w.rest.changes()
	trouble := w.Probe(ctx)
	if e.send.Err() != nil {
		return // another worker takes it over
	}
	var res Result
	reason := model.RestsByConnection
	if trouble != nil {
		if res = *trouble; res.Class == ClassAuth {
			reason = model.RestsByAuth
		}
	}
	b, err := e.store.SettleProbe(e.last, w.key, e.worker.ID, trouble == nil, reason, answerOf(res))
	if err != nil {
		e.log.Warn("what the try of a transport has shown could not be kept", "transport", w.Name(), "error", err)
		return
	}
	w.rest.believe(b, since, e.ahead())
	if trouble == nil {
		e.log.Info("a transport can be reached again", "transport", w.Name())
		e.wake()
		return
	}
	e.log.Info("a transport rests on", "transport", w.Name(), "until", b.Until, "phase", res.Phase, "code", res.Code, "response", res.Response)
	if reason == model.RestsByAuth {
		e.pauseParked()
	}
}
