package store

import (
	"context"
	"sort"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// Entry is one line of the ledger: the intent to send a delivery, or the
// outcome of an attempt.
type Entry struct {
	Claim      *Claim
	DeliveryID int64
	Outcome    *Outcome // nil for an intent
}

// Outcome is what became of an attempt and where the delivery goes from there.
type Outcome struct {
	To       model.DeliveryState
	Reason   string
	Intended bool       // the intent was granted, so the row says sending
	Repeat   bool       // the delivery may be a duplicate from now on
	NextAt   *time.Time // of a deferred one
	Attempt  model.Attempt
}

// Verdict is what the ledger says to an entry.
type Verdict int

// The verdicts. For an intent only Landed allows the last byte to leave.
const (
	Landed  Verdict = iota // committed, now or by an earlier try of the same entry
	Refused                // the address is suppressed, or the row has moved on
	Stopped                // the run does not run, or the claim is lost: so it is for the whole chunk
)

// CommitLedger writes entries and answers a verdict for each. It may be called
// again with the same entries when it is not known whether they arrived: what
// is already so is Landed. After an error nothing is known of any of them.
//
// Outcomes whose claim was lost settle the doubt that the loss has put them in,
// and are refused when somebody else has settled it.
//
// Two entries of one call never concern the same delivery.
func (s *Store) CommitLedger(ctx context.Context, entries []Entry) ([]Verdict, error) {
	if s.ledger != nil && len(entries) > 0 {
		var landed bool
		err := again(ctx, func() (err error) {
			landed, err = s.commitGroup(ctx, entries)
			return err
		})
		if err != nil {
			return nil, kindOf(err, "write the ledger")
		}
		if landed {
			return make([]Verdict, len(entries)), nil // Landed, all of them
		}
	}
	b := &batch{s: s, entries: entries}
	if err := s.tx(ctx, b.commit); err != nil {
		return nil, kindOf(err, "write the ledger")
	}
	return b.verdicts, nil
}

type batch struct {
	s        *Store
	tx       *gorm.DB
	entries  []Entry
	verdicts []Verdict
	now      time.Time
	token    map[int64]int64           // chunk → the fence of the claim that is good, 0 when nobody holds it
	status   map[int64]model.RunStatus // chunk → of its run
	deltas   map[int64]delta
}

func (b *batch) commit(tx *gorm.DB) error {
	b.tx, b.verdicts, b.deltas = tx, make([]Verdict, len(b.entries)), map[int64]delta{}
	for i := range b.verdicts {
		b.verdicts[i] = Refused
	}
	var err error
	if b.now, err = b.s.now(b.tx); err != nil {
		return err
	}
	if err := b.lockChunks(); err != nil {
		return err
	}
	var known, late, intents []int
	for i, e := range b.entries {
		switch {
		case e.Outcome == nil && !(b.holds(e.Claim) && b.status[e.Claim.ID] == model.RunRunning):
			b.verdicts[i] = Stopped
		case e.Outcome == nil:
			intents = append(intents, i)
		case e.Outcome != nil && b.holds(e.Claim):
			known = append(known, i)
		case e.Outcome != nil && e.Outcome.Intended:
			late = append(late, i)
		}
	}
	for _, step := range []struct {
		fn   func([]int) error
		rows []int
	}{{b.outcomes, known}, {b.lateOutcomes, late}, {b.intents, intents}} {
		if len(step.rows) == 0 {
			continue
		}
		if err := step.fn(step.rows); err != nil {
			return err
		}
	}
	chunks := make([]int64, 0, len(b.deltas))
	for id := range b.deltas {
		chunks = append(chunks, id)
	}
	sort.Slice(chunks, func(i, j int) bool { return chunks[i] < chunks[j] })
	for _, id := range chunks {
		if err := b.deltas[id].apply(b.tx, id); err != nil {
			return err
		}
	}
	return nil
}

// lockChunks takes the rows of all chunks concerned and sees which claims are
// good. The run is read and not locked: shared locks of several ledgers would
// starve the pause that wants the row, and a status read here at most one
// commit late lets at most one mail per connection leave, which is the promise.
func (b *batch) lockChunks() error {
	seen := map[int64]bool{}
	ids := make([]int64, 0, 8)
	for _, e := range b.entries {
		if !seen[e.Claim.ID] {
			seen[e.Claim.ID] = true
			ids = append(ids, e.Claim.ID)
		}
	}
	var rows []struct {
		ID     int64
		Token  *int64
		Status model.RunStatus
	}
	err := b.tx.Raw("SELECT c.id, c.token, r.status FROM chunks c JOIN runs r ON r.id = c.run_id WHERE c.id IN ? ORDER BY c.id"+
		b.s.locking("FOR UPDATE OF c"), ids).Scan(&rows).Error
	b.token, b.status = map[int64]int64{}, map[int64]model.RunStatus{}
	for _, r := range rows {
		if r.Token != nil {
			b.token[r.ID] = *r.Token
		}
		b.status[r.ID] = r.Status
	}
	return err
}

func (b *batch) holds(c *Claim) bool { return b.token[c.ID] == c.Fence }

func (b *batch) delta(chunk int64, from, to model.DeliveryState) {
	d := b.deltas[chunk]
	d.move(from, to, 1)
	b.deltas[chunk] = d
}

// values writes n rows of placeholders; the first row carries the types.
func values(n int, types ...string) string {
	first := "(CAST(? AS " + strings.Join(types, "), CAST(? AS ") + "))"
	rest := ",(?" + strings.Repeat(",?", len(types)-1) + ")"
	return first + strings.Repeat(rest, n-1)
}

func (b *batch) intents(rows []int) error {
	args := make([]any, 0, 4*len(rows)+1)
	at := make(map[int64]int, len(rows))
	for _, i := range rows {
		e := b.entries[i]
		args = append(args, e.DeliveryID, e.Claim.Fence, e.Claim.ID, e.Claim.Run.OwnerID)
		at[e.DeliveryID] = i
	}
	var done []int64
	err := b.tx.Raw("WITH v(id, token, chunk_id, owner_id) AS (VALUES "+values(len(rows), "BIGINT", "BIGINT", "BIGINT", "BIGINT")+
		") UPDATE deliveries SET state = 'sending', token = v.token, updated_at = ? FROM v"+
		" WHERE deliveries.id = v.id AND deliveries.chunk_id = v.chunk_id AND deliveries.state = 'pending'"+
		" AND NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.owner_id = v.owner_id AND s.email = deliveries.email)"+
		" RETURNING deliveries.id", append(args, b.now)...).Scan(&done).Error
	if err != nil {
		return err
	}
	for _, id := range done {
		b.verdicts[at[id]] = Landed
		b.delta(b.entries[at[id]].Claim.ID, model.Pending, model.Sending)
		delete(at, id)
	}
	return b.alreadySo(at, func(Entry) model.DeliveryState { return model.Sending })
}

func (b *batch) outcomes(rows []int) error {
	const columns = "id, token, chunk_id, was, state, reason, deferral, again, code, enhanced, response, at"
	args := make([]any, 0, 12*len(rows))
	at := make(map[int64]int, len(rows))
	for _, i := range rows {
		e, o := b.entries[i], b.entries[i].Outcome
		deferral := 0
		if o.To == model.Deferred {
			deferral = 1
		}
		args = append(args, e.DeliveryID, e.Claim.Fence, e.Claim.ID, o.was(), o.To, o.Reason, deferral, o.Repeat,
			o.Attempt.Code, o.Attempt.Enhanced, o.Attempt.Response, b.now)
		at[e.DeliveryID] = i
	}
	moment := "TIMESTAMPTZ"
	if b.s.lite {
		moment = "TEXT"
	}
	var done []place
	err := b.tx.Raw("WITH v("+columns+") AS (VALUES "+
		values(len(rows), "BIGINT", "BIGINT", "BIGINT", "TEXT", "TEXT", "TEXT", "INTEGER", "BOOLEAN", "INTEGER", "TEXT", "TEXT", moment)+
		") UPDATE deliveries SET state = v.state, reason = v.reason, attempts = deliveries.attempts + 1,"+
		" deferrals = deliveries.deferrals + v.deferral, possible_duplicate = deliveries.possible_duplicate OR v.again,"+
		" last_code = v.code, last_enhanced = v.enhanced, last_response = v.response,"+
		" first_deferred_at = CASE WHEN v.deferral = 1 THEN COALESCE(deliveries.first_deferred_at, v.at) ELSE deliveries.first_deferred_at END,"+
		" token = v.token, updated_at = v.at FROM v"+
		" WHERE deliveries.id = v.id AND deliveries.chunk_id = v.chunk_id AND deliveries.state = v.was"+
		" AND (v.was = 'pending' OR deliveries.token = v.token)"+
		" RETURNING deliveries.id AS id, deliveries.attempts AS chunk_id", args...).Scan(&done).Error
	if err != nil {
		return err
	}
	landed := make([]int, 0, len(done))
	for _, d := range done {
		i := at[d.ID]
		delete(at, d.ID)
		e, o := b.entries[i], b.entries[i].Outcome
		b.verdicts[i] = Landed
		o.Attempt.DeliveryID, o.Attempt.Number = d.ID, int(d.ChunkID)
		if o.was() != o.To {
			b.delta(e.Claim.ID, o.was(), o.To)
		}
		landed = append(landed, i)
	}
	if err := b.log(landed); err != nil {
		return err
	}
	return b.alreadySo(at, func(e Entry) model.DeliveryState { return e.Outcome.To })
}

func (o *Outcome) was() model.DeliveryState {
	if o.Intended {
		return model.Sending
	}
	return model.Pending
}

// lateOutcomes settles doubts: the claim was taken from this process while it
// waited for the answer, and now the answer is here after all.
func (b *batch) lateOutcomes(rows []int) error {
	for _, i := range rows {
		e, o := b.entries[i], b.entries[i].Outcome
		if o.To == model.Deferred && b.status[e.Claim.ID].Over() {
			o.To, o.NextAt = model.Failed, nil // a run that has ended does not come back for a retry
		}
		if !model.InDoubt.CanBecome(o.To) || o.To == model.Pending {
			continue
		}
		var d model.Delivery
		res := b.tx.Raw("SELECT * FROM deliveries WHERE id = ? AND token = ?", e.DeliveryID, e.Claim.Fence).Scan(&d)
		if res.Error != nil {
			return res.Error
		}
		// A doubt that is to be repeated is pending. Until the repeat has its own
		// intent the row carries the token of the doubt, and an answer ends it.
		again := d.State == model.Pending && d.PossibleDuplicate && d.ChunkID == e.Claim.ID && (o.To == model.Sent || o.To == model.Failed)
		if res.RowsAffected == 0 || d.State != model.InDoubt && !again {
			if d.State == o.To && d.ResolvedBy == nil {
				b.verdicts[i] = Landed
			}
			continue
		}
		deferral := 0
		if o.To == model.Deferred {
			deferral = 1
		}
		res = b.tx.Exec("UPDATE deliveries SET state = ?, reason = ?, attempts = attempts + 1, deferrals = deferrals + ?, possible_duplicate = ?, last_code = ?, last_enhanced = ?, last_response = ?, updated_at = ?"+
			" WHERE id = ? AND token = ? AND state = ?",
			o.To, o.Reason, deferral, d.PossibleDuplicate && !again, o.Attempt.Code, o.Attempt.Enhanced, o.Attempt.Response, b.now, e.DeliveryID, e.Claim.Fence, d.State)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			continue
		}
		b.verdicts[i] = Landed
		o.Attempt.DeliveryID, o.Attempt.Number = d.ID, d.Attempts+1
		b.delta(d.ChunkID, d.State, o.To)
		if err := b.log([]int{i}); err != nil {
			return err
		}
	}
	return nil
}

