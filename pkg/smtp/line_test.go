package smtp_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/smtp"
)

// envelopes counts the writes that hold the end of a mail and an envelope.
type envelopes struct{ atomic.Int64 }

func (e *envelopes) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	return &countingConn{nc, e}, err
}

type countingConn struct {
	net.Conn
	seen *envelopes
}

func (c *countingConn) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("\r\n.\r\nMAIL FROM:<")) {
		c.seen.Add(1)
	}
	return c.Conn.Write(b)
}

// sendAll sends mails by a line, each with the next one ready.
func sendAll(t *testing.T, l mailing.Line, mails ...*mailing.Mail) []mailing.Result {
	t.Helper()
	var all []mailing.Result
	for i, m := range mails {
		var next func() *mailing.Mail
		if i+1 < len(mails) {
			next = func() *mailing.Mail { return mails[i+1] }
		}
		var n atomic.Int64
		all = append(all, l.Send(context.Background(), m, granted(&n), next))
	}
	return all
}

func requireSent(t *testing.T, r mailing.Result) {
	t.Helper()
	requireResult(t, r, model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
}

// someMails are mails 1 to n.
func someMails(n int) []*mailing.Mail {
	var all []*mailing.Mail
	for i := range n {
		all = append(all, mail(i+1))
	}
	return all
}

func TestTheNextEnvelopeGoesAlong(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		var together envelopes
		s := startSink(t, opts)
		p := newPool(t, s, func(c *smtp.Config) { c.Dial = together.dial })
		for _, r := range sendAll(t, p.Line(), someMails(10)...) {
			requireSent(t, r)
		}
		require.Len(t, s.Accepted(), 10)
		require.EqualValues(t, 10, s.Count())
		require.EqualValues(t, 1, s.Connections())
		// The second is the trial, the third waits for what comes of it.
		want := map[string]int64{"pipelining": 8}[strings.TrimPrefix(t.Name(), "TestTheNextEnvelopeGoesAlong/")]
		require.Equal(t, want, together.Load())
	})
}

