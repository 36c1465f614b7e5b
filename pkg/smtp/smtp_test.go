package smtp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/smtp"
)

// modes are the three dialogues.
var modes = map[string]mailbox.SinkOptions{
	"chunking":   {},
	"pipelining": {NoChunking: true},
	"plain":      {NoChunking: true, NoPipelining: true},
}

func eachMode(t *testing.T, f func(t *testing.T, opts mailbox.SinkOptions)) {
	for name, opts := range modes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, opts)
		})
	}
}

func startSink(t testing.TB, opts mailbox.SinkOptions) *mailbox.Sink {
	t.Helper()
	s, err := mailbox.StartSink(opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func newPool(t testing.TB, s *mailbox.Sink, change ...func(*smtp.Config)) *smtp.Pool {
	t.Helper()
	cfg, err := smtp.ParseURL(s.URL())
	require.NoError(t, err)
	cfg.Timeouts.Quit = 200 * time.Millisecond
	for _, f := range change {
		f(&cfg)
	}
	p := smtp.New(cfg, nil)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func mail(i int) *mailing.Mail {
	return &mailing.Mail{
		From: "a@example.org", To: fmt.Sprintf("c%d@example.com", i),
		Data: fmt.Appendf(nil, "Message-ID: <%d@example.org>\r\n\r\nHello\r\n.dot\r\n..\r\n.\r\nend\r\n", i),
	}
}

// leave is an intent that is asked for when it is waited for.
type leave func(context.Context) error

func (leave) Ask() {}
func (l leave) Wait(ctx context.Context, meanwhile func()) error {
	if meanwhile != nil {
		meanwhile()
	}
	return l(ctx)
}

// ahead tells when it is asked for.
type ahead struct {
	leave
	asked func()
}

func (a ahead) Ask() { a.asked() }

// granted counts the intents and grants them.
func granted(n *atomic.Int64) leave {
	return func(context.Context) error {
		n.Add(1)
		return nil
	}
}

func send(t testing.TB, p *smtp.Pool, m *mailing.Mail) mailing.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	var n atomic.Int64
	r := p.Line().Send(ctx, m, granted(&n), nil)
	require.LessOrEqual(t, n.Load(), int64(1))
	require.Equal(t, n.Load() == 1, r.Intended)
	require.False(t, r.StartedAt.IsZero())
	require.False(t, r.FinishedAt.Before(r.StartedAt))
	return r
}

// requireResult compares what a test cares for.
func requireResult(t testing.TB, got mailing.Result, outcome model.Outcome, class mailing.Class, phase model.Phase, code int) {
	t.Helper()
	require.Equal(t, []any{outcome, class, phase, code}, []any{got.Outcome, got.Class, got.Phase, got.Code}, "%+v", got)
}

// once answers r at the first step of a phase, and lets the rest pass.
func once(phase mailbox.SinkPhase, r mailbox.Reply) func(mailbox.Step) mailbox.Reply {
	var done atomic.Bool
	return func(st mailbox.Step) mailbox.Reply {
		if st.Phase == phase && done.CompareAndSwap(false, true) {
			return r
		}
		return mailbox.Reply{}
	}
}

func TestSent(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		opts.Keep = mailbox.KeepMails
		opts.Extensions = []string{"SIZE 100000"}
		s := startSink(t, opts)
		p := newPool(t, s)
		for i := range 3 {
			r := send(t, p, mail(i))
			requireResult(t, r, model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
			require.Equal(t, "2.0.0", r.Enhanced)
			require.Equal(t, "taken", r.Response)
		}
		for i, m := range s.Mails() {
			require.Equal(t, string(mail(i).Data), string(m.Data))
			require.Equal(t, []string{mail(i).To}, m.To)
			require.Equal(t, "a@example.org", m.From)
		}
		require.EqualValues(t, 3, s.Count())
		require.EqualValues(t, 1, s.Connections())
	})
}

func TestLargeMailsArriveWhole(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		opts.Keep = mailbox.KeepMails
		s := startSink(t, opts)
		p := newPool(t, s)
		for _, n := range []int{64<<10 - 200, 64 << 10, 64<<10 + 1, 128 << 10, 3 << 20} {
			m := mail(1)
			m.Data = append(m.Data, []byte(strings.Repeat(".line of text\r\n", n/15)+strings.Repeat("x", n%15)+"\r\n")...)
			requireResult(t, send(t, p, m), model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
			mails := s.Mails()
			require.True(t, string(m.Data) == string(mails[len(mails)-1].Data))
		}
	})
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const (
		aborted, deferred, failed = model.OutcomeAborted, model.OutcomeDeferred, model.OutcomeFailed
		connection, recipient     = mailing.ClassConnection, mailing.ClassRecipient
	)
	for _, tc := range []struct {
		at      mailbox.SinkPhase
		code    int
		text    string
		outcome model.Outcome
		class   mailing.Class
		phase   model.Phase
	}{
		{mailbox.SinkGreeting, 554, "5.3.2 no", aborted, connection, model.PhaseConnect},
		{mailbox.SinkGreeting, 421, "4.3.2 busy", aborted, connection, model.PhaseConnect},
		{mailbox.SinkEHLO, 421, "4.3.2 busy", aborted, connection, model.PhaseEHLO},
		{mailbox.SinkEHLO, 450, "later", aborted, connection, model.PhaseEHLO},
		{mailbox.SinkMail, 550, "5.1.8 who are you", aborted, mailing.ClassSender, model.PhaseMail},
		{mailbox.SinkMail, 451, "4.3.0 later", aborted, connection, model.PhaseMail},
		{mailbox.SinkMail, 421, "4.3.2 closing", aborted, connection, model.PhaseMail},
		{mailbox.SinkMail, 552, "5.3.4 too large", aborted, mailing.ClassTooLarge, model.PhaseMail},
		{mailbox.SinkMail, 552, "too large", aborted, mailing.ClassTooLarge, model.PhaseMail},
		{mailbox.SinkRcpt, 450, "4.2.1 greylisted", deferred, recipient, model.PhaseRcpt},
		{mailbox.SinkRcpt, 550, "5.1.1 unknown", failed, recipient, model.PhaseRcpt},
		{mailbox.SinkRcpt, 552, "5.2.2 full", failed, recipient, model.PhaseRcpt},
		{mailbox.SinkRcpt, 550, "5.7.1 blocked", failed, mailing.ClassPolicy, model.PhaseRcpt},
		{mailbox.SinkRcpt, 530, "log in", failed, mailing.ClassPolicy, model.PhaseRcpt},
		{mailbox.SinkRcpt, 421, "4.3.2 closing", aborted, connection, model.PhaseRcpt},
		{mailbox.SinkData, 451, "4.3.0 later", deferred, recipient, model.PhaseData},
		{mailbox.SinkData, 554, "5.5.0 no", failed, recipient, model.PhaseData},
		{mailbox.SinkData, 421, "4.3.2 closing", aborted, connection, model.PhaseData},
		{mailbox.SinkBody, 451, "4.3.0 later", deferred, recipient, model.PhaseResponse},
		{mailbox.SinkBody, 421, "4.3.2 closing", deferred, connection, model.PhaseResponse},
		{mailbox.SinkBody, 554, "5.6.0 spam", failed, recipient, model.PhaseResponse},
		{mailbox.SinkBody, 550, "5.7.1 policy", failed, mailing.ClassPolicy, model.PhaseResponse},
		{mailbox.SinkBody, 552, "5.3.4 too large", aborted, mailing.ClassTooLarge, model.PhaseResponse},
	} {
		t.Run(fmt.Sprint(tc.at, tc.code, tc.text), func(t *testing.T) {
			t.Parallel()
			eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
				if tc.at == mailbox.SinkData && !opts.NoChunking {
					return // there is no DATA in this dialogue
				}
				reply := mailbox.Reply{Code: tc.code, Text: tc.text}
				if tc.code == 421 {
					reply.Action = mailbox.AnswerAndClose
				}
				opts.Script = once(tc.at, reply)
				s := startSink(t, opts)
				p := newPool(t, s)
				r := send(t, p, mail(1))
				requireResult(t, r, tc.outcome, tc.class, tc.phase, tc.code)
				if enhanced, words, ok := strings.Cut(tc.text, " "); ok && len(enhanced) == 5 && enhanced[1] == '.' {
					require.Equal(t, enhanced, r.Enhanced)
					require.Equal(t, words, r.Response)
				}
				require.Zero(t, s.Count())
				// Whatever it was, the next mail is not touched by it.
				requireResult(t, send(t, p, mail(2)), model.OutcomeSent, recipient, model.PhaseResponse, 250)
				require.Equal(t, map[string]int{"c2@example.com": 1}, s.Accepted())
			})
		})
	}
}

