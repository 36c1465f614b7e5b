package smtp

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/pkg/failpoint"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// probeAfter is how long a connection may be idle before a one-flight mail
// makes sure with RSET that the server is still there: firewalls and servers
// drop idle connections in silence, and the mail would be in doubt.
const probeAfter = time.Second

// trialPatience is how long the first transaction that was begun behind the
// last dot of a mail is waited for, when that mail has its answer. A server that
// drops what stands there never answers.
const trialPatience = 10 * time.Second

// block is the most that one write takes. The last block of a mail is the
// one that counts as its last octet.
const block = 64 << 10

// transaction is one mail on its way, over one connection or a second one
// when the first was found dead in time.
type transaction struct {
	ctx      context.Context
	from, to string
	data     []byte
	dotted   bool // a line of it begins with a dot
	eightBit bool // the data is not ASCII
	utf8     bool // an address is not ASCII
	intent   mailing.Intent
	intended bool
	named    bool  // RCPT has left, or is about to
	line     *line // whose next transaction may begin with the last octets of this one; nil for none
}

// newTransaction refuses what must not reach any wire.
func newTransaction(mail *mailing.Mail, bounce string) (*transaction, *trouble) {
	tx := &transaction{from: mail.From, to: mail.To, data: mail.Data}
	if bounce != "" {
		tx.from = bounce
	}
	if err := checkPath(tx.from); err != nil {
		return nil, aborted(mailing.ClassSender, model.PhaseMail, "not sent: the sender's address "+err.Error())
	}
	if err := checkPath(tx.to); err != nil || tx.to == "" {
		if err == nil {
			err = errors.New("is empty")
		}
		return nil, &trouble{outcome: model.OutcomeFailed, phase: model.PhaseRcpt, words: "not sent: the recipient's address " + err.Error()}
	}
	var err error
	if tx.dotted, err = checkData(tx.data); err != nil {
		return nil, &trouble{outcome: model.OutcomeFailed, phase: model.PhaseBody, words: "not sent: the mail " + err.Error()}
	}
	tx.eightBit = !isASCII(tx.data)
	tx.utf8 = !isASCII([]byte(tx.from)) || !isASCII([]byte(tx.to))
	return tx, nil
}

// checkPath refuses what could leave the brackets of a command.
func checkPath(addr string) error {
	if len(addr) > 254 { // RFC 5321 §4.5.3.1.3, without the brackets
		return errors.New("is longer than 254 octets")
	}
	if strings.ContainsFunc(addr, func(r rune) bool { return r <= ' ' || r >= 0x7f && r < 0xa0 || r == '<' || r == '>' || r == '\uFFFD' }) {
		return errors.New("has a character that cannot stand in an SMTP command")
	}
	return nil
}

// checkData wants CRLF line ends and nothing that some server on the way
// could take for one: a bare CR or LF lets a text end the mail and begin
// another ("smuggling", RFC 5321 §2.3.8). It tells whether a line begins with a
// dot.
func checkData(data []byte) (dotted bool, err error) {
	if !bytes.HasSuffix(data, []byte("\r\n")) {
		return false, errors.New("does not end with CRLF")
	}
	lines := 0
	for rest := data; len(rest) > 0; lines++ {
		i := bytes.IndexByte(rest, '\n')
		if i < 1 || rest[i-1] != '\r' {
			return false, errors.New("has a bare LF")
		}
		dotted = dotted || rest[0] == '.'
		rest = rest[i+1:]
	}
	if bytes.Count(data, []byte("\r")) != lines {
		return false, errors.New("has a bare CR")
	}
	return dotted, nil
}

