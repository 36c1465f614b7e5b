package mailing_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// watched is a ground on PostgreSQL with a connection of the test's own, by
// which it holds rows and sees who waits for them.
func watched(t *testing.T, clients int) (*ground, *pgx.Conn) {
	t.Helper()
	u := testkit.DatabaseURL(t, testkit.Postgres)
	c, err := pgx.Connect(context.Background(), u)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return newGround(t, testkit.OpenStore(t, u), clients), c
}

// waiting blocks until n others wait for a lock.
func waiting(t *testing.T, c pgx.Tx, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var now int
		if _, err := c.Exec(context.Background(), "SELECT pg_stat_clear_snapshot()"); err != nil {
			return false
		}
		err := c.QueryRow(context.Background(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").Scan(&now)
		return err == nil && now >= n
	}, 30*time.Second, 10*time.Millisecond)
}

// A client is deleted in the moment between the look at its delivery and the
// lock, and the intent comes first: the delivery stays a member of its chunk of
// retries, and is found when the worker dies.
func TestADeletionThatComesTooLateLeavesTheRetryInItsChunk(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	g, pg := watched(t, 2)
	g.beat("w")
	c, rows := g.claim("w")
	for _, r := range rows {
		g.commit(outcome(c, r.ID, model.Deferred, false))
	}
	require.NoError(t, g.store.ReleaseChunk(ctx, c, 0))
	g.store.MoveClock(2 * time.Minute)
	_, err := g.store.FormRetries(ctx, g.run)
	require.NoError(t, err)
	g.beat("w")
	c, rows = g.claim("w")
	require.True(t, c.Retry)

	tx, err := pg.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, "SELECT 1 FROM chunks WHERE id = $1 FOR UPDATE", c.ID)
	require.NoError(t, err)
	var both sync.WaitGroup
	both.Go(func() { _, _ = g.store.CommitLedger(ctx, []store.Entry{intent(c, rows[0].ID)}) })
	waiting(t, tx, 1)
	both.Go(func() { _ = g.store.DeleteClient(ctx, g.user.Viewer(), rows[0].ClientID, nil, false) })
	waiting(t, tx, 2)
	require.NoError(t, tx.Commit(ctx))
	both.Wait()
	require.EqualValues(t, 1, g.counts().Sending, "the intent came first")

	g.commit(outcome(c, rows[1].ID, model.Failed, false))
	g.bury()
	require.EqualValues(t, 1, g.counts().InDoubt)
	_, err = g.service.Advance(ctx, g.run, nil)
	require.NoError(t, err)
	require.Equal(t, model.MailingFinished, g.until(g.mailing.ID, model.MailingFinished).Status)
}

// A refusal is believed after its delivery went to another chunk and was
// deferred there: its retry stays planned.
func TestARefusalThatIsBelievedTooLateLeavesTheRetry(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		g := newGround(t, st, 1)
		g.beat("w")
		a, rows := g.claim("w")
		g.commit(outcome(a, rows[0].ID, model.Deferred, false))
		st.MoveClock(2 * time.Minute)
		_, err := st.FormRetries(ctx, g.run)
		require.NoError(t, err)
		g.beat("w")
		b, again := g.claim("w")
		require.Len(t, again, 1)
		g.commit(outcome(b, again[0].ID, model.Deferred, false))
		require.NoError(t, st.ReleaseChunk(ctx, b, 0))
		require.NoError(t, st.Believe(ctx, a, []int64{rows[0].ID}))
		require.NoError(t, st.ReleaseChunk(ctx, a, 0))
		st.MoveClock(3 * time.Hour)
		n, err := st.FormRetries(ctx, g.run)
		require.NoError(t, err)
		require.Equal(t, 1, n)
	})
}

// A late answer defers a doubt in the moment in which the run would finish.
func TestALateDeferralKeepsTheRunOpen(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	g, pg := watched(t, 1)
	g.beat("w")
	c, rows := g.claim("w")
	g.commit(intent(c, rows[0].ID))
	g.bury()
	tx, err := pg.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, "SELECT 1 FROM deliveries WHERE id = $1 FOR UPDATE", rows[0].ID)
	require.NoError(t, err)
	var both sync.WaitGroup
	both.Go(func() { _, _ = g.store.CommitLedger(ctx, []store.Entry{outcome(c, rows[0].ID, model.Deferred, true)}) })
	waiting(t, tx, 1)
	var status model.RunStatus
	both.Go(func() { status, _ = g.store.SettleRun(ctx, g.run) })
	waiting(t, tx, 2)
	require.NoError(t, tx.Commit(ctx))
	both.Wait()
	require.Equal(t, model.RunRunning, status)
	require.EqualValues(t, 1, g.counts().Deferred)
}

// A host that takes connections and says nothing is a database that is away.
func TestADatabaseThatHangsIsAway(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); conns.Wait() })
	st, err := store.Open(fmt.Sprintf("postgres://u:p@%s/x?sslmode=disable&connect_timeout=1", l.Addr()))
	require.NoError(t, err)
	defer st.Close()
	_, err = st.CommitLedger(context.Background(), nil)
	require.True(t, model.IsKind(err, model.Unavailable), "%v", err)
}

// deafProxy passes everything between a client and PostgreSQL; once it is armed
// it passes the next commit of a transaction that said the words, and keeps the
// answer to itself.
func deafProxy(t *testing.T, target, words string, armed *atomic.Bool) string {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	host := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	pass := func(client net.Conn) {
		server, err := net.Dial("tcp", host)
		if err != nil {
			_ = client.Close()
			return
		}
		var deaf atomic.Bool
		all.Go(func() {
			defer client.Close()
			buf := make([]byte, 1<<16)
			for {
				n, err := server.Read(buf)
				if err != nil || deaf.Load() {
					return
				}
				_, _ = client.Write(buf[:n])
			}
		})
		all.Go(func() {
			defer server.Close()
			buf, said := make([]byte, 1<<16), false
			for {
				n, err := client.Read(buf)
				if err != nil {
					return
				}
				said = said || bytes.Contains(buf[:n], []byte(words))
				if said && bytes.Contains(bytes.ToLower(buf[:n]), []byte("commit")) && armed.CompareAndSwap(true, false) {
					deaf.Store(true)
				}
				_, _ = server.Write(buf[:n])
			}
		})
	}
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			pass(c)
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	u.Host = l.Addr().String()
	return u.String()
}

// The claim of a chunk is committed and its answer is lost: the worker, which
// lives and beats, gives back what it does not know to be its own.
func TestAClaimWhoseAnswerWasLostIsGivenBack(t *testing.T) {
	t.Parallel()
	var armed atomic.Bool
	st := testkit.OpenStore(t, deafProxy(t, testkit.DatabaseURL(t, testkit.Postgres), "UPDATE chunks SET token", &armed))
	h := newHouse(t, st, 3)
	out := newFake(nil)
	h.engine(out)
	armed.Store(true)
	m := h.until(h.create().ID, model.MailingFinished)
	require.False(t, armed.Load(), "an answer was lost")
	require.EqualValues(t, 3, h.report(m).Counts.Sent)
	require.Equal(t, 3, out.total())
}
