package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/postrider/postrider/pkg/model"
)

// On PostgreSQL a group is written by some prepared statements that leave
// together, as one implicit transaction: one round trip and one commit for all
// lines (docs/adr/0024). Each statement knows how many rows it must find and
// divides by zero when it finds fewer, because a claim, a run, a row or a
// suppression is not as its line expects. Then nothing of the group is written,
// and the portable form judges every line. Rows are found from the lines by
// their keys, never by a scan: the settings of openLedger see to it.

// asExpected ends a statement whose rows are in the relation done.
const asExpected = " SELECT 1 / (count(*) = $1)::int FROM done"

// ledgerChunks is the first: it takes the rows of the chunks concerned before
// the others take their snapshots, and changes the counters. A claim must be
// good, and the run of an intent must run. The run is read and not locked, as
// in batch.lockChunks.
const ledgerChunks = `WITH done AS (
	UPDATE chunks c SET pending = c.pending + n.pending, sending = c.sending + n.sending, sent = c.sent + n.sent,
		deferred = c.deferred + n.deferred, failed = c.failed + n.failed, in_doubt = c.in_doubt + n.in_doubt
	FROM unnest($2::bigint[], $3::bigint[], $4::boolean[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
		AS n (id, token, intends, pending, sending, sent, deferred, failed, in_doubt)
	WHERE c.id = n.id AND c.token = n.token
		AND (NOT n.intends OR EXISTS (SELECT FROM runs r WHERE r.id = c.run_id AND r.status = 'running'))
	RETURNING 1
)` + asExpected

// ledgerNow is the moment of a group, by the database's clock.
const ledgerNow = "(SELECT clock_timestamp() + $2 * interval '1 microsecond')"

// ledgerSent writes the outcomes of mails that were sent and their attempts.
const ledgerSent = `WITH done AS (
	UPDATE deliveries d SET state = 'sent', reason = '', attempts = d.attempts + 1,
		last_code = v.code, last_enhanced = v.enhanced, last_response = v.response, updated_at = ` + ledgerNow + `
	FROM unnest($3::bigint[], $4::bigint[], $5::integer[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::text[])
		AS v (id, token, code, enhanced, response, started_at, finished_at, transport)
	WHERE d.id = v.id AND d.state = 'sending' AND d.token = v.token
	RETURNING d.id, d.attempts AS number, d.run_id, v.started_at, v.finished_at, v.code, v.enhanced, v.response, v.transport
), logged AS (
	INSERT INTO attempts (delivery_id, number, run_id, started_at, finished_at, outcome, code, enhanced, response, phase, transport)
	SELECT id, number, run_id, started_at, finished_at, 'sent', code, enhanced, response, 'response', transport FROM done
)` + asExpected

// ledgerOutcomes is ledgerSent for outcomes of all kinds, with their retries.
// It is apart, because to set a statement up is a good part of a group's time.
const ledgerOutcomes = `WITH done AS (
	UPDATE deliveries d SET state = v.state, reason = v.reason, attempts = d.attempts + 1,
		deferrals = d.deferrals + (v.state = 'deferred')::int, possible_duplicate = d.possible_duplicate OR v.again,
		last_code = v.code, last_enhanced = v.enhanced, last_response = v.response,
		first_deferred_at = CASE WHEN v.state = 'deferred' THEN COALESCE(d.first_deferred_at, ` + ledgerNow + `) ELSE d.first_deferred_at END,
		token = v.token, updated_at = ` + ledgerNow + `
	FROM unnest($3::bigint[], $4::bigint[], $5::integer[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::text[],
		$11::bigint[], $12::text[], $13::text[], $14::text[], $15::boolean[], $16::text[], $17::text[], $18::timestamptz[])
		AS v (id, token, code, enhanced, response, started_at, finished_at, transport,
			chunk_id, was, state, reason, again, outcome, phase, next_at)
	WHERE d.id = v.id AND d.chunk_id = v.chunk_id AND d.state = v.was AND (v.was = 'pending' OR d.token = v.token)
	RETURNING d.id, d.attempts AS number, d.run_id, v.started_at, v.finished_at, v.outcome, v.code, v.enhanced, v.response, v.phase, v.transport, v.next_at
), logged AS (
	INSERT INTO attempts (delivery_id, number, run_id, started_at, finished_at, outcome, code, enhanced, response, phase, transport)
	SELECT id, number, run_id, started_at, finished_at, outcome, code, enhanced, response, phase, transport FROM done
), retry AS (
	INSERT INTO retries (delivery_id, run_id, next_at) SELECT id, run_id, next_at FROM done WHERE next_at IS NOT NULL
	ON CONFLICT (delivery_id) DO UPDATE SET next_at = excluded.next_at, chunk_id = NULL
)` + asExpected

