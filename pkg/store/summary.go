package store

import (
	"context"
	"slices"
	"time"

	"github.com/postrider/postrider/pkg/model"
)

// Summary is what a person's first page shows of their own runs.
type Summary struct {
	Days      []Day
	Running   []Report
	Next      []NextMailing
	Attention []Report
}

// Day sums the runs that started on a day.
type Day struct {
	Date                  string // "2006-01-02" in the zone that was asked for
	Sent, Failed, InDoubt int64
}

// NextMailing is a mailing whose next run has a time.
type NextMailing struct {
	ID        int64
	Name      string
	NextRunAt time.Time
	Timezone  string
}

// summaryRows bounds each list of a summary.
const summaryRows = 10

// Summary sums the last days, today included, of the viewer's own runs (also
// for those who may see everyone's), oldest first and without holes. A run
// counts whole on the day it started in zone: its counters are sums of its
// chunks, which a day in the middle of a run does not divide.
//
// Attention holds runs that paused for a reason no person gave, and runs of
// these days with deliveries in doubt.
func (s *Store) Summary(ctx context.Context, viewer model.Viewer, days int, zone *time.Location) (*Summary, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	own := model.Viewer{UserID: viewer.UserID}
	y, m, d := now.In(zone).Date()
	from := time.Date(y, m, d-days+1, 0, 0, 0, 0, zone)
	var runs []Report
	err = s.seenRuns(ctx, own).
		Where("runs.started_at >= ? OR runs.status IN ?", from.UTC(), liveRuns).
		Order("runs.id DESC").Scan(&runs).Error
	if err != nil {
		return nil, kindOf(err, "read the latest runs")
	}
	if err := s.fill(ctx, runs); err != nil {
		return nil, err
	}

	out := &Summary{Days: make([]Day, days)}
	index := make(map[string]*Day, days)
	for i := range out.Days {
		out.Days[i].Date = time.Date(y, m, d-days+1+i, 12, 0, 0, 0, zone).Format(time.DateOnly)
		index[out.Days[i].Date] = &out.Days[i]
	}
	for _, r := range runs {
		if day := index[r.StartedAt.In(zone).Format(time.DateOnly)]; day != nil {
			day.Sent += r.Counts.Sent
			day.Failed += r.Counts.Failed
			day.InDoubt += r.Counts.InDoubt
		}
		if slices.Contains(liveRuns, r.Status) && len(out.Running) < summaryRows {
			out.Running = append(out.Running, r)
		}
		waits := r.Status == model.RunPaused && r.Reason != "" && r.Reason != model.ReasonByPerson
		if (waits || r.Counts.InDoubt > 0) && len(out.Attention) < summaryRows {
			out.Attention = append(out.Attention, r)
		}
	}
	err = s.read(ctx).Table("mailings").Select("id, name, next_run_at, timezone").
		Where("owner_id = ? AND status = ? AND archived_at IS NULL AND next_run_at IS NOT NULL", viewer.UserID, model.MailingScheduled).
		Order("next_run_at, id").Limit(summaryRows).Scan(&out.Next).Error
	return out, kindOf(err, "read the next runs")
}
