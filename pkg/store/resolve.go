package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// ResolveDoubts settles deliveries of a run that are in doubt, as sent or as
// failed, on a person's word: the viewer's, who is noted. It answers how many
// it settled; those that are not in doubt, or not any more, are left as they
// are. A run that the viewer may not see is model.NotFound, one it may not
// change model.Forbidden, and ids that are no deliveries of the run are
// model.Invalid on delivery_ids: then nothing is settled.
func (s *Store) ResolveDoubts(ctx context.Context, v model.Viewer, runID int64, ids []int64, as model.DeliveryState) (int64, error) {
	run, err := s.runToChange(ctx, v, runID)
	if err != nil {
		return 0, err
	}
	if !model.InDoubt.CanBecome(as) || as.Open() {
		return 0, model.E(model.Invalid, "a doubt cannot be settled as %s", as)
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var settled int64
	err = s.tx(ctx, func(tx *gorm.DB) error {
		settled = 0
		doubts, err := s.doubts(tx, runID, ids)
		if err != nil {
			return err
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		err = s.eachChunk(tx, doubts, func(chunk int64, ids []int64) error {
			done := tx.Exec("UPDATE deliveries SET state = ?, resolved_by = ?, updated_at = ? WHERE id IN ? AND chunk_id = ? AND state = ?",
				as, v.UserID, now, ids, chunk, model.InDoubt)
			if done.Error != nil {
				return done.Error
			}
			settled += done.RowsAffected
			var d delta
			d.move(model.InDoubt, as, done.RowsAffected)
			return d.apply(tx, chunk)
		})
		if err != nil || settled == 0 {
			return err
		}
		details := model.Details{"run_id": runID, "as": as, "deliveries": settled, "owner_id": run.OwnerID}
		return s.audit(tx, model.AuditEvent{Action: model.AuditDoubtsResolved, Details: details}.Object("mailing", run.MailingID, run.MailingName))
	})
	return settled, kindOf(err, "settle doubts")
}

// doubts are those of a run's deliveries that are in doubt.
func (s *Store) doubts(tx *gorm.DB, runID int64, ids []int64) ([]place, error) {
	var out []place
	var strange []string
	for lot := range slices.Chunk(ids, 1000) {
		var rows []model.Delivery
		err := tx.Table("deliveries").Where("run_id = ? AND id IN ?", runID, lot).Select("id, chunk_id, state").Order("id").Scan(&rows).Error
		if err != nil {
			return nil, err
		}
		for _, id := range lot {
			if len(rows) == 0 || rows[0].ID != id {
				strange = append(strange, fmt.Sprint(id))
				continue
			}
			if rows[0].State == model.InDoubt {
				out = append(out, place{ID: id, ChunkID: rows[0].ChunkID})
			}
			rows = rows[1:]
		}
	}
	if n := len(strange); n > 0 {
		const most = 20
		list := strings.Join(strange[:min(n, most)], ", ")
		if n > most {
			list += fmt.Sprintf(" and %d more", n-most)
		}
		var bad model.Fields
		bad.Add("delivery_ids", "unknown", "these are no deliveries of this run: %s", list)
		return nil, bad.Err()
	}
	return out, nil
}
