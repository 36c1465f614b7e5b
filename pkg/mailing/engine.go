package mailing

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// How an engine keeps time.
const (
	beatEvery  = 2 * time.Second
	sweepEvery = 2 * time.Second // and up to half as long again
	lookAhead  = 5 * time.Second // runs this near get an alarm of their own
	drainLimit = 27 * time.Second
	maxPumps   = 3 // chunks of one run at one way out and in one process at a time
	maxMoves   = 8 // runs that are moved at a time
)

// Engine sends: one per worker process.
type Engine struct {
	*Service
	ways     Ways
	ledger   *ledger
	worker   store.Worker
	log      *slog.Logger
	fallback *way // that of the settings, nil without one

	out     atomic.Pointer[[]*way] // the ways out in their order
	known   atomic.Bool            // the order was read
	opening sync.Mutex             // held while the order changes
	unfit   map[int64]int64        // transports that cannot be used, with their versions
	retired sync.WaitGroup         // ways out that end

	moves  chan struct{}   // a place for each run that may be moved at a time
	drain  chan struct{}   // closed, under mu, when no new mail may begin
	send   context.Context // ends when drain closes; what is on the wire may still end
	halt   context.CancelFunc
	last   context.Context // ends when draining has taken too long: then nothing is waited for
	abort  context.CancelFunc
	offset atomic.Int64    // the database's clock minus ours, in nanoseconds
	work   sync.WaitGroup  // alarms, probes and system mails
	counts [5]atomic.Int64 // attempts, by the place of their outcome in Outcomes

	claims sync.RWMutex // held for reading while a chunk is claimed
	unsure atomic.Bool  // the answer to a claim or a release was lost

	mu     sync.Mutex
	held   map[int64]bool // the fences of the claims this engine knows of
	mails  map[int64]bool // system mails on their way
	alarms map[int64]bool
	runs   map[int64]*liveRun

	seen map[int64]bool // by the sweep, since it looked at the first run
	care care
}

// liveRun is what this process keeps of a run that it sends, or that waits.
type liveRun struct {
	asked  bool   // choice was read
	choice *int64 // its one way out
	parked bool   // it has work and no way out
	pumps  int    // at work on it
	letter func() (*letter, error)
	streak *streak
	rate   *permits
	live   context.Context // ends when the run was seen to be stopped
	halt   context.CancelCauseFunc
}

// NewEngine makes an engine that sends by these ways out. It does nothing until
// Run.
func NewEngine(s *Service, ways Ways) *Engine {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	host, _ := os.Hostname()
	e := &Engine{
		Service: s, ways: ways, log: s.log.With("worker", hex.EncodeToString(id[:])),
		worker: store.Worker{ID: hex.EncodeToString(id[:]), Host: host, PID: int64(os.Getpid())},
		moves:  make(chan struct{}, maxMoves),
		drain:  make(chan struct{}),
		held:   map[int64]bool{},
		mails:  map[int64]bool{},
		alarms: map[int64]bool{},
		runs:   map[int64]*liveRun{},
		seen:   map[int64]bool{},
	}
	e.last, e.abort = context.WithCancel(context.Background())
	e.send, e.halt = context.WithCancel(e.last)
	e.ledger = newLedger(s.store, e.log)
	return e
}

// Outcomes are what an attempt may have, in the order of Engine.Attempts.
var Outcomes = []model.Outcome{
	model.OutcomeSent, model.OutcomeDeferred, model.OutcomeFailed, model.OutcomeInDoubt, model.OutcomeAborted,
}

// Attempts is how many attempts of this process ended so.
func (e *Engine) Attempts(o model.Outcome) int64 { return e.counts[slices.Index(Outcomes, o)].Load() }

// WorkerID is the random id of this engine.
func (e *Engine) WorkerID() string { return e.worker.ID }

// Run works until ctx ends. Then no new mail begins, what is on the wire may
// end within 25 s, its outcomes are recorded, all chunks are given back, and
// Run returns.
func (e *Engine) Run(ctx context.Context) error {
	defer e.abort()
	if e.ways.Default != nil {
		e.fallback = e.openWay(&way{Transport: e.ways.Default, key: model.DefaultTransport}, e.ways.Limits)
	}
	if e.ways.Open == nil { // nothing else decides
		order := e.arrange(nil, nil)
		e.out.Store(&order)
		e.known.Store(true)
	}
	var parts sync.WaitGroup
	beats, stopBeats := context.WithCancel(e.last)
	defer stopBeats()
	parts.Go(func() { e.beat(beats) })
	ledgerDone := make(chan struct{})
	go func() { e.ledger.run(e.last); close(ledgerDone) }()
	e.sweeps(ctx)

	e.mu.Lock()
	close(e.drain)
	e.mu.Unlock()
	e.halt()
	rest := time.AfterFunc(drainLimit, e.abort)
	defer rest.Stop()
	err := e.closeWays()
	e.work.Wait()
	close(e.ledger.in)
	<-ledgerDone
	stopBeats()
	parts.Wait()
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if leaveErr := e.store.Leave(leaving, e.worker.ID); leaveErr != nil {
		e.log.Warn("the worker could not say that it leaves", "error", leaveErr)
	}
	return err
}