// log appends the attempts of outcomes that landed, and plans the retries of
// the deferred ones.
func (b *batch) log(rows []int) error {
	if len(rows) == 0 {
		return nil
	}
	attempts := make([]any, 0, 11*len(rows))
	var retries []any
	for _, i := range rows {
		e, o := b.entries[i], b.entries[i].Outcome
		a := o.Attempt
		attempts = append(attempts, a.DeliveryID, a.Number, e.Claim.RunID, a.StartedAt.UTC().Truncate(time.Microsecond), a.FinishedAt.UTC().Truncate(time.Microsecond),
			a.Outcome, a.Code, a.Enhanced, a.Response, a.Phase, a.Transport)
		if o.To == model.Deferred {
			retries = append(retries, e.DeliveryID, e.Claim.RunID, o.NextAt.UTC())
		}
	}
	err := b.tx.Exec("INSERT INTO attempts (delivery_id, number, run_id, started_at, finished_at, outcome, code, enhanced, response, phase, transport) VALUES "+
		tuples(len(rows), 11), attempts...).Error
	if err != nil || len(retries) == 0 {
		return err
	}
	return b.tx.Exec("INSERT INTO retries (delivery_id, run_id, next_at) VALUES "+tuples(len(retries)/3, 3)+
		" ON CONFLICT (delivery_id) DO UPDATE SET next_at = excluded.next_at, chunk_id = NULL", retries...).Error
}

func tuples(n, width int) string {
	one := "(?" + strings.Repeat(",?", width-1) + ")"
	return one + strings.Repeat(","+one, n-1)
}

// alreadySo finds, among entries that changed nothing, those that an earlier
// try of the same commit has written.
func (b *batch) alreadySo(at map[int64]int, want func(Entry) model.DeliveryState) error {
	if len(at) == 0 {
		return nil
	}
	ids := make([]int64, 0, len(at))
	for id := range at {
		ids = append(ids, id)
	}
	var rows []model.Delivery
	if err := b.tx.Raw("SELECT id, state, token FROM deliveries WHERE id IN ?", ids).Scan(&rows).Error; err != nil {
		return err
	}
	for _, d := range rows {
		i := at[d.ID]
		if d.Token != nil && *d.Token == b.entries[i].Claim.Fence && d.State == want(b.entries[i]) {
			b.verdicts[i] = Landed
		}
	}
	return nil
}
