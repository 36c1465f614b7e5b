package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// How long what is over is kept, and how many rows one statement removes.
const (
	systemMailKept = 30 * 24 * time.Hour // after it was sent or given up
	rateKept       = 24 * time.Hour      // after its next place has come
	removeLot      = 1000
)

// TakeTurn reports whether a job that workers share is the caller's: whoever
// asks first when every has passed since the last turn gets the next one.
func (s *Store) TakeTurn(ctx context.Context, job string, every time.Duration) (bool, error) {
	var mine bool
	err := s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		done := tx.Exec("INSERT INTO rates (key, next_at) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET next_at = excluded.next_at WHERE rates.next_at <= ?",
			"job:"+job, now.Add(every), now)
		mine = done.RowsAffected == 1
		return done.Error
	})
	return mine, kindOf(err, "take a turn")
}

// RemoveOld forgets what nobody asks for any more, in small lots with a rest
// between them: system mails, sessions, receipts, downloads that nobody fetched,
// registrations that nobody confirmed and the places in rates of runs that are
// over. It answers how many rows went.
func (s *Store) RemoveOld(ctx context.Context, pause time.Duration) (int64, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return 0, err
	}
	session, mail, rate := now.Add(-SessionIdle), now.Add(-systemMailKept), now.Add(-rateKept)
	var removed int64
	for _, old := range []struct {
		table, key, condition string
		args                  []any
	}{
		{"system_mails", "id", "sent_at < ? OR failed_at < ?", []any{mail, mail}},
		{"sessions", "id", "expires_at < ? OR revoked_at < ?", []any{session, session}},
		{"receipts", "id", "created_at < ?", []any{now.Add(-ReceiptKept)}},
		{"downloads", "hash", "expires_at < ?", []any{now}},
		{"registrations", "id", "expires_at < ?", []any{now}},
		{"rates", "key", "key LIKE 'run:%' AND next_at < ?", []any{rate}},
	} {
		for n := int64(removeLot); n == removeLot; {
			err := s.tx(ctx, func(tx *gorm.DB) error {
				done := tx.Exec("DELETE FROM "+old.table+" WHERE "+old.key+" IN (SELECT "+old.key+" FROM "+old.table+
					" WHERE "+old.condition+" ORDER BY "+old.key+" LIMIT ?)", append(old.args, removeLot)...)
				n = done.RowsAffected
				return done.Error
			})
			if err != nil {
				return removed, kindOf(err, "remove old rows")
			}
			removed += n
			if err := rest(ctx, pause); err != nil {
				return removed, err
			}
		}
	}
	return removed, nil
}

// RemoveAttempts removes the attempt logs of runs that ended longer ago than
// kept, the oldest first, in small lots with a rest between them. Deliveries
// and sums stay. It notes in the run how far it came: whoever calls next goes
// on there. It answers how many attempts went.
func (s *Store) RemoveAttempts(ctx context.Context, kept, pause time.Duration) (int64, error) {
	var removed int64
	for {
		id, err := s.nextLog(ctx, kept)
		if err != nil || id == 0 {
			return removed, kindOf(err, "look for old attempts")
		}
		for more := true; more; {
			var n int64
			if n, more, err = s.removeAttempts(ctx, id); err != nil {
				return removed, kindOf(err, "remove old attempts")
			}
			removed += n
			if err := rest(ctx, pause); err != nil {
				return removed, err
			}
		}
	}
}

// nextLog picks a run whose log is to go: one that was begun with, else the
// one that ended first. From then on the run says that its log is not whole.
func (s *Store) nextLog(ctx context.Context, kept time.Duration) (int64, error) {
	var id int64
	err := s.tx(ctx, func(tx *gorm.DB) error {
		id = 0
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		if err := tx.Raw("SELECT id FROM runs WHERE log_left_after IS NOT NULL ORDER BY id LIMIT 1").Scan(&id).Error; err != nil || id != 0 {
			return err
		}
		err = tx.Raw("SELECT id FROM runs WHERE finished_at IS NOT NULL AND attempts_removed_at IS NULL AND finished_at < ?"+
			" ORDER BY finished_at LIMIT 1"+s.locking("FOR NO KEY UPDATE"), now.Add(-kept)).Scan(&id).Error
		if err != nil || id == 0 {
			return err
		}
		return tx.Exec("UPDATE runs SET attempts_removed_at = ?, log_left_after = 0 WHERE id = ?", now, id).Error
	})
	return id, err
}

// removeAttempts removes the attempts of the next deliveries of a run.
func (s *Store) removeAttempts(ctx context.Context, runID int64) (n int64, more bool, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		n, more = 0, false
		var after *int64
		err := tx.Raw("SELECT log_left_after FROM runs WHERE id = ?"+s.locking("FOR NO KEY UPDATE"), runID).Row().Scan(&after)
		if err != nil || after == nil { // another worker was quicker
			return err
		}
		var rows []model.Delivery
		err = tx.Select("id, client_id").Where("run_id = ? AND client_id > ?", runID, *after).Order("client_id").Limit(removeLot).Find(&rows).Error
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return tx.Exec("UPDATE runs SET log_left_after = NULL WHERE id = ?", runID).Error
		}
		ids := make([]int64, len(rows))
		for i, d := range rows {
			ids[i] = d.ID
		}
		done := tx.Exec("DELETE FROM attempts WHERE delivery_id IN ?", ids)
		if done.Error != nil {
			return done.Error
		}
		n, more = done.RowsAffected, true
		return tx.Exec("UPDATE runs SET log_left_after = ? WHERE id = ?", rows[len(rows)-1].ClientID, runID).Error
	})
	return n, more, err
}

// rest waits, or says that there is no time left.
func rest(ctx context.Context, pause time.Duration) error {
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return model.E(model.Unavailable, "it took too long")
		}
		return ctx.Err()
	}
}
