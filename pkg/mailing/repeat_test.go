package mailing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func daily(in *mailing.Input) { in.Repeat = &model.Repeat{Every: "day", Interval: 1} }

// begins gives a mailing a start so long after the database's clock.
func (h *house) begins(after time.Duration) func(*mailing.Input) {
	return func(in *mailing.Input) {
		now, err := h.store.Now(context.Background())
		require.NoError(h.t, err)
		at := now.Add(after).Truncate(time.Second)
		in.StartAt, in.Timezone = &at, "UTC"
	}
}

// runs are the runs of a mailing in the order of their times.
func (h *house) runs(m *model.Mailing) []store.Report {
	h.t.Helper()
	l, err := h.store.Reports(context.Background(), h.user.Viewer(), store.ReportFilter{MailingID: &m.ID}, store.Page{Sort: "planned_at", Limit: store.MaxLimit})
	require.NoError(h.t, err)
	return l.Items
}

// tick starts what is due and moves what is live, as a sweep would.
func (h *house) tick() {
	h.t.Helper()
	ctx := context.Background()
	_, err := h.service.RunDue(ctx)
	require.NoError(h.t, err)
	live, err := h.store.LiveRuns(ctx, 0, 100)
	require.NoError(h.t, err)
	for _, id := range live {
		_, err := h.service.Advance(ctx, id, nil)
		require.NoError(h.t, err)
	}
}

func (h *house) again(m *model.Mailing) *model.Mailing {
	h.t.Helper()
	m, err := h.store.Mailing(context.Background(), h.user.Viewer(), m.ID)
	require.NoError(h.t, err)
	return m
}

func (h *house) act(m *model.Mailing, a model.Action) *model.Mailing {
	h.t.Helper()
	m, err := h.service.Act(context.Background(), h.user.Viewer(), m.ID, a, nil)
	require.NoError(h.t, err)
	return m
}

func statuses(runs []store.Report) (out []string) {
	for _, r := range runs {
		word := string(r.Status)
		if r.Reason != "" && r.Status == model.RunMissed {
			word += ":" + r.Reason
		}
		out = append(out, word)
	}
	return out
}

func ptr[T any](v T) *T { return &v }

func TestARepeatingMailingGoesOnUntilItsTimesAreUp(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 0)
		m := h.create(h.begins(time.Hour), daily, func(in *mailing.Input) { in.Repeat.Times = ptr(2) })
		require.Equal(t, model.MailingScheduled, m.Status)
		first := *m.StartAt
		require.True(t, m.NextRunAt.Equal(first))
		st.MoveClock(time.Hour + time.Second)
		h.tick()
		m = h.again(m)
		require.Equal(t, model.MailingScheduled, m.Status, "the run has ended, another one waits")
		require.True(t, m.NextRunAt.Equal(first.Add(24*time.Hour)))
		require.NotNil(t, m.LastRunID)
		st.MoveClock(24 * time.Hour)
		h.tick()
		m = h.again(m)
		require.Equal(t, model.MailingFinished, m.Status)
		require.Nil(t, m.NextRunAt)
		require.Equal(t, []string{"finished", "finished"}, statuses(h.runs(m)))
	})
}

func TestAStartThatHasPassedBeginsAtOnceAndGoesOnByTheRule(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 1)
		m := h.create(h.begins(-50*time.Hour), daily)
		require.Equal(t, model.MailingRunning, m.Status)
		require.True(t, m.NextRunAt.Equal(m.StartAt.Add(72*time.Hour)), "shown while it runs")
		require.Len(t, h.runs(m), 2, "nothing was missed: it was not saved then")
		m = h.create(daily)
		require.Equal(t, model.MailingRunning, m.Status)
		require.NotNil(t, m.StartAt, "its days are counted from now")
		require.True(t, m.NextRunAt.Equal(m.StartAt.Add(24*time.Hour)))
	})
}

