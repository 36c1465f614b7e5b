package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// program is a foreign program that the tests need, and where it comes from.
type program struct {
	names   []string // on the PATH
	globs   []string // elsewhere; the last match in order wins
	debian  string   // packages
	brew    string   // formula
	version string   // the least that will do, for people
}

var programs = map[string]program{
	"postgres": {
		names:  []string{"postgres"},
		globs:  []string{"/usr/lib/postgresql/*/bin/postgres", "/usr/pgsql-*/bin/postgres", "/opt/homebrew/opt/postgresql@*/bin/postgres"},
		debian: "postgresql", brew: "postgresql@15", version: "15",
	},
	"redis-server": {
		names:  []string{"redis-server", "valkey-server"},
		debian: "redis-server", brew: "redis", version: "6.2",
	},
	"gcc": { // for -race
		names:  []string{"gcc", "clang", "cc"},
		debian: "gcc libc6-dev", brew: "llvm", version: "8",
	},
	"chromium": {
		names:  []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"},
		globs:  []string{"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"},
		debian: "chromium", brew: "--cask chromium", version: "120",
	},
}

// Find returns the path of a program that tests need: "postgres",
// "redis-server", "gcc" or "chromium". The error says how to install it.
func Find(name string) (string, error) {
	p, ok := programs[name]
	if !ok {
		return "", fmt.Errorf("the tests know no program %q", name)
	}
	for _, n := range p.names {
		if path, err := exec.LookPath(n); err == nil {
			return filepath.Abs(path)
		}
	}
	for _, g := range p.globs {
		if found, _ := filepath.Glob(g); len(found) > 0 {
			return slices.Max(found), nil
		}
	}
	command := "sudo apt-get install " + p.debian
	if runtime.GOOS == "darwin" {
		command = "brew install " + p.brew
	}
	return "", fmt.Errorf("%s %s or newer was not found; install it: %s", name, p.version, command)
}

// Install gets the programs of these names that are missing with the system's
// package manager, if this is root on a Debian-like system; its output goes to
// log. Else it fails with the commands to type. No service is started by it.
func Install(log io.Writer, names ...string) error {
	var missing []error
	var packages []string
	for _, name := range names {
		if _, err := Find(name); err != nil {
			missing = append(missing, err)
			packages = append(packages, strings.Fields(programs[name].debian)...)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Geteuid() != 0 {
		return errors.Join(missing...)
	}
	restore, err := forbidServices()
	if err != nil {
		return err
	}
	defer restore()
	_, _ = fmt.Fprintln(log, "installing", strings.Join(packages, " "))
	for _, args := range [][]string{
		{"update", "-q"},
		append([]string{"install", "-q", "-y", "--no-install-recommends"}, packages...),
	} {
		cmd := exec.Command(apt, args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("apt-get %s: %w", strings.Join(args, " "), err)
		}
	}
	for _, name := range names {
		if _, err := Find(name); err != nil {
			return err
		}
	}
	return nil
}

// forbidServices keeps Debian packages from starting what they install, by the
// policy file that the maintainer scripts ask, unless the machine has one.
func forbidServices() (restore func(), err error) {
	const policy = "/usr/sbin/policy-rc.d"
	f, err := os.OpenFile(policy, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if errors.Is(err, os.ErrExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString("#!/bin/sh\nexit 101\n")
	return func() { _ = os.Remove(policy) }, errors.Join(err, f.Close())
}
