package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/postrider/postrider/pkg/model"
)

// On PostgreSQL a group is written by two prepared statements that leave
// together, as one implicit transaction: one round trip and one commit for all
// lines (docs/adr/0024). They write the lines that are as they should be; what
// they leave out, because the row or the claim is not what the line expects,
// is for the portable form to judge.

// ledgerLocks takes the rows of the chunks concerned before the statement that
// follows takes its snapshot.
const ledgerLocks = "SELECT FROM chunks WHERE id = ANY ($1) ORDER BY id FOR UPDATE"

// ledgerGroup writes outcomes and intents, and changes each chunk's counters
// once. A line names its claim by the token, which no two claims share. The run
// is read and not locked, as in batch.lockChunks. Rows are found from the lines
// by their keys, never by a scan: the settings of openLedger see to it.
const ledgerGroup = `WITH claim AS MATERIALIZED (
	SELECT c.id AS chunk_id, c.token, c.run_id, r.owner_id, r.status = 'running' AS runs,
		clock_timestamp() + $1 * interval '1 microsecond' AS at
	FROM unnest($2::bigint[], $3::bigint[]) AS held (id, token)
	JOIN chunks c ON c.id = held.id AND c.token = held.token JOIN runs r ON r.id = c.run_id
), outcome AS (
	UPDATE deliveries d SET state = v.state, reason = v.reason, attempts = d.attempts + 1,
		deferrals = d.deferrals + (v.state = 'deferred')::int, possible_duplicate = d.possible_duplicate OR v.again,
		last_code = v.code, last_enhanced = v.enhanced, last_response = v.response,
		first_deferred_at = CASE WHEN v.state = 'deferred' THEN COALESCE(d.first_deferred_at, claim.at) ELSE d.first_deferred_at END,
		token = v.token, updated_at = claim.at
	FROM unnest($4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::boolean[], $10::integer[], $11::text[], $12::text[],
		$13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[], $17::text[])
		AS v (id, token, was, state, reason, again, code, enhanced, response, started_at, finished_at, outcome, phase, transport)
	JOIN claim ON claim.token = v.token
	WHERE d.id = v.id AND d.chunk_id = claim.chunk_id AND d.state = v.was AND (v.was = 'pending' OR d.token = v.token)
	RETURNING d.id, claim.chunk_id, v.was, v.state, d.attempts AS number, claim.run_id, v.started_at, v.finished_at,
		v.outcome, v.code, v.enhanced, v.response, v.phase, v.transport
), logged AS (
	INSERT INTO attempts (delivery_id, number, run_id, started_at, finished_at, outcome, code, enhanced, response, phase, transport)
	SELECT id, number, run_id, started_at, finished_at, outcome, code, enhanced, response, phase, transport FROM outcome
), retry AS (
	INSERT INTO retries (delivery_id, run_id, next_at)
	SELECT o.id, o.run_id, later.at FROM unnest($18::bigint[], $19::timestamptz[]) AS later (id, at) JOIN outcome o ON o.id = later.id
	ON CONFLICT (delivery_id) DO UPDATE SET next_at = excluded.next_at, chunk_id = NULL
), intent AS (
	UPDATE deliveries d SET state = 'sending', token = v.token, updated_at = claim.at
	FROM unnest($20::bigint[], $21::bigint[]) AS v (id, token) JOIN claim ON claim.token = v.token AND claim.runs
	WHERE d.id = v.id AND d.chunk_id = claim.chunk_id AND d.state = 'pending'
		AND NOT EXISTS (SELECT FROM suppressions s WHERE s.owner_id = claim.owner_id AND s.email = d.email)
	RETURNING d.id, claim.chunk_id
), counted AS (
	UPDATE chunks c SET pending = c.pending + n.pending, sending = c.sending + n.sending, sent = c.sent + n.sent,
		deferred = c.deferred + n.deferred, failed = c.failed + n.failed, in_doubt = c.in_doubt + n.in_doubt
	FROM (
		SELECT chunk_id, sum((state = 'pending')::int - (was = 'pending')::int) AS pending,
			sum((state = 'sending')::int - (was = 'sending')::int) AS sending, sum((state = 'sent')::int) AS sent,
			sum((state = 'deferred')::int) AS deferred, sum((state = 'failed')::int) AS failed, sum((state = 'in_doubt')::int) AS in_doubt
		FROM (SELECT chunk_id, was, state FROM outcome UNION ALL SELECT chunk_id, 'pending', 'sending' FROM intent) AS moved
		GROUP BY chunk_id
	) AS n WHERE c.id = n.chunk_id
)
SELECT id, number FROM outcome UNION ALL SELECT -id, 0 FROM intent`

