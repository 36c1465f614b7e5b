package mailing_test

import (
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

// lost is what a mail meets whose recipient ends the connection when named. The
// answers to what stands before it may be lost too, as servers write them
// together (RFC 2920 §3.2).
var lost = mailing.Result{
	Outcome: model.OutcomeAborted, Class: mailing.ClassConnection, Phase: model.PhaseMail, Named: true, Response: "the server closed the connection",
}

// counts waits until the last run of a mailing has counts that will do.
func (h *house) counts(id int64, do func(model.Counts) bool) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		m, err := h.store.Mailing(h.t.Context(), h.user.Viewer(), id)
		if err != nil || m.LastRunID == nil {
			return false
		}
		r, err := h.store.Report(h.t.Context(), h.user.Viewer(), *m.LastRunID)
		return err == nil && do(r.Counts)
	}, 2*time.Minute, 10*time.Millisecond)
}

// Recipients over whom the connection is lost each time wait, and the others go.
func TestRecipientsWhoEndTheConnection(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 60)
		bad := map[string]bool{address(7): true, address(20): true, address(41): true}
		h.engine(newFake(func(m *mailing.Mail, intent func() error) mailing.Result {
			if bad[m.To] {
				return lost
			}
			return take(intent)
		}))
		h.counts(h.create().ID, func(c model.Counts) bool { return c.Sent == 57 && c.Deferred == 3 })
	})
}

// They hold up nobody when they come first, or when there is nobody else.
func TestRecipientsWhoEndTheConnectionComeFirst(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 12)
		alone := h.client(1000)
		bad := map[string]bool{alone.Email: true}
		for i := range 2 {
			bad[address(i)] = true
		}
		out := newFake(func(m *mailing.Mail, intent func() error) mailing.Result {
			if bad[m.To] {
				return lost
			}
			return take(intent)
		})
		out.conns = 1
		h.engine(out)
		id := h.create(func(in *mailing.Input) { in.Audience.ExcludeClientIDs = []int64{alone.ID} }).ID
		h.counts(id, func(c model.Counts) bool { return c.Sent == 10 && c.Deferred == 2 })
		id = h.create(func(in *mailing.Input) { in.Audience = model.Audience{ClientIDs: []int64{alone.ID}} }).ID
		h.counts(id, func(c model.Counts) bool { return c.Deferred == 1 })
	})
}

// What has ended a connection goes along with nobody's mail, whose answer might
// be lost with it.
func TestASuspectGoesAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.Store(t, testkit.Postgres), 300)
	bad := h.client(1000)
	var along, tries atomic.Int64
	out := newFake(func(m *mailing.Mail, intent func() error) mailing.Result {
		if m.To == bad.Email {
			tries.Add(1)
			return lost
		}
		time.Sleep(5 * time.Millisecond) // so far away is this server
		return take(intent)
	})
	out.goes = func(m *mailing.Mail) {
		if m.To == bad.Email {
			along.Add(1)
		}
	}
	out.conns = 1
	h.create(func(in *mailing.Input) { in.Audience.ExcludeClientIDs = []int64{bad.ID} })
	h.create(func(in *mailing.Input) { in.Audience = model.Audience{ClientIDs: []int64{bad.ID}} })
	h.engine(out)
	require.Eventually(t, func() bool { return tries.Load() == 3 }, 30*time.Second, 10*time.Millisecond)
	require.LessOrEqual(t, along.Load(), int64(1))
}

// While one mail is not answered, the one that stands behind it goes by another
// connection.
func TestNoMailWaitsForTheAnswerToAnother(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 40)
		answer := make(chan struct{})
		out := newFake(func(m *mailing.Mail, intent func() error) mailing.Result {
			res := take(intent)
			if m.To == address(7) {
				<-answer
			}
			return res
		})
		out.conns = 3
		h.engine(out)
		id := h.create().ID
		others := make(chan struct{})
		go func() { out.wait(39); close(others) }()
		select {
		case <-others:
		case <-time.After(30 * time.Second):
			t.Error("a mail waits")
		}
		close(answer)
		h.until(id, model.MailingFinished)
		for i := range 40 {
			require.Equal(t, 1, out.count(address(i)))
		}
		require.Zero(t, out.strays.Load())
	})
}

