package cmd_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/testkit"
)

// canaries are secrets that are used once, by name, to be searched for
// everywhere afterwards.
type canaries struct {
	t       *testing.T
	secrets map[string]string
	seen    bytes.Buffer // answers that may hold none
}

func (c *canaries) keep(name, secret string) string {
	c.t.Helper()
	require.Greater(c.t, len(secret), 12, name)
	c.secrets[name] = secret
	return secret
}

// none demands that a place holds no secret, neither as it is nor as it is
// written in base64, in an address or in JSON.
func (c *canaries) none(place, text string) {
	c.t.Helper()
	require.NotEmpty(c.t, text, "%s is empty: nothing was searched", place)
	for name, secret := range c.secrets {
		forms := []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))}
		if raw, err := base64.StdEncoding.DecodeString(secret); err == nil {
			forms = append(forms, string(raw), fmt.Sprintf("%x", raw))
		}
		for _, form := range forms {
			if i := strings.Index(text, form); i >= 0 {
				c.t.Errorf("%s shows %s: …%q", place, name, text[max(0, i-80):i])
			}
		}
	}
}

// journey uses a secret of each kind over the API, and gathers what it answers
// to mistakes made with them.
func (c *canaries) journey(base, adminPassword, sink string) {
	t := c.t
	admin := &person{t: t, base: base, email: "root@example.com"}
	anna := &person{t: t, base: base, email: "anna@example.com"}
	first, second := c.keep("a password", "canary-first-password-41"), c.keep("the password after it", "canary-second-password-42")
	signIn := func(p *person, kind, password string) {
		var tokens struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}
		p.must(http.StatusOK, "POST", "/auth/login", map[string]any{"email": p.email, "password": password}, &tokens)
		p.token = c.keep("the access token of "+kind, tokens.Access)
		refresh := c.keep("the refresh token of "+kind, tokens.Refresh)
		p.must(http.StatusOK, "POST", "/auth/refresh", map[string]any{"refresh_token": refresh}, &tokens)
		p.token = c.keep("the next access token of "+kind, tokens.Access)
		c.keep("the next refresh token of "+kind, tokens.Refresh)
	}
	wrong := func(status int, p *person, method, path string, body any) {
		t.Helper()
		got, raw, err := p.call(method, path, body)
		require.NoError(t, err)
		require.Equal(t, status, got, "%s %s: %s", method, path, raw)
		c.seen.Write(raw)
	}
	anna.must(http.StatusCreated, "POST", "/auth/register", map[string]any{"email": anna.email, "password": first}, nil)
	signIn(anna, "a user", first)
	wrong(http.StatusUnauthorized, anna, "POST", "/auth/login", map[string]any{"email": anna.email, "password": c.keep("a wrong password", "canary-wrong-password-43")})
	wrong(http.StatusUnauthorized, anna, "POST", "/auth/login", map[string]any{"email": c.keep("a password in the wrong field", "canary wrong field 44"), "password": first})
	wrong(http.StatusUnauthorized, anna, "POST", "/auth/refresh", map[string]any{"refresh_token": c.keep("a made-up token", "canary-made-up-token-45")})
	wrong(http.StatusUnprocessableEntity, anna, "POST", "/me/password", map[string]any{"current_password": "canary-wrong-password-43", "new_password": "x"})
	anna.must(http.StatusNoContent, "POST", "/me/password", map[string]any{"current_password": first, "new_password": second}, nil)
	var key struct {
		Key string `json:"key"`
	}
	anna.must(http.StatusCreated, "POST", "/api-keys", map[string]any{"name": "program", "scopes": []string{"clients:read"}}, &key)
	program := &person{t: t, base: base, token: c.keep("an API key", key.Key)}
	program.must(http.StatusOK, "GET", "/clients", nil, nil)
	wrong(http.StatusForbidden, program, "POST", "/clients", map[string]any{"email": "x@example.org"})

	signIn(admin, "a superuser", adminPassword)
	host, port, err := net.SplitHostPort(sink)
	require.NoError(t, err)
	var transport struct {
		ID int64 `json:"id"`
	}
	settings := map[string]any{
		"name": "relay", "host": host, "port": atoi(t, port), "tls": "none", "username": "relay", "password": c.keep("the password of a transport", "canary-transport-46"),
	}
	body, err := json.Marshal(settings)
	require.NoError(t, err)
	plain, none := sha256.Sum256(body), sha256.Sum256(nil)
	c.keep("a hash of a body, by which a password can be guessed", hex.EncodeToString(plain[:]))
	twice := sha256.Sum256(append(plain[:], none[:]...)) // with the empty query
	c.keep("a hash of its hashes", hex.EncodeToString(twice[:]))
	admin.once = "the transport"
	admin.must(http.StatusCreated, "POST", "/transports", settings, &transport)
	admin.once = ""
	admin.must(http.StatusOK, "POST", fmt.Sprintf("/transports/%d/check", transport.ID), nil, nil) // the sink refuses it
	admin.must(http.StatusOK, "PATCH", fmt.Sprintf("/transports/%d", transport.ID), map[string]any{"enabled": false}, nil)
	wrong(http.StatusUnprocessableEntity, admin, "PATCH", fmt.Sprintf("/transports/%d", transport.ID), map[string]any{"password": strings.Repeat("canary-transport-46", 100)})
	for _, path := range []string{fmt.Sprintf("/transports/%d", transport.ID), "/audit?limit=200", "/users", "/system"} {
		wrong(http.StatusOK, admin, "GET", path, nil)
	}
	anna.clients(3)
	m := anna.mail(map[string]any{})
	anna.until(m.ID, "finished")

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/metrics", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+admin.token)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	_, err = io.Copy(&c.seen, res.Body)
	require.NoError(t, err)
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	var n int
	_, err := fmt.Sscan(text, &n)
	require.NoError(t, err)
	return n
}

