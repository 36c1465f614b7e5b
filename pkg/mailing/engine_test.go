package mailing_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"))
}

func TestAMailingThatStartsNowReachesEveryClientOnce(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 3)
		out := newFake(nil)
		h.engine(out)
		m := h.create()
		require.Equal(t, model.MailingRunning, m.Status)
		m = h.until(m.ID, model.MailingFinished)
		r := h.report(m)
		require.EqualValues(t, 3, r.Counts.Planned)
		require.EqualValues(t, 3, r.Counts.Sent)
		for i := range 3 {
			require.Equal(t, 1, out.count(address(i)))
		}
		mail := out.mails[address(1)][0]
		require.Contains(t, mail, "List-Unsubscribe: <http://localhost:8080/u/")
		require.Contains(t, mail, "List-Unsubscribe-Post: List-Unsubscribe=One-Click")
		for _, d := range h.deliveries(m) {
			require.Equal(t, 1, d.Attempts)
			require.Equal(t, "queued", d.LastResponse)
		}
	})
}

func TestManyChunksAndRunsEachClientOnce(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 1203)
		out := newFake(nil)
		out.conns = 30
		h.engine(out)
		h.engine(out) // two workers
		a, b := h.create(), h.create()
		for _, m := range []*model.Mailing{a, b} {
			r := h.report(h.until(m.ID, model.MailingFinished))
			require.EqualValues(t, 1203, r.Counts.Sent)
		}
		for i := range 1203 {
			require.Equal(t, 2, out.count(address(i)))
		}
	})
}

func TestAScheduledMailingStartsAtItsTimeAndNotBefore(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 1)
		out := newFake(nil)
		h.engine(out)
		at := time.Now().Add(1500 * time.Millisecond)
		m := h.create(func(in *mailing.Input) { in.StartAt = &at })
		require.Equal(t, model.MailingScheduled, m.Status)
		require.WithinDuration(t, at, *m.NextRunAt, time.Microsecond)
		m = h.until(m.ID, model.MailingFinished)
		r := h.report(m)
		require.False(t, r.StartedAt.Before(at), "never early")
		require.Nil(t, m.NextRunAt)
	})
}

func TestRefusalsAndRetries(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 4)
		first := true
		out := newFake(nil)
		out.conns = 1
		out.answer = func(m *mailing.Mail, intent func() error) mailing.Result {
			switch m.To {
			case address(1):
				return mailing.Result{Outcome: model.OutcomeFailed, Code: 550, Enhanced: "5.1.1", Response: "no such user", Phase: model.PhaseRcpt}
			case address(2):
				if first {
					first = false
					return mailing.Result{Outcome: model.OutcomeDeferred, Code: 451, Enhanced: "4.7.1", Response: "greylisted", Phase: model.PhaseRcpt}
				}
			}
			return take(intent)
		}
		h.engine(out)
		m := h.create()
		out.wait(2)
		require.Eventually(t, func() bool {
			r, err := st.Report(context.Background(), h.user.Viewer(), *m.LastRunID)
			return err == nil && r.Counts.Sent == 2 && r.Counts.Failed == 1 && r.Counts.Deferred == 1
		}, 20*time.Second, 20*time.Millisecond)
		h.report(m)
		st.MoveClock(2 * time.Minute)
		m = h.until(m.ID, model.MailingFinished)
		r := h.report(m)
		require.EqualValues(t, 3, r.Counts.Sent)
		require.EqualValues(t, 1, r.Counts.Failed)
		for _, d := range h.deliveries(m) {
			switch d.Email {
			case address(1):
				require.Equal(t, 550, d.LastCode)
			case address(2):
				require.Equal(t, 2, d.Attempts)
				require.Equal(t, model.Sent, d.State)
			}
		}
	})
}

func TestALostAnswerIsInDoubtAndHeld(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 3)
		out := newFake(func(m *mailing.Mail, intent func() error) mailing.Result {
			if m.To != address(1) {
				return take(intent)
			}
			_ = intent()
			return mailing.Result{Outcome: model.OutcomeInDoubt, Intended: true, Class: mailing.ClassConnection, Phase: model.PhaseResponse}
		})
		h.engine(out)
		m := h.until(h.create().ID, model.MailingFinished)
		r := h.report(m)
		require.EqualValues(t, 1, r.Counts.InDoubt)
		require.EqualValues(t, 2, r.Counts.Sent)
		require.Equal(t, 1, out.count(address(1)))
	})
}

