package store

import (
	"context"
	"time"
)

// Following says which runs somebody looks at while they go on.
type Following struct {
	Owners     []int64   // all live runs of these owners
	EndedSince time.Time // and those of theirs that ended after it
	Runs       []int64   // and these, wherever they stand
}

// Followed reads runs that are looked at, with their sums and without their
// speed, and the database's time from just before: what ended later than that
// may be missing. It asks the same few statements for any number of runs.
func (s *Store) Followed(ctx context.Context, f Following) (time.Time, []Report, error) {
	at, err := s.Now(ctx)
	if err != nil {
		return at, nil, err
	}
	owners, runs := f.Owners, f.Runs
	if len(owners) == 0 {
		owners = []int64{0} // nobody's, and an empty list is no SQL
	}
	if len(runs) == 0 {
		runs = []int64{0}
	}
	var rows []Report
	// the statuses in words, so that PostgreSQL sees that runs_live has them all
	err = s.read(ctx).Table("runs").Select(reportColumns).Where(`id IN (
		SELECT id FROM runs WHERE status IN ('running', 'pausing', 'paused', 'cancelling') AND owner_id IN ?
		UNION SELECT id FROM runs WHERE owner_id IN ? AND finished_at > ?
		UNION SELECT id FROM runs WHERE id IN ?)`, owners, owners, f.EndedSince.UTC(), runs).Order("id").Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return at, rows, kindOf(err, "read the runs that are followed")
	}
	return at, rows, s.sum(ctx, rows)
}
