package store

import (
	"context"
	"time"

	"github.com/postrider/postrider/pkg/model"
)

// Timeline is how a run went, in equal steps of time.
type Timeline struct {
	Bucket time.Duration // whole seconds
	Points []Point       // by time, without holes between the first and the last attempt
}

// Point counts the attempts that ended in one step.
type Point struct {
	At                              time.Time // the step's begin
	Sent, Failed, Deferred, InDoubt int64
}

// mostPoints is how many steps a timeline has, and two for the clocks of
// workers that run ahead or behind.
const mostPoints = 120

var buckets = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// bucketFor is the smallest step that divides a span into mostPoints.
func bucketFor(span time.Duration) time.Duration {
	for _, b := range buckets {
		if span/b < mostPoints {
			return b
		}
	}
	day := 24 * time.Hour
	return (span/mostPoints + day) / day * day
}

// Timeline counts a run's attempts over its time. What a worker that was frozen
// adds after the run's end is in the log and not here. A run the viewer may not
// see is model.NotFound; one that has not started has no points.
func (s *Store) Timeline(ctx context.Context, viewer model.Viewer, runID int64) (Timeline, error) {
	run, err := s.seenRun(ctx, viewer, runID)
	if err != nil {
		return Timeline{}, err
	}
	if run.StartedAt == nil {
		return Timeline{Bucket: buckets[0]}, nil
	}
	end := run.FinishedAt
	if end == nil {
		now, err := s.Now(ctx)
		if err != nil {
			return Timeline{}, err
		}
		end = &now
	}
	t := Timeline{Bucket: bucketFor(end.Sub(*run.StartedAt))}
	rows, err := s.steps(ctx, runID, *run.StartedAt, *end, t.Bucket)
	if err != nil {
		return t, kindOf(err, "count attempts over time")
	}
	for _, r := range rows {
		p := Point{At: time.Unix(r.At, 0).UTC(), Sent: r.Sent, Failed: r.Failed, Deferred: r.Deferred, InDoubt: r.InDoubt}
		for n := len(t.Points); n > 0 && t.Points[n-1].At.Add(t.Bucket).Before(p.At); n++ { // a pause is a stretch of zeros
			t.Points = append(t.Points, Point{At: t.Points[n-1].At.Add(t.Bucket)})
		}
		t.Points = append(t.Points, p)
	}
	return t, nil
}

type stepRow struct{ At, Sent, Failed, Deferred, InDoubt int64 }

// steps counts the attempts of a run in steps of time, from the step before
// from to the one after to, without the empty ones. PostgreSQL groups a
// million in about a second. SQLite would sort them to group; a range of the
// index of time for each step takes a third of that.
func (s *Store) steps(ctx context.Context, runID int64, from, to time.Time, step time.Duration) ([]stepRow, error) {
	const sums = `COALESCE(SUM(CASE WHEN outcome = 'sent' THEN 1 ELSE 0 END), 0) AS sent,
		COALESCE(SUM(CASE WHEN outcome = 'failed' THEN 1 ELSE 0 END), 0) AS failed,
		COALESCE(SUM(CASE WHEN outcome = 'deferred' THEN 1 ELSE 0 END), 0) AS deferred,
		COALESCE(SUM(CASE WHEN outcome = 'in_doubt' THEN 1 ELSE 0 END), 0) AS in_doubt
		FROM attempts WHERE run_id = ? AND outcome IN ('sent', 'failed', 'deferred', 'in_doubt') AND finished_at >= ? AND finished_at `
	seconds := int64(step / time.Second)
	from = time.Unix((from.Unix()/seconds-1)*seconds, 0).UTC()
	to = time.Unix((to.Unix()/seconds+2)*seconds, 0).UTC()
	var rows []stepRow
	if !s.lite {
		err := s.read(ctx).Raw("SELECT CAST(FLOOR(DATE_PART('epoch', finished_at)) AS BIGINT) / ? * ? AS at, "+sums+"< ? GROUP BY 1 ORDER BY 1",
			seconds, seconds, runID, from, to).Scan(&rows).Error
		return rows, err
	}
	for at := from; at.Before(to); at = at.Add(step) {
		row := stepRow{At: at.Unix()}
		if err := s.read(ctx).Raw("SELECT "+sums+"< ?", runID, at, at.Add(step)).Row().Scan(&row.Sent, &row.Failed, &row.Deferred, &row.InDoubt); err != nil {
			return nil, err
		}
		if row.Sent+row.Failed+row.Deferred+row.InDoubt > 0 {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// Reason is one answer that several deliveries of a run ended with, or wait
// with.
type Reason struct {
	State    model.DeliveryState
	Code     int
	Enhanced string
	Text     string // the server's words without the recipient's address; of a skipped one why
	Count    int64
}

// answerText is the text of a reason. Servers like to name the recipient:
// without its address, equal answers are equal.
const answerText = "CASE WHEN d.last_response = '' OR d.state = 'skipped' THEN d.reason ELSE REPLACE(d.last_response, d.email, '…') END"

// mostReasons is how many reasons a report shows.
const mostReasons = 100

// Reasons groups the deliveries of a run that were not sent by why, most
// frequent first. A run the viewer may not see is model.NotFound.
func (s *Store) Reasons(ctx context.Context, viewer model.Viewer, runID int64) ([]Reason, error) {
	if _, err := s.seenRun(ctx, viewer, runID); err != nil {
		return nil, err
	}
	states := []model.DeliveryState{model.Failed, model.Deferred, model.InDoubt, model.Skipped}
	lots, err := s.lots(ctx, runID, states...)
	if err != nil {
		return nil, err
	}
	var out []Reason
	err = s.read(ctx).Table("deliveries AS d").Scopes(lots.among).
		Select(`d.state, d.last_code AS code, d.last_enhanced AS enhanced, `+answerText+` AS text, COUNT(*) AS count`).
		Where("d.run_id = ? AND d.state IN ?", runID, states).
		Group("1, 2, 3, 4").Order("5 DESC, 1, 2, 3, 4").Limit(mostReasons).Scan(&out).Error
	return out, kindOf(err, "group the reasons")
}
