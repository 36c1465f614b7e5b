package smtp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// capabilities are what EHLO taught.
type capabilities struct {
	pipelining, chunking, starttls, eightBit, utf8, size bool

	maxSize int64 // of SIZE, 0 for none
	auth    []string
	lines   string // all that was said, but for the greeting
}

// conn is one connection. Only the goroutine that has it uses it, but for
// interrupt.
type conn struct {
	cfg  *Config
	raw  net.Conn // the socket
	look func() socketState
	nc   net.Conn // the socket, or TLS on it
	br   *bufio.Reader
	caps capabilities
	out  []byte // to be written
	text []byte // of the last reply

	lastUse time.Time
	sent    int  // mails taken
	used    bool // a transaction was begun
	reused  bool // it was used before, and this transaction has had no answer yet
	dirty   bool // the last transaction failed: RSET before the next
	broken  bool // no more dialogue is possible
	stale   bool // the server had given the connection up before it took anything of this mail

	unsure bool // what was said, or not said, need not be about this mail

	begun  *transaction // its MAIL, RCPT and DATA are on their way, behind the last dot of the mail before
	trial  bool         // no such transaction of the pool has had an answer yet
	deaf   bool         // nothing was heard of them, as if the server had dropped them
	denied bool         // the trial met a no, to them or to the mail they went with

	mu          sync.Mutex      // guards what interrupt touches: the rest, and the deadlines
	watched     context.Context //nolint:containedctx // its end interrupts; nil when it is given back
	stop        func() bool
	interrupted bool
	final       bool      // the last octet may have left
	drainUntil  time.Time // with final: when to stop waiting
}

var longAgo = time.Unix(1, 0)

// watch lets the end of ctx interrupt what follows.
func (c *conn) watch(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupted, c.final, c.drainUntil, c.stale = false, false, time.Time{}, false
	c.watched, c.stop = ctx, context.AfterFunc(ctx, c.interrupt)
}

// watchOn is watch for a connection that is watched. It is false when that one's
// end has come: then it cannot be used any more.
func (c *conn) watchOn(ctx context.Context) bool {
	if c.watchesOn(ctx) {
		return true
	}
	if !c.unwatch() {
		return false
	}
	c.watch(ctx)
	return true
}

func (c *conn) watchesOn(ctx context.Context) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx != c.watched {
		return false
	}
	c.final, c.stale = false, false
	return !c.interrupted && c.drainUntil.IsZero()
}

// unwatch reports whether the connection is free of its context: after an
// interruption it cannot be used again.
func (c *conn) unwatch() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watched = nil
	return c.stop()
}

// interrupt ends the dialogue at once before the last octet; after it, the
// answer gets Drain more time, or as much as ever when a run alone is stopped.
func (c *conn) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watched == nil { // it was given back in this moment
		return
	}
	if c.final {
		if halt := (*mailing.Halt)(nil); errors.As(context.Cause(c.watched), &halt) {
			c.watched, c.stop = halt.Within, context.AfterFunc(halt.Within, c.interrupt)
			return
		}
		c.drainUntil = time.Now().Add(c.cfg.Timeouts.Drain)
		_ = c.nc.SetDeadline(c.drainUntil) // a write that stands still must not hold a drain either
		return
	}
	c.interrupted = true
	_ = c.nc.SetDeadline(longAgo)
}

// allow gives the next steps of the dialogue so much time.
func (c *conn) allow(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.interrupted {
		return
	}
	until := time.Now().Add(d)
	if !c.drainUntil.IsZero() && c.drainUntil.Before(until) {
		until = c.drainUntil
	}
	_ = c.nc.SetDeadline(until)
}

// enterFinal is called before the write that may complete the mail. From
// here on nothing but time cuts the dialogue.
func (c *conn) enterFinal() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.interrupted {
		return false
	}
	c.final = true
	_ = c.nc.SetDeadline(time.Now().Add(c.cfg.Timeouts.Block))
	return true
}

func (c *conn) wasInterrupted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.interrupted
}

