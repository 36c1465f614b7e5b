package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"

	_ "github.com/jackc/pgx/v5/stdlib" // PostgreSQL for database/sql

	"github.com/postrider/postrider/pkg/testkit/server"
)

// harness is what all rows share: our programs with fail points, and a
// PostgreSQL for the rows that leave it alone.
type harness struct {
	dir       string // logs and data of everything
	bin       string // api, worker, postrider
	scale     float64
	postgres  *server.Server
	databases atomic.Int64
}

const template = "template_of_fault"

func newHarness(ctx context.Context, log io.Writer) (h *harness, err error) {
	if err := server.Install(log, "postgres", "redis-server"); err != nil {
		return nil, err
	}
	h = &harness{scale: 1}
	if h.dir, err = server.TempDir(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close(false))
		}
	}()
	h.bin = filepath.Join(h.dir, "bin")
	build := exec.CommandContext(ctx, "go", "build", "-tags", "failpoints", "-o", h.bin+"/",
		"github.com/postrider/postrider/cmd/api", "github.com/postrider/postrider/cmd/worker", "github.com/postrider/postrider/cmd/postrider")
	if out, err := build.CombinedOutput(); err != nil {
		return h, fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	if h.postgres, err = server.StartPostgres(h.dir); err != nil {
		return h, err
	}
	if err := execute(h.postgres.URL, "CREATE DATABASE "+template); err != nil {
		return h, err
	}
	return h, h.migrate(onDatabase(h.postgres.URL, template))
}

func (h *harness) migrate(databaseURL string) error {
	cmd := exec.Command(filepath.Join(h.bin, "postrider"), "migrate", "--database-url", databaseURL)
	cmd.Dir = h.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate: %w\n%s", err, out)
	}
	return nil
}

// close stops what is shared; the logs are kept where something failed.
func (h *harness) close(keep bool) error {
	var err error
	http.DefaultClient.CloseIdleConnections()
	if h.postgres != nil {
		err = h.postgres.Stop("immediate")
	}
	if keep {
		return errors.Join(err, os.RemoveAll(h.bin), os.RemoveAll(filepath.Join(h.dir, "postgres")))
	}
	return errors.Join(err, os.RemoveAll(h.dir))
}

// newDatabase copies the template on the shared server.
func (h *harness) newDatabase() (string, error) {
	name := fmt.Sprintf("fault_%d", h.databases.Add(1))
	return onDatabase(h.postgres.URL, name), execute(h.postgres.URL, "CREATE DATABASE "+name+" TEMPLATE "+template)
}

func onDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	u.Path = "/" + name
	return u.String()
}

func execute(databaseURL string, statements ...string) error {
	db, err := sql.Open("pgx", databaseURL)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

func makeDir(dir string) error { return os.MkdirAll(dir, 0o755) }
