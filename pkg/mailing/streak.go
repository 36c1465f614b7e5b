package mailing

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// refusalsToPause is how many equal refusals in a row say that the server
// refuses everybody, and not these recipients.
const refusalsToPause = 20

// streak counts what a run meets in a row in this process. A permanent refusal
// is deferred until it is clear whom it concerns: another answer lets it count
// as what it says; too many alike in a row pause the run, and then they stay
// deferred and nobody is burnt. A death in between costs a second try.
type streak struct {
	sender atomic.Int32 // MAIL FROM refused

	mu      sync.Mutex
	harmed  map[int64]damage
	words   string // what the last refusals said
	row     int    // how many of them in a row
	held    map[*store.Claim][]int64
	tripped string // the words that paused the run: what follows with them burns nobody either
}

// abortsToDefer is how often a connection may be lost over one delivery, while
// its server works, before the delivery waits like one that was told to; and how
// often it may end in a panic before it is skipped.
const abortsToDefer = 3

// damage is what a delivery has done in this process.
type damage struct {
	losses int       // of a connection, when its recipient was named
	last   time.Time // of them
	panics int
}

// poisons notes that the connection was lost over a delivery when its recipient
// was named, and reports whether it is the delivery that does it: between the
// losses others got through, or the server was found to be there. One that was
// deferred for it before has proved it, if the server was at work. works reports
// that: it has worked since any delivery last lost a connection. If not, it is
// in trouble, whoever is to blame. An answer to MAIL is about no recipient.
func (e *Engine) poisons(j *job, res Result) (poisons, works bool) {
	if res.Outcome != model.OutcomeAborted || res.Class != ClassConnection || !res.Named || res.Phase == model.PhaseMail && res.Code != 0 {
		return false, false
	}
	works = j.way.rest.lost(time.Now())
	d := j.streak.harm(j.row.ID, func(d *damage) {
		if d.losses == 0 || j.way.rest.workedSince(d.last) {
			d.losses++
		}
		d.last = time.Now()
	})
	if d.losses < abortsToDefer && !(j.row.Lost && works) {
		return false, works
	}
	j.streak.forget(j.row.ID) // its row says it from now on
	return true, works
}

// harm notes what a delivery did.
func (s *streak) harm(deliveryID int64, note func(*damage)) damage {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.harmed[deliveryID]
	note(&d)
	if s.harmed == nil {
		s.harmed = map[int64]damage{}
	}
	s.harmed[deliveryID] = d
	return d
}

func (s *streak) forget(deliveryID int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.harmed, deliveryID)
}

// suspects reports whether a delivery has done harm before.
func (s *streak) suspects(row *store.Lot) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, did := s.harmed[row.ID]
	return did || row.Lost
}

// goesAlone reports whether one more loss lets a delivery wait. Then it must be
// its own: who ends the server's process ends the connections of all others.
func (s *streak) goesAlone(row *store.Lot) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return row.Lost || s.harmed[row.ID].losses >= abortsToDefer-1
}

// suspectsLast puts those that have done harm behind the others, so that they
// keep nobody from being mailed, and apart those that go alone.
func (s *streak) suspectsLast(rows []store.Lot) (together, alone []store.Lot) {
	var last []store.Lot
	rows = slices.DeleteFunc(rows, func(r store.Lot) bool {
		switch {
		case !s.suspects(&r):
			return false
		case s.goesAlone(&r):
			alone = append(alone, r)
		default:
			last = append(last, r)
		}
		return true
	})
	return append(rows, last...), alone
}

// kept is what outlives the turn of a run: what its deliveries have done. What
// came in a row begins anew, so that a run that was paused for it can go on.
func (s *streak) kept() *streak {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.harmed) == 0 {
		return nil
	}
	return &streak{harmed: maps.Clone(s.harmed)}
}

// policyWords stand for 530 and 5.7.x, which are about us, whatever else they say.
const policyWords = "policy"