// fail turns an error of the connection into what it means at this point.
func (c *conn) fail(phase model.Phase, err error) *trouble {
	c.broken = true
	switch {
	case c.final:
		return doubt(err)
	case c.wasInterrupted():
		return aborted(mailing.ClassInterrupt, phase, "stopped before the mail was sent")
	}
	// A server that gave an idle connection up says so by closing it; one
	// that does not answer is another matter.
	c.stale = c.reused && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, errGarbage)
	return lost(phase, err)
}

func (c *conn) write(phase model.Phase, b []byte) *trouble {
	if _, err := c.nc.Write(b); err != nil {
		return c.fail(phase, err)
	}
	return nil
}

// read answers the next reply, whose text is valid until the next read.
func (c *conn) read(phase model.Phase) (reply, *trouble) {
	rep, err := readReply(c.br, c.text)
	if err != nil {
		return rep, c.fail(phase, err)
	}
	c.text = rep.text
	if rep.code == 421 {
		c.broken = true // the server closes now (RFC 5321 §3.8)
	}
	return rep, nil
}

// isAnswered reports whether a line of the server has come that was not read.
func (c *conn) isAnswered() bool {
	came, _ := c.br.Peek(c.br.Buffered()) // which does not read
	return bytes.IndexByte(came, '\n') >= 0
}

// command is one step: a line, its reply.
func (c *conn) command(phase model.Phase, line string) (reply, *trouble) {
	c.out = append(append(c.out[:0], line...), "\r\n"...)
	if t := c.write(phase, c.out); t != nil {
		return reply{}, t
	}
	return c.read(phase)
}

// dial connects, greets, secures and logs in. The connection is watched.
func dial(ctx context.Context, cfg *Config) (*conn, *trouble) {
	c, t := connect(ctx, cfg)
	if t != nil {
		return nil, t
	}
	if t := c.open(ctx); t != nil {
		c.unwatch()
		_ = c.raw.Close()
		return nil, t
	}
	c.lastUse = time.Now()
	return c, nil
}

// connect is dial as far as the socket.
func connect(ctx context.Context, cfg *Config) (*conn, *trouble) {
	dctx, cancel := context.WithTimeout(ctx, cfg.Timeouts.Connect)
	defer cancel()
	raw, err := cfg.Dial(dctx, "tcp", cfg.address())
	if err != nil {
		if ctx.Err() != nil {
			return nil, aborted(mailing.ClassInterrupt, model.PhaseConnect, "stopped before the mail was sent")
		}
		return nil, lost(model.PhaseConnect, err)
	}
	c := &conn{cfg: cfg, raw: raw, look: looker(raw), nc: raw}
	c.br = bufio.NewReaderSize(raw, 4<<10)
	c.watch(ctx)
	return c, nil
}

func (c *conn) open(ctx context.Context) *trouble {
	if c.cfg.TLS == TLSImplicit {
		if t := c.handshake(ctx); t != nil {
			return t
		}
	}
	c.allow(c.cfg.Timeouts.Greeting)
	rep, t := c.read(model.PhaseConnect)
	if t != nil {
		return t
	}
	if rep.code != 220 {
		return refused(model.PhaseConnect, rep)
	}
	c.allow(c.cfg.Timeouts.Command)
	if t := c.hello(); t != nil {
		return t
	}
	if c.cfg.TLS == TLSRequired || c.cfg.TLS == TLSOptional && c.caps.starttls {
		if t := c.secure(ctx); t != nil {
			return t
		}
	}
	if c.cfg.Username != "" {
		return c.login()
	}
	return nil
}

