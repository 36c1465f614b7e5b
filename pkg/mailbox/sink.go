package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Keep says what a Sink remembers of the mails it accepted.
type Keep int

// What a Sink can remember.
const (
	KeepIDs   Keep = iota // per recipient and Message-ID, how often: what tests of delivery ask for
	KeepCount             // their number alone: memory stays flat in a benchmark
	KeepMails             // the mails, beside their ids
)

// SinkPhase is where in the dialogue a Script is asked.
type SinkPhase string

// The phases of a Sink. At SinkContent nothing is answered: it is the moment
// after 354, or after the BDAT line, before the mail is read, and only Drop
// and Hang mean something there. SinkBody is after the last octet.
const (
	SinkGreeting SinkPhase = "greeting"
	SinkEHLO     SinkPhase = "ehlo"
	SinkHELO     SinkPhase = "helo"
	SinkSTARTTLS SinkPhase = "starttls"
	SinkAuth     SinkPhase = "auth"
	SinkMail     SinkPhase = "mail"
	SinkRcpt     SinkPhase = "rcpt"
	SinkData     SinkPhase = "data"
	SinkContent  SinkPhase = "content"
	SinkBody     SinkPhase = "body"
	SinkReset    SinkPhase = "rset"
	SinkQuit     SinkPhase = "quit"
)

// Step is what a Script decides by.
type Step struct {
	Phase     SinkPhase
	Total     int64  // accepted by the Sink so far
	Conn      int64  // the connection's number, from 1
	Mails     int64  // accepted on this connection so far
	Command   string // the client's line
	From, To  string // envelope, as far as it is known; To is the last recipient named
	MessageID string // at SinkBody
	BDAT      bool   // the mail comes, or came, by BDAT
}

// Action is what a Sink does beside, or instead of, answering.
type Action int

// The actions.
const (
	Answer         Action = iota // say the reply and go on
	AnswerAndClose               // say the reply, then close
	Drop                         // close without a word
	Hang                         // say nothing and read on, until the client or the Sink closes
)

// Reply is what a Script wants. The zero Reply is what the Sink does by itself.
type Reply struct {
	Code   int    // 0: the Sink's own answer
	Text   string // its words; a line break makes the reply multi-line
	Raw    string // octets written as they are, instead of Code and Text
	Action Action
	Wait   time.Duration // before answering, or not answering
	Away   time.Duration // with Drop: every connection is closed and new ones are refused for so long

	// Accept counts the mail as taken at SinkBody whatever is answered, or not
	// answered. Without it a mail counts when its answer is 2xx.
	Accept bool
}

// SinkOptions make a Sink what a test needs. The zero value accepts everything
// at once and offers PIPELINING and CHUNKING.
type SinkOptions struct {
	Addr         string        // "" is a free port of 127.0.0.1
	Latency      time.Duration // before each flight of replies: a round trip
	NoPipelining bool
	NoChunking   bool
	Extensions   []string // further EHLO lines, as "SIZE 1000", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN CRAM-MD5"
	Keep         Keep

	TLS      *tls.Config // offers STARTTLS
	Implicit bool        // TLS from the first octet, with TLS set

	// With Username set MAIL is refused with 530 before a successful AUTH.
	Username, Password string

	// Script is asked at every step, by many goroutines.
	Script func(Step) Reply

	// OnAccept is told each mail and recipient before the answer leaves, with
	// the connection's number, by many goroutines.
	OnAccept func(conn int64, a Acceptance)
}

// names reports whether recipients must be remembered while a mail is taken.
func (o *SinkOptions) names() bool {
	return o.Keep != KeepCount || o.Script != nil || o.OnAccept != nil
}

// SunkMail is a mail a Sink kept.
type SunkMail struct {
	From string
	To   []string
	Data []byte // without dot-stuffing
}

// Acceptance names a mail and a recipient it was accepted for.
type Acceptance struct{ To, MessageID string }

// Sink is an SMTP server for tests and benchmarks: it takes mail and counts.
// Its methods may be called by many goroutines.
type Sink struct {
	opts SinkOptions
	addr string
	done chan struct{}
	wg   sync.WaitGroup

	count   atomic.Int64
	opened  atomic.Int64
	wanted  atomic.Int64 // the lowest count somebody waits for
	stopped sync.Once

	mu       sync.Mutex
	listener net.Listener // nil while the Sink is away
	conns    map[net.Conn]struct{}
	taken    map[Acceptance]int
	mails    []SunkMail
	waiters  map[chan struct{}]int64
}

const nobodyWaits = 1<<63 - 1

// StartSink listens and serves until Close.
func StartSink(opts SinkOptions) (*Sink, error) {
	if opts.Addr == "" {
		opts.Addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("mailbox: sink: %w", err)
	}
	s := &Sink{
		opts: opts, listener: l, addr: l.Addr().String(), done: make(chan struct{}),
		conns: map[net.Conn]struct{}{}, taken: map[Acceptance]int{}, waiters: map[chan struct{}]int64{},
	}
	s.wanted.Store(nobodyWaits)
	s.wg.Go(func() { s.accept(l) })
	return s, nil
}

