package smtp

import (
	"context"
	"time"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// along is whether a server takes the next transaction behind the last dot of
// a mail. RFC 2920 §3.1 says that every server with PIPELINING does; one that
// drops what stands there is found out by one connection, before the others do
// the same.
type along int

const (
	alongUnknown along = iota
	alongTried
	alongTaken
	alongDropped
)

// denials is how many trials may meet a no before the pool does it no more. The
// no may be meant for the mail, so that one proves nothing.
const denials = 3

// line is one caller's way through a pool. While conn is there, the envelope of
// tx is on its way on it, and it holds a slot.
type line struct {
	pool *Pool
	next func() *mailing.Mail // of the mail that is on its way
	mail *mailing.Mail        // of tx, which next has answered
	tx   *transaction
	conn *conn
}

// Line is a line of the pool.
func (p *Pool) Line() mailing.Line { return &line{pool: p} }

// Send makes one attempt, as mailing.Line documents it, on a connection of the
// pool that is free, when there is one. When ctx ends before the last octet, the
// mail is aborted with ClassInterrupt; after it, the answer is waited for up to
// Timeouts.Drain. A connection that the server had closed while it was idle
// is replaced once without a trace.
func (l *line) Send(ctx context.Context, mail *mailing.Mail, intent mailing.Intent, next func() *mailing.Mail) mailing.Result {
	res := mailing.Result{StartedAt: time.Now().UTC()}
	tx, t := l.tx, (*trouble)(nil)
	if mail != l.mail {
		l.Drop()
		tx, t = newTransaction(mail, l.pool.cfg.Bounce)
	}
	l.next, l.mail, l.tx = next, nil, nil
	if t == nil {
		tx.ctx, tx.intent = ctx, intent
		if next != nil {
			tx.line = l
		}
		t = l.send(tx, &res)
		res.Intended, res.Named = tx.intended, tx.named
	}
	l.next = nil
	if t != nil {
		t.fill(&res)
	}
	res.FinishedAt = time.Now().UTC()
	return res
}

// prepare makes the transaction that may begin with the last octets of the one
// that is on its way on a connection.
func (l *line) prepare(c *conn) {
	if !l.pool.mayBegin(c) {
		return
	}
	if mail := l.next(); mail != nil {
		tx, t := newTransaction(mail, l.pool.cfg.Bounce)
		if t == nil && c.admit(tx) == nil { // else its own Send says so
			l.mail, l.tx = mail, tx
		}
	}
}

// begin answers it, nil for none. It leaves now.
func (l *line) begin(c *conn) *transaction {
	if l.tx == nil || !l.pool.begins(c) {
		return nil
	}
	return l.tx
}

// Drop gives up what was begun. There is no way back from DATA but to close.
func (l *line) Drop() {
	c := l.conn
	l.mail, l.tx, l.conn = nil, nil, nil
	if c == nil {
		return
	}
	l.pool.abandon(c)
	<-l.pool.slots
}

// send fills res, or answers why there is nothing to fill it with.
func (l *line) send(tx *transaction, res *mailing.Result) *trouble {
	p := l.pool
	if l.conn == nil && !p.enter(tx.ctx) {
		return aborted(mailing.ClassInterrupt, model.PhaseConnect, "stopped before the mail was sent")
	}
	defer func() {
		if l.conn == nil {
			<-p.slots
		}
	}()
	res.StartedAt = time.Now().UTC()
	for fresh := false; ; fresh = true {
		tx.named = false
		c, t := l.take(tx.ctx, fresh)
		if t != nil {
			return t
		}
		trial := c.trial
		rep, t := l.transact(c, tx)
		if t == nil {
			c.sent++
			c.lastUse = time.Now()
			res.Outcome, res.Phase, res.Code = model.OutcomeSent, model.PhaseResponse, rep.code
			res.Enhanced, res.Response = rep.words()
		}
		switch {
		case c.denied:
			p.denied(c)
		case c.deaf, c.trial && c.broken && tx.ctx.Err() == nil:
			p.tried(c, alongDropped)
		case trial && !c.trial:
			p.tried(c, alongTaken)
		}
		again := t != nil && (c.stale || c.unsure) && !fresh
		if again && c.stale {
			p.learn(c)
		}
		l.release(c)
		if !again {
			return t
		}
		tx.line = nil // one may be begun already, and there is no third connection for what a trial meets
	}
}

// transact leaves no connection open when it panics.
func (l *line) transact(c *conn, tx *transaction) (reply, *trouble) {
	ended := false
	defer func() {
		if !ended {
			l.pool.abandon(c)
		}
	}()
	rep, t := c.transact(tx)
	ended = true
	return rep, t
}

// take answers the connection on which the transaction was begun, or one of the
// pool.
func (l *line) take(ctx context.Context, fresh bool) (*conn, *trouble) {
	c := l.conn
	l.conn = nil
	switch {
	case ctx.Err() != nil:
		if c != nil {
			l.pool.abandon(c)
		}
		return nil, aborted(mailing.ClassInterrupt, model.PhaseConnect, "stopped before the mail was sent")
	case c == nil:
		return l.pool.take(ctx, fresh)
	case !c.watchOn(ctx):
		l.pool.abandon(c)
		return l.pool.take(ctx, fresh)
	}
	return c, nil
}

// release keeps a connection on which a transaction was begun, and gives the
// pool every other one.
func (l *line) release(c *conn) {
	if c.begun != nil {
		if !c.broken { // it stays watched, for its next mail
			l.conn = c
			return
		}
		c.broken = true // no QUIT may follow DATA
	}
	l.pool.notTried(c) // our own end proves nothing
	l.pool.release(c)
}

// mayBegin reports whether a transaction may begin with the last octets of a
// mail on a connection, as it looks now.
func (p *Pool) mayBegin(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.along == alongDropped && time.Since(p.found) > believed {
		p.along = alongUnknown
		p.denials.Store(0)
	}
	return p.takesAlong(c) && p.along != alongTried && p.along != alongDropped
}

// begins reports whether it begins, and makes a trial of the first one.
func (p *Pool) begins(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.takesAlong(c) {
		return false
	}
	if p.along == alongUnknown {
		p.along, c.trial = alongTried, true
	}
	return c.trial || p.along == alongTaken
}

// takesAlong is false where mails go in one flight, and while somebody waits for
// a slot, which a transaction that begins would keep. p.mu is held.
func (p *Pool) takesAlong(c *conn) bool {
	return c.caps.pipelining && !c.caps.chunking && !p.closed && p.waiting.Load() == 0 && !p.full(c.sent+1)
}

// notTried takes back that a connection was to find out what the server does.
func (p *Pool) notTried(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.trial {
		p.along, c.trial = alongUnknown, false
	}
}

// abandon closes a connection on which a transaction was begun.
func (p *Pool) abandon(c *conn) {
	p.notTried(c)
	c.unwatch()
	_ = c.raw.Close()
}

// tried notes what a connection found out.
func (p *Pool) tried(c *conn, found along) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.along, p.found, c.trial = found, time.Now(), false
	if found == alongDropped {
		p.log.Info("smtp: the server does not take the next mail behind the last dot; they go one after the other")
	}
}

// denied notes that a trial met a no, which was not believed.
func (p *Pool) denied(c *conn) {
	if p.denials.Add(1) < denials {
		p.tried(c, alongUnknown)
	} else {
		p.tried(c, alongDropped)
	}
}