func (c *conn) hello() *trouble {
	c.caps = capabilities{}
	rep, t := c.command(model.PhaseEHLO, "EHLO "+c.cfg.HELO)
	if t != nil {
		return t
	}
	if rep.code/100 == 5 { // RFC 5321 §3.2: an old server
		if rep, t = c.command(model.PhaseEHLO, "HELO "+c.cfg.HELO); t != nil {
			return t
		}
		if rep.code != 250 {
			return refused(model.PhaseEHLO, rep)
		}
		return nil
	}
	if rep.code != 250 {
		return refused(model.PhaseEHLO, rep)
	}
	_, lines, _ := strings.Cut(string(rep.text), "\n") // the first one is the greeting
	c.caps.lines = lines
	for line := range strings.Lines(lines) {
		// "AUTH=LOGIN" is the form of servers older than RFC 2554.
		words := strings.Fields(strings.Replace(strings.ToUpper(line), "AUTH=", "AUTH ", 1))
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "PIPELINING":
			c.caps.pipelining = true
		case "CHUNKING":
			c.caps.chunking = true
		case "STARTTLS":
			c.caps.starttls = true
		case "8BITMIME":
			c.caps.eightBit = true
		case "SMTPUTF8":
			c.caps.utf8 = true
		case "AUTH":
			c.caps.auth = append(c.caps.auth, words[1:]...)
		case "SIZE":
			c.caps.size = true
			if len(words) > 1 {
				c.caps.maxSize, _ = strconv.ParseInt(words[1], 10, 64)
			}
		}
	}
	return nil
}

// secure does STARTTLS (RFC 3207) and greets anew.
func (c *conn) secure(ctx context.Context) *trouble {
	if !c.caps.starttls {
		return aborted(mailing.ClassConnection, model.PhaseTLS, "the server offers no STARTTLS, and TLS is required")
	}
	rep, t := c.command(model.PhaseTLS, "STARTTLS")
	if t != nil {
		return t
	}
	if rep.code != 220 {
		return refused(model.PhaseTLS, rep)
	}
	// What stands behind the 220 in clear was put there by somebody who
	// wants it to be taken for the server's protected words (CVE-2011-0411).
	if c.br.Buffered() > 0 {
		return aborted(mailing.ClassConnection, model.PhaseTLS, "unprotected data behind the answer to STARTTLS")
	}
	if t := c.handshake(ctx); t != nil {
		return t
	}
	c.allow(c.cfg.Timeouts.Command)
	return c.hello()
}

func (c *conn) handshake(ctx context.Context) *trouble {
	tc := tls.Client(c.raw, &tls.Config{
		ServerName: c.cfg.ServerName, RootCAs: c.cfg.RootCAs, MinVersion: tls.VersionTLS12,
		//nolint:gosec // with tls=optional on the loopback alone, where in the clear would do too
		InsecureSkipVerify: c.cfg.TLS == TLSOptional && model.IsLoopback(c.cfg.Host),
	})
	c.allow(c.cfg.Timeouts.Connect)
	if err := tc.HandshakeContext(ctx); err != nil {
		if ctx.Err() != nil {
			return aborted(mailing.ClassInterrupt, model.PhaseTLS, "stopped before the mail was sent")
		}
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
			return lost(model.PhaseTLS, err)
		}
		return aborted(mailing.ClassConnection, model.PhaseTLS, fmt.Sprintf("TLS: %v", err))
	}
	c.mu.Lock()
	c.nc = tc
	c.mu.Unlock()
	c.br.Reset(tc)
	return nil
}

func (c *conn) isTLS() bool { return c.nc != c.raw }

// reset forgets a transaction, and finds out whether the server is there.
func (c *conn) reset() *trouble {
	c.allow(c.cfg.Timeouts.Reset)
	rep, t := c.command(model.PhaseMail, "RSET")
	if t != nil {
		return t
	}
	if rep.code/100 != 2 {
		return refused(model.PhaseMail, rep)
	}
	c.dirty, c.lastUse = false, time.Now()
	return nil
}

// quit says goodbye, if that is possible, and closes.
func (c *conn) quit() {
	if !c.broken {
		_ = c.nc.SetDeadline(time.Now().Add(c.cfg.Timeouts.Quit))
		_, _ = c.command(model.PhaseMail, "QUIT")
	}
	_ = c.raw.Close()
}