func isASCII(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// leave waits for the intent, once in the life of the transaction. Meanwhile it
// makes what may begin with its last octets.
func (c *conn) leave(tx *transaction) *trouble {
	if tx.intended {
		return nil
	}
	var meanwhile func()
	if tx.line != nil {
		meanwhile = func() { tx.line.prepare(c) }
	}
	if err := tx.intent.Wait(tx.ctx, meanwhile); err != nil {
		return aborted(mailing.ClassIntent, model.PhaseData, "not sent: "+err.Error())
	}
	tx.intended = true
	return nil
}

// transact makes the transaction. Without trouble the reply is the server's
// yes.
func (c *conn) transact(tx *transaction) (reply, *trouble) {
	if t := c.admit(tx); t != nil {
		return reply{}, t
	}
	c.reused = c.used
	if c.begun != nil {
		return c.twoFlights(tx)
	}
	oneFlight := c.caps.chunking && c.caps.pipelining
	if t := c.ready(oneFlight); t != nil {
		return reply{}, t
	}
	if !oneFlight {
		return c.twoFlights(tx)
	}
	if t := c.leave(tx); t != nil {
		return reply{}, t
	}
	// The intent waits for a database: look again, before it is too late.
	if t := c.ready(true); t != nil {
		return reply{}, t
	}
	return c.oneFlight(tx)
}

// admit refuses what this server cannot take.
func (c *conn) admit(tx *transaction) *trouble {
	if n := int64(len(tx.data)); c.caps.maxSize > 0 && n > c.caps.maxSize {
		return aborted(mailing.ClassTooLarge, model.PhaseMail, "not sent: the mail has "+strconv.FormatInt(n, 10)+
			" octets, the server takes "+strconv.FormatInt(c.caps.maxSize, 10))
	}
	if tx.utf8 && !c.caps.utf8 {
		return &trouble{outcome: model.OutcomeFailed, phase: model.PhaseMail, words: "not sent: the address has non-ASCII letters and the server has no SMTPUTF8 (RFC 6531)"}
	}
	if tx.eightBit && !c.caps.eightBit {
		return &trouble{outcome: model.OutcomeFailed, phase: model.PhaseMail, words: "not sent: the mail is 8-bit and the server has no 8BITMIME (RFC 6152)"}
	}
	return nil
}

// ready makes sure that a connection that was used, or waited, can take a
// transaction. Whatever it finds, nothing of the mail has left, so that the
// mail may try another connection.
func (c *conn) ready(probe bool) *trouble {
	t := c.probe(c.dirty || probe && time.Since(c.lastUse) > probeAfter)
	if t == nil {
		return nil
	}
	c.broken = true
	if t.class != mailing.ClassInterrupt {
		// Whatever was said instead of the answer to RSET, it was not about
		// this mail.
		t.outcome, t.class, c.stale = model.OutcomeAborted, mailing.ClassConnection, true
	}
	return t
}

func (c *conn) probe(ask bool) *trouble {
	if c.used && !ask {
		switch c.look() {
		case socketClosed:
			return c.fail(model.PhaseMail, io.EOF)
		case socketHasData:
			ask = true
		}
	}
	switch {
	case c.br.Buffered() > 0, ask && !c.isTLS() && c.look() == socketHasData:
		// Words nobody asked for, a 421 most likely, would be taken for the
		// answer to what is said next. (Below TLS it need not be words.)
		rep, t := c.read(model.PhaseMail)
		if t == nil {
			t = refused(model.PhaseMail, rep)
		}
		return t
	case ask:
		return c.reset()
	}
	return nil
}

func (c *conn) appendMail(tx *transaction) {
	c.out = append(c.out, "MAIL FROM:<"...)
	c.out = append(c.out, tx.from...)
	c.out = append(c.out, '>')
	if c.caps.size { // RFC 1870
		c.out = append(c.out, " SIZE="...)
		c.out = strconv.AppendInt(c.out, int64(len(tx.data)), 10)
	}
	if tx.eightBit {
		c.out = append(c.out, " BODY=8BITMIME"...)
	}
	if tx.utf8 {
		c.out = append(c.out, " SMTPUTF8"...)
	}
	c.out = append(c.out, "\r\n"...)
}

func (c *conn) appendRcpt(tx *transaction) {
	c.out = append(c.out, "RCPT TO:<"...)
	c.out = append(c.out, tx.to...)
	c.out = append(c.out, ">\r\n"...)
}

// put adds to the output and writes full blocks of it, never the last one.
func (c *conn) put(b []byte) *trouble {
	for len(b) > 0 {
		if len(c.out) >= block {
			c.allow(c.cfg.Timeouts.Block)
			if t := c.write(model.PhaseBody, c.out); t != nil {
				return t
			}
			c.out = c.out[:0]
		}
		n := min(len(b), block-len(c.out))
		c.out, b = append(c.out, b[:n]...), b[n:]
	}
	return nil
}

// complete writes the block with the last octet, which is the one before end.
// An error with that octet left over proves that the mail is not complete; no
// other error proves anything.
func (c *conn) complete(end int) *trouble {
	if !c.enterFinal() {
		c.broken = true
		return aborted(mailing.ClassInterrupt, model.PhaseBody, "stopped before the mail was sent")
	}
	n, err := c.nc.Write(c.out)
	if err != nil {
		if n < end {
			c.mu.Lock()
			c.final, c.interrupted = false, !c.drainUntil.IsZero()
			c.mu.Unlock()
		}
		return c.fail(model.PhaseBody, err)
	}
	failpoint.Hit("after_last_byte")
	c.allow(c.cfg.Timeouts.Response)
	return nil
}

// oneFlight sends MAIL, RCPT and BDAT LAST with the mail, then reads the
// three answers. The first no is the outcome.
func (c *conn) oneFlight(tx *transaction) (reply, *trouble) {
	c.out = c.out[:0]
	c.appendMail(tx)
	c.appendRcpt(tx)
	c.out = append(c.out, "BDAT "...)
	c.out = strconv.AppendInt(c.out, int64(len(tx.data)), 10)
	c.out = append(c.out, " LAST\r\n"...)
	tx.named = true
	t := c.put(tx.data)
	if t == nil {
		t = c.complete(len(c.out))
	}
	c.used = true
	if t != nil {
		return reply{}, t
	}
	var no *trouble
	for _, phase := range []model.Phase{model.PhaseMail, model.PhaseRcpt, model.PhaseResponse} {
		rep, t := c.read(phase)
		switch {
		case t != nil && no != nil:
			return reply{}, no // what follows a no cannot change it
		case t != nil:
			return reply{}, t
		case no != nil:
			continue
		case rep.code/100 == 2 && phase == model.PhaseResponse:
			failpoint.Hit("after_250")
			return rep, nil
		case rep.code/100 == 2:
			continue
		case rep.code/100 == 3:
			// Not an answer to anything of this flight: what the server
			// did with the mail is anybody's guess.
			c.broken = true
			return reply{}, doubt(errGarbage)
		}
		no = refused(phase, rep)
		c.dirty = true
		if rep.code == 421 {
			c.stale = phase == model.PhaseMail && c.reused
			return reply{}, no
		}
	}
	return reply{}, no
}

// appendEnvelope appends MAIL, RCPT and DATA, and answers where the first two
// of them end.
func (c *conn) appendEnvelope(tx *transaction) (mail, rcpt int) {
	c.appendMail(tx)
	mail = len(c.out)
	c.appendRcpt(tx)
	rcpt = len(c.out)
	c.out = append(c.out, "DATA\r\n"...)
	return mail, rcpt
}

// twoFlights sends MAIL, RCPT and DATA, together with PIPELINING and one by
// one without, and the mail after the 354. The intent is asked for while the
// answer to DATA is awaited, so that its commit costs no time of its own. Of a
// transaction that was begun with the mail before, MAIL, RCPT and DATA are on
// their way.
func (c *conn) twoFlights(tx *transaction) (reply, *trouble) {
	phases := []model.Phase{model.PhaseMail, model.PhaseRcpt, model.PhaseData}
	steps, last := make([][]byte, len(phases)), 0
	begun := c.begun != nil
	tx.named = begun
	afterNo := begun && c.dirty // a no may speak of the mail before, which was refused
	c.begun = nil
	if !begun {
		c.out = c.out[:0]
		mail, rcpt := c.appendEnvelope(tx)
		steps[0] = c.out
		if !c.caps.pipelining {
			steps, last = [][]byte{c.out[:mail], c.out[mail:rcpt], c.out[rcpt:]}, 2
		}
	}
	var no *trouble
	goAhead := false
	for i, phase := range phases {
		if no != nil && !c.caps.pipelining {
			break
		}
		switch {
		case steps[i] == nil && c.isAnswered(): // nothing is to be waited for
		case phase == model.PhaseData:
			c.allow(c.cfg.Timeouts.Data)
		case c.trial:
			c.allow(min(trialPatience, c.cfg.Timeouts.Command))
		default:
			c.allow(c.cfg.Timeouts.Command)
		}
		if steps[i] != nil {
			tx.named = tx.named || c.caps.pipelining || phase == model.PhaseRcpt
			if t := c.write(phase, steps[i]); t != nil {
				return reply{}, t
			}
		}
		if i == last && !tx.intended { // DATA is on its way
			tx.intent.Ask()
		}
		rep, t := c.read(phase)
		if t != nil {
			if no != nil {
				t = no
			} else if begun && i == 0 && t.class != mailing.ClassInterrupt && (c.trial || !c.stale) {
				c.deaf, c.unsure = true, true // the server may have dropped what stood behind the dot
			}
			return reply{}, t
		}
		c.denied, c.trial = c.trial && rep.code/100 != 2, false
		reused := c.reused
		c.used, c.reused = true, false
		yes := rep.code/100 == 2
		if phase == model.PhaseData {
			yes = rep.code == 354
			goAhead = yes
		}
		if yes || no != nil {
			continue
		}
		no = refused(phase, rep)
		c.dirty = true
		if c.unsure = afterNo || c.denied; c.unsure {
			c.broken = true
			return reply{}, no
		}
		if rep.code == 421 || rep.code/100 == 3 || phase == model.PhaseData && rep.code/100 == 2 {
			c.broken = true
			c.stale = rep.code == 421 && reused
			return reply{}, no
		}
	}
	if no != nil {
		if goAhead {
			c.endEmpty()
		}
		return reply{}, no
	}
	failpoint.Hit("after_354")
	if t := c.leave(tx); t != nil {
		c.broken = true // there is no way back from 354
		return reply{}, t
	}
	// The intent may have waited for a database longer than the server waited
	// for us: what is written to a closed connection is a doubt for nothing.
	if state := c.look(); state == socketClosed || state == socketHasData && !c.isTLS() || c.br.Buffered() > 0 {
		return reply{}, c.fail(model.PhaseBody, io.EOF)
	}
	c.dirty = false // a server that answers 354 has forgotten what it refused
	return c.sendBody(tx)
}

// endEmpty ends a DATA that a server let begin although it had refused the
// sender or the recipient: an empty mail to nobody (RFC 2920 §3.1).
func (c *conn) endEmpty() {
	c.allow(c.cfg.Timeouts.Data)
	if _, t := c.command(model.PhaseData, "."); t != nil {
		c.broken = true
	}
}

// sendBody sends the mail with its dots stuffed (RFC 5321 §4.5.2), and behind
// its last dot MAIL, RCPT and DATA of what may begin with it (RFC 2920 §3.1).
func (c *conn) sendBody(tx *transaction) (reply, *trouble) {
	c.out = c.out[:0]
	for data := tx.data; len(data) > 0; {
		if data[0] == '.' {
			if t := c.put([]byte{'.'}); t != nil {
				return reply{}, t
			}
		}
		part := data
		if tx.dotted {
			if i := bytes.Index(data, []byte("\n.")); i >= 0 {
				part = data[:i+1]
			}
		}
		if t := c.put(part); t != nil {
			return reply{}, t
		}
		data = data[len(part):]
	}
	c.out = append(c.out, ".\r\n"...)
	end := len(c.out)
	if tx.line != nil {
		if c.begun = tx.line.begin(c); c.begun != nil {
			c.appendEnvelope(c.begun)
		}
	}
	if t := c.complete(end); t != nil {
		return reply{}, t
	}
	rep, t := c.read(model.PhaseResponse)
	if t != nil {
		return reply{}, t
	}
	if rep.code/100 != 2 {
		c.dirty = true
		if c.trial && (rep.code/100 == 4 || rep.code/100 == 5) {
			// It may speak of what stood behind the dot. The mail was not taken.
			c.denied, c.unsure, c.broken = true, true, true
		}
		return reply{}, refused(model.PhaseResponse, rep)
	}
	failpoint.Hit("after_250")
	return rep, nil
}
