package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// DownloadLife is how long a link to a download waits to be followed.
const DownloadLife = time.Minute

// CreateDownload keeps a link to a download and sets when it expires. A session
// that ended is model.Unauthenticated.
func (s *Store) CreateDownload(ctx context.Context, d *model.Download) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		d.ExpiresAt = now.Add(DownloadLife)
		err = tx.Create(d).Error
		if dangling(err) {
			return &model.Error{Kind: model.Unauthenticated}
		}
		return kindOf(err, "keep a download")
	})
}

// TakeDownload hands a download out and forgets it: of any number of calls one
// gets it. One that expired, and any other hash, is model.NotFound.
func (s *Store) TakeDownload(ctx context.Context, hash string) (*model.Download, error) {
	var out model.Download
	err := s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		done := tx.Raw("DELETE FROM downloads WHERE hash = ? AND expires_at > ? RETURNING user_id, session_id, path", hash, now).Scan(&out)
		if done.Error == nil && done.RowsAffected == 0 {
			return notFound()
		}
		return kindOf(done.Error, "take a download")
	})
	return &out, err
}