func TestDrops(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		at    mailbox.SinkPhase
		phase model.Phase
		// The mail is in one flight with MAIL and RCPT in the first dialogue.
		oneFlight, other model.Outcome
	}{
		{mailbox.SinkGreeting, model.PhaseConnect, model.OutcomeAborted, model.OutcomeAborted},
		{mailbox.SinkEHLO, model.PhaseEHLO, model.OutcomeAborted, model.OutcomeAborted},
		{mailbox.SinkMail, model.PhaseMail, model.OutcomeInDoubt, model.OutcomeAborted},
		{mailbox.SinkRcpt, model.PhaseRcpt, model.OutcomeInDoubt, model.OutcomeAborted},
		{mailbox.SinkData, model.PhaseData, "", model.OutcomeAborted},
		{mailbox.SinkContent, model.PhaseResponse, model.OutcomeInDoubt, model.OutcomeInDoubt},
		{mailbox.SinkBody, model.PhaseResponse, model.OutcomeInDoubt, model.OutcomeInDoubt},
	} {
		for name, reply := range map[string]mailbox.Reply{
			"drop": {Action: mailbox.Drop}, "garbage": {Raw: "What?\r\n"}, "endless": {Raw: strings.Repeat("x", 10<<20)}, "half": {Raw: "250-", Action: mailbox.AnswerAndClose},
		} {
			if tc.at == mailbox.SinkContent && name != "drop" {
				continue
			}
			t.Run(string(tc.at)+" "+name, func(t *testing.T) {
				t.Parallel()
				eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
					want := tc.other
					if !opts.NoChunking {
						want = tc.oneFlight
					}
					if want == "" {
						return
					}
					said := reply
					said.Accept = tc.at == mailbox.SinkBody
					opts.Script = once(tc.at, said)
					s := startSink(t, opts)
					p := newPool(t, s)
					r := send(t, p, mail(1))
					require.NotEmpty(t, r.Response)
					require.LessOrEqual(t, len(r.Response), 1024)
					// After Content the kernel may tell of the drop while the
					// mail is written, or not.
					if tc.at == mailbox.SinkContent && r.Outcome == model.OutcomeAborted {
						requireResult(t, r, model.OutcomeAborted, mailing.ClassConnection, model.PhaseBody, 0)
						return
					}
					phase := tc.phase
					if want == model.OutcomeInDoubt {
						phase = model.PhaseResponse
						require.True(t, r.Intended)
					}
					requireResult(t, r, want, mailing.ClassConnection, phase, 0)
					beforeRcpt := tc.at == mailbox.SinkGreeting || tc.at == mailbox.SinkEHLO || tc.at == mailbox.SinkMail && opts.NoPipelining
					require.Equal(t, !beforeRcpt, r.Named)
					requireResult(t, send(t, p, mail(2)), model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
				})
			})
		}
	}
}

