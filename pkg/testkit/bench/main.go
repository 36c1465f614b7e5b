// Command bench measures the product as it runs for people: built programs in
// processes of their own, a private PostgreSQL and Redis, and an SMTP server
// that takes everything.
//
//	bench [-bin DIR]             the default matrix
//	bench send [flags]           one mailing, from the call that starts it to its finished report
//	bench api [flags]            how long requests take while a mailing is sent
//	bench accounts [flags]       whether the time of an answer tells that there is an account
//
// Before each mailing a bare sender, without database and rendering, works on
// an equal server for some seconds. Machines drift; the share of the bare
// sender in the same run is what can be compared, and CPU time per mail.
//
// Each scenario prints one JSON object to standard output, and a table closes
// the whole. docs/benchmarks.md explains the figures.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	command := ""
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		command, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("bench "+command, flag.ContinueOnError)
	bin := flags.String("bin", "bin", "folder of the built programs api, worker and postrider")
	switch command {
	case "":
		if err := flags.Parse(args); err != nil {
			return err
		}
		return onStage(*bin, func(s *stage) error { return matrix(ctx, s) })
	case "send":
		c := defaultSend
		c.flags(flags)
		if err := flags.Parse(args); err != nil {
			return err
		}
		var settings []string
		if c.Statements {
			settings = []string{"shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track=all"}
		}
		return onStage(*bin, func(s *stage) error { return sends(ctx, s, []send{c}) }, settings...)
	case "api":
		c := defaultCalls
		c.flags(flags)
		if err := flags.Parse(args); err != nil {
			return err
		}
		return onStage(*bin, func(s *stage) error { return c.run(ctx, s) })
	case "accounts":
		a := defaultAccounts
		a.flags(flags)
		if err := flags.Parse(args); err != nil {
			return err
		}
		return onStage(*bin, func(s *stage) error { return a.run(ctx, s) })
	case "sink": // what the others start
		c := sinkKind{}
		c.flags(flags)
		if err := flags.Parse(args); err != nil {
			return err
		}
		return c.serve()
	}
	return fmt.Errorf("there is no %q: bench [send | api | accounts] [flags]", command)
}

// matrix is what `make bench` runs: some minutes that show each promise of
// docs/benchmarks.md once.
func matrix(ctx context.Context, s *stage) error {
	base := defaultSend
	list := []send{base}
	with := func(change func(*send)) {
		c := base
		change(&c)
		list = append(list, c)
	}
	with(func(c *send) { c.Connections = 100 })
	base.N, base.Runs, base.Latency = 30_000, 1, 20*time.Millisecond
	with(func(c *send) {})
	with(func(c *send) { c.EHLO = "chunking" })
	with(func(c *send) { c.EHLO, c.Workers = "chunking", 2 })
	with(func(c *send) { c.Latency, c.Database = 0, "sqlite" })
	if err := sends(ctx, s, list); err != nil {
		return err
	}
	return defaultCalls.run(ctx, s)
}

// onStage sets the stage, PostgreSQL with some more settings.
func onStage(bin string, do func(*stage) error, settings ...string) (err error) {
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	s, err := setStage(bin, settings...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.clear()) }()
	return do(s)
}

func printJSON(v any) error {
	raw, err := json.Marshal(v)
	if err == nil {
		fmt.Println(string(raw))
	}
	return err
}
