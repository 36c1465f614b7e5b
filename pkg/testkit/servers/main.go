// Command servers runs a command with a PostgreSQL and a Redis for tests, and
// without a command keeps them running until it is interrupted, having printed
// how to reach them:
//
//	servers [-chromium] [command [argument...]]
//
// The exit code is the command's.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/postrider/postrider/pkg/testkit/server"
)

func main() {
	// The servers end with the thread that started them, see DieWithParent.
	runtime.LockOSThread()
	chromium := flag.Bool("chromium", false, "see that there is a Chromium, too")
	flag.Parse()
	code, err := run(*chromium, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
		code = 1
	}
	os.Exit(code)
}

func run(chromium bool, command []string) (code int, err error) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)

	need := []string{"postgres", "redis-server", "gcc"}
	if chromium {
		need = append(need, "chromium")
	}
	if err := server.Install(os.Stderr, need...); err != nil {
		return 1, err
	}
	dir, err := server.TempDir()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	redis, err := server.StartRedis(dir)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, redis.Stop("immediate")) }()
	postgres, err := server.StartPostgres(dir)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, postgres.Stop("immediate")) }()

	env := []string{
		server.PostgresEnv + "=" + postgres.URL,
		server.RedisEnv + "=" + redis.URL,
	}
	if chromium {
		path, err := server.Find("chromium")
		if err != nil {
			return 1, err
		}
		env = append(env, "CHROMIUM="+path)
	}
	if len(command) == 0 {
		for _, e := range env {
			fmt.Println("export", e)
		}
		fmt.Fprintln(os.Stderr, "running until interrupted (Ctrl-C)")
		<-signals
		return 0, nil
	}
	return runCommand(command, env, signals)
}

// runCommand runs the command and passes signals on to it. A terminal has sent
// an interrupt to it already; it is not told twice.
func runCommand(command, env []string, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case sig := <-signals:
			if sig != os.Interrupt {
				_ = cmd.Process.Signal(sig)
			}
		case err := <-done:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return max(exit.ExitCode(), 1), nil
			}
			return 0, err
		}
	}
}