func TestARecipientRefusedBeforeADropIsKnown(t *testing.T) {
	t.Parallel()
	s := startSink(t, mailbox.SinkOptions{Script: func(st mailbox.Step) mailbox.Reply {
		switch st.Phase {
		case mailbox.SinkRcpt:
			return mailbox.Reply{Code: 550, Text: "5.1.1 unknown"}
		case mailbox.SinkBody:
			return mailbox.Reply{Action: mailbox.Drop}
		}
		return mailbox.Reply{}
	}})
	requireResult(t, send(t, newPool(t, s), mail(1)), model.OutcomeFailed, mailing.ClassRecipient, model.PhaseRcpt, 550)
}

// The commit of an intent hides behind the round trip of DATA.
func TestTheIntentIsAskedForBeforeTheAnswerToData(t *testing.T) {
	t.Parallel()
	for _, stepByStep := range []bool{false, true} {
		t.Run(fmt.Sprintf("step by step %t", stepByStep), func(t *testing.T) {
			t.Parallel()
			asked := make(chan struct{})
			s := startSink(t, mailbox.SinkOptions{NoChunking: true, NoPipelining: stepByStep, Script: func(st mailbox.Step) mailbox.Reply {
				if st.Phase == mailbox.SinkData {
					select {
					case <-asked:
					case <-time.After(10 * time.Second):
						return mailbox.Reply{Code: 451, Text: "4.3.0 nobody asked"}
					}
				}
				return mailbox.Reply{}
			}})
			var n atomic.Int64
			r := newPool(t, s).Line().Send(context.Background(), mail(1), ahead{granted(&n), sync.OnceFunc(func() { close(asked) })}, nil)
			requireResult(t, r, model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
		})
	}
}

func TestDataThatBeginsWithoutARecipientIsEnded(t *testing.T) {
	t.Parallel()
	s := startSink(t, mailbox.SinkOptions{NoChunking: true, Script: func(st mailbox.Step) mailbox.Reply {
		switch {
		case st.Phase == mailbox.SinkRcpt && st.To == "c1@example.com":
			return mailbox.Reply{Code: 550, Text: "5.1.1 unknown"}
		case st.Phase == mailbox.SinkData:
			return mailbox.Reply{Code: 354, Text: "go on"}
		}
		return mailbox.Reply{}
	}})
	p := newPool(t, s)
	r := send(t, p, mail(1))
	requireResult(t, r, model.OutcomeFailed, mailing.ClassRecipient, model.PhaseRcpt, 550)
	require.False(t, r.Intended)
	requireResult(t, send(t, p, mail(2)), model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
	require.EqualValues(t, 1, s.Connections())
	require.EqualValues(t, 1, s.Count())
}

func TestIntentRefused(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		s := startSink(t, opts)
		p := newPool(t, s)
		r := p.Line().Send(context.Background(), mail(1), leave(func(context.Context) error { return errors.New("the run is paused") }), nil)
		requireResult(t, r, model.OutcomeAborted, mailing.ClassIntent, model.PhaseData, 0)
		require.False(t, r.Intended)
		require.Contains(t, r.Response, "the run is paused")
		requireResult(t, send(t, p, mail(2)), model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
		require.Equal(t, map[string]int{"c2@example.com": 1}, s.Accepted())
		// There is no way back from 354, and every way back before it.
		require.Equal(t, map[bool]int64{true: 2, false: 1}[opts.NoChunking], s.Connections())
	})
}

func TestTheIntentComesBeforeTheMail(t *testing.T) {
	t.Parallel()
	eachMode(t, func(t *testing.T, opts mailbox.SinkOptions) {
		var content atomic.Bool
		opts.Script = func(st mailbox.Step) mailbox.Reply {
			if st.Phase == mailbox.SinkBody || st.BDAT {
				content.Store(true)
			}
			return mailbox.Reply{}
		}
		p := newPool(t, startSink(t, opts))
		for i := range 3 {
			content.Store(false)
			r := p.Line().Send(context.Background(), mail(i), leave(func(context.Context) error {
				require.False(t, content.Load())
				return nil
			}), nil)
			require.Equal(t, model.OutcomeSent, r.Outcome)
			require.True(t, content.Load())
		}
	})
}

func TestMailsThatMustNotReachTheWire(t *testing.T) {
	t.Parallel()
	s := startSink(t, mailbox.SinkOptions{Extensions: []string{"SIZE 1000"}})
	p := newPool(t, s)
	for name, tc := range map[string]struct {
		change  func(*mailing.Mail)
		outcome model.Outcome
		class   mailing.Class
	}{
		"to with crlf":      {func(m *mailing.Mail) { m.To = "a@b>\r\nRCPT TO:<c@d" }, model.OutcomeFailed, ""},
		"to with brackets":  {func(m *mailing.Mail) { m.To = "<a@b>" }, model.OutcomeFailed, ""},
		"to with a space":   {func(m *mailing.Mail) { m.To = "a@b NOTIFY=NEVER" }, model.OutcomeFailed, ""},
		"to not utf-8":      {func(m *mailing.Mail) { m.To = "a\xff@b" }, model.OutcomeFailed, ""},
		"to empty":          {func(m *mailing.Mail) { m.To = "" }, model.OutcomeFailed, ""},
		"to too long":       {func(m *mailing.Mail) { m.To = strings.Repeat("a", 255) + "@b" }, model.OutcomeFailed, ""},
		"from with crlf":    {func(m *mailing.Mail) { m.From = "a@b\r\nDATA" }, model.OutcomeAborted, mailing.ClassSender},
		"bare lf":           {func(m *mailing.Mail) { m.Data = []byte("a\n.\r\nb\r\n") }, model.OutcomeFailed, ""},
		"bare cr":           {func(m *mailing.Mail) { m.Data = []byte("a\r.\rb\r\n") }, model.OutcomeFailed, ""},
		"lf cr":             {func(m *mailing.Mail) { m.Data = []byte("a\n\rb\r\n") }, model.OutcomeFailed, ""},
		"no line end":       {func(m *mailing.Mail) { m.Data = []byte("a") }, model.OutcomeFailed, ""},
		"utf-8 address":     {func(m *mailing.Mail) { m.To = "анна@example.com" }, model.OutcomeFailed, ""},
		"8-bit":             {func(m *mailing.Mail) { m.Data = []byte("Привет\r\n") }, model.OutcomeFailed, ""},
		"above server SIZE": {func(m *mailing.Mail) { m.Data = []byte(strings.Repeat("a\r\n", 334)) }, model.OutcomeAborted, mailing.ClassTooLarge},
	} {
		m := mail(1)
		tc.change(m)
		r := send(t, p, m)
		require.Equal(t, tc.outcome, r.Outcome, name)
		require.Equal(t, tc.class, r.Class, name)
		require.True(t, strings.HasPrefix(r.Response, "not sent: "), "%s: %s", name, r.Response)
		require.False(t, r.Intended)
	}
	require.Zero(t, s.Count())
}

func TestParametersOfMail(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	s := startSink(t, mailbox.SinkOptions{Extensions: []string{"SIZE", "8BITMIME", "SMTPUTF8"}, Script: func(st mailbox.Step) mailbox.Reply {
		if st.Phase == mailbox.SinkMail {
			mu.Lock()
			got = append(got, st.Command)
			mu.Unlock()
		}
		return mailbox.Reply{}
	}})
	p := newPool(t, s, func(c *smtp.Config) { c.Bounce = "bounce@example.org" })
	m := mail(1)
	m.Data = []byte("x\r\n")
	require.Equal(t, model.OutcomeSent, send(t, p, m).Outcome)
	m.To, m.Data = "анна@example.com", []byte("x\r\nя\r\n")
	require.Equal(t, model.OutcomeSent, send(t, p, m).Outcome)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{
		"MAIL FROM:<bounce@example.org> SIZE=3", "MAIL FROM:<bounce@example.org> SIZE=7 BODY=8BITMIME SMTPUTF8",
	}, got)
}