// A mail that stands behind one that is not answered is not held by a way out
// that was closed meanwhile.
func TestAClosedWayHoldsNoMailBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.Store(t, testkit.Postgres), 100)
	last := h.client(1000)
	x := newExits(h)
	leave, hangs, answer := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var begun sync.Once
	var behind atomic.Bool
	start := make(chan struct{})
	a, b := newFake(nil), newFake(nil)
	a.conns = 1
	a.goes = func(m *mailing.Mail) {
		if m.To == last.Email {
			behind.Store(true)
		}
	}
	a.answer = func(_ *mailing.Mail, intent func() error) mailing.Result {
		begun.Do(func() { close(start) })
		<-leave
		time.Sleep(5 * time.Millisecond) // so far away is this server
		res := take(intent)
		if behind.Load() {
			close(hangs)
			<-answer
		}
		return res
	}
	row := x.add("a", a)
	x.add("b", b)
	h.engineBy(x.ways())
	first := h.create(func(in *mailing.Input) { in.Audience.ExcludeClientIDs = []int64{last.ID} }).ID
	<-start
	second := h.create(func(in *mailing.Input) { in.Audience = model.Audience{ClientIDs: []int64{last.ID}} }).ID
	h.counts(second, func(c model.Counts) bool { return c.Planned == 1 })
	close(leave)
	<-hangs
	x.enable(row, false)
	h.until(second, model.MailingFinished)
	require.Equal(t, 1, b.count(last.Email))
	close(answer)
	h.until(first, model.MailingFinished)
	require.Equal(t, 101, a.total()+b.total())
}

// A run can be paused though its next mails wait for a connection, and all of
// them wait for the answer to a mail of another run.
func TestARunIsPausedWhileAnotherIsNotAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.Store(t, testkit.Postgres), 100)
	behind, waiting := h.client(1000), h.client(1001)
	leave, hangs, answer, start := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
	var begun sync.Once
	var along atomic.Bool
	out := newFake(nil)
	out.conns = 1
	out.goes = func(m *mailing.Mail) { along.Store(along.Load() || m.To == behind.Email || m.To == waiting.Email) }
	out.answer = func(_ *mailing.Mail, intent func() error) mailing.Result {
		begun.Do(func() { close(start) })
		<-leave
		time.Sleep(5 * time.Millisecond) // so far away is this server
		was := along.Load()
		res := take(intent)
		if !was && along.Load() {
			close(hangs)
			<-answer
		}
		return res
	}
	h.engine(out)
	release := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(release)
	first := h.create(func(in *mailing.Input) { in.Audience.ExcludeClientIDs = []int64{behind.ID, waiting.ID} }).ID
	<-start
	second := h.create(func(in *mailing.Input) { in.Audience = model.Audience{ClientIDs: []int64{behind.ID, waiting.ID}} }).ID
	h.counts(second, func(c model.Counts) bool { return c.Planned == 2 })
	close(leave)
	<-hangs
	_, err := h.service.Act(t.Context(), h.user.Viewer(), second, model.ActionPause, nil)
	require.NoError(t, err)
	h.until(second, model.MailingPaused)
	_, err = h.service.Act(t.Context(), h.user.Viewer(), second, model.ActionResume, nil)
	require.NoError(t, err)
	release()
	h.until(first, model.MailingFinished)
	h.until(second, model.MailingFinished)
	require.Equal(t, []int{1, 1, 102}, []int{out.count(behind.Email), out.count(waiting.Email), out.total()})
}

