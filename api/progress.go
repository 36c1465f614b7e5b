package api

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// pace is how the event stream keeps time, and a list that is streamed as CSV.
type pace struct {
	poll  time.Duration // from one look at the runs to the next; also the shortest time between two events of a run
	beat  time.Duration // from one heartbeat to the next
	check time.Duration // from one look at the account behind a stream to the next
	write time.Duration // how long a peer may take to take an event
	page  time.Duration // and how long to take a page of a CSV
}

var ordinaryPace = pace{poll: time.Second, beat: 15 * time.Second, check: 5 * time.Second, write: 10 * time.Second, page: time.Minute}

const (
	maxStreams  = 10               // of one account in one process at a time
	commitLag   = 30 * time.Second // the end of a run may show this much later than the time it bears
	speedWindow = 10 * time.Second // as store.Rates
)

// progressEvent is how far a run is.
type progressEvent struct {
	RunID         int64           `json:"run_id" validate:"required" example:"40"`
	MailingID     int64           `json:"mailing_id" validate:"required" example:"12"`
	Status        model.RunStatus `json:"status" validate:"required" swaggertype:"string" enums:"planned,running,pausing,paused,cancelling,cancelled,finished,missed"`
	Counts        counts          `json:"counts" validate:"required"`
	RatePerSecond float64         `json:"rate_per_second" validate:"required" example:"412.5"`                  // brought to their end by an attempt: sent, failed, in doubt
	ETASeconds    *int64          `json:"eta_seconds" validate:"required" extensions:"x-nullable" example:"93"` // null: unknown, or it waits
	Reason        string          `json:"reason" validate:"required" example:"smtp_auth"`
} //	@name	Progress

// progressOf is the event of a report that carries its sums and its speed.
func progressOf(r *store.Report) progressEvent {
	ev := progressEvent{
		RunID: r.ID, MailingID: r.MailingID, Status: r.Status, Counts: counts(r.Counts),
		RatePerSecond: math.Round(r.RatePerSecond*10) / 10, Reason: r.Reason,
	}
	if open := r.Counts.Pending + r.Counts.Sending + r.Counts.Deferred; r.Status == model.RunRunning && r.Reason == "" && open > 0 && r.RatePerSecond > 0 {
		left := int64(math.Ceil(float64(open) / r.RatePerSecond))
		ev.ETASeconds = &left
	}
	return ev
}

// same reports whether two events say the same.
func (ev progressEvent) same(other progressEvent) bool {
	a, b := ev.ETASeconds, other.ETASeconds
	ev.ETASeconds, other.ETASeconds = nil, nil
	return ev == other && (a == b || a != nil && b != nil && *a == *b)
}

// moved is an event with what a listener decides by.
type moved struct {
	progressEvent
	owner int64
	ended *time.Time
	at    time.Time // the database's, from before the run was read
}

// listener is one open stream. What it has not taken yet is replaced by what is
// newer, so that one who reads slowly costs no memory.
type listener struct {
	user  int64
	run   *int64    // the only run of interest; nil: all of the user's
	since time.Time // runs that ended before are known to have
	wake  chan struct{}

	mu      sync.Mutex
	waiting map[int64]moved
	told    map[int64]progressEvent // what was offered last of each run
}

func (l *listener) wants(m *moved) bool {
	if l.run != nil {
		return *l.run == m.RunID
	}
	return l.user == m.owner
}

// offer gives the listener an event that says something new. The end of a run
// that had ended before the listener came is not new, and what was read before
// the end and arrives after it neither.
func (l *listener) offer(m moved) {
	l.mu.Lock()
	defer l.mu.Unlock()
	was, known := l.told[m.RunID]
	switch over := m.Status.Over(); {
	case known && was.same(m.progressEvent), known && was.Status.Over() && !over:
		return
	case l.run == nil && over && !known && !m.ended.After(l.since):
		return
	}
	l.told[m.RunID] = m.progressEvent
	l.waiting[m.RunID] = m
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take hands out what waits, in the order of the runs.
func (l *listener) take() []moved {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]moved, 0, len(l.waiting))
	for id, m := range l.waiting {
		out = append(out, m)
		delete(l.waiting, id)
	}
	slices.SortFunc(out, func(a, b moved) int { return int(a.RunID - b.RunID) })
	return out
}

// progress follows the runs that somebody listens to: one poller for all
// streams of the process, which works only while there is one.
type progress struct {
	store *store.Store
	log   *slog.Logger
	pace  pace

	closing chan struct{} // closed when the program is told to stop
	close   func()

	mu        sync.Mutex
	listeners map[*listener]struct{}
	stop      context.CancelFunc // of the poller; nil while there is none
}

func newProgress(st *store.Store, log *slog.Logger) *progress {
	p := &progress{store: st, log: log, pace: ordinaryPace, closing: make(chan struct{}), listeners: map[*listener]struct{}{}}
	p.close = sync.OnceFunc(func() { close(p.closing) })
	return p
}

