package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// Report is a run as reports show it: without the frozen content, with the sums
// of its chunks and its speed.
type Report struct {
	model.Run     `gorm:"embedded"`
	RatePerSecond float64 `gorm:"-"` // mails per second, see Rates
}

// ReportFilter narrows a list of reports. The zero value narrows nothing.
type ReportFilter struct {
	MailingID *int64
	ParentID  *int64 // the runs that retry this one
	Status    model.RunStatus
	From      *time.Time // planned at or after it
	To        *time.Time // planned before it
	OwnerID   *int64     // only for viewers of everyone's reports, else model.Invalid on owner_id
}

// reportColumns are those of a report: the frozen content stays where it is, it
// is up to half a megabyte a row.
const reportColumns = `runs.id, runs.mailing_id, runs.owner_id, runs.mailing_name, runs.planned_at, runs.status, runs.reason,
	runs.parent_run_id, runs.from_email, runs.started_at, runs.finished_at, runs.deadline_at, runs.materialised, runs.attempts_removed_at, runs.created_at`

var reportList = listing[Report]{
	name:  "reports",
	id:    "runs.id",
	rowID: func(r *Report) int64 { return r.ID },
	sorts: map[string]sortKey[Report]{
		"id":         {"runs.id", func(r *Report) any { return r.ID }},
		"planned_at": {"runs.planned_at", func(r *Report) any { return r.PlannedAt }},
	},
	natural: "-id",
}

// Reports lists the runs the viewer may see, newest first; it can be sorted by
// id and planned_at.
func (s *Store) Reports(ctx context.Context, viewer model.Viewer, f ReportFilter, p Page) (List[Report], error) {
	if f.OwnerID != nil && !viewer.Has(model.ReportsViewAll) {
		p.Breaches.Add("owner_id", "not_allowed", "only those who see everyone's reports may filter by owner")
	}
	q := s.seenRuns(ctx, viewer)
	if f.MailingID != nil {
		q = q.Where("runs.mailing_id = ?", *f.MailingID)
	}
	if f.ParentID != nil {
		q = q.Where("runs.parent_run_id = ?", *f.ParentID)
	}
	if f.Status != "" {
		q = q.Where("runs.status = ?", f.Status)
	}
	if f.From != nil {
		q = q.Where("runs.planned_at >= ?", f.From.UTC())
	}
	if f.To != nil {
		q = q.Where("runs.planned_at < ?", f.To.UTC())
	}
	if f.OwnerID != nil {
		q = q.Where("runs.owner_id = ?", *f.OwnerID)
	}
	list, err := reportList.page(q, p)
	if err != nil {
		return list, kindOf(err, "list reports")
	}
	return list, s.fill(ctx, list.Items)
}

// Report reads one run. A run the viewer may not see is model.NotFound.
func (s *Store) Report(ctx context.Context, viewer model.Viewer, runID int64) (*Report, error) {
	var rows [1]Report
	if err := s.seenRuns(ctx, viewer).Where("runs.id = ?", runID).Take(&rows[0]).Error; err != nil {
		return nil, kindOf(err, "read a report")
	}
	return &rows[0], s.fill(ctx, rows[:])
}

// seenRuns selects the runs a viewer may see: its own, or all.
func (s *Store) seenRuns(ctx context.Context, viewer model.Viewer) *gorm.DB {
	q := s.read(ctx).Table("runs")
	if viewer.Has(model.ReportsViewAll) {
		return q.Select(reportColumns + ", users.email AS owner_email").Joins("JOIN users ON users.id = runs.owner_id")
	}
	return q.Select(reportColumns).Where("runs.owner_id = ?", viewer.UserID)
}

// seenRun answers model.NotFound unless the viewer may see the run.
func (s *Store) seenRun(ctx context.Context, viewer model.Viewer, runID int64) (*model.Run, error) {
	var r model.Run
	err := s.seenRuns(ctx, viewer).Where("runs.id = ?", runID).Take(&r).Error
	return &r, kindOf(err, "read a run")
}

