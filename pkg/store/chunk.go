package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// ChunkSize is how many deliveries one claim takes. Measured on PostgreSQL:
// claiming 100 000 deliveries a chunk at a time costs a hundredth of claiming
// them by rows with SKIP LOCKED.
const ChunkSize = 500

// Claim is a chunk that a worker holds, with the run it belongs to. Its token
// is the fence of everything that is written under it. The run comes without its
// audience.
type Claim struct {
	model.Chunk
	Run   model.Run
	Fence int64 // the token of this claim
}

// ClaimChunk gives a worker the next chunk of a running run that nobody holds
// and whose time has come, or nil. A worker that the others must think dead
// gets none.
func (s *Store) ClaimChunk(ctx context.Context, worker string, runID int64) (*Claim, error) {
	var claim *Claim
	err := s.tx(ctx, func(tx *gorm.DB) error {
		claim = nil
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		var c Claim
		res := tx.Raw("SELECT "+strings.Join(s.runColumns, ", ")+" FROM runs WHERE id = ? AND status = ? AND (deadline_at IS NULL OR deadline_at > ?)"+s.locking("FOR SHARE"),
			runID, model.RunRunning, now).Scan(&c.Run)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		res = tx.Raw("SELECT * FROM chunks WHERE run_id = ? AND NOT done AND worker_id IS NULL AND next_at <= ?"+
			" AND EXISTS (SELECT 1 FROM workers WHERE id = ? AND beat_at > ?)"+
			" ORDER BY next_at, id LIMIT 1"+s.locking("FOR UPDATE OF chunks SKIP LOCKED"),
			runID, now, worker, now.Add(-DeadAfter)).Scan(&c.Chunk)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		if c.Fence, err = s.nextToken(tx); err != nil {
			return err
		}
		claim = &c
		return tx.Exec("UPDATE chunks SET token = ?, worker_id = ? WHERE id = ?", c.Fence, worker, c.ID).Error
	})
	if err != nil {
		return nil, kindOf(err, "claim a chunk") // committed or not, nobody knows
	}
	return claim, nil
}

// nextToken hands out a number that no claim had before.
func (s *Store) nextToken(tx *gorm.DB) (int64, error) {
	query := "SELECT nextval('claim_tokens')"
	if s.lite {
		query = "UPDATE sequences SET value = value + 1 WHERE name = 'claim_tokens' RETURNING value"
	}
	var token int64
	err := tx.Raw(query).Row().Scan(&token)
	return token, err
}

// holds locks the chunk of a claim and tells whether the claim is still good.
func (s *Store) holds(tx *gorm.DB, c *Claim) (bool, error) {
	var token *int64
	err := tx.Raw("SELECT token FROM chunks WHERE id = ?"+s.locking("FOR UPDATE"), c.ID).Row().Scan(&token)
	return err == nil && token != nil && *token == c.Fence, err
}

// ReleaseChunk gives a claim back; what is pending in it can be claimed again
// after rest. A row that still says sending has no known outcome: it is put in
// doubt. A claim that is no longer good changes nothing.
func (s *Store) ReleaseChunk(ctx context.Context, c *Claim, rest time.Duration) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		held, err := s.holds(tx, c)
		if err != nil || !held {
			return err
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		return s.freeChunk(tx, &c.Chunk, c.Run.InDoubtPolicy, now.Add(rest))
	}), "give a chunk back")
}

// freeChunk ends the lease of a locked chunk.
func (s *Store) freeChunk(tx *gorm.DB, c *model.Chunk, policy model.InDoubtPolicy, next time.Time) error {
	if err := s.doubtSending(tx, c, policy); err != nil {
		return err
	}
	err := tx.Exec("UPDATE chunks SET token = NULL, worker_id = NULL, next_at = ?, done = (pending = 0 AND sending = 0) WHERE id = ?", next, c.ID).Error
	if err != nil || !c.Retry {
		return err
	}
	// those that are settled; a delivery deferred again has left for its next time
	return tx.Exec("DELETE FROM retries WHERE chunk_id = ? AND delivery_id IN (SELECT r.delivery_id FROM retries r "+
		"JOIN deliveries d ON d.id = r.delivery_id WHERE r.chunk_id = ? AND d.state <> ?)", c.ID, c.ID, model.Pending).Error
}

// doubtSending writes the attempt of every delivery of a locked chunk that is
// left between its intent and its outcome, and puts it in doubt; or back to
// pending, once, when the run's policy is to resend.
func (s *Store) doubtSending(tx *gorm.DB, c *model.Chunk, policy model.InDoubtPolicy) error {
	q := tx.Table("deliveries d").Where("d.run_id = ? AND d.chunk_id = ? AND d.state = ?", c.RunID, c.ID, model.Sending)
	if c.Retry {
		q = q.Where("d.id IN (SELECT delivery_id FROM retries WHERE chunk_id = ?)", c.ID)
	} else {
		q = q.Where("d.client_id BETWEEN ? AND ?", c.FirstClient, c.LastClient)
	}
	var rows []model.Delivery
	if err := q.Select("d.*").Scan(&rows).Error; err != nil || len(rows) == 0 {
		return err
	}
	now, err := s.now(tx)
	if err != nil {
		return err
	}
	var d delta
	attempts := make([]attemptRow, 0, len(rows))
	for _, row := range rows {
		to, again := model.InDoubt, row.PossibleDuplicate
		if policy == model.ResendInDoubt && !row.PossibleDuplicate {
			to, again = model.Pending, true
		}
		err := tx.Exec("UPDATE deliveries SET state = ?, possible_duplicate = ?, attempts = attempts + 1, last_code = 0, last_enhanced = '', last_response = ?, updated_at = ? WHERE id = ?",
			to, again, lostAnswer, now, row.ID).Error
		if err != nil {
			return err
		}
		d.move(model.Sending, to, 1)
		attempts = append(attempts, attemptRow{RunID: c.RunID, Attempt: model.Attempt{
			DeliveryID: row.ID, Number: row.Attempts + 1, StartedAt: row.UpdatedAt, FinishedAt: now,
			Outcome: model.OutcomeInDoubt, Phase: model.PhaseResponse, Response: lostAnswer,
		}})
	}
	if err := tx.Table("attempts").CreateInBatches(attempts, 200).Error; err != nil {
		return err
	}
	return d.apply(tx, c.ID)
}

// lostAnswer is what the log says in place of a server's words when the
// process that waited for them is gone.
const lostAnswer = "the answer was lost: the sending process ended before it could be recorded"

type attemptRow struct {
	model.Attempt `gorm:"embedded"`
	RunID         int64
}
