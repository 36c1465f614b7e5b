package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/postrider/postrider/pkg/address"
	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/config"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/queue"
	"github.com/postrider/postrider/pkg/store"
)

// Version is the version of the programs, set by the linker.
var Version = "dev"

// databasePatience is how long a program waits at its start for a database
// that does not answer yet.
const databasePatience = 30 * time.Second

// Logger writes as the settings say, to standard error.
func Logger(cfg *config.Config) *slog.Logger {
	opt := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(os.Stderr, opt))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, opt))
}

// house is what every program that does more than migrate stands on.
type house struct {
	cfg      *config.Config
	log      *slog.Logger
	store    *store.Store
	queue    *queue.Client
	auth     *auth.Service
	sealer   *auth.Sealer // of the passwords of transports
	mailings *mailing.Service
	bodies   [][]byte // keys of the hashes of bodies, the present one first
}

// openStore opens the database and waits for it to answer; not where it answers
// that it will not have us. Who opens a SQLite
// file shares a lock beside it until the process ends, so that a process can
// know itself alone.
func openStore(ctx context.Context, cfg *config.Config, log *slog.Logger) (*store.Store, error) {
	if path, ok := strings.CutPrefix(cfg.DatabaseURL, "sqlite:"); ok {
		if _, err := shareFile(path + ".lock"); err != nil {
			return nil, err
		}
	}
	st, err := store.Open(cfg.DatabaseURL)
	if err != nil {
		return nil, err
	}
	for begin := time.Now(); ; {
		err := st.Ping(ctx)
		if err == nil {
			return st, nil
		}
		if why := store.Refuses(err); why != "" {
			_ = st.Close()
			return nil, errors.New(why + "; look at POSTRIDER_DATABASE_URL")
		}
		if time.Since(begin) > databasePatience || ctx.Err() != nil {
			_ = st.Close()
			return nil, fmt.Errorf("the database does not answer: %w", err)
		}
		log.Warn("waiting for the database", "error", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// openHouse builds what the settings describe on an open store of the right
// schema. redisURL is "" where there is no Redis; then hints are not sent.
func openHouse(ctx context.Context, cfg *config.Config, st *store.Store, redisURL string, log *slog.Logger) (*house, error) {
	h := &house{cfg: cfg, log: log, store: st}
	if err := st.CheckSchema(ctx); err != nil {
		return nil, err
	}
	keys, err := auth.NewKeys(cfg.SecretKey, cfg.SecretKeyPrevious...)
	if err != nil {
		return nil, err
	}
	h.auth, h.sealer = auth.New(st, keys), keys.Sealer("transports")
	h.bodies = append([][]byte{keys.Derive("bodies")}, keys.DeriveFormer("bodies")...)
	var hints mailing.Queue
	if redisURL != "" {
		if h.queue, err = queue.NewClient(redisURL, log); err != nil {
			return nil, err
		}
		hints = h.queue
	}
	name, addr, err := address.ParseMailbox(cfg.MailFrom)
	if err != nil {
		return nil, err
	}
	h.mailings = mailing.New(st, hints, mailing.Options{
		PublicURL: cfg.PublicURL, FromName: name, FromEmail: addr, SenderDomains: cfg.SenderDomains,
		LinkKey: keys.Derive("links"), FormerLinkKeys: keys.DeriveFormer("links"),
		Account: auth.Letters{Service: h.auth, PublicURL: cfg.PublicURL}.Write, KeepAttempts: time.Duration(cfg.KeepAttemptsDays) * 24 * time.Hour, Log: log,
	})
	return h, nil
}

func (h *house) close() {
	if h.queue != nil {
		if err := h.queue.Close(); err != nil {
			h.log.Debug("the queue did not close in order", "error", err)
		}
	}
}

// Migrate brings the schema to the newest version and says so.
func Migrate(ctx context.Context, cfg *config.Config, out io.Writer, log *slog.Logger) error {
	st, err := openStore(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer st.Close()
	steps, err := st.Migrate(ctx)
	if err != nil {
		return err
	}
	if steps == 0 {
		fmt.Fprintln(out, "The schema is up to date already.")
		return nil
	}
	fmt.Fprintf(out, "The schema is up to date: %d migrations done.\n", steps)
	return nil
}