func TestHELOAfterARefusedEHLO(t *testing.T) {
	t.Parallel()
	s := startSink(t, mailbox.SinkOptions{Script: func(st mailbox.Step) mailbox.Reply {
		if st.Phase == mailbox.SinkEHLO {
			return mailbox.Reply{Code: 502, Text: "what"}
		}
		return mailbox.Reply{}
	}})
	require.Equal(t, model.OutcomeSent, send(t, newPool(t, s), mail(1)).Outcome)
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	s := startSink(t, mailbox.SinkOptions{})
	p := newPool(t, s)
	require.NoError(t, s.Close())
	requireResult(t, send(t, p, mail(1)), model.OutcomeAborted, mailing.ClassConnection, model.PhaseConnect, 0)
}

func TestServersWordsAreCleaned(t *testing.T) {
	t.Parallel()
	s := startSink(t, mailbox.SinkOptions{Script: once(mailbox.SinkRcpt,
		mailbox.Reply{Raw: "550-5.1.1 caf\xe9\x00\x1b[31m\r\n550-5.1.1 " + strings.Repeat("я", 900) + "\r\n550 5.1.1 end\r\n"})})
	r := send(t, newPool(t, s), mail(1))
	requireResult(t, r, model.OutcomeFailed, mailing.ClassRecipient, model.PhaseRcpt, 550)
	require.Equal(t, "5.1.1", r.Enhanced)
	require.True(t, strings.HasPrefix(r.Response, "caf\uFFFD[31m яя"), r.Response)
	require.LessOrEqual(t, len(r.Response), 1024)
	require.Greater(t, len(r.Response), 1000)
}
