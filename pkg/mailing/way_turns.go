package mailing

import "sync"

// turns hands the runs that have something to send by a way out to its pumps,
// in rounds: a pump works on one chunk of the first run in the line, and then
// the run goes to its end. So a thousand small runs and a large one all go on,
// with as many chunks in this process as there are pumps.
type turns struct {
	mu   sync.Mutex
	more *sync.Cond
	line []int64 // each run once, none with maxPumps at work
	runs map[int64]*turn
	over bool
}

// turn is a run that stands in the line or is worked on.
type turn struct {
	busy    int // pumps at work
	waiting bool
	asked   int // how often somebody said that there is work
}

func newTurns() *turns {
	t := &turns{runs: map[int64]*turn{}}
	t.more = sync.NewCond(&t.mu)
	return t
}

// add says that there is work for a run.
func (t *turns) add(runID int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	x := t.runs[runID]
	if x == nil {
		x = &turn{}
		t.runs[runID] = x
	}
	x.asked++
	t.queue(runID, x)
}

// again says that there may be work for one more pump.
func (t *turns) again(runID int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queue(runID, t.runs[runID])
}

func (t *turns) queue(runID int64, x *turn) {
	if x.waiting || x.busy >= maxPumps || t.over {
		return
	}
	x.waiting = true
	t.line = append(t.line, runID)
	t.more.Signal()
}

// next waits for a run that has a turn; ok is false when there are no more
// turns. done must be called with what it answers.
func (t *turns) next() (runID int64, asked int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.line) == 0 && !t.over {
		t.more.Wait()
	}
	if t.over {
		return 0, 0, false
	}
	runID, t.line = t.line[0], t.line[1:]
	x := t.runs[runID]
	x.waiting = false
	x.busy++
	return runID, x.asked, true
}

// done ends a turn. It reports whether the run has left the line: nothing was
// found, nobody asked again meanwhile, and nobody works on it.
func (t *turns) done(runID int64, asked int, found bool) (left bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.runs[runID]
	x.busy--
	if found || x.asked != asked {
		t.queue(runID, x)
	}
	if x.busy > 0 || x.waiting {
		return false
	}
	delete(t.runs, runID)
	return true
}

// crowded reports whether runs wait for a turn.
func (t *turns) crowded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.line) > 0
}

// stop ends all turns; those that are at work end by themselves.
func (t *turns) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over, t.line = true, nil
	t.more.Broadcast()
}