// ledgerSent is ledgerGroup for groups as nearly all are: mails that were sent,
// and intents. To set up the statement is a good part of a group's time, so that
// what does not vary is not asked.
const ledgerSent = `WITH claim AS MATERIALIZED (
	SELECT c.id AS chunk_id, c.token, c.run_id, r.owner_id, r.status = 'running' AS runs,
		clock_timestamp() + $1 * interval '1 microsecond' AS at
	FROM unnest($2::bigint[], $3::bigint[]) AS held (id, token)
	JOIN chunks c ON c.id = held.id AND c.token = held.token JOIN runs r ON r.id = c.run_id
), outcome AS (
	UPDATE deliveries d SET state = 'sent', reason = '', attempts = d.attempts + 1,
		last_code = v.code, last_enhanced = v.enhanced, last_response = v.response, updated_at = claim.at
	FROM unnest($4::bigint[], $5::bigint[], $6::integer[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::text[])
		AS v (id, token, code, enhanced, response, started_at, finished_at, transport)
	JOIN claim ON claim.token = v.token
	WHERE d.id = v.id AND d.chunk_id = claim.chunk_id AND d.state = 'sending' AND d.token = v.token
	RETURNING d.id, claim.chunk_id, d.attempts AS number, claim.run_id, v.started_at, v.finished_at, v.code, v.enhanced, v.response, v.transport
), logged AS (
	INSERT INTO attempts (delivery_id, number, run_id, started_at, finished_at, outcome, code, enhanced, response, phase, transport)
	SELECT id, number, run_id, started_at, finished_at, 'sent', code, enhanced, response, 'response', transport FROM outcome
), intent AS (
	UPDATE deliveries d SET state = 'sending', token = v.token, updated_at = claim.at
	FROM unnest($12::bigint[], $13::bigint[]) AS v (id, token) JOIN claim ON claim.token = v.token AND claim.runs
	WHERE d.id = v.id AND d.chunk_id = claim.chunk_id AND d.state = 'pending'
		AND NOT EXISTS (SELECT FROM suppressions s WHERE s.owner_id = claim.owner_id AND s.email = d.email)
	RETURNING d.id, claim.chunk_id
), counted AS (
	UPDATE chunks c SET pending = c.pending - n.intents, sending = c.sending + n.intents - n.sent, sent = c.sent + n.sent
	FROM (
		SELECT chunk_id, count(*) FILTER (WHERE sent) AS sent, count(*) FILTER (WHERE NOT sent) AS intents
		FROM (SELECT chunk_id, true AS sent FROM outcome UNION ALL SELECT chunk_id, false FROM intent) AS moved
		GROUP BY chunk_id
	) AS n WHERE c.id = n.chunk_id
)
SELECT id, number FROM outcome UNION ALL SELECT -id, 0 FROM intent`

// openLedger is a pool for groups alone: one connection, as a process has one
// ledger that writes a group after the other. Its plans are made once and do
// not depend on what the tables hold at that moment.
func openLedger(cfg *pgx.ConnConfig) *sql.DB {
	pool := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
		return err
	}))
	pool.SetMaxOpenConns(1)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	return pool
}