// A run whose server says nothing is paused and cancelled all the same: nothing
// of it has left.
func TestARunIsStoppedWhoseServerIsSilent(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 20)
		out := newFake(nil)
		out.silent = make(chan struct{})
		reached := make(chan struct{}, 100)
		out.begins = func(*mailing.Mail, mailing.Intent) { reached <- struct{}{} }
		h.engine(out)
		m := h.create()
		<-reached
		h.act(m, model.ActionPause)
		h.until(m.ID, model.MailingPaused)
		h.act(m, model.ActionResume)
		<-reached
		h.act(m, model.ActionCancel)
		h.until(m.ID, model.MailingCancelled)
		again := h.create()
		close(out.silent)
		h.until(again.ID, model.MailingFinished)
		require.Equal(t, 20, out.total())
	})
}

// A mail that makes this program panic costs itself alone.
func TestAMailThatPanics(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		for _, c := range []struct {
			name    string
			before  func(intent func() error)
			skipped int64
		}{
			{"before its intent", func(func() error) {}, 1},
			{"after it", func(intent func() error) { _ = intent() }, 0},
		} {
			h := newHouse(t, st, 12)
			out := newFake(func(m *mailing.Mail, intent func() error) mailing.Result {
				if m.To == address(3) {
					c.before(intent)
					panic("as a test wants it")
				}
				return take(intent)
			})
			out.conns = 1
			stop := h.engine(out)
			r := h.report(h.until(h.create().ID, model.MailingFinished))
			stop()
			require.Equal(t, []int64{11, c.skipped, 1 - c.skipped}, []int64{r.Counts.Sent, r.Counts.Skipped, r.Counts.InDoubt}, c.name)
		}
	})
}

// So does one for which leave was asked: nothing has left, and that is no doubt.
func TestAMailThatPanicsWhileItsIntentIsWritten(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		for _, c := range []struct {
			name   string
			times  int64
			commit time.Duration // for which it has time
			sent   int64
		}{
			{"each time", 1000, 0, 11},
			{"each time, and it is written", 1000, 100 * time.Millisecond, 11},
			{"once", 1, 100 * time.Millisecond, 12},
		} {
			h := newHouse(t, st, 12)
			out := newFake(nil)
			out.conns = 1
			var tries atomic.Int64
			out.begins = func(m *mailing.Mail, intent mailing.Intent) {
				if m.To == address(3) && tries.Add(1) <= c.times {
					intent.Ask()
					time.Sleep(c.commit)
					panic("as a test wants it")
				}
			}
			stop := h.engine(out)
			r := h.report(h.until(h.create().ID, model.MailingFinished))
			stop()
			require.Equal(t, []int64{c.sent, 12 - c.sent, 0}, []int64{r.Counts.Sent, r.Counts.Skipped, r.Counts.InDoubt}, c.name)
		}
	})
}

// A mail that makes this program panic while it is to go along with another one
// costs nothing to that one.
func TestAMailThatPanicsBehindAnother(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		for name, alone := range map[string]bool{"along alone": false, "by itself too": true} {
			h := newHouse(t, st, 40)
			out := newFake(func(_ *mailing.Mail, intent func() error) mailing.Result {
				time.Sleep(5 * time.Millisecond) // so far away is this server: the next one is there
				return take(intent)
			})
			out.conns = 1
			var along atomic.Int64
			out.joins = func(m *mailing.Mail) {
				if m.To == address(3) {
					along.Add(1)
					panic("as a test wants it")
				}
			}
			out.begins = func(m *mailing.Mail, _ mailing.Intent) {
				if alone && m.To == address(3) {
					panic("as a test wants it")
				}
			}
			stop := h.engine(out)
			m := h.until(h.create().ID, model.MailingFinished)
			stop()
			require.Positive(t, along.Load(), name)
			for _, d := range h.deliveries(m) {
				want := model.Sent
				if alone && d.Email == address(3) {
					want = model.Skipped
				}
				require.Equal(t, want, d.State, "%s: %s", name, d.Email)
				require.LessOrEqual(t, d.Attempts, 1, "%s: %s", name, d.Email)
			}
		}
	})
}