// closeWays ends all ways out at once and waits for them.
func (e *Engine) closeWays() error {
	e.opening.Lock() // from now on the order stands
	all := e.order()
	if e.fallback != nil && !slices.Contains(all, e.fallback) {
		all = append(slices.Clone(all), e.fallback) // the order was never read
	}
	e.opening.Unlock()
	errs := make([]error, len(all)+1)
	for i, w := range all {
		e.retired.Go(func() { errs[i] = e.closeWay(w) })
	}
	e.retired.Wait()
	if e.ways.Inbox != nil {
		errs[len(all)] = e.ways.Inbox.Close()
	}
	return errors.Join(errs...)
}

func (e *Engine) draining() bool {
	select {
	case <-e.drain:
		return true
	default:
		return false
	}
}

// ahead is how far the database's clock is before ours, as of the last beat.
func (e *Engine) ahead() time.Duration { return time.Duration(e.offset.Load()) }

// now is the database's clock as this process knows it from its last beat.
func (e *Engine) now() time.Time { return time.Now().Add(e.ahead()).UTC() }

// background does work that ends with the engine, and none once it drains; it
// reports whether it does.
func (e *Engine) background(work func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining() {
		return false
	}
	e.work.Go(work)
	return true
}

// advance moves a run and sends what it has; errors are for the log, for the
// next sweep tries again.
func (e *Engine) advance(ctx context.Context, runID int64) {
	claimable, err := e.Advance(ctx, runID, func() { e.kick(runID) })
	if err != nil {
		if ctx.Err() == nil {
			e.log.Warn("a run could not be moved", "run_id", runID, "error", err)
		}
		return
	}
	if claimable {
		e.kick(runID)
	}
}

// Start is the handler of the hint that a run is due or has work. One that
// comes early waits for the time, by the database's clock.
func (e *Engine) Start(ctx context.Context, runID int64) error {
	r, err := e.store.RunByID(ctx, runID)
	if model.IsKind(err, model.NotFound) {
		return nil // it was unscheduled
	}
	if err != nil {
		return err
	}
	if r.Status == model.RunPlanned {
		now, err := e.store.Now(ctx)
		if err != nil {
			return err
		}
		if in := r.PlannedAt.Sub(now); in > 0 {
			if in <= lookAhead {
				e.alarm(runID, in, true)
			}
			return nil // further away: it was moved, and has another hint
		}
	}
	e.advance(ctx, runID)
	return nil
}

// Deliver is the handler of the hint that a run has chunks to claim.
func (e *Engine) Deliver(_ context.Context, runID int64) error {
	e.kick(runID)
	return nil
}

// kick sees to it that pumps work on a run, at the way out that it has now.
func (e *Engine) kick(runID int64) {
	choice, err := e.choice(runID)
	if err != nil {
		if e.send.Err() == nil {
			e.log.Warn("the transport of a run could not be read", "run_id", runID, "error", err)
		}
		return
	}
	w, reason, until := e.route(choice)
	if w == nil {
		e.park(runID, reason, until)
		return
	}
	e.mu.Lock()
	e.live(runID).parked = false
	e.mu.Unlock()
	w.turns.add(runID)
}

// choice is the one way out of a run, nil when it has none. It is frozen.
func (e *Engine) choice(runID int64) (*int64, error) {
	e.mu.Lock()
	if r := e.runs[runID]; r != nil && r.asked {
		defer e.mu.Unlock()
		return r.choice, nil
	}
	e.mu.Unlock()
	choice, err := e.store.RunTransport(e.send, runID)
	if err == nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		r := e.live(runID)
		r.asked, r.choice = true, choice
	}
	return choice, err
}

// live is what is kept of a run. e.mu is held.
func (e *Engine) live(runID int64) *liveRun {
	r := e.runs[runID]
	if r == nil {
		r = &liveRun{}
		e.runs[runID] = r
	}
	return r
}

// pump works on the runs of a way out, a chunk of one and then of the next.
func (e *Engine) pump(w *way) {
	for {
		runID, asked, ok := w.turns.next()
		if !ok {
			return
		}
		found := e.turn(w, runID)
		left := w.turns.done(runID, asked, found)
		if left {
			e.leave(runID)
		}
	}
}

// turn claims a chunk of a run and sends it. It reports whether there may be
// more.
func (e *Engine) turn(w *way, runID int64) bool {
	if e.draining() {
		return false
	}
	if why, _ := w.shut(time.Now()); why != "" {
		e.kick(runID) // it has another way by now, or waits
		return false
	}
	claim, err := e.claim(runID)
	if err != nil {
		if e.send.Err() == nil {
			e.log.Warn("no chunk could be claimed", "run_id", runID, "error", err)
		}
		return false
	}
	if claim == nil {
		if err := e.rest(e.last, runID); err != nil {
			e.log.Warn("a run could not be settled", "run_id", runID, "error", err)
		}
		return false
	}
	w.turns.again(runID)
	e.mu.Lock()
	e.live(runID).pumps++
	e.mu.Unlock()
	e.deliver(w, claim)
	e.mu.Lock()
	e.live(runID).pumps--
	e.mu.Unlock()
	return true
}

