package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
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

func TestHundredsAtOnce(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		// Every seventh recipient is refused, every connection is closed after
		// 20 mails with a 421: nobody is lost, nobody is mailed twice.
		opts.Script = func(st mailbox.Step) mailbox.Reply {
			switch {
			case st.Phase == mailbox.SinkRcpt && len(st.To) > 1 && st.To[1] == '7':
				return mailbox.Reply{Code: 550, Text: "5.1.1 unknown"}
			case st.Phase == mailbox.SinkMail && st.Mails >= 20:
				return mailbox.Reply{Code: 421, Text: "4.7.0 enough", Action: mailbox.AnswerAndClose}
			}
			return mailbox.Reply{}
		}
		s := startSink(t, opts)
		p := newPool(t, s, func(c *smtp.Config) { c.Connections = 20 })
		require.Equal(t, 20, p.Connections())
		var intents, failed, sent atomic.Int64
		var wg sync.WaitGroup
		for i := range 600 {
			wg.Go(func() {
				r := p.Line().Send(context.Background(), mail(i), granted(&intents), nil)
				switch r.Outcome {
				case model.OutcomeSent:
					sent.Add(1)
				case model.OutcomeFailed:
					failed.Add(1)
				default:
					t.Error(r)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 600, sent.Load()+failed.Load())
		require.Equal(t, sent.Load(), s.Count())
		for a, n := range s.Acceptances() {
			require.Equal(t, 1, n, a)
		}
		require.LessOrEqual(t, intents.Load(), int64(600))
	})
}

func TestAConnectionClosedInIdlenessIsReplaced(t *testing.T) {
	t.Parallel()
	for name, farewell := range map[string]string{"silently": "", "with 421": "421 4.4.2 idle too long\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
				s := startSink(t, opts)
				relay := startRelay(t, s.Addr())
				p := newPool(t, s, func(c *smtp.Config) { c.Host, c.Port = relay.host, relay.port })
				require.Equal(t, model.OutcomeSent, send(t, p, mail(1)).Outcome)
				relay.closeClients(farewell)
				r := send(t, p, mail(2))
				requireResult(t, r, model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
				require.EqualValues(t, 2, s.Connections())
				require.Equal(t, map[string]int{"c1@example.com": 1, "c2@example.com": 1}, s.Accepted())
			})
		})
	}
}

func TestADeadConnectionIsReplacedOnlyOnce(t *testing.T) {
	t.Parallel()
	s := startSink(t, mailbox.SinkOptions{Script: func(st mailbox.Step) mailbox.Reply {
		if st.Phase == mailbox.SinkMail && st.To == "" && st.Mails == 0 && st.Conn > 1 || st.Mails == 1 {
			return mailbox.Reply{Code: 421, Text: "4.3.2 closing", Action: mailbox.AnswerAndClose}
		}
		return mailbox.Reply{}
	}})
	p := newPool(t, s)
	require.Equal(t, model.OutcomeSent, send(t, p, mail(1)).Outcome)
	requireResult(t, send(t, p, mail(2)), model.OutcomeAborted, mailing.ClassConnection, model.PhaseMail, 421)
	require.EqualValues(t, 2, s.Connections())
}

func TestTheServersLimitIsLearned(t *testing.T) {
	t.Parallel()
	var goodbyes, closed atomic.Int64
	var generous atomic.Bool
	s := startSink(t, mailbox.SinkOptions{Script: func(st mailbox.Step) mailbox.Reply {
		switch {
		case st.Phase == mailbox.SinkQuit:
			goodbyes.Add(1)
		case st.Phase == mailbox.SinkMail && st.Mails >= 3 && !generous.Load():
			closed.Add(1)
			return mailbox.Reply{Code: 421, Text: "4.7.0 enough", Action: mailbox.AnswerAndClose}
		}
		return mailbox.Reply{}
	}})
	p := newPool(t, s, func(c *smtp.Config) { c.Connections = 1 })
	for i := range 30 {
		require.Equal(t, model.OutcomeSent, send(t, p, mail(i)).Outcome)
	}
	require.EqualValues(t, 2, closed.Load(), "the same limit twice is enough")
	require.EqualValues(t, 10, s.Connections())

	// It may have been a server that was started again: a limit is not believed for ever.
	generous.Store(true)
	for i := range 3 {
		require.Equal(t, model.OutcomeSent, send(t, p, mail(30+i)).Outcome)
	}
	require.EqualValues(t, 11, s.Connections())
	p.LongAgo()
	for i := range 10 {
		require.Equal(t, model.OutcomeSent, send(t, p, mail(33+i)).Outcome)
	}
	require.NoError(t, p.Close())
	require.EqualValues(t, 12, s.Connections())
	require.EqualValues(t, 10, goodbyes.Load())
}

