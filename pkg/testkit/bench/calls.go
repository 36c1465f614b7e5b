package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

// calls measures requests beside a mailing that is sent.
type calls struct {
	sinkKind
	N           int
	Connections int
	Times       int
	People      int
}

var defaultCalls = calls{sinkKind: sinkKind{EHLO: "chunking", Latency: 20 * time.Millisecond}, N: 1_000_000, Connections: 50, Times: 300, People: 4}

func (c *calls) flags(f *flag.FlagSet) {
	d := *c
	c.sinkKind.flags(f)
	f.Lookup("ehlo").DefValue, c.EHLO = d.EHLO, d.EHLO
	f.Lookup("latency").DefValue, c.Latency = d.Latency.String(), d.Latency
	f.IntVar(&c.N, "n", d.N, "how many clients there are, all of whom the mailing goes to")
	f.IntVar(&c.Connections, "connections", d.Connections, "SMTP connections of the worker")
	f.IntVar(&c.Times, "times", d.Times, "how often each request is made")
	f.IntVar(&c.People, "people", d.People, "how many make requests at once")
}

type latency struct {
	Scenario string  `json:"scenario"`
	Request  string  `json:"request"`
	N        int     `json:"n"`
	Times    int     `json:"times"`
	P50      float64 `json:"p50_ms"`
	P95      float64 `json:"p95_ms"`
	P99      float64 `json:"p99_ms"`
}

func (c *calls) run(ctx context.Context, s *stage) error {
	ctx, cancel := context.WithTimeout(ctx, patience(c.N))
	defer cancel()
	target, err := startSink(s.self, c.sinkKind)
	if err != nil {
		return err
	}
	in, err := s.install(ctx, "postgres", target.Addr, c.N, 1, c.Connections)
	if err != nil {
		_, _, sinkErr := target.stop()
		return errors.Join(err, sinkErr)
	}
	results, err := c.measure(ctx, in, target)
	err = errors.Join(err, in.stop())
	if _, _, sinkErr := target.stop(); err == nil {
		err = sinkErr
	}
	if err != nil {
		return err
	}
	for _, r := range results {
		if err := printJSON(r); err != nil {
			return err
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "\n| request, with %d clients\t| p50 ms\t| p95\t| p99\t|\n| ---\t| ---\t| ---\t| ---\t|\n", c.N)
	for _, r := range results {
		fmt.Fprintf(w, "| %s\t| %.1f\t| %.1f\t| %.1f\t|\n", r.Request, r.P50, r.P95, r.P99)
	}
	return w.Flush()
}

func (c *calls) measure(ctx context.Context, in *installation, target *sink) ([]latency, error) {
	run, err := in.person.mail(ctx, in.message)
	if err != nil {
		return nil, err
	}
	if err := target.all(ctx, min(c.N, 1000)); err != nil {
		return nil, err
	}
	requests := []struct {
		name string
		do   func(p *person, i int) error
	}{
		{"list of 50 clients", func(p *person, _ int) error { return p.call(ctx, http.MethodGet, "/clients?limit=50", nil, nil) }},
		{"list of 50 clients by name", func(p *person, _ int) error {
			return p.call(ctx, http.MethodGet, "/clients?limit=50&sort=full_name", nil, nil)
		}},
		{"list of 50 deliveries", func(p *person, _ int) error {
			return p.call(ctx, http.MethodGet, fmt.Sprintf("/reports/%d/deliveries?limit=50", run), nil, nil)
		}},
		{"report of the running mailing", func(p *person, _ int) error {
			_, err := p.report(ctx, run)
			return err
		}},
		{"create a client", func(p *person, i int) error {
			return p.call(ctx, http.MethodPost, "/clients", map[string]any{"email": fmt.Sprintf("new%d@example.org", i), "full_name": "New"}, nil)
		}},
		{"login", func(p *person, _ int) error { return (&person{base: p.base}).login(ctx, "anna@example.com") }},
	}
	var results []latency
	for _, r := range requests {
		took, err := c.repeat(func(i int) error { return r.do(in.person, i) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		at := func(q float64) float64 { return round(ms(took[min(len(took)-1, int(q*float64(len(took))))])) }
		results = append(results, latency{"api", r.name, c.N, c.Times, at(0.50), at(0.95), at(0.99)})
	}
	if rep, err := in.person.report(ctx, run); err != nil || rep.Status != "running" {
		return nil, errors.Join(err, fmt.Errorf("the mailing had ended before the measurement did: %s; take more clients", rep.Status))
	}
	return results, nil
}

// repeat makes a request so often, by some people at once, and answers the
// times in order.
func (c *calls) repeat(do func(i int) error) ([]time.Duration, error) {
	took := make([]time.Duration, c.Times)
	work := make(chan int)
	fault := make(chan error, 1)
	var wg sync.WaitGroup
	for range c.People {
		wg.Go(func() {
			for i := range work {
				begin := time.Now()
				if err := do(i); err != nil {
					select {
					case fault <- err:
					default: // one is enough
					}
				}
				took[i] = time.Since(begin)
			}
		})
	}
	for i := range took {
		work <- i
	}
	close(work)
	wg.Wait()
	slices.Sort(took)
	select {
	case err := <-fault:
		return nil, err
	default:
		return took, nil
	}
}
