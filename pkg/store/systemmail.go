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
		res := tx.Raw("UPDATE system_mails SET next_at = ?, attempts = attempts + 1 WHERE id = ? AND sent_at IS NULL AND failed_at IS NULL AND next_at <= ? RETURNING id",
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
		return q.Updates(map[string]any{"next_at": m.NextAt, "sent_at": m.SentAt, "failed_at": m.FailedAt, "last_answer": m.LastAnswer}).Error
	}), "settle a system mail")
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
