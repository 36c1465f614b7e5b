package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// How long a session lives, and how long the refresh token before the current
// one is still answered: the answer may have been lost, or two tabs asked.
const (
	SessionIdle  = 30 * 24 * time.Hour // after the last use
	SessionWhole = 90 * 24 * time.Hour // after the sign-in
	RefreshGrace = 10 * time.Second
)

// MaxSessions is how many sessions of an account live at once: a sign-in beyond
// that ends the one that was not used for longest.
const MaxSessions = 100

// CreateSession signs a user in by the hash that the password was held against:
// it sets the id, the generation and the times, notes the sign-in at the user,
// and forgets sessions that ended long ago. An account that is blocked meanwhile,
// or whose password is another one by now, is model.Unauthenticated.
func (s *Store) CreateSession(ctx context.Context, in *model.Session, passwordHash string) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		done := tx.Table("users").Where("id = ? AND is_active AND password_hash = ?", in.UserID, passwordHash).Update("last_login_at", now)
		if done.Error != nil {
			return kindOf(done.Error, "note a sign-in")
		}
		if done.RowsAffected == 0 {
			return &model.Error{Kind: model.Unauthenticated}
		}
		old := now.Add(-SessionIdle)
		if err := tx.Where("user_id = ? AND (expires_at < ? OR revoked_at < ?)", in.UserID, old, old).Delete(&model.Session{}).Error; err != nil {
			return kindOf(err, "forget old sessions")
		}
		in.Generation, in.CreatedAt, in.RotatedAt, in.ExpiresAt = 1, now, now, now.Add(SessionIdle)
		if err := tx.Create(in).Error; err != nil {
			return kindOf(err, "create a session")
		}
		living := tx.Model(&model.Session{}).Where("user_id = ? AND revoked_at IS NULL AND id <> ?", in.UserID, in.ID).
			Order("rotated_at DESC, id DESC").Offset(MaxSessions - 1).Limit(1000).Select("id")
		var beyond []int64
		if err := living.Scan(&beyond).Error; err != nil {
			return kindOf(err, "count sessions")
		}
		if len(beyond) > 0 {
			if err := tx.Table("sessions").Where("id IN ?", beyond).Update("revoked_at", now).Error; err != nil {
				return kindOf(err, "end a session")
			}
		}
		return s.auditUser(tx, model.AuditSignIn, in.UserID, model.Details{"session_id": in.ID, "user_agent": in.UserAgent})
	})
}

// SessionUser is the account of a living session with its groups and
// permissions, in one query: it is asked at every request. A session that
// ended and an account that is blocked are model.Unauthenticated.
func (s *Store) SessionUser(ctx context.Context, sessionID, userID int64) (*model.User, error) {
	var rows []struct {
		model.User `gorm:"embedded"`
		ExpiresAt  time.Time
		GroupName  *string
		Permission *model.Permission
	}
	err := s.read(ctx).Raw(`SELECT u.*, s.expires_at, g.name AS group_name, gp.permission
		FROM sessions s
		JOIN users u ON u.id = s.user_id
		LEFT JOIN user_groups ug ON ug.user_id = u.id
		LEFT JOIN groups g ON g.id = ug.group_id
		LEFT JOIN group_permissions gp ON gp.group_id = g.id
		WHERE s.id = ? AND s.user_id = ? AND s.revoked_at IS NULL AND u.is_active`, sessionID, userID).Scan(&rows).Error
	if err != nil {
		return nil, kindOf(err, "read a session")
	}
	if len(rows) == 0 || rows[0].ExpiresAt.Before(s.clock()) {
		return nil, &model.Error{Kind: model.Unauthenticated}
	}
	u := &rows[0].User
	for i := range rows {
		carry(u, rows[i].GroupName, rows[i].Permission)
	}
	return u, nil
}

// Session is a session by its id, ended or not.
func (s *Store) Session(ctx context.Context, id int64) (*model.Session, error) {
	var out model.Session
	err := s.read(ctx).Where("id = ?", id).Take(&out).Error
	return &out, kindOf(err, "read a session")
}

