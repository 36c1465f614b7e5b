package mailing_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// quota sets how many mails of the owner may leave on a day.
func (h *house) quota(mails *int) {
	h.t.Helper()
	super := testkit.Superuser(h.t, h.store)
	_, err := h.store.ChangeUser(context.Background(), super.Viewer(), h.user.ID, nil, func(u *model.User) error {
		u.QuotaMailsPerDay = mails
		return nil
	})
	require.NoError(h.t, err)
}

// noon moves the store's clock to the middle of a day in UTC, so that no day
// turns while a test runs.
func (h *house) noon() {
	h.t.Helper()
	now, err := h.store.Now(context.Background())
	require.NoError(h.t, err)
	h.store.MoveClock(now.Truncate(24 * time.Hour).Add(36 * time.Hour).Sub(now))
}

func (h *house) waitsFor(id int64, reason string) *model.Mailing {
	h.t.Helper()
	var m *model.Mailing
	require.Eventually(h.t, func() bool {
		var err error
		m, err = h.store.Mailing(context.Background(), h.user.Viewer(), id)
		require.NoError(h.t, err)
		return m.Reason == reason
	}, 60*time.Second, 10*time.Millisecond)
	return m
}

// TestTheQuotaOfADayHolds: two runs and two workers send as many as are allowed
// and wait with the reason; a quota that is raised counts at once, and what was
// refused by the server cost nothing of it.
func TestTheQuotaOfADayHolds(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 30)
		h.noon()
		ten, fifteen := 10, 15
		h.quota(&ten)
		var refused atomic.Int32
		out := newFake(func(m *mailing.Mail, intent func() error) mailing.Result {
			res := take(intent)
			if res.Intended && refused.Add(1) <= 3 { // an intent that was not granted is none of the three
				res.Outcome, res.Code, res.Enhanced, res.Response = model.OutcomeFailed, 550, "5.1.1", "no such user"
			}
			return res
		})
		h.engine(out)
		h.engine(out)
		a, b := h.create(), h.create()
		out.wait(10)
		h.waitsFor(a.ID, model.ReasonDailyQuota)
		h.waitsFor(b.ID, model.ReasonDailyQuota)
		require.Equal(t, 10, out.total())

		h.quota(&fifteen)
		out.wait(15)
		h.waitsFor(a.ID, model.ReasonDailyQuota)
		h.waitsFor(b.ID, model.ReasonDailyQuota)
		require.Equal(t, 15, out.total())
		q, err := st.Quotas(context.Background(), h.user.ID)
		require.NoError(t, err)
		require.Equal(t, 15, q.MailsUsed)

		h.quota(nil)
		first := h.report(h.until(a.ID, model.MailingFinished)).Counts
		second := h.report(h.until(b.ID, model.MailingFinished)).Counts
		require.EqualValues(t, 57, first.Sent+second.Sent, "nobody was lost")
		require.EqualValues(t, 3, first.Failed+second.Failed)
	})
}

// The quota is raised while a chunk is sent that had found no more leave: it
// was not there to be woken, and goes on all the same.
func TestAQuotaThatIsRaisedMeanwhileIsSeen(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 3)
		h.noon()
		one := 1
		h.quota(&one)
		var first sync.Once
		h.engine(newFake(func(_ *mailing.Mail, intent func() error) mailing.Result {
			first.Do(func() { h.quota(nil) })
			return take(intent)
		}))
		m := h.until(h.create().ID, model.MailingFinished)
		require.EqualValues(t, 3, h.report(m).Counts.Sent)
	})
}

// TestLeasesOfADay: never more than the quota, whoever asks at once; what goes
// back is there again, and each day has its own.
func TestLeasesOfADay(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		h := newHouse(t, st, 0)
		h.noon()
		none, err := st.LeaseMails(ctx, h.user.ID, 500)
		require.NoError(t, err)
		require.False(t, none.Limited)
		quota := 100
		h.quota(&quota)
		leases := make([]store.MailLeave, 20)
		var all sync.WaitGroup
		for i := range leases {
			all.Go(func() {
				l, err := st.LeaseMails(ctx, h.user.ID, 7)
				if err == nil {
					leases[i] = l
				}
			})
		}
		all.Wait()
		sum := 0
		for _, l := range leases {
			require.True(t, l.Limited)
			sum += l.N
		}
		require.Equal(t, 100, sum)
		require.NoError(t, st.ReturnMails(ctx, leases[0], 3))
		l, err := st.LeaseMails(ctx, h.user.ID, 7)
		require.NoError(t, err)
		require.Equal(t, 3, l.N)

		st.MoveClock(12 * time.Hour) // past midnight
		require.NoError(t, st.ReturnMails(ctx, l, 1))
		fresh, err := st.LeaseMails(ctx, h.user.ID, 500)
		require.NoError(t, err)
		require.Equal(t, 100, fresh.N)
		require.Equal(t, 24*time.Hour, fresh.Until.Sub(l.Until))
		st.MoveClock(48 * time.Hour)
		fresh, err = st.LeaseMails(ctx, h.user.ID, 500)
		require.NoError(t, err)
		require.Equal(t, 100, fresh.N)
		require.NoError(t, st.ReturnMails(ctx, leases[1], 1), "a day that is forgotten")
	})
}
