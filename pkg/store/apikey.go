package store

import (
	"context"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// MaxAPIKeys is how many keys an account has at most, expired ones too.
const MaxAPIKeys = 50

// UsedEvery is how exact the last use of a key is known: it is written once in
// this time, however often the key is used.
const UsedEvery = time.Minute

// noteWithin is how long a request waits for that.
const noteWithin = time.Second

var apiKeyList = listing[model.APIKey]{
	name: "api_keys", id: "api_keys.id", natural: "-id",
	rowID: func(k *model.APIKey) int64 { return k.ID },
	sorts: map[string]sortKey[model.APIKey]{
		"id": {"api_keys.id", func(k *model.APIKey) any { return k.ID }},
	},
}

// APIKeys lists the keys of a user, the newest first.
func (s *Store) APIKeys(ctx context.Context, userID int64, p Page) (List[model.APIKey], error) {
	out, err := apiKeyList.page(s.read(ctx).Model(&model.APIKey{}).Where("user_id = ?", userID), p)
	return out, kindOf(err, "list API keys")
}

// CreateAPIKey keeps a key; it sets the id and the time. One more than
// MaxAPIKeys is model.Conflict, also when several are made at once.
func (s *Store) CreateAPIKey(ctx context.Context, k *model.APIKey) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		var owner int64 // locked, so that two keys do not both take the last place
		if err := s.forUpdate(tx).Table("users").Where("id = ?", k.UserID).Select("id").Take(&owner).Error; err != nil {
			return kindOf(err, "lock the owner of a key")
		}
		var n int64
		if err := tx.Model(&model.APIKey{}).Where("user_id = ?", k.UserID).Count(&n).Error; err != nil {
			return kindOf(err, "count API keys")
		}
		if n >= MaxAPIKeys {
			return model.E(model.Conflict, "an account has at most %d API keys; revoke one first", MaxAPIKeys)
		}
		k.ID, k.CreatedAt = 0, now
		if err := tx.Create(k).Error; err != nil {
			return kindOf(err, "create an API key")
		}
		return s.audit(tx, keyEvent(model.AuditKeyCreated, k))
	})
}

// RevokeAPIKey removes a key of a user; the next request with it finds nothing.
// Another's is model.NotFound.
func (s *Store) RevokeAPIKey(ctx context.Context, userID, id int64) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		var k model.APIKey
		if err := s.forUpdate(tx).Where("id = ? AND user_id = ?", id, userID).Take(&k).Error; err != nil {
			return kindOf(err, "read an API key")
		}
		if err := tx.Delete(&k).Error; err != nil {
			return kindOf(err, "revoke an API key")
		}
		return s.audit(tx, keyEvent(model.AuditKeyRevoked, &k))
	})
}

func keyEvent(action model.AuditAction, k *model.APIKey) model.AuditEvent {
	details := model.Details{"prefix": k.Prefix, "scopes": k.Scopes, "expires_at": k.ExpiresAt}
	return model.AuditEvent{Action: action, Details: details}.Object("api_key", k.ID, k.Name)
}

// APIKey is the key of a prefix and its owner with groups and permissions, in
// one query: it is asked at every request. A prefix that is unknown or whose
// owner is blocked is model.Unauthenticated.
func (s *Store) APIKey(ctx context.Context, prefix string) (*model.APIKey, *model.User, error) {
	var rows []struct {
		model.User `gorm:"embedded"`
		Key        model.APIKey `gorm:"embedded;embeddedPrefix:key_"`
		GroupName  *string
		Permission *model.Permission
	}
	err := s.read(ctx).Raw(`SELECT u.*, k.id AS key_id, k.user_id AS key_user_id, k.name AS key_name, k.prefix AS key_prefix, k.hash AS key_hash,
			k.scopes AS key_scopes, k.expires_at AS key_expires_at, k.last_used_at AS key_last_used_at, k.created_at AS key_created_at,
			g.name AS group_name, gp.permission
		FROM api_keys k
		JOIN users u ON u.id = k.user_id
		LEFT JOIN user_groups ug ON ug.user_id = u.id
		LEFT JOIN groups g ON g.id = ug.group_id
		LEFT JOIN group_permissions gp ON gp.group_id = g.id
		WHERE k.prefix = ? AND u.is_active`, prefix).Scan(&rows).Error
	if err != nil {
		return nil, nil, kindOf(err, "read an API key")
	}
	if len(rows) == 0 {
		return nil, nil, &model.Error{Kind: model.Unauthenticated}
	}
	k, u := &rows[0].Key, &rows[0].User
	for i := range rows {
		carry(u, rows[i].GroupName, rows[i].Permission)
	}
	return k, u, nil
}

// UseAPIKey refuses a key that has expired (model.Unauthenticated) and notes
// that another was used, unless that was noted within UsedEvery. A database
// that cannot write now stops nobody: the next use is noted.
func (s *Store) UseAPIKey(ctx context.Context, k *model.APIKey) error {
	now := s.clock()
	if k.ExpiresAt != nil && !now.Before(*k.ExpiresAt) {
		return model.E(model.Unauthenticated, "this API key has expired")
	}
	if k.LastUsedAt != nil && now.Sub(*k.LastUsedAt) < UsedEvery {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, noteWithin)
	defer cancel()
	err := s.writer.WithContext(ctx).Model(&model.APIKey{}).
		Where("id = ? AND (last_used_at IS NULL OR last_used_at <= ?)", k.ID, now.Add(-UsedEvery)). // a request beside this one may have noted it
		Update("last_used_at", now).Error
	if err != nil {
		slog.WarnContext(ctx, "the use of an API key was not noted", "key", k.ID, "error", err)
	}
	return nil
}
