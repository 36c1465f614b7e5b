package store

import (
	"context"

	"github.com/postrider/postrider/pkg/model"
)

// Figures are the sums of the whole installation that the home page shows.
type Figures struct {
	Mailings       int64 // all but archived ones
	ActiveMailings int64 // those scheduled or live
	Clients        int64 // different addresses
}

// Figures counts. It reads all clients (measured: half a second for a million), so
// whoever shows it to strangers must remember the answer for a while.
func (s *Store) Figures(ctx context.Context) (Figures, error) {
	var f Figures
	active := []model.MailingStatus{
		model.MailingScheduled, model.MailingRunning, model.MailingPausing, model.MailingPaused, model.MailingCancelling,
	}
	err := s.read(ctx).Raw(`SELECT
		(SELECT COUNT(*) FROM mailings WHERE archived_at IS NULL) AS mailings,
		(SELECT COUNT(*) FROM mailings WHERE archived_at IS NULL AND status IN ?) AS active_mailings,
		(SELECT COUNT(*) FROM (SELECT DISTINCT email FROM clients) AS addresses) AS clients`, active).Scan(&f).Error
	return f, kindOf(err, "count the figures of the home page")
}