// What is said to the second of three mails means the same as if it went alone.
func TestAnswersToWhatWentAlong(t *testing.T) {
	t.Parallel()
	const connection, recipient = mailing.ClassConnection, mailing.ClassRecipient
	for name, tc := range map[string]struct {
		at    mailbox.SinkPhase
		reply mailbox.Reply
		want  mailing.Result
		conns int64
	}{
		"sender":             {mailbox.SinkMail, mailbox.Reply{Code: 550, Text: "5.1.8 who"}, mailing.Result{Outcome: model.OutcomeAborted, Class: mailing.ClassSender, Phase: model.PhaseMail, Code: 550}, 1},
		"recipient later":    {mailbox.SinkRcpt, mailbox.Reply{Code: 450, Text: "4.2.1 later"}, mailing.Result{Outcome: model.OutcomeDeferred, Class: recipient, Phase: model.PhaseRcpt, Code: 450}, 1},
		"recipient":          {mailbox.SinkRcpt, mailbox.Reply{Code: 550, Text: "5.1.1 unknown"}, mailing.Result{Outcome: model.OutcomeFailed, Class: recipient, Phase: model.PhaseRcpt, Code: 550}, 1},
		"data":               {mailbox.SinkData, mailbox.Reply{Code: 451, Text: "4.3.0 later"}, mailing.Result{Outcome: model.OutcomeDeferred, Class: recipient, Phase: model.PhaseData, Code: 451}, 1},
		"the mail":           {mailbox.SinkBody, mailbox.Reply{Code: 554, Text: "5.6.0 spam"}, mailing.Result{Outcome: model.OutcomeFailed, Class: recipient, Phase: model.PhaseResponse, Code: 554}, 1},
		"the mail and bye":   {mailbox.SinkBody, mailbox.Reply{Code: 421, Text: "4.3.2 closing", Action: mailbox.AnswerAndClose}, mailing.Result{Outcome: model.OutcomeDeferred, Class: connection, Phase: model.PhaseResponse, Code: 421}, 2},
		"closing":            {mailbox.SinkMail, mailbox.Reply{Code: 421, Text: "4.3.2 closing", Action: mailbox.AnswerAndClose}, mailing.Result{Outcome: model.OutcomeSent, Phase: model.PhaseResponse, Code: 250}, 2},
		"dropped":            {mailbox.SinkMail, mailbox.Reply{Action: mailbox.Drop}, mailing.Result{Outcome: model.OutcomeSent, Phase: model.PhaseResponse, Code: 250}, 2},
		"dropped with it":    {mailbox.SinkBody, mailbox.Reply{Action: mailbox.Drop, Accept: true}, mailing.Result{Outcome: model.OutcomeInDoubt, Class: connection, Phase: model.PhaseResponse}, 2},
		"dropped in between": {mailbox.SinkRcpt, mailbox.Reply{Action: mailbox.Drop}, mailing.Result{Outcome: model.OutcomeAborted, Class: connection, Phase: model.PhaseRcpt}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, known := range []bool{false, true} { // whether the server takes what stands behind the dot
				want, conns := tc.want, tc.conns
				if name == "sender" && !known { // a no in the trial is not believed, and a new connection asked
					want, conns = mailing.Result{Outcome: model.OutcomeSent, Phase: model.PhaseResponse, Code: 250}, 2
				}
				var armed atomic.Bool
				var together envelopes
				hit := once(tc.at, tc.reply)
				s := startSink(t, mailbox.SinkOptions{NoChunking: true, Script: func(st mailbox.Step) mailbox.Reply {
					if !armed.Load() || st.Mails == 0 && st.Conn == 1 {
						return mailbox.Reply{}
					}
					if tc.at != mailbox.SinkMail && st.To != "c2@example.com" {
						return mailbox.Reply{}
					}
					return hit(st)
				}})
				p := newPool(t, s, func(c *smtp.Config) { c.Connections, c.Dial = 1, together.dial })
				l := p.Line()
				if known {
					for _, r := range sendAll(t, l, mail(11), mail(12)) {
						requireSent(t, r)
					}
				}
				before := together.Load()
				var n atomic.Int64
				second := mail(2)
				first := l.Send(context.Background(), mail(1), granted(&n), func() *mailing.Mail { armed.Store(true); return second })
				requireSent(t, first)
				require.Equal(t, before+1, together.Load())
				r := l.Send(context.Background(), second, granted(&n), nil)
				requireResult(t, r, want.Outcome, want.Class, want.Phase, want.Code)
				requireSent(t, l.Send(context.Background(), mail(3), granted(&n), nil))
				require.EqualValues(t, conns, s.Connections())
				for to, times := range s.Accepted() {
					require.Equal(t, 1, times, to)
				}
				arrived := map[model.Outcome]int{model.OutcomeSent: 1, model.OutcomeInDoubt: 1}[want.Outcome]
				require.Equal(t, arrived, s.Accepted()[second.To])
			}
		})
	}
}

// A refused mail does not speak for the one whose envelope came with it.
func TestWhatWentAlongWithARefusedMail(t *testing.T) {
	t.Parallel()
	for name, conns := range map[string]int64{"a server that begins anew": 1, "a server that wants RSET": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stuck atomic.Bool
			s := startSink(t, mailbox.SinkOptions{NoChunking: true, Script: func(st mailbox.Step) mailbox.Reply {
				switch {
				case st.Phase == mailbox.SinkBody && st.To == "c1@example.com":
					stuck.Store(conns > 1)
					return mailbox.Reply{Code: 554, Text: "5.6.0 spam"}
				case st.Phase == mailbox.SinkMail && st.Conn == 1 && stuck.Load():
					return mailbox.Reply{Code: 503, Text: "5.5.1 nested MAIL"}
				case st.Phase == mailbox.SinkRcpt && st.To == "c4@example.com":
					return mailbox.Reply{Code: 550, Text: "5.1.1 unknown"}
				}
				return mailbox.Reply{}
			}})
			p := newPool(t, s)
			l := p.Line()
			for _, r := range sendAll(t, l, mail(11), mail(12)) {
				requireSent(t, r)
			}
			all := sendAll(t, l, someMails(4)...)
			requireResult(t, all[0], model.OutcomeFailed, mailing.ClassRecipient, model.PhaseResponse, 554)
			requireSent(t, all[1])
			requireSent(t, all[2])
			requireResult(t, all[3], model.OutcomeFailed, mailing.ClassRecipient, model.PhaseRcpt, 550)
			require.Equal(t, map[string]int{"c11@example.com": 1, "c12@example.com": 1, "c2@example.com": 1, "c3@example.com": 1}, s.Accepted())
			require.Equal(t, conns, s.Connections())
		})
	}
}

func TestWhatWentAlongIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, giveUp := range map[string]func(l mailing.Line, second *mailing.Mail){
		"dropped":       func(l mailing.Line, _ *mailing.Mail) { l.Drop() },
		"dropped twice": func(l mailing.Line, _ *mailing.Mail) { l.Drop(); l.Drop() },
		"another comes": func(mailing.Line, *mailing.Mail) {},
		"not granted": func(l mailing.Line, second *mailing.Mail) {
			l.Send(context.Background(), second, leave(func(context.Context) error { return errors.New("the run is paused") }), nil)
		},
		"interrupted": func(l mailing.Line, second *mailing.Mail) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			var n atomic.Int64
			l.Send(ctx, second, granted(&n), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSink(t, mailbox.SinkOptions{NoChunking: true})
			p := newPool(t, s, func(c *smtp.Config) { c.Connections = 1 })
			l := p.Line()
			for range 2 { // in the trial, and when it is known
				var n atomic.Int64
				second := mail(2)
				requireSent(t, l.Send(context.Background(), mail(1), granted(&n), func() *mailing.Mail { return second }))
				giveUp(l, second)
				for _, r := range sendAll(t, l, someMails(4)[2:]...) {
					requireSent(t, r)
				}
			}
			requireSent(t, send(t, p, mail(5))) // the one place is free
			require.Equal(t, map[string]int{"c1@example.com": 2, "c3@example.com": 2, "c4@example.com": 2, "c5@example.com": 1}, s.Accepted())
			require.EqualValues(t, 3, s.Connections(), "there is no way back from DATA")
		})
	}
}

// The end of a process lets the mail on the wire end, and what went along with
// it never begins.
func TestInterruptWithAnEnvelopeOnItsWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := startSink(t, mailbox.SinkOptions{NoChunking: true, Latency: 20 * time.Millisecond, Script: func(st mailbox.Step) mailbox.Reply {
		if st.Phase == mailbox.SinkBody {
			cancel()
		}
		return mailbox.Reply{}
	}})
	l := newPool(t, s).Line()
	var n atomic.Int64
	second := mail(2)
	requireSent(t, l.Send(ctx, mail(1), granted(&n), func() *mailing.Mail { return second }))
	requireResult(t, l.Send(ctx, second, granted(&n), nil), model.OutcomeAborted, mailing.ClassInterrupt, model.PhaseConnect, 0)
	require.EqualValues(t, 1, n.Load())
	require.Equal(t, map[string]int{"c1@example.com": 1}, s.Accepted())
}

// deafServer is an SMTP server that forgets what stands behind the last dot of
// a mail, after so many mails. It answers the mails it took.
func deafServer(t *testing.T, after int) (host string, port int, taken *sync.Map) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	taken = &sync.Map{}
	var count atomic.Int64
	serve := func(c net.Conn) {
		defer c.Close()
		say := func(line string) { _, _ = c.Write([]byte(line + "\r\n")) }
		say("220 deaf")
		br, to := bufio.NewReader(c), ""
		for {
			line, err := br.ReadString('\n')
			if err != nil {
				return
			}
			switch line = strings.TrimSpace(line); {
			case strings.HasPrefix(line, "EHLO"):
				say("250-deaf\r\n250 PIPELINING")
			case strings.HasPrefix(line, "RCPT"):
				to = line
				say("250 yes")
			case line == "DATA":
				say("354 go")
				for line != ".\r\n" {
					if line, err = br.ReadString('\n'); err != nil {
						return
					}
				}
				times, _ := taken.LoadOrStore(to, new(atomic.Int64))
				times.(*atomic.Int64).Add(1)
				if count.Add(1) > int64(after) {
					_, _ = br.Discard(br.Buffered())
				}
				say("250 taken")
			case line == "QUIT":
				say("221 bye")
				return
			default:
				say("250 yes")
			}
		}
	}
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	addr := l.Addr().(*net.TCPAddr)
	return addr.IP.String(), addr.Port, taken
}

