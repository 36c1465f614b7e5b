package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/config"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// accounts opens what the commands about accounts need: no queue, no mail.
func accounts(ctx context.Context, cfg *config.Config, log *slog.Logger) (*house, error) {
	st, err := openStore(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	if err := st.CheckSchema(ctx); err != nil {
		_ = st.Close()
		return nil, err
	}
	// nothing is signed by these commands: any key will do
	keys, err := auth.NewKeys(make([]byte, auth.MinSecret))
	if err != nil {
		_ = st.Close()
		return nil, err
	}
	return &house{cfg: cfg, log: log, store: st, auth: auth.New(st, keys)}, nil
}

// CreateSuperuser makes the superuser of the settings. One that is there is
// left as it is.
func CreateSuperuser(ctx context.Context, cfg *config.Config, out io.Writer, log *slog.Logger) error {
	h, err := accounts(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer h.store.Close()
	return createSuperuser(ctx, h, out)
}

// CreateManagers makes the group of managers with its permissions.
func CreateManagers(ctx context.Context, cfg *config.Config, out io.Writer, log *slog.Logger) error {
	h, err := accounts(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer h.store.Close()
	created, err := h.auth.CreateManagers(ctx)
	if err != nil {
		return err
	}
	if created {
		fmt.Fprintf(out, "The group %s was created; its members, with staff status, see all lists and reports.\n", model.ManagerGroup)
	} else {
		fmt.Fprintf(out, "The group %s is there already and was left as it is.\n", model.ManagerGroup)
	}
	return nil
}

// RunMailings starts what is due now, or the one mailing that is named, and
// follows each run to its end. Where no worker lives it sends by itself, if the
// settings name a way out.
func RunMailings(ctx context.Context, cfg *config.Config, mailingID int64, out io.Writer, log *slog.Logger) error {
	h, engine, done, err := runner(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer done()
	runs, err := begin(ctx, h, mailingID, out)
	if err != nil {
		return err
	}
	if engine != nil && mailingID == 0 { // what was begun and nobody sends goes on too
		live, err := h.store.LiveRuns(ctx, 0, 1000)
		if err != nil {
			return err
		}
		for _, id := range live {
			if !slices.Contains(runs, id) {
				runs = append(runs, id)
			}
		}
	}
	if engine != nil && cfg.SMTPURL == "" {
		fmt.Fprintln(out, "No mail server is set: mails go to the captured inbox, and none leaves this machine.")
	}
	if len(runs) == 0 {
		fmt.Fprintln(out, "Nothing is due.")
		return nil
	}
	stop := func() {}
	if engine != nil {
		working, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- engine.Run(working) }()
		stop = func() {
			cancel()
			if err := <-ended; err != nil {
				log.Warn("the engine did not end in order", "error", err)
			}
		}
	}
	defer stop()
	return follow(ctx, h.store, runs, engine != nil, out)
}

// runner opens a house that can start mailings, with an engine where nobody
// else sends.
func runner(ctx context.Context, cfg *config.Config, log *slog.Logger) (*house, *mailing.Engine, func(), error) {
	if strings.HasPrefix(cfg.DatabaseURL, "sqlite:") {
		f, err := openFolder(cfg.DataDir)
		if err == nil {
			e, err := f.openEmbedded(ctx, cfg, log)
			if err != nil {
				f.close()
				return nil, nil, nil, err
			}
			return e.house, mailing.NewEngine(e.mailings, e.ways), func() { e.close(); f.close() }, nil
		}
		if !errors.Is(err, errFolderInUse) {
			return nil, nil, nil, err
		}
	}
	st, err := openStore(ctx, cfg, log)
	if err != nil {
		return nil, nil, nil, err
	}
	own := *cfg
	if len(own.SecretKey) == 0 {
		own.SecretKey = make([]byte, auth.MinSecret) // signs nothing: the workers do
	}
	h, err := openHouse(ctx, &own, st, cfg.RedisURL, log)
	if err != nil {
		_ = st.Close()
		return nil, nil, nil, err
	}
	done := func() { h.close(); _ = st.Close() }
	sends := len(cfg.SecretKey) > 0 && (cfg.SMTPURL != "" || h.hasTransports(ctx))
	workers, err := st.Workers(ctx)
	if err != nil || len(workers) > 0 || !sends {
		if err != nil {
			done()
		}
		return h, nil, done, err
	}
	ways, err := h.ways("")
	if err != nil {
		done()
		return nil, nil, nil, err
	}
	return h, mailing.NewEngine(h.mailings, ways), done, nil
}

func begin(ctx context.Context, h *house, mailingID int64, out io.Writer) ([]int64, error) {
	if mailingID == 0 {
		return h.mailings.RunDue(ctx)
	}
	was, err := h.store.Mailing(ctx, everything, mailingID)
	if model.IsKind(err, model.NotFound) {
		return nil, fmt.Errorf("there is no mailing %d", mailingID)
	}
	if err != nil {
		return nil, err
	}
	m, err := h.mailings.Act(ctx, everything, mailingID, model.ActionStart, nil)
	if err != nil {
		return nil, err
	}
	if m.LastRunID == nil {
		return nil, fmt.Errorf("the mailing %d did not start: %s", mailingID, m.Reason)
	}
	if was.Status == model.MailingFinished || was.Status == model.MailingCancelled {
		fmt.Fprintf(out, "The mailing %d %q was %s: this is another run of it, which mails its whole audience.\n", was.ID, was.Name, was.Status)
	}
	return []int64{*m.LastRunID}, nil
}

// everything is the viewer of the commands: whoever may start them may read
// the database anyhow.
var everything = model.Viewer{UserID: -1, Superuser: true}

// follow prints how each run ends. Paused is an end here, for it needs a person,
// and so is having only retries left.
func follow(ctx context.Context, st *store.Store, runs []int64, sending bool, out io.Writer) error {
	for _, id := range runs {
		r, err := st.Report(ctx, everything, id)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "started: run %d of mailing %d %q, planned for %s\n", r.ID, r.MailingID, r.MailingName, r.PlannedAt.Format(time.RFC3339))
	}
	if workers, err := st.Workers(ctx); err == nil && len(workers) == 0 && !sending {
		fmt.Fprintln(out, "No worker is running, and this command has no POSTRIDER_SECRET_KEY or no transport to send by: the runs go on when a worker starts.")
		return nil
	}
	for _, id := range runs {
		for {
			r, err := st.Report(ctx, everything, id)
			if err != nil && !model.IsKind(err, model.Unavailable) {
				return err
			}
			if err == nil && tell(out, r) {
				break
			}
			select {
			case <-time.After(200 * time.Millisecond):
			case <-ctx.Done():
				fmt.Fprintln(out, "not followed to the end; the reports show how it goes on")
				return ctx.Err()
			}
		}
	}
	return nil
}

// tell prints a run that has come to an end, and reports whether it has.
func tell(out io.Writer, r *store.Report) bool {
	c := r.Counts
	retriesOnly := c.Deferred > 0 && c.Pending+c.Sending == 0
	if !r.Status.Over() && r.Status != model.RunPaused && !retriesOnly {
		return false
	}
	fmt.Fprintf(out, "%s: run %d of mailing %d %q: planned %d, sent %d, failed %d, skipped %d, in doubt %d, expired %d, cancelled %d, to be retried %d, waiting %d",
		r.Status, r.ID, r.MailingID, r.MailingName, c.Planned, c.Sent, c.Failed, c.Skipped, c.InDoubt, c.Expired, c.Cancelled,
		c.Deferred, c.Pending+c.Sending)
	if r.Reason != "" {
		fmt.Fprintf(out, " (%s)", r.Reason)
	}
	fmt.Fprintln(out)
	return true
}