// fill adds the sums and the speed to reports, by one query each.
func (s *Store) fill(ctx context.Context, reports []Report) error {
	if len(reports) == 0 {
		return nil
	}
	if err := s.sum(ctx, reports); err != nil {
		return err
	}
	return s.Rates(ctx, reports)
}

func (s *Store) sum(ctx context.Context, reports []Report) error {
	ids := make([]int64, len(reports))
	for i := range reports {
		ids[i] = reports[i].ID
	}
	counts, err := s.counts(ctx, ids)
	for i := range reports {
		reports[i].Counts = counts[reports[i].ID]
	}
	return err
}

// countSums are the sums of chunks. PostgreSQL sums a bigint to a numeric.
const countSums = `CAST(SUM(planned) AS BIGINT) AS planned, CAST(SUM(pending) AS BIGINT) AS pending,
	CAST(SUM(sending) AS BIGINT) AS sending, CAST(SUM(deferred) AS BIGINT) AS deferred,
	CAST(SUM(sent) AS BIGINT) AS sent, CAST(SUM(failed) AS BIGINT) AS failed, CAST(SUM(skipped) AS BIGINT) AS skipped,
	CAST(SUM(in_doubt) AS BIGINT) AS in_doubt, CAST(SUM(expired) AS BIGINT) AS expired, CAST(SUM(cancelled) AS BIGINT) AS cancelled`

// counts sums the chunks of runs: one statement, so one snapshot, so that
// planned is always the sum of the others. A run without chunks is not in it.
func (s *Store) counts(ctx context.Context, runIDs []int64) (map[int64]model.Counts, error) {
	var rows []struct {
		RunID  int64
		Counts model.Counts `gorm:"embedded"`
	}
	err := s.read(ctx).Raw("SELECT run_id, "+countSums+" FROM chunks WHERE run_id IN ? GROUP BY run_id", runIDs).Scan(&rows).Error
	if err != nil {
		return nil, kindOf(err, "sum the chunks")
	}
	out := make(map[int64]model.Counts, len(rows))
	for _, r := range rows {
		out[r.RunID] = r.Counts
	}
	return out, nil
}

// rateWindow is how far back the speed of a live run looks.
const rateWindow = 10 * time.Second

// Rates fills RatePerSecond: how many deliveries a second an attempt brought to
// their end, sent, failed or in doubt. Of a run that has ended it is over its
// whole time, of a live one over the last ten seconds (found by the index of
// the attempts' time, whatever the size of the run).
func (s *Store) Rates(ctx context.Context, reports []Report) error {
	var live []int64
	for i := range reports {
		r := &reports[i]
		switch {
		case r.StartedAt == nil:
		case r.FinishedAt == nil:
			live = append(live, r.ID)
		default:
			r.RatePerSecond = perSecond(r.Counts.Tried(), r.FinishedAt.Sub(*r.StartedAt))
		}
	}
	if len(live) == 0 {
		return nil
	}
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	var rows []struct{ RunID, N int64 }
	err = s.read(ctx).Raw("SELECT run_id, COUNT(*) AS n FROM attempts WHERE finished_at > ? AND run_id IN ? AND outcome IN ('sent', 'failed', 'in_doubt') GROUP BY run_id",
		now.Add(-rateWindow), live).Scan(&rows).Error
	if err != nil {
		return kindOf(err, "count the latest attempts")
	}
	for _, row := range rows {
		for i := range reports {
			if r := &reports[i]; r.ID == row.RunID {
				r.RatePerSecond = perSecond(row.N, min(rateWindow, now.Sub(*r.StartedAt)))
			}
		}
	}
	return nil
}

// perSecond is 0 for what took no time: an unknown speed, not an endless one.
func perSecond(n int64, took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return float64(n) / took.Seconds()
}
