package smtp_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/smtp"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	server, roots := certificate(t, "mail.example.org")
	check := func(t *testing.T, opts mailbox.SinkOptions, change func(*smtp.Config)) model.TransportCheck {
		t.Helper()
		s := startSink(t, opts)
		cfg, err := smtp.ParseURL(s.URL())
		require.NoError(t, err)
		cfg.RootCAs, cfg.ServerName = roots, "mail.example.org"
		if change != nil {
			change(&cfg)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		out := smtp.Check(ctx, cfg)
		require.Positive(t, out.Took)
		require.NotEmpty(t, out.Response)
		require.Zero(t, s.Count())
		return out
	}
	t.Run("all is well", func(t *testing.T) {
		t.Parallel()
		out := check(t, mailbox.SinkOptions{TLS: server, Extensions: []string{"AUTH PLAIN"}, Username: "u", Password: "p"},
			func(c *smtp.Config) { c.Username, c.Password = "u", "p" })
		require.Equal(t, []any{true, model.PhaseAuth, 235}, []any{out.OK, out.Phase, out.Code})
		require.Contains(t, out.TLS, "TLS 1.")
		require.Contains(t, out.Extensions, "CHUNKING")
	})
	t.Run("no login", func(t *testing.T) {
		t.Parallel()
		out := check(t, mailbox.SinkOptions{}, nil)
		require.Equal(t, []any{true, model.PhaseEHLO, 250, ""}, []any{out.OK, out.Phase, out.Code, out.TLS})
	})
	t.Run("login refused", func(t *testing.T) {
		t.Parallel()
		out := check(t, mailbox.SinkOptions{Extensions: []string{"AUTH PLAIN"}, Username: "u", Password: "p"},
			func(c *smtp.Config) { c.Username, c.Password = "u", "wrong" })
		require.Equal(t, []any{false, model.PhaseAuth, 535}, []any{out.OK, out.Phase, out.Code})
		require.Contains(t, out.Extensions, "AUTH PLAIN", "also of what came before")
	})
	t.Run("no TLS", func(t *testing.T) {
		t.Parallel()
		out := check(t, mailbox.SinkOptions{}, func(c *smtp.Config) { c.TLS = smtp.TLSRequired })
		require.Equal(t, []any{false, model.PhaseTLS}, []any{out.OK, out.Phase})
	})
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		out := check(t, mailbox.SinkOptions{}, func(c *smtp.Config) { c.Port = 1 })
		require.Equal(t, []any{false, model.PhaseConnect}, []any{out.OK, out.Phase})
	})
	t.Run("no greeting", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		out := smtp.Check(ctx, smtp.Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port})
		require.Equal(t, []any{false, model.PhaseConnect, "the server did not answer in time"}, []any{out.OK, out.Phase, out.Response})
	})
}

// A server takes the beginning of the last block and no more: a drain does not
// wait for it longer than it waits for an answer, and the mail was not sent.
func TestAWriteThatStandsStillEndsWithTheDrain(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		s := startSink(t, opts)
		stuck := make(chan struct{})
		p := newPool(t, s, func(c *smtp.Config) {
			c.Timeouts.Drain = 30 * time.Millisecond
			c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				nc, err := (&net.Dialer{}).DialContext(ctx, network, addr)
				hole, _ := net.Pipe()
				return &stuckConn{Conn: nc, hole: hole, stuck: stuck}, err
			}
		})
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			<-stuck
			cancel()
		}()
		var n atomic.Int64
		requireResult(t, p.Line().Send(ctx, mail(1), granted(&n), nil), model.OutcomeAborted, mailing.ClassInterrupt, model.PhaseBody, 0)
		require.Zero(t, s.Count())
	})
}

// stuckConn takes all but the last octets of a mail, and waits with them for
// its deadline.
type stuckConn struct {
	net.Conn
	hole  net.Conn // nobody reads at its other end
	stuck chan struct{}
}

func (c *stuckConn) Write(b []byte) (int, error) {
	if n := len(b); n > 40 && string(b[n-5:]) == "end\r\n" || n > 7 && string(b[n-8:]) == "end\r\n.\r\n" {
		n, _ := c.Conn.Write(b[:n-5])
		close(c.stuck)
		_, err := c.hole.Write(b[n:])
		return n, err
	}
	return c.Conn.Write(b)
}

func (c *stuckConn) SetDeadline(t time.Time) error {
	_ = c.hole.SetDeadline(t)
	return c.Conn.SetDeadline(t)
}
