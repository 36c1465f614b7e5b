package mailbox

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// errHangUp ends a connection as the script wants.
var errHangUp = errors.New("mailbox: sink: hang up")

// sinkConn is one connection of a Sink. Replies gather in out and leave when
// the next read would have to wait, as a server with PIPELINING should do
// (RFC 2920 §3.2).
type sinkConn struct {
	sink   *Sink
	conn   net.Conn
	br     *bufio.Reader
	out    []byte
	number int64
	mails  int64

	helo, authed, mail bool
	from               []byte
	to                 []string // with KeepCount or without a script: only rcpts
	rcpts              int
	messageID          []byte
	inHeader, bdat     bool
	data               []byte
	held               []byte // the DATA or BDAT line, while the mail is read
}

func newSinkConn(s *Sink, conn net.Conn, number int64) *sinkConn {
	if s.opts.TLS != nil && s.opts.Implicit {
		conn = tls.Server(conn, s.opts.TLS)
	}
	c := &sinkConn{sink: s, conn: conn, number: number}
	c.br = bufio.NewReaderSize(c, 16<<10)
	return c
}

// Read is the bufio.Reader's source: what is to be said is said before
// waiting for more.
func (c *sinkConn) Read(p []byte) (int, error) {
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.conn.Read(p)
}

func (c *sinkConn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	if err := c.pause(c.sink.opts.Latency); err != nil {
		return err
	}
	_, err := c.conn.Write(c.out)
	c.out = c.out[:0]
	return err
}

func (c *sinkConn) pause(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.sink.done:
		return net.ErrClosed
	}
}

func (c *sinkConn) serve() {
	if _, err := c.reply(SinkGreeting, nil, 220, "sink.localhost ESMTP"); err != nil {
		return
	}
	for {
		line, err := c.line()
		if err != nil {
			return
		}
		if err := c.command(line); err != nil {
			return
		}
	}
}