// What came while nothing ran is caught up with once at most.
func TestTheSystemWasDown(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		for _, c := range []struct {
			name   string
			policy model.LatePolicy
			down   time.Duration // from the first occurrence on
			want   []string
			missed int64
		}{
			{"five minutes, send", model.LateSend, 5 * time.Minute, []string{"finished", "planned"}, 0},
			{"five minutes, skip", model.LateSkip, 5 * time.Minute, []string{"missed:late", "planned"}, 1},
			{"thirty hours, send", model.LateSend, 30 * time.Hour, []string{"missed:late", "finished", "planned"}, 1},
			{"thirty hours, skip", model.LateSkip, 30 * time.Hour, []string{"missed:late", "missed:late", "planned"}, 2},
			{"three days and a bit, send", model.LateSend, 73 * time.Hour, []string{"missed:late", "missed:late", "missed:late", "finished", "planned"}, 3},
		} {
			h := newHouse(t, st, 0)
			m := h.create(h.begins(time.Hour), daily, func(in *mailing.Input) { in.LatePolicy = c.policy })
			st.MoveClock(time.Hour + c.down)
			h.tick()
			runs := h.runs(m)
			require.Equal(t, c.want, statuses(runs), c.name)
			for i, r := range runs {
				require.True(t, r.PlannedAt.Equal(m.StartAt.Add(time.Duration(i)*24*time.Hour)), c.name)
				run, err := st.RunByID(context.Background(), r.ID)
				require.NoError(t, err)
				require.EqualValues(t, i+1, run.Occurrence, c.name)
			}
			require.Equal(t, c.missed, h.service.Missed(model.ReasonLate), c.name)
			require.Equal(t, model.MailingScheduled, h.again(m).Status, c.name)
			h.act(m, model.ActionCancel)
		}
	})
}

// A minutely mailing of a system that was down for two days writes a bounded
// number of rows, and counts all.
func TestVeryManyMissedOccurrences(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 0)
		m := h.create(h.begins(time.Minute), func(in *mailing.Input) {
			in.Repeat = &model.Repeat{Every: "cron", Interval: 1, Cron: ptr("* * * * *")}
		})
		st.MoveClock(48 * time.Hour)
		h.tick()
		l, err := st.Reports(context.Background(), h.user.Viewer(), store.ReportFilter{MailingID: &m.ID, Status: model.RunMissed}, store.Page{WithTotal: true})
		require.NoError(t, err)
		require.EqualValues(t, 1000, *l.Total)
		require.InDelta(t, 48*60, h.service.Missed(model.ReasonLate), 3)
		require.Equal(t, model.MailingScheduled, h.again(m).Status)
	})
}

func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 1)
		m := h.create(h.begins(time.Hour), daily)
		st.MoveClock(time.Hour + time.Second)
		h.tick() // and nobody sends
		require.Equal(t, model.MailingRunning, h.again(m).Status)
		st.MoveClock(24 * time.Hour)
		h.tick()
		require.Equal(t, []string{"running", "missed:still_running", "planned"}, statuses(h.runs(m)))
		m = h.again(m)
		require.Equal(t, model.MailingRunning, m.Status)
		require.True(t, m.NextRunAt.Equal(m.StartAt.Add(48*time.Hour)))
		h.act(m, model.ActionPause)
		st.MoveClock(49 * time.Hour)
		h.tick()
		require.Equal(t, []string{"paused", "missed:still_running", "missed:still_running", "missed:still_running", "planned"}, statuses(h.runs(m)))
		require.EqualValues(t, 3, h.service.Missed(model.ReasonStillRunning))
		// cancelled are the run and all to come
		m = h.cancelled(m.ID)
		require.Nil(t, m.NextRunAt)
		require.Equal(t, []string{"cancelled", "missed:still_running", "missed:still_running", "missed:still_running"}, statuses(h.runs(m)))
		// a start after that is one run
		h.act(m, model.ActionStart)
		h.tick()
		m = h.again(m)
		require.Equal(t, model.MailingRunning, m.Status)
		require.Nil(t, m.NextRunAt)
	})
}

func TestARunOfMinutesEndsByItself(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 2)
		m := h.create(daily, func(in *mailing.Input) { in.RunMinutes = ptr(90) })
		r, err := st.RunByID(context.Background(), *m.LastRunID)
		require.NoError(t, err)
		require.True(t, r.DeadlineAt.Equal(r.StartedAt.Add(90*time.Minute)))
		h.tick()
		st.MoveClock(91 * time.Minute)
		h.tick()
		m = h.again(m)
		require.Equal(t, model.MailingScheduled, m.Status)
		require.EqualValues(t, 2, h.report(m).Counts.Expired)
		st.MoveClock(24 * time.Hour)
		h.tick()
		r, err = st.RunByID(context.Background(), *h.again(m).LastRunID)
		require.NoError(t, err)
		require.True(t, r.DeadlineAt.Equal(r.StartedAt.Add(90*time.Minute)), "it moves with each run")
	})
}

