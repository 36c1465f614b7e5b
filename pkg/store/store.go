package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/postrider/postrider/pkg/model"
)

// Store reads and writes everything Postrider keeps.
type Store struct {
	writer *gorm.DB // SQLite: one connection; PostgreSQL: the pool
	reader *gorm.DB // SQLite: several; PostgreSQL: the same pool
	ledger *sql.DB  // PostgreSQL: the one connection of CommitLedger; SQLite: nil
	lite   bool
	skew   atomic.Int64 // added to the clock by tests, in nanoseconds
	often  often        // what of the audit log is bounded

	runColumns []string // of runs, but for the audience, which may be a megabyte of ids
}

// Open connects to postgres://… or sqlite:PATH. It does not dial PostgreSQL:
// a database that is away shows at the first use, as model.Unavailable. An
// address of another kind is model.Invalid.
func Open(databaseURL string) (*Store, error) {
	switch {
	case strings.HasPrefix(databaseURL, "postgres://"), strings.HasPrefix(databaseURL, "postgresql://"):
		return openPostgres(databaseURL, nil)
	case strings.HasPrefix(databaseURL, "sqlite:"):
		return openSQLite(strings.TrimPrefix(databaseURL, "sqlite:"))
	}
	return nil, &openError{"the database address must begin with postgres:// or sqlite:"}
}

type openError struct{ text string }

func (e *openError) Error() string { return e.text }

func gormConfig() *gorm.Config {
	return &gorm.Config{
		TranslateError:         true,
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard,
		NowFunc:                func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
	}
}

// openPostgres lets tests see what is asked of the database, by a tracer.
func openPostgres(raw string, tracer pgx.QueryTracer) (*Store, error) {
	cfg, err := pgx.ParseConfig(raw)
	if err != nil {
		return nil, &openError{"the database address is not a valid postgres:// address"} // err would show the password
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "postrider"
	}
	cfg.Tracer = tracer
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	pool := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(_ context.Context, c *pgx.Conn) error {
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}))
	pool.SetMaxOpenConns(24)
	pool.SetMaxIdleConns(24)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: pool}), gormConfig())
	if err != nil {
		_ = pool.Close()
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	return &Store{writer: db, reader: db, ledger: openLedger(cfg), runColumns: runColumns(db)}, nil
}

func openSQLite(path string) (*Store, error) {
	if path == "" {
		return nil, &openError{"the database address sqlite: needs a path"}
	}
	pragmas := url.Values{
		"_pragma":      {"journal_mode(WAL)", "busy_timeout(10000)", "synchronous(FULL)", "foreign_keys(1)"},
		"_time_format": {"sqlite"},
		"_timezone":    {"UTC"},
	}
	open := func(extra string, conns int) (*gorm.DB, error) {
		dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode() + extra
		pool, err := sql.Open("sqlite", dsn)
		if err != nil {
			return nil, err
		}
		pool.SetMaxOpenConns(conns)
		pool.SetMaxIdleConns(conns)
		db, err := gorm.Open(liteDialector{pool}, gormConfig())
		if err != nil {
			_ = pool.Close()
		}
		return db, err
	}
	// SQLite would make it readable for everybody. What is there keeps its mode,
	// and files beside it take it over. Where it cannot be made, its first use says so.
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
		_ = f.Close()
	}
	writer, err := open("&_txlock=immediate", 1)
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	reader, err := open("", 6)
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	return &Store{writer: writer, reader: reader, lite: true, runColumns: runColumns(reader)}, nil
}

func runColumns(db *gorm.DB) []string {
	stmt := gorm.Statement{DB: db}
	if err := stmt.Parse(&model.Run{}); err != nil {
		panic(err) // a mistake in the model
	}
	var out []string
	for _, f := range stmt.Schema.Fields {
		if f.DBName != "" && f.Creatable && f.DBName != "audience" {
			out = append(out, f.DBName)
		}
	}
	return out
}

// Close ends all connections.
func (s *Store) Close() error {
	var errs []error
	if s.ledger != nil {
		errs = append(errs, s.ledger.Close())
	}
	for _, db := range []*gorm.DB{s.writer, s.reader} {
		if pool, err := db.DB(); err == nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(errs...)
}

// Ping asks the database for a sign of life.
func (s *Store) Ping(ctx context.Context) error {
	pool, err := s.reader.DB()
	if err != nil {
		return err
	}
	return kindOf(pool.PingContext(ctx), "ask the database")
}

// Now is the database's clock, in UTC: the only one that leases and due-checks
// compare with.
func (s *Store) Now(ctx context.Context) (time.Time, error) { return s.now(s.reader.WithContext(ctx)) }

func (s *Store) now(tx *gorm.DB) (time.Time, error) {
	if s.lite {
		return s.clock(), nil
	}
	var t time.Time
	if err := tx.Raw("SELECT clock_timestamp()").Row().Scan(&t); err != nil {
		return t, kindOf(err, "ask the database's clock")
	}
	return t.Add(time.Duration(s.skew.Load())).UTC().Truncate(time.Microsecond), nil
}

// clock is this machine's clock, for what is asked at every request and need
// not be exact.
func (s *Store) clock() time.Time {
	return time.Now().Add(time.Duration(s.skew.Load())).UTC().Truncate(time.Microsecond)
}

// MoveClock shifts Now, for tests of what happens later.
func (s *Store) MoveClock(by time.Duration) { s.skew.Add(int64(by)) }

// read is a handle for queries outside a transaction.
func (s *Store) read(ctx context.Context) *gorm.DB { return s.reader.WithContext(ctx) }

// tx runs fn in one transaction; an error rolls back. PostgreSQL's own
// deadlock and serialisation errors run it again, up to three times: fn must
// not have effects outside the transaction.
func (s *Store) tx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	err := again(ctx, func() error { return s.writer.WithContext(ctx).Transaction(fn) })
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil { // given up between its last statement and COMMIT
		err = fmt.Errorf("commit: %w", ctx.Err())
	}
	if away(err) { // also at BEGIN and COMMIT, whoever calls
		return kindOf(err, "write")
	}
	return err
}

// again makes a transaction, up to three times more when it met others.
func again(ctx context.Context, transact func() error) error {
	var err error
	for range 4 {
		if err = transact(); !rerunnable(err) {
			break
		}
		slog.DebugContext(ctx, "transaction runs again", "error", err)
	}
	return err
}

// forUpdate locks the rows a query reads; SQLite's writer is alone anyhow.
func (s *Store) forUpdate(tx *gorm.DB) *gorm.DB {
	if s.lite {
		return tx
	}
	return tx.Clauses(lockUpdate)
}

// forRunUpdate is forUpdate for the rows of runs.
func (s *Store) forRunUpdate(tx *gorm.DB) *gorm.DB {
	if s.lite {
		return tx
	}
	return tx.Clauses(lockRunUpdate)
}

// locking is a locking clause for a query in plain SQL, and nothing on SQLite.
func (s *Store) locking(clause string) string {
	if s.lite {
		return ""
	}
	return " " + clause
}
