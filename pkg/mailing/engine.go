package mailing

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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
	maxPumps   = 3 // chunks of one run in one process at a time
	maxMoves   = 8 // runs that are moved at a time
)

// Engine sends: one per worker process.
type Engine struct {
	*Service
	transport Transport
	ledger    *ledger
	worker    store.Worker
	log       *slog.Logger

	jobs   chan *job
	moves  chan struct{}   // a place for each run that may be moved at a time
	drain  chan struct{}   // closed, under mu, when no new mail may begin
	send   context.Context // ends when drain closes; what is on the wire may still end
	halt   context.CancelFunc
	last   context.Context // ends when draining has taken too long: then nothing is waited for
	abort  context.CancelFunc
	offset atomic.Int64    // the database's clock minus ours, in nanoseconds
	work   sync.WaitGroup  // pumps, alarms and system mails
	counts [5]atomic.Int64 // attempts, by the place of their outcome in Outcomes

	claims sync.RWMutex // held for reading while a chunk is claimed
	unsure atomic.Bool  // the answer to a claim or a release was lost

	mu      sync.Mutex
	held    map[int64]bool // the fences of the claims this engine knows of
	mails   map[int64]bool // system mails on their way
	pumps   map[int64]int
	alarms  map[int64]bool
	letters map[int64]*letter
	rates   map[int64]*permits
	streaks map[int64]*streak
	breaker breaker
}

// NewEngine makes an engine that sends by one transport. It does nothing until
// Run.
func NewEngine(s *Service, t Transport) *Engine {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	host, _ := os.Hostname()
	e := &Engine{
		Service: s, transport: t, log: s.log.With("worker", hex.EncodeToString(id[:])),
		worker:  store.Worker{ID: hex.EncodeToString(id[:]), Host: host, PID: int64(os.Getpid())},
		jobs:    make(chan *job),
		moves:   make(chan struct{}, maxMoves),
		drain:   make(chan struct{}),
		held:    map[int64]bool{},
		mails:   map[int64]bool{},
		pumps:   map[int64]int{},
		alarms:  map[int64]bool{},
		letters: map[int64]*letter{},
		rates:   map[int64]*permits{},
		streaks: map[int64]*streak{},
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
	var parts, senders sync.WaitGroup
	beats, stopBeats := context.WithCancel(e.last)
	defer stopBeats()
	parts.Go(func() { e.beat(beats) })
	ledgerDone := make(chan struct{})
	go func() { e.ledger.run(e.last); close(ledgerDone) }()
	for range e.transport.Connections() {
		senders.Go(e.sender)
	}
	e.sweeps(ctx)

	e.mu.Lock()
	close(e.drain)
	e.mu.Unlock()
	e.halt()
	rest := time.AfterFunc(drainLimit, e.abort)
	defer rest.Stop()
	e.work.Wait()
	close(e.jobs)
	senders.Wait()
	close(e.ledger.in)
	<-ledgerDone
	err := e.transport.Close()
	stopBeats()
	parts.Wait()
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if leaveErr := e.store.Leave(leaving, e.worker.ID); leaveErr != nil {
		e.log.Warn("the worker could not say that it leaves", "error", leaveErr)
	}
	return err
}

func (e *Engine) draining() bool {
	select {
	case <-e.drain:
		return true
	default:
		return false
	}
}

// now is the database's clock as this process knows it from its last beat.
func (e *Engine) now() time.Time { return time.Now().Add(time.Duration(e.offset.Load())).UTC() }

// background does work that ends with the engine, and none once it drains.
func (e *Engine) background(work func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.draining() {
		e.work.Go(work)
	}
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

// kick sees to it that enough pumps work on a run.
func (e *Engine) kick(runID int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.pumps[runID] < maxPumps && !e.draining() {
		e.pumps[runID]++
		e.work.Go(func() { e.pump(runID) })
	}
}

// pump claims chunks of a run and sends them, one after another, until there
// is none to claim.
func (e *Engine) pump(runID int64) {
	defer e.leave(runID)
	for !e.draining() {
		if until, open := e.breaker.open(time.Now()); open {
			e.waits(runID, model.ReasonTransportDown, until)
			return
		}
		claim, err := e.claim(runID)
		if err != nil {
			if e.send.Err() == nil {
				e.log.Warn("no chunk could be claimed", "run_id", runID, "error", err)
			}
			return
		}
		if claim == nil {
			break
		}
		e.deliver(claim)
	}
	if err := e.rest(e.last, runID); err != nil {
		e.log.Warn("a run could not be settled", "run_id", runID, "error", err)
	}
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

// leave ends a pump; the last one of a run forgets what was kept for it.
func (e *Engine) leave(runID int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pumps[runID]--; e.pumps[runID] == 0 {
		delete(e.pumps, runID)
		delete(e.letters, runID)
		delete(e.streaks, runID)
	}
}

// waits notes why a run does not go on.
func (e *Engine) waits(runID int64, reason string, until time.Time) {
	if err := e.store.Waits(e.last, runID, reason); err != nil {
		e.log.Warn("why a run waits could not be noted", "run_id", runID, "error", err)
	}
	if reason != "" {
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
	if _, rests := e.breaker.open(time.Now()); rests {
		return nil // the sweep comes back to it
	}
	m, err := e.store.TakeSystemMail(ctx, id)
	if err != nil || m == nil {
		return err
	}
	now := e.now()
	mail, err := e.systemMail(m)
	if err != nil {
		m.FailedAt, m.LastAnswer = &now, err.Error()
		return e.store.SettleSystemMail(ctx, m)
	}
	sending, cancel := context.WithTimeout(e.send, store.SystemMailLease*3/4)
	defer cancel()
	res := e.transport.Send(sending, mail, func(context.Context) error { return nil })
	now = e.now()
	m.LastAnswer = res.Response
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
