package mailing_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// A doubt that is retried, and in doubt again, and retried: every time the
// same bytes leave, also after the mailing and its message were changed.
func TestARetriedDoubtIsTheSameMail(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		h := newHouse(t, st, 2)
		v := h.user.Viewer()
		out := newFake(nil)
		out.answer = func(m *mailing.Mail, intent func() error) mailing.Result {
			if m.To != address(1) || out.count(m.To) == 2 {
				return take(intent)
			}
			_ = intent()
			return mailing.Result{Outcome: model.OutcomeInDoubt, Intended: true, Class: mailing.ClassConnection, Phase: model.PhaseResponse}
		}
		h.engine(out)
		m := h.until(h.create().ID, model.MailingFinished)
		first := *m.LastRunID
		_, err := st.ChangeMessage(ctx, v, h.message.ID, nil, func(msg *model.Message) error {
			msg.Subject, msg.HTML = "Another", "<p>Another</p>"
			return nil
		})
		require.NoError(t, err)
		_, err = h.service.Update(ctx, v, m.ID, nil, func(in *mailing.Input) error {
			in.Name, in.FromName = "Another", "Another"
			return nil
		})
		require.NoError(t, err)
		for run := first; out.count(address(1)) < 3; {
			st.MoveClock(time.Hour)
			r, err := h.service.Retry(ctx, v, run, model.RetryFilter{States: []model.DeliveryState{model.InDoubt}})
			require.NoError(t, err)
			m = h.until(m.ID, model.MailingFinished)
			run = r.ID
			require.Equal(t, run, *m.LastRunID)
			require.Len(t, h.deliveries(m), 1)
			require.True(t, h.deliveries(m)[0].PossibleDuplicate)
			h.report(m)
		}
		mails := out.mails[address(1)]
		require.Equal(t, mails[0], mails[1])
		require.Equal(t, mails[0], mails[2])
		require.Equal(t, 1, out.count(address(0)))
		require.Equal(t, model.Sent, h.deliveries(m)[0].State)
	})
}

// Those who were refused among others, and are refused again with nobody in
// between, do not look like everybody.
func TestARetryOfTheRefusedIsNoRefusalOfEverybody(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 60)
		out := newFake(nil)
		var policy atomic.Bool
		n := 0
		out.conns = 1
		out.answer = func(_ *mailing.Mail, intent func() error) mailing.Result {
			if n++; n%2 == 0 && n <= 60 {
				return take(intent)
			}
			res := mailing.Result{Outcome: model.OutcomeFailed, Code: 550, Enhanced: "5.1.1", Response: "no such user", Phase: model.PhaseRcpt}
			if policy.Load() {
				res.Class = mailing.ClassPolicy
			}
			return res
		}
		h.engine(out)
		m := h.until(h.create().ID, model.MailingFinished)
		require.EqualValues(t, 30, h.report(m).Counts.Failed)

		failed := model.RetryFilter{States: []model.DeliveryState{model.Failed}}
		r, err := h.service.Retry(context.Background(), h.user.Viewer(), *m.LastRunID, failed)
		require.NoError(t, err)
		m = h.until(m.ID, model.MailingFinished, model.MailingPaused)
		require.Equal(t, []any{model.MailingFinished, r.ID}, []any{m.Status, *m.LastRunID}, m.Reason)
		require.EqualValues(t, 30, h.report(m).Counts.Failed)

		policy.Store(true)
		_, err = h.service.Retry(context.Background(), h.user.Viewer(), r.ID, failed)
		require.NoError(t, err)
		m = h.until(m.ID, model.MailingFinished, model.MailingPaused)
		require.Equal(t, []any{model.MailingPaused, model.ReasonRefusedByPolicy}, []any{m.Status, m.Reason})
		require.Zero(t, h.report(m).Counts.Failed, "nobody is burnt")
	})
}

func TestWhatIsNoRetry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filter model.RetryFilter
		fields []string
	}{
		{model.RetryFilter{}, []string{"states"}},
		{model.RetryFilter{States: []model.DeliveryState{model.Failed, model.Sent, model.Skipped}}, []string{"states"}},
		{model.RetryFilter{States: []model.DeliveryState{model.Failed}, Codes: []int{0, 399}}, []string{"codes"}},
		{model.RetryFilter{Codes: []int{600}}, []string{"states", "codes"}},
		{model.RetryFilter{States: []model.DeliveryState{model.InDoubt}, Codes: []int{0, 400, 599}}, nil},
	} {
		err := mailing.CheckRetry(c.filter)
		if c.fields == nil {
			require.NoError(t, err)
			continue
		}
		var e *model.Error
		require.ErrorAs(t, err, &e)
		var fields []string
		for _, f := range e.Fields {
			fields = append(fields, f.Field)
		}
		require.Equal(t, c.fields, fields)
	}
}