// refused takes a permanent refusal of one recipient. In a linked run it is no
// news that many are refused in the same words: that is why they are retried.
// There only what is about us counts in a row.
func (e *Engine) refused(j *job, o *store.Outcome, policy bool) {
	if j.Run.ParentRunID != nil && !policy {
		e.record(j, o)
		return
	}
	words := o.Attempt.Enhanced + " " + strings.ReplaceAll(strings.ToLower(o.Attempt.Response), j.row.Email, "")
	if policy {
		words = policyWords
	}
	s := j.streak
	s.mu.Lock()
	var meant map[*store.Claim][]int64
	if words != s.words {
		meant, s.held, s.words, s.row = s.held, nil, words, 0
	}
	if s.row++; s.row >= refusalsToPause && s.tripped != words {
		s.tripped, s.held = words, nil
	}
	trips := s.tripped == words
	s.mu.Unlock()
	e.believeAll(meant)

	next := e.now().Add(time.Minute)
	o.To, o.NextAt = model.Deferred, &next
	j.acks.Add(1)
	e.ledger.outcome(j.Claim, j.row.ID, o, func() {
		s.mu.Lock()
		if s.tripped != words {
			if s.held == nil {
				s.held = map[*store.Claim][]int64{}
			}
			s.held[j.Claim] = append(s.held[j.Claim], j.row.ID)
		}
		s.mu.Unlock()
		j.acks.Done()
	})
	if trips {
		e.pause(j, model.ReasonRefusedByPolicy)
	}
}

// believe lets the refusals of a run so far count as what they say, as another
// answer came in between. One that is not a yes leaves those open that are about
// us.
func (e *Engine) believe(b *batch, yes bool) {
	s := b.streak
	s.mu.Lock()
	if !yes && s.words == policyWords {
		s.mu.Unlock()
		return
	}
	meant := s.held
	s.held, s.words, s.row = nil, "", 0
	s.mu.Unlock()
	e.believeAll(meant)
}

// settleStreak is believe at the end of a chunk, whose claim is given back
// next; the count goes on in the chunks that follow.
func (e *Engine) settleStreak(b *batch) {
	s := b.streak
	s.mu.Lock()
	ids := s.held[b.Claim]
	delete(s.held, b.Claim)
	s.mu.Unlock()
	if len(ids) > 0 {
		e.believeAll(map[*store.Claim][]int64{b.Claim: ids})
	}
}

// believeAll fails what was deferred for the time being. If the database is
// away they are tried once more in a minute.
func (e *Engine) believeAll(meant map[*store.Claim][]int64) {
	for claim, ids := range meant {
		if err := e.store.Believe(e.last, claim, ids); err != nil {
			e.log.Warn("refusals could not be settled and will be tried again", "run_id", claim.RunID, "deliveries", len(ids), "error", err)
		}
	}
}

// permits are places in a run's rate that this process holds.
type permits struct {
	limited atomic.Bool // the run has a rate, as of the last beat

	mu   sync.Mutex
	next time.Time
	last time.Time // the place that was given out last
	step time.Duration
	left int
}

// latePlace is how late a place in a rate may still be used. What is later is
// dropped: with those that others have by then it would make a minute too full.
// It is the second by which the places of a minute are wider than a minute.
const latePlace = time.Second

// permit is when the next mail of a run with a rate may leave. Places are
// taken from the database, about a second's worth at a time, so that the rate
// holds over all workers and restarts. One that is more than longWait ahead is
// not given out (ok is false): then slot is when to ask again.
func (e *Engine) permit(p *permits, runID int64) (slot time.Time, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left > 0 && e.now().Sub(p.next) > latePlace {
		p.left = 0
	}
	if p.left == 0 {
		places, err := e.store.TakePlaces(e.send, runID, longWait)
		if err != nil || places.N == 0 {
			return places.First, false, err
		}
		p.next, p.step, p.left = places.First, places.Step, places.N
	}
	slot = p.next
	if at := p.last.Add(p.step); slot.Before(at) { // never two at once, however late this process is
		slot = at
	}
	if slot.Sub(e.now()) > longWait {
		return slot, false, nil
	}
	p.last, p.next = slot, slot.Add(p.step)
	p.left--
	return slot, true, nil
}

// giveBack keeps a place for later that was not waited for.
func (p *permits) giveBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = p.next.Add(-p.step)
	p.last = p.last.Add(-p.step)
	p.left++
}