func TestALostAnswerIsRepeatedOnceUnderResend(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 2)
		out := newFake(nil)
		out.answer = func(m *mailing.Mail, intent func() error) mailing.Result {
			if m.To != address(1) || out.count(m.To) > 0 {
				return take(intent)
			}
			_ = intent()
			return mailing.Result{Outcome: model.OutcomeInDoubt, Intended: true, Class: mailing.ClassConnection, Phase: model.PhaseResponse}
		}
		h.engine(out)
		m := h.create(func(in *mailing.Input) { in.InDoubtPolicy = model.ResendInDoubt })
		m = h.until(m.ID, model.MailingFinished)
		r := h.report(m)
		require.EqualValues(t, 2, r.Counts.Sent)
		mails := out.mails[address(1)]
		require.Len(t, mails, 2)
		require.Equal(t, mails[0], mails[1], "a repeat is byte-identical")
		for _, d := range h.deliveries(m) {
			require.Equal(t, d.Email == address(1), d.PossibleDuplicate)
		}
	})
}

func TestPauseResumeAndCancel(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 40)
		gate := make(chan struct{}, 100)
		out := newFake(func(_ *mailing.Mail, intent func() error) mailing.Result {
			<-gate
			return take(intent)
		})
		h.engine(out)
		ctx, v := context.Background(), h.user.Viewer()
		m := h.create()
		for range 5 {
			gate <- struct{}{}
		}
		out.wait(5)
		_, err := h.service.Act(ctx, v, m.ID, model.ActionPause, nil)
		require.NoError(t, err)
		before := out.total()
		for range 4 { // what is on the four wires may end
			gate <- struct{}{}
		}
		m = h.until(m.ID, model.MailingPaused)
		require.Equal(t, model.ReasonByPerson, m.Reason)
		require.LessOrEqual(t, out.total(), before+out.conns)
		r := h.report(m)
		require.Zero(t, r.Counts.Sending)

		_, err = h.service.Act(ctx, v, m.ID, model.ActionResume, nil)
		require.NoError(t, err)
		for range 3 {
			gate <- struct{}{}
		}
		out.wait(int(r.Counts.Sent) + 3)
		_, err = h.service.Act(ctx, v, m.ID, model.ActionCancel, nil)
		require.NoError(t, err)
		close(gate)
		m = h.until(m.ID, model.MailingCancelled)
		r = h.report(m)
		require.Positive(t, r.Counts.Cancelled)
		require.EqualValues(t, 40, r.Counts.Sent+r.Counts.Cancelled)
		require.EqualValues(t, out.total(), r.Counts.Sent)
	})
}

func TestSuppressedAndDeletedClientsAreSkipped(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 5)
		ctx, v := context.Background(), h.user.Viewer()
		require.NoError(t, st.Suppress(ctx, &model.Suppression{OwnerID: h.user.ID, Email: address(0), Reason: model.Bounced}))
		gate := make(chan struct{})
		out := newFake(func(_ *mailing.Mail, intent func() error) mailing.Result {
			<-gate
			return take(intent)
		})
		out.conns = 1
		h.engine(out)
		m := h.create()
		require.Eventually(t, func() bool {
			r, err := st.Report(ctx, v, *m.LastRunID)
			return err == nil && r.Counts.Planned == 5
		}, 20*time.Second, 10*time.Millisecond)
		require.NoError(t, st.Suppress(ctx, &model.Suppression{OwnerID: h.user.ID, Email: address(3), Reason: model.Unsubscribed}))
		list, err := st.Clients(ctx, v, store.ClientFilter{Q: address(4)}, store.Page{})
		require.NoError(t, err)
		require.NoError(t, st.DeleteClient(ctx, v, list.Items[0].ID, nil, false))
		close(gate)
		m = h.until(m.ID, model.MailingFinished)
		r := h.report(m)
		require.EqualValues(t, 3, r.Counts.Skipped)
		require.EqualValues(t, 2, r.Counts.Sent)
		why := map[string]string{}
		for _, d := range h.deliveries(m) {
			why[d.Email] = d.Reason
		}
		require.Equal(t, "bounced", why[address(0)])
		require.Equal(t, "unsubscribed", why[address(3)])
		require.Equal(t, "client_deleted", why[address(4)])
	})
}

