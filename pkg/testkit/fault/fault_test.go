package main

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFaults(t *testing.T) {
	h, err := newHarness(t.Context(), os.Stderr)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.close(t.Failed())) })

	// The quick rows, with one seed, so that no change breaks a promise
	// unseen; `make fault` plays them all.
	t.Run("quick", func(t *testing.T) {
		var quick []row
		for _, r := range table() {
			if r.quick {
				quick = append(quick, r)
			}
		}
		require.NotEmpty(t, quick)
		require.Zero(t, h.playAll(t.Context(), os.Stdout, quick, 1, 3), "see the table above")
	})

	// An audit that finds nothing says something only if it can find.
	t.Run("audit", func(t *testing.T) {
		for _, c := range []struct {
			wrong string
			do    func(*world)
			want  figures
		}{
			{"nothing", func(*world) {}, figures{}},
			{"a mail taken twice", func(w *world) { w.tamper("2026-11-23T04:00:00.000000Z 9 c3@example.org x@y\n") }, figures{doubled: 1, unmarked: 1}},
			{"a repeat that is marked", func(w *world) {
				w.tamper("2026-11-23T04:00:00.000000Z 9 c3@example.org x@y\n")
				w.exec("UPDATE deliveries SET possible_duplicate = true WHERE email = 'c3@example.org'")
			}, figures{doubled: 1}},
			{"a mail that was not taken", func(w *world) {
				w.exec("UPDATE deliveries SET email = 'd3@example.org' WHERE email = 'c3@example.org'")
			}, figures{lost: 2}},
			{"a hole in the attempts", func(w *world) {
				w.exec("UPDATE attempts SET number = 2 WHERE delivery_id = (SELECT MIN(id) FROM deliveries)")
			}, figures{gaps: 1}},
			{"a lost attempt", func(w *world) { w.exec("DELETE FROM attempts WHERE delivery_id = (SELECT MIN(id) FROM deliveries)") }, figures{gaps: 1}},
			{"an attempt that does not fit", func(w *world) {
				w.exec("UPDATE attempts SET outcome = 'deferred' WHERE delivery_id = (SELECT MIN(id) FROM deliveries)")
			}, figures{gaps: 1}},
			{"counters that add up and are wrong", func(w *world) { w.exec("UPDATE chunks SET sent = sent - 1, failed = failed + 1") }, figures{drift: 4}},
			{"one that is left open", func(w *world) {
				w.exec("UPDATE deliveries SET state = 'pending', attempts = 0 WHERE email = 'c3@example.org'")
				w.exec("DELETE FROM attempts WHERE delivery_id = (SELECT id FROM deliveries WHERE email = 'c3@example.org')")
				w.exec("UPDATE chunks SET sent = sent - 1, pending = pending + 1")
			}, figures{lost: 1, stuck: 1}},
		} {
			t.Run(c.wrong, func(t *testing.T) {
				t.Parallel()
				s := h.playRow(context.WithoutCancel(t.Context()), row{name: "audit: " + c.wrong, play: func(s *scenario) {
					w, m := s.against(plan{clients: 20})
					w.until(rowLimit, m, "finished")
					c.do(w)
					w.audit(m, "finished")
				}}, 1)
				require.Equal(t, c.want, s.sums, s.verdict())
				require.Equal(t, c.want == figures{} || c.want == figures{doubled: 1}, len(s.failures) == 0, s.verdict())
			})
		}
	})
}

// tamper adds a line to the sink's log.
func (w *world) tamper(line string) {
	f, err := os.OpenFile(w.taken, os.O_APPEND|os.O_WRONLY, 0)
	w.must(err, "open the sink's log")
	defer f.Close()
	_, err = f.WriteString(line)
	w.must(err, "add to the sink's log")
}
