package mailing_test

import (
	"context"
	"errors"
	"slices"
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

// exits are transports of the database whose servers are fakes, by name.
type exits struct {
	h     *house
	mu    sync.Mutex
	fakes map[string]*fake
}

func newExits(h *house) *exits { return &exits{h: h, fakes: map[string]*fake{}} }

// add makes a transport, the next in the order.
func (x *exits) add(name string, f *fake, change ...func(*model.Transport)) *model.Transport {
	x.h.t.Helper()
	f.name = name
	x.mu.Lock()
	x.fakes[name] = f
	place := len(x.fakes)
	x.mu.Unlock()
	t := &model.Transport{Name: name, Host: "mail.example.com", Port: 25, TLS: model.TLSNone, Connections: f.conns, Enabled: true, Position: place}
	for _, c := range change {
		c(t)
	}
	require.NoError(x.h.t, x.h.store.CreateTransport(context.Background(), t))
	return t
}

func (x *exits) enable(t *model.Transport, on bool) {
	x.h.t.Helper()
	_, err := x.h.store.ChangeTransport(context.Background(), t.ID, nil, func(t *model.Transport) error { t.Enabled = on; return nil })
	require.NoError(x.h.t, err)
}

func (x *exits) ways() mailing.Ways {
	return mailing.Ways{Open: func(t *model.Transport) (mailing.Transport, error) {
		x.mu.Lock()
		defer x.mu.Unlock()
		if f := x.fakes[t.Name]; f != nil {
			return f, nil
		}
		return nil, errors.New("its password cannot be read")
	}}
}

// waiting blocks until a mailing waits for a reason.
func (h *house) waiting(id int64, reason string) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		m, err := h.store.Mailing(context.Background(), h.user.Viewer(), id)
		return err == nil && m.Reason == reason && m.Status == model.MailingRunning
	}, time.Minute, 10*time.Millisecond, reason)
}

func choose(t *model.Transport) func(*mailing.Input) {
	return func(in *mailing.Input) { in.TransportID = &t.ID }
}

// trouble is an answer before the last byte.
func trouble(class mailing.Class, phase model.Phase) mailing.Result {
	return mailing.Result{Outcome: model.OutcomeAborted, Class: class, Phase: phase, Response: "no"}
}

// A server that is away: its runs go by the next one, the one that has chosen it
// waits, and goes on when it is back.
func TestARunGoesByTheNextWayOut(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 40)
		x := newExits(h)
		var up atomic.Bool
		var probes atomic.Int64
		a := newFake(func(_ *mailing.Mail, intent func() error) mailing.Result {
			if !up.Load() {
				return trouble(mailing.ClassConnection, model.PhaseConnect)
			}
			return take(intent)
		})
		a.probe = func() *mailing.Result {
			probes.Add(1)
			if !up.Load() {
				no := trouble(mailing.ClassConnection, model.PhaseConnect)
				return &no
			}
			return nil
		}
		b := newFake(nil)
		first, _ := x.add("a", a), x.add("b", b)
		h.engineBy(x.ways())
		h.engineBy(x.ways()) // two workers
		m := h.until(h.create().ID, model.MailingFinished)
		require.EqualValues(t, 40, h.report(m).Counts.Sent)
		require.Equal(t, 40, b.total())
		for _, d := range h.deliveries(m) {
			require.Equal(t, 1, d.Attempts)
		}

		chosen := h.create(choose(first))
		h.waiting(chosen.ID, model.ReasonTransportDown)
		require.Eventually(t, func() bool { return probes.Load() > 0 }, time.Minute, 10*time.Millisecond, "who wants it has it tried")
		require.Equal(t, 40, b.total(), "a choice is kept")
		up.Store(true)
		m = h.until(chosen.ID, model.MailingFinished)
		require.Equal(t, []any{40, ""}, []any{a.total(), m.Reason})
		left, err := st.Breakers(context.Background())
		require.NoError(t, err)
		require.Empty(t, left, "the first mail ends the trouble for all")
	})
}

// A login that is refused rests its way out at once; the run pauses when there
// is no other one.
func TestALoginThatIsRefused(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 10)
		x := newExits(h)
		asked := atomic.Int64{}
		no := trouble(mailing.ClassAuth, model.PhaseAuth)
		a := newFake(func(*mailing.Mail, func() error) mailing.Result { asked.Add(1); return no })
		a.probe = func() *mailing.Result { return &no }
		first := x.add("a", a)
		b := newFake(nil)
		x.add("b", b)
		h.engineBy(x.ways())
		m := h.until(h.create().ID, model.MailingFinished)
		require.Equal(t, 10, b.total())
		require.LessOrEqual(t, asked.Load(), int64(a.conns))
		require.Zero(t, h.report(m).Counts.Failed)

		chosen := h.create(choose(first))
		m = h.until(chosen.ID, model.MailingPaused)
		require.Equal(t, model.ReasonSMTPAuth, m.Reason)
		require.EqualValues(t, 10, h.report(m).Counts.Pending, "nobody is burnt")
		a.mu.Lock()
		a.probe = nil
		a.mu.Unlock()
	})
}

