package mailing

import (
	"context"
	mrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// giveUpAfter is how long a delivery may be deferred (RFC 5321 §4.5.4.1 asks
// for four to five days at most and leaves less to the sender).
const giveUpAfter = 48 * time.Hour

// longWait is the longest a chunk is held while it may not send; one that must
// wait longer is given back.
const longWait = 5 * time.Second

// longTurn is how long a chunk is worked on while other runs wait for a turn.
const longTurn = 5 * time.Second

var backoffs = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// backoff is how long a delivery rests after its n-th deferral, counted from
// zero; a fifth more or less, so that those deferred together part.
func backoff(n int) time.Duration {
	base := backoffs[min(max(n, 0), len(backoffs)-1)]
	return base + time.Duration((mrand.Float64()*0.4-0.2)*float64(base)) //nolint:gosec // spreads retries, guards nothing
}

// batch is a claimed chunk while it is sent.
type batch struct {
	*store.Claim
	way    *way
	began  time.Time
	letter *letter
	window *window
	streak *streak
	rate   *permits
	quota  *quota
	live   context.Context // ends when the run was stopped since

	reason atomic.Value // string: why the run waits, as far as this batch knows
	stop   atomic.Bool  // the run stopped, or the claim was lost
	failed atomic.Bool  // the way out gave trouble in this pass
	wires  sync.WaitGroup
	acks   sync.WaitGroup
}

// isHalted reports whether the run was stopped since the chunk was claimed.
func (b *batch) isHalted() bool { return b.live.Err() != nil }

// job is one delivery on its way to a sender.
type job struct {
	*batch
	row  store.Lot
	mail *Mail // when it is loaded
}

// waits is why the run waits, "" when it does not.
func (b *batch) waits() string { return b.reason.Load().(string) }

// goesOn notes that the run sends again, if it waited for one of the reasons.
func (e *Engine) goesOn(b *batch, reasons ...string) {
	if was := b.waits(); slices.Contains(reasons, was) && b.reason.CompareAndSwap(was, "") {
		e.waits(b.RunID, "", time.Time{})
	}
}

// deliver sends a claimed chunk and gives it back.
func (e *Engine) deliver(w *way, c *store.Claim) {
	defer e.drop(c)
	ctx := e.last
	log := e.log.With("run_id", c.RunID, "mailing_id", c.Run.MailingID, "chunk_id", c.ID)
	next, reason, was := e.now(), c.Run.Reason, c.Run.Reason
	b, err := e.prepare(w, c)
	if err != nil {
		log.Error("the message does not render", "error", err)
		if err := e.store.PauseRun(ctx, c.RunID, model.ReasonBadMessage); err != nil {
			log.Warn("the run could not be paused", "error", err)
		}
	} else if next, reason, err = e.passes(ctx, b); err != nil {
		log.Warn("the chunk is given back early", "error", err)
		next = e.now().Add(time.Second)
	}
	if b != nil {
		was = b.waits() // it may have gone on meanwhile
	}
	if reason != was {
		e.waits(c.RunID, reason, next)
	}
	for {
		if err = e.store.ReleaseChunk(ctx, c, max(0, next.Sub(e.now()))); err == nil {
			break
		}
		log.Warn("the chunk cannot be given back yet", "error", err)
		select {
		case <-time.After(time.Second):
		case <-e.drain:
			return // the others take it when this process is gone
		}
	}
	if reason == model.ReasonDailyQuota {
		if err := e.store.LookAgainByQuota(ctx, c.Run.OwnerID); err != nil {
			log.Warn("it was not seen whether the quota has room by now", "error", err)
		}
	}
}

func (e *Engine) prepare(out *way, c *store.Claim) (*batch, error) {
	w, err := newWindow(c.Run.Window, c.Run.Timezone)
	if err != nil {
		return nil, err
	}
	b, letter := e.newBatch(out, c)
	b.window = w
	b.letter, err = letter()
	return b, err
}

// newBatch begins to work on a chunk with what its run has in this process. To
// read the message may take a second, and is done once for all chunks.
func (e *Engine) newBatch(out *way, c *store.Claim) (*batch, func() (*letter, error)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.live(c.RunID)
	if r.letter == nil {
		r.letter = sync.OnceValues(func() (*letter, error) { return e.newLetter(&c.Run) })
	}
	if r.streak == nil {
		r.streak = &streak{}
	}
	if r.rate == nil {
		r.rate = &permits{}
	}
	r.rate.limited.Store(c.Run.RatePerMinute != nil)
	if r.live == nil {
		r.live, r.halt = context.WithCancelCause(e.send)
	}
	b := &batch{Claim: c, way: out, began: time.Now(), streak: r.streak, rate: r.rate, live: r.live}
	b.reason.Store(c.Run.Reason)
	return b, r.letter
}

// passes sends what is pending in the chunk until nothing is, or it must stop:
// then it answers when the chunk may be claimed again, and why it waits.
func (e *Engine) passes(ctx context.Context, b *batch) (time.Time, string, error) {
	trouble := 0
	for pass := 0; ; pass++ {
		rows, err := e.store.Pending(ctx, b.Claim)
		if err != nil {
			return time.Time{}, b.waits(), err
		}
		if rows, err = e.withoutSkipped(ctx, b, rows); err != nil {
			return time.Time{}, b.waits(), err
		}
		if len(rows) == 0 && pass == 0 {
			// a chunk that was claimed for nothing is done; if it is not after all, it must not be claimed at once again
			return e.now().Add(30 * time.Second), b.waits(), nil
		}
		if len(rows) == 0 {
			return e.now(), "", nil
		}
		b.failed.Store(false)
		if err := e.leaseQuota(ctx, b, len(rows)); err != nil {
			return time.Time{}, b.waits(), err
		}
		next, reason, goOn := e.feed(b, rows)
		b.wires.Wait()
		b.acks.Wait()
		if back := e.settleQuota(ctx, b); back > 0 && reason == model.ReasonDailyQuota {
			goOn = true // there is something for this chunk too
		}
		e.settleStreak(b)
		if !goOn || b.stop.Load() {
			return next, reason, nil
		}
		if !b.failed.Load() {
			return e.now(), "", nil // all have their outcome; what is pending again can be claimed again
		}
		trouble++
		if why, _ := b.way.shut(time.Now()); why != "" {
			return e.now(), b.waits(), nil // the next turn finds another way, or says why the run waits
		}
		select {
		case <-time.After(time.Duration(trouble) * 200 * time.Millisecond):
		case <-b.way.gone:
		case <-e.drain:
		}
	}
}

// withoutSkipped settles the deliveries that must not be mailed.
func (e *Engine) withoutSkipped(ctx context.Context, b *batch, rows []store.Lot) ([]store.Lot, error) {
	skip := map[int64]string{}
	send := rows[:0]
	for _, r := range rows {
		switch {
		case r.Suppressed != "":
			skip[r.ID] = r.Suppressed
		case r.Gone:
			skip[r.ID] = model.SkippedClientDeleted
		default:
			send = append(send, r)
		}
	}
	if len(skip) == 0 {
		return send, nil
	}
	return send, e.store.Skip(ctx, b.Claim, skip)
}

// feed hands deliveries to the senders until the chunk may send no more now.
func (e *Engine) feed(b *batch, rows []store.Lot) (next time.Time, reason string, goOn bool) {
	if !b.way.rest.calm.Load() { // who comes first may be why: begin with another
		first := mrand.IntN(len(rows)) //nolint:gosec // guards nothing
		rows = slices.Concat(rows[first:], rows[:first])
	}
	rows, alone := b.streak.suspectsLast(rows)
	for _, row := range rows {
		if next, reason, ok := e.feedOne(b, row); !ok {
			return next, reason, false
		}
	}
	if len(alone) == 0 {
		return e.now(), "", true
	}
	return e.feedAlone(b, alone)
}

// feedAlone is feed for those that go one after the other, with no other mail of
// their chunk and none such by the same way out.
func (e *Engine) feedAlone(b *batch, rows []store.Lot) (next time.Time, reason string, goOn bool) {
	b.wires.Wait()
	if !b.way.alone.TryLock() {
		return e.now().Add(time.Second), b.waits(), false
	}
	defer b.way.alone.Unlock()
	for _, row := range rows {
		next, reason, ok := e.feedOne(b, row)
		b.wires.Wait()
		if !ok {
			return next, reason, false
		}
	}
	return e.now(), "", true
}

// feedOne hands a delivery to a sender, if it may go now.
func (e *Engine) feedOne(b *batch, row store.Lot) (next time.Time, reason string, ok bool) {
	if next, reason, ok := e.mayFeed(b); !ok {
		return next, reason, false
	}
	e.goesOn(b, model.ReasonOutsideWindow, model.ReasonRate, model.ReasonDailyQuota)
	b.quota.left--
	b.wires.Add(1)
	if !e.handOver(&job{batch: b, row: row}) {
		return e.now(), b.waits(), false
	}
	return e.now(), "", true
}

func (e *Engine) mayFeed(b *batch) (next time.Time, reason string, ok bool) {
	now := e.now()
	if b.stop.Load() || e.draining() {
		return now, b.waits(), false
	}
	if why, _ := b.way.shut(time.Now()); why != "" || b.long() {
		return now, b.waits(), false
	}
	if b.ended(now) {
		return now, "", false
	}
	if open, changes := b.window.at(now); !open {
		return changes, model.ReasonOutsideWindow, false
	}
	if b.quota.Limited && b.quota.left == 0 {
		return b.quota.again(now), model.ReasonDailyQuota, false
	}
	if b.quota.Limited && !now.Before(b.quota.Until) {
		return now, b.waits(), false // the day has turned: the next lease is of the new one
	}
	if !b.rate.limited.Load() {
		return now, "", true
	}
	slot, given, err := e.permit(b.rate, b.RunID)
	if err != nil {
		return now.Add(time.Second), b.waits(), false
	}
	if !given {
		return slot, model.ReasonRate, false
	}
	wait := slot.Sub(e.now())
	if wait > time.Second && b.way.turns.crowded() {
		b.rate.giveBack()
		return slot, b.waits(), false // others can send meanwhile
	}
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-e.drain:
			return slot, b.waits(), false
		}
	}
	return now, "", true
}

// ended reports whether the run's end has come.
func (b *batch) ended(now time.Time) bool {
	return b.Run.DeadlineAt != nil && !now.Before(*b.Run.DeadlineAt)
}

// long reports whether the batch has had its share while others wait.
func (b *batch) long() bool { return time.Since(b.began) > longTurn && b.way.turns.crowded() }
