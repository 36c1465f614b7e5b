package mailing

import (
	"context"
	"sync/atomic"
	"time"
)

// How often a worker looks after the books, and how long at a time.
const (
	careEvery  = 15 * time.Second
	careFor    = 10 * time.Second
	careRest   = 50 * time.Millisecond // between the lots of a job
	checkAgain = time.Hour             // a run that is live
	tidyEvery  = time.Hour             // one worker of all
	tidyFor    = 10 * time.Minute
	driftsTold = 20 // lines of the log a run
)

// care is what a worker does beside its work: it checks the books of runs and
// forgets what is old.
type care struct {
	due       time.Time // of the sweep alone
	busy      atomic.Bool
	drifts    atomic.Int64
	driftRuns atomic.Int64
}

// Drifts is how many drifts this process has found, and in how many checks of
// a run.
func (e *Engine) Drifts() (drifts, runs int64) { return e.care.drifts.Load(), e.care.driftRuns.Load() }

// lookAfter begins the jobs beside the work when it is time, and never waits
// for them.
func (e *Engine) lookAfter() {
	now := time.Now()
	if e.care.due.IsZero() {
		e.care.due = now.Add(careEvery)
	}
	if now.Before(e.care.due) || e.care.busy.Swap(true) {
		return
	}
	e.care.due = now.Add(careEvery)
	e.background(func() {
		defer e.care.busy.Store(false)
		if err := e.checkBooks(e.send); err != nil && e.send.Err() == nil {
			e.log.Warn("the books could not be checked", "error", err)
		}
		if err := e.tidy(e.send); err != nil && e.send.Err() == nil {
			e.log.Warn("what is old could not be removed", "error", err)
		}
	})
}

// checkBooks checks the runs that have ended, and live ones now and then, one
// after another. It repairs nothing: a drift is for a person to look at.
func (e *Engine) checkBooks(ctx context.Context) error {
	for begin := time.Now(); time.Since(begin) < careFor; {
		id, err := e.store.ClaimCheck(ctx, checkAgain)
		if err != nil || id == 0 {
			return err
		}
		c, err := e.store.CheckRun(ctx, id, careRest)
		if err != nil {
			return err
		}
		if len(c.Drifts) == 0 {
			continue
		}
		e.care.driftRuns.Add(1)
		e.care.drifts.Add(int64(len(c.Drifts)))
		for _, d := range c.Drifts[:min(len(c.Drifts), driftsTold)] {
			e.log.ErrorContext(ctx, "the books do not agree", "run_id", d.RunID, "chunk_id", d.ChunkID, "delivery_id", d.DeliveryID,
				"what", d.What, "counted", d.Counted, "found", d.Found, "drifts", len(c.Drifts))
		}
	}
	return nil
}

// tidy removes what is old, in one worker of all.
func (e *Engine) tidy(ctx context.Context) error {
	mine, err := e.store.TakeTurn(ctx, "housekeeping", tidyEvery)
	if err != nil || !mine {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, tidyFor)
	defer cancel()
	rows, err := e.store.RemoveOld(ctx, careRest)
	if err != nil {
		return err
	}
	var attempts int64
	if e.opt.KeepAttempts > 0 {
		attempts, err = e.store.RemoveAttempts(ctx, e.opt.KeepAttempts, careRest)
	}
	if rows+attempts > 0 {
		e.log.InfoContext(ctx, "what is old was removed", "attempts", attempts, "rows", rows)
	}
	return err
}
