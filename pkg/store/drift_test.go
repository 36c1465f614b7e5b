package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
)

func TestACheckFindsWhatDoesNotAgree(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunPaused, w.start, 0)
		for range 12 { // more chunks than one statement looks at
			w.fill(t, run, false, model.Sent, model.Failed, model.Skipped, model.InDoubt, model.Expired, model.Cancelled)
		}
		retried := w.fill(t, run, false, model.Sent, model.Sent, model.Sent)
		again := w.fill(t, run, true, model.Sent, model.Failed)
		// those of a chunk of retries lie in the ranges of others
		require.NoError(t, w.Exec("UPDATE deliveries SET client_id = ? WHERE id = ?", retried[0].ClientID+1000, again[0].ID))
		require.NoError(t, w.Exec("UPDATE chunks SET last_client = ? WHERE id = ?", retried[0].ClientID+2000, retried[0].ChunkID))
		lines := func() []string {
			c, err := w.CheckRun(ctx, run.ID, 0)
			require.NoError(t, err)
			require.EqualValues(t, 77, c.Deliveries)
			out := []string{}
			for _, d := range c.Drifts {
				out = append(out, d.String())
			}
			return out
		}
		require.Empty(t, lines())

		at := fmt.Sprintf("run=%d chunk=%d", run.ID, retried[0].ChunkID)
		for _, c := range []struct {
			name, breaks, mends string
			want                []string
		}{
			{
				"a counter", fmt.Sprintf("UPDATE chunks SET sent = sent - 1, failed = failed + 1 WHERE id = %d", retried[0].ChunkID),
				fmt.Sprintf("UPDATE chunks SET sent = sent + 1, failed = failed - 1 WHERE id = %d", retried[0].ChunkID),
				[]string{at + " what=sent counted=2 found=3", at + " what=failed counted=1 found=0"},
			},
			{
				"a counter of retries", fmt.Sprintf("UPDATE chunks SET sent = 0, expired = 1 WHERE id = %d", again[0].ChunkID),
				fmt.Sprintf("UPDATE chunks SET sent = 1, expired = 0 WHERE id = %d", again[0].ChunkID),
				[]string{
					fmt.Sprintf("run=%d chunk=%d what=sent counted=0 found=1", run.ID, again[0].ChunkID),
					fmt.Sprintf("run=%d chunk=%d what=expired counted=1 found=0", run.ID, again[0].ChunkID),
				},
			},
			{
				"a number of attempts", fmt.Sprintf("UPDATE deliveries SET attempts = 3 WHERE id = %d", retried[1].ID),
				fmt.Sprintf("UPDATE deliveries SET attempts = 1 WHERE id = %d", retried[1].ID),
				[]string{fmt.Sprintf("%s delivery=%d what=attempts counted=3 found=1", at, retried[1].ID)},
			},
			{
				"a gap in the log", fmt.Sprintf("UPDATE attempts SET number = 2 WHERE delivery_id = %d", retried[1].ID),
				fmt.Sprintf("UPDATE attempts SET number = 1 WHERE delivery_id = %d", retried[1].ID),
				[]string{fmt.Sprintf("%s delivery=%d what=attempts counted=1 found=2", at, retried[1].ID)},
			},
			{
				"a deferred one that nothing wakes",
				fmt.Sprintf("UPDATE chunks SET sent = 2, deferred = 1 WHERE id = %d", retried[0].ChunkID) +
					fmt.Sprintf("; UPDATE deliveries SET state = 'deferred' WHERE id = %d", retried[2].ID),
				fmt.Sprintf("UPDATE chunks SET sent = 3, deferred = 0 WHERE id = %d", retried[0].ChunkID) +
					fmt.Sprintf("; UPDATE deliveries SET state = 'sent' WHERE id = %d", retried[2].ID),
				[]string{fmt.Sprintf("%s delivery=%d what=retry counted=1 found=0", at, retried[2].ID)},
			},
			{
				"an end before the last", fmt.Sprintf("UPDATE chunks SET sent = 2, pending = 1, done = true WHERE id = %d", retried[0].ChunkID) +
					fmt.Sprintf("; UPDATE deliveries SET state = 'pending' WHERE id = %d", retried[2].ID) +
					fmt.Sprintf("; UPDATE runs SET status = 'finished', finished_at = started_at WHERE id = %d", run.ID),
				fmt.Sprintf("UPDATE chunks SET sent = 3, pending = 0 WHERE id = %d", retried[0].ChunkID) +
					fmt.Sprintf("; UPDATE deliveries SET state = 'sent' WHERE id = %d", retried[2].ID),
				[]string{fmt.Sprintf("run=%d what=open counted=0 found=1", run.ID), at + " what=done counted=0 found=1"},
			},
		} {
			w.exec(t, c.breaks)
			require.Equal(t, c.want, lines(), c.name)
			w.exec(t, c.mends)
			require.Empty(t, lines(), c.name)
		}
	})
}

func TestAnEndedRunIsCheckedOnceAndALiveOneNowAndThen(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		live := w.run(t, w.anna, model.RunRunning, w.start.Add(-time.Hour), 0)
		ended := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		for _, want := range []int64{ended.ID, live.ID, 0} {
			id, err := w.ClaimCheck(ctx, time.Hour)
			require.NoError(t, err)
			require.Equal(t, want, id)
		}
		w.MoveClock(time.Hour + time.Minute)
		id, err := w.ClaimCheck(ctx, time.Hour)
		require.NoError(t, err)
		require.Equal(t, live.ID, id)
		now, err := w.Now(ctx)
		require.NoError(t, err)
		require.NoError(t, w.Exec("UPDATE runs SET status = 'finished', finished_at = ? WHERE id = ?", now.Add(time.Minute), live.ID))
		id, err = w.ClaimCheck(ctx, time.Hour)
		require.NoError(t, err)
		require.Equal(t, live.ID, id, "it has ended since")
	})
}

// exec runs statements that are parted by semicolons.
func (w *world) exec(t *testing.T, statements string) {
	t.Helper()
	for one := range strings.SplitSeq(statements, ";") {
		require.NoError(t, w.Exec(one))
	}
}
