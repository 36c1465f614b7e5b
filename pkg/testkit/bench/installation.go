package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/postrider/postrider/pkg/testkit/server"
)

// installation is the product in its processes, with a person and clients.
type installation struct {
	s       *stage
	kind    string   // of the database
	env     []string // of the programs
	workers int
	db      *sql.DB
	person  *person
	message int64
	senders []*process // worker, or the one process of the embedded mode
	all     []*process
}

// install starts the product with an empty database and n clients.
func (s *stage) install(ctx context.Context, database, sinkAddr string, n, workers, connections int) (_ *installation, err error) {
	in := &installation{s: s, kind: database, workers: workers}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.stop())
		}
	}()
	address, db, err := s.database(ctx, database)
	if err != nil {
		return nil, err
	}
	in.db = db
	http, _, err := server.FreePort()
	if err != nil {
		return nil, err
	}
	in.env = []string{
		"POSTRIDER_DATABASE_URL=" + address,
		"POSTRIDER_SECRET_KEY=" + "vQm8rJ2zXn5tHk7yLw0cFp3sBd6gEa9uRi1oTe4xYWM=",
		"POSTRIDER_HTTP_ADDR=" + http,
		fmt.Sprintf("POSTRIDER_SMTP_URL=smtp://%s?tls=none&connections=%d", sinkAddr, connections),
		"POSTRIDER_LOG_LEVEL=warn",
		fmt.Sprintf("POSTRIDER_DATA_DIR=%s/up_%d", s.dir, s.databases),
	}
	if database != "sqlite" {
		in.env = append(in.env, fmt.Sprintf("POSTRIDER_REDIS_URL=redis://%s/%d", s.redis.Addr, s.databases), "POSTRIDER_LOG_LEVEL=info")
	}
	if err := in.startDoor(ctx); err != nil {
		return nil, err
	}
	if in.person, err = register(ctx, "http://"+http, "anna@example.com"); err != nil {
		return nil, err
	}
	if in.message, err = in.person.message(ctx); err != nil {
		return nil, err
	}
	if err := fill(ctx, db, database, in.person.id, n); err != nil {
		return nil, err
	}
	if err := in.startWorkers(ctx); err != nil {
		return nil, err
	}
	time.Sleep(time.Second) // the beats and sweeps of the start are over
	return in, nil
}

// startDoor starts what answers requests: the API, or all in one process.
func (in *installation) startDoor(ctx context.Context) error {
	if in.kind != "sqlite" {
		return in.start(ctx, in.env, "listening", "api")
	}
	err := in.start(ctx, in.env, "ready: ", "postrider", "up")
	in.senders = in.all
	return err
}

func (in *installation) startWorkers(ctx context.Context) error {
	if in.kind == "sqlite" {
		return nil
	}
	for range in.workers {
		if err := in.start(ctx, in.env, "worker is ready", "worker"); err != nil {
			return err
		}
		in.senders = append(in.senders, in.all[len(in.all)-1])
	}
	return nil
}

// restart starts all programs anew, with more settings.
func (in *installation) restart(ctx context.Context, settings ...string) error {
	if err := in.stopPrograms(); err != nil {
		return err
	}
	in.env = append(in.env, settings...)
	in.senders = nil
	if err := in.startDoor(ctx); err != nil {
		return err
	}
	return in.startWorkers(ctx)
}

func (in *installation) start(ctx context.Context, env []string, word, name string, args ...string) error {
	p, err := in.s.start(ctx, env, word, name, args...)
	if err == nil {
		in.all = append(in.all, p)
	}
	return err
}

func (in *installation) stopPrograms() error {
	var errs []error
	for i := len(in.all) - 1; i >= 0; i-- {
		errs = append(errs, in.all[i].stop())
	}
	in.all = nil
	return errors.Join(errs...)
}

// stop ends the programs and lets the database go.
func (in *installation) stop() error {
	errs := []error{in.stopPrograms()}
	if in.db != nil {
		errs = append(errs, in.db.Close())
		in.db = nil
	}
	return errors.Join(errs...)
}

// usage is CPU time used so far.
type usage struct{ senders, api, database time.Duration }

func (in *installation) usage() (u usage, err error) {
	for _, p := range in.all {
		t, err := p.cpu()
		if err != nil {
			return u, err
		}
		u.api += t
	}
	for _, p := range in.senders {
		t, err := p.cpu()
		if err != nil {
			return u, err
		}
		u.senders += t
		u.api -= t
	}
	if in.kind == "postgres" {
		u.database, err = in.s.databaseCPU()
	}
	return u, err
}

// written counts the rows that a run has left: deliveries and attempts.
func (in *installation) written(ctx context.Context, run int64) (rows int64, err error) {
	for _, table := range []string{"deliveries", "attempts"} {
		var n int64
		err := in.db.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*) FROM %s WHERE run_id = %d", table, run)).Scan(&n)
		if err != nil {
			return 0, err
		}
		rows += n
	}
	return rows, nil
}

// logged is what PostgreSQL has written to its log so far: bytes, and how
// often it made them safe, which commits of the same moment share.
func (in *installation) logged(ctx context.Context) (bytes, syncs int64, err error) {
	if in.kind == "postgres" {
		err = in.db.QueryRowContext(ctx, "SELECT wal_bytes::bigint, wal_sync FROM pg_stat_wal").Scan(&bytes, &syncs)
	}
	return bytes, syncs, err
}

// statements prints which statements took the most of PostgreSQL's time.
func (in *installation) statements(ctx context.Context, n int) error {
	rows, err := in.db.QueryContext(ctx, `SELECT calls, total_exec_time, rows, wal_bytes::bigint, regexp_replace(query, '\s+', ' ', 'g')
		FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
		ORDER BY total_exec_time DESC LIMIT 15`)
	if err != nil {
		return err
	}
	defer rows.Close()
	fmt.Fprintln(os.Stderr, "   calls  µs/mail    rows  WAL/mail  statement")
	for rows.Next() {
		var calls, count, wal int64
		var took float64
		var query string
		if err := rows.Scan(&calls, &took, &count, &wal, &query); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%8d %8.1f %7d %9.1f  %.150s\n", calls, took*1000/float64(n), count, float64(wal)/float64(n), query)
	}
	return rows.Err()
}