// crash makes a program dump all its goroutines and die.
func (c *canaries) crash(name string, p *process) {
	require.NoError(c.t, p.cmd.Process.Signal(syscall.SIGQUIT))
	<-p.done
	out := p.output()
	require.Contains(c.t, out, "goroutine ", name)
	c.none("the log and crash of "+name, out)
}

// watched is everything that is ever said to a Redis.
type watched struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func watch(t *testing.T, redisURL string) *watched {
	t.Helper()
	u, err := url.Parse(redisURL)
	require.NoError(t, err)
	conn, err := net.Dial("tcp", u.Host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "MONITOR\r\n")
	require.NoError(t, err)
	ok := make([]byte, 5)
	_, err = io.ReadFull(conn, ok)
	require.NoError(t, err)
	require.Equal(t, "+OK\r\n", string(ok))
	w := &watched{}
	go func() { _, _ = io.Copy(w, conn) }()
	return w
}

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// TestSecretsStandNowhere uses secrets of every kind and looks for them in
// logs, in what Redis was told, in the database, in metrics and answers, and in
// what a crash leaves behind.
func TestSecretsStandNowhere(t *testing.T) {
	t.Parallel()
	c := &canaries{t: t, secrets: map[string]string{}}
	sink, err := mailbox.StartSink(mailbox.SinkOptions{Extensions: []string{"AUTH PLAIN LOGIN"}, Username: "canary", Password: c.keep("the password of the mail server", "canary-smtp-password-47")})
	require.NoError(t, err)
	t.Cleanup(func() { _ = sink.Close() })
	redis, database, addr := testkit.RedisServer(t), testkit.DatabaseURL(t, testkit.Postgres), freeAddr(t)
	heard := watch(t, redis.URL)
	admin := c.keep("the password of the superuser", "canary-admin-password-48")
	env := []string{
		"POSTRIDER_DATABASE_URL=" + database, "POSTRIDER_REDIS_URL=" + redis.URL, "POSTRIDER_HTTP_ADDR=" + addr, "POSTRIDER_LOG_LEVEL=debug",
		"POSTRIDER_SECRET_KEY=" + c.keep("the secret key", secretKey()),
		"POSTRIDER_SECRET_KEY_PREVIOUS=" + c.keep("the former secret key", "kW4h0dYkzq3s7Yv0mXv5Jc2n8b1pQeRtUwZxA6fGhIo="),
		fmt.Sprintf("POSTRIDER_SMTP_URL=smtp://canary:canary-smtp-password-47@%s?tls=none", sink.Addr()),
		"POSTRIDER_ADMIN_EMAIL=root@example.com", "POSTRIDER_ADMIN_PASSWORD=" + admin,
	}
	code, out := run(t, env, "create-superuser")
	require.Zero(t, code, out)
	c.none("create-superuser", out)
	_, out = run(t, env, "up", "--help")
	c.none("--help", out)
	api, worker := start(t, env, "api"), start(t, env, "worker")
	in := &installation{t: t, base: "http://" + addr}
	in.ready(http.StatusOK)

	c.journey(in.base, admin, sink.Addr())
	c.none("the answers and the metrics", c.seen.String())
	c.none("Redis", heard.String())
	c.none("the database", dump(t, database))
	c.crash("api", api)
	c.crash("worker", worker)
}

// dump is every row of every table.
func dump(t *testing.T, databaseURL string) string {
	t.Helper()
	db, err := sql.Open("pgx", databaseURL)
	require.NoError(t, err)
	defer db.Close()
	texts := func(query string) (out []string) {
		rows, err := db.Query(query)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var text string
			require.NoError(t, rows.Scan(&text))
			out = append(out, text)
		}
		require.NoError(t, rows.Err())
		return out
	}
	var all strings.Builder
	tables := texts("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
	require.Greater(t, len(tables), 15)
	for _, table := range tables {
		all.WriteString(strings.Join(texts("SELECT x::text FROM "+table+" x"), "\n"))
	}
	return all.String()
}

// TestSecretsStandNowhereInTheDataFolder is the same for the embedded mode,
// where the file of the secret key alone may hold one.
func TestSecretsStandNowhereInTheDataFolder(t *testing.T) {
	t.Parallel()
	c := &canaries{t: t, secrets: map[string]string{}}
	sink, err := mailbox.StartSink(mailbox.SinkOptions{Extensions: []string{"AUTH PLAIN LOGIN"}, Username: "canary", Password: "canary-smtp-password-47"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = sink.Close() })
	dir := t.TempDir()
	admin := c.keep("the password of the superuser", "canary-admin-password-48")
	p, base := embedded(t, dir, "POSTRIDER_ADMIN_EMAIL=root@example.com", "POSTRIDER_ADMIN_PASSWORD="+admin, "POSTRIDER_LOG_LEVEL=debug")
	c.journey(base, admin, sink.Addr())
	c.none("the answers and the metrics", c.seen.String())
	c.crash("postrider", p)
	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err == nil && len(raw) > 0 {
			c.none(filepath.Base(path), string(raw))
			files++
		}
		return err
	}))
	require.GreaterOrEqual(t, files, 3)
}
