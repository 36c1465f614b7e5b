// Command postrider is everything in one process, and the administration.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/postrider/postrider/pkg/app"
	"github.com/postrider/postrider/pkg/config"
)

func main() {
	root := &cobra.Command{
		Use:   "postrider",
		Short: "A self-hosted mailing service in which every recipient is accounted for",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(
		app.Command("up", "Run everything in one process: database, queue, worker, API, web interface", config.Up,
			func(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
				return app.Up(ctx, cfg, os.Stdout, log)
			}),
		admin("migrate", "Bring the database schema to the newest version", app.Migrate),
		superuser(),
		admin("create-managers", "Create the group of managers with its permissions", app.CreateManagers),
		runMailings(),
		check(),
		admin("seed-demo", "Create a demo account with clients, a message and mailings", app.SeedDemo),
		app.SinkCommand(),
		&cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, Run: func(*cobra.Command, []string) { fmt.Println(app.Version) }},
	)
	os.Exit(app.Execute(root))
}

func admin(use, short string, run adminFunc) *cobra.Command {
	return app.Command(use, short, config.Admin, func(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
		return run(ctx, cfg, os.Stdout, log)
	})
}

func check() *cobra.Command {
	id := rowID{of: "run"}
	cmd := app.Command("check", "Hold the counters and the attempt log of all runs against their deliveries", config.Admin,
		func(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
			return app.Check(ctx, cfg, id.n, os.Stdout, log)
		})
	cmd.Flags().Var(&id, "run", "check this one `run`")
	return cmd
}

func runMailings() *cobra.Command {
	id := rowID{of: "mailing"}
	cmd := app.Command("run-mailings", "Start all mailings that are due, now, and follow them to their end", config.Admin,
		func(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
			return app.RunMailings(ctx, cfg, id.n, os.Stdout, log)
		})
	cmd.Flags().Var(&id, "mailing", "start this one `mailing`, due or not; one that has ended runs again, for its whole audience")
	return cmd
}

// rowID is a flag that names a row; 0 while it is not given.
type rowID struct {
	of string
	n  int64
}

func (id *rowID) String() string { return "" }
func (id *rowID) Type() string   { return id.of }

func (id *rowID) Set(text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return fmt.Errorf("it wants the id of a %s, a positive number", id.of)
	}
	id.n = n
	return nil
}
