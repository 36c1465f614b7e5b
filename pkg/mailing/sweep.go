package mailing

import (
	"cmp"
	"context"
	"maps"
	mrand "math/rand/v2"
	"slices"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

func (e *Engine) beat(ctx context.Context) {
	for {
		if err := e.store.Beat(ctx, e.worker); err != nil && ctx.Err() == nil {
			e.log.Warn("the worker's sign of life did not arrive", "error", err)
		}
		before := time.Now()
		if at, err := e.store.Now(ctx); err == nil {
			middle := before.Add(time.Since(before) / 2)
			e.offset.Store(int64(at.Sub(middle)))
		}
		if err := e.readWays(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("the transports could not be read", "error", err)
		}
		e.wake()
		e.returnPermits(ctx)
		e.readRuns(ctx)
		select {
		case <-time.After(beatEvery):
		case <-ctx.Done():
			return
		}
	}
}

// readRuns sees which of the runs that are sent here have a rate by now, and
// which were stopped: their mails that wait for a sender are given up.
func (e *Engine) readRuns(ctx context.Context) {
	var ids []int64
	e.mu.Lock()
	for id, r := range e.runs {
		if r.pumps > 0 {
			ids = append(ids, id)
		}
	}
	e.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	runs, err := e.store.RunsNow(ctx, ids)
	if err != nil {
		return // as it was
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, now := range runs {
		r := e.runs[now.ID]
		if r == nil {
			continue
		}
		if r.rate != nil {
			r.rate.limited.Store(now.Limited)
		}
		if !now.Running && r.live != nil {
			r.halt(&Halt{Within: e.send})
			r.live, r.halt = nil, nil // it may go on
		}
	}
}

// returnPermits gives back what this process does not use of limits.
func (e *Engine) returnPermits(ctx context.Context) {
	for _, w := range e.order() {
		if w.limit == nil {
			continue
		}
		if err := w.limit.rest(ctx, false); err != nil && ctx.Err() == nil {
			e.log.Warn("permits could not be given back", "transport", w.Name(), "error", err)
		}
	}
}

// sweeps runs the sweep until ctx ends: the net under all hints.
func (e *Engine) sweeps(ctx context.Context) {
	var healthy, last time.Time // since when the database answers without a break, and its clock at the last sweep
	var after int64
	for ctx.Err() == nil {
		now, err := e.store.Now(ctx)
		if gap := now.Sub(last); gap > store.DeadAfter/2 || gap < 0 {
			healthy = now // the machine slept, the database hung or its clock was set: the living were silent too
		}
		last = now
		if err == nil {
			after, err = e.sweep(ctx, after, now.Sub(healthy) > store.DeadAfter)
		}
		if err != nil && ctx.Err() == nil {
			e.log.Warn("the sweep could not work", "error", err)
			last = time.Time{}
		}
		e.lookAfter()
		wait := sweepEvery + time.Duration(mrand.Int64N(int64(sweepEvery/2))) //nolint:gosec // spreads sweeps, guards nothing
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// sweep does once what lost hints would have done. It looks at live runs by
// lots and answers where the next lot begins.
func (e *Engine) sweep(ctx context.Context, after int64, mayBury bool) (int64, error) {
	due, err := e.store.DueRuns(ctx, lookAhead, 200)
	if err != nil {
		return after, err
	}
	for _, d := range due {
		e.alarm(d.RunID, d.In, true)
	}
	if err := e.returnOrphans(ctx); err != nil {
		e.log.Warn("chunks could not be given back", "error", err)
	}
	if mayBury {
		if err := e.store.Beat(ctx, e.worker); err != nil { // first of all, this one lives
			return after, err
		}
		touched, err := e.store.ReturnDeadLeases(ctx, false)
		if err != nil {
			e.log.Warn("not every chunk of the dead could be taken over", "error", err)
		}
		if len(touched) > 0 {
			e.log.Warn("a worker is dead; its chunks were taken over", "runs", touched)
		}
	}
	const lot = 200
	live, err := e.store.LiveRuns(ctx, after, lot)
	if err != nil {
		return after, err
	}
	for _, id := range live {
		e.alarm(id, 0, false)
	}
	for _, id := range live {
		e.seen[id] = true
	}
	if after = 0; len(live) == lot {
		after = live[lot-1]
	} else { // all have been looked at
		e.forget(e.seen)
		e.seen = map[int64]bool{}
	}
	mails, err := e.store.DueSystemMails(ctx, 50)
	if err != nil {
		return after, err
	}
	for _, id := range mails {
		e.background(func() {
			if err := e.Mail(e.send, id); err != nil && e.send.Err() == nil {
				e.log.Warn("a system mail was not sent", "mail_id", id, "error", err)
			}
		})
	}
	if e.queue != nil {
		repair, cancel := context.WithTimeout(ctx, hintDeadline)
		defer cancel()
		if err := e.queue.Repair(repair); err != nil {
			e.log.Debug("the queue could not be repaired", "error", err)
		}
	}
	return after, nil
}

// forget drops what is kept of runs that are over.
func (e *Engine) forget(live map[int64]bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, r := range e.runs {
		if !live[id] && r.pumps == 0 {
			if r.halt != nil {
				r.halt(nil)
			}
			delete(e.runs, id)
		}
	}
}

// returnOrphans gives back chunks that are this worker's without its knowing:
// the answer to their claim was lost on the way.
func (e *Engine) returnOrphans(ctx context.Context) error {
	if !e.unsure.Load() {
		return nil
	}
	e.claims.Lock()
	defer e.claims.Unlock()
	e.mu.Lock()
	held := slices.Collect(maps.Keys(e.held))
	e.mu.Unlock()
	runs, err := e.store.ReturnOrphans(ctx, e.worker.ID, held)
	if err == nil {
		e.unsure.Store(false)
	}
	if len(runs) > 0 {
		e.log.Warn("chunks whose claim was not answered were given back", "runs", runs)
	}
	return err
}

// alarm moves a run after a while, in the background; a planned one begins
// however busy this process is. A run has one alarm at most.
func (e *Engine) alarm(runID int64, in time.Duration, planned bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.alarms[runID] || e.draining() {
		return
	}
	e.alarms[runID] = true
	e.work.Go(func() {
		defer func() {
			e.mu.Lock()
			delete(e.alarms, runID)
			e.mu.Unlock()
		}()
		for in > 0 {
			select {
			case <-time.After(in):
			case <-e.drain:
				return
			}
			in = e.early(runID)
		}
		move := runID // or a later occurrence, which began instead
		if planned {
			begun, err := e.begin(e.send, runID)
			if err != nil && e.send.Err() == nil {
				e.log.Warn("a run could not begin", "run_id", runID, "error", err)
			}
			move = cmp.Or(begun, move)
		}
		select {
		case e.moves <- struct{}{}:
			e.advance(e.send, move)
			<-e.moves
		case <-e.drain:
		}
	})
}

// early is how long a planned run still has by the database's clock, which may
// have moved against ours while an alarm slept.
func (e *Engine) early(runID int64) time.Duration {
	r, err := e.store.RunByID(e.send, runID)
	if err != nil || r.Status != model.RunPlanned {
		return 0
	}
	now, err := e.store.Now(e.send)
	if err != nil {
		return 0
	}
	if in := r.PlannedAt.Sub(now); in <= lookAhead {
		return in
	}
	return 0 // it was moved, and will have another alarm
}
