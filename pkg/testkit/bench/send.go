package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// send is one scenario of a mailing.
type send struct {
	sinkKind
	N           int
	Connections int
	Database    string
	Workers     int
	Runs        int
	Bare        time.Duration
	Statements  bool
}

var defaultSend = send{
	sinkKind: sinkKind{EHLO: "pipelining"}, N: 100_000, Connections: 50, Database: "postgres", Workers: 1, Runs: 3, Bare: 3 * time.Second,
}

func (c *send) flags(f *flag.FlagSet) {
	d := *c
	c.sinkKind.flags(f)
	f.IntVar(&c.N, "n", d.N, "how many clients get the mailing")
	f.IntVar(&c.Connections, "connections", d.Connections, "SMTP connections of each worker")
	f.StringVar(&c.Database, "database", d.Database, "postgres, or sqlite: everything in one process")
	f.IntVar(&c.Workers, "workers", d.Workers, "worker processes, with postgres")
	f.IntVar(&c.Runs, "runs", d.Runs, "how often; each figure is the median")
	f.BoolVar(&c.Statements, "statements", false, "tell what PostgreSQL spent its time on (with pg_stat_statements, which costs some)")
	f.DurationVar(&c.Bare, "bare", d.Bare, "how long each bare sender works")
}

// figures are what one run measured, and the medians of several. Times are in
// the units their names say, memory in MB of 2^20 bytes.
type figures struct {
	SentPerSecond    float64 `json:"sent_per_s"`
	BarePerSecond    float64 `json:"bare_per_s"`      // two round trips a mail
	BareOnePerSecond float64 `json:"bare_bdat_per_s"` // one, where the server offers it
	Share            float64 `json:"share"`           // of the first
	WorkerCPU        float64 `json:"worker_us_per_mail"`
	DatabaseCPU      float64 `json:"database_us_per_mail"`
	APICPU           float64 `json:"api_us_per_mail"`
	SinkCPU          float64 `json:"sink_us_per_mail"`
	PeakMB           float64 `json:"worker_peak_mb"`
	ConnectMS        float64 `json:"first_connection_ms"`
	FirstMS          float64 `json:"first_mail_ms"`
	Seconds          float64 `json:"seconds"`
	Rows             float64 `json:"rows"` // of deliveries and attempts
	WALPerMail       float64 `json:"wal_bytes_per_mail"`
	SyncsPerMail     float64 `json:"wal_syncs_per_mail"`
}

type result struct {
	Scenario    string  `json:"scenario"`
	N           int     `json:"n"`
	Connections int     `json:"connections"`
	LatencyMS   float64 `json:"latency_ms"`
	EHLO        string  `json:"ehlo"`
	Database    string  `json:"database"`
	Workers     int     `json:"workers"`
	Runs        int     `json:"runs"`
	figures
	LowestShare  float64 `json:"share_lowest"`
	HighestShare float64 `json:"share_highest"`
}

// sends runs scenarios and prints them.
func sends(ctx context.Context, s *stage, list []send) error {
	var results []result
	for _, c := range list {
		var all []figures
		for i := range c.Runs {
			f, err := c.once(ctx, s)
			if err != nil {
				return fmt.Errorf("%s, run %d: %w", c.name(), i+1, err)
			}
			fmt.Fprintf(os.Stderr, "%s, run %d: %.0f/s, share %.2f\n", c.name(), i+1, f.SentPerSecond, f.Share)
			all = append(all, f)
		}
		r := c.result(all)
		if err := printJSON(r); err != nil {
			return err
		}
		results = append(results, r)
	}
	return table(results)
}

func (c *send) name() string {
	return fmt.Sprintf("send %d, %s, %s, %d connections, %d workers, %s", c.N, c.Database, c.EHLO, c.Connections, c.Workers, c.Latency)
}

func (c *send) result(all []figures) result {
	r := result{
		Scenario: "send", N: c.N, Connections: c.Connections, LatencyMS: ms(c.Latency), EHLO: c.EHLO,
		Database: c.Database, Workers: c.Workers, Runs: len(all),
	}
	for _, field := range []func(*figures) *float64{
		func(f *figures) *float64 { return &f.SentPerSecond }, func(f *figures) *float64 { return &f.BarePerSecond },
		func(f *figures) *float64 { return &f.BareOnePerSecond }, func(f *figures) *float64 { return &f.WorkerCPU },
		func(f *figures) *float64 { return &f.DatabaseCPU }, func(f *figures) *float64 { return &f.APICPU },
		func(f *figures) *float64 { return &f.SinkCPU }, func(f *figures) *float64 { return &f.PeakMB },
		func(f *figures) *float64 { return &f.ConnectMS }, func(f *figures) *float64 { return &f.FirstMS },
		func(f *figures) *float64 { return &f.Seconds }, func(f *figures) *float64 { return &f.Rows },
		func(f *figures) *float64 { return &f.WALPerMail }, func(f *figures) *float64 { return &f.SyncsPerMail }, func(f *figures) *float64 { return &f.Share },
	} {
		values := make([]float64, len(all))
		for i := range all {
			values[i] = *field(&all[i])
		}
		slices.Sort(values)
		*field(&r.figures) = round(values[len(values)/2])
		r.LowestShare, r.HighestShare = round(values[0]), round(values[len(values)-1]) // the last field is the share
	}
	return r
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func round(f float64) float64 { return math.Round(f*1000) / 1000 }

// once is one run: the bare senders, then the product.
func (c *send) once(ctx context.Context, s *stage) (f figures, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience(c.N))
	defer cancel()
	if f.BarePerSecond, err = bare(ctx, s.self, c.sinkKind, c.Connections, c.Bare, false); err != nil {
		return f, err
	}
	if c.EHLO == "chunking" {
		if f.BareOnePerSecond, err = bare(ctx, s.self, c.sinkKind, c.Connections, c.Bare, true); err != nil {
			return f, err
		}
	}
	target, err := startSink(s.self, c.sinkKind)
	if err != nil {
		return f, err
	}
	in, err := s.install(ctx, c.Database, target.Addr, c.N, c.Workers, c.Connections)
	if err == nil {
		err = errors.Join(c.mailing(ctx, in, target, &f), in.stop())
	}
	count, cpu, sinkErr := target.stop()
	if err = errors.Join(err, sinkErr); err != nil {
		return f, err
	}
	if count != int64(c.N) {
		return f, fmt.Errorf("the mail server took %d mails", count)
	}
	f.SinkCPU = c.perMail(cpu)
	return f, nil
}