// ledgerIntents is the last: what it says is safe before the last octet leaves.
const ledgerIntents = `WITH done AS (
	UPDATE deliveries d SET state = 'sending', token = v.token, updated_at = ` + ledgerNow + `
	FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) AS v (id, token, chunk_id, owner_id)
	WHERE d.id = v.id AND d.chunk_id = v.chunk_id AND d.state = 'pending'
		AND NOT EXISTS (SELECT FROM suppressions s WHERE s.owner_id = v.owner_id AND s.email = d.email)
	RETURNING 1
)` + asExpected

// keepMemory lets a backend keep the memory of a group for the next one. A group
// needs some hundred KB, and glibc gives back to the kernel what is free above
// 128 KB at the end of a statement, to get it again, page by page, a moment
// later: a fifth of what a group costs. When a block as large as this has been
// freed once, glibc takes twice its size for that bound (mallopt(3),
// M_TRIM_THRESHOLD). Elsewhere it does nothing.
const keepMemory = "SELECT octet_length(repeat(repeat('x', 1024), 1024))"

// openLedger is a pool for groups alone: one connection, as a process has one
// ledger that writes a group after the other. Its plans are made once and do
// not depend on what the tables hold at that moment.
func openLedger(cfg *pgx.ConnConfig) *sql.DB {
	pool := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "+keepMemory)
		return err
	}))
	pool.SetMaxOpenConns(1)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool
}

// commitGroup writes entries that are all as they should be; ok is false, and
// nothing written, when one is not.
func (s *Store) commitGroup(ctx context.Context, entries []Entry) (ok bool, err error) {
	var b pgx.Batch
	newGroup(entries).queue(&b, s.skew.Load()/int64(time.Microsecond))
	conn, err := s.ledger.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = conn.Raw(func(driver any) error {
		return driver.(*stdlib.Conn).Conn().SendBatch(ctx, &b).Close()
	})
	if IsData(err) {
		return false, nil // something is not as expected; the counters of a chunk may say so first
	}
	return err == nil, err
}

// group is entries as the statements take them: an array for each column.
type group struct {
	chunks  []heldChunk
	special bool // it has an outcome that ledgerSent does not know

	id, token, chunk          []int64
	was, state, reason        []string
	again                     []bool
	code                      []int32
	enhanced, response        []string
	started, finished         []time.Time
	next                      []*time.Time
	outcome, phase, transport []string
	intent, intentToken       []int64
	intentChunk, intentOwner  []int64
}

// heldChunk is what a group changes in a chunk that one of its claims holds.
type heldChunk struct {
	id, token int64
	intends   bool
	delta     delta
}

