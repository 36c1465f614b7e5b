package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// accounts measures what a stranger could measure: whether a request that
// answers alike takes another time where there is an account. Each request names
// an address that nothing has named before, known and unknown ones in random order.
type accounts struct {
	Database string
	Times    int
	Seed     uint64
}

var defaultAccounts = accounts{Database: "postgres", Times: 200, Seed: 1}

func (a *accounts) flags(f *flag.FlagSet) {
	f.StringVar(&a.Database, "database", a.Database, "postgres (api and worker) or sqlite (the one process of the embedded mode)")
	f.IntVar(&a.Times, "times", a.Times, "how often each request is made, of known and of unknown accounts each")
	f.Uint64Var(&a.Seed, "seed", a.Seed, "of the order")
}

// told is what the times of a request tell of an account. Noise is how far the
// medians of two halves lie apart when the same times are dealt out at random:
// at most so far in 95 of 100 deals. Later is the difference of the request that
// comes next, as a mail to an account is written after its answer.
type told struct {
	Scenario   string  `json:"scenario"`
	Database   string  `json:"database"`
	Request    string  `json:"request"`
	Times      int     `json:"times"`
	Known      spread  `json:"known"`
	Unknown    spread  `json:"unknown"`
	Difference float64 `json:"difference_ms"`
	Later      float64 `json:"later_ms"`
	Noise      float64 `json:"noise_ms"`
}

// took is a time in milliseconds, and whether it was asked about a known account
// and right after one.
type took struct {
	ms           float64
	known, after bool
}

func timesOfThose(all []took, are func(took) bool) (out []float64) {
	for _, t := range all {
		if are(t) {
			out = append(out, t.ms)
		}
	}
	return out
}

// spread is the median and the quarters beside it, in milliseconds.
type spread struct {
	P25 float64 `json:"p25_ms"`
	P50 float64 `json:"p50_ms"`
	P75 float64 `json:"p75_ms"`
}

func spreadOf(times []float64) spread {
	at := func(q float64) float64 { return round(quantile(times, q)) }
	return spread{at(0.25), at(0.5), at(0.75)}
}

func quantile(times []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// question is a request that must answer alike for a known and an unknown
// account, the i-th of either.
type question struct {
	name   string
	path   string
	status int
	ask    func(known bool, i int) map[string]any
}

func (a *accounts) questions() []question {
	email := func(known bool, of string, i int) string {
		if known {
			return fmt.Sprintf("%s%d@example.com", of, i)
		}
		return fmt.Sprintf("nobody.%s%d@example.com", of, i)
	}
	ask := func(of string, more map[string]any) func(bool, int) map[string]any {
		return func(known bool, i int) map[string]any {
			body := map[string]any{"email": email(known, of, i)}
			for name, value := range more {
				body[name] = value
			}
			return body
		}
	}
	wrong, right := map[string]any{"password": "not the right one"}, map[string]any{"password": password}
	return []question{
		{"login, wrong password", "/auth/login", http.StatusUnauthorized, ask("login", wrong)},
		{"login, blocked account, right password", "/auth/login", http.StatusUnauthorized, ask("blocked", right)},
		{"forgot", "/auth/password/forgot", http.StatusAccepted, ask("forgot", nil)},
		{"register, with confirmation", "/auth/register", http.StatusAccepted, ask("register", right)},
		{"send the confirmation again", "/auth/confirm/resend", http.StatusAccepted, ask("resend", nil)},
	}
}

func (a *accounts) run(ctx context.Context, s *stage) error {
	target, err := startSink(s.self, sinkKind{EHLO: "pipelining"})
	if err != nil {
		return err
	}
	results, err := a.measure(ctx, s, target.Addr)
	_, _, sinkErr := target.stop()
	if err = errors.Join(err, sinkErr); err != nil {
		return err
	}
	for _, r := range results {
		if err := printJSON(r); err != nil {
			return err
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "\n| %s\t| known, ms\t| unknown, ms\t| difference\t| of the next\t| noise\t|\n| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t|\n", a.Database)
	for _, r := range results {
		fmt.Fprintf(w, "| %s\t| %.2f (%.2f to %.2f)\t| %.2f (%.2f to %.2f)\t| %+.2f\t| %+.2f\t| %.2f\t|\n", r.Request,
			r.Known.P50, r.Known.P25, r.Known.P75, r.Unknown.P50, r.Unknown.P25, r.Unknown.P75, r.Difference, r.Later, r.Noise)
	}
	return w.Flush()
}

func (a *accounts) measure(ctx context.Context, s *stage, sinkAddr string) (results []told, err error) {
	in, err := s.install(ctx, a.Database, sinkAddr, 0, 1, 10)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.stop()) }()
	if err := a.fill(ctx, in.db); err != nil {
		return nil, err
	}
	if err := in.restart(ctx, "POSTRIDER_CONFIRM_EMAIL=true"); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(a.Seed, 0))
	for _, q := range a.questions() {
		all, err := a.compare(ctx, in.person.base, q, random)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.name, err)
		}
		known := timesOfThose(all, func(t took) bool { return t.known })
		unknown := timesOfThose(all, func(t took) bool { return !t.known })
		r := told{Scenario: "accounts", Database: a.Database, Request: q.name, Times: a.Times, Known: spreadOf(known), Unknown: spreadOf(unknown)}
		r.Difference = round(r.Known.P50 - r.Unknown.P50)
		r.Later = round(quantile(timesOfThose(all, func(t took) bool { return t.after }), 0.5) -
			quantile(timesOfThose(all, func(t took) bool { return !t.after }), 0.5))
		r.Noise = round(noise(random, known, unknown))
		results = append(results, r)
	}
	return results, nil
}

