package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/postrider/postrider/pkg/testkit/server"
)

// process is a program in a session of its own.
type process struct {
	*world
	name string
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it has ended
}

// spawn starts one of our programs until the row ends; what it says goes to a
// file beside those of the others.
func (w *world) spawn(name string, env []string, program string, args ...string) *process {
	w.mu.Lock()
	w.spawned++
	name = fmt.Sprintf("%s%d", name, w.spawned)
	w.mu.Unlock()
	p := &process{world: w, name: name, log: filepath.Join(w.dir, name+".log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	w.must(err, "open the log of %s", name)
	defer log.Close()
	p.cmd = exec.Command(filepath.Join(w.bin, program), args...)
	p.cmd.Dir = w.dir // no .env of the checkout
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "POSTRIDER_LOG_FORMAT=text", "POSTRIDER_LIMITS=off"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	server.DieWithParent(p.cmd.SysProcAttr)
	w.must(p.cmd.Start(), "start %s", name)
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	w.atEnd(p.kill)
	return p
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) output() string {
	b, _ := os.ReadFile(p.log)
	return string(b)
}

func (p *process) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// signal tells the process something; one that has ended is not told.
func (p *process) signal(s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); !errors.Is(err, os.ErrProcessDone) {
		p.must(err, "signal %s", p.name)
	}
}

// kill ends it as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// killed reports whether it ended by SIGKILL.
func (p *process) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// stop asks it to end and answers how it did, and after what time.
func (p *process) stop() (code int, took time.Duration) {
	begin := time.Now()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(60 * time.Second):
		panic(ended{fmt.Errorf("%s did not end within a minute", p.name)})
	}
	return p.cmd.ProcessState.ExitCode(), time.Since(begin)
}

// says waits for a line that has a text and answers what follows the text.
func (p *process) says(text string) (rest string) {
	p.poll(60*time.Second, p.name+" to say "+text, func() bool {
		sc := bufio.NewScanner(strings.NewReader(p.output()))
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			if _, after, found := strings.Cut(sc.Text(), text); found {
				rest = strings.TrimSpace(after)
				return true
			}
		}
		if p.over() {
			panic(ended{fmt.Errorf("%s ended (%v) before it said %q", p.name, p.cmd.ProcessState, text)})
		}
		return false
	})
	return rest
}

// peakMemory is the most that a living process ever held, in MB; 0 where the
// system does not tell.
func (p *process) peakMemory() float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid()))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kb, _ := strconv.ParseFloat(strings.Fields(string(rest))[0], 64)
			return kb / 1024
		}
	}
	return 0
}
