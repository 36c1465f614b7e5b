package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/postrider/postrider/pkg/config"
)

// Command is a command of a program: it reads its settings, listens for
// SIGINT and SIGTERM, and runs.
func Command(use, short string, program config.Program, run func(context.Context, *config.Config, *slog.Logger) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(program, cmd.Flags())
			if err != nil {
				return err
			}
			log := Logger(cfg)
			slog.SetDefault(log)
			for _, v := range config.Unheard() {
				log.Warn("a variable is no setting and changes nothing", "name", v.Name, "nearest", v.Nearest)
			}
			return run(cmd.Context(), cfg, log)
		},
	}
	config.Flags(cmd.Flags(), program)
	return cmd
}

// Execute runs a command line and answers the exit status: 0 also for a program
// that was told to stop and did so in order, and not for a command that was
// interrupted. The first signal stops in order, the second at once.
func Execute(cmd *cobra.Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	if err := cmd.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", cmd.Root().Name(), err)
		return 1
	}
	return 0
}

// Main is a program of one command.
func Main(use, short string, program config.Program, run func(context.Context, *config.Config, *slog.Logger) error) int {
	cmd := Command(use, short, program, run)
	cmd.Version = Version
	return Execute(cmd)
}