func TestMessagesPerConnection(t *testing.T) {
	t.Parallel()
	s := startSink(t, mailbox.SinkOptions{})
	p := newPool(t, s, func(c *smtp.Config) { c.MessagesPerConnection = 2 })
	for i := range 6 {
		require.Equal(t, model.OutcomeSent, send(t, p, mail(i)).Outcome)
	}
	require.EqualValues(t, 3, s.Connections())
}

func TestIdleConnectionsSayQuit(t *testing.T) {
	t.Parallel()
	quit := make(chan struct{}, 8)
	s := startSink(t, mailbox.SinkOptions{Script: func(st mailbox.Step) mailbox.Reply {
		if st.Phase == mailbox.SinkQuit {
			quit <- struct{}{}
		}
		return mailbox.Reply{}
	}})
	p := newPool(t, s, func(c *smtp.Config) { c.Timeouts.Idle = 20 * time.Millisecond })
	require.Equal(t, model.OutcomeSent, send(t, p, mail(1)).Outcome)
	<-quit
	require.Equal(t, model.OutcomeSent, send(t, p, mail(2)).Outcome)
	<-quit
	require.EqualValues(t, 2, s.Connections())
}

func TestClosedPool(t *testing.T) {
	t.Parallel()
	var quits atomic.Int64
	s := startSink(t, mailbox.SinkOptions{Script: func(st mailbox.Step) mailbox.Reply {
		if st.Phase == mailbox.SinkQuit {
			quits.Add(1)
		}
		return mailbox.Reply{}
	}})
	p := newPool(t, s)
	require.Equal(t, model.OutcomeSent, send(t, p, mail(1)).Outcome)
	require.NoError(t, p.Close())
	require.EqualValues(t, 1, quits.Load())
	require.NoError(t, p.Close())
	requireResult(t, send(t, p, mail(2)), model.OutcomeAborted, mailing.ClassInterrupt, model.PhaseConnect, 0)
}

// hangAt answers nothing at a phase, and tells when it is reached.
func hangAt(phase mailbox.SinkPhase, reached chan<- struct{}) func(mailbox.Step) mailbox.Reply {
	return func(st mailbox.Step) mailbox.Reply {
		if st.Phase == phase {
			reached <- struct{}{}
			return mailbox.Reply{Action: mailbox.Hang}
		}
		return mailbox.Reply{}
	}
}

func TestInterruptBeforeTheLastOctet(t *testing.T) {
	t.Parallel()
	for at, phase := range map[mailbox.SinkPhase]model.Phase{
		mailbox.SinkGreeting: model.PhaseConnect, mailbox.SinkEHLO: model.PhaseEHLO, mailbox.SinkMail: model.PhaseMail,
		mailbox.SinkRcpt: model.PhaseRcpt, mailbox.SinkData: model.PhaseData,
	} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			reached := make(chan struct{}, 1)
			s := startSink(t, mailbox.SinkOptions{NoChunking: true, NoPipelining: true, Script: hangAt(at, reached)})
			p := newPool(t, s)
			ctx, cancel := context.WithCancel(context.Background())
			go func() {
				<-reached
				cancel()
			}()
			var n atomic.Int64
			r := p.Line().Send(ctx, mail(1), granted(&n), nil)
			requireResult(t, r, model.OutcomeAborted, mailing.ClassInterrupt, phase, 0)
			require.Zero(t, n.Load())
		})
	}
}

func TestInterruptWithinTheIntent(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		s := startSink(t, opts)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		r := newPool(t, s).Line().Send(ctx, mail(1), leave(func(context.Context) error {
			cancel()
			return nil
		}), nil)
		// The end of a context is told by a goroutine of its own: either it
		// came before the last octet or the mail was finished in peace.
		if r.Outcome != model.OutcomeSent {
			require.Equal(t, []any{model.OutcomeAborted, mailing.ClassInterrupt}, []any{r.Outcome, r.Class}, "%+v", r)
			require.Zero(t, s.Count())
		}
		require.True(t, r.Intended)
	})
}