func newGroup(entries []Entry) *group {
	outcomes := 0
	for _, e := range entries {
		if e.Outcome != nil {
			outcomes++
		}
	}
	g := makeGroup(outcomes, len(entries)-outcomes)
	for _, e := range entries {
		h := g.held(e.Claim)
		o := e.Outcome
		if o == nil {
			h.intends = true
			h.delta.move(model.Pending, model.Sending, 1)
			g.intent, g.intentToken = append(g.intent, e.DeliveryID), append(g.intentToken, e.Claim.Fence)
			g.intentChunk, g.intentOwner = append(g.intentChunk, e.Claim.ID), append(g.intentOwner, e.Claim.Run.OwnerID)
			continue
		}
		h.delta.move(o.was(), o.To, 1)
		a := &o.Attempt
		g.id, g.token, g.chunk = append(g.id, e.DeliveryID), append(g.token, e.Claim.Fence), append(g.chunk, e.Claim.ID)
		g.was, g.state, g.reason = append(g.was, string(o.was())), append(g.state, string(o.To)), append(g.reason, o.Reason)
		g.again, g.code = append(g.again, o.Repeat), append(g.code, int32(a.Code)) //nolint:gosec // a code has three digits
		g.enhanced, g.response = append(g.enhanced, a.Enhanced), append(g.response, a.Response)
		g.started, g.finished = append(g.started, a.StartedAt), append(g.finished, a.FinishedAt)
		g.outcome, g.phase = append(g.outcome, string(a.Outcome)), append(g.phase, string(a.Phase))
		g.transport = append(g.transport, a.Transport)
		var next *time.Time
		if o.To == model.Deferred {
			next = o.NextAt
		}
		g.next = append(g.next, next)
		plain := o.To == model.Sent && o.Intended && !o.Repeat && o.Reason == "" && a.Outcome == model.OutcomeSent && a.Phase == model.PhaseResponse
		g.special = g.special || !plain
	}
	slices.SortFunc(g.chunks, func(a, b heldChunk) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.token, b.token)) })
	return g
}

// makeGroup makes room for a number of outcomes and of intents.
func makeGroup(outcomes, intents int) *group {
	numbers := func(n int) []int64 { return make([]int64, 0, n) }
	words := func() []string { return make([]string, 0, outcomes) }
	times := func() []time.Time { return make([]time.Time, 0, outcomes) }
	return &group{
		id: numbers(outcomes), token: numbers(outcomes), chunk: numbers(outcomes),
		was: words(), state: words(), reason: words(), again: make([]bool, 0, outcomes), code: make([]int32, 0, outcomes),
		enhanced: words(), response: words(), started: times(), finished: times(), next: make([]*time.Time, 0, outcomes),
		outcome: words(), phase: words(), transport: words(),
		intent: numbers(intents), intentToken: numbers(intents), intentChunk: numbers(intents), intentOwner: numbers(intents),
	}
}

// held is the chunk of a claim. Claims of a process are few: three of a run.
func (g *group) held(c *Claim) *heldChunk {
	i := slices.IndexFunc(g.chunks, func(h heldChunk) bool { return h.id == c.ID && h.token == c.Fence })
	if i < 0 {
		i = len(g.chunks)
		g.chunks = append(g.chunks, heldChunk{id: c.ID, token: c.Fence})
	}
	return &g.chunks[i]
}

// queue adds the statements of the group to a batch.
func (g *group) queue(b *pgx.Batch, skew int64) {
	n := len(g.chunks)
	ids, tokens, intends := make([]int64, n), make([]int64, n), make([]bool, n)
	states := []model.DeliveryState{model.Pending, model.Sending, model.Sent, model.Deferred, model.Failed, model.InDoubt}
	deltas := make([][]int64, len(states))
	for s, state := range states {
		deltas[s] = make([]int64, n)
		for i, h := range g.chunks {
			ids[i], tokens[i], intends[i], deltas[s][i] = h.id, h.token, h.intends, h.delta[state]
		}
	}
	b.Queue(ledgerChunks, n, ids, tokens, intends, deltas[0], deltas[1], deltas[2], deltas[3], deltas[4], deltas[5])
	switch n := len(g.id); {
	case n == 0:
	case g.special:
		b.Queue(ledgerOutcomes, n, skew, g.id, g.token, g.code, g.enhanced, g.response, g.started, g.finished, g.transport,
			g.chunk, g.was, g.state, g.reason, g.again, g.outcome, g.phase, g.next)
	default:
		b.Queue(ledgerSent, n, skew, g.id, g.token, g.code, g.enhanced, g.response, g.started, g.finished, g.transport)
	}
	if n := len(g.intent); n > 0 {
		b.Queue(ledgerIntents, n, skew, g.intent, g.intentToken, g.intentChunk, g.intentOwner)
	}
}
