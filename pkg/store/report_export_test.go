package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// LoggedAttempt is a row of the attempt log, for tests that write one.
type LoggedAttempt = attemptRow

// Put writes rows as they are, past all rules but those of the schema.
func (s *Store) Put(rows ...any) error {
	return s.tx(context.Background(), func(tx *gorm.DB) error {
		for _, row := range rows {
			q := tx
			if _, log := row.([]LoggedAttempt); log {
				q = tx.Table("attempts")
			}
			if err := q.CreateInBatches(row, 500).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// Exec runs a statement, for tests that make many rows at once.
func (s *Store) Exec(query string, args ...any) error { return s.writer.Exec(query, args...).Error }

// OpenTraced opens a PostgreSQL database and shows a tracer all that is asked
// of it.
func OpenTraced(databaseURL string, tracer pgx.QueryTracer) (*Store, error) {
	return openPostgres(databaseURL, tracer)
}

// ChunksOf are the chunks of a run as they are.
func (s *Store) ChunksOf(runID int64) ([]model.Chunk, error) {
	var out []model.Chunk
	err := s.reader.Where("run_id = ?", runID).Order("id").Find(&out).Error
	return out, err
}
