package store

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/postrider/postrider/migrations"
	"github.com/postrider/postrider/pkg/model"
)

func (s *Store) migrator() (*goose.Provider, error) {
	folder, dialect := "postgres", goose.DialectPostgres
	if s.lite {
		folder, dialect = "sqlite", goose.DialectSQLite3
	}
	files, err := fs.Sub(migrations.FS, folder)
	if err != nil {
		return nil, err
	}
	pool, err := s.writer.DB()
	if err != nil {
		return nil, err
	}
	var opts []goose.ProviderOption
	if !s.lite {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(dialect, pool, files, opts...)
}

// Migrate brings the schema to the newest version and says how many steps it
// took. Run twice, the second takes none. Two at once are safe: the second
// waits and finds nothing left to do.
func (s *Store) Migrate(ctx context.Context) (int, error) {
	m, err := s.migrator()
	if err != nil {
		return 0, fmt.Errorf("read the migrations: %w", err)
	}
	have, want, err := m.GetVersions(ctx)
	if err != nil {
		return 0, kindOf(err, "read the schema's version")
	}
	if have > want {
		return 0, tooNew(have, want)
	}
	steps, err := m.Up(ctx)
	return len(steps), kindOf(err, "migrate")
}

// CheckSchema answers model.Unavailable, with the command to run, when the
// schema is older or newer than this program.
func (s *Store) CheckSchema(ctx context.Context) error {
	m, err := s.migrator()
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	have, want, err := m.GetVersions(ctx)
	switch {
	case err != nil:
		return kindOf(err, "read the schema's version")
	case have < want:
		return model.E(model.Unavailable, "the database schema is version %d and this program needs %d: run `postrider migrate`", have, want)
	case have > want:
		return tooNew(have, want)
	}
	return nil
}

func tooNew(have, want int64) error {
	return model.E(model.Unavailable, "the database schema is version %d and this program knows only %d: run a newer Postrider", have, want)
}
