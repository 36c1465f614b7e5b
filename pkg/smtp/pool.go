package smtp

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// socketState is what a look at an idle socket tells.
type socketState int

const (
	socketQuiet socketState = iota
	socketHasData
	socketClosed
)

// Pool is the connections to one server. It implements mailing.Transport.
type Pool struct {
	cfg   Config
	log   *slog.Logger
	slots chan struct{} // one for each mail that may be on the wire

	waiting atomic.Int32 // those who wait for a slot
	denials atomic.Int32 // trials that met a no

	mu      sync.Mutex
	closed  bool
	idle    []*conn // the last one used last
	reaper  *time.Timer
	seen    int       // after how many mails a server gave a connection up, the last time
	learned int       // the same twice in a row: its limit; 0 for none known
	since   time.Time // when it was learned
	along   along
	found   time.Time // when that was found out
	leaving sync.WaitGroup
}

var _ mailing.Transport = (*Pool)(nil)

// New makes a pool; it connects when there is mail. A nil log logs nothing.
func New(cfg Config, log *slog.Logger) *Pool {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	cfg = cfg.withDefaults()
	return &Pool{cfg: cfg, log: log.With("transport", cfg.Name), slots: make(chan struct{}, cfg.Connections)}
}

// Name is what reports show of this way out: never the password.
func (p *Pool) Name() string { return p.cfg.Name }

// Connections is how many mails may be on the wire at once.
func (p *Pool) Connections() int { return p.cfg.Connections }

// Probe makes a new connection and keeps it, as mailing.Transport documents it.
// It waits for a place as Send does.
func (p *Pool) Probe(ctx context.Context) *mailing.Result {
	res := &mailing.Result{StartedAt: time.Now().UTC()}
	t := p.probe(ctx)
	if t == nil {
		return nil
	}
	t.fill(res)
	res.FinishedAt = time.Now().UTC()
	return res
}

func (p *Pool) probe(ctx context.Context) *trouble {
	if !p.enter(ctx) {
		return aborted(mailing.ClassInterrupt, model.PhaseConnect, "stopped before there was a connection")
	}
	defer func() { <-p.slots }()
	c, t := p.take(ctx, true)
	if t == nil {
		p.release(c)
	}
	return t
}

// enter takes a slot, or reports false when ctx ends before there is one.
func (p *Pool) enter(ctx context.Context) bool {
	select {
	case p.slots <- struct{}{}:
		return true
	default:
	}
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	select {
	case p.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// take answers an idle connection, or a new one; always when fresh is
// wanted. It is watched.
func (p *Pool) take(ctx context.Context, fresh bool) (*conn, *trouble) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, aborted(mailing.ClassInterrupt, model.PhaseConnect, "the transport is closed")
	}
	var c *conn
	if n := len(p.idle); n > 0 {
		c = p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
	}
	if c != nil && fresh {
		p.leave(c) // it makes room for the new one
		c = nil
	}
	p.mu.Unlock()
	if c != nil {
		c.watch(ctx)
		return c, nil
	}
	c, t := dial(ctx, &p.cfg)
	if t != nil && t.class != mailing.ClassInterrupt {
		p.log.Warn("smtp: no connection", "phase", t.phase, "code", t.code, "detail", t.words)
	}
	return c, t
}

// release takes a connection back, or ends it.
func (p *Pool) release(c *conn) {
	free := c.unwatch()
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.broken || !free || p.closed || p.full(c.sent) {
		p.leave(c)
		return
	}
	if cap(c.out) > 2*block {
		c.out = nil
	}
	_ = c.nc.SetDeadline(time.Time{})
	p.idle = append(p.idle, c)
	if p.reaper == nil {
		p.reaper = time.AfterFunc(p.cfg.Timeouts.Idle, p.reap)
	}
}

// believed is how long it holds what was found out about a server: it may have
// been trouble. One that is started again gives up all its connections, some of
// them after the same number of mails. To find it out anew may cost a doubt.
const believed = 6 * time.Hour

// full reports whether a connection that took so many mails takes no more. p.mu
// is held.
func (p *Pool) full(sent int) bool {
	if p.learned > 0 && time.Since(p.since) > believed {
		p.seen, p.learned = 0, 0
	}
	limit := p.cfg.MessagesPerConnection
	if limit == 0 || p.learned > 0 && p.learned < limit {
		limit = p.learned
	}
	return limit > 0 && sent >= limit
}

// leave ends a connection in the background. p.mu is held.
func (p *Pool) leave(c *conn) {
	if c.broken {
		_ = c.raw.Close()
		return
	}
	p.leaving.Go(c.quit)
}

// learn notes after how many mails the server gave a connection up that was
// in use: the same number twice in a row is taken for its limit, so that the
// next connection is left before it is closed.
func (p *Pool) learn(c *conn) {
	if time.Since(c.lastUse) > probeAfter || c.sent == 0 {
		return // closed in idleness: nothing to learn
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.sent == p.seen && c.sent != p.learned {
		p.learned, p.since = c.sent, time.Now()
		p.log.Info("smtp: the server limits the mails of a connection", "mails", c.sent)
	}
	p.seen = c.sent
}

// reap ends connections that nobody has used for Timeouts.Idle.
func (p *Pool) reap() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaper = nil
	if p.closed {
		return
	}
	n := 0
	for n < len(p.idle) && time.Since(p.idle[n].lastUse) >= p.cfg.Timeouts.Idle {
		p.leave(p.idle[n])
		n++
	}
	p.idle = append(p.idle[:0], p.idle[n:]...)
	if len(p.idle) > 0 {
		p.reaper = time.AfterFunc(p.cfg.Timeouts.Idle-time.Since(p.idle[0].lastUse), p.reap)
	}
}

// Close says QUIT on idle connections and closes them. Mails on the wire go
// on, and their connections are closed behind them; later ones are aborted
// with ClassInterrupt.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	if p.reaper != nil {
		p.reaper.Stop()
	}
	for _, c := range p.idle {
		p.leave(c)
	}
	p.idle = nil
	p.mu.Unlock()
	p.leaving.Wait()
	return nil
}