func TestPeopleAndTheRule(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		h := newHouse(t, st, 0)
		change := func(m *model.Mailing, f func(*mailing.Input)) (*model.Mailing, error) {
			return h.service.Update(ctx, h.user.Viewer(), m.ID, nil, func(in *mailing.Input) error { f(in); return nil })
		}
		m := h.create(h.begins(time.Hour), daily)
		plan := *m.NextRunAt
		m = h.act(m, model.ActionStart)
		require.Equal(t, model.MailingRunning, m.Status)
		require.True(t, m.NextRunAt.Equal(plan), "the planned one stays")
		h.tick()
		require.Equal(t, []string{"finished", "planned"}, statuses(h.runs(m)))

		m, err := change(m, func(in *mailing.Input) { in.Name = "Other" })
		require.NoError(t, err)
		require.True(t, m.NextRunAt.Equal(plan))
		m, err = change(m, func(in *mailing.Input) { in.Repeat = &model.Repeat{Every: "day", Interval: 1, Times: ptr(3)} })
		require.NoError(t, err)
		require.True(t, m.NextRunAt.Equal(plan))
		st.MoveClock(25 * time.Hour) // the first is missed by 24 h, within the grace
		h.tick()
		m = h.again(m)
		require.True(t, m.NextRunAt.Equal(plan.Add(48*time.Hour)))
		m, err = change(m, func(in *mailing.Input) {
			in.Repeat = &model.Repeat{Every: "cron", Interval: 1, Cron: ptr("0 0 * * *")}
		})
		require.NoError(t, err)
		require.Equal(t, "00:00", m.NextRunAt.Format("15:04"))
		require.Equal(t, model.MailingScheduled, m.Status, "a change of the rule starts nothing")
		_, err = change(m, func(in *mailing.Input) { in.Repeat = &model.Repeat{Every: "day", Interval: 1, Times: ptr(1)} })
		require.True(t, model.IsKind(err, model.Invalid), "no occurrence is left: %v", err)

		next := *m.NextRunAt
		m, err = change(m, func(in *mailing.Input) { in.Repeat = nil })
		require.NoError(t, err)
		require.Equal(t, model.MailingScheduled, m.Status)
		require.True(t, m.NextRunAt.Equal(next), "it happens once more")
		m, err = change(m, daily)
		require.NoError(t, err)
		require.True(t, m.NextRunAt.Equal(next))
		m = h.act(m, model.ActionUnschedule)
		require.Equal(t, model.MailingDraft, m.Status)
		require.Nil(t, m.NextRunAt)
		twin, err := h.service.Duplicate(ctx, h.user.Viewer(), m.ID)
		require.NoError(t, err)
		require.Equal(t, m.Repeat, twin.Repeat)
		h.act(m, model.ActionStart)
		h.tick()
		m = h.again(m)
		require.True(t, m.NextRunAt.Equal(next), "a draft that is started has its plan too")
		require.NoError(t, h.service.Delete(ctx, h.user.Viewer(), m.ID, nil))
		due, err := st.DueRuns(ctx, 1000*time.Hour, 10)
		require.NoError(t, err)
		require.Empty(t, due, "nothing waits of what was deleted")
	})
}

func TestADraftWhoseRuleIsOverIsNotSent(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 1)
		m := h.create(h.begins(time.Hour), daily, func(in *mailing.Input) {
			in.Draft, in.Repeat.Until = true, ptr(in.StartAt.Add(30*time.Hour))
		})
		st.MoveClock(40 * time.Hour)
		for _, a := range []model.Action{model.ActionSchedule, model.ActionStart} {
			_, err := h.service.Act(context.Background(), h.user.Viewer(), m.ID, a, nil)
			require.True(t, model.IsKind(err, model.Invalid), "%s: %v", a, err)
		}
		require.Empty(t, h.runs(m))
	})
}

func TestManyWorkersBeginOneOccurrenceAndPlanOneNext(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 3)
		m := h.create(h.begins(time.Hour), daily)
		st.MoveClock(50 * time.Hour)
		id := h.runs(m)[0].ID
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := h.service.Advance(context.Background(), id, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, []string{"missed:late", "missed:late", "running", "planned"}, statuses(h.runs(m)))
	})
}
