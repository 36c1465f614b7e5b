package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// audienceOf is the condition for the clients (alias c) of an audience.
func (s *Store) audienceOf(ownerID int64, a model.Audience) (string, []any) {
	cond, args := "c.owner_id = ?", []any{ownerID}
	list := func(ids []int64) string {
		args = append(args, encodeIDs(ids))
		if s.lite {
			return "(SELECT value FROM json_each(?))"
		}
		return "(SELECT value::bigint FROM json_array_elements_text(CAST(? AS json)))"
	}
	const tagged = "EXISTS (SELECT 1 FROM client_tags t WHERE t.client_id = c.id AND t.tag IN ?)"
	if !a.All {
		var either string
		if len(a.ClientIDs) > 0 {
			either = "c.id IN " + list(a.ClientIDs)
		}
		if len(a.Tags) > 0 {
			if either != "" {
				either += " OR "
			}
			either += tagged
			args = append(args, a.Tags)
		}
		if either == "" {
			either = "1 = 0"
		}
		cond += " AND (" + either + ")"
	}
	if len(a.ExcludeClientIDs) > 0 {
		cond += " AND c.id NOT IN " + list(a.ExcludeClientIDs)
	}
	if len(a.ExcludeTags) > 0 {
		cond += " AND NOT " + tagged
		args = append(args, a.ExcludeTags)
	}
	return cond, args
}

// longestLot is how long Materialise goes on adding chunks in one transaction.
const longestLot = 200 * time.Millisecond

// Materialise gives the next clients of a run's audience their deliveries: one
// chunk at first, so that sending can begin, then up to 20 a call. It answers
// how many chunks it made, how many of them hold something to send, and whether
// the audience is complete. Several workers may call it; they take turns.
func (s *Store) Materialise(ctx context.Context, runID int64) (made, sendable int, complete bool, err error) {
	err = s.tx(ctx, func(tx *gorm.DB) error {
		made, sendable, complete = 0, 0, false
		var r model.Run
		if err := s.forRunUpdate(tx).Take(&r, runID).Error; err != nil {
			return err
		}
		if r.Materialised || r.Status == model.RunPlanned || r.Status.Over() {
			complete = r.Materialised
			return nil
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		lots, begin := 20, time.Now()
		if r.AudienceAfter == 0 {
			lots = 1
		}
		cond, args := s.audienceOf(r.OwnerID, r.Audience)
		for range lots {
			n, open, err := s.materialiseChunk(tx, &r, now, cond, args)
			if err != nil {
				return err
			}
			if n > 0 {
				made++
			}
			if open > 0 {
				sendable++
			}
			if n < ChunkSize {
				complete = true
				break
			}
			if time.Since(begin) > longestLot { // who wants the run's row waits for this
				break
			}
		}
		return tx.Exec("UPDATE runs SET audience_after = ?, materialised = ? WHERE id = ?", r.AudienceAfter, complete, r.ID).Error
	})
	return made, sendable, complete, kindOf(err, "materialise a run")
}

func (s *Store) materialiseChunk(tx *gorm.DB, r *model.Run, now time.Time, cond string, args []any) (n int, open int64, err error) {
	c := model.Chunk{RunID: r.ID, NextAt: now}
	if err := tx.Create(&c).Error; err != nil {
		return 0, 0, err
	}
	// Not EXISTS for the twin: PostgreSQL makes it a hash of all deliveries of the
	// run, anew for every chunk (measured at 200 000: 160 ms a chunk against 17).
	query := `INSERT INTO deliveries (run_id, client_id, chunk_id, email, address_key, state, reason, updated_at)
SELECT ?, x.id, ?, x.email, CASE WHEN x.twin THEN NULL ELSE x.email END,
  CASE WHEN x.twin OR x.reason IS NOT NULL THEN 'skipped' ELSE 'pending' END,
  CASE WHEN x.twin THEN '` + model.SkippedDuplicateAddress + `' ELSE COALESCE(x.reason, '') END, ?
FROM (SELECT c.id, c.email, s.reason,
    (SELECT d.id FROM deliveries d WHERE d.run_id = ? AND d.address_key = c.email) IS NOT NULL AS twin
  FROM clients c LEFT JOIN suppressions s ON s.owner_id = c.owner_id AND s.email = c.email
  WHERE c.id > ? AND ` + cond + ` ORDER BY c.id LIMIT ?) x WHERE 1 = 1
ON CONFLICT (run_id, client_id) DO NOTHING
RETURNING client_id, state`
	all := append([]any{r.ID, c.ID, now, r.ID, r.AudienceAfter}, args...)
	var rows []struct {
		ClientID int64
		State    model.DeliveryState
	}
	if err := tx.Raw(query, append(all, ChunkSize)...).Scan(&rows).Error; err != nil {
		return 0, 0, err
	}
	if len(rows) == 0 {
		// kept, empty: to delete it would look through all deliveries for its key
		return 0, 0, tx.Exec("UPDATE chunks SET done = ? WHERE id = ?", true, c.ID).Error
	}
	c.FirstClient, c.LastClient = rows[0].ClientID, rows[0].ClientID
	var skipped int64
	for _, row := range rows {
		c.FirstClient, c.LastClient = min(c.FirstClient, row.ClientID), max(c.LastClient, row.ClientID)
		if row.State == model.Skipped {
			skipped++
		}
	}
	planned := int64(len(rows))
	r.AudienceAfter = c.LastClient
	err = tx.Exec("UPDATE chunks SET first_client = ?, last_client = ?, planned = ?, pending = ?, skipped = ?, done = ? WHERE id = ?",
		c.FirstClient, c.LastClient, planned, planned-skipped, skipped, planned == skipped, c.ID).Error
	return len(rows), planned - skipped, err
}
