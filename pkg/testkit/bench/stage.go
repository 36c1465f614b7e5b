package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/postrider/postrider/pkg/store" // brings the drivers of both databases
	"github.com/postrider/postrider/pkg/testkit/server"
)

// stage is what stays over all runs: the servers and where the programs are.
type stage struct {
	bin, self, dir  string
	postgres, redis *server.Server
	databases       int
}

func setStage(bin string, settings ...string) (*stage, error) {
	if err := server.Install(os.Stderr, "postgres", "redis-server"); err != nil {
		return nil, err
	}
	s := &stage{bin: bin}
	var err error
	if s.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if s.dir, err = server.TempDir(); err != nil {
		return nil, err
	}
	if s.redis, err = server.StartRedis(s.dir); err == nil {
		// As an installation has it: what is committed is on the disk.
		s.postgres, err = server.StartPostgresWith(s.dir, append([]string{
			"fsync=on", "full_page_writes=on", "synchronous_commit=on", "max_wal_size=4GB", "autovacuum_naptime=60s",
		}, settings...)...)
	}
	if err != nil {
		return nil, errors.Join(err, s.clear())
	}
	return s, nil
}

func (s *stage) clear() error {
	var errs []error
	for _, srv := range []*server.Server{s.postgres, s.redis} {
		if srv != nil {
			errs = append(errs, srv.Stop("immediate"))
		}
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// database makes an empty database with the schema. Its handle is for filling
// it and for looking at it.
func (s *stage) database(ctx context.Context, kind string) (address string, db *sql.DB, err error) {
	s.databases++
	driver, source := "sqlite", ""
	switch kind {
	case "postgres":
		name := fmt.Sprintf("bench_%d", s.databases)
		admin, err := sql.Open("pgx", s.postgres.URL)
		if err != nil {
			return "", nil, err
		}
		defer admin.Close()
		if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
			return "", nil, err
		}
		u, err := url.Parse(s.postgres.URL)
		if err != nil {
			return "", nil, err
		}
		u.Path = "/" + name
		driver, address, source = "pgx", u.String(), u.String()
	case "sqlite":
		folder := filepath.Join(s.dir, fmt.Sprintf("data_%d", s.databases))
		if err := os.Mkdir(folder, 0o700); err != nil {
			return "", nil, err
		}
		source = filepath.Join(folder, "postrider.db")
		address = "sqlite:" + source
		source = "file:" + source + "?_pragma=busy_timeout(60000)"
	default:
		return "", nil, fmt.Errorf("-database is postgres or sqlite, not %q", kind)
	}
	st, err := store.Open(address)
	if err != nil {
		return "", nil, err
	}
	_, err = st.Migrate(ctx)
	if err = errors.Join(err, st.Close()); err != nil {
		return "", nil, err
	}
	db, err = sql.Open(driver, source)
	return address, db, err
}

// fill gives an owner n clients with attributes, and leaves the database as
// one that had them for a while.
func fill(ctx context.Context, db *sql.DB, kind string, owner int64, n int) error {
	const columns = `INSERT INTO clients (owner_id, email, full_name, attributes, search, created_at, updated_at)
		SELECT %d, 'c' || i || '@example.org', 'Client ' || i,
			'{"city":"Town ' || (i %% 1000) || '","plan":"standard","bonus":' || i || '}',
			'c' || i || '@example.org client ' || i, '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00' FROM `
	steps := []string{fmt.Sprintf(columns+"generate_series(1, %d) AS i", owner, n), "VACUUM ANALYZE", "CHECKPOINT"}
	if kind == "sqlite" {
		steps = []string{fmt.Sprintf("WITH RECURSIVE series(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM series WHERE i < %d) "+columns+"series", n, owner)}
	}
	for _, step := range steps {
		if _, err := db.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("fill the database: %w", err)
		}
	}
	return nil
}

// patience bounds a run of n mails on a slow and busy machine.
func patience(n int) time.Duration { return 3*time.Minute + time.Duration(n)*10*time.Millisecond }
