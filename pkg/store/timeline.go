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
	At                     time.Time // the step's begin
	Sent, Failed, Deferred int64
}

// mostPoints is how many steps a timeline has at most, but for answers that
// come after the run's end.
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

// lateAnswers is how long after a run's end the outcome of a worker that was
// frozen may still arrive.
const lateAnswers = time.Hour

// Timeline counts a run's attempts over its time. A run the viewer may not see
// is model.NotFound; one that has not started has no points. One aggregate over
// the part of the log that is as old as the run.
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
	step := int64(t.Bucket / time.Second)
	var rows []struct{ Step, Sent, Failed, Deferred int64 }
	err = s.read(ctx).Raw(`SELECT `+s.epoch("finished_at")+` / ? AS step,
		SUM(CASE WHEN outcome = 'sent' THEN 1 ELSE 0 END) AS sent,
		SUM(CASE WHEN outcome = 'failed' THEN 1 ELSE 0 END) AS failed,
		SUM(CASE WHEN outcome = 'deferred' THEN 1 ELSE 0 END) AS deferred
		FROM attempts WHERE run_id = ? AND finished_at >= ? AND finished_at <= ? GROUP BY 1 ORDER BY 1`,
		step, runID, run.StartedAt.Add(-rateWindow), end.Add(lateAnswers)).Scan(&rows).Error
	if err != nil {
		return t, kindOf(err, "count attempts over time")
	}
	for _, r := range rows {
		p := Point{At: time.Unix(r.Step*step, 0).UTC(), Sent: r.Sent, Failed: r.Failed, Deferred: r.Deferred}
		for n := len(t.Points); n > 0 && n < mostPoints; n++ { // a pause is a stretch of zeros
			next := t.Points[n-1].At.Add(t.Bucket)
			if !next.Before(p.At) {
				break
			}
			t.Points = append(t.Points, Point{At: next})
		}
		t.Points = append(t.Points, p)
	}
	return t, nil
}

// epoch is an expression for the whole seconds since 1970 of a time.
func (s *Store) epoch(column string) string {
	if s.lite {
		return "unixepoch(" + column + ")"
	}
	return "CAST(FLOOR(DATE_PART('epoch', " + column + ")) AS BIGINT)"
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
	// Servers like to name the recipient: without its address, equal answers are equal.
	var out []Reason
	err = s.read(ctx).Table("deliveries AS d").Scopes(lots.among).
		Select(`d.state, d.last_code AS code, d.last_enhanced AS enhanced,
			CASE WHEN d.last_response = '' OR d.state = 'skipped' THEN d.reason ELSE REPLACE(d.last_response, d.email, '…') END AS text,
			COUNT(*) AS count`).
		Where("d.run_id = ? AND d.state IN ?", runID, states).
		Group("1, 2, 3, 4").Order("5 DESC, 1, 2, 3, 4").Limit(mostReasons).Scan(&out).Error
	return out, kindOf(err, "group the reasons")
}
