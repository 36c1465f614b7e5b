package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// Places are places in the rate of a run: N of them, the first at First, the
// others each a Step later.
type Places struct {
	First time.Time
	Step  time.Duration // zero for a run without a rate
	N     int
}

// RunNow is what people change of a run while it is sent.
type RunNow struct {
	ID      int64
	Limited bool // it has a rate
	Running bool // mails of it may begin
}

// RunsNow reads runs as they are now.
func (s *Store) RunsNow(ctx context.Context, ids []int64) ([]RunNow, error) {
	var runs []RunNow
	err := s.read(ctx).Table("runs").Where("id IN ?", ids).
		Select("id, rate_per_minute IS NOT NULL AS limited, status = ? AS running", model.RunRunning).Scan(&runs).Error
	return runs, kindOf(err, "read runs")
}

// TakePlaces gives places in the rate of a run: about a second's worth, so that
// a change of the rate counts from then on. When the next place is further away
// than within, it gives none (N is 0), and First says when to ask again: a place
// that is far ahead would be lost, or be used twice, when the rate changes. A
// run without a rate has a place now.
func (s *Store) TakePlaces(ctx context.Context, runID int64, within time.Duration) (Places, error) {
	var p Places
	err := s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		p = Places{First: now, N: 1}
		rate, err := rateOf(tx, runID)
		if err != nil || rate == nil {
			return err
		}
		err = tx.Exec("INSERT INTO rates (key, next_at) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", rateKey(runID), now).Error
		if err != nil {
			return err
		}
		if err := s.nextPlace(tx, runID, &p.First); err != nil {
			return err
		}
		if rate, err = rateOf(tx, runID); err != nil || rate == nil { // as SetRate has left it
			return err
		}
		if p.First.Before(now) {
			p.First = now
		}
		if p.First.After(now.Add(within)) {
			p.N = 0
			return nil
		}
		p.Step = stepOf(rate)
		p.N = max(1, min(500, int(time.Second/p.Step)))
		return saveNextPlace(tx, runID, p.First.Add(time.Duration(p.N)*p.Step))
	})
	return p, kindOf(err, "take places in a rate")
}

// SetRate gives the mailing's rate to its live run too. The next place keeps
// the new distance from the last one that was given away, and what waits for
// its place, or for anything else, is looked at again.
func (t *MailingTx) SetRate(r *model.Run) error {
	was := r.RatePerMinute
	r.RatePerMinute = t.RatePerMinute
	if err := t.tx.Exec("UPDATE runs SET rate_per_minute = ? WHERE id = ?", r.RatePerMinute, r.ID).Error; err != nil {
		return err
	}
	err := t.tx.Exec("UPDATE chunks SET next_at = ? WHERE id IN (SELECT id FROM chunks WHERE run_id = ? AND NOT done AND worker_id IS NULL AND next_at > ? ORDER BY id"+
		t.s.locking("FOR UPDATE")+")", t.Now, r.ID, t.Now).Error
	if err != nil {
		return err
	}
	var next time.Time
	err = t.s.nextPlace(t.tx, r.ID, &next)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // no place was ever given away
	}
	if err != nil {
		return err
	}
	return saveNextPlace(t.tx, r.ID, next.Add(stepOf(r.RatePerMinute)-stepOf(was)))
}

// stepOf is how far apart the places of a rate are, zero for none: rounded up to
// the microseconds that are stored, and a second wider than the minute. A mail
// that leaves late must not make one too many with those that leave on time.
func stepOf(rate *int) time.Duration {
	if rate == nil {
		return 0
	}
	const wide = int64((time.Minute + time.Second) / time.Microsecond)
	return time.Duration((wide+int64(*rate)-1)/int64(*rate)) * time.Microsecond
}

func rateKey(runID int64) string { return "run:" + strconv.FormatInt(runID, 10) }

func rateOf(tx *gorm.DB, runID int64) (rate *int, err error) {
	err = tx.Raw("SELECT rate_per_minute FROM runs WHERE id = ?", runID).Row().Scan(&rate)
	return rate, err
}

// nextPlace reads the next free place of a run and locks it.
func (s *Store) nextPlace(tx *gorm.DB, runID int64, at *time.Time) error {
	return tx.Raw("SELECT next_at FROM rates WHERE key = ?"+s.locking("FOR UPDATE"), rateKey(runID)).Row().Scan(at)
}

func saveNextPlace(tx *gorm.DB, runID int64, at time.Time) error {
	return tx.Exec("UPDATE rates SET next_at = ? WHERE key = ?", at.UTC(), rateKey(runID)).Error
}
