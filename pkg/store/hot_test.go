package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// An update that touches no index and finds room in its page leaves nothing
// behind in the indexes (HOT). The ledger makes two for each mail, in the order
// in which a chunk is read. It has a server of its own: a long transaction of
// another test, in whatever database, keeps old versions of rows alive, and then
// pages have no room.
func TestLedgerUpdatesAreHOT(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := testkit.PostgresServer(t).URL
	st := testkit.OpenStore(t, url)
	_, err := st.Migrate(ctx)
	require.NoError(t, err)
	w := newWorld(t, st)
	require.NoError(t, st.Exec(`INSERT INTO clients (owner_id, email, created_at, updated_at)
		SELECT ?, 'c' || i || '@example.org', now(), now() FROM generate_series(1, 1500) i`, w.anna.ID))
	r := w.run(t, w.anna, model.RunRunning, w.start, 0)
	require.NoError(t, st.Exec(`UPDATE runs SET materialised = false, audience = '{"all":true}' WHERE id = ?`, r.ID))
	w.materialise(t, r.ID)
	require.NoError(t, st.Beat(ctx, store.Worker{ID: "w", Host: "test"}))
	for range 3 {
		c, err := st.ClaimChunk(ctx, "w", r.ID)
		require.NoError(t, err)
		rows, err := st.Pending(ctx, c)
		require.NoError(t, err)
		require.Len(t, rows, 500)
		send50(t, st, &recorder{}, c, rows)
		require.NoError(t, st.ReleaseChunk(ctx, c, 0))
	}
	require.NoError(t, st.Close()) // a session tells its figures at its end, if not before

	db, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	defer db.Close(ctx)
	var updated, hot float64
	require.Eventually(t, func() bool {
		err := db.QueryRow(ctx, "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'deliveries'").Scan(&updated, &hot)
		return err == nil && updated >= 3000
	}, time.Minute, 50*time.Millisecond)
	require.GreaterOrEqual(t, hot/updated, 0.9)
}
