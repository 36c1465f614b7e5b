package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// DeadAfter is how long a worker may be silent before its claims are taken
// from it. Workers beat every two seconds.
const DeadAfter = 12 * time.Second

// Worker is one process that sends.
type Worker struct {
	ID        string
	Host      string
	PID       int64 `gorm:"column:pid"`
	StartedAt time.Time
	BeatAt    time.Time
}

// Beat says that a worker lives. It brings back one that was thought dead; its
// old claims stay lost.
func (s *Store) Beat(ctx context.Context, w Worker) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		return tx.Exec("INSERT INTO workers (id, host, pid, started_at, beat_at) VALUES (?, ?, ?, ?, ?) "+
			"ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at", w.ID, w.Host, w.PID, now, now).Error
	}), "beat")
}

// Leave says that a worker has ended in order and holds nothing.
func (s *Store) Leave(ctx context.Context, id string) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM workers WHERE id = ?", id).Error
	}), "leave")
}

// Workers are those that are thought alive.
func (s *Store) Workers(ctx context.Context) ([]Worker, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	var out []Worker
	err = s.read(ctx).Where("beat_at > ?", now.Add(-DeadAfter)).Order("started_at, id").Find(&out).Error
	return out, kindOf(err, "read the workers")
}

// ReturnDeadLeases takes the chunks of workers that are thought dead: what they
// had on the wire is put in doubt, what was pending can be claimed again, and
// whatever they still write is refused. It answers the runs it touched. With
// all it takes every lease there is, which only a process that knows itself
// alone may do.
func (s *Store) ReturnDeadLeases(ctx context.Context, all bool) ([]int64, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	cutoff := now.Add(-DeadAfter)
	if all {
		cutoff = now.Add(365 * 24 * time.Hour)
	}
	runs, err := s.returnLeases(ctx, now, "worker_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM workers w WHERE w.id = chunks.worker_id AND w.beat_at > ?)", cutoff)
	if err != nil {
		return runs, err
	}
	if err := s.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM workers WHERE beat_at <= ?", cutoff).Error
	}); err != nil {
		return nil, kindOf(err, "forget dead workers")
	}
	return runs, nil
}

// ReturnOrphans gives back what a worker holds without knowing it, because the
// answer to a claim or to a release was lost: every lease of it whose fence is
// not among held. The worker must not claim meanwhile.
func (s *Store) ReturnOrphans(ctx context.Context, worker string, held []int64) ([]int64, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	if len(held) == 0 {
		held = []int64{0} // no claim has it, and an empty list is no SQL
	}
	return s.returnLeases(ctx, now, "worker_id = ? AND token NOT IN ?", worker, held)
}

// returnLeases ends the leases of the chunks of a condition, each in its own
// transaction, and answers the runs it touched. A chunk that cannot be freed
// does not hold up the others.
func (s *Store) returnLeases(ctx context.Context, now time.Time, condition string, args ...any) ([]int64, error) {
	var chunks []int64
	if err := s.read(ctx).Table("chunks").Where(condition, args...).Order("id").Pluck("id", &chunks).Error; err != nil {
		return nil, kindOf(err, "look for leases to return")
	}
	touched := map[int64]bool{}
	var errs []error
	for _, id := range chunks {
		errs = append(errs, s.tx(ctx, func(tx *gorm.DB) error {
			var c model.Chunk
			res := tx.Raw("SELECT * FROM chunks WHERE id = ? AND "+condition+s.locking("FOR UPDATE"), append([]any{id}, args...)...).Scan(&c)
			if res.Error != nil || res.RowsAffected == 0 {
				return res.Error
			}
			var policy model.InDoubtPolicy
			if err := tx.Raw("SELECT in_doubt_policy FROM runs WHERE id = ?", c.RunID).Row().Scan(&policy); err != nil {
				return err
			}
			touched[c.RunID] = true
			return s.freeChunk(tx, &c, policy, now)
		}))
	}
	return slices.Collect(maps.Keys(touched)), kindOf(errors.Join(errs...), "return a lease")
}