// What was to go along with a mail does not, when that mail shows that its way
// out is shut: it goes by the next one.
func TestWhatWasToGoAlongIsDroppedWhenTheWayShuts(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 10)
		x := newExits(h)
		no := trouble(mailing.ClassAuth, model.PhaseAuth)
		a := newFake(func(_ *mailing.Mail, intent func() error) mailing.Result {
			res := no
			res.Intended = intent() == nil
			return res
		})
		a.conns = 1
		a.probe = func() *mailing.Result { return &no }
		x.add("a", a)
		b := newFake(nil)
		x.add("b", b)
		stop := h.engineBy(x.ways())
		m := h.until(h.create().ID, model.MailingFinished)
		stop()
		require.Equal(t, []any{0, 10}, []any{a.total(), b.total()})
		require.Equal(t, []any{int64(1), int64(0), int64(0)}, []any{a.dropped.Load(), a.strays.Load(), b.strays.Load()})
		require.EqualValues(t, 10, h.report(m).Counts.Sent)
	})
}

// Transports come, change and go while an engine runs.
func TestWaysOutComeAndGo(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 5)
		x := newExits(h)
		ways, inbox := x.ways(), newFake(nil)
		ways.Inbox = inbox
		// one that cannot be opened is enabled all the same: nothing may end in the inbox
		broken := &model.Transport{Name: "broken", Host: "h", Port: 25, TLS: model.TLSNone, Connections: 1, Enabled: true}
		require.NoError(t, st.CreateTransport(context.Background(), broken))
		h.engineBy(ways)
		m := h.create()
		h.waiting(m.ID, model.ReasonNoTransport)
		a := newFake(nil)
		row := x.add("a", a)
		m = h.until(m.ID, model.MailingFinished)
		require.Equal(t, []any{5, 0, ""}, []any{a.total(), inbox.total(), m.Reason})

		m = h.create(choose(row))
		h.until(m.ID, model.MailingFinished)
		x.enable(row, false)
		_, err := h.service.Create(context.Background(), h.user.Viewer(), func() mailing.Input { in := h.input(); in.TransportID = &row.ID; return in }())
		require.True(t, model.IsKind(err, model.Invalid))
		require.Eventually(t, a.closed.Load, time.Minute, time.Millisecond, "the engine hears of it with its next beat")
		m = h.create()
		h.waiting(m.ID, model.ReasonNoTransport)
		x.enable(broken, false)
		h.until(m.ID, model.MailingFinished)
		require.Equal(t, 5, inbox.total(), "no transport is enabled, and the settings name none")
	})
}

// No second holds more mails than the limit, wherever it begins, over two
// workers.
func TestALimitHoldsWhereMailsLeave(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 40)
		x := newExits(h)
		const limit = 12
		var mu sync.Mutex
		var left []time.Time
		a := newFake(func(_ *mailing.Mail, intent func() error) mailing.Result {
			res := take(intent)
			if res.Outcome == model.OutcomeSent {
				mu.Lock()
				left = append(left, time.Now())
				mu.Unlock()
			}
			return res
		})
		n := limit
		x.add("a", a, func(t *model.Transport) { t.Limits.PerSecond = &n })
		h.engineBy(x.ways())
		h.engineBy(x.ways())
		require.EqualValues(t, 40, h.report(h.until(h.create().ID, model.MailingFinished)).Counts.Sent)
		slices.SortFunc(left, time.Time.Compare)
		for i := range left {
			if i+limit < len(left) {
				require.GreaterOrEqual(t, left[i+limit].Sub(left[i]), time.Second)
			}
		}
	})
}

// A limit that is exhausted for long sends the run by the next way out, and
// says so where there is none.
func TestALimitThatIsExhausted(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 20)
		x := newExits(h)
		n := 5
		a, b := newFake(nil), newFake(nil)
		first := x.add("a", a, func(t *model.Transport) { t.Limits.PerDay = &n })
		x.add("b", b)
		h.engineBy(x.ways())
		h.until(h.create().ID, model.MailingFinished)
		require.Equal(t, []int{5, 15}, []int{a.total(), b.total()})
		m := h.create(choose(first))
		h.waiting(m.ID, model.ReasonTransportLimit)
		require.Equal(t, 5, a.total())
	})
}
