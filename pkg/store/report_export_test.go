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

// Plans are how SQLite goes about what is read while ask runs.
func (s *Store) Plans(ask func()) ([]string, error) {
	type question struct {
		sql  string
		vars []any
	}
	var asked []question
	queries := s.reader.Callback().Query()
	if err := queries.After("gorm:query").Register("plans", func(tx *gorm.DB) {
		asked = append(asked, question{tx.Statement.SQL.String(), tx.Statement.Vars})
	}); err != nil {
		return nil, err
	}
	ask()
	if err := queries.Remove("plans"); err != nil {
		return nil, err
	}
	var out []string
	for _, q := range asked {
		var steps []struct{ Detail string }
		if err := s.reader.Raw("EXPLAIN QUERY PLAN "+q.sql, q.vars...).Scan(&steps).Error; err != nil {
			return nil, err
		}
		for _, step := range steps {
			out = append(out, step.Detail)
		}
	}
	return out, nil
}