// commitGroup writes those of the entries that are as they should be, and sets
// their verdicts to Landed.
func (s *Store) commitGroup(ctx context.Context, entries []Entry, verdicts []Verdict) (err error) {
	g := newGroup(entries)
	conn, err := s.ledger.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Raw(func(driver any) error {
		var b pgx.Batch
		b.Queue(ledgerLocks, g.chunks)
		skew := s.skew.Load() / int64(time.Microsecond)
		if g.special {
			b.Queue(ledgerGroup, skew, g.chunks, g.fences,
				g.id, g.token, g.was, g.state, g.reason, g.again, g.code, g.enhanced, g.response,
				g.started, g.finished, g.outcome, g.phase, g.transport, g.later, g.laterAt, g.intent, g.intentToken)
		} else {
			b.Queue(ledgerSent, skew, g.chunks, g.fences,
				g.id, g.token, g.code, g.enhanced, g.response, g.started, g.finished, g.transport, g.intent, g.intentToken)
		}
		results := driver.(*stdlib.Conn).Conn().SendBatch(ctx, &b)
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // with the same error
			return err
		}
		rows, _ := results.Query() // its error comes again from rows
		for i := range verdicts {  // of a try that failed on the way
			verdicts[i] = Refused
		}
		var id int64
		var number int
		_, err := pgx.ForEachRow(rows, []any{&id, &number}, func() error {
			i := g.at[id]
			verdicts[i] = Landed
			if o := entries[i].Outcome; o != nil {
				o.Attempt.DeliveryID, o.Attempt.Number = id, number
			}
			return nil
		})
		if closeErr := results.Close(); err == nil { // the commit
			err = closeErr
		}
		return err
	})
}

// group is entries as ledgerGroup takes them: an array for each column.
type group struct {
	at             map[int64]int // an outcome's delivery, or the negative of an intent's, to its entry
	chunks, fences []int64       // the claims, each once

	id, token, later           []int64
	was, state, reason         []string
	again                      []bool
	code                       []int32
	enhanced, response         []string
	started, finished, laterAt []time.Time
	outcome, phase, transport  []string
	intent, intentToken        []int64

	special bool // it has an outcome that ledgerSent does not know
}

func newGroup(entries []Entry) *group {
	g := &group{at: make(map[int64]int, len(entries))}
	for i, e := range entries {
		if !slices.Contains(g.fences, e.Claim.Fence) {
			g.chunks, g.fences = append(g.chunks, e.Claim.ID), append(g.fences, e.Claim.Fence)
		}
		o := e.Outcome
		if o == nil {
			g.at[-e.DeliveryID] = i
			g.intent, g.intentToken = append(g.intent, e.DeliveryID), append(g.intentToken, e.Claim.Fence)
			continue
		}
		a := &o.Attempt
		g.at[e.DeliveryID] = i
		g.id, g.token = append(g.id, e.DeliveryID), append(g.token, e.Claim.Fence)
		g.was, g.state, g.reason = append(g.was, string(o.was())), append(g.state, string(o.To)), append(g.reason, o.Reason)
		g.again, g.code = append(g.again, o.Repeat), append(g.code, int32(a.Code))
		g.enhanced, g.response = append(g.enhanced, a.Enhanced), append(g.response, a.Response)
		g.started, g.finished = append(g.started, a.StartedAt), append(g.finished, a.FinishedAt)
		g.outcome, g.phase = append(g.outcome, string(a.Outcome)), append(g.phase, string(a.Phase))
		g.transport = append(g.transport, a.Transport)
		plain := o.To == model.Sent && o.Intended && !o.Repeat && o.Reason == "" && a.Outcome == model.OutcomeSent && a.Phase == model.PhaseResponse
		g.special = g.special || !plain
		if o.To == model.Deferred {
			g.later, g.laterAt = append(g.later, e.DeliveryID), append(g.laterAt, *o.NextAt)
		}
	}
	return g
}
