package mailing

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/store"
)

// errLimit ends an intent: leave for the mail came too late and no other is to
// be had soon.
var errLimit = errors.New("the limit of the transport is reached")

const (
	mostPermits = 500             // a lease
	askAgain    = time.Second     // after the database did not answer
	idlePermits = 2 * time.Second // unused for so long they go back
)

// allowance is what this process holds of the limits of a way out. Permits are
// leased in lots of about a second's worth, at first one, and go back when they
// are not used, so that a worker without work keeps none from the others.
type allowance struct {
	lease func(ctx context.Context, want int, back []store.Permits) (store.Permits, error)
	ahead func() time.Duration // the database's clock before ours

	closed atomic.Int64 // until when nothing is to be had, Unix nanoseconds

	mu    sync.Mutex // held while a lease is asked for: the others wait for it
	block store.Permits
	left  int
	back  []store.Permits
	lot   int
	asked time.Time
	used  time.Time
}

// permit is leave for one mail until a time by our clock.
type permit struct {
	block store.Permits
	until time.Time
}

// shut answers until when there is nothing to wait for, and the zero time when
// there is.
func (a *allowance) shut(now time.Time) time.Time {
	if at := a.closed.Load(); at > now.Add(longWait).UnixNano() {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// take waits for leave for one mail, no longer than longWait; ok is false
// when none came.
func (a *allowance) take(ctx context.Context) (p permit, ok bool) {
	for {
		p, wait := a.try(ctx)
		if wait == 0 {
			return p, true
		}
		if wait > longWait {
			return p, false
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return p, false
		}
	}
}

// try answers leave, or how long there is none.
func (a *allowance) try(ctx context.Context) (permit, time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		now := time.Now()
		if until := a.block.Until.Add(-a.ahead()); a.left > 0 && now.Before(until) {
			a.left--
			a.used = now
			return permit{a.block, until}, 0
		}
		if wait := time.Duration(a.closed.Load() - now.UnixNano()); wait > 0 {
			return permit{}, wait
		}
		a.drop()
		if now.Sub(a.asked) < time.Second {
			a.lot = min(2*a.lot, mostPermits)
		} else {
			a.lot = max(1, a.lot/2)
		}
		a.asked = now
		got, err := a.lease(ctx, a.lot, a.back)
		if err != nil {
			a.closed.Store(time.Now().Add(askAgain).UnixNano())
			return permit{}, askAgain
		}
		a.back = nil
		if got.N == 0 {
			a.closed.Store(got.Until.Add(-a.ahead()).UnixNano())
			continue
		}
		a.block, a.left = got, got.N
	}
}

// drop puts aside what is left, to go back.
func (a *allowance) drop() {
	if a.left > 0 {
		unused := a.block
		unused.N, a.left = a.left, 0
		a.back = append(a.back, unused)
	}
}

// giveBack takes leave back that was not used.
func (a *allowance) giveBack(p permit) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.block.Until.Equal(a.block.Until) {
		a.left++
		return
	}
	for i := range a.back {
		if a.back[i].Until.Equal(p.block.Until) {
			a.back[i].N++
			return
		}
	}
	p.block.N = 1
	a.back = append(a.back, p.block)
}

// rest gives back what is not used: what has lain too long, or all of it.
func (a *allowance) rest(ctx context.Context, all bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if all || time.Since(a.used) > idlePermits {
		a.drop()
	}
	if len(a.back) == 0 {
		return nil
	}
	if _, err := a.lease(ctx, 0, a.back); err != nil {
		return err
	}
	a.back = nil
	a.closed.Store(0)
	return nil
}

// sendBy makes one attempt by a line of a way out, within its limits; ok is
// false when these did not let it begin. Leave is looked at where the mail
// leaves: one that has run out meanwhile is exchanged. A mail of a way with
// limits is sent without a next one, which would have to wait for leave of its own.
func (e *Engine) sendBy(ctx context.Context, w *way, line Line, mail *Mail, intent Intent, next func() *Mail) (res Result, ok bool) {
	if w.limit == nil {
		return line.Send(ctx, mail, intent, next), true
	}
	p, ok := w.limit.take(ctx)
	if !ok {
		return Result{}, false
	}
	limited := &limitedIntent{Intent: intent, limit: w.limit, permit: p, held: true}
	defer func() {
		if limited.held { // the mail did not leave
			w.limit.giveBack(p)
		}
	}()
	return line.Send(ctx, mail, limited, nil), true
}

// limitedIntent looks at the permit when the mail leaves.
type limitedIntent struct {
	Intent
	limit  *allowance
	permit permit
	held   bool
}

func (i *limitedIntent) Wait(ctx context.Context, meanwhile func()) error {
	if err := i.Intent.Wait(ctx, meanwhile); err != nil {
		return err
	}
	i.held = time.Now().Before(i.permit.until)
	if !i.held {
		i.limit.giveBack(i.permit)
		if _, ok := i.limit.take(ctx); !ok {
			return errLimit
		}
	}
	i.held = false
	return nil
}
