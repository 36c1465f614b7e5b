package smtp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// moody is an SMTP server with PIPELINING that does at every step what a
// random number tells it, and keeps which mails it took.
type moody struct {
	seed    uint64
	deaf    bool        // drops what stands behind a last dot
	nested  bool        // answers 503 after a mail that it refused, until RSET
	limit   int         // closes after so many mails of a connection, 0 for never
	tls     *tls.Config // nil: in the clear
	prim    int         // 1: refuses a mail with something behind its dot, 2: what stands behind
	kind    atomic.Bool // takes all from now on
	conns   atomic.Uint64
	strange atomic.Int64 // commands and mails that no client may send

	mu    sync.Mutex
	taken map[string]int
}

// moodyConn is one connection of it.
type moodyConn struct {
	*moody
	net.Conn
	*bufio.Reader
	*rand.Rand
	out     bytes.Buffer
	byOctet bool
}

func (s *moody) take(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[id]++
}

func (s *moody) listen(t *testing.T) (port int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	open := sync.Map{}
	wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			if s.tls != nil {
				nc = tls.Server(nc, s.tls)
			}
			open.Store(nc, true)
			wg.Go(func() {
				r := rand.New(rand.NewPCG(s.seed, s.conns.Add(1)))
				size := []int{16, 4096}[r.IntN(2)] // with a small one much is unread when it closes, which resets the connection
				c := &moodyConn{moody: s, Conn: nc, Reader: bufio.NewReaderSize(nc, size), Rand: r, byOctet: r.IntN(4) == 0}
				c.serve()
				_ = nc.Close()
				open.Delete(nc)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		open.Range(func(nc, _ any) bool { _ = nc.(net.Conn).Close(); return true })
		wg.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

// say answers, at once or when the client waits for it.
func (c *moodyConn) say(code int, words string) {
	if c.IntN(5) == 0 {
		fmt.Fprintf(&c.out, "%d-%s\r\n", code, words)
	}
	fmt.Fprintf(&c.out, "%d %s\r\n", code, words)
	if c.Buffered() == 0 || c.IntN(3) == 0 {
		c.flush()
	}
}

func (c *moodyConn) flush() {
	if c.byOctet {
		for i := range c.out.Bytes() {
			_, _ = c.Write(c.out.Bytes()[i : i+1])
		}
	} else {
		_, _ = c.Write(c.out.Bytes())
	}
	c.out.Reset()
}

// trouble is what comes instead of a yes, and whether the connection ends.
func (c *moodyConn) trouble(id string) (no, bye bool) {
	if c.kind.Load() {
		return false, false
	}
	switch n := c.IntN(100); {
	case n < 4:
		c.say(550, "5.1.1 no "+id)
	case n < 8:
		c.say(450, "4.2.1 later "+id)
	case n < 10:
		c.say(421, "4.3.2 closing")
		c.flush()
		return true, true
	case n < 12:
		return true, true
	case n < 13:
		time.Sleep(time.Duration(c.IntN(150)) * time.Millisecond)
		return false, false
	default:
		return false, false
	}
	return true, false
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

func (c *moodyConn) serve() {
	c.say(220, "moody")
	var from, to string
	stuck, primly, mails := false, false, 0
	for {
		if c.Buffered() == 0 {
			c.flush()
		}
		b, err := c.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(b)), " ")
		if stuck && verb != "RSET" && verb != "QUIT" {
			c.say(503, "5.5.1 RSET first")
			continue
		}
		switch verb {
		case "EHLO":
			c.out.WriteString("250-moody\r\n250-SIZE\r\n")
			c.say(250, "PIPELINING")
		case "MAIL":
			from, to = "", ""
			id := between(b, "<", "@")
			if primly {
				c.say(554, "5.5.0 synchronization")
				c.flush()
				return
			}
			if no, bye := c.trouble(id); bye {
				return
			} else if !no {
				from = id
				c.say(250, "ok")
			}
		case "RCPT":
			if from == "" {
				c.say(503, "5.5.1 who "+between(b, "<", "@"))
				continue
			}
			if no, bye := c.trouble(from); bye {
				return
			} else if !no {
				to = from
				c.say(250, "ok")
			}
		case "DATA":
			if to == "" {
				c.say(554, "5.5.1 nobody "+from)
				continue
			}
			if no, bye := c.trouble(from); bye {
				return
			} else if no {
				continue
			}
			c.say(354, "go")
			c.flush()
			more, refused := c.data(to)
			if !more {
				return
			}
			stuck, primly = refused && c.nested, c.prim == 2 && !refused && c.Buffered() > 0
			from, to = "", ""
			if !refused {
				mails++
			}
			if c.limit > 0 && mails >= c.limit {
				c.flush()
				return
			}
		case "RSET":
			stuck, from, to = false, "", ""
			c.say(250, "ok")
		case "QUIT":
			c.say(221, "bye")
			c.flush()
			return
		default:
			c.strange.Add(1)
			c.say(500, "what")
		}
	}
}

// data reads a mail, and takes it or not.
func (c *moodyConn) data(id string) (more, refused bool) {
	for {
		b, err := c.ReadString('\n')
		if err != nil {
			return false, false
		}
		if b == ".\r\n" {
			break
		}
		if !strings.Contains(b, id) {
			c.strange.Add(1)
		}
	}
	if c.deaf {
		time.Sleep(time.Millisecond)
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		for {
			if _, err := c.ReadByte(); err != nil {
				break
			}
		}
		_ = c.SetReadDeadline(time.Time{})
	}
	if c.prim == 1 && c.Buffered() > 0 {
		c.say(554, "5.5.0 synchronization")
		c.flush()
		return false, true
	}
	n := c.IntN(100)
	switch {
	case c.kind.Load(), n >= 12:
	case n < 2: // taken, and nobody hears of it
		c.take(id)
		return false, false
	case n < 4:
		return false, false
	case n < 5:
		c.say(421, "4.3.2 closing")
		c.flush()
		return false, true
	case n < 7:
		c.say(450, "4.2.1 later "+id)
		return true, true
	case n < 10:
		c.say(554, "5.6.0 no "+id)
		return true, true
	case n < 11:
		c.take(id)
		c.say(250, "taken "+id)
		c.flush()
		return false, false
	default:
		time.Sleep(time.Duration(c.IntN(250)) * time.Millisecond)
	}
	c.take(id)
	c.say(250, "taken "+id)
	return true, false
}

type randomIntent struct {
	refuse bool
	wait   time.Duration
}

func (randomIntent) Ask() {}
func (i randomIntent) Wait(_ context.Context, meanwhile func()) error {
	if meanwhile != nil {
		meanwhile()
	}
	time.Sleep(i.wait)
	if i.refuse {
		return errors.New("refused")
	}
	return nil
}

// TestLinesAtRandom holds results against what servers took that refuse, close,
// wait and forget at random, while mails are given up and cut short. SEEDS=100
// tries other ones, and longer.
func TestLinesAtRandom(t *testing.T) {
	t.Parallel()
	first, seeds, each := 0, 6, 25
	if more, err := strconv.Atoi(os.Getenv("SEEDS")); err == nil {
		first, seeds, each = 100, more, 300
	}
	for seed := first; seed < first+seeds; seed++ {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			t.Parallel()
			linesAtRandom(t, uint64(seed), each)
		})
	}
}

