package testkit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/migrations"
	"github.com/postrider/postrider/pkg/store"
)

// The dialects, as tests name them.
const (
	Postgres = "postgres"
	SQLite   = "sqlite"
)

// Each runs a test once on every dialect, in parallel, each time on an empty
// migrated database of its own.
func Each(t *testing.T, test func(t *testing.T, st *store.Store)) {
	t.Helper()
	for _, dialect := range []string{Postgres, SQLite} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			test(t, Store(t, dialect))
		})
	}
}

// Store opens an empty migrated database of the test's own.
func Store(t testing.TB, dialect string) *store.Store {
	t.Helper()
	return OpenStore(t, DatabaseURL(t, dialect))
}

// OpenStore opens a database and closes it when the test ends, before the
// database itself goes.
func OpenStore(t testing.TB, databaseURL string) *store.Store {
	t.Helper()
	st, err := store.Open(databaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// DatabaseURL makes an empty migrated database of the test's own and names it
// as POSTRIDER_DATABASE_URL does, for processes and for a second store on the
// same data. It goes when the test ends.
func DatabaseURL(t testing.TB, dialect string) string {
	t.Helper()
	switch dialect {
	case Postgres:
		return postgresCopy(t)
	case SQLite:
		return sqliteCopy(t)
	}
	t.Fatalf("there is no dialect %q", dialect)
	return ""
}

// schemaHash names the state of a migrations folder: a template database is
// made once for each.
func schemaHash(folder string) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(migrations.FS, folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(migrations.FS, path)
		fmt.Fprintf(h, "%s %d\n", path, len(raw))
		h.Write(raw)
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:16], err
}

// postgresCopy copies the template: some 45 ms instead of all migrations.
func postgresCopy(t testing.TB) string {
	t.Helper()
	server := PostgresURL(t)
	template, err := postgresTemplate(server)
	require.NoError(t, err)
	var raw [8]byte
	_, _ = rand.Read(raw[:])
	name := "test_" + hex.EncodeToString(raw[:])
	require.NoError(t, postgresExec(server, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)))
	t.Cleanup(func() {
		if err := postgresExec(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Logf("drop the test's database: %v", err) // the test may have stopped the server
		}
	})
	return onDatabase(server, name)
}

func onDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}

func postgresExec(server string, statements ...string) error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect to the test server (%s): %w", PostgresEnv, err)
	}
	defer func() { _ = c.Close(ctx) }()
	for _, s := range statements {
		if _, err := c.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

var postgresTemplates sync.Map // server → func() (string, error)

// postgresTemplate is the migrated database that others are copied from. It is
// made once per server and schema: other packages' test binaries wait for an
// advisory lock and then find it. It gets its name only when it is complete.
func postgresTemplate(server string) (string, error) {
	once, _ := postgresTemplates.LoadOrStore(server, sync.OnceValues(func() (string, error) {
		hash, err := schemaHash("postgres")
		if err != nil {
			return "", err
		}
		name, making := "postrider_"+hash, "making_"+hash
		ctx := context.Background()
		c, err := pgx.Connect(ctx, server)
		if err != nil {
			return "", fmt.Errorf("connect to the test server (%s): %w", PostgresEnv, err)
		}
		defer func() { _ = c.Close(ctx) }() // gives the lock back
		if _, err := c.Exec(ctx, "SELECT pg_advisory_lock(hashtext($1))", name); err != nil {
			return "", err
		}
		var there bool
		if err := c.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil || there {
			return name, err
		}
		if err := postgresExec(server, "DROP DATABASE IF EXISTS "+making+" WITH (FORCE)", "CREATE DATABASE "+making); err != nil {
			return "", err
		}
		if err := migrate(onDatabase(server, making)); err != nil {
			return "", err
		}
		return name, postgresExec(server, "ALTER DATABASE "+making+" RENAME TO "+name)
	}))
	return once.(func() (string, error))()
}

func migrate(databaseURL string) error {
	st, err := store.Open(databaseURL)
	if err != nil {
		return err
	}
	_, err = st.Migrate(context.Background())
	if closed := st.Close(); err == nil {
		err = closed
	}
	return err
}

var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "postrider-template-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func sqliteCopy(t testing.TB) string {
	t.Helper()
	raw, err := sqliteTemplate()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "postrider.db")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	return "sqlite:" + path
}