// line reads one line without its end. What is longer than the buffer is not
// a command any more.
func (c *sinkConn) line() ([]byte, error) {
	line, err := c.br.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// ask lets the script decide, where there is one.
func (c *sinkConn) ask(phase SinkPhase, line []byte) (r Reply) {
	if c.sink.opts.Script == nil {
		return r
	}
	step := Step{
		Phase: phase, Total: c.sink.Count(), Conn: c.number, Mails: c.mails, Command: string(line), From: string(c.from),
		MessageID: string(c.messageID), BDAT: c.bdat,
	}
	if len(c.to) > 0 {
		step.To = c.to[len(c.to)-1]
	}
	return c.sink.opts.Script(step)
}

// reply says the script's answer or else the own one, and tells which code
// it was. At SinkBody an accepted mail is counted before its answer leaves.
func (c *sinkConn) reply(phase SinkPhase, line []byte, code int, text string) (int, error) {
	return c.obey(c.ask(phase, line), phase, code, text)
}

func (c *sinkConn) obey(r Reply, phase SinkPhase, code int, text string) (int, error) {
	if r.Code != 0 {
		code, text = r.Code, r.Text
	}
	if r.Raw != "" {
		code, _ = strconv.Atoi(r.Raw[:min(3, len(r.Raw))])
	}
	spoken := r.Action == Answer || r.Action == AnswerAndClose
	if phase == SinkBody && (r.Accept || spoken && code/100 == 2) {
		c.mails++
		c.sink.took(c)
	}
	if r.Wait > 0 { // what was to be said before is said before
		if err := c.flush(); err != nil {
			return code, err
		}
		if err := c.pause(r.Wait); err != nil {
			return code, err
		}
	}
	if spoken {
		if r.Raw != "" {
			c.out = append(c.out, r.Raw...)
		} else {
			c.say(code, text)
		}
	}
	switch r.Action {
	case AnswerAndClose:
		_ = c.flush()
		return code, errHangUp
	case Drop, Hang:
		return code, c.leave(r)
	}
	return code, nil
}

// leave does the actions that end a dialogue without a word. What was said
// before still goes out.
func (c *sinkConn) leave(r Reply) error {
	_ = c.flush()
	if r.Action == Hang {
		_, _ = io.Copy(io.Discard, c.conn)
	}
	if r.Away > 0 {
		c.sink.goAway(r.Away)
	}
	return errHangUp
}

func (c *sinkConn) say(code int, text string) {
	for {
		line, rest, more := strings.Cut(text, "\n")
		c.out = strconv.AppendInt(c.out, int64(code), 10)
		if more {
			c.out = append(c.out, '-')
		} else {
			c.out = append(c.out, ' ')
		}
		c.out = append(c.out, line...)
		c.out = append(c.out, '\r', '\n')
		if !more {
			return
		}
		text = rest
	}
}

func (c *sinkConn) reset() {
	c.mail, c.rcpts, c.bdat = false, 0, false
	c.from, c.to = c.from[:0], c.to[:0]
	c.messageID, c.data, c.inHeader = c.messageID[:0], c.data[:0], true
	if cap(c.data) > 1<<20 {
		c.data = nil
	}
}

func (c *sinkConn) command(line []byte) error {
	verb, rest, _ := bytes.Cut(line, []byte(" "))
	is := func(name string) bool { return len(verb) == len(name) && bytes.EqualFold(verb, []byte(name)) }
	var err error
	switch {
	case is("MAIL"):
		err = c.onMail(line, rest)
	case is("RCPT"):
		err = c.onRcpt(line, rest)
	case is("DATA"):
		err = c.onData(line)
	case is("BDAT"):
		err = c.onBDAT(line, rest)
	case is("EHLO"):
		c.reset()
		var code int
		code, err = c.reply(SinkEHLO, line, 250, c.greeting())
		c.helo = c.helo || code == 250
	case is("HELO"):
		c.reset()
		var code int
		code, err = c.reply(SinkHELO, line, 250, "sink.localhost")
		c.helo = c.helo || code == 250
	case is("STARTTLS"):
		err = c.onSTARTTLS(line)
	case is("AUTH"):
		err = c.onAuth(line, string(rest))
	case is("RSET"):
		c.reset()
		_, err = c.reply(SinkReset, line, 250, "2.0.0 forgotten")
	case is("NOOP"):
		c.say(250, "2.0.0 fine")
	case is("QUIT"):
		if _, err = c.reply(SinkQuit, line, 221, "2.0.0 bye"); err == nil {
			_ = c.flush()
			err = errHangUp
		}
	default:
		c.say(500, "5.5.2 not understood")
	}
	return err
}

func (c *sinkConn) greeting() string {
	lines := []string{"sink.localhost"}
	if !c.sink.opts.NoPipelining {
		lines = append(lines, "PIPELINING")
	}
	if !c.sink.opts.NoChunking {
		lines = append(lines, "CHUNKING")
	}
	if _, secure := c.conn.(*tls.Conn); c.sink.opts.TLS != nil && !secure {
		lines = append(lines, "STARTTLS")
	}
	lines = append(lines, c.sink.opts.Extensions...)
	return strings.Join(append(lines, "ENHANCEDSTATUSCODES"), "\n")
}

// address cuts the address out of FROM:<…> or TO:<…>.
func address(rest []byte) []byte {
	i, j := bytes.IndexByte(rest, '<'), bytes.IndexByte(rest, '>')
	if i < 0 || j < i {
		return nil
	}
	return rest[i+1 : j]
}

func (c *sinkConn) onMail(line, rest []byte) error {
	code, text := 250, "2.1.0 fine"
	switch {
	case !c.helo:
		code, text = 503, "5.5.1 EHLO first"
	case c.sink.opts.Username != "" && !c.authed:
		code, text = 530, "5.7.0 authentication required"
	case c.mail:
		code, text = 503, "5.5.1 nested MAIL"
	}
	if code == 250 {
		c.reset()
		c.from = append(c.from, address(rest)...)
	}
	code, err := c.reply(SinkMail, line, code, text)
	c.mail = c.mail || code == 250
	return err
}

func (c *sinkConn) onRcpt(line, rest []byte) error {
	code, text := 250, "2.1.5 fine"
	if !c.mail {
		code, text = 503, "5.5.1 MAIL first"
	}
	named := c.sink.opts.names()
	if named {
		c.to = append(c.to, string(address(rest)))
	}
	code, err := c.reply(SinkRcpt, line, code, text)
	if code/100 == 2 && c.mail {
		c.rcpts++
	} else if named {
		c.to = c.to[:len(c.to)-1]
	}
	return err
}

// finish answers the mail and forgets it.
func (c *sinkConn) finish() error {
	code, text := 250, "2.0.0 taken"
	if c.rcpts == 0 {
		code, text = 554, "5.5.1 no valid recipients"
	}
	_, err := c.reply(SinkBody, c.held, code, text)
	c.reset()
	return err
}

func (c *sinkConn) onData(line []byte) error {
	code, text := 354, "go on"
	switch {
	case !c.mail:
		code, text = 503, "5.5.1 MAIL first"
	case c.rcpts == 0:
		code, text = 554, "5.5.1 no valid recipients"
	}
	code, err := c.reply(SinkData, line, code, text)
	if err != nil || code != 354 {
		return err
	}
	if r := c.ask(SinkContent, line); r.Action == Drop || r.Action == Hang {
		return c.leave(r)
	}
	c.held = append(c.held[:0], line...)
	// A line begins after CRLF only: a bare LF never does (no smuggling).
	for start := true; ; {
		part, err := c.br.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		ended := bytes.HasSuffix(part, []byte("\r\n"))
		if start && ended && len(part) == 3 && part[0] == '.' {
			return c.finish()
		}
		if start && part[0] == '.' {
			part = part[1:]
		}
		c.content(part)
		start = ended
	}
}

func (c *sinkConn) onBDAT(line, rest []byte) error {
	size, last, _ := strings.Cut(string(rest), " ")
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 0 {
		c.say(501, "5.5.4 BDAT wants a size")
		return nil
	}
	c.held = append(c.held[:0], line...) // the reader's buffer moves on with the chunk
	c.bdat = true
	if r := c.ask(SinkContent, line); r.Action == Drop || r.Action == Hang {
		return c.leave(r)
	}
	for n > 0 {
		chunk, err := c.br.Peek(int(min(n, int64(c.br.Size()))))
		if err != nil {
			return err
		}
		c.content(chunk)
		n -= int64(len(chunk))
		_, _ = c.br.Discard(len(chunk))
	}
	if !strings.EqualFold(last, "LAST") {
		c.say(250, "2.0.0 more")
		return nil
	}
	return c.finish()
}

// content looks for the Message-ID in the header, as far as it stands within
// one piece of the mail, and keeps what is to be kept.
func (c *sinkConn) content(part []byte) {
	if c.sink.opts.Keep == KeepMails {
		c.data = append(c.data, part...)
	}
	const name = "message-id:"
	for c.inHeader && len(part) > 0 {
		line := part
		if i := bytes.IndexByte(part, '\n'); i >= 0 {
			line = part[:i+1]
		}
		part = part[len(line):]
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			c.inHeader = false
		} else if line[0]|0x20 == 'm' && len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			c.messageID = append(c.messageID[:0], bytes.Trim(line[len(name):], " <>")...)
		}
	}
}

func (c *sinkConn) onSTARTTLS(line []byte) error {
	code, text := 220, "2.0.0 go on"
	if c.sink.opts.TLS == nil {
		code, text = 502, "5.5.1 no TLS here"
	}
	code, err := c.reply(SinkSTARTTLS, line, code, text)
	if err != nil || code != 220 {
		return err
	}
	if err := c.flush(); err != nil {
		return err
	}
	if c.sink.opts.TLS == nil {
		return errHangUp
	}
	c.conn = tls.Server(c.conn, c.sink.opts.TLS)
	c.br.Reset(c) // what came in clear behind STARTTLS is nobody's (RFC 3207 §4.2)
	c.helo, c.authed = false, false
	c.reset()
	return nil
}
