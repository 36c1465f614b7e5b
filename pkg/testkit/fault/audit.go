package main

import (
	"fmt"
	"slices"
)

// delivery is a row of the database with what the sink and the log of attempts
// say about it.
type delivery struct {
	id, chunk  int64
	email      string
	state      string
	reason     string
	attempts   int
	code       int
	repeated   bool // possible_duplicate
	taken      int
	log        []string // outcomes in the order of their numbers
	logNumbers []int
}

var open = []string{"pending", "sending", "deferred"}

var states = []string{"pending", "sending", "deferred", "sent", "failed", "skipped", "in_doubt", "expired", "cancelled"}

// result is what an audit found.
type result struct {
	report
	rows    []delivery
	figures figures
}

// in counts the deliveries of a state.
func (r *result) in(state string) int { return r.Counts[state] }

// audit holds the run of a mailing against the promises and adds what it finds
// to the line. rest is the status the run should rest in. It answers what it
// has read, for what else the fault demands.
func (w *world) audit(m *mailing, rest string) *result {
	r := &result{report: w.report(m)}
	r.rows = w.deliveries(r.RunID)
	f := &r.figures
	w.want(r.Status == rest, "the run is %s (%s) and not %s", r.Status, r.Reason, rest)

	seen := map[string]bool{}
	for i := range r.rows {
		d := &r.rows[i]
		seen[d.email] = true
		switch {
		case d.state == "sent" && d.taken == 0,
			d.taken > 0 && !d.repeated && d.state != "sent" && d.state != "in_doubt" && d.state != "sending":
			f.lost++
			w.detail("%s is %s, and the sink took %d", d.email, d.state, d.taken)
		}
		if d.taken > 1 {
			f.doubled++
			if !d.repeated {
				f.unmarked++
				w.detail("%s was taken %d times unmarked", d.email, d.taken)
			}
		}
		if rest != "paused" && slices.Contains(open, d.state) || d.state == "sending" {
			f.stuck++
		}
		if why := d.gap(); why != "" {
			f.gaps++
			w.detail("%s is %s: %s in its attempts %v %v", d.email, d.state, why, d.logNumbers, d.log)
		}
	}
	for i := range w.clients {
		if rest != "missed" && !seen[address(i)] {
			f.lost++
			w.detail("%s has no delivery", address(i))
		}
	}
	f.stuck += w.number("SELECT COUNT(*) FROM chunks WHERE run_id = $1 AND worker_id IS NOT NULL", r.RunID)
	if rest != "paused" {
		f.stuck += w.number("SELECT COUNT(*) FROM retries WHERE run_id = $1", r.RunID)
	}
	if r.Status != rest {
		f.stuck++
	}
	f.drift = w.drift(r)
	w.scenario.mu.Lock()
	w.sums.add(*f)
	w.scenario.mu.Unlock()
	return r
}

// gap says what is wrong with the log of attempts of a delivery.
func (d *delivery) gap() string {
	if len(d.log) != d.attempts {
		return fmt.Sprintf("the row counts %d", d.attempts)
	}
	for i, n := range d.logNumbers {
		if n != i+1 {
			return "a hole"
		}
	}
	last := ""
	if len(d.log) > 0 {
		last = d.log[len(d.log)-1]
	}
	sent := 0
	for _, o := range d.log {
		if o == "sent" {
			sent++
		}
	}
	fits := map[string][]string{
		"sent": {"sent"}, "in_doubt": {"in_doubt"}, "failed": {"failed", "deferred"},
		"deferred": {"deferred", "failed", "aborted"}, // a refusal may be held back, see streak.go; losses of connections, too
		"pending":  {"", "deferred", "failed", "aborted", "in_doubt"},
		"sending":  {"", "deferred", "failed", "aborted", "in_doubt"},
	}
	if want, ok := fits[d.state]; ok && !slices.Contains(want, last) {
		return "another last outcome"
	}
	if (sent == 1) != (d.state == "sent") || sent > 1 {
		return fmt.Sprintf("%d sent", sent)
	}
	return ""
}

// deliveries reads the rows of a run with all that is known of them.
func (w *world) deliveries(run int64) []delivery {
	taken := map[string]int{}
	for _, t := range w.takings() {
		taken[t.to]++
	}
	var all []delivery
	at := map[int64]int{}
	rows, err := w.db.Query("SELECT id, chunk_id, email, state, reason, attempts, last_code, possible_duplicate FROM deliveries WHERE run_id = $1 ORDER BY id", run)
	w.must(err, "read the deliveries")
	defer rows.Close()
	for rows.Next() {
		var d delivery
		w.must(rows.Scan(&d.id, &d.chunk, &d.email, &d.state, &d.reason, &d.attempts, &d.code, &d.repeated), "read the deliveries")
		d.taken = taken[d.email]
		at[d.id] = len(all)
		all = append(all, d)
	}
	w.must(rows.Err(), "read the deliveries")
	tries, err := w.db.Query("SELECT delivery_id, number, outcome FROM attempts WHERE run_id = $1 ORDER BY delivery_id, number", run)
	w.must(err, "read the attempts")
	defer tries.Close()
	for tries.Next() {
		var id int64
		var number int
		var outcome string
		w.must(tries.Scan(&id, &number, &outcome), "read the attempts")
		i, known := at[id]
		if !known {
			w.want(false, "an attempt of delivery %d, which is not there", id)
			continue
		}
		all[i].log = append(all[i].log, outcome)
		all[i].logNumbers = append(all[i].logNumbers, number)
	}
	w.must(tries.Err(), "read the attempts")
	return all
}

// drift counts the counters that do not say what the rows say: of chunks, and
// of the API.
func (w *world) drift(r *result) (n int) {
	byChunk := map[int64]map[string]int{}
	total := map[string]int{"planned": len(r.rows)}
	for _, d := range r.rows {
		if byChunk[d.chunk] == nil {
			byChunk[d.chunk] = map[string]int{}
		}
		byChunk[d.chunk][d.state]++
		byChunk[d.chunk]["planned"]++
		total[d.state]++
	}
	columns := append([]string{"planned"}, states...)
	rows, err := w.db.Query("SELECT id, planned, pending, sending, deferred, sent, failed, skipped, in_doubt, expired, cancelled FROM chunks WHERE run_id = $1", r.RunID)
	w.must(err, "read the chunks")
	defer rows.Close()
	for rows.Next() {
		var id int64
		counts := make([]int, len(columns))
		into := []any{&id}
		for i := range counts {
			into = append(into, &counts[i])
		}
		w.must(rows.Scan(into...), "read the chunks")
		for i, column := range columns {
			if counts[i] != byChunk[id][column] {
				n++
				w.detail("chunk %d says %s %d, its rows %d", id, column, counts[i], byChunk[id][column])
			}
		}
	}
	w.must(rows.Err(), "read the chunks")
	for _, column := range columns {
		if r.Counts[column] != total[column] {
			n++
			w.detail("the API says %s %d, the rows %d", column, r.Counts[column], total[column])
		}
	}
	return n
}

// detail notes what a figure counts, the first few of it.
func (w *world) detail(format string, args ...any) {
	w.scenario.mu.Lock()
	n := len(w.failures)
	w.scenario.mu.Unlock()
	if n < mostFailures/2 { // room for what else is wrong
		w.want(false, format, args...)
	}
}
