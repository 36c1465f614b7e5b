package cmd_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// bin is where TestMain builds the programs that these tests start.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "postrider-bin-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-o", dir+"/", "./api", "./worker", "./postrider")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s\n%v\n", out, err)
			return 1
		}
		bin = dir
		return m.Run()
	}())
}

// process is a started program.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error

	mu  sync.Mutex
	log bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// start runs a program with settings until the test ends.
func start(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(filepath.Join(bin, name), args...), done: make(chan struct{})}
	p.cmd.Dir = t.TempDir() // no .env of the checkout
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.cmd.Dir, "POSTRIDER_LOG_FORMAT=text", "POSTRIDER_LIMITS=off"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	require.NoError(t, p.cmd.Start())
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s %v:\n%s", name, args, tail(p.output(), 6000))
		}
	})
	return p
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// kill ends the program as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stop asks the program to end and answers its exit status.
func (p *process) stop() int {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("the program did not end within 30 s:\n%s", tail(p.output(), 4000))
	}
	return p.cmd.ProcessState.ExitCode()
}

// says waits for a line that begins with a prefix and answers what follows.
func (p *process) says(prefix string) string {
	p.t.Helper()
	for {
		sc := bufio.NewScanner(strings.NewReader(p.output()))
		for sc.Scan() {
			if rest, ok := strings.CutPrefix(sc.Text(), prefix); ok {
				return strings.TrimSpace(rest)
			}
		}
		select {
		case <-p.done:
			p.t.Fatalf("the program ended (%v) before it said %q:\n%s", p.err, prefix, p.output())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// shows waits for the program to print something.
func (p *process) shows(text string) {
	p.t.Helper()
	for !strings.Contains(p.output(), text) {
		select {
		case <-p.done:
			p.t.Fatalf("the program ended (%v) before it showed %q:\n%s", p.err, text, p.output())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// run starts a command, waits for its end and answers exit status and output.
func run(t *testing.T, env []string, args ...string) (int, string) {
	t.Helper()
	p := start(t, env, "postrider", args...)
	select {
	case <-p.done:
	case <-time.After(60 * time.Second):
		t.Fatalf("postrider %v did not end:\n%s", args, p.output())
	}
	return p.cmd.ProcessState.ExitCode(), p.output()
}

// person talks to an API as one user.
type person struct {
	t     *testing.T
	base  string
	token string
	email string
	once  string // the Idempotency-Key of its calls; "": none
}

const password = "correct horse 9"

// register makes an account and signs in.
func register(t *testing.T, base, email string) *person {
	t.Helper()
	p := &person{t: t, base: base, email: email}
	p.must(http.StatusCreated, "POST", "/auth/register", map[string]any{"email": email, "password": password, "timezone": "Europe/Moscow"}, nil)
	p.login()
	return p
}

func (p *person) login() {
	p.t.Helper()
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	p.must(http.StatusOK, "POST", "/auth/login", map[string]any{"email": p.email, "password": password}, &tokens)
	p.token = tokens.AccessToken
}

func (p *person) call(method, path string, body any) (int, []byte, error) {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(p.t, err)
		in = bytes.NewReader(raw)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, p.base+"/api/v1"+path, in)
	require.NoError(p.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.once != "" {
		req.Header.Set("Idempotency-Key", p.once)
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, raw, err
}

// must calls, holds the status and reads the answer into out.
func (p *person) must(status int, method, path string, body, out any) {
	p.t.Helper()
	got, raw, err := p.call(method, path, body)
	require.NoError(p.t, err)
	require.Equal(p.t, status, got, "%s %s: %s", method, path, raw)
	if out != nil {
		require.NoError(p.t, json.Unmarshal(raw, out))
	}
}

func address(i int) string { return fmt.Sprintf("c%d@example.org", i) }

// clients makes n clients, several at a time.
func (p *person) clients(n int) {
	p.t.Helper()
	work := make(chan int)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range work {
				status, raw, err := p.call("POST", "/clients", map[string]any{
					"email": address(i), "full_name": fmt.Sprintf("Клиент %d", i), "attributes": map[string]any{"city": "Псков"},
				})
				if err != nil || status != http.StatusCreated {
					p.t.Errorf("client %d: %d %s %v", i, status, raw, err)
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	require.False(p.t, p.t.Failed())
}

type mailing struct {
	ID        int64     `json:"id"`
	Status    string    `json:"status"`
	Reason    string    `json:"reason"`
	LastRunID *int64    `json:"last_run_id"`
	NextRunAt time.Time `json:"next_run_at"`
}

type report struct {
	RunID      int64            `json:"run_id"`
	Status     string           `json:"status"`
	PlannedAt  time.Time        `json:"planned_at"`
	StartedAt  time.Time        `json:"started_at"`
	FinishedAt time.Time        `json:"finished_at"`
	Counts     map[string]int64 `json:"counts"`
}

func (p *person) message() int64 {
	p.t.Helper()
	var m struct {
		ID int64 `json:"id"`
	}
	p.must(http.StatusCreated, "POST", "/messages", map[string]any{
		"name": "Hello", "subject": "Привет, {{ client.full_name }}", "html": "<p>{{ client.full_name }} из города {{ client.attributes.city }}</p>",
	}, &m)
	return m.ID
}

// mail makes a mailing to all clients; settings are added to its body.
func (p *person) mail(settings map[string]any) mailing {
	p.t.Helper()
	body := map[string]any{"name": "News", "message_id": p.message(), "audience": map[string]any{"all": true}}
	for k, v := range settings {
		body[k] = v
	}
	var m mailing
	p.must(http.StatusCreated, "POST", "/mailings", body, &m)
	return m
}

// until waits for a mailing to come to a status; an API that is away for a
// while is waited for.
func (p *person) until(id int64, status string) mailing {
	p.t.Helper()
	var m mailing
	require.Eventually(p.t, func() bool {
		code, raw, err := p.call("GET", fmt.Sprintf("/mailings/%d", id), nil)
		return err == nil && code == http.StatusOK && json.Unmarshal(raw, &m) == nil && m.Status == status
	}, 120*time.Second, 50*time.Millisecond, "the mailing never became %s", status)
	return m
}

// report answers the report of a run, held against the promise of its sums.
func (p *person) report(m mailing) report {
	p.t.Helper()
	require.NotNil(p.t, m.LastRunID)
	var r report
	p.must(http.StatusOK, "GET", fmt.Sprintf("/reports/%d", *m.LastRunID), nil, &r)
	sum := int64(0)
	for state, n := range r.Counts {
		if state != "planned" {
			sum += n
		}
	}
	require.Len(p.t, r.Counts, 10)
	require.Equal(p.t, r.Counts["planned"], sum, "%v", r.Counts)
	return r
}

type delivery struct {
	ID           int64  `json:"id"`
	Email        string `json:"email"`
	State        string `json:"state"`
	Attempts     int    `json:"attempts"`
	LastCode     int    `json:"last_code"`
	LastResponse string `json:"last_response"`
}

type attempt struct {
	DeliveryID int64  `json:"delivery_id"`
	Number     int    `json:"number"`
	Outcome    string `json:"outcome"`
	Code       int    `json:"code"`
	Response   string `json:"response"`
}

// all reads a list to its end.
func all[T any](p *person, path string) []T {
	p.t.Helper()
	var out []T
	for cursor := ""; ; {
		var page struct {
			Items      []T     `json:"items"`
			NextCursor *string `json:"next_cursor"`
		}
		p.must(http.StatusOK, "GET", path+"?limit=200"+cursor, nil, &page)
		out = append(out, page.Items...)
		if page.NextCursor == nil {
			return out
		}
		cursor = "&cursor=" + *page.NextCursor
	}
}

func secretKey() string {
	return "vQm8rJ2zXn5tHk7yLw0cFp3sBd6gEa9uRi1oTe4xYWM="
}
