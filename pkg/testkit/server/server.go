// Package server starts the servers that tests need as processes of their own:
// found on the machine or installed, on free ports, with data in a folder given,
// and as a plain user even for root. It imports nothing of ours, so that the
// program that starts them builds whatever state the rest is in.
package server

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTimeout bounds how long a server may take until it is ready; generous,
// because a machine under test is a busy machine.
const startTimeout = 60 * time.Second

// RedisDatabases is how many numbered databases a Redis of StartRedis has.
const RedisDatabases = 4096

// The environment variables by which tests learn of shared servers.
const (
	PostgresEnv = "POSTRIDER_TEST_DATABASE_URL" // a superuser's URL of the database "postgres"
	RedisEnv    = "POSTRIDER_TEST_REDIS_URL"    // database 0 is testkit's own
)

// Server is a server process of a test. Its address stays the same when it is
// stopped and started again. Methods are for one goroutine at a time.
type Server struct {
	URL  string // how programs reach it
	Addr string // host:port
	Dir  string // its data

	command func() *exec.Cmd
	ready   string // what it logs when it takes connections
	signals map[string]os.Signal
	running *exec.Cmd
	exited  chan struct{}
}

// StartPostgres makes an empty cluster below dir and starts it. It does not
// sync to disk: its data survives its own crash, not the machine's.
func StartPostgres(dir string) (*Server, error) { return StartPostgresWith(dir) }

// StartPostgresWith is StartPostgres with settings of its own, as "fsync=on".
func StartPostgresWith(dir string, settings ...string) (*Server, error) {
	bin, err := Find("postgres")
	if err != nil {
		return nil, err
	}
	if bin, err = filepath.EvalSymlinks(bin); err != nil { // initdb stands beside it
		return nil, err
	}
	addr, port, err := FreePort()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "postgres")
	if err := ownDir(data); err != nil {
		return nil, err
	}
	initdb := asUser(exec.Command(filepath.Join(filepath.Dir(bin), "initdb"),
		"-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"))
	initdb.Dir = data
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	s := &Server{
		URL: "postgres://postgres@" + addr + "/postgres?sslmode=disable", Addr: addr, Dir: data,
		ready: "database system is ready to accept connections",
		signals: map[string]os.Signal{
			"smart": syscall.SIGTERM, "fast": syscall.SIGINT, "immediate": syscall.SIGQUIT,
		},
		command: func() *exec.Cmd {
			args := []string{"-D", data, "-p", port}
			for _, s := range append([]string{
				"listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "full_page_writes=off",
				"max_connections=400", "shared_buffers=128MB", "lc_messages=C", "autovacuum_naptime=10s",
			}, settings...) { // of two alike the later one counts
				args = append(args, "-c", s)
			}
			return exec.Command(bin, args...)
		},
	}
	return s, s.Start()
}

// StartRedis starts a Redis that keeps nothing on disk.
func StartRedis(dir string) (*Server, error) {
	bin, err := Find("redis-server")
	if err != nil {
		return nil, err
	}
	addr, port, err := FreePort()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "redis")
	if err := ownDir(data); err != nil {
		return nil, err
	}
	s := &Server{
		URL: "redis://" + addr + "/0", Addr: addr, Dir: data,
		ready:   "Ready to accept connections",
		signals: map[string]os.Signal{"fast": syscall.SIGTERM, "immediate": syscall.SIGKILL},
		command: func() *exec.Cmd {
			return exec.Command(bin, "--port", port, "--bind", "127.0.0.1", "--dir", data,
				"--save", "", "--appendonly", "no", "--databases", strconv.Itoa(RedisDatabases),
				"--maxmemory-policy", "noeviction")
		},
	}
	return s, s.Start()
}

// Start starts a stopped server, at its old address, and waits until it takes
// connections. A Redis comes back empty, a PostgreSQL with its data.
func (s *Server) Start() error {
	if s.running != nil {
		return nil
	}
	cmd := asUser(s.command())
	cmd.Dir = s.Dir
	log, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	s.running, s.exited = cmd, make(chan struct{})
	go func(exited chan struct{}) {
		_ = cmd.Wait()
		_ = w.Close()
		close(exited)
	}(s.exited)

	ready := make(chan struct{})
	said := &tail{}
	go said.copy(log, s.ready, ready)
	select {
	case <-ready:
		return nil
	case <-s.exited:
		s.running = nil
		return fmt.Errorf("%s ended at its start:\n%s", cmd.Path, said)
	case <-time.After(startTimeout):
		_ = s.Stop("immediate")
		return fmt.Errorf("%s was not ready after %s:\n%s", cmd.Path, startTimeout, said)
	}
}

// Stop ends the server and waits for its end. The mode is "fast", which is
// clean, or "immediate", which is a crash; PostgreSQL also knows "smart".
func (s *Server) Stop(mode string) error {
	if s.running == nil {
		return nil
	}
	sig, ok := s.signals[mode]
	if !ok {
		return fmt.Errorf("stop: unknown mode %q", mode)
	}
	if err := s.running.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.exited
	s.running = nil
	return nil
}

// TempDir makes a folder that the servers' user can enter. The caller removes it.
func TempDir() (string, error) {
	dir, err := os.MkdirTemp("", "postrider-test-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// ownDir makes a private folder of the servers' user.
func ownDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if cred := serverUser(); cred != nil {
		return os.Chown(dir, int(cred.Uid), int(cred.Gid))
	}
	return nil
}

// serverUser is whom servers run as: PostgreSQL refuses to be root. nil means
// whoever runs the tests.
var serverUser = sync.OnceValue(func() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return nil
})

func asUser(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: serverUser(),
		Setpgid:    true, // Ctrl-C in the terminal is for us; we stop it in order
	}
	DieWithParent(cmd.SysProcAttr)
	return cmd
}

// given are the ports that this process has found.
var given sync.Map

// FreePort finds a port of the loopback that nobody listens on now, another one
// at each call. It is below those that the kernel gives to outgoing connections
// (32768 and up on Linux): one of these may be taken again before a server
// listens on it, or while it is down.
func FreePort() (addr, port string, err error) {
	for range 100 {
		port = strconv.Itoa(20_000 + rand.IntN(12_000))
		if _, twice := given.LoadOrStore(port, true); twice {
			continue
		}
		addr = net.JoinHostPort("127.0.0.1", port)
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err == nil {
			return addr, port, l.Close()
		}
	}
	return "", "", err
}

// tail keeps the last lines of a server's log for an error message.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (l *tail) copy(r io.Reader, want string, found chan<- struct{}) {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		line := bytes.TrimSpace(scanner.Bytes())
		l.mu.Lock()
		l.lines = append(l.lines[max(0, len(l.lines)-19):], string(line))
		l.mu.Unlock()
		if found != nil && bytes.Contains(line, []byte(want)) {
			close(found)
			found = nil
		}
	}
	_, _ = io.Copy(io.Discard, r)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