// listen adds a listener and offers it where its runs stand now, those that
// ended since the event it saw last among them. It answers the time from which
// on the listener misses nothing. One too many of an account is model.TooMany.
func (p *progress) listen(ctx context.Context, user int64, run *int64, seen *time.Time) (*listener, time.Time, error) {
	now, err := p.store.Now(ctx)
	if err != nil {
		return nil, now, err
	}
	l := &listener{user: user, run: run, since: now, wake: make(chan struct{}, 1), waiting: map[int64]moved{}, told: map[int64]progressEvent{}}
	f := store.Following{EndedSince: now}
	if seen != nil && seen.Before(now) {
		l.since = seen.Add(-commitLag)
		f.EndedSince = l.since
	}
	if run != nil {
		f.Runs = []int64{*run}
	} else {
		f.Owners = []int64{user}
	}
	if err := p.join(l); err != nil {
		return nil, now, err
	}
	at, rows, err := p.store.Followed(ctx, f)
	if err == nil {
		err = p.store.Rates(ctx, rows)
	}
	if err != nil {
		p.leave(l)
		return nil, at, err
	}
	for i := range rows {
		l.offer(moved{progressOf(&rows[i]), rows[i].OwnerID, rows[i].FinishedAt, at})
	}
	return l, now, nil
}

func (p *progress) join(l *listener) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closing:
		return model.E(model.Unavailable, "the program is about to stop")
	default:
	}
	open := 0
	for other := range p.listeners {
		if other.user == l.user {
			open++
		}
	}
	if open >= maxStreams {
		return model.E(model.TooMany, "too many event streams are open")
	}
	p.listeners[l] = struct{}{}
	if p.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		p.stop = stop
		go p.poll(ctx)
	}
	return nil
}

func (p *progress) leave(l *listener) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.listeners, l)
	if len(p.listeners) == 0 {
		p.stop()
		p.stop = nil
	}
}

// followed are the sums of a run in the looks of the last ten seconds, the
// oldest first.
type followed []sample

// sample is how many deliveries an attempt had brought to their end at a time.
type sample struct {
	at    time.Time
	tried int64
}

// note adds a sample and forgets those that are too old; the last of them
// stays, so that the speed is over no less than the window.
func (f followed) note(s sample) followed {
	f = append(f, s)
	for len(f) > 2 && s.at.Sub(f[1].at) >= speedWindow {
		f = f[1:]
	}
	return f
}

// speed is how many deliveries a second an attempt brought to their end; known
// is false after a single look.
func (f followed) speed() (perSecond float64, known bool) {
	first, last := f[0], f[len(f)-1]
	took := last.at.Sub(first.at).Seconds()
	if took <= 0 {
		return 0, false
	}
	// a doubt that goes again makes the sums smaller
	return max(0, float64(last.tried-first.tried)/took), true
}

// poll looks at the runs of all listeners until ctx ends.
func (p *progress) poll(ctx context.Context) {
	runs := map[int64]followed{}
	var last time.Time
	ticks := time.NewTicker(p.pace.poll)
	defer ticks.Stop()
	for {
		if at, err := p.look(ctx, runs, last); err == nil {
			last = at
		} else if ctx.Err() == nil {
			p.log.WarnContext(ctx, "the progress of runs cannot be read", "error", err)
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

// look reads the runs once and offers what has changed since the look before.
func (p *progress) look(ctx context.Context, runs map[int64]followed, last time.Time) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var f store.Following
	p.mu.Lock()
	listeners := make([]*listener, 0, len(p.listeners))
	for l := range p.listeners {
		listeners = append(listeners, l)
		if l.run != nil {
			f.Runs = append(f.Runs, *l.run)
		} else {
			f.Owners = append(f.Owners, l.user)
		}
	}
	p.mu.Unlock()
	if last.IsZero() {
		now, err := p.store.Now(ctx)
		if err != nil {
			return now, err
		}
		last = now
	}
	f.EndedSince = last.Add(-commitLag)
	at, rows, err := p.store.Followed(ctx, f)
	if err != nil {
		return at, err
	}
	if err := p.measure(ctx, runs, at, rows); err != nil {
		return at, err
	}
	for i := range rows {
		m := moved{progressOf(&rows[i]), rows[i].OwnerID, rows[i].FinishedAt, at}
		for _, l := range listeners {
			if l.wants(&m) {
				l.offer(m)
			}
		}
	}
	return at, nil
}

// measure notes the sums of the runs and fills their speed. It is what
// store.Rates counts, but from the sums of the looks before; a run without any
// is asked for once.
func (p *progress) measure(ctx context.Context, runs map[int64]followed, at time.Time, rows []store.Report) error {
	seen := make(map[int64]bool, len(rows))
	var ask []store.Report
	var places []int
	for i := range rows {
		r := &rows[i]
		seen[r.ID] = true
		f := runs[r.ID].note(sample{at, r.Counts.Tried()})
		runs[r.ID] = f
		var known bool
		if r.RatePerSecond, known = f.speed(); !known || r.FinishedAt != nil {
			ask, places = append(ask, *r), append(places, i)
		}
	}
	for id := range runs {
		if !seen[id] {
			delete(runs, id)
		}
	}
	err := p.store.Rates(ctx, ask)
	for i, at := range places {
		rows[at].RatePerSecond = ask[i].RatePerSecond
	}
	return err
}
