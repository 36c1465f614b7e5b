package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/postrider/postrider/pkg/app"
	"github.com/postrider/postrider/pkg/config"
)

type adminFunc func(context.Context, *config.Config, io.Writer, *slog.Logger) error

// superuser asks at a terminal for what neither a flag nor the environment
// says; without a terminal the defaults hold.
func superuser() *cobra.Command {
	var cmd *cobra.Command
	cmd = app.Command("create-superuser", "Create a superuser; one that is there is left as it is", config.Admin,
		func(ctx context.Context, cfg *config.Config, log *slog.Logger) error {
			given := func(flag, env string) bool { return cmd.Flags().Changed(flag) || os.Getenv(env) != "" }
			if term.IsTerminal(int(os.Stdin.Fd())) {
				if !given("admin-email", "POSTRIDER_ADMIN_EMAIL") {
					if err := askEmail(cfg); err != nil {
						return err
					}
				}
				if cfg.AdminPassword == "" {
					if err := askPassword(cfg); err != nil {
						return err
					}
				}
			}
			return app.CreateSuperuser(ctx, cfg, os.Stdout, log)
		})
	return cmd
}

func askEmail(cfg *config.Config) error {
	fmt.Printf("E-mail [%s]: ", cfg.AdminEmail)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return errors.New("no e-mail was given")
	}
	if line = strings.TrimSpace(line); line != "" {
		cfg.AdminEmail = line
	}
	return nil
}

func askPassword(cfg *config.Config) error {
	read := func(prompt string) (string, error) {
		fmt.Print(prompt)
		raw, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Println()
		return string(raw), err
	}
	first, err := read("Password (empty for a random one): ")
	if err != nil || first == "" {
		return err
	}
	second, err := read("Again: ")
	if err != nil {
		return err
	}
	if first != second {
		return errors.New("the two passwords differ")
	}
	cfg.AdminPassword = first
	return nil
}
