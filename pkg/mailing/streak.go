package mailing

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// refusalsToPause is how many equal refusals in a row say that the server
// refuses everybody, and not these recipients.
const refusalsToPause = 20

// streak counts what a run meets in a row in this process. Refusals are held
// back until it is clear whom they concern: another answer lets them count as
// what they say; too many alike pause the run, and then none of them is burnt.
type streak struct {
	sender atomic.Int32 // MAIL FROM refused

	mu      sync.Mutex
	words   string
	held    []held
	tripped string // the words that paused the run: what comes after them with them burns nobody either
}

type held struct {
	job     *job
	outcome *store.Outcome
}

// refused takes a permanent refusal of one recipient.
func (e *Engine) refused(j *job, o *store.Outcome) {
	s := j.streak
	j.acks.Add(1)
	s.mu.Lock()
	words := o.Attempt.Enhanced + " " + o.Attempt.Response
	var meant, spared []held
	switch {
	case words == s.tripped:
		spared = []held{{j, o}}
	default:
		if words != s.words {
			meant, s.held, s.words = s.held, nil, words
		}
		s.held = append(s.held, held{j, o})
		if len(s.held) >= refusalsToPause {
			spared, s.held, s.words, s.tripped = s.held, nil, "", words
		}
	}
	s.mu.Unlock()
	e.recordAll(meant)
	if len(spared) == 0 {
		return
	}
	next := e.now().Add(time.Minute)
	for _, h := range spared {
		h.outcome.To, h.outcome.NextAt = model.Deferred, &next
		h.outcome.Attempt.Outcome = model.OutcomeDeferred
	}
	e.recordAll(spared)
	e.pause(j, model.ReasonRefusedByPolicy)
}

// believe records the refusals that were held back as what they say.
func (e *Engine) believe(b *batch) {
	b.streak.mu.Lock()
	meant := b.streak.held
	b.streak.held, b.streak.words = nil, ""
	b.streak.mu.Unlock()
	e.recordAll(meant)
}

func (e *Engine) recordAll(list []held) {
	for _, h := range list {
		e.ledger.outcome(h.job.Claim, h.job.row.ID, h.outcome, h.job.acks.Done)
	}
}

// breaker rests the way out when the server is away: it opens after five
// troubles in a row and lets work through again after a growing while.
type breaker struct {
	mu     sync.Mutex
	row    int
	rested int
	until  time.Time
}

const (
	troublesToRest = 5
	longestRest    = 15 * time.Minute
)

func (b *breaker) open(now time.Time) (time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.until, now.Before(b.until)
}

func (b *breaker) trouble(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// after a rest one trouble is enough; those that were on their way count once
	if b.row++; now.Before(b.until) || (b.row < troublesToRest && b.rested == 0) {
		return
	}
	b.rest(now)
}

// trip opens the breaker at once.
func (b *breaker) trip(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !now.Before(b.until) {
		b.rest(now)
	}
}

func (b *breaker) rest(now time.Time) {
	b.until = now.Add(min(time.Second<<min(b.rested, 20), longestRest))
	b.rested++
	b.row = 0
}

func (b *breaker) good() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.row, b.rested, b.until = 0, 0, time.Time{}
}

// permits are places in a run's rate that this process holds.
type permits struct {
	mu   sync.Mutex
	next time.Time
	last time.Time // the place that was given out last
	step time.Duration
	left int
}

// permit is when the next mail of a run with a rate may leave. Places are
// taken from the database in lots of about a second's worth, so that the rate
// holds over all workers and restarts.
func (e *Engine) permit(p *permits, runID int64) (time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 {
		lot := 1
		if p.step > 0 {
			lot = max(1, min(500, int(time.Second/p.step)))
		}
		first, step, err := e.store.TakePermits(e.send, runID, lot)
		if err != nil {
			return time.Time{}, err
		}
		p.next, p.step, p.left = first, step, lot
	}
	slot := p.next
	if at := p.last.Add(p.step); slot.Before(at) { // never two at once, however late this process is
		slot = at
	}
	p.last, p.next = slot, slot.Add(p.step)
	p.left--
	return slot, nil
}

// giveBack keeps a place for later that is too far ahead to be waited for.
func (p *permits) giveBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = p.next.Add(-p.step)
	p.last = p.last.Add(-p.step)
	p.left++
}
