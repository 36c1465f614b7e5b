package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a started program of the product.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.log.Len() > 1<<20 {
		return len(b), nil
	}
	return p.log.Write(b)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// start runs a program and waits until it has said a word.
func (s *stage) start(ctx context.Context, env []string, word, name string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(filepath.Join(s.bin, name), args...), done: make(chan struct{})}
	p.cmd.Dir = s.dir // no .env of the checkout
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "POSTRIDER_LOG_FORMAT=text", "POSTRIDER_LIMITS=off"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	for !strings.Contains(p.output(), word) {
		select {
		case <-p.done:
			return nil, fmt.Errorf("%s ended before it was ready:\n%s", name, p.output())
		case <-ctx.Done():
			_ = p.stop()
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return p, nil
}

// stop asks the program to end and waits for it.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(40 * time.Second):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("%s had to be killed:\n%s", p.name, p.output())
	}
}

// cpu is what the program has used so far.
func (p *process) cpu() (time.Duration, error) {
	t, err := timesOf(p.cmd.Process.Pid)
	return t.own, err
}

// peak is the most memory it ever had, in bytes.
func (p *process) peak() (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no VmHWM", p.name)
}

// times are of one process and of its children that have ended.
type times struct {
	parent     int
	own, ended time.Duration
}

// timesOf reads /proc/PID/stat; a tick is 10 ms on every Linux that Go runs on.
func timesOf(pid int) (times, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return times{}, err
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:])) // the name may hold blanks
	var t times
	t.parent, _ = strconv.Atoi(fields[1])
	for i, to := range []*time.Duration{&t.own, &t.own, &t.ended, &t.ended} {
		ticks, err := strconv.ParseInt(fields[11+i], 10, 64)
		if err != nil {
			return t, err
		}
		*to += time.Duration(ticks) * 10 * time.Millisecond
	}
	return t, nil
}

// databaseCPU is what all processes of the PostgreSQL server have used so far:
// the postmaster, those of its children that live, and those that have ended.
func (s *stage) databaseCPU() (time.Duration, error) {
	raw, err := os.Open(filepath.Join(s.postgres.Dir, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	defer raw.Close()
	first := bufio.NewScanner(raw)
	first.Scan()
	postmaster, err := strconv.Atoi(strings.TrimSpace(first.Text()))
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		t, err := timesOf(pid)
		switch {
		case err != nil: // it has just ended
		case pid == postmaster:
			sum += t.own + t.ended
		case t.parent == postmaster:
			sum += t.own
		}
	}
	return sum, nil
}
