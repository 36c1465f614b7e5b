package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// RunByID is a run without a viewer, without its sums and without its audience,
// for those who move it.
func (s *Store) RunByID(ctx context.Context, id int64) (*model.Run, error) {
	var r model.Run
	err := s.read(ctx).Select(s.runColumns).Take(&r, id).Error
	return &r, kindOf(err, "read a run")
}

// Due is a planned run and how long it still has; negative when it is late.
type Due struct {
	RunID int64
	In    time.Duration
}

// DueRuns are planned runs whose time has come or comes within ahead, the
// oldest first.
func (s *Store) DueRuns(ctx context.Context, ahead time.Duration, limit int) ([]Due, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	var runs []model.Run
	err = s.read(ctx).Where("status = 'planned' AND planned_at <= ?", now.Add(ahead)).
		Select("id, planned_at").Order("planned_at").Limit(limit).Find(&runs).Error
	out := make([]Due, len(runs))
	for i, r := range runs {
		out[i] = Due{RunID: r.ID, In: r.PlannedAt.Sub(now)}
	}
	return out, kindOf(err, "look for due runs")
}

// LiveRuns are the runs that have begun and not ended, after an id.
func (s *Store) LiveRuns(ctx context.Context, after int64, limit int) ([]int64, error) {
	var ids []int64
	err := s.read(ctx).Table("runs").
		Where("status IN ('running', 'pausing', 'paused', 'cancelling') AND id > ?", after).
		Order("id").Limit(limit).Pluck("id", &ids).Error
	return ids, kindOf(err, "look for live runs")
}

// lockRun takes the mailing and then the run, as the order of locks demands.
func (s *Store) lockRun(tx *gorm.DB, id int64) (*model.Mailing, *model.Run, error) {
	return s.lockRunWith(tx, id, nil, nil)
}

// lockRunStatus is lockRun without what may be a megabyte of ids: for those who
// write a status, and never the whole row.
func (s *Store) lockRunStatus(tx *gorm.DB, id int64) (*model.Mailing, *model.Run, error) {
	return s.lockRunWith(tx, id, []string{"id", "status", "reason", "next_run_at", "last_run_id"}, s.runColumns)
}

func (s *Store) lockRunWith(tx *gorm.DB, id int64, ofMailing, ofRun []string) (*model.Mailing, *model.Run, error) {
	var m model.Mailing
	err := s.forUpdate(tx).Select(ofMailing).Where("id = (SELECT mailing_id FROM runs WHERE id = ?)", id).Take(&m).Error
	if err != nil {
		return nil, nil, err
	}
	var r model.Run
	err = s.forRunUpdate(tx).Select(ofRun).Take(&r, id).Error
	return &m, &r, err
}

// saveStatus writes what the life of a mailing changes, and leaves its
// settings and their version alone.
func (s *Store) saveStatus(tx *gorm.DB, m *model.Mailing, now time.Time) error {
	return tx.Table("mailings").Where("id = ?", m.ID).Updates(map[string]any{
		"status": m.Status, "reason": m.Reason, "next_run_at": m.NextRunAt, "last_run_id": m.LastRunID, "updated_at": now,
	}).Error
}

// Work is what a live run still needs.
type Work struct {
	Run       model.Run // without its audience
	Claimable bool      // a chunk can be claimed now
}

// WorkOf looks at a run with the database's clock. It costs the same for every
// size of run.
func (s *Store) WorkOf(ctx context.Context, runID int64) (*Work, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	var w Work
	if err := s.read(ctx).Select(s.runColumns).Take(&w.Run, runID).Error; err != nil {
		return nil, kindOf(err, "look at a run")
	}
	if w.Run.Status == model.RunRunning {
		err = s.read(ctx).Raw("SELECT EXISTS (SELECT 1 FROM chunks WHERE run_id = ? AND NOT done AND worker_id IS NULL AND next_at <= ?)", runID, now).
			Row().Scan(&w.Claimable)
	}
	return &w, kindOf(err, "look at a run")
}