func (s *Sink) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			select {
			case <-s.done:
				return
			case <-time.After(10 * time.Millisecond): // out of descriptors, for one
				continue
			}
		}
		s.mu.Lock()
		gone := s.listener != l // connections were walked and closed already
		s.conns[conn] = struct{}{}
		s.mu.Unlock()
		if gone {
			_ = conn.Close()
		}
		s.wg.Go(func() {
			newSinkConn(s, conn, s.opened.Add(1)).serve()
			_ = conn.Close()
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

// goAway closes what is open and refuses connections for a while, as a server
// that is down does. A Sink that is away already stays so as long as it was
// going to.
func (s *Sink) goAway(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return
	}
	_ = s.listener.Close()
	s.listener = nil
	for c := range s.conns {
		_ = c.Close()
	}
	s.wg.Go(func() {
		for wait := d; ; wait = 20 * time.Millisecond { // somebody may have the port
			select {
			case <-s.done:
				return
			case <-time.After(wait):
			}
			if s.comeBack() {
				return
			}
		}
	})
}

func (s *Sink) comeBack() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
		return true
	default:
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return false
	}
	s.listener = l
	s.wg.Go(func() { s.accept(l) })
	return true
}

// Addr is host:port.
func (s *Sink) Addr() string { return s.addr }

// URL is what pkg/smtp's ParseURL takes, with tls=none unless the Sink has TLS.
func (s *Sink) URL() string {
	switch {
	case s.opts.TLS == nil:
		return "smtp://" + s.Addr() + "?tls=none"
	case s.opts.Implicit:
		return "smtps://" + s.Addr()
	default:
		return "smtp://" + s.Addr() + "?tls=required"
	}
}

// Count is how many mails were accepted, each once per recipient.
func (s *Sink) Count() int64 { return s.count.Load() }

// Connections is how many connections were opened so far.
func (s *Sink) Connections() int64 { return s.opened.Load() }

// Accepted is how many mails each recipient got. Empty with KeepCount.
func (s *Sink) Accepted() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int, len(s.taken))
	for a, n := range s.taken {
		out[a.To] += n
	}
	return out
}

// Acceptances is how often each mail was accepted for each recipient: above
// one it was doubled. Empty with KeepCount.
func (s *Sink) Acceptances() map[Acceptance]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.taken)
}

// Mails are the mails in the order of their acceptance, with KeepMails.
func (s *Sink) Mails() []SunkMail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]SunkMail(nil), s.mails...)
}

// Reset forgets what was accepted; connections stay.
func (s *Sink) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count.Store(0)
	clear(s.taken)
	s.mails = nil
}

// Wait blocks until n mails were accepted, or ctx ends.
func (s *Sink) Wait(ctx context.Context, n int64) error {
	ch := make(chan struct{})
	s.mu.Lock()
	s.waiters[ch] = n
	s.wake()
	s.mu.Unlock()
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiters, ch)
		s.wake()
		return fmt.Errorf("mailbox: sink: %d of %d mails came: %w", s.Count(), n, ctx.Err())
	}
}

// wake lets go whose number is reached. s.mu is held.
func (s *Sink) wake() {
	for {
		lowest := int64(nobodyWaits)
		for _, n := range s.waiters {
			lowest = min(lowest, n)
		}
		// Who counts looks at wanted after counting; who waits looks at the
		// count after setting wanted: one of the two sees the other.
		s.wanted.Store(lowest)
		count := s.count.Load()
		if count < lowest {
			return
		}
		for ch, n := range s.waiters {
			if count >= n {
				delete(s.waiters, ch)
				close(ch)
			}
		}
	}
}

// took records an accepted mail.
func (s *Sink) took(c *sinkConn) {
	if s.opts.Keep != KeepCount {
		s.mu.Lock()
		for _, to := range c.to {
			s.taken[Acceptance{To: to, MessageID: string(c.messageID)}]++
		}
		if s.opts.Keep == KeepMails {
			m := SunkMail{From: string(c.from), To: append([]string(nil), c.to...), Data: append([]byte(nil), c.data...)}
			s.mails = append(s.mails, m)
		}
		s.mu.Unlock()
	}
	if tell := s.opts.OnAccept; tell != nil {
		for _, to := range c.to {
			tell(c.number, Acceptance{To: to, MessageID: string(c.messageID)})
		}
	}
	if s.count.Add(int64(c.rcpts)) >= s.wanted.Load() {
		s.mu.Lock()
		s.wake()
		s.mu.Unlock()
	}
}

// Close ends all connections and waits for their goroutines.
func (s *Sink) Close() error {
	var err error
	s.stopped.Do(func() {
		s.mu.Lock()
		close(s.done)
		if s.listener != nil {
			err = s.listener.Close()
			s.listener = nil
		}
		for c := range s.conns {
			_ = c.Close()
		}
		s.mu.Unlock()
	})
	s.wg.Wait()
	return err
}

// offers finds an extension by its name, also in the old form "AUTH=PLAIN".
func (o *SinkOptions) offers(name string) bool {
	for _, e := range o.Extensions {
		word, _, _ := strings.Cut(e, " ")
		word, _, _ = strings.Cut(word, "=")
		if strings.EqualFold(word, name) {
			return true
		}
	}
	return false
}
