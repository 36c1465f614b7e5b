// Command postrider is everything in one process, and the administration.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

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
	var id int64
	var cmd *cobra.Command
	cmd = app.Command("check", "Hold the counters and the attempt log of all runs against their deliveries", config.Admin,
		func(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
			if cmd.Flags().Changed("run") && id < 1 {
				return errors.New("--run wants the id of a run, a positive number")
			}
			return app.Check(ctx, cfg, id, os.Stdout, log)
		})
	cmd.Flags().Int64Var(&id, "run", 0, "check this one `run`")
	return cmd
}

func runMailings() *cobra.Command {
	var id int64
	var cmd *cobra.Command
	cmd = app.Command("run-mailings", "Start all mailings that are due, now, and follow them to their end", config.Admin,
		func(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
			if cmd.Flags().Changed("mailing") && id < 1 {
				return errors.New("--mailing wants the id of a mailing, a positive number")
			}
			return app.RunMailings(ctx, cfg, id, os.Stdout, log)
		})
	cmd.Flags().Int64Var(&id, "mailing", 0, "start this one `mailing`, due or not")
	return cmd
}