func (c *send) perMail(d time.Duration) float64 {
	return float64(d) / float64(time.Microsecond) / float64(c.N)
}

// mailing starts a mailing and waits for its report to be finished.
func (c *send) mailing(ctx context.Context, in *installation, target *sink, f *figures) (err error) {
	before, err := in.usage()
	if err != nil {
		return err
	}
	bytes, syncs, err := in.logged(ctx)
	if err != nil {
		return err
	}
	if c.Statements {
		if _, err := in.db.ExecContext(ctx, "CREATE EXTENSION pg_stat_statements"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, in.statements(context.WithoutCancel(ctx), c.N)) }()
	}
	click := time.Now()
	run, err := in.person.mail(ctx, in.message)
	if err == nil {
		err = target.all(ctx, c.N)
	}
	var r report
	for err == nil && r.Status != "finished" {
		if r, err = in.person.report(ctx, run); err == nil {
			time.Sleep(10 * time.Millisecond)
		}
	}
	took := time.Since(click)
	if err != nil {
		r, reportErr := in.person.report(context.WithoutCancel(ctx), run)
		return errors.Join(err, reportErr, fmt.Errorf("the run is %s %s: %v", r.Status, r.Reason, r.Counts))
	}
	if n := int64(c.N); r.Counts["planned"] != n || r.Counts["sent"] != n {
		return fmt.Errorf("the report does not say that all were sent: %v", r.Counts)
	}
	after, err := in.usage()
	if err != nil {
		return err
	}
	rows, err := in.written(ctx, run)
	if err != nil {
		return err
	}
	for _, p := range in.senders {
		peak, err := p.peak()
		if err != nil {
			return err
		}
		f.PeakMB = max(f.PeakMB, float64(peak)/(1<<20))
	}
	f.Seconds, f.SentPerSecond = took.Seconds(), float64(c.N)/took.Seconds()
	f.Share = f.SentPerSecond / f.BarePerSecond
	f.WorkerCPU, f.DatabaseCPU = c.perMail(after.senders-before.senders), c.perMail(after.database-before.database)
	f.APICPU = c.perMail(after.api - before.api)
	f.ConnectMS, f.FirstMS = ms(target.moment("connected").Sub(click)), ms(target.moment("accepted").Sub(click))
	f.Rows = float64(rows)
	if err := in.stopPrograms(); err != nil { // PostgreSQL counts what a connection did when it ends, at the latest
		return err
	}
	bytesNow, syncsNow, err := in.logged(ctx)
	if err != nil {
		return err
	}
	f.WALPerMail, f.SyncsPerMail = float64(bytesNow-bytes)/float64(c.N), float64(syncsNow-syncs)/float64(c.N)
	return nil
}

// table prints results for people, in Markdown.
func table(results []result) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "\n| database\t| clients\t| conn.\t| workers\t| latency\t| EHLO\t| sent/s\t| bare/s\t| share\t| µs CPU worker\t| database\t| sink\t| peak MB\t| first mail ms\t| rows\t| s\t|")
	fmt.Fprintln(w, "| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t|")
	for _, r := range results {
		workers := fmt.Sprint(r.Workers)
		if r.Database == "sqlite" {
			workers = "in one"
		}
		fmt.Fprintf(w, "| %s\t| %d\t| %d\t| %s\t| %g ms\t| %s\t| %.0f\t| %.0f\t| %.2f\t| %.0f\t| %.0f\t| %.0f\t| %.0f\t| %.0f\t| %.0f\t| %.1f\t|\n",
			r.Database, r.N, r.Connections, workers, r.LatencyMS, cmp.Or(r.EHLO, "-"), r.SentPerSecond, r.BarePerSecond, r.Share,
			r.WorkerCPU, r.DatabaseCPU, r.SinkCPU, r.PeakMB, r.FirstMS, r.Rows, r.Seconds)
	}
	return w.Flush()
}
