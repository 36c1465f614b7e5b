package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// SystemMailLease is how long a worker has for one system mail before another
// may try it.
const SystemMailLease = time.Minute

// CreateSystemMail keeps a mail that is to be sent at once.
func (s *Store) CreateSystemMail(ctx context.Context, m *model.SystemMail) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		m.ID, m.CreatedAt, m.NextAt = 0, now, now
		if err := tx.Create(m).Error; err != nil {
			return err
		}
		return sign(tx, "mail", m.ID)
	}), "keep a system mail")
}

// TakeSystemMail leases a system mail whose time has come, or answers nil.
func (s *Store) TakeSystemMail(ctx context.Context, id int64) (*model.SystemMail, error) {
	var out *model.SystemMail
	err := s.tx(ctx, func(tx *gorm.DB) error {
		out = nil
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		var m model.SystemMail
		res := tx.Raw("UPDATE system_mails SET next_at = ?, attempts = attempts + 1, waits_for = '' WHERE id = ? AND sent_at IS NULL AND failed_at IS NULL AND next_at <= ? RETURNING id",
			now.Add(SystemMailLease), id, now).Scan(&m)
		if res.Error != nil || m.ID == 0 {
			return res.Error
		}
		out = &m
		return tx.Take(&m, id).Error
	})
	return out, kindOf(err, "take a system mail")
}

// SettleSystemMail records what became of a try: a next time, or sent, or
// failed for good. Of two tries the later one has the word, unless the mail was
// sent.
func (s *Store) SettleSystemMail(ctx context.Context, m *model.SystemMail) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		q := tx.Table("system_mails").Where("id = ? AND sent_at IS NULL", m.ID)
		if m.SentAt == nil {
			q = q.Where("attempts = ?", m.Attempts)
		}
		return q.Updates(map[string]any{
			"next_at": m.NextAt, "sent_at": m.SentAt, "failed_at": m.FailedAt, "last_answer": m.LastAnswer,
			"code": m.Code, "enhanced": m.Enhanced, "waits_for": m.WaitsFor,
		}).Error
	}), "settle a system mail")
}

// HoldSystemMail notes why no try of a system mail can begin.
func (s *Store) HoldSystemMail(ctx context.Context, id int64, waitsFor string) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE system_mails SET waits_for = ? WHERE id = ? AND waits_for <> ? AND sent_at IS NULL AND failed_at IS NULL",
			waitsFor, id, waitsFor).Error
	}), "hold a system mail")
}

// TestMail is a test that the viewer had sent, without its bodies. That of
// somebody else is model.NotFound for everybody.
func (s *Store) TestMail(ctx context.Context, v model.Viewer, id int64) (*model.SystemMail, error) {
	var m model.SystemMail
	err := s.read(ctx).Omit("html", "text").Where("id = ? AND owner_id = ? AND kind = ?", id, v.UserID, model.MailTest).Take(&m).Error
	if err != nil {
		return nil, kindOf(err, "read a test mail")
	}
	return &m, nil
}

// DueSystemMails are the mails whose time has come.
func (s *Store) DueSystemMails(ctx context.Context, limit int) ([]int64, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	var ids []int64
	err = s.read(ctx).Table("system_mails").Where("sent_at IS NULL AND failed_at IS NULL AND next_at <= ?", now).
		Order("next_at").Limit(limit).Pluck("id", &ids).Error
	return ids, kindOf(err, "look for due system mails")
}

// Suppressed reports whether an owner must not mail a normalised address.
func (s *Store) Suppressed(ctx context.Context, ownerID int64, email string) (bool, error) {
	var n int64
	err := s.read(ctx).Table("suppressions").Where("owner_id = ? AND email = ?", ownerID, email).Count(&n).Error
	return n > 0, kindOf(err, "look for a suppression")
}
