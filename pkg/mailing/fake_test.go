package mailing_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
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

// fake is a way out whose answers a test decides. It counts what it took.
type fake struct {
	conns  int
	answer func(m *mailing.Mail, intent func() error) mailing.Result // nil: takes everything
	probe  func() *mailing.Result                                    // nil: it is ready
	name   string                                                    // "": fake

	closed          atomic.Bool // it was, once at least
	strays, dropped atomic.Int64

	mu    sync.Mutex
	taken map[string]int
	mails map[string][]string
	news  *sync.Cond

	silent chan struct{}                       // unless nil: nothing is answered until it is closed
	goes   func(*mailing.Mail)                 // is told what goes along with another mail
	begins func(*mailing.Mail, mailing.Intent) // is told of each mail, while it is not complete
	joins  func(*mailing.Mail)                 // is told what may go along, while the mail before waits for its leave
}

func newFake(answer func(m *mailing.Mail, intent func() error) mailing.Result) *fake {
	f := &fake{conns: 4, answer: answer, taken: map[string]int{}, mails: map[string][]string{}}
	f.news = sync.NewCond(&f.mu)
	return f
}

func (f *fake) Name() string     { return cmp.Or(f.name, "fake") }
func (f *fake) Connections() int { return f.conns }
func (f *fake) Close() error     { f.closed.Store(true); return nil }

func (f *fake) Probe(context.Context) *mailing.Result {
	if f.probe == nil {
		return nil
	}
	return f.probe()
}

func (f *fake) Line() mailing.Line { return &fakeLine{fake: f} }

// fakeLine lets the next mail go along with each that is taken, as if its
// server had PIPELINING.
type fakeLine struct {
	*fake
	along *mailing.Mail
}

func (l *fakeLine) Drop() {
	if l.along != nil {
		l.dropped.Add(1)
	}
	l.along = nil
}

func (l *fakeLine) Send(ctx context.Context, m *mailing.Mail, intent mailing.Intent, next func() *mailing.Mail) mailing.Result {
	if l.along != nil && l.along != m {
		l.strays.Add(1) // it was promised, and another came
	}
	l.along = nil
	if l.begins != nil {
		l.begins(m, intent)
	}
	if l.silent != nil {
		select {
		case <-l.silent:
		case <-ctx.Done():
			now := time.Now()
			return mailing.Result{Outcome: model.OutcomeAborted, Class: mailing.ClassInterrupt, Phase: model.PhaseConnect, StartedAt: now, FinishedAt: now}
		}
	}
	return l.send(m, func() error {
		var prepared *mailing.Mail
		err := intent.Wait(ctx, func() {
			if next == nil {
				return
			}
			mail := next()
			if mail != nil && l.joins != nil {
				l.joins(mail)
			}
			prepared = mail
		})
		if err == nil {
			l.along = prepared
		}
		if l.along != nil && l.goes != nil {
			l.goes(l.along)
		}
		return err
	})
}

func (f *fake) send(m *mailing.Mail, ask func() error) mailing.Result {
	begin := time.Now()
	var res mailing.Result
	if f.answer != nil {
		res = f.answer(m, ask)
	} else {
		res = take(ask)
	}
	res.StartedAt, res.FinishedAt = begin, time.Now()
	if res.Outcome == model.OutcomeSent || res.Outcome == model.OutcomeInDoubt {
		f.mu.Lock()
		f.taken[m.To]++
		f.mails[m.To] = append(f.mails[m.To], string(m.Data))
		f.news.Broadcast()
		f.mu.Unlock()
	}
	return res
}

// take asks leave and takes the mail.
func take(intent func() error) mailing.Result {
	if err := intent(); err != nil {
		return mailing.Result{Outcome: model.OutcomeAborted, Class: mailing.ClassIntent, Phase: model.PhaseData}
	}
	return mailing.Result{Outcome: model.OutcomeSent, Intended: true, Code: 250, Enhanced: "2.0.0", Response: "queued", Phase: model.PhaseResponse}
}

func (f *fake) count(to string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.taken[to]
}

func (f *fake) total() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.taken {
		n += c
	}
	return n
}

// wait blocks until n mails were taken.
func (f *fake) wait(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		sum := 0
		for _, c := range f.taken {
			sum += c
		}
		if sum >= n {
			return
		}
		f.news.Wait()
	}
}

// house is a store with a user who has clients and a message.
type house struct {
	t       *testing.T
	store   *store.Store
	service *mailing.Service
	user    *model.User
	message *model.Message
}

func newHouse(t *testing.T, st *store.Store, clients int) *house {
	t.Helper()
	ctx := context.Background()
	h := &house{t: t, store: st, service: mailing.New(st, nil, mailing.Options{
		PublicURL: "http://localhost:8080", FromName: "Postrider", FromEmail: "postrider@localhost",
		LinkKey: []byte("0123456789abcdef0123456789abcdef"),
		Log:     slog.New(slog.DiscardHandler),
	})}
	h.user = testkit.User(t, st)
	h.message = &model.Message{
		Name: "Hello", Subject: "Hello, {{ client.full_name }}",
		HTML: "<p>Dear {{ client.full_name }}, your city is {{ client.attributes.city }}.</p>",
	}
	require.NoError(t, st.CreateMessage(ctx, h.user.Viewer(), h.message))
	for i := range clients {
		h.client(i)
	}
	return h
}

