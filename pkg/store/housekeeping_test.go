package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

func (w *world) logged(t *testing.T, run int64) int {
	t.Helper()
	list, err := w.Attempts(context.Background(), viewerOf(w.anna), run, store.AttemptFilter{}, store.Page{Limit: 200})
	require.NoError(t, err)
	return len(list.Items)
}

func TestOldAttemptsAreRemovedAndNothingElse(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		const day = 24 * time.Hour
		old := w.run(t, w.anna, model.RunFinished, w.start.Add(-40*day), time.Hour)
		w.fill(t, old, false, model.Sent, model.Failed, model.InDoubt)
		w.fill(t, old, true, model.Sent)
		fresh := w.run(t, w.anna, model.RunFinished, w.start.Add(-20*day), time.Hour)
		w.fill(t, fresh, false, model.Sent)
		live := w.run(t, w.anna, model.RunPaused, w.start.Add(-50*day), 0)
		w.fill(t, live, false, model.Sent)

		// one that ended in the middle is gone on with
		stopped, cancel := context.WithCancel(ctx)
		cancel()
		_, err := w.RemoveAttempts(stopped, 30*day, 0)
		require.Error(t, err)
		var removed int64
		for range 2 {
			n, err := w.RemoveAttempts(ctx, 30*day, 0)
			require.NoError(t, err)
			removed += n
		}
		require.EqualValues(t, 5, removed)
		require.Equal(t, []int{0, 1, 1}, []int{w.logged(t, old.ID), w.logged(t, fresh.ID), w.logged(t, live.ID)})
		for _, r := range []*model.Run{old, fresh, live} {
			report, err := w.Report(ctx, viewerOf(w.anna), r.ID)
			require.NoError(t, err)
			require.Equal(t, r.ID == old.ID, report.AttemptsRemovedAt != nil)
			w.agrees(t, r.ID)
		}
		require.Equal(t, 550, w.rows(t, old.ID)[1].LastCode, "the last answer stays")
	})
}

func TestARemovalThatEndedEarlyGoesOn(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunFinished, w.start.Add(-time.Hour), time.Minute)
		rows := w.fill(t, run, false, model.Sent, model.Sent)
		require.NoError(t, w.Exec("UPDATE runs SET attempts_removed_at = finished_at, log_left_after = ? WHERE id = ?", rows[0].ClientID, run.ID))
		n, err := w.RemoveAttempts(ctx, time.Minute, 0)
		require.NoError(t, err)
		require.EqualValues(t, 1, n, "it begins where the other stopped")
		n, err = w.RemoveAttempts(ctx, time.Minute, 0)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

func TestWhatIsOldIsForgotten(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		now, err := w.Now(ctx)
		require.NoError(t, err)
		recent, old := now.Add(-time.Hour), now.Add(-31*24*time.Hour)
		for _, m := range []model.SystemMail{{}, {SentAt: &recent}, {SentAt: &old}, {FailedAt: &old}} {
			m.OwnerID, m.Kind, m.CreatedAt, m.NextAt = &w.anna.ID, "test", old, old
			require.NoError(t, w.Put(&m))
		}
		for _, x := range []model.Session{{ExpiresAt: now.Add(time.Hour)}, {ExpiresAt: recent}, {ExpiresAt: old}, {ExpiresAt: now, RevokedAt: &old}} {
			x.UserID, x.Nonce, x.CreatedAt, x.RotatedAt = w.anna.ID, "n", old, old
			require.NoError(t, w.Put(&x))
			if x.ExpiresAt.After(now) {
				for i, at := range []time.Time{now.Add(time.Minute), recent} {
					require.NoError(t, w.Put(&model.Download{Hash: fmt.Sprint(i), UserID: w.anna.ID, SessionID: x.ID, Path: "/clients", ExpiresAt: at}))
				}
			}
		}
		for _, until := range []time.Time{recent, now.Add(time.Hour)} {
			require.NoError(t, w.Put(&model.Registration{Email: "new@example.com", CreatedAt: old, ExpiresAt: until}))
		}
		n, err := w.RemoveOld(ctx, 0)
		require.NoError(t, err)
		require.EqualValues(t, 6, n)
		n, err = w.RemoveOld(ctx, 0)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

func TestATurnIsOneWorkers(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		for range 2 {
			for _, want := range []bool{true, false, false} {
				mine, err := w.TakeTurn(context.Background(), "sweeping", time.Hour)
				require.NoError(t, err)
				require.Equal(t, want, mine)
			}
			w.MoveClock(time.Hour + time.Second)
		}
	})
}
