package store

import (
	"context"
	"maps"
	"slices"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// liveRuns are the statuses in which a run may have open deliveries.
var liveRuns = []model.RunStatus{model.RunRunning, model.RunPausing, model.RunPaused, model.RunCancelling}

// place is where a delivery stood when it was looked up.
type place struct {
	ID      int64
	ChunkID int64
}

// skipOpenByAddress turns the open deliveries of an owner to an address, in
// runs that go on, to skipped. It belongs in the transaction that writes the
// suppression, after it: the row locks order it against the intents.
func (s *Store) skipOpenByAddress(tx *gorm.DB, ownerID int64, email, reason string) error {
	return s.skipOpen(tx, reason, func() *gorm.DB {
		return tx.Table("deliveries d").Joins("JOIN runs r ON r.id = d.run_id").
			Where("r.owner_id = ? AND r.status IN ? AND d.address_key = ?", ownerID, liveRuns, email)
	})
}

// skipOpenByClient turns the open deliveries of a client to skipped. It
// belongs in the transaction that deletes the client, before it.
func (s *Store) skipOpenByClient(tx *gorm.DB, clientID int64, reason string) error {
	return s.skipOpen(tx, reason, func() *gorm.DB {
		return tx.Table("deliveries d").Where("d.client_id = ?", clientID)
	})
}

// skipOpen locks the chunks of what it finds before the deliveries, and looks
// again when a delivery moved to another chunk in between.
func (s *Store) skipOpen(tx *gorm.DB, reason string, find func() *gorm.DB) error {
	for range 5 {
		var found []place
		err := find().Where("d.state IN ?", []model.DeliveryState{model.Pending, model.Deferred}).
			Select("d.id, d.chunk_id").Scan(&found).Error
		if err != nil || len(found) == 0 {
			return err
		}
		if _, err := s.moveRows(tx, found, model.Skipped, reason); err != nil {
			return err
		}
	}
	return model.E(model.Unavailable, "the mailing is busy, try again")
}

// moveRows turns pending and deferred deliveries to a closed state and keeps
// the counters of their chunks. Rows that changed since they were looked up are
// left alone. It tells how many it turned.
func (s *Store) moveRows(tx *gorm.DB, rows []place, to model.DeliveryState, reason string) (int64, error) {
	now, err := s.now(tx)
	if err != nil {
		return 0, err
	}
	var moved int64
	err = s.eachChunk(tx, rows, func(chunk int64, ids []int64) error {
		var d delta
		var gone []int64
		for _, from := range []model.DeliveryState{model.Pending, model.Deferred} {
			var done []int64
			err := tx.Raw("UPDATE deliveries SET state = ?, reason = ?, updated_at = ? WHERE id IN ? AND chunk_id = ? AND state = ? RETURNING id",
				to, reason, now, ids, chunk, from).Scan(&done).Error
			if err != nil {
				return err
			}
			d.move(from, to, int64(len(done)))
			gone = append(gone, done...)
		}
		moved += int64(len(gone))
		if len(gone) > 0 { // those alone: a chunk of retries knows its members by these rows
			if err := tx.Exec("DELETE FROM retries WHERE delivery_id IN ?", gone).Error; err != nil {
				return err
			}
		}
		return d.apply(tx, chunk)
	})
	return moved, err
}

// eachChunk does something with the rows of each chunk, which it locks before,
// in the order of locks.
func (s *Store) eachChunk(tx *gorm.DB, rows []place, do func(chunk int64, ids []int64) error) error {
	byChunk := map[int64][]int64{}
	for _, r := range rows {
		byChunk[r.ChunkID] = append(byChunk[r.ChunkID], r.ID)
	}
	for _, chunk := range slices.Sorted(maps.Keys(byChunk)) {
		if err := s.lockChunk(tx, chunk); err != nil {
			return err
		}
		if err := do(chunk, byChunk[chunk]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) lockChunk(tx *gorm.DB, id int64) error {
	return tx.Raw("SELECT id FROM chunks WHERE id = ?"+s.locking("FOR UPDATE"), id).Row().Scan(&id)
}

// delta is a change of a chunk's counters.
type delta map[model.DeliveryState]int64

func (d *delta) move(from, to model.DeliveryState, n int64) {
	if *d == nil {
		*d = delta{}
	}
	(*d)[from] -= n
	(*d)[to] += n
}

// apply writes the change; the schema refuses counters that do not add up.
func (d delta) apply(tx *gorm.DB, chunk int64) error {
	set := map[string]any{}
	for state, n := range d {
		if n != 0 {
			set[string(state)] = gorm.Expr(string(state)+" + ?", n)
		}
	}
	if len(set) == 0 {
		return nil
	}
	return tx.Table("chunks").Where("id = ?", chunk).Updates(set).Error
}

// Lot is one delivery of a claimed chunk, with what it takes to render it.
type Lot struct {
	model.Delivery
	FullName   string
	Locale     string
	Attributes string // JSON
	Gone       bool   // the client was deleted
	Suppressed string // reason of a suppression, "" when there is none
	LinkID     *int64 // the first of its chain, if it went to this address: its link to unsubscribe is that of the first
	Lost       bool   // it was deferred, and for a connection that was lost, not for an answer
}

// Pending reads the pending deliveries of a claimed chunk: what it takes to
// send them, and not what their attempts left. Neighbours are far from each
// other: one group of the ledger must not change most rows of a page, which
// then has no room for their new versions, and every index gets an entry.
func (s *Store) Pending(ctx context.Context, c *Claim) ([]Lot, error) {
	q := s.read(ctx).Table("deliveries d").
		Joins("LEFT JOIN clients c ON c.id = d.client_id").
		Joins("LEFT JOIN suppressions s ON s.owner_id = ? AND s.email = d.email", c.Run.OwnerID).
		Where("d.chunk_id = ? AND d.state = ?", c.ID, model.Pending)
	if c.Retry {
		q = q.Where("d.id IN (SELECT delivery_id FROM retries WHERE chunk_id = ?)", c.ID)
	} else {
		q = q.Where("d.run_id = ? AND d.client_id BETWEEN ? AND ?", c.RunID, c.FirstClient, c.LastClient)
	}
	rows, err := q.Select("d.id, d.client_id, d.email, d.origin_id, d.first_id, d.attempts, d.deferrals, d.possible_duplicate, d.first_deferred_at, " +
		"COALESCE(c.full_name, ''), COALESCE(c.locale, ''), COALESCE(c.attributes, '{}'), c.id IS NULL, COALESCE(s.reason, ''), " +
		"(SELECT f.id FROM deliveries f WHERE f.id = d.first_id AND f.email = d.email), " +
		"d.deferrals > 0 AND COALESCE((SELECT a.code FROM attempts a WHERE a.delivery_id = d.id AND a.outcome = 'deferred' ORDER BY a.number DESC LIMIT 1), 1) = 0").
		Order("d.client_id").Rows()
	if err != nil {
		return nil, kindOf(err, "read the deliveries of a chunk")
	}
	defer rows.Close()
	lots := make([]Lot, 0, ChunkSize)
	for rows.Next() { // without reflection: it is done for every mail
		l := Lot{Delivery: model.Delivery{RunID: c.RunID, ChunkID: c.ID, State: model.Pending}}
		err := rows.Scan(&l.ID, &l.ClientID, &l.Email, &l.OriginID, &l.FirstID, &l.Attempts, &l.Deferrals, &l.PossibleDuplicate, &l.FirstDeferredAt,
			&l.FullName, &l.Locale, &l.Attributes, &l.Gone, &l.Suppressed, &l.LinkID, &l.Lost)
		if err != nil {
			return nil, kindOf(err, "read the deliveries of a chunk")
		}
		lots = append(lots, l)
	}
	return spread(lots), kindOf(rows.Err(), "read the deliveries of a chunk")
}

// spread puts between neighbours what a page of deliveries holds at most.
func spread(lots []Lot) []Lot {
	const page = 50
	out := make([]Lot, 0, len(lots))
	for first := range min(page, len(lots)) {
		for i := first; i < len(lots); i += page {
			out = append(out, lots[i])
		}
	}
	return out
}

// Skip turns deliveries of a claimed chunk that must not be mailed to skipped,
// each with its reason.
func (s *Store) Skip(ctx context.Context, c *Claim, reasons map[int64]string) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		if held, err := s.holds(tx, c); err != nil || !held {
			return err
		}
		byReason := map[string][]place{}
		for id, why := range reasons {
			byReason[why] = append(byReason[why], place{ID: id, ChunkID: c.ID})
		}
		for why, rows := range byReason {
			if _, err := s.moveRows(tx, rows, model.Skipped, why); err != nil {
				return err
			}
		}
		return nil
	}), "skip deliveries")
}

