package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// What becomes of open deliveries without a mail: deferred ones whose time has
// come are pending again, and those of a run that may send no more end. Both go
// by lots of ChunkSize, a transaction each. The deferred ones of a lot may be
// of as many chunks; therefore a lot is a handful of statements whatever it
// concerns, and no lot looks at those before it.

// FormRetries gathers the due retries of a run into chunks and tells how many
// deliveries it gathered. It goes on for a second or so; the next call finds
// the rest.
func (s *Store) FormRetries(ctx context.Context, runID int64) (int, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return 0, err
	}
	total, from := 0, waiting{}
	for begin := time.Now(); time.Since(begin) < time.Second; {
		due, err := s.waiting(ctx, runID, from, now)
		if err != nil || len(due) == 0 {
			return total, err
		}
		from = due[len(due)-1]
		n, err := s.formRetries(ctx, runID, now, due)
		total += n
		if err != nil || len(due) < ChunkSize {
			return total, err
		}
	}
	return total, nil
}

// waiting is a deferred delivery and its time.
type waiting struct {
	ID      int64
	ChunkID int64
	NextAt  time.Time
}

// waiting are the deferred deliveries of a run after from, up to a time, in the
// order of their times: ChunkSize of them. To begin where the last lot ended
// keeps the scan away from the index entries that this lot has left behind.
func (s *Store) waiting(ctx context.Context, runID int64, from waiting, until time.Time) ([]waiting, error) {
	var rows []waiting
	err := s.read(ctx).Table("retries r").Joins("JOIN deliveries d ON d.id = r.delivery_id").
		Where("r.run_id = ? AND r.chunk_id IS NULL AND r.next_at <= ? AND r.next_at >= ?", runID, until.UTC(), from.NextAt.UTC()).
		Where("(r.next_at, r.delivery_id) > (?, ?)", from.NextAt.UTC(), from.ID).
		Order("r.next_at, r.delivery_id").Limit(ChunkSize).Select("d.id, d.chunk_id, r.next_at").Scan(&rows).Error
	return rows, kindOf(err, "read retries")
}

// lockChunks takes the rows of chunks, in the order of locks, and answers those
// that nobody holds.
func (s *Store) lockChunks(tx *gorm.DB, rows []waiting) (all, free []int64, err error) {
	ids := map[int64]bool{}
	for _, r := range rows {
		ids[r.ChunkID] = true
	}
	var locked []model.Chunk
	err = tx.Raw("SELECT id, worker_id FROM chunks WHERE id IN ? ORDER BY id"+s.locking("FOR UPDATE"), slices.Collect(maps.Keys(ids))).
		Scan(&locked).Error
	for _, c := range locked {
		all = append(all, c.ID)
		if c.WorkerID == nil {
			free = append(free, c.ID)
		}
	}
	return all, free, err
}

// formRetries makes a chunk of retries, and tells how many it has. Rows that
// changed since they were looked up are left alone.
func (s *Store) formRetries(ctx context.Context, runID int64, now time.Time, due []waiting) (int, error) {
	total := 0
	err := s.tx(ctx, func(tx *gorm.DB) error {
		total = 0
		chunks, _, err := s.lockChunks(tx, due)
		if err != nil {
			return err
		}
		var ready []place
		err = tx.Raw("SELECT id, chunk_id FROM deliveries WHERE id IN ? AND chunk_id IN ? AND state = ?", idsOf(due), chunks, model.Deferred).
			Scan(&ready).Error
		if err != nil || len(ready) == 0 { // another worker was quicker
			return err
		}
		fresh := model.Chunk{RunID: runID, Retry: true, NextAt: now}
		if err := tx.Create(&fresh).Error; err != nil {
			return err
		}
		left := map[int64]int64{}
		ids := make([]int64, len(ready))
		for i, r := range ready {
			left[r.ChunkID]++
			ids[i] = r.ID
		}
		err = tx.Exec("UPDATE deliveries SET state = ?, chunk_id = ?, updated_at = ? WHERE id IN ?", model.Pending, fresh.ID, now, ids).Error
		if err != nil {
			return err
		}
		if err := count(tx, left, "planned = planned - v.n, deferred = deferred - v.n"); err != nil {
			return err
		}
		total = len(ids)
		if err := tx.Exec("UPDATE retries SET chunk_id = ? WHERE delivery_id IN ?", fresh.ID, ids).Error; err != nil {
			return err
		}
		return tx.Exec("UPDATE chunks SET planned = ?, pending = ? WHERE id = ?", total, total, fresh.ID).Error
	})
	return total, kindOf(err, "form a chunk of retries")
}