func (h *house) client(i int) *model.Client {
	c := &model.Client{
		Email: address(i), FullName: fmt.Sprintf("Client <%d>", i),
		Attributes: map[string]any{"city": "Псков"},
	}
	require.NoError(h.t, h.store.CreateClient(context.Background(), h.user.Viewer(), c))
	return c
}

func address(i int) string { return fmt.Sprintf("c%d@example.org", i) }

func (h *house) input() mailing.Input {
	return mailing.Input{
		Name: "News", MessageID: h.message.ID, Audience: model.Audience{All: true},
		LatePolicy: model.LateSend, LateGraceMinutes: 1440, InDoubtPolicy: model.HoldInDoubt,
	}
}

func (h *house) create(change ...func(*mailing.Input)) *model.Mailing {
	h.t.Helper()
	in := h.input()
	for _, c := range change {
		c(&in)
	}
	m, err := h.service.Create(context.Background(), h.user.Viewer(), in)
	require.NoError(h.t, err)
	return m
}

// engine runs an engine until the test or the answered function ends it.
func (h *house) engine(tr mailing.Transport) (stop func()) {
	h.t.Helper()
	return h.engineBy(mailing.Ways{Default: tr})
}

// engineBy is engine with several ways out.
func (h *house) engineBy(ways mailing.Ways) (stop func()) {
	h.t.Helper()
	e := mailing.NewEngine(h.service, ways)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(h.t, <-done)
			if f, ok := ways.Default.(*fake); ok {
				require.Zero(h.t, f.strays.Load(), "what was to go along was sent next, or dropped")
			}
		})
	}
	h.t.Cleanup(stop)
	return stop
}

// cancelled cancels a mailing where no worker lives: a slow machine goes on when
// it is asked again.
func (h *house) cancelled(id int64) *model.Mailing {
	h.t.Helper()
	for begin := time.Now(); ; {
		m, err := h.service.Act(context.Background(), h.user.Viewer(), id, model.ActionCancel, nil)
		require.NoError(h.t, err)
		if m.Status == model.MailingCancelled {
			return m
		}
		require.Equal(h.t, model.MailingCancelling, m.Status)
		require.Less(h.t, time.Since(begin), 4*time.Minute)
	}
}

// until waits for a mailing to have one of the statuses and answers it.
func (h *house) until(id int64, statuses ...model.MailingStatus) *model.Mailing {
	h.t.Helper()
	var m *model.Mailing
	require.Eventually(h.t, func() bool {
		var err error
		m, err = h.store.Mailing(context.Background(), h.user.Viewer(), id)
		require.NoError(h.t, err)
		for _, s := range statuses {
			if m.Status == s {
				return true
			}
		}
		return false
	}, 4*time.Minute, 20*time.Millisecond, "the mailing never became %v", statuses)
	return m
}

// report is the report of a mailing's last run, held against the promise that
// its sums add up and equal its rows.
func (h *house) report(m *model.Mailing) *store.Report {
	h.t.Helper()
	require.NotNil(h.t, m.LastRunID)
	r, err := h.store.Report(context.Background(), h.user.Viewer(), *m.LastRunID)
	require.NoError(h.t, err)
	c := r.Counts
	require.Equal(h.t, c.Planned, c.Pending+c.Sending+c.Deferred+c.Sent+c.Failed+c.Skipped+c.InDoubt+c.Expired+c.Cancelled)
	rows := map[model.DeliveryState]int64{}
	for _, d := range h.deliveries(m) {
		rows[d.State]++
	}
	require.Equal(h.t, map[model.DeliveryState]int64{
		model.Pending: c.Pending, model.Sending: c.Sending, model.Deferred: c.Deferred, model.Sent: c.Sent, model.Failed: c.Failed,
		model.Skipped: c.Skipped, model.InDoubt: c.InDoubt, model.Expired: c.Expired, model.Cancelled: c.Cancelled,
	}, fill(rows), "the counters equal the rows")
	return r
}

func fill(m map[model.DeliveryState]int64) map[model.DeliveryState]int64 {
	for _, s := range model.DeliveryStates {
		m[s] += 0
	}
	return m
}

func (h *house) deliveries(m *model.Mailing) []model.Delivery {
	h.t.Helper()
	var all []model.Delivery
	page := store.Page{Limit: store.MaxLimit}
	for {
		l, err := h.store.Deliveries(context.Background(), h.user.Viewer(), *m.LastRunID, store.DeliveryFilter{}, page)
		require.NoError(h.t, err)
		all = append(all, l.Items...)
		if l.Next == "" {
			return all
		}
		page.Cursor = l.Next
	}
}