// claim takes the next chunk of a run and remembers it.
func (e *Engine) claim(runID int64) (*store.Claim, error) {
	e.claims.RLock()
	defer e.claims.RUnlock()
	c, err := e.store.ClaimChunk(e.send, e.worker.ID, runID)
	if err != nil {
		e.unsure.Store(true)
	}
	if c != nil {
		e.mu.Lock()
		e.held[c.Fence] = true
		e.mu.Unlock()
	}
	return c, err
}

// drop forgets a claim that was given back, or was not for all we know.
func (e *Engine) drop(c *store.Claim) {
	e.mu.Lock()
	delete(e.held, c.Fence)
	e.mu.Unlock()
}

// leave forgets what was kept of a run that has nothing to send by now.
func (e *Engine) leave(runID int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.runs[runID]; r != nil && r.pumps == 0 && !r.parked {
		r.letter, r.streak = nil, r.streak.kept()
	}
}

// waits notes why a run does not go on, "" when it does.
func (e *Engine) waits(runID int64, reason string, until time.Time) {
	news, err := e.store.Waits(e.last, runID, reason)
	switch {
	case err != nil:
		e.log.Warn("why a run waits could not be noted", "run_id", runID, "error", err)
	case news && reason != "":
		e.log.Info("run waits", "run_id", runID, "reason", reason, "until", until)
	}
}

// Mail is the handler of the hint that a system mail is to be sent. It is sent
// at least once; a death between the server's answer and its record repeats it.
func (e *Engine) Mail(ctx context.Context, id int64) error {
	e.mu.Lock()
	busy := e.mails[id]
	e.mails[id] = true
	e.mu.Unlock()
	if busy {
		return nil
	}
	defer func() {
		e.mu.Lock()
		delete(e.mails, id)
		e.mu.Unlock()
	}()
	if w, reason, _ := e.route(nil); w == nil {
		if !e.known.Load() || reason == closed {
			return nil // it is looked at again within a beat
		}
		return e.store.HoldSystemMail(ctx, id, reason) // the sweep comes back to it
	}
	m, err := e.store.TakeSystemMail(ctx, id)
	if err != nil || m == nil {
		return err
	}
	now := e.now()
	if m.Kind != model.MailTest {
		some, err := e.account(ctx, m)
		if err != nil {
			return err // its lease ends, and the sweep comes back to it
		}
		if !some {
			m.FailedAt, m.LastAnswer = &now, "nothing to send"
			return e.store.SettleSystemMail(ctx, m)
		}
	}
	mail, err := e.systemMail(m)
	if err != nil {
		m.FailedAt, m.LastAnswer = &now, err.Error()
		return e.store.SettleSystemMail(ctx, m)
	}
	sending, cancel := context.WithTimeout(e.send, store.SystemMailLease*3/4)
	defer cancel()
	res, ok := e.sendSystemMail(sending, mail)
	now = e.now()
	if !ok {
		m.NextAt = now.Add(longWait)
		if _, reason, _ := e.route(nil); reason != closed {
			m.WaitsFor = reason
		}
		return e.store.SettleSystemMail(e.last, m)
	}
	m.LastAnswer, m.Code, m.Enhanced = res.Response, res.Code, res.Enhanced
	switch {
	case res.Outcome == model.OutcomeSent:
		m.SentAt = &now
	case res.Outcome == model.OutcomeFailed, now.Sub(m.CreatedAt) > giveUpAfter:
		m.FailedAt = &now
	default:
		m.NextAt = now.Add(backoff(m.Attempts - 1))
	}
	e.log.InfoContext(ctx, "system mail", "mail_id", id, "kind", m.Kind, "outcome", res.Outcome, "code", res.Code)
	return e.store.SettleSystemMail(e.last, m)
}

// sendSystemMail tries the ways out in their order, until one gives an answer;
// ok is false when there was none to try.
func (e *Engine) sendSystemMail(ctx context.Context, mail *Mail) (res Result, ok bool) {
	for _, w := range e.order() {
		if why, _ := w.shut(time.Now()); why != "" {
			continue
		}
		tried, began := e.sendBy(ctx, w, w.Line(), mail, Granted{}, nil)
		if !began {
			continue
		}
		res, ok = tried, true
		switch res.Class {
		case ClassConnection, ClassAuth:
			e.troubled(w, res)
			if res.Outcome == model.OutcomeAborted {
				continue
			}
		case ClassRecipient, ClassPolicy:
			e.worked(w)
		}
		break
	}
	return res, ok
}