// A recipient who makes the whole server die for a moment, with all connections,
// is found out, and nobody beside it waits for that.
func TestARecipientWhoEndsTheServer(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]int{{3}, {0, 1}} {
		h := newHouse(t, testkit.Store(t, testkit.Postgres), 40)
		server := newMortal(bad...)
		out := newFake(server.answer)
		out.conns, out.probe = 6, server.probe
		h.engine(out)
		id := h.create().ID
		h.counts(id, func(c model.Counts) bool { return c.Pending+c.Sending == 0 && c.Planned == 40 })
		m, err := h.store.Mailing(t.Context(), h.user.Viewer(), id)
		require.NoError(t, err)
		for _, d := range h.deliveries(m) {
			want := model.Sent
			if server.bad[d.Email] {
				want = model.Deferred
			}
			require.Equal(t, want, d.State, d.Email)
		}
		require.LessOrEqual(t, server.deaths.Load(), int64(3*len(bad)))
	}
}

// Several who make the server die at the last dot, and stand first, do not each
// let it rest for longer than the one before: somebody is mailed in between.
func TestTheFirstEndTheServer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testkit.Store(t, testkit.Postgres), 60)
	server := newMortal(0, 1, 2, 3, 4, 5)
	server.late = true
	out := newFake(server.answer)
	out.conns, out.probe = 1, server.probe
	var longest atomic.Int64 // in a row, each twice as long as the one before
	server.dies = func() {
		known, err := h.store.Breakers(t.Context())
		if err != nil {
			return
		}
		for _, b := range known {
			longest.Store(max(longest.Load(), int64(b.Rested)))
		}
	}
	h.engine(out)
	r := h.report(h.until(h.create().ID, model.MailingFinished))
	require.Equal(t, []int64{54, 6}, []int64{r.Counts.Sent, r.Counts.InDoubt})
	require.Less(t, longest.Load(), int64(5), "it rests five times before the last of six dies, when nobody is mailed in between")
}

// mortal is a server that dies when a bad recipient is named, or has its mail,
// and is there again after 0.3 s.
type mortal struct {
	bad    map[string]bool
	late   bool // it dies at the last dot
	dies   func()
	deaths atomic.Int64

	mu   sync.Mutex
	dead chan struct{} // closed when it dies
	back time.Time
}

func newMortal(bad ...int) *mortal {
	s := &mortal{bad: map[string]bool{}, dead: make(chan struct{})}
	for _, i := range bad {
		s.bad[address(i)] = true
	}
	return s
}

// life answers what is closed at its death, nil while it is dead.
func (s *mortal) life() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.back) {
		return nil
	}
	return s.dead
}

func (s *mortal) end(life chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if life != s.dead {
		return
	}
	close(s.dead)
	s.deaths.Add(1)
	s.dead, s.back = make(chan struct{}), time.Now().Add(300*time.Millisecond)
}

var unreachable = mailing.Result{
	Outcome: model.OutcomeAborted, Class: mailing.ClassConnection, Phase: model.PhaseConnect, Response: "connection refused",
}

func (s *mortal) probe() *mailing.Result {
	if res := unreachable; s.life() == nil {
		return &res
	}
	return nil
}

func (s *mortal) answer(m *mailing.Mail, intent func() error) mailing.Result {
	life := s.life()
	if life == nil {
		return unreachable
	}
	if s.bad[m.To] {
		time.Sleep(10 * time.Millisecond)
		if s.dies != nil {
			s.dies()
		}
		res := lost
		if s.late {
			if res = take(intent); res.Intended {
				res = mailing.Result{Outcome: model.OutcomeInDoubt, Class: mailing.ClassConnection, Phase: model.PhaseResponse, Intended: true, Named: true}
			}
		}
		s.end(life)
		return res
	}
	select {
	case <-life:
		return lost
	case <-time.After(20 * time.Millisecond): // the others are named, and wait for the answer
	}
	return take(intent)
}
