package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/postrider/postrider/pkg/model"
)

// Slot is a time at which a mailing is to run.
type Slot struct {
	At         time.Time
	Occurrence int64 // which one of the mailing's rule; 0 when no rule made it
}

// Beginning is a run whose time has come, under its lock, with what the rules
// need to decide. They fill in what the run will send, or declare it missed by
// setting its status.
type Beginning struct {
	Now     time.Time
	Mailing *model.Mailing
	Message model.Message // its id is 0 when it was deleted
	Owner   model.User
	Run     *model.Run
	Busy    bool // another run of the mailing has not ended

	// Missed are occurrences to be told as missed, for Reason. When there are any
	// the first is the planned run as it was, and Run is a later occurrence.
	Missed []Slot
	Reason string
	Next   *Slot // when the mailing runs again
}

// Started tells what became of a planned run.
type Started struct {
	Run    *model.Run // that has begun or was missed: a later one where the planned one was
	Begun  bool       // this call started it, or declared it missed
	Missed int        // runs that this call declared missed, Run not counted
}

// StartRun starts a planned run whose time has come as the rules decide, and
// plans the next one of its mailing in the same transaction. A run that is not
// planned or not due is left as it is, and so is one that no repetition made
// while another run of its mailing is live.
func (s *Store) StartRun(ctx context.Context, id int64, rules func(*Beginning)) (Started, error) {
	var out Started
	err := s.tx(ctx, func(tx *gorm.DB) error {
		out = Started{}
		m, r, err := s.lockRun(tx, id)
		if err != nil {
			return err
		}
		out.Run = r
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		if r.Status != model.RunPlanned || r.PlannedAt.After(now) || (m.Status.Live() && r.Occurrence == 0) {
			return nil
		}
		b := &Beginning{Now: now, Mailing: m, Run: r, Busy: m.Status.Live()}
		if m.MessageID != nil {
			if err := tx.Take(&b.Message, *m.MessageID).Error; err != nil {
				return err
			}
		}
		if err := tx.Take(&b.Owner, m.OwnerID).Error; err != nil {
			return err
		}
		planned := *r
		rules(b)
		out.Begun, out.Missed = true, len(b.Missed)
		if err := s.saveMissed(tx, planned, b); err != nil {
			return err
		}
		if r.Status == model.RunMissed {
			r.FinishedAt = &now
		} else {
			r.Status, r.StartedAt = model.RunRunning, &now
		}
		if err := tx.Save(r).Error; err != nil {
			return err
		}
		if b.Next != nil {
			next := model.Run{CreatedAt: now}
			if err := s.savePlanned(tx, m, &next, *b.Next); err != nil {
				return err
			}
		}
		return s.begun(tx, m, r, b)
	})
	return out, kindOf(err, "start a run")
}

// saveMissed writes the occurrences that passed before the run that begins,
// which then is a run of its own.
func (s *Store) saveMissed(tx *gorm.DB, planned model.Run, b *Beginning) error {
	if len(b.Missed) == 0 {
		return nil
	}
	rows := make([]model.Run, len(b.Missed))
	for i, slot := range b.Missed {
		rows[i] = planned
		rows[i].PlannedAt, rows[i].Occurrence = slot.At, slot.Occurrence
		rows[i].Status, rows[i].Reason, rows[i].FinishedAt = model.RunMissed, b.Reason, &b.Now
		if i > 0 {
			rows[i].ID = 0
		}
	}
	if err := tx.Save(&rows[0]).Error; err != nil {
		return err
	}
	if len(rows) > 1 {
		// a run that a person started at that very instant is told already
		err := tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows[1:], 100).Error
		if err != nil {
			return err
		}
	}
	b.Run.ID = 0
	var err error
	b.Run.PlannedAt, err = s.freeTime(tx, b.Mailing.ID, 0, b.Run.PlannedAt)
	return err
}

// begun takes the mailing to where the beginning of its run leaves it.
func (s *Store) begun(tx *gorm.DB, m *model.Mailing, r *model.Run, b *Beginning) error {
	status, reason := m.Status, m.Reason
	if err := s.comesBack(tx, m, model.MailingFinished); err != nil {
		return err
	}
	switch {
	case b.Busy: // goes on as it was
		m.Status, m.Reason = status, reason
	case r.Status == model.RunMissed:
		m.Reason = r.Reason
	default:
		m.Status, m.Reason, m.LastRunID = model.MailingRunning, "", &r.ID
	}
	return s.saveStatus(tx, m, b.Now)
}

// comesBack takes a mailing whose run has ended to scheduled when another run
// of it waits for its time, else to where it ends.
func (s *Store) comesBack(tx *gorm.DB, m *model.Mailing, end model.MailingStatus) error {
	var next []model.Run
	err := tx.Select("planned_at").Where("mailing_id = ? AND status = ?", m.ID, model.RunPlanned).
		Order("planned_at").Limit(1).Find(&next).Error
	m.Status, m.NextRunAt = end, nil
	if len(next) > 0 {
		m.Status, m.NextRunAt = model.MailingScheduled, &next[0].PlannedAt
	}
	return err
}

// savePlanned writes a run of a mailing that waits for its time.
func (s *Store) savePlanned(tx *gorm.DB, m *model.Mailing, r *model.Run, slot Slot) error {
	at, err := s.freeTime(tx, m.ID, r.ID, slot.At.UTC().Truncate(time.Microsecond))
	if err != nil {
		return err
	}
	r.MailingID, r.OwnerID, r.MailingName, r.Status = m.ID, m.OwnerID, m.Name, model.RunPlanned
	r.PlannedAt, r.Occurrence = at, slot.Occurrence
	r.Timezone, r.Window, r.RatePerMinute = m.Timezone, m.Window, m.RatePerMinute
	r.InDoubtPolicy, r.DeadlineAt, r.Audience = m.InDoubtPolicy, m.EndAt, m.Audience
	return tx.Save(r).Error
}

// freeTime is a time, or the first microsecond after it at which the mailing
// has no other run: two runs of a mailing never share a time.
func (s *Store) freeTime(tx *gorm.DB, mailingID, except int64, at time.Time) (time.Time, error) {
	for {
		var taken int64
		err := tx.Table("runs").Where("mailing_id = ? AND planned_at = ? AND id <> ?", mailingID, at, except).Count(&taken).Error
		if err != nil || taken == 0 {
			return at, err
		}
		at = at.Add(time.Microsecond)
	}
}
