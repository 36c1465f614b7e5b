package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// RegistrationLife is how long an address can be confirmed.
const RegistrationLife = 48 * time.Hour

// KeepRegistration keeps a registration and the mail about it, whose id it
// answers. It does the same whether there is such an account or not.
func (s *Store) KeepRegistration(ctx context.Context, r *model.Registration) (mailID int64, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		r.ID, r.CreatedAt, r.ExpiresAt = 0, now, now.Add(RegistrationLife)
		if err := tx.Create(r).Error; err != nil {
			return err
		}
		mailID, err = s.accountMail(tx, model.MailConfirm, r.Email, &r.ID)
		return err
	})
	return mailID, kindOf(err, "keep a registration")
}

// Registration is one that can still be confirmed.
func (s *Store) Registration(ctx context.Context, id int64) (*model.Registration, error) {
	return s.registration(ctx, "id = ?", id)
}

// LastRegistration is the latest one of an address that can still be confirmed.
func (s *Store) LastRegistration(ctx context.Context, email string) (*model.Registration, error) {
	return s.registration(ctx, "email = ?", email)
}

func (s *Store) registration(ctx context.Context, condition string, arg any) (*model.Registration, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	var r model.Registration
	err = s.read(ctx).Where(condition, arg).Where("expires_at > ?", now).Order("id DESC").Take(&r).Error
	return &r, kindOf(err, "read a registration")
}

// ConfirmRegistration makes an account of a registration, and forgets all of
// its address; of any number of calls at once one finds it, the others are
// model.NotFound. Where an account was made meanwhile by other means it is
// model.Conflict.
//
// Where more than one registration of the address waits, nobody can tell which
// of them its owner made: the account has the hash nobodys, which no password
// has, and no name, and a mail to choose a password is kept, whose id is
// answered.
func (s *Store) ConfirmRegistration(ctx context.Context, id int64, nobodys string) (u *model.User, mailID int64, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		var r model.Registration
		if err := tx.Where("id = ?", id).Take(&r).Error; err != nil {
			return kindOf(err, "read a registration")
		}
		var waiting []model.Registration
		if err := s.forUpdate(tx).Where("email = ? AND expires_at > ?", r.Email, now).Order("id").Find(&waiting).Error; err != nil {
			return kindOf(err, "lock registrations")
		}
		if !slices.ContainsFunc(waiting, func(w model.Registration) bool { return w.ID == id }) {
			return notFound()
		}
		done := tx.Where("email = ?", r.Email).Delete(&model.Registration{})
		if done.Error != nil {
			return kindOf(done.Error, "forget registrations")
		}
		u = &model.User{
			Email: r.Email, PasswordHash: r.PasswordHash, FullName: r.FullName, Locale: r.Locale, Timezone: r.Timezone, IsActive: true,
		}
		if len(waiting) > 1 {
			u.PasswordHash, u.FullName = nobodys, ""
		}
		if err := insertUser(tx, u); err != nil {
			return err
		}
		if len(waiting) > 1 {
			if mailID, err = s.accountMail(tx, model.MailReset, u.Email, nil); err != nil {
				return kindOf(err, "keep a mail")
			}
		}
		return s.auditUser(tx, model.AuditConfirmed, u.ID, nil)
	})
	return u, mailID, err
}

// KeepAccountMail keeps a mail of a kind to an address, whether there is such
// an account or not. That somebody asked for a new password is recorded, with
// the bounds of AuditOften; whether there is such an account is not looked up.
func (s *Store) KeepAccountMail(ctx context.Context, kind model.MailKind, email string) (id int64, err error) {
	var record func(tx *gorm.DB) error
	if kind == model.MailReset {
		asked := model.AuditEvent{Action: model.AuditResetAsked, Details: model.Details{"email": email}}
		record = s.auditOften(model.ActorOf(ctx).IP+" "+email, asked)
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		if record != nil {
			if err := record(tx); err != nil {
				return err
			}
		}
		id, err = s.accountMail(tx, kind, email, nil)
		return err
	})
	return id, kindOf(err, "keep a mail")
}

func (s *Store) accountMail(tx *gorm.DB, kind model.MailKind, email string, ref *int64) (int64, error) {
	now, err := s.now(tx)
	if err != nil {
		return 0, err
	}
	m := model.SystemMail{Kind: kind, ToEmail: email, RefID: ref, CreatedAt: now, NextAt: now}
	err = tx.Create(&m).Error
	return m.ID, err
}

// tellUser keeps a mail of a kind to the owner of an account.
func (s *Store) tellUser(tx *gorm.DB, kind model.MailKind, userID int64, ref *int64) error {
	var email []string
	err := tx.Table("users").Where("id = ?", userID).Pluck("email", &email).Error
	if err == nil && len(email) == 1 {
		_, err = s.accountMail(tx, kind, email[0], ref)
	}
	return kindOf(err, "tell a user")
}

// Credentials are what a sign-in of a normalised e-mail is held against: an
// account without its groups, read in one query, whether it is there or not.
func (s *Store) Credentials(ctx context.Context, email string) (*model.User, error) {
	var found []model.User
	err := s.read(ctx).Where("email = ?", email).Limit(1).Find(&found).Error
	if err != nil || len(found) == 0 {
		return &model.User{}, kindOf(err, "read an account")
	}
	return &found[0], nil
}
