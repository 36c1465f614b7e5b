package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/postrider/postrider/pkg/testkit/server"
)

// plan is what an installation is made of.
type plan struct {
	clients     int
	connections int      // of each worker
	script      string   // of the sink
	sink        []string // its flags
	smtp        string   // how the worker speaks to it: user:password@, and ?tls=
	own         bool     // a PostgreSQL of its own
	dir         string   // where that one has its data
}

// world is one installation with one user, whose clients get one mailing.
type world struct {
	*scenario
	plan
	dir      string
	postgres *server.Server
	redis    *server.Server
	db       *sql.DB
	env      []string
	base     string // of the API
	api      *process
	sinkAddr string
	taken    string // the sink's log
	token    string
	spawned  int

	mu    sync.Mutex
	codes map[int]int // how often the API answered what
}

// newWorld starts everything but the workers, and makes the clients.
func (c *scenario) newWorld(name string, p plan) *world {
	w := c.emptyWorld(name, p)
	w.startDatabase()
	redisDir := filepath.Join(w.dir, "redis-home")
	w.must(makeDir(redisDir), "make a folder")
	redis, err := server.StartRedis(redisDir)
	w.must(err, "start Redis")
	w.redis = redis
	w.atEnd(func() { _ = redis.Stop("immediate") })
	w.startSink()
	addr, _, err := server.FreePort()
	w.must(err, "find a free port")
	w.base = "http://" + addr
	w.env = append(w.env,
		"POSTRIDER_REDIS_URL="+redis.URL,
		"POSTRIDER_SECRET_KEY="+secretKey,
		"POSTRIDER_HTTP_ADDR="+addr,
	)
	w.startAPI()
	w.register()
	w.insertClients()
	return w
}

// emptyWorld is a folder and no process.
func (c *scenario) emptyWorld(name string, p plan) *world {
	if p.connections == 0 {
		p.connections = 10
	}
	w := &world{scenario: c, plan: p, dir: filepath.Join(c.dir, slug(name)), codes: map[int]int{}}
	c.must(makeDir(w.dir), "make a folder")
	return w
}

func (w *world) startDatabase() {
	databaseURL := ""
	if w.own {
		dir := w.plan.dir
		if dir == "" {
			dir = w.dir
		}
		postgres, err := server.StartPostgres(dir)
		w.must(err, "start PostgreSQL")
		w.postgres = postgres
		w.atEnd(func() { _ = postgres.Stop("immediate") })
		databaseURL = postgres.URL
		w.must(w.migrate(databaseURL), "migrate")
	} else {
		var err error
		databaseURL, err = w.newDatabase()
		w.must(err, "make a database")
	}
	w.env = append(w.env, "POSTRIDER_DATABASE_URL="+databaseURL)
	w.open("pgx", databaseURL)
}

func (w *world) open(driver, dsn string) {
	db, err := sql.Open(driver, dsn)
	w.must(err, "open the database")
	db.SetMaxIdleConns(1)
	w.db = db
	w.atEnd(func() { _ = db.Close() })
}

func (w *world) startSink() {
	w.taken = filepath.Join(w.dir, "taken.log")
	args := append([]string{"sink", "--listen", "127.0.0.1:0", "--log", w.taken}, w.plan.sink...)
	if w.script != "" {
		file := filepath.Join(w.dir, "script.sink")
		w.must(os.WriteFile(file, fmt.Appendf(nil, "seed %d\n%s\n", w.seed%1_000_000+1, w.script), 0o644), "write the script")
		args = append(args, "--script", file)
	}
	w.sinkAddr = w.spawn("sink", nil, "postrider", args...).says("listening: ")
	user, query, found := strings.Cut(w.smtp, "?")
	if !found {
		query = "tls=none"
	}
	w.env = append(w.env, fmt.Sprintf("POSTRIDER_SMTP_URL=smtp://%s%s?%s&connections=%d", user, w.sinkAddr, query, w.connections))
}

func (w *world) startAPI() {
	w.api = w.spawn("api", w.env, "api")
	w.awaitAPI()
}

// worker starts one; with environment beside the world's.
func (w *world) worker(env ...string) *process {
	p := w.spawn("worker", append(env, w.env...), "worker")
	p.says("worker is ready")
	return p
}

// workers starts some, which are not needed one by one.
func (w *world) workers(n int) []*process {
	var all []*process
	for range n {
		all = append(all, w.worker())
	}
	return all
}

func address(i int) string { return fmt.Sprintf("c%d@example.org", i) }

// insertClients makes the clients at once.
func (w *world) insertClients() {
	numbers := "generate_series(0, %d) AS g(i)"
	if w.db.Driver() == sqliteDriver {
		numbers = "(WITH RECURSIVE g(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM g WHERE i < %d) SELECT i FROM g)"
	}
	_, err := w.db.Exec(fmt.Sprintf("INSERT INTO clients (owner_id, email, full_name, search, attributes, created_at, updated_at)"+
		" SELECT u.id, 'c' || i || '@example.org', 'Client ' || i, 'c' || i, '{\"city\":\"Pskov\"}', u.created_at, u.created_at"+
		" FROM users u, "+numbers+" WHERE u.email = '%s'", w.clients-1, userEmail))
	w.must(err, "make the clients")
}

// number asks the database for one; it must be there.
func (w *world) number(query string, args ...any) int {
	var n sql.NullInt64
	w.must(w.db.QueryRow(query, args...).Scan(&n), "ask the database")
	return int(n.Int64)
}

func (w *world) exec(query string, args ...any) {
	_, err := w.db.Exec(query, args...)
	w.must(err, "change the database")
}

// taking is a line of the sink's log.
type taking struct {
	at time.Time
	to string
}

// takings is what the sink has taken so far.
func (w *world) takings() []taking {
	text, err := os.ReadFile(w.taken)
	if err != nil {
		return nil // nothing yet
	}
	var all []taking
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if len(f) < 3 || !bytes.HasSuffix(line, []byte("\n")) {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, f[0])
		w.must(err, "read the sink's log")
		if _, err := strconv.Atoi(f[1]); err == nil {
			all = append(all, taking{at, f[2]})
		}
	}
	return all
}

// count is how many mails the sink has taken.
func (w *world) count() int {
	text, _ := os.ReadFile(w.taken)
	return bytes.Count(text, []byte("\n"))
}

// sent waits until the sink has taken so many.
func (w *world) sent(n int) {
	w.poll(4*time.Minute, fmt.Sprintf("%d mails taken", n), func() bool { return w.count() >= n })
}

// after counts what was taken later than a moment.
func (w *world) after(t time.Time) int {
	n := 0
	for _, x := range w.takings() {
		if x.at.After(t) {
			n++
		}
	}
	return n
}

// flushRedis empties it while it runs.
func (w *world) flushRedis() {
	w.must(flushAll(w.redis.Addr), "empty Redis")
}