func TestInterruptWhileWaitingForAConnection(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 1)
	s := startSink(t, mailbox.SinkOptions{Script: hangAt(mailbox.SinkMail, reached)})
	p := newPool(t, s, func(c *smtp.Config) {
		c.Connections = 1
		c.Timeouts.Drain = 50 * time.Millisecond
	})
	ctx, cancel := context.WithCancel(context.Background())
	var n atomic.Int64
	first := make(chan mailing.Result)
	go func() { first <- p.Line().Send(ctx, mail(1), granted(&n), nil) }()
	<-reached
	gone, stop := context.WithCancel(context.Background())
	stop()
	requireResult(t, p.Line().Send(gone, mail(2), granted(&n), nil), model.OutcomeAborted, mailing.ClassInterrupt, model.PhaseConnect, 0)
	cancel()
	<-first
}

func TestInterruptAfterTheLastOctetWaitsForTheAnswer(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		opts.Script = func(st mailbox.Step) mailbox.Reply {
			if st.Phase == mailbox.SinkBody {
				cancel()
			}
			return mailbox.Reply{}
		}
		opts.Latency = 20 * time.Millisecond // the answer comes after the interruption
		s := startSink(t, opts)
		var n atomic.Int64
		r := newPool(t, s).Line().Send(ctx, mail(1), granted(&n), nil)
		requireResult(t, r, model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
		require.EqualValues(t, 1, s.Count())
	})
}

func TestInterruptAfterTheLastOctetEndsInDoubt(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		reached := make(chan struct{}, 1)
		opts.Script = hangAt(mailbox.SinkBody, reached)
		p := newPool(t, startSink(t, opts), func(c *smtp.Config) { c.Timeouts.Drain = 30 * time.Millisecond })
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			<-reached
			cancel()
		}()
		var n atomic.Int64
		requireResult(t, p.Line().Send(ctx, mail(1), granted(&n), nil), model.OutcomeInDoubt, mailing.ClassConnection, model.PhaseResponse, 0)
	})
}

// A run that is stopped ends its mails before their last octet, and hurries none
// after it, unless the process stops too.
func TestARunThatIsStopped(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		for name, c := range map[string]struct {
			at   mailbox.SinkPhase
			ends bool // the process stops too
			want model.Outcome
		}{
			"before the greeting":   {mailbox.SinkGreeting, false, model.OutcomeAborted},
			"at the sender":         {mailbox.SinkMail, false, model.OutcomeAborted},
			"after the last octet":  {mailbox.SinkBody, false, model.OutcomeSent},
			"and the process stops": {mailbox.SinkBody, true, model.OutcomeInDoubt},
		} {
			if c.at == mailbox.SinkMail && !opts.NoChunking {
				continue // the last octet leaves with the first
			}
			process, end := context.WithCancel(context.Background())
			run, halt := context.WithCancelCause(process)
			reached := make(chan struct{}, 1)
			o := opts
			o.Script = hangAt(c.at, reached)
			if c.want == model.OutcomeSent {
				o.Script = func(st mailbox.Step) mailbox.Reply {
					if st.Phase == mailbox.SinkBody {
						reached <- struct{}{}
						time.Sleep(100 * time.Millisecond) // more than a drain has
					}
					return mailbox.Reply{}
				}
			}
			s := startSink(t, o)
			p := newPool(t, s, func(c *smtp.Config) { c.Timeouts.Drain = 20 * time.Millisecond })
			go func() {
				<-reached
				halt(&mailing.Halt{Within: process})
				if c.ends {
					end()
				}
			}()
			var n atomic.Int64
			line := p.Line()
			r := line.Send(run, mail(1), granted(&n), nil)
			require.Equal(t, c.want, r.Outcome, name)
			if c.want == model.OutcomeAborted {
				require.Equal(t, mailing.ClassInterrupt, r.Class, name)
			}
			if c.want == model.OutcomeSent {
				go func() { <-reached }()
				require.Equal(t, model.OutcomeSent, line.Send(process, mail(2), granted(&n), nil).Outcome, "the connection is as good as before")
				require.EqualValues(t, 1, s.Connections(), name)
			}
			end()
		}
	})
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	for at, tc := range map[mailbox.SinkPhase]struct {
		outcome model.Outcome
		phase   model.Phase
	}{
		mailbox.SinkGreeting: {model.OutcomeAborted, model.PhaseConnect},
		mailbox.SinkEHLO:     {model.OutcomeAborted, model.PhaseEHLO},
		mailbox.SinkMail:     {model.OutcomeAborted, model.PhaseMail},
		mailbox.SinkRcpt:     {model.OutcomeAborted, model.PhaseRcpt},
		mailbox.SinkData:     {model.OutcomeAborted, model.PhaseData},
		mailbox.SinkBody:     {model.OutcomeInDoubt, model.PhaseResponse},
	} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			s := startSink(t, mailbox.SinkOptions{NoChunking: true, Script: hangAt(at, make(chan struct{}, 9))})
			p := newPool(t, s, func(c *smtp.Config) {
				short := 50 * time.Millisecond
				c.Timeouts.Greeting, c.Timeouts.Command, c.Timeouts.Data, c.Timeouts.Response = short, short, short, short
			})
			r := send(t, p, mail(1))
			requireResult(t, r, tc.outcome, mailing.ClassConnection, tc.phase, 0)
			require.Contains(t, r.Response, "in time")
		})
	}
}

