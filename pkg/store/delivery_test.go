package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// A delivery that was deferred for a lost connection is told from one that was
// deferred by an answer, whatever was aborted since then.
func TestPendingTellsWhyADeliveryWasDeferred(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		w := newWorld(t, st)
		w.audience(t, 3)
		r := w.run(t, w.anna, model.RunRunning, w.start, 0)
		require.NoError(t, st.Exec(`UPDATE runs SET materialised = false, audience = '{"all":true}' WHERE id = ?`, r.ID))
		w.materialise(t, r.ID)
		require.NoError(t, st.Beat(ctx, store.Worker{ID: "w", Host: "test"}))
		c, err := st.ClaimChunk(ctx, "w", r.ID)
		require.NoError(t, err)
		rows, err := st.Pending(ctx, c)
		require.NoError(t, err)
		require.Len(t, rows, 3)
		end := func(row store.Lot, to model.DeliveryState, code int) {
			now := time.Now()
			o := &store.Outcome{To: to, Attempt: model.Attempt{StartedAt: now, FinishedAt: now, Outcome: model.OutcomeDeferred, Code: code, Phase: model.PhaseRcpt, Transport: "test"}}
			if to == model.Pending {
				o.Attempt.Outcome = model.OutcomeAborted
			} else {
				o.NextAt = &now
			}
			v, err := st.CommitLedger(ctx, []store.Entry{{Claim: c, DeliveryID: row.ID, Outcome: o}})
			require.NoError(t, err)
			require.Equal(t, []store.Verdict{store.Landed}, v)
		}
		lost := func() (is []bool) {
			again, err := st.Pending(ctx, c)
			require.NoError(t, err)
			for _, row := range again {
				is = append(is, row.Lost)
			}
			return is
		}
		end(rows[0], model.Deferred, 450)
		end(rows[1], model.Deferred, 0)
		require.NoError(t, st.Exec("UPDATE deliveries SET state = 'pending' WHERE run_id = ?", r.ID))
		require.NoError(t, st.Exec("UPDATE chunks SET pending = 3, deferred = 0 WHERE id = ?", c.ID))
		require.Equal(t, []bool{false, true, false}, lost())
		for _, row := range rows {
			end(row, model.Pending, 0)
		}
		require.Equal(t, []bool{false, true, false}, lost())
	})
}
