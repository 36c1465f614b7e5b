package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// LinkRun makes a run that retries deliveries of one that has ended: it runs
// at once, with the content its parent froze. prepare sets how it is sent, from
// the mailing as it is now, and may refuse. A run that the viewer may not see
// is model.NotFound, one it may not change model.Forbidden. A parent that has
// not ended, another live run of the mailing, and nothing that is left to retry
// are model.Conflict: of any number of calls at once one makes a run.
func (s *Store) LinkRun(ctx context.Context, v model.Viewer, runID int64, f model.RetryFilter, prepare func(now time.Time, m *model.Mailing, r *model.Run) error) (*model.Run, error) {
	if _, err := s.runToChange(ctx, v, runID); err != nil {
		return nil, err
	}
	var r model.Run
	err := s.tx(ctx, func(tx *gorm.DB) error {
		m, parent, err := s.lockRun(tx, runID)
		if err != nil {
			return err
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		switch {
		case !parent.Status.Over() || parent.StartedAt == nil:
			return model.E(model.Conflict, "a run that is %s cannot be retried: wait for its end", parent.Status)
		case m.ArchivedAt != nil:
			return model.E(model.Conflict, "the mailing of this run was deleted")
		case m.Status.Live():
			return model.E(model.Conflict, "another run of this mailing is being sent: wait for its end")
		}
		left, err := s.retryable(tx, runID, f)
		if err != nil {
			return err
		}
		var some []int64
		if err := left.Limit(1).Pluck("d.id", &some).Error; err != nil {
			return err
		}
		if len(some) == 0 {
			return model.E(model.Conflict, "nothing of this run is left to retry")
		}
		if r, err = s.linked(tx, parent, f, now); err != nil {
			return err
		}
		if err := prepare(now, m, &r); err != nil {
			return err
		}
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		if err := sign(tx, "run", r.ID); err != nil {
			return err
		}
		m.Status, m.Reason, m.LastRunID = model.MailingRunning, "", &r.ID
		if err := tx.Exec("UPDATE mailings SET last_action = '' WHERE id = ?", m.ID).Error; err != nil {
			return err
		}
		if err := s.saveStatus(tx, m, now); err != nil {
			return err
		}
		details := model.Details{"run_id": r.ID, "parent_run_id": runID, "states": f.States, "owner_id": m.OwnerID}
		return s.audit(tx, model.AuditEvent{Action: model.AuditMailingRetried, Details: details}.Object("mailing", m.ID, m.Name))
	})
	return &r, kindOf(err, "retry a run")
}

// linked is a running run with the frozen content of its parent.
func (s *Store) linked(tx *gorm.DB, parent *model.Run, f model.RetryFilter, now time.Time) (model.Run, error) {
	r := *parent
	first, dated := parent.First(), parent.StartedAt
	if parent.DatedAt != nil {
		dated = parent.DatedAt
	}
	r.ID, r.ParentRunID, r.FirstRunID, r.DatedAt, r.RetryFilter = 0, &parent.ID, &first, dated, &f
	r.Status, r.Reason, r.StartedAt, r.FinishedAt, r.PlannedAt, r.CreatedAt = model.RunRunning, "", &now, nil, now, now
	r.Occurrence, r.AudienceAfter, r.Materialised, r.CheckedAt, r.AttemptsRemovedAt = 0, 0, false, nil, nil
	for { // two runs of a mailing never share a time
		var taken int64
		err := tx.Table("runs").Where("mailing_id = ? AND planned_at = ?", r.MailingID, r.PlannedAt).Count(&taken).Error
		if err != nil || taken == 0 {
			return r, err
		}
		r.PlannedAt = r.PlannedAt.Add(time.Microsecond)
	}
}

// runToChange answers model.NotFound for a run the viewer may not see and
// model.Forbidden for one it may see only.
func (s *Store) runToChange(ctx context.Context, v model.Viewer, runID int64) (*model.Run, error) {
	r, err := s.seenRun(ctx, v, runID)
	if err == nil && !v.MayChange(r.OwnerID) {
		err = forbidden()
	}
	return r, err
}

// retryable are the deliveries d of a run that a filter names and nothing
// retries yet.
func (s *Store) retryable(tx *gorm.DB, runID int64, f model.RetryFilter) (*gorm.DB, error) {
	l, err := lotsOf(tx, runID, f.States...)
	if err != nil {
		return nil, err
	}
	q := tx.Table("deliveries AS d").Scopes(l.among).Where("d.run_id = ? AND d.state IN ?", runID, f.States).
		Where("NOT EXISTS (SELECT 1 FROM deliveries x WHERE x.origin_id = d.id)")
	if len(f.Codes) > 0 {
		q = q.Where("d.last_code IN ?", f.Codes)
	}
	return q, nil
}

// doubtful is a delivery o that may have arrived: its retry is a possible
// duplicate and goes to the address it went to.
const doubtful = "(o.state = 'in_doubt' OR o.possible_duplicate OR o.resolved_by IS NOT NULL)"

// materialiseRetries is materialiseLot for a linked run: each delivery that
// its filter names gets the one delivery that retries it. What was failed goes
// to the address its client has now, as that may be why it failed. It answers
// how many there are, how many are to be sent to, and whether none comes after.
func (s *Store) materialiseRetries(tx *gorm.DB, r *model.Run, now time.Time) (n int, open int64, complete bool, err error) {
	q, err := s.retryable(tx, *r.ParentRunID, *r.RetryFilter)
	if err != nil {
		return 0, 0, false, err
	}
	var origins []struct{ ID, ClientID int64 }
	err = q.Where("d.client_id > ?", r.AudienceAfter).Order("d.client_id").Limit(ChunkSize).Select("d.id, d.client_id").Scan(&origins).Error
	if err != nil || len(origins) == 0 {
		return 0, 0, true, err
	}
	ids := make([]int64, len(origins))
	for i, o := range origins {
		ids[i] = o.ID
	}
	c := model.Chunk{RunID: r.ID, NextAt: now, FirstClient: origins[0].ClientID, LastClient: origins[len(origins)-1].ClientID}
	if err := tx.Create(&c).Error; err != nil {
		return 0, 0, false, err
	}
	// A client that is gone leaves its address to others: it may have come back
	// as a new one.
	query := `INSERT INTO deliveries (run_id, client_id, chunk_id, email, address_key, state, reason, possible_duplicate, origin_id, first_id, updated_at)
SELECT ?, x.client_id, ?, x.email, CASE WHEN x.gone OR x.twin THEN NULL ELSE x.email END,
  CASE WHEN x.gone OR x.twin OR s.reason IS NOT NULL THEN 'skipped' ELSE 'pending' END,
  CASE WHEN x.gone THEN '` + model.SkippedClientDeleted + `' WHEN x.twin THEN '` + model.SkippedDuplicateAddress + `' ELSE COALESCE(s.reason, '') END,
  x.doubt, x.id, x.first_id, ?
FROM (SELECT y.*, ROW_NUMBER() OVER (PARTITION BY y.email ORDER BY y.gone, y.client_id) > 1
      OR (SELECT d.id FROM deliveries d WHERE d.run_id = ? AND d.address_key = y.email) IS NOT NULL AS twin
  FROM (SELECT o.id, o.client_id, COALESCE(o.first_id, o.id) AS first_id, ` + doubtful + ` AS doubt, c.id IS NULL AS gone,
      CASE WHEN c.id IS NULL OR ` + doubtful + ` THEN o.email ELSE c.email END AS email
    FROM deliveries o LEFT JOIN clients c ON c.id = o.client_id WHERE o.id IN ? AND o.state IN ?) y) x
LEFT JOIN suppressions s ON s.owner_id = ? AND s.email = x.email
WHERE 1 = 1
RETURNING state`
	var states []model.DeliveryState
	err = tx.Raw(query, r.ID, c.ID, now, r.ID, ids, r.RetryFilter.States, r.OwnerID).Scan(&states).Error
	if err != nil {
		return 0, 0, false, err
	}
	var skipped int64
	for _, state := range states {
		if state == model.Skipped {
			skipped++
		}
	}
	planned := int64(len(states)) // fewer than origins where a late answer has just settled one
	r.AudienceAfter = c.LastClient
	err = tx.Exec("UPDATE chunks SET planned = ?, pending = ?, skipped = ?, done = ? WHERE id = ?",
		planned, planned-skipped, skipped, planned == skipped, c.ID).Error
	return len(states), planned - skipped, len(origins) < ChunkSize, err
}