func TestAServerThatDropsWhatWentAlong(t *testing.T) {
	t.Parallel()
	// From the first on one connection finds it out for all; later each finds it
	// out for itself.
	for name, after := range map[string]int{"ever": 0, "later": 15} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, port, taken := deafServer(t, after)
			var together envelopes
			p := smtp.New(smtp.Config{Host: host, Port: port, TLS: smtp.TLSNone, Dial: together.dial, Timeouts: smtp.Timeouts{Command: 100 * time.Millisecond}}, nil)
			const lines, each = 5, 12
			var all sync.WaitGroup
			for line := range lines {
				all.Go(func() {
					for _, r := range sendAll(t, p.Line(), someMails((line + 1) * each)[line*each:]...) {
						if r.Outcome != model.OutcomeSent {
							t.Error(r)
						}
					}
				})
			}
			all.Wait()
			found := together.Load()
			p.LongAgo() // it is tried again
			sendAll(t, p.Line(), someMails(lines*each + 3)[lines*each:]...)
			require.NoError(t, p.Close())
			people := 0
			taken.Range(func(to, times any) bool {
				people++
				require.EqualValues(t, 1, times.(*atomic.Int64).Load(), to)
				return true
			})
			require.Equal(t, lines*each+3, people)
			require.Equal(t, found+1, together.Load())
			if after == 0 {
				require.EqualValues(t, 1, found)
			} else {
				require.Less(t, found, int64(after+2*lines))
			}
		})
	}
}

// TestWhatTheKernelTookOfTwo fails the write that holds the end of a mail and
// the next envelope, before and behind the last octet of the mail.
func TestWhatTheKernelTookOfTwo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		upTo    int // octets of ".\r\n" and what follows
		outcome model.Outcome
	}{
		"the dot alone": {1, model.OutcomeAborted}, "not the LF": {2, model.OutcomeAborted},
		"the mail": {3, model.OutcomeInDoubt}, "half of MAIL": {9, model.OutcomeInDoubt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSink(t, mailbox.SinkOptions{NoChunking: true})
			var failed atomic.Bool
			p := newPool(t, s, func(c *smtp.Config) {
				c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
					nc, err := (&net.Dialer{}).DialContext(ctx, network, addr)
					return &tornConn{Conn: nc, upTo: tc.upTo, failed: &failed}, err
				}
			})
			all := sendAll(t, p.Line(), someMails(2)...)
			require.Equal(t, []any{tc.outcome, mailing.ClassConnection}, []any{all[0].Outcome, all[0].Class}, "%+v", all[0])
			requireSent(t, all[1])
			require.True(t, failed.Load())
			require.LessOrEqual(t, s.Accepted()["c1@example.com"], map[model.Outcome]int{model.OutcomeInDoubt: 1}[tc.outcome])
			require.Equal(t, 1, s.Accepted()["c2@example.com"])
		})
	}
}

// tornConn breaks once within the write that holds the last dot of a mail.
type tornConn struct {
	net.Conn
	upTo   int
	failed *atomic.Bool
}

func (c *tornConn) Write(b []byte) (int, error) {
	if i := bytes.Index(b, []byte("\r\n.\r\nMAIL")); i >= 0 && c.failed.CompareAndSwap(false, true) {
		n, _ := c.Conn.Write(b[:i+2+c.upTo])
		_ = c.Conn.Close()
		return n, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
	}
	return c.Conn.Write(b)
}

// Where a mail goes in one flight nothing can go along: the mail that somebody
// else could send is not taken before its turn.
func TestNothingIsTakenBeforeItsTurnInOneFlight(t *testing.T) {
	t.Parallel()
	sink := startSink(t, mailbox.SinkOptions{})
	l := newPool(t, sink).Line()
	for _, m := range someMails(3) {
		requireSent(t, l.Send(context.Background(), m, granted(new(atomic.Int64)), func() *mailing.Mail {
			t.Error("asked for the next mail")
			return nil
		}))
	}
}