func TestTheLinkOfAMailUnsubscribes(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 1)
		out := newFake(nil)
		h.engine(out)
		h.until(h.create().ID, model.MailingFinished)
		mail := out.mails[address(0)][0]
		_, rest, ok := strings.Cut(mail, "List-Unsubscribe: <http://localhost:8080/u/")
		require.True(t, ok)
		token, _, _ := strings.Cut(rest, ">")
		token = strings.ReplaceAll(strings.ReplaceAll(token, "\r\n", ""), " ", "")
		ctx := context.Background()
		info, err := h.service.Unsubscription(ctx, token)
		require.NoError(t, err)
		require.Equal(t, address(0), info.Email)
		require.NoError(t, h.service.Unsubscribe(ctx, token))
		require.NoError(t, h.service.Unsubscribe(ctx, token), "again is no error")
		flip := map[bool]string{true: "B", false: "A"}[token[5] == 'A']
		forged := token[:5] + flip + token[6:]
		require.True(t, model.IsKind(h.service.Unsubscribe(ctx, forged), model.NotFound))
		m := h.until(h.create().ID, model.MailingFinished)
		require.EqualValues(t, 1, h.report(m).Counts.Skipped)
	})
}

func TestAServerThatIsAwayBurnsNobody(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 30)
		failures := 0
		out := newFake(nil)
		out.conns = 1
		out.answer = func(_ *mailing.Mail, intent func() error) mailing.Result {
			if failures < 7 {
				failures++
				return mailing.Result{Outcome: model.OutcomeAborted, Class: mailing.ClassConnection, Phase: model.PhaseConnect}
			}
			return take(intent)
		}
		h.engine(out)
		m := h.until(h.create().ID, model.MailingFinished)
		r := h.report(m)
		require.EqualValues(t, 30, r.Counts.Sent)
		for _, d := range h.deliveries(m) {
			require.Equal(t, 1, d.Attempts, "an attempt that never began is not one")
		}
	})
}

func TestARefusalOfEverybodyPausesAndBurnsNobody(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 60)
		out := newFake(func(*mailing.Mail, func() error) mailing.Result {
			return mailing.Result{Outcome: model.OutcomeFailed, Class: mailing.ClassPolicy, Code: 554, Enhanced: "5.7.1", Response: "we do not want you", Phase: model.PhaseRcpt}
		})
		h.engine(out)
		m := h.until(h.create().ID, model.MailingPaused)
		require.Equal(t, model.ReasonRefusedByPolicy, m.Reason)
		r := h.report(m)
		require.Zero(t, r.Counts.Failed)
		require.GreaterOrEqual(t, r.Counts.Deferred, int64(20))
	})
}

// A run that was paused for what came in a row counts anew when it is resumed,
// also when something else is remembered of it.
func TestAResumedRunCountsAnew(t *testing.T) {
	t.Parallel()
	for reason, no := range map[string]mailing.Result{
		model.ReasonRefusedByPolicy: {Outcome: model.OutcomeFailed, Class: mailing.ClassRecipient, Phase: model.PhaseRcpt, Named: true, Code: 550, Enhanced: "5.1.1", Response: "no such user"},
		model.ReasonSenderRejected:  {Outcome: model.OutcomeAborted, Class: mailing.ClassSender, Phase: model.PhaseMail, Code: 550, Response: "sender unknown"},
	} {
		h := newHouse(t, testkit.Store(t, testkit.Postgres), 60)
		var before, after atomic.Int64
		var mended atomic.Bool
		out := newFake(func(_ *mailing.Mail, intent func() error) mailing.Result {
			switch {
			case !mended.Load() && before.Add(1) == 1:
				return lost
			case !mended.Load() || after.Add(1)%10 == 1:
				return no
			}
			return take(intent)
		})
		out.conns = 1
		stop := h.engine(out)
		m := h.until(h.create().ID, model.MailingPaused)
		require.Equal(t, reason, m.Reason)
		open := h.report(m).Counts.Pending
		require.Positive(t, open)
		mended.Store(true)
		h.act(m, model.ActionResume)
		h.counts(m.ID, func(c model.Counts) bool { return c.Sent+c.Failed == open })
		require.NotEqual(t, model.MailingPaused, h.again(m).Status)
		stop()
	}
}

