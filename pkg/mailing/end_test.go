package mailing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// The end comes while a mail is on the wire. What was handed to the connection
// and waits behind that mail is not sent any more.
func TestNothingBeginsAfterTheEnd(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 5)
		end := time.Now().Add(4 * time.Second)
		slow := newFake(func(_ *mailing.Mail, intent func() error) mailing.Result {
			res := take(intent)
			time.Sleep(time.Until(end.Add(50 * time.Millisecond))) // the server takes its time
			return res
		})
		slow.conns = 1
		h.engine(slow)
		m := h.until(h.create(func(in *mailing.Input) { in.EndAt = &end }).ID, model.MailingFinished)
		n := h.report(m).Counts
		require.LessOrEqual(t, slow.total(), 1)
		require.EqualValues(t, []int64{5, int64(slow.total())}, []int64{n.Sent + n.Expired, n.Sent})
	})
}
