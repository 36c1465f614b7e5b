package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// onBothDialects runs a test in a world of each kind of database.
func onBothDialects(t *testing.T, test func(t *testing.T, w *world)) {
	testkit.Each(t, func(t *testing.T, st *store.Store) { test(t, newWorld(t, st)) })
}

// world is a database with two users and what tests put into it.
type world struct {
	*store.Store
	anna, boris *model.User // owners
	start       time.Time
	clients     int64
}

func newWorld(t *testing.T, s *store.Store) *world {
	now, err := s.Now(context.Background())
	require.NoError(t, err)
	w := &world{Store: s, start: now.Add(-time.Hour).Truncate(time.Hour)}
	w.anna = testkit.User(t, s, func(u *model.User) { u.Email = "anna@example.com" })
	w.boris = testkit.User(t, s)
	return w
}

func viewerOf(u *model.User) model.Viewer { return model.Viewer{UserID: u.ID} }

func manager(u *model.User) model.Viewer {
	return model.Viewer{UserID: u.ID, Granted: model.ManagerPermissions}
}

func (w *world) mailing(t *testing.T, owner *model.User, status model.MailingStatus, next *time.Time) *model.Mailing {
	m := &model.Mailing{
		OwnerID: owner.ID, Name: "News", Timezone: "Europe/Moscow", LatePolicy: model.LateSend, InDoubtPolicy: model.HoldInDoubt,
		Status: status, NextRunAt: next, CreatedAt: w.start, UpdatedAt: w.start,
	}
	require.NoError(t, w.Put(m))
	return m
}

// run makes a run of a new mailing that started at at and is in a status.
func (w *world) run(t *testing.T, owner *model.User, status model.RunStatus, at time.Time, took time.Duration) *model.Run {
	m := w.mailing(t, owner, model.MailingFinished, nil)
	r := &model.Run{
		MailingID: m.ID, OwnerID: owner.ID, MailingName: m.Name, PlannedAt: at, Status: status, Timezone: m.Timezone,
		InDoubtPolicy: model.HoldInDoubt, Materialised: true, CreatedAt: at,
	}
	if status != model.RunPlanned {
		r.StartedAt = &at
	}
	if status.Over() {
		end := at.Add(took)
		r.FinishedAt = &end
	}
	require.NoError(t, w.Put(r))
	return r
}

// answers are what the server said in the tests, by state.
var answers = map[model.DeliveryState]struct {
	code           int
	enhanced, text string
}{
	model.Sent:     {250, "2.0.0", "queued"},
	model.Failed:   {550, "5.1.1", "<%s> unknown"},
	model.Deferred: {451, "4.7.1", "greylisted, %s"},
	model.InDoubt:  {0, "", "the answer was lost"},
}

// fill gives a run a chunk with one delivery for each state, and the attempts
// that led there, a second apart. In a chunk of retries each was deferred once.
func (w *world) fill(t *testing.T, r *model.Run, retry bool, states ...model.DeliveryState) []model.Delivery {
	c := &model.Chunk{RunID: r.ID, Retry: retry, NextAt: w.start, Done: true}
	for _, s := range states {
		c.Counts.Planned++
		n := map[model.DeliveryState]*int64{
			model.Pending: &c.Counts.Pending, model.Sending: &c.Counts.Sending, model.Deferred: &c.Counts.Deferred,
			model.Sent: &c.Counts.Sent, model.Failed: &c.Counts.Failed, model.Skipped: &c.Counts.Skipped,
			model.InDoubt: &c.Counts.InDoubt, model.Expired: &c.Counts.Expired, model.Cancelled: &c.Counts.Cancelled,
		}[s]
		*n++
	}
	if !retry {
		c.FirstClient, c.LastClient = w.clients+1, w.clients+int64(len(states))
	}
	require.NoError(t, w.Put(c))

	token := int64(1)
	out := make([]model.Delivery, len(states))
	for i, s := range states {
		w.clients++
		out[i] = model.Delivery{
			RunID: r.ID, ClientID: w.clients, ChunkID: c.ID, Email: fmt.Sprintf("client%d@example.org", w.clients),
			State: s, UpdatedAt: w.start,
		}
		if a, tried := answers[s]; tried {
			out[i].Token, out[i].Attempts, out[i].LastCode, out[i].LastEnhanced = &token, 1, a.code, a.enhanced
			out[i].LastResponse = strings.ReplaceAll(a.text, "%s", out[i].Email)
			if retry {
				out[i].Attempts = 2
			}
		}
		if s == model.Sending {
			out[i].Token = &token
		}
		if s == model.Skipped {
			out[i].Reason = string(model.Unsubscribed)
		}
	}
	require.NoError(t, w.Put(out))

	var log []store.LoggedAttempt
	for i, d := range out {
		for n := 1; n <= d.Attempts; n++ {
			outcome := model.Outcome(d.State)
			if n < d.Attempts {
				outcome = model.OutcomeDeferred
			}
			log = append(log, store.LoggedAttempt{RunID: r.ID, Attempt: model.Attempt{
				DeliveryID: d.ID, Number: n, Outcome: outcome, Code: d.LastCode, Enhanced: d.LastEnhanced, Response: d.LastResponse,
				Phase: model.PhaseResponse, Transport: "default",
				StartedAt: r.StartedAt.Add(time.Duration(i) * time.Second), FinishedAt: r.StartedAt.Add(time.Duration(i)*time.Second + 200*time.Millisecond),
			}})
		}
	}
	if len(log) > 0 {
		require.NoError(t, w.Put(log))
	}
	return out
}

