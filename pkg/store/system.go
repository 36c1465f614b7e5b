package store

import (
	"context"
	"time"

	"github.com/postrider/postrider/pkg/model"
)

// Load is what the installation has to do at this instant, over all users.
type Load struct {
	Now      time.Time  // of the database
	RunsDue  int64      // whose time has come and that no worker has started
	DueSince *time.Time // when the longest waiting of them was due
	Sending  int64      // runs under way
	Mails    int64      // that those have not sent yet, with what will be retried
	System   int64      // mails of the installation itself that wait: tests and the like
}

// Load counts. It reads the chunks of the runs under way, some thousands for a
// million of mails.
func (s *Store) Load(ctx context.Context) (Load, error) {
	var out Load
	now, err := s.Now(ctx)
	if err != nil {
		return out, err
	}
	err = s.read(ctx).Raw(`SELECT
		(SELECT COUNT(*) FROM runs WHERE status = ? AND planned_at <= ?) AS runs_due,
		(SELECT COUNT(*) FROM runs WHERE status = ?) AS sending,
		(SELECT COALESCE(SUM(c.pending + c.sending + c.deferred), 0) FROM chunks c JOIN runs r ON r.id = c.run_id
			WHERE r.status = ? AND NOT c.done) AS mails,
		(SELECT COUNT(*) FROM system_mails WHERE sent_at IS NULL AND failed_at IS NULL AND next_at <= ?) AS system`,
		model.RunPlanned, now, model.RunRunning, model.RunRunning, now).Scan(&out).Error
	if err != nil {
		return out, kindOf(err, "count what is to be done")
	}
	out.Now = now
	var since []time.Time
	err = s.read(ctx).Table("runs").Where("status = ? AND planned_at <= ?", model.RunPlanned, now).
		Order("planned_at").Limit(1).Pluck("planned_at", &since).Error
	if len(since) > 0 {
		out.DueSince = &since[0]
	}
	return out, kindOf(err, "look for a run that is late")
}

// KnownWorkers are all that have not left in order, also those that are
// silent and were not taken for dead yet.
func (s *Store) KnownWorkers(ctx context.Context) ([]Worker, error) {
	var out []Worker
	err := s.read(ctx).Order("started_at, id").Find(&out).Error
	return out, kindOf(err, "read the workers")
}