func linesAtRandom(t *testing.T, seed uint64, each int) {
	s := &moody{seed: seed, deaf: seed%5 == 0, nested: seed%3 == 1, limit: []int{0, 0, 7}[seed%3], prim: []int{0, 0, 0, 1, 2}[seed%5], taken: map[string]int{}}
	cfg := Config{Host: "127.0.0.1", TLS: TLSNone, Connections: 5, Timeouts: Timeouts{
		Connect: 5 * time.Second, Greeting: time.Second, Command: 100 * time.Millisecond, Reset: 100 * time.Millisecond, Data: 100 * time.Millisecond,
		Block: time.Second, Response: 200 * time.Millisecond, Drain: 100 * time.Millisecond, Quit: 50 * time.Millisecond,
	}}
	if seed%2 == 1 {
		https := httptest.NewTLSServer(nil) // it has a certificate
		defer https.Close()
		s.tls = &tls.Config{Certificates: https.TLS.Certificates}
		cfg.TLS, cfg.ServerName, cfg.RootCAs = TLSImplicit, "example.com", x509.NewCertPool()
		cfg.RootCAs.AddCert(https.Certificate())
	}
	cfg.Port = s.listen(t)
	p := New(cfg, nil)
	var along atomic.Int64
	counts := map[string]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range 6 { // the last one sends now and then, as one more than there are connections
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(1000+n)))
			l := p.Line().(*line)
			compose := func(i int) *mailing.Mail {
				id := fmt.Sprintf("m%dx%dx", n, i)
				lines := []int{1, 1, 1, 40, 5000}[r.IntN(5)]
				if r.IntN(10) > 0 {
					lines = min(lines, 40)
				}
				data := strings.Repeat(id+" and words of it\r\n."+id+"\r\n", lines)
				return &mailing.Mail{From: id + "@example.org", To: id + "@example.com", Data: []byte(data)}
			}
			var following *mailing.Mail
			begin := func() (context.Context, context.CancelFunc) { return context.WithCancel(context.Background()) }
			ctx, cancel := begin()
			defer func() { cancel() }()
			for i := 0; i < each; {
				m := following
				if following = nil; m == nil {
					m = compose(i)
					i++
				}
				asked := 0
				next := func() *mailing.Mail {
					if asked++; asked > 1 {
						t.Error("next was asked twice")
					}
					if i >= each || r.IntN(6) == 0 {
						return nil
					}
					following = compose(i)
					i++
					return following
				}
				if n == 5 {
					time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
				}
				if n == 5 || r.IntN(10) == 0 {
					next = nil
				}
				if ctx.Err() != nil || r.IntN(3) == 0 {
					cancel() // some are given up while their next mail is on its way, and between the two
					ctx, cancel = begin()
				}
				if r.IntN(12) == 0 {
					time.AfterFunc(time.Duration(r.IntN(8000))*time.Microsecond, cancel)
				}
				intent := randomIntent{refuse: r.IntN(20) == 0}
				if r.IntN(20) == 0 {
					intent.wait = time.Duration(r.IntN(20)) * time.Millisecond
				}
				res := l.Send(ctx, m, intent, next)
				if l.conn != nil {
					along.Add(1)
				}
				if p.mu.Lock(); p.along == alongDropped && !s.deaf {
					p.along = alongUnknown // it was trouble that ended the trial
				}
				if p.learned != s.limit {
					p.seen, p.learned = 0, 0 // the same
				}
				p.mu.Unlock()
				id, _, _ := strings.Cut(m.To, "@")
				for i := range m.Data { // nobody may use it any more
					m.Data[i] = 'X'
				}
				s.mu.Lock()
				taken := s.taken[id]
				s.mu.Unlock()
				least, most := 0, 0
				switch res.Outcome {
				case model.OutcomeSent:
					least, most = 1, 1
				case model.OutcomeInDoubt:
					most = 1
				}
				if taken < least || taken > most {
					t.Errorf("%s was taken %d times: %+v", id, taken, res)
				}
				if res.Code >= 400 && res.Code != 421 && !strings.Contains(res.Response, id) {
					t.Errorf("%s has the answer of another: %+v", id, res)
				}
				mu.Lock()
				counts[string(res.Outcome)+" "+string(res.Class)]++
				mu.Unlock()
				if following != nil && r.IntN(15) == 0 {
					l.Drop()
					following = nil
				}
			}
			l.Drop()
		})
	}
	all.Wait()
	s.kind.Store(true)
	require.Zero(t, s.strange.Load())
	require.Empty(t, p.slots)
	require.NotEqual(t, alongTried, p.along)
	var together sync.WaitGroup
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for i := range cfg.Connections {
		together.Go(func() {
			id := fmt.Sprintf("z%dx", i)
			res := p.Line().Send(ctx, &mailing.Mail{From: id + "@example.org", To: id + "@example.com", Data: []byte(id + "\r\n")}, randomIntent{}, nil)
			if res.Outcome != model.OutcomeSent {
				t.Error(res)
			}
		})
	}
	together.Wait()
	require.NoError(t, p.Close())
	t.Log("along", along.Load(), "state", p.along, "conns", s.conns.Load(), counts)
}
