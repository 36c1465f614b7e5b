package mailing_test

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/testkit"
)

// A worker tells of counters that drifted, and leaves them as they are; and it
// removes the log of a run that ended long ago, once.
func TestAWorkerLooksAfterTheBooks(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := testkit.DatabaseURL(t, testkit.SQLite)
	st := testkit.OpenStore(t, url)
	g := newGround(t, st, 2)
	g.beat("w")
	c, rows := g.claim("w")
	g.commit(intent(c, rows[0].ID), intent(c, rows[1].ID))
	g.commit(outcome(c, rows[0].ID, model.Sent, true), outcome(c, rows[1].ID, model.Failed, true))
	require.NoError(t, st.ReleaseChunk(ctx, c, 0))
	_, err := st.SettleRun(ctx, g.run)
	require.NoError(t, err)

	var log bytes.Buffer
	e := mailing.NewEngine(mailing.New(st, nil, mailing.Options{
		FromEmail: "postrider@localhost", LinkKey: []byte("0123456789abcdef0123456789abcdef"),
		KeepAttempts: 24 * time.Hour, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}), mailing.Ways{Default: newFake(nil)})
	require.NoError(t, e.CheckBooks(ctx))
	require.Empty(t, log.String())

	db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:"))
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec("UPDATE chunks SET sent = 2, failed = 0; UPDATE runs SET checked_at = NULL")
	require.NoError(t, err)
	for range 2 { // once told, it is not looked at again
		require.NoError(t, e.CheckBooks(ctx))
		drifts, runs := e.Drifts()
		require.EqualValues(t, []int64{2, 1}, []int64{drifts, runs})
	}
	require.Contains(t, log.String(), "what=sent counted=2 found=1")

	st.MoveClock(48 * time.Hour)
	log.Reset()
	require.NoError(t, e.Tidy(ctx))
	require.Contains(t, log.String(), "attempts=2")
	log.Reset()
	require.NoError(t, e.Tidy(ctx), "it was just done")
	require.Empty(t, log.String())
	r, err := st.Report(ctx, g.user.Viewer(), g.run)
	require.NoError(t, err)
	require.NotNil(t, r.AttemptsRemovedAt)
	require.EqualValues(t, 2, r.Counts.Sent, "nothing is repaired")
}