// fill makes the known ones: accounts with Anna's password, and registrations
// that wait for their confirmation.
func (a *accounts) fill(ctx context.Context, db *sql.DB) error {
	series := fmt.Sprintf("WITH RECURSIVE series(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM series WHERE i < %d) ", a.Times)
	users := series + `INSERT INTO users (email, password_hash, is_active, created_at, updated_at)
		SELECT '%[1]s' || i || '@example.com', password_hash, '%[1]s' <> 'blocked', created_at, updated_at
		FROM users, series WHERE email = 'anna@example.com'`
	steps := []string{series + `INSERT INTO registrations (email, password_hash, full_name, locale, timezone, nonce, created_at, expires_at)
		SELECT 'resend' || i || '@example.com', password_hash, '', locale, timezone, 'n' || i, created_at, '2100-01-01 00:00:00+00:00'
		FROM users, series WHERE email = 'anna@example.com'`}
	for _, of := range []string{"login", "blocked", "forgot", "register"} {
		steps = append(steps, fmt.Sprintf(users, of))
	}
	for _, step := range steps {
		if _, err := db.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("make the accounts: %w", err)
		}
	}
	return nil
}

// compare asks about known and unknown accounts over one connection. The first
// of either is not counted.
func (a *accounts) compare(ctx context.Context, base string, q question, random *rand.Rand) (all []took, err error) {
	order := make([]int, 2*a.Times)
	for i := range order {
		order[i] = i + 2
	}
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	client := &person{base: base}
	after := false
	for _, i := range append([]int{0, 1}, order...) {
		known, body := i%2 == 0, q.ask(i%2 == 0, i/2)
		begin := time.Now()
		status, _, err := client.answer(ctx, http.MethodPost, q.path, body)
		t := took{ms(time.Since(begin)), known, after}
		switch {
		case err != nil:
			return nil, err
		case status != q.status:
			return nil, fmt.Errorf("answered %d to %v", status, body)
		case i > 1:
			all = append(all, t)
		}
		after = known
	}
	return all, nil
}

// noise deals all times out into two halves, again and again.
func noise(random *rand.Rand, known, unknown []float64) float64 {
	all := slices.Concat(known, unknown)
	differences := make([]float64, 2000)
	for i := range differences {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		differences[i] = math.Abs(quantile(all[:len(known)], 0.5) - quantile(all[len(known):], 0.5))
	}
	return quantile(differences, 0.95)
}