func repeat(n int, s model.DeliveryState) []model.DeliveryState {
	out := make([]model.DeliveryState, n)
	for i := range out {
		out[i] = s
	}
	return out
}

func requireKind(t *testing.T, err error, kind model.Kind) {
	t.Helper()
	require.True(t, model.IsKind(err, kind), "want %s, got %v", kind, err)
}

func TestReportShowsTheSumsOfItsChunks(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunFinished, w.start, 4*time.Second)
		w.fill(t, run, false, repeat(8, model.Sent)...)
		w.fill(t, run, false, model.Pending, model.Sending, model.Deferred, model.Sent, model.Failed, model.Skipped, model.InDoubt, model.Expired, model.Cancelled)
		empty := w.run(t, w.anna, model.RunPlanned, w.start.Add(48*time.Hour), 0)

		r, err := w.Report(ctx, viewerOf(w.anna), run.ID)
		require.NoError(t, err)
		require.Equal(t, model.Counts{Planned: 17, Pending: 1, Sending: 1, Deferred: 1, Sent: 9, Failed: 1, Skipped: 1, InDoubt: 1, Expired: 1, Cancelled: 1}, r.Counts)
		require.InDelta(t, 11.0/4, r.RatePerSecond, 1e-9, "sent, failed and in doubt in four seconds")
		require.Equal(t, "News", r.MailingName)
		require.Empty(t, r.OwnerEmail)

		list, err := w.Reports(ctx, viewerOf(w.anna), store.ReportFilter{}, store.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 2)
		require.Equal(t, empty.ID, list.Items[0].ID, "newest first")
		require.Equal(t, model.Counts{}, list.Items[0].Counts)
		require.Zero(t, list.Items[0].RatePerSecond)
		require.Equal(t, r.Counts, list.Items[1].Counts)
	})
}

func TestReportsAreTheirOwners(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		w.fill(t, run, false, model.Sent, model.Failed)
		stranger := viewerOf(w.boris)

		_, err := w.Report(ctx, stranger, run.ID)
		requireKind(t, err, model.NotFound)
		_, unknown := w.Report(ctx, stranger, run.ID+1000)
		require.Equal(t, unknown, err, "a foreign report answers like one that does not exist")
		_, err = w.Deliveries(ctx, stranger, run.ID, store.DeliveryFilter{}, store.Page{})
		requireKind(t, err, model.NotFound)
		_, err = w.Attempts(ctx, stranger, run.ID, store.AttemptFilter{}, store.Page{})
		requireKind(t, err, model.NotFound)
		_, err = w.Timeline(ctx, stranger, run.ID)
		requireKind(t, err, model.NotFound)
		_, err = w.Reasons(ctx, stranger, run.ID)
		requireKind(t, err, model.NotFound)
		list, err := w.Reports(ctx, stranger, store.ReportFilter{}, store.Page{WithTotal: true})
		require.NoError(t, err)
		require.Empty(t, list.Items)
		require.Zero(t, *list.Total)
		_, err = w.Reports(ctx, stranger, store.ReportFilter{OwnerID: &w.anna.ID}, store.Page{})
		requireKind(t, err, model.Invalid)

		list, err = w.Reports(ctx, manager(w.boris), store.ReportFilter{OwnerID: &w.anna.ID}, store.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
		require.Equal(t, "anna@example.com", list.Items[0].OwnerEmail)
		list, err = w.Reports(ctx, manager(w.boris), store.ReportFilter{OwnerID: &w.boris.ID}, store.Page{})
		require.NoError(t, err)
		require.Empty(t, list.Items)
		rows, err := w.Deliveries(ctx, manager(w.boris), run.ID, store.DeliveryFilter{}, store.Page{})
		require.NoError(t, err)
		require.Len(t, rows.Items, 2)
	})
}

func TestReportsNarrow(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		old := w.run(t, w.anna, model.RunFinished, w.start.Add(-48*time.Hour), time.Second)
		live := w.run(t, w.anna, model.RunPaused, w.start, 0)
		from, to := w.start.Add(-time.Hour), w.start
		for name, c := range map[string]struct {
			filter store.ReportFilter
			want   []int64
		}{
			"all":       {store.ReportFilter{}, []int64{live.ID, old.ID}},
			"status":    {store.ReportFilter{Status: model.RunPaused}, []int64{live.ID}},
			"mailing":   {store.ReportFilter{MailingID: &old.MailingID}, []int64{old.ID}},
			"from":      {store.ReportFilter{From: &from}, []int64{live.ID}},
			"to is out": {store.ReportFilter{To: &to}, []int64{old.ID}},
		} {
			list, err := w.Reports(context.Background(), viewerOf(w.anna), c.filter, store.Page{})
			require.NoError(t, err, name)
			var ids []int64
			for _, r := range list.Items {
				ids = append(ids, r.ID)
			}
			require.Equal(t, c.want, ids, name)
		}
	})
}

