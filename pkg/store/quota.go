package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// MailLeave is leave for an owner's mails of one day.
type MailLeave struct {
	Limited bool      // the owner has a quota; without one all is allowed
	N       int       // how many mails may leave
	Until   time.Time // the end of the day, by the database's clock

	ownerID int64
	day     string
}

// LeaseMails gives leave for up to want mails of an owner's day in UTC. Leases
// of any number of workers are never more than the quota together. What did not
// leave is to go back by ReturnMails; a worker that dies keeps what it held until
// the day ends.
func (s *Store) LeaseMails(ctx context.Context, ownerID int64, want int) (MailLeave, error) {
	var quota *int
	err := s.read(ctx).Raw("SELECT quota_mails_per_day FROM users WHERE id = ?", ownerID).Row().Scan(&quota)
	if err != nil || quota == nil {
		return MailLeave{}, kindOf(err, "read a quota")
	}
	var out MailLeave
	err = s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		begin := now.Truncate(24 * time.Hour)
		out = MailLeave{Limited: true, ownerID: ownerID, day: begin.Format(time.DateOnly), Until: begin.Add(24 * time.Hour)}
		used, err := s.lockDay(tx, out)
		if err != nil {
			return err
		}
		out.N = max(0, min(want, *quota-used))
		if out.N == 0 {
			return nil
		}
		// yesterday's may still have something to get back
		if err := tx.Exec("DELETE FROM quota_days WHERE user_id = ? AND day < ?", ownerID, begin.Add(-24*time.Hour).Format(time.DateOnly)).Error; err != nil {
			return err
		}
		return tx.Exec("UPDATE quota_days SET used = used + ? WHERE user_id = ? AND day = ?", out.N, ownerID, out.day).Error
	})
	return out, kindOf(err, "lease mails of a quota")
}

func (s *Store) lockDay(tx *gorm.DB, l MailLeave) (used int, err error) {
	if err := tx.Exec("INSERT INTO quota_days (user_id, day, used) VALUES (?, ?, 0) ON CONFLICT DO NOTHING", l.ownerID, l.day).Error; err != nil {
		return 0, err
	}
	err = tx.Raw("SELECT used FROM quota_days WHERE user_id = ? AND day = ?"+s.locking("FOR UPDATE"), l.ownerID, l.day).Row().Scan(&used)
	return used, err
}

// ReturnMails takes back n of a leave, and lets the owner's runs that wait look
// again whether there is something for them.
func (s *Store) ReturnMails(ctx context.Context, l MailLeave, n int) error {
	if n == 0 {
		return nil
	}
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec("UPDATE quota_days SET used = used - ? WHERE user_id = ? AND day = ?", n, l.ownerID, l.day).Error; err != nil {
			return err
		}
		return s.wakeByQuota(tx, l.ownerID)
	}), "return mails of a quota")
}

// LookAgainByQuota lets an owner's runs that wait for the day to turn look again
// if there is something for them by now. A chunk that was given back to wait for
// the day may have been refused before the quota was raised or mails came back,
// and was not there to be woken then.
func (s *Store) LookAgainByQuota(ctx context.Context, ownerID int64) error {
	q, err := s.Quotas(ctx, ownerID)
	if err != nil || q.MailsPerDay != nil && q.MailsUsed >= *q.MailsPerDay {
		return err
	}
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error { return s.wakeByQuota(tx, ownerID) }), "wake what waits for a quota")
}

// wakeByQuota lets an owner's runs that wait for the day to turn look again.
func (s *Store) wakeByQuota(tx *gorm.DB, ownerID int64) error {
	now, err := s.now(tx)
	if err != nil {
		return err
	}
	return tx.Exec("UPDATE chunks SET next_at = ? WHERE id IN (SELECT c.id FROM chunks c JOIN runs r ON r.id = c.run_id"+
		" WHERE r.owner_id = ? AND r.status = 'running' AND r.reason = ? AND NOT c.done AND c.worker_id IS NULL AND c.next_at > ? ORDER BY c.id"+
		s.locking("FOR UPDATE OF c")+")", now, ownerID, model.ReasonDailyQuota, now).Error
}

// roomForClient refuses a client more than the owner's quota allows. It locks
// the owner where there is one, so that of any number at once none is too many.
func (s *Store) roomForClient(tx *gorm.DB, ownerID int64) error {
	var quota *int
	read := "SELECT quota_clients FROM users WHERE id = ?"
	if err := tx.Raw(read, ownerID).Row().Scan(&quota); err != nil || quota == nil {
		return kindOf(err, "read a quota")
	}
	if err := tx.Raw(read+s.locking("FOR NO KEY UPDATE"), ownerID).Row().Scan(&quota); err != nil || quota == nil {
		return kindOf(err, "read a quota")
	}
	have, err := countClients(tx, ownerID, *quota)
	if err != nil || have < *quota {
		return err
	}
	return model.E(model.Conflict, "you may have %d clients and have them; an administrator can raise this quota", *quota)
}

// countClients counts an owner's clients, no further than most.
func countClients(tx *gorm.DB, ownerID int64, most int) (n int, err error) {
	err = tx.Raw("SELECT COUNT(*) FROM (SELECT 1 FROM clients WHERE owner_id = ? LIMIT ?) c", ownerID, most).Row().Scan(&n)
	return n, kindOf(err, "count clients")
}

// Quotas are what an account may have, and has.
type Quotas struct {
	Clients, MailsPerDay *int // nil: as many as they like
	ClientsUsed          int  // counted where there is a quota
	MailsUsed            int  // of this day in UTC, those on their way included
	Until                time.Time
}

// Quotas tells what an account may have, and has.
func (s *Store) Quotas(ctx context.Context, userID int64) (Quotas, error) {
	var out Quotas
	now, err := s.Now(ctx)
	if err != nil {
		return out, err
	}
	begin := now.Truncate(24 * time.Hour)
	out.Until = begin.Add(24 * time.Hour)
	err = s.read(ctx).Raw("SELECT quota_clients, quota_mails_per_day, COALESCE((SELECT used FROM quota_days WHERE user_id = users.id AND day = ?), 0) FROM users WHERE id = ?",
		begin.Format(time.DateOnly), userID).Row().Scan(&out.Clients, &out.MailsPerDay, &out.MailsUsed)
	if err == nil && out.Clients != nil {
		out.ClientsUsed, err = countClients(s.read(ctx), userID, 1<<31-1)
	}
	return out, kindOf(err, "read quotas")
}