// A server that tells the others to come back refuses not everybody, unless it
// says that it is about us.
func TestRefusalsBetweenOtherAnswersAreMeant(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		for _, about := range []struct {
			class    mailing.Class
			enhanced string
			failed   int64
		}{{mailing.ClassRecipient, "5.1.1", 30}, {mailing.ClassPolicy, "5.7.1", 0}} {
			h := newHouse(t, st, 60)
			var n atomic.Int64
			out := newFake(func(*mailing.Mail, func() error) mailing.Result {
				if n.Add(1)%2 == 0 {
					return mailing.Result{Outcome: model.OutcomeDeferred, Class: mailing.ClassRecipient, Code: 451, Enhanced: "4.7.1", Response: "greylisted", Phase: model.PhaseRcpt}
				}
				return mailing.Result{Outcome: model.OutcomeFailed, Class: about.class, Code: 550, Enhanced: about.enhanced, Response: "no", Phase: model.PhaseRcpt}
			})
			out.conns = 1
			stop := h.engine(out)
			id := h.create().ID
			h.counts(id, func(c model.Counts) bool {
				return c.Planned == 60 && c.Failed == about.failed && (c.Deferred == 30 || about.failed == 0 && c.Deferred >= 20)
			})
			if about.failed == 0 {
				require.Equal(t, model.ReasonRefusedByPolicy, h.until(id, model.MailingPaused).Reason)
			}
			stop()
		}
	})
}

func TestARateGivenToARunningMailingCounts(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 30)
		ctx, v := context.Background(), h.user.Viewer()
		gate := make(chan struct{}, 30)
		out := newFake(func(_ *mailing.Mail, intent func() error) mailing.Result {
			<-gate
			return take(intent)
		})
		out.conns = 1
		h.engine(out)
		m := h.create()
		gate <- struct{}{}
		out.wait(1)
		_, err := h.service.Update(ctx, v, m.ID, nil, func(in *mailing.Input) error {
			rate := 1
			in.RatePerMinute = &rate
			return nil
		})
		require.NoError(t, err)
		seen := make(chan struct{})
		go func() { // one now and then, so that the run lasts until the change is seen
			for range 29 {
				gate <- struct{}{}
				select {
				case <-time.After(300 * time.Millisecond):
				case <-seen:
				}
			}
		}()
		require.Eventually(t, func() bool {
			m, err = st.Mailing(ctx, v, m.ID)
			return err == nil && m.Reason == model.ReasonRate
		}, time.Minute, 20*time.Millisecond)
		close(seen)
		_, err = h.service.Update(ctx, v, m.ID, nil, func(in *mailing.Input) error {
			in.RatePerMinute = nil
			return nil
		})
		require.NoError(t, err)
		require.EqualValues(t, 30, h.report(h.until(m.ID, model.MailingFinished)).Counts.Sent)
	})
}

func TestSingleRefusalsCountAsWhatTheySay(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 45)
		n := 0
		out := newFake(nil)
		out.conns = 1
		out.answer = func(m *mailing.Mail, intent func() error) mailing.Result {
			if n++; n%3 == 0 {
				return mailing.Result{Outcome: model.OutcomeFailed, Class: mailing.ClassPolicy, Code: 550, Enhanced: "5.7.1", Response: "not you, " + m.To, Phase: model.PhaseRcpt}
			}
			return take(intent)
		}
		h.engine(out)
		m := h.until(h.create().ID, model.MailingFinished)
		r := h.report(m)
		require.EqualValues(t, []int64{30, 15, 0}, []int64{r.Counts.Sent, r.Counts.Failed, r.Counts.Deferred})
		for _, d := range h.deliveries(m) {
			require.Equal(t, 1, d.Attempts)
		}
	})
}

// A mail that cannot be made for one client costs that one alone, also when it
// was to be the next one of a connection that is at work.
func TestAMailThatCannotBeMadeIsSkipped(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 40)
		ctx := context.Background()
		h.message = &model.Message{Name: "Long", Subject: "Long", HTML: strings.Repeat("<p>{{ client.attributes.city }}</p>", 1900)}
		require.NoError(t, st.CreateMessage(ctx, h.user.Viewer(), h.message))
		for i := 40; i < 43; i++ {
			require.NoError(t, st.CreateClient(ctx, h.user.Viewer(), &model.Client{
				Email: address(i), Attributes: map[string]any{"city": strings.Repeat("x", 900)},
			}))
		}
		out := newFake(nil)
		out.conns = 2
		h.engine(out)
		r := h.report(h.until(h.create().ID, model.MailingFinished))
		require.EqualValues(t, []int64{43, 40, 3}, []int64{r.Counts.Planned, r.Counts.Sent, r.Counts.Skipped})
		for i := range 43 {
			require.Equal(t, map[bool]int{true: 1, false: 0}[i < 40], out.count(address(i)))
		}
	})
}