func idsOf(rows []waiting) []int64 {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids
}

// count changes the counters of locked chunks, each by its own n.
func count(tx *gorm.DB, n map[int64]int64, set string) error {
	args := make([]any, 0, 2*len(n))
	for _, id := range slices.Sorted(maps.Keys(n)) {
		args = append(args, id, n[id])
	}
	return tx.Exec("WITH v(id, n) AS (VALUES "+values(len(n), "BIGINT", "BIGINT")+") UPDATE chunks SET "+set+" FROM v WHERE chunks.id = v.id", args...).Error
}

// CloseOpen ends the open deliveries of a run that may send no more: those of
// a cancelled one become cancelled, those of one past its deadline expired.
// Chunks that workers hold are left for the next call.
func (s *Store) CloseOpen(ctx context.Context, runID int64) error {
	r, err := s.RunByID(ctx, runID)
	if err != nil {
		return err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	switch {
	case r.Status == model.RunCancelling:
		err = s.closeOpen(ctx, runID, model.Cancelled)
	case !r.Status.Over() && r.DeadlineAt != nil && !r.DeadlineAt.After(now):
		err = s.closeOpen(ctx, runID, model.Expired)
	}
	return kindOf(err, "close the open deliveries of a run")
}

// closeOpen first ends all deferred ones, which it finds by their times, and
// then what is pending, chunk by chunk.
func (s *Store) closeOpen(ctx context.Context, runID int64, to model.DeliveryState) error {
	for from := (waiting{}); ; {
		lot, err := s.waiting(ctx, runID, from, endOfTime)
		if err != nil || len(lot) == 0 {
			if err != nil {
				return err
			}
			break
		}
		from = lot[len(lot)-1]
		if err := s.closeDeferred(ctx, lot, to); err != nil {
			return err
		}
	}
	var chunks []int64
	err := s.read(ctx).Table("chunks").Where("run_id = ? AND worker_id IS NULL AND pending > 0", runID).Order("id").Pluck("id", &chunks).Error
	for i := 0; err == nil && i < len(chunks); i++ {
		err = s.closePending(ctx, chunks[i], to)
	}
	return err
}

var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (s *Store) closeDeferred(ctx context.Context, lot []waiting, to model.DeliveryState) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		_, free, err := s.lockChunks(tx, lot)
		if err != nil || len(free) == 0 {
			return err
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		var done []place
		err = tx.Raw("UPDATE deliveries SET state = ?, reason = '', updated_at = ? WHERE id IN ? AND chunk_id IN ? AND state = ? RETURNING id, chunk_id",
			to, now, idsOf(lot), free, model.Deferred).Scan(&done).Error
		if err != nil || len(done) == 0 {
			return err
		}
		n := map[int64]int64{}
		ids := make([]int64, len(done))
		for i, d := range done {
			n[d.ChunkID]++
			ids[i] = d.ID
		}
		if err := count(tx, n, "deferred = deferred - v.n, "+string(to)+" = "+string(to)+" + v.n"); err != nil {
			return err
		}
		return tx.Exec("DELETE FROM retries WHERE delivery_id IN ?", ids).Error
	})
}

func (s *Store) closePending(ctx context.Context, chunk int64, to model.DeliveryState) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		var c model.Chunk
		err := tx.Raw("SELECT * FROM chunks WHERE id = ?"+s.locking("FOR UPDATE"), chunk).Scan(&c).Error
		if err != nil || c.WorkerID != nil {
			return err
		}
		q := tx.Table("deliveries d").Where("d.run_id = ? AND d.chunk_id = ? AND d.state = ?", c.RunID, c.ID, model.Pending)
		if c.Retry {
			q = q.Where("d.id IN (SELECT delivery_id FROM retries WHERE chunk_id = ?)", c.ID)
		} else {
			q = q.Where("d.client_id BETWEEN ? AND ?", c.FirstClient, c.LastClient)
		}
		var rows []place
		if err := q.Select("d.id, d.chunk_id").Scan(&rows).Error; err != nil {
			return err
		}
		if _, err := s.moveRows(tx, rows, to, ""); err != nil {
			return err
		}
		return tx.Exec("UPDATE chunks SET done = (pending = 0 AND sending = 0) WHERE id = ?", c.ID).Error
	})
}
