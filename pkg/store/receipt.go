package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/postrider/postrider/pkg/model"
)

// ReceiptKept is how long a repeated call is recognised.
const ReceiptKept = 24 * time.Hour

// madeClient says in a receipt that a client was made.
const madeClient = "client"

// Receipt is what is known of a call that may be made once only. What the call
// makes is noted in the transaction that makes it, so that a process may die at
// any point and the call still makes one thing.
type Receipt struct {
	BodyHash string
	MadeID   *int64  // what the call has made; nil: nothing is committed
	Answer   *Answer // nil: there is none yet
	Mine     bool    // the caller is to carry the call out, or only to answer it where there is a MadeID

	id, fence int64
}

// Answer is what a call was told.
type Answer struct {
	Status int
	Header map[string]string
	Body   []byte
}

type receiptRow struct {
	ID           int64
	UserID       int64
	Name         string
	BodyHash     string
	Fence        int64
	RunningUntil time.Time
	MadeID       *int64
	Made         string
	Status       *int
	Header       map[string]string `gorm:"serializer:json"`
	Body         []byte
	CreatedAt    time.Time
}

func (receiptRow) TableName() string { return "receipts" }

func (r *receiptRow) receipt() *Receipt {
	out := &Receipt{BodyHash: r.BodyHash, MadeID: r.MadeID, id: r.ID, fence: r.Fence}
	if r.Status != nil {
		out.Answer = &Answer{Status: *r.Status, Header: r.Header, Body: r.Body}
	}
	return out
}

// OpenReceipt finds the receipt of a user's call, or makes it. Of any number of
// requests at once it is Mine for one, until lease has passed without an answer:
// then that one has died, and what it did not commit by then it never will. One
// with another body is never Mine.
func (s *Store) OpenReceipt(ctx context.Context, userID int64, name, bodyHash string, lease time.Duration) (*Receipt, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	var known []receiptRow
	if err := s.read(ctx).Where("user_id = ? AND name = ?", userID, name).Limit(1).Find(&known).Error; err != nil {
		return nil, kindOf(err, "read a receipt")
	}
	if len(known) == 1 && !known[0].open(now, bodyHash) {
		return known[0].receipt(), nil
	}
	var out *Receipt
	err = s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		row := receiptRow{
			UserID: userID, Name: name, BodyHash: bodyHash, Fence: 1, RunningUntil: now.Add(lease),
			Header: map[string]string{}, CreatedAt: now,
		}
		made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if made.Error != nil || made.RowsAffected == 1 {
			out = row.receipt()
			out.Mine = true
			return made.Error
		}
		row = receiptRow{}
		err = s.forUpdate(tx).Where("user_id = ? AND name = ?", userID, name).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) { // dropped just now: the caller asks again
			out = &Receipt{BodyHash: bodyHash}
			return nil
		}
		if err != nil {
			return err
		}
		if !row.open(now, bodyHash) {
			out = row.receipt()
			return nil
		}
		if row.old(now) {
			row.BodyHash, row.MadeID, row.Made, row.CreatedAt = bodyHash, nil, "", now
			row.Status, row.Header, row.Body = nil, map[string]string{}, nil
		}
		row.Fence++
		row.RunningUntil = now.Add(lease)
		out = row.receipt()
		out.Mine = true
		return tx.Save(&row).Error
	})
	return out, kindOf(err, "open a receipt")
}

func (r *receiptRow) old(now time.Time) bool { return !r.CreatedAt.After(now.Add(-ReceiptKept)) }

// open reports whether somebody may take the call on.
func (r *receiptRow) open(now time.Time, bodyHash string) bool {
	return r.old(now) || r.BodyHash == bodyHash && r.Status == nil && !r.RunningUntil.After(now)
}

// KeepAnswer keeps what the call was told, for those who repeat it. A refusal of
// a call that has made something is not kept: it was not about the call.
func (s *Store) KeepAnswer(ctx context.Context, r *Receipt, a Answer) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		q := tx.Model(&receiptRow{}).Where("id = ? AND fence = ?", r.id, r.fence)
		if a.Status >= 400 {
			q = q.Where("made_id IS NULL")
		}
		return q.Select("status", "header", "body").Updates(&receiptRow{Status: &a.Status, Header: a.Header, Body: a.Body}).Error
	}), "keep an answer")
}

// DropReceipt ends a call without an answer that is worth keeping: the next
// request takes it on at once, and only answers it where something was made.
func (s *Store) DropReceipt(ctx context.Context, r *Receipt) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		gone := tx.Exec("DELETE FROM receipts WHERE id = ? AND fence = ? AND made_id IS NULL", r.id, r.fence)
		if gone.Error != nil || gone.RowsAffected == 1 {
			return gone.Error
		}
		return tx.Exec("UPDATE receipts SET running_until = ? WHERE id = ? AND fence = ?", now, r.id, r.fence).Error
	}), "drop a receipt")
}

type receiptKey struct{}

// WithReceipt lets what is made on behalf of ctx be noted in the receipt.
func WithReceipt(ctx context.Context, r *Receipt) context.Context {
	return context.WithValue(ctx, receiptKey{}, r)
}

// sign notes in the receipt of the transaction's context, if it has one, what
// the transaction makes. The first thing counts. Once another request has taken
// the call on, nothing is made.
func sign(tx *gorm.DB, made string, id int64) error {
	r, _ := tx.Statement.Context.Value(receiptKey{}).(*Receipt)
	if r == nil {
		return nil
	}
	done := tx.Exec("UPDATE receipts SET made = CASE WHEN made_id IS NULL THEN ? ELSE made END, made_id = COALESCE(made_id, ?) WHERE id = ? AND fence = ?",
		made, id, r.id, r.fence)
	if done.Error == nil && done.RowsAffected == 0 {
		return model.E(model.Unavailable, "another request with this Idempotency-Key has taken over")
	}
	return kindOf(done.Error, "sign a receipt")
}

// forget removes the receipts of what a user's call made: their answers tell
// what it was.
func forget(tx *gorm.DB, userID int64, made string, id int64) error {
	return tx.Exec("DELETE FROM receipts WHERE user_id = ? AND made = ? AND made_id = ?", userID, made, id).Error
}