// TestWhatTheKernelTookDecides fails the write that holds the last octet
// after a known number of octets.
func TestWhatTheKernelTookDecides(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		for _, short := range []int{0, 1, 2, 5} {
			s := startSink(t, opts)
			p := newPool(t, s, func(c *smtp.Config) {
				c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
					nc, err := (&net.Dialer{}).DialContext(ctx, network, addr)
					return &failingConn{Conn: nc, short: short}, err
				}
			})
			r := send(t, p, mail(1))
			if short == 0 {
				requireResult(t, r, model.OutcomeInDoubt, mailing.ClassConnection, model.PhaseResponse, 0)
			} else {
				requireResult(t, r, model.OutcomeAborted, mailing.ClassConnection, model.PhaseBody, 0)
				require.Zero(t, s.Count())
			}
			require.True(t, r.Intended)
		}
	})
}

// failingConn writes the octets that complete a mail but for the last short
// ones, and then tells of an error.
type failingConn struct {
	net.Conn
	short int
}

func (c *failingConn) Write(b []byte) (int, error) {
	if n := len(b); n > 40 && string(b[n-5:]) == "end\r\n" || n > 7 && string(b[n-8:]) == "end\r\n.\r\n" {
		n, _ := c.Conn.Write(b[:n-c.short])
		_ = c.Conn.Close()
		return n, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
	}
	return c.Conn.Write(b)
}

// relay stands between pool and sink and can close the side of the pool.
type relay struct {
	host string
	port int
	mu   sync.Mutex
	all  []net.Conn
}

func startRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().(*net.TCPAddr)
	r := &relay{host: addr.IP.String(), port: addr.Port}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		r.closeClients("")
		wg.Wait()
	})
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				continue
			}
			r.mu.Lock()
			r.all = append(r.all, client)
			r.mu.Unlock()
			wg.Go(func() { pipe(client, server) })
			wg.Go(func() { pipe(server, client) })
		}
	})
	return r
}

func pipe(to, from net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			_, _ = to.Write(buf[:n])
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

func (r *relay) closeClients(farewell string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.all {
		_, _ = c.Write([]byte(farewell))
		_ = c.Close()
	}
	r.all = nil
}

func TestDialErrorsAreTold(t *testing.T) {
	t.Parallel()
	p := smtp.New(smtp.Config{Host: "mail.example.org", Port: 25, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, fmt.Errorf("not there: %w", errors.New("forbidden network"))
	}}, nil)
	r := send(t, p, mail(1))
	requireResult(t, r, model.OutcomeAborted, mailing.ClassConnection, model.PhaseConnect, 0)
	require.Equal(t, "not there: forbidden network", r.Response)
	require.Equal(t, "mail.example.org:25", p.Name())
}

// A panic while a mail is sent leaves no connection behind.
func TestAPanicClosesItsConnection(t *testing.T) {
	t.Parallel()
	var opened, closed atomic.Int64
	s := startSink(t, mailbox.SinkOptions{NoChunking: true})
	p := newPool(t, s, func(c *smtp.Config) {
		c.Connections = 1
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			opened.Add(1)
			return &countedConn{Conn: nc, closed: &closed}, err
		}
	})
	l := p.Line()
	require.Panics(t, func() {
		l.Send(t.Context(), mail(1), leave(func(context.Context) error { panic("as a test wants it") }), nil)
	})
	require.Equal(t, []int64{1, 1}, []int64{opened.Load(), closed.Load()})
	requireSent(t, l.Send(t.Context(), mail(2), granted(new(atomic.Int64)), nil))
}

type countedConn struct {
	net.Conn
	closed *atomic.Int64
}

func (c *countedConn) Close() error {
	c.closed.Add(1)
	return c.Conn.Close()
}
