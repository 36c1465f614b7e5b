package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// statement is one that was asked of the database, and in which step.
type statement struct {
	step string
	sql  string
	args []any
}

// recorder keeps all statements of a store, those of batches too.
type recorder struct {
	mu   sync.Mutex
	step string
	seen map[string]bool
	all  []statement
}

func (r *recorder) note(sql string, args []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	verb, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
	if r.step == "" || r.seen[r.step+sql] || !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}, strings.ToUpper(verb)) {
		return
	}
	r.seen[r.step+sql] = true
	r.all = append(r.all, statement{r.step, sql, args})
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	r.note(d.SQL, d.Args)
	return ctx
}
func (*recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (*recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (r *recorder) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	r.note(d.SQL, d.Args)
}
func (*recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// in names the step of what follows; "" records nothing.
func (r *recorder) in(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.step = step
}

// crowd are runs and deliveries beside those of a test, so many that a plan
// without the right index shows: four runs of 30 000, two thousand that ended with ten chunks each,
// and 60 000 clients with tags.
const crowd = `
SET session_replication_role = replica; -- looks up no references
INSERT INTO clients (owner_id, email, created_at, updated_at)
  SELECT %[1]d, 'c' || i || '@example.org', now(), now() FROM generate_series(1, 60000) i;
INSERT INTO client_tags (client_id, owner_id, tag) SELECT id, owner_id, 'half' FROM clients WHERE id %% 2 = 0;
INSERT INTO client_tags (client_id, owner_id, tag) SELECT id, owner_id, 'tenth' FROM clients WHERE id %% 10 = 0;
INSERT INTO suppressions (owner_id, email, reason, created_at)
  SELECT owner_id, email, 'blocked', now() FROM clients WHERE id %% 20 = 1;
INSERT INTO mailings (id, owner_id, name, audience, timezone, late_policy, late_grace_minutes, in_doubt_policy, status, created_at, updated_at)
  SELECT 1000 + i, %[1]d, 'News', '{}', 'UTC', 'send', 10, 'hold', 'running', now(), now() FROM generate_series(1, 10) i;
INSERT INTO runs (id, mailing_id, owner_id, mailing_name, planned_at, status, timezone, in_doubt_policy, started_at, finished_at, created_at, materialised)
  SELECT 10000 + i, 1001, %[1]d, 'News', now() - i * interval '1 hour', 'finished', 'UTC', 'hold', now(), now() - i * interval '1 hour', now(), true
  FROM generate_series(1, 2000) i;
INSERT INTO runs (id, mailing_id, owner_id, mailing_name, planned_at, status, timezone, in_doubt_policy, started_at, created_at, materialised)
  SELECT 1000 + i, 1000 + i, %[1]d, 'News', now(), 'running', 'UTC', 'hold', now(), now(), true FROM generate_series(1, 4) i;
INSERT INTO chunks (id, run_id, first_client, last_client, next_at, done, planned, sent, deferred, pending)
  SELECT r * 1000 + i, r, i * 500 + 1, i * 500 + 500, now(), i %% 2 = 0, 500, CASE WHEN i %% 2 = 0 THEN 450 ELSE 0 END,
    CASE WHEN i %% 2 = 0 THEN 50 ELSE 0 END, CASE WHEN i %% 2 = 0 THEN 0 ELSE 500 END
  FROM generate_series(1001, 1004) r, generate_series(0, 59) i;
INSERT INTO chunks (run_id, first_client, last_client, next_at, done)
  SELECT 10000 + r, 1, 1, now(), true FROM generate_series(1, 2000) r, generate_series(1, 10) i;
INSERT INTO deliveries (run_id, client_id, chunk_id, email, address_key, state, token, attempts, updated_at)
  SELECT r, i, r * 1000 + (i - 1) / 500, 'c' || i || '@example.org', 'c' || i || '@example.org',
    CASE WHEN (i - 1) / 500 %% 2 = 1 THEN 'pending' WHEN i %% 10 = 0 THEN 'deferred' ELSE 'sent' END, 1, 1, now()
  FROM generate_series(1001, 1004) r, generate_series(1, 30000) i;
INSERT INTO attempts (delivery_id, number, run_id, started_at, finished_at, outcome, code, enhanced, response, phase, transport)
  SELECT id, 1, run_id, now() - interval '1 hour', now() - interval '1 hour', state, 250, '', 'ok', 'response', 'test'
  FROM deliveries WHERE state IN ('sent', 'deferred') ORDER BY id;
INSERT INTO retries (delivery_id, run_id, next_at) SELECT id, run_id, now() - interval '1 minute' * random() FROM deliveries WHERE state = 'deferred';
RESET session_replication_role;
`

// indexes are those that the statements of each step must use, whatever else.
var indexes = map[string][]string{
	"materialise": {"clients_owner", "client_tags_tag"},
	"claim":       {"chunks_claim"},
	"pending":     {"deliveries_run_id_client_id_key"},
	"ledger":      {"deliveries_pkey", "chunks_pkey"},
	"retries":     {"retries_due", "deliveries_pkey"},
	"close":       {"retries_due", "deliveries_run_id_client_id_key"},
	"due":         {"runs_due"},
	"settle":      {"chunks_claim", "chunks_run"},
	"report":      {"chunks_run"},
	"followed":    {"runs_ended", "chunks_run"},
	"deliveries":  {"deliveries_run_id_client_id_key"},
	"attempts":    {"attempts_rare"},
}

// TestPlans takes a run through its whole life beside 120 000 deliveries of
// others, and asks PostgreSQL how it would find the rows of each statement.
// None may read a large table from end to end, or expect to read much of one.
func TestPlans(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := testkit.DatabaseURL(t, testkit.Postgres)
	rec := &recorder{seen: map[string]bool{}}
	st, err := store.OpenTraced(url, rec)
	require.NoError(t, err)
	defer st.Close()
	db, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	defer db.Close(ctx)
	owner := testkit.User(t, st)
	_, err = db.Exec(ctx, fmt.Sprintf(crowd, owner.ID), pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	_, err = db.Exec(ctx, "ANALYZE")
	require.NoError(t, err)

	live(t, st, rec, owner)

	steps := map[string][]string{}
	for _, q := range rec.all {
		var raw []byte
		require.NoError(t, db.QueryRow(ctx, "EXPLAIN (FORMAT JSON) "+q.sql, q.args...).Scan(&raw), q.sql)
		var plans []struct{ Plan plan }
		require.NoError(t, json.Unmarshal(raw, &plans))
		plans[0].Plan.walk(math.Inf(1), func(p plan, rows float64) {
			if p.Index != "" {
				steps[q.step] = append(steps[q.step], p.Index)
			}
			if slices.Contains(large, p.Relation) {
				assert.NotEqual(t, "Seq Scan", p.Type, "%s of %s: %s", p.Relation, q.step, q.sql)
				assert.LessOrEqual(t, rows, 2000.0, "%s of %s: %s", p.Relation, q.step, q.sql)
			}
		})
	}
	for step, want := range indexes {
		assert.Subset(t, steps[step], want, step)
	}
}

// large are the tables that no statement may read from end to end. Of the
// retries of a run it may read many at once: they go by lots.
var large = []string{"runs", "deliveries", "chunks", "attempts", "clients", "client_tags", "suppressions"}

// plan is a node of EXPLAIN.
type plan struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Index    string  `json:"Index Name"`
	Rows     float64 `json:"Plan Rows"`
	Plans    []plan
}

// walk visits the nodes with the rows that are expected of each: below a LIMIT
// no more than that, up to what must read all before it gives anything.
func (p plan) walk(limit float64, visit func(p plan, rows float64)) {
	switch p.Type {
	case "Limit":
		limit = min(limit, p.Rows)
	case "Sort", "Aggregate", "Hash":
		limit = math.Inf(1)
	}
	visit(p, min(limit, p.Rows))
	for _, below := range p.Plans {
		below.walk(limit, visit)
	}
}

// live is the life of a run, in steps.
func live(t *testing.T, st *store.Store, rec *recorder, owner *model.User) {
	t.Helper()
	ctx := context.Background()
	audience := model.Audience{
		Tags: []string{"tenth", "half"}, ClientIDs: []int64{1, 3, 5, 7}, ExcludeTags: []string{"none"}, ExcludeClientIDs: []int64{2},
	}
	now, err := st.Now(ctx)
	require.NoError(t, err)
	runs := make([]*model.Run, 2)
	for i, a := range []model.Audience{audience, {All: true}} {
		runs[i] = &model.Run{
			MailingID: int64(1005 + i), OwnerID: owner.ID, MailingName: "News", PlannedAt: now, Status: model.RunRunning, Audience: a,
			Timezone: "UTC", InDoubtPolicy: model.HoldInDoubt, StartedAt: &now, CreatedAt: now,
		}
		require.NoError(t, st.Put(runs[i]))
	}
	run := runs[0].ID
	for range 2 {
		for _, r := range runs {
			rec.in("materialise")
			_, _, _, err := st.Materialise(ctx, r.ID)
			require.NoError(t, err)
		}
	}
	rec.in("due")
	_, err = st.DueRuns(ctx, time.Second, 200)
	require.NoError(t, err)
	rec.in("live")
	_, err = st.LiveRuns(ctx, 0, 200)
	require.NoError(t, err)

	rec.in("beat")
	require.NoError(t, st.Beat(ctx, store.Worker{ID: "w", Host: "test"}))
	for range 2 {
		rec.in("claim")
		c, err := st.ClaimChunk(ctx, "w", run)
		require.NoError(t, err)
		require.NotNil(t, c)
		rec.in("pending")
		rows, err := st.Pending(ctx, c)
		require.NoError(t, err)
		require.NotEmpty(t, rows)
		send50(t, st, rec, c, rows)
		rec.in("release")
		require.NoError(t, st.ReleaseChunk(ctx, c, 0))
	}
	rec.in("work")
	_, err = st.WorkOf(ctx, run)
	require.NoError(t, err)
	rec.in("settle")
	_, err = st.SettleRun(ctx, run)
	require.NoError(t, err)
	_, err = st.SettleRun(ctx, 10001)
	require.NoError(t, err)

	rec.in("retries")
	n, err := st.FormRetries(ctx, 1002)
	require.NoError(t, err)
	require.Equal(t, 1500, n)
	rec.in("")
	require.NoError(t, st.Exec("UPDATE chunks SET next_at = now() + interval '1 hour' WHERE run_id = 1002 AND NOT retry"))
	rec.in("claim a retry")
	c, err := st.ClaimChunk(ctx, "w", 1002)
	require.NoError(t, err)
	rec.in("pending retries")
	rows, err := st.Pending(ctx, c)
	require.NoError(t, err)
	send50(t, st, rec, c, rows)
	rec.in("release a retry")
	require.NoError(t, st.ReleaseChunk(ctx, c, 0))

	viewer := owner.Viewer()
	rec.in("report")
	_, err = st.Report(ctx, viewer, run)
	require.NoError(t, err)
	_, err = st.Reports(ctx, viewer, store.ReportFilter{}, store.Page{})
	require.NoError(t, err)
	rec.in("followed")
	_, _, err = st.Followed(ctx, store.Following{Owners: []int64{owner.ID}, EndedSince: now.Add(-30 * time.Second), Runs: []int64{run}})
	require.NoError(t, err)
	rec.in("deliveries")
	page, err := st.Deliveries(ctx, viewer, 1001, store.DeliveryFilter{}, store.Page{Limit: 50})
	require.NoError(t, err)
	_, err = st.Deliveries(ctx, viewer, 1001, store.DeliveryFilter{}, store.Page{Limit: 50, Cursor: page.Next})
	require.NoError(t, err)
	rec.in("attempts")
	_, err = st.Attempts(ctx, viewer, 1001, store.AttemptFilter{Outcome: model.OutcomeDeferred}, store.Page{Limit: 50})
	require.NoError(t, err)
	rec.in("attempts of a state")
	_, err = st.Attempts(ctx, viewer, 1001, store.AttemptFilter{DeliveryFilter: store.DeliveryFilter{State: model.Sent}}, store.Page{Limit: 50})
	require.NoError(t, err)

	rec.in("")
	require.NoError(t, st.Exec("UPDATE runs SET status = 'cancelling' WHERE id = 1003"))
	rec.in("close")
	require.NoError(t, st.CloseOpen(ctx, 1003))
	rec.in("settle")
	status, err := st.SettleRun(ctx, 1003)
	require.NoError(t, err)
	require.Equal(t, model.RunCancelled, status)
	rec.in("")
}

// send50 takes the deliveries of a chunk through the ledger, fifty at a time:
// the outcomes of some together with the intents of the next.
func send50(t *testing.T, st *store.Store, rec *recorder, c *store.Claim, rows []store.Lot) {
	t.Helper()
	rec.in("ledger")
	defer rec.in("")
	var last []store.Lot
	for len(rows) > 0 || len(last) > 0 {
		n := min(50, len(rows))
		var entries []store.Entry
		for i, row := range last {
			now := time.Now()
			o := &store.Outcome{To: model.Sent, Intended: true, Attempt: model.Attempt{
				StartedAt: now, FinishedAt: now, Outcome: model.OutcomeSent, Code: 250, Response: "ok", Phase: model.PhaseResponse, Transport: "test",
			}}
			if i%10 == 0 {
				next := now.Add(time.Minute)
				o.To, o.NextAt, o.Attempt.Outcome, o.Attempt.Code = model.Deferred, &next, model.OutcomeDeferred, 451
			}
			entries = append(entries, store.Entry{Claim: c, DeliveryID: row.ID, Outcome: o})
		}
		for _, row := range rows[:n] {
			entries = append(entries, store.Entry{Claim: c, DeliveryID: row.ID})
		}
		verdicts, err := st.CommitLedger(context.Background(), entries)
		require.NoError(t, err)
		for i, v := range verdicts {
			require.True(t, v == store.Landed || entries[i].Outcome == nil, "%d", v)
		}
		last, rows = nil, rows[n:]
		for _, e := range entries {
			if e.Outcome == nil {
				last = append(last, store.Lot{Delivery: model.Delivery{ID: e.DeliveryID}})
			}
		}
		// those that were refused have no outcome
		kept := last[:0]
		for i, v := range verdicts[len(entries)-len(last):] {
			if v == store.Landed {
				kept = append(kept, last[i])
			}
		}
		last = kept
	}
}
