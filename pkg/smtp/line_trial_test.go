package smtp_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/smtp"
)

// A server that refuses a mail for what stands behind its dot, or what stands
// there, harms nobody: after some trials it gets one mail after the other.
func TestAServerThatRefusesWhatWentAlong(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		at    mailbox.SinkPhase
		reply mailbox.Reply
	}{
		"the mail":         {mailbox.SinkBody, mailbox.Reply{Code: 554, Text: "5.5.0 synchronization", Action: mailbox.AnswerAndClose}},
		"the mail, later":  {mailbox.SinkBody, mailbox.Reply{Code: 451, Text: "4.5.0 synchronization"}},
		"the mail and bye": {mailbox.SinkBody, mailbox.Reply{Code: 421, Text: "4.5.0 synchronization", Action: mailbox.AnswerAndClose}},
		"the next":         {mailbox.SinkMail, mailbox.Reply{Code: 503, Text: "5.5.1 synchronization"}},
		"the next and bye": {mailbox.SinkMail, mailbox.Reply{Code: 421, Text: "4.5.0 synchronization", Action: mailbox.AnswerAndClose}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var together envelopes
			var seen atomic.Int64
			s := startSink(t, mailbox.SinkOptions{NoChunking: true, Script: func(st mailbox.Step) mailbox.Reply {
				if n := together.Load(); st.Phase == tc.at && seen.Swap(n) != n {
					return tc.reply
				}
				return mailbox.Reply{}
			}})
			l := newPool(t, s, func(c *smtp.Config) { c.Dial = together.dial }).Line()
			for _, r := range sendAll(t, l, someMails(12)...) {
				requireSent(t, r)
			}
			require.EqualValues(t, 3, together.Load())
			require.EqualValues(t, 4, s.Connections())
			require.EqualValues(t, 12, s.Count())
		})
	}
}

// What is meant for the mail itself is said again to its second connection, and
// the next trial is believed.
func TestATrialThatMeetsARefusedMail(t *testing.T) {
	t.Parallel()
	var together envelopes
	s := startSink(t, mailbox.SinkOptions{NoChunking: true, Script: func(st mailbox.Step) mailbox.Reply {
		if st.Phase == mailbox.SinkBody && st.To == "c1@example.com" {
			return mailbox.Reply{Code: 554, Text: "5.6.0 spam"}
		}
		return mailbox.Reply{}
	}})
	all := sendAll(t, newPool(t, s, func(c *smtp.Config) { c.Dial = together.dial }).Line(), someMails(6)...)
	requireResult(t, all[0], model.OutcomeFailed, mailing.ClassRecipient, model.PhaseResponse, 554)
	for _, r := range all[1:] {
		requireSent(t, r)
	}
	require.EqualValues(t, 5, s.Count())
	require.EqualValues(t, 2, s.Connections())
	require.EqualValues(t, 4, together.Load()) // with 1, 2, 4 and 5
}

// A trial that our own end cuts short proves nothing: the next one finds out.
func TestATrialThatIsInterrupted(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]mailbox.SinkPhase{"at the mail": mailbox.SinkBody, "at the next": mailbox.SinkMail} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var together envelopes
			s := startSink(t, mailbox.SinkOptions{NoChunking: true, Script: func(st mailbox.Step) mailbox.Reply {
				if st.Phase == at && together.Load() == 1 && ctx.Err() == nil {
					cancel()
					return mailbox.Reply{Wait: 50 * time.Millisecond}
				}
				return mailbox.Reply{}
			}})
			p := newPool(t, s, func(c *smtp.Config) { c.Connections, c.Dial = 1, together.dial })
			l := p.Line()
			var n atomic.Int64
			second := mail(2)
			requireSent(t, l.Send(ctx, mail(1), granted(&n), func() *mailing.Mail { return second }))
			require.Equal(t, model.OutcomeAborted, l.Send(ctx, second, granted(&n), nil).Outcome)
			for _, r := range sendAll(t, p.Line(), someMails(6)[2:]...) {
				requireSent(t, r)
			}
			require.EqualValues(t, 3, together.Load(), "the first, the next trial with 3, and with 5")
		})
	}
}

// A line that always has a next mail lets others in.
func TestALineKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	s := startSink(t, mailbox.SinkOptions{NoChunking: true})
	p := newPool(t, s, func(c *smtp.Config) { c.Connections = 1 })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		l, m := p.Line(), mail(0)
		defer l.Drop()
		for i := 1; ctx.Err() == nil; i++ {
			var n atomic.Int64
			following := mail(i)
			l.Send(ctx, m, granted(&n), func() *mailing.Mail { return following })
			m = following
		}
	}()
	require.NoError(t, s.Wait(ctx, 10))
	var n atomic.Int64
	requireSent(t, p.Line().Send(ctx, mail(-1), granted(&n), nil))
	require.Nil(t, p.Probe(ctx))
	cancel()
	<-done
}
