package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// rowLimit is the longest that a row may take. It is far above what rows take,
// so that only one that hangs meets it.
const rowLimit = 8 * time.Minute

// row is one fault.
type row struct {
	name  string
	slow  bool // mostly waits for time to pass: begins first
	quick bool // is played by the test of this package, too
	play  func(*scenario)
}

// table is all rows, in the order of the table of faults.
func table() []row {
	var all []row
	for _, group := range [][]row{killRows, failpointRows, processRows, redisRows, databaseRows, answerRows, serverRows, peopleRows, timeRows, embeddedRows} {
		all = append(all, group...)
	}
	return all
}

// figures are what must be zero everywhere, but for doubled.
type figures struct{ lost, doubled, unmarked, stuck, gaps, drift int }

func (f *figures) add(g figures) {
	f.lost += g.lost
	f.doubled += g.doubled
	f.unmarked += g.unmarked
	f.stuck += g.stuck
	f.gaps += g.gaps
	f.drift += g.drift
}

// scenario is a row while it is played. Its methods may be called by the
// variants of each at once.
type scenario struct {
	*harness
	ctx  context.Context
	name string
	seed uint64
	dir  string

	mu       sync.Mutex
	sums     figures
	notes    []string
	failures []string
	ends     []func()
}

// ended is what must and poll panic with: the scenario cannot go on.
type ended struct{ error }

// must ends the scenario on an error, as require does with a test. It is
// called in the goroutine of the row, or of a variant, alone.
func (c *scenario) must(err error, doing string, args ...any) {
	if err != nil {
		panic(ended{fmt.Errorf(doing+": %w", append(args, err)...)})
	}
}

// mostFailures is how many a line tells; a fault that hits one recipient often
// hits them all.
const mostFailures = 8

// want notes a failure of what the fault demands and lets the scenario go on.
func (c *scenario) want(ok bool, format string, args ...any) {
	if ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failures) < mostFailures {
		c.failures = append(c.failures, fmt.Sprintf(format, args...))
	}
}

// note adds a value to the line.
func (c *scenario) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// atEnd does something when the row is over, the last one first.
func (c *scenario) atEnd(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends = append(c.ends, do)
}

// random is a source of its own for a purpose, so that variants that are
// played at once do not share one.
func (c *scenario) random(purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = io.WriteString(h, c.name+"\n"+purpose)
	return rand.New(rand.NewPCG(c.seed, h.Sum64()))
}

// guard plays something and turns its giving up into a failure.
func (c *scenario) guard(do func()) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case ended:
			c.want(false, "%v", e.error)
		default:
			panic(e)
		}
	}()
	do()
}

// each plays variants of a row at once.
func each[T any](c *scenario, variants []T, do func(T)) {
	var wg sync.WaitGroup
	for _, v := range variants {
		wg.Go(func() { c.guard(func() { do(v) }) })
	}
	wg.Wait()
}

// playRow plays a row to its end.
func (h *harness) playRow(ctx context.Context, r row, seed uint64) *scenario {
	ctx, cancel := context.WithTimeout(ctx, rowLimit)
	defer cancel()
	c := &scenario{harness: h, ctx: ctx, name: r.name, seed: seed, dir: filepath.Join(h.dir, fmt.Sprintf("%s-%d", slug(r.name), seed))}
	c.guard(func() {
		c.must(makeDir(c.dir), "make a folder")
		r.play(c)
	})
	for i := len(c.ends) - 1; i >= 0; i-- {
		c.ends[i]()
	}
	slices.Sort(c.notes) // variants end in any order
	f := c.sums
	c.want(f.lost == 0 && f.unmarked == 0 && f.stuck == 0 && f.gaps == 0 && f.drift == 0, "a figure is not zero")
	if err := ctx.Err(); err != nil {
		c.want(false, "it took too long, or was interrupted: %v", err)
	}
	return c
}

// slug makes a name fit for a folder.
func slug(name string) string {
	name = name[:min(len(name), 60)]
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name), "-")
}

// playAll plays rows, the slow ones first, prints a line for each as it ends,
// and the whole table in its order at the end. It answers how many failed.
func (h *harness) playAll(ctx context.Context, out io.Writer, rows []row, seed uint64, parallel int) int {
	done := make([]*scenario, len(rows))
	queue := make(chan int, len(rows))
	for _, slow := range []bool{true, false} {
		for i, r := range rows {
			if r.slow == slow {
				queue <- i
			}
		}
	}
	close(queue)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range max(1, parallel) {
		wg.Go(func() {
			for i := range queue {
				begin := time.Now()
				c := h.playRow(ctx, rows[i], seed)
				mu.Lock()
				done[i] = c
				_, _ = fmt.Fprintf(out, "%s  %s  %s\n", time.Since(begin).Round(time.Second), rows[i].name, c.verdict())
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\nfault\tseed\tLOST\tDUP\tUNMARKED\tSTUCK\tGAPS\tDRIFT\talso\t")
	failed := 0
	for _, c := range done {
		f, result := c.sums, "ok"
		if len(c.failures) > 0 {
			result = "FAIL"
			failed++
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", c.name, c.seed,
			f.lost, f.doubled, f.unmarked, f.stuck, f.gaps, f.drift, strings.Join(c.notes, ", "), result)
	}
	_ = w.Flush()
	return failed
}

func (c *scenario) verdict() string {
	if len(c.failures) == 0 {
		return "ok"
	}
	return "FAIL: " + strings.Join(c.failures, "; ") + " (logs: " + c.dir + ")"
}

// count scales a usual number of recipients.
func (h *harness) count(n int) int { return max(20, int(float64(n)*h.scale)) }

// poll asks until the answer is yes.
func (c *scenario) poll(limit time.Duration, what string, ask func() bool) {
	deadline := time.Now().Add(limit)
	for !ask() {
		if c.ctx.Err() != nil {
			panic(ended{errors.New("interrupted while waiting for " + what)})
		}
		if time.Now().After(deadline) {
			panic(ended{fmt.Errorf("after %s still no %s", limit, what)})
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// sleep lets time pass.
func (c *scenario) sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-c.ctx.Done():
		panic(ended{c.ctx.Err()})
	}
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s" }