// SettleRun takes a run to where its deliveries say it is: pausing to paused
// and cancelling to cancelled once no worker holds a chunk of it, and to
// finished once nothing is open. It answers the status after it.
func (s *Store) SettleRun(ctx context.Context, runID int64) (model.RunStatus, error) {
	var status model.RunStatus
	err := s.tx(ctx, func(tx *gorm.DB) error {
		m, r, err := s.lockRunStatus(tx, runID)
		if err != nil {
			return err
		}
		status = r.Status
		if r.Status.Over() || r.Status == model.RunPlanned {
			return nil
		}
		if r.Status == model.RunRunning { // with something to send it stays so, and need not be summed
			var waits bool
			err := tx.Raw("SELECT EXISTS (SELECT 1 FROM chunks WHERE run_id = ? AND NOT done AND worker_id IS NULL AND pending > 0)", runID).
				Row().Scan(&waits)
			if err != nil || waits {
				return err
			}
		}
		var sums struct{ Planned, Open, Leased, InDoubt int64 }
		err = tx.Raw("SELECT COALESCE(SUM(planned), 0) AS planned, COALESCE(SUM(in_doubt), 0) AS in_doubt, COALESCE(SUM(pending + sending + deferred), 0) AS open, COUNT(worker_id) AS leased FROM chunks WHERE run_id = ?", runID).
			Scan(&sums).Error
		if err != nil || sums.Leased > 0 {
			return err
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		ended := r.Materialised && sums.Open == 0
		if ended && sums.InDoubt > 0 {
			// a late answer may defer a doubt just now: with the chunks held, look again
			var open int64
			err := tx.Raw("SELECT pending + sending + deferred FROM chunks WHERE run_id = ? AND in_doubt > 0 ORDER BY id"+s.locking("FOR UPDATE"), runID).
				Scan(new([]int64)).Error
			if err != nil {
				return err
			}
			if err := tx.Raw("SELECT COALESCE(SUM(pending + sending + deferred), 0) FROM chunks WHERE run_id = ?", runID).Row().Scan(&open); err != nil {
				return err
			}
			ended = open == 0
		}
		switch {
		case r.Status == model.RunCancelling && ended:
			r.Status = model.RunCancelled
			err = s.comesBack(tx, m, model.MailingCancelled)
		case r.Status != model.RunCancelling && ended:
			r.Status = model.RunFinished
			r.Reason, m.Reason = "", ""
			if sums.Planned == 0 {
				r.Reason, m.Reason = model.ReasonEmptyAudience, model.ReasonEmptyAudience
			}
			err = s.comesBack(tx, m, model.MailingFinished)
		case r.Status == model.RunPausing:
			r.Status, m.Status = model.RunPaused, model.MailingPaused
		default:
			return nil
		}
		if err != nil {
			return err
		}
		status = r.Status
		set := map[string]any{"status": r.Status, "reason": r.Reason}
		if r.Status.Over() {
			set["finished_at"] = now
		}
		if err := tx.Table("runs").Where("id = ?", runID).Updates(set).Error; err != nil {
			return err
		}
		return s.saveStatus(tx, m, now)
	})
	return status, kindOf(err, "settle a run")
}

// PauseRun stops a running run for a reason that needs a person.
func (s *Store) PauseRun(ctx context.Context, runID int64, reason string) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		m, r, err := s.lockRunStatus(tx, runID)
		if err != nil || r.Status != model.RunRunning {
			return err
		}
		return s.setLive(tx, m, r, model.RunPausing, reason)
	}), "pause a run")
}

// setLive writes a live status with its reason to the run and its mailing.
func (s *Store) setLive(tx *gorm.DB, m *model.Mailing, r *model.Run, to model.RunStatus, reason string) error {
	now, err := s.now(tx)
	if err != nil {
		return err
	}
	r.Status, r.Reason = to, reason
	m.Status, m.Reason = model.MailingStatus(to), reason
	err = tx.Table("runs").Where("id = ?", r.ID).Updates(map[string]any{"status": to, "reason": reason}).Error
	if err != nil {
		return err
	}
	return s.saveStatus(tx, m, now)
}

// Waits notes why a running run sends nothing now; "" when it sends again. It
// reports whether that is news.
func (s *Store) Waits(ctx context.Context, runID int64, reason string) (news bool, err error) {
	var now model.Run
	err = s.read(ctx).Select("status, reason").Take(&now, runID).Error
	if err != nil || now.Status != model.RunRunning || now.Reason == reason {
		return false, kindOf(err, "read why a run waits") // most of the time: it is asked again at each sweep
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		m, r, err := s.lockRunStatus(tx, runID)
		news = err == nil && r.Status == model.RunRunning && r.Reason != reason
		if !news {
			return err
		}
		return s.setLive(tx, m, r, model.RunRunning, reason)
	})
	return news, kindOf(err, "note why a run waits")
}