func TestRateOfALiveRunIsThatOfTheLastSeconds(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		now, err := w.Now(context.Background())
		require.NoError(t, err)
		run := w.run(t, w.anna, model.RunRunning, now.Add(-time.Hour), 0)
		rows := w.fill(t, run, false, repeat(100, model.Sent)...)
		require.NoError(t, w.Exec("UPDATE attempts SET finished_at = ? WHERE delivery_id <= ?", now, rows[49].ID))
		refused := w.fill(t, run, false, append(repeat(19, model.Failed), model.InDoubt, model.Deferred)...)
		require.NoError(t, w.Exec("UPDATE attempts SET finished_at = ? WHERE delivery_id >= ?", now, refused[0].ID))
		r, err := w.Report(context.Background(), viewerOf(w.anna), run.ID)
		require.NoError(t, err)
		require.InDelta(t, 7, r.RatePerSecond, 1e-9, "50 sent, 19 refused and a doubt in the window of ten seconds; one waits")
	})
}

func TestSettlingADoubtLeavesTheSpeedOfARunThatHasEnded(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunFinished, w.start, 2*time.Second)
		rows := w.fill(t, run, false, model.Sent, model.Failed, model.InDoubt, model.InDoubt)
		speed := func() float64 {
			r, err := w.Report(ctx, viewerOf(w.anna), run.ID)
			require.NoError(t, err)
			return r.RatePerSecond
		}
		before := speed()
		require.InDelta(t, 2, before, 1e-9)
		for i, as := range []model.DeliveryState{model.Sent, model.Failed} {
			_, err := w.ResolveDoubts(ctx, viewerOf(w.anna), run.ID, []int64{rows[2+i].ID}, as)
			require.NoError(t, err)
		}
		require.InDelta(t, before, speed(), 1e-9)
	})
}

func TestSummaryShowsOwnRunsByDay(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		zone, err := time.LoadLocation("Pacific/Kiritimati") // UTC+14: its day is not that of UTC
		require.NoError(t, err)
		now, err := w.Now(ctx)
		require.NoError(t, err)
		y, m, d := now.In(zone).Date()
		yesterday := time.Date(y, m, d-1, 0, 30, 0, 0, zone).UTC()

		first := w.run(t, w.anna, model.RunFinished, yesterday, time.Second)
		w.fill(t, first, false, model.Sent, model.Sent, model.Failed)
		doubt := w.run(t, w.anna, model.RunFinished, now, time.Second)
		w.fill(t, doubt, false, model.Sent, model.InDoubt)
		foreign := w.run(t, w.boris, model.RunRunning, now, 0)
		w.fill(t, foreign, false, model.Sent)
		ancient := w.run(t, w.anna, model.RunFinished, now.AddDate(0, 0, -5), time.Second)
		w.fill(t, ancient, false, model.Sent, model.InDoubt)
		stuck := w.run(t, w.anna, model.RunPaused, now.AddDate(0, 0, -4), 0)
		require.NoError(t, w.Exec("UPDATE runs SET reason = ? WHERE id = ?", model.ReasonSMTPAuth, stuck.ID))
		byHand := w.run(t, w.anna, model.RunPaused, now, 0)
		require.NoError(t, w.Exec("UPDATE runs SET reason = ? WHERE id = ?", model.ReasonByPerson, byHand.ID))
		soon := now.Add(time.Hour)
		next := w.mailing(t, w.anna, model.MailingScheduled, &soon)
		w.mailing(t, w.boris, model.MailingScheduled, &soon)

		s, err := w.Summary(ctx, manager(w.anna), 3, zone)
		require.NoError(t, err)
		date := func(back int) string { return time.Date(y, m, d-back, 12, 0, 0, 0, zone).Format(time.DateOnly) }
		require.Equal(t, []store.Day{{Date: date(2)}, {Date: date(1), Sent: 2, Failed: 1}, {Date: date(0), Sent: 1, InDoubt: 1}}, s.Days)
		require.Equal(t, []int64{byHand.ID, stuck.ID}, reportIDs(s.Running))
		require.Equal(t, []int64{stuck.ID, doubt.ID}, reportIDs(s.Attention))
		require.Len(t, s.Next, 1)
		require.Equal(t, next.ID, s.Next[0].ID)
		require.WithinDuration(t, soon, s.Next[0].NextRunAt, time.Microsecond)
		require.Equal(t, "Europe/Moscow", s.Next[0].Timezone)
	})
}

func reportIDs(reports []store.Report) []int64 {
	var ids []int64
	for _, r := range reports {
		ids = append(ids, r.ID)
	}
	return ids
}