// RotateSession takes a refresh token of a generation and says the session
// with the generation to hand out. The current one makes the next; the one
// before gives, within RefreshGrace, what was made then; any older one was
// stolen or is a copy, and ends the session; its owner is told by mail. An ended session and a blocked
// account are model.Unauthenticated. The caller has checked that the token is
// genuine. Of any number of calls at once with one token exactly one rotates.
func (s *Store) RotateSession(ctx context.Context, id, generation int64) (*model.Session, error) {
	var out model.Session
	reused := false
	err := s.tx(ctx, func(tx *gorm.DB) error {
		reused = false
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		if err := s.forUpdate(tx).Where("id = ?", id).Take(&out).Error; err != nil {
			return kindOf(err, "lock a session")
		}
		var active []int64
		if err := tx.Table("users").Where("id = ? AND is_active", out.UserID).Pluck("id", &active).Error; err != nil {
			return kindOf(err, "read the session's user")
		}
		switch {
		case out.RevokedAt != nil, len(active) == 0, !now.Before(out.ExpiresAt):
			return &model.Error{Kind: model.Unauthenticated}
		case generation == out.Generation:
			out.Generation++
			out.RotatedAt, out.ExpiresAt = now, earlier(now.Add(SessionIdle), out.CreatedAt.Add(SessionWhole))
			done := tx.Table("sessions").Where("id = ? AND generation = ?", id, generation).Updates(map[string]any{
				"generation": out.Generation, "rotated_at": out.RotatedAt, "expires_at": out.ExpiresAt,
			})
			if done.Error == nil && done.RowsAffected != 1 {
				return &model.Error{Kind: model.Unauthenticated}
			}
			return kindOf(done.Error, "rotate a session")
		case generation == out.Generation-1 && now.Sub(out.RotatedAt) <= RefreshGrace:
			return nil
		}
		reused = true // the revocation must be kept: no error of its own from here
		if err := tx.Table("sessions").Where("id = ?", id).Update("revoked_at", now).Error; err != nil {
			return kindOf(err, "revoke a session")
		}
		if err := s.tellUser(tx, model.MailTokenReused, out.UserID, &id); err != nil {
			return err
		}
		return s.auditUser(tx, model.AuditFamilyRevoked, out.UserID, model.Details{"session_id": id})
	})
	if err == nil && reused {
		err = &model.Error{Kind: model.Unauthenticated}
	}
	return &out, err
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

var sessions = listing[model.Session]{
	name: "sessions", id: "sessions.id", natural: "-id",
	rowID: func(x *model.Session) int64 { return x.ID },
	sorts: map[string]sortKey[model.Session]{
		"id": {"sessions.id", func(x *model.Session) any { return x.ID }},
	},
}

// Sessions lists the living sessions of a user, the newest first.
func (s *Store) Sessions(ctx context.Context, userID int64, p Page) (List[model.Session], error) {
	now, err := s.Now(ctx)
	if err != nil {
		return List[model.Session]{}, err
	}
	q := s.read(ctx).Model(&model.Session{}).
		Where("user_id = ? AND revoked_at IS NULL AND expires_at > ?", userID, now)
	list, err := sessions.page(q, p)
	return list, kindOf(err, "list the sessions")
}

// EndSession ends one living session of a user; another one is
// model.NotFound.
func (s *Store) EndSession(ctx context.Context, userID, id int64) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		done := tx.Table("sessions").
			Where("id = ? AND user_id = ? AND revoked_at IS NULL AND expires_at > ?", id, userID, now).
			Update("revoked_at", now)
		if done.Error == nil && done.RowsAffected == 0 {
			return notFound()
		}
		if done.Error != nil {
			return kindOf(done.Error, "end a session")
		}
		return s.auditUser(tx, model.AuditSignedOut, userID, model.Details{"session_id": id})
	})
}

// EndSessions ends all sessions of a user.
func (s *Store) EndSessions(ctx context.Context, userID int64) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := endSessions(s, tx, userID, 0); err != nil {
			return err
		}
		return s.auditUser(tx, model.AuditSignedOutAll, userID, nil)
	})
}