// Believe turns deliveries of a claimed chunk that were deferred until it was
// clear whom a refusal concerns to failed: it concerns them. Those that have
// moved on are left alone.
func (s *Store) Believe(ctx context.Context, c *Claim, ids []int64) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		if held, err := s.holds(tx, c); err != nil || !held {
			return err
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		var done []int64
		err = tx.Raw("UPDATE deliveries SET state = ?, deferrals = deferrals - 1, updated_at = ? WHERE id IN ? AND chunk_id = ? AND state = ? AND token = ? RETURNING id",
			model.Failed, now, ids, c.ID, model.Deferred, c.Fence).Scan(&done).Error
		if err != nil || len(done) == 0 {
			return err
		}
		if err := tx.Exec("DELETE FROM retries WHERE delivery_id IN ?", done).Error; err != nil {
			return err
		}
		var d delta
		d.move(model.Deferred, model.Failed, int64(len(done)))
		return d.apply(tx, c.ID)
	}), "believe refusals")
}

// DeliveryOf is a delivery with the owner of its run, without a viewer: for
// calls that carry a signed token instead.
func (s *Store) DeliveryOf(ctx context.Context, id int64) (*model.Delivery, *model.Run, error) {
	var d model.Delivery
	if err := s.read(ctx).Take(&d, id).Error; err != nil {
		return nil, nil, kindOf(err, "read a delivery")
	}
	var r model.Run
	if err := s.read(ctx).Take(&r, d.RunID).Error; err != nil {
		return nil, nil, kindOf(err, "read a run")
	}
	return &d, &r, nil
}
