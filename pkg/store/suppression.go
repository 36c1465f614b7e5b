package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

const maxNote = 500

// SuppressionFilter narrows a list of suppressions.
type SuppressionFilter struct {
	Q       string // part of the address
	Reason  model.SuppressionReason
	OwnerID *int64 // only for those who see everyone's clients, else model.Invalid on owner_id
}

var suppressionList = listing[model.Suppression]{
	name: "suppressions", id: "suppressions.id", natural: "-id",
	rowID: func(x *model.Suppression) int64 { return x.ID },
	sorts: map[string]sortKey[model.Suppression]{
		"id":         {"suppressions.id", func(x *model.Suppression) any { return x.ID }},
		"email":      {"suppressions.email", func(x *model.Suppression) any { return x.Email }},
		"created_at": {"suppressions.created_at", func(x *model.Suppression) any { return x.CreatedAt }},
	},
}

// seenSuppressions are those of the viewer, or all for those who see everyone's
// clients: a suppression is a client's status.
func (s *Store) seenSuppressions(tx *gorm.DB, v model.Viewer) *gorm.DB {
	q := tx.Table("suppressions")
	if v.Has(model.ClientsViewAll) {
		return q.Joins("JOIN users ON users.id = suppressions.owner_id").Select("suppressions.*, users.email AS owner_email")
	}
	return q.Where("suppressions.owner_id = ?", v.UserID).Select("suppressions.*")
}

// Suppressions lists the suppressions a viewer sees, newest first unless sorted
// by id, email or created_at.
func (s *Store) Suppressions(ctx context.Context, v model.Viewer, f SuppressionFilter, p Page) (List[model.Suppression], error) {
	q := ownedBy(s.seenSuppressions(s.read(ctx), v), v, model.ClientsViewAll, "suppressions.owner_id", f.OwnerID, &p)
	if f.Q != "" {
		q = q.Where(`suppressions.email LIKE ? ESCAPE '\'`, contains(searchText(f.Q)))
	}
	if f.Reason != "" {
		q = q.Where("suppressions.reason = ?", f.Reason)
	}
	out, err := suppressionList.page(q, p)
	return out, kindOf(err, "list suppressions")
}

// Suppression is one that a viewer sees.
func (s *Store) Suppression(ctx context.Context, v model.Viewer, id int64) (*model.Suppression, error) {
	return s.suppression(s.read(ctx), v, id)
}

func (s *Store) suppression(tx *gorm.DB, v model.Viewer, id int64) (*model.Suppression, error) {
	var x model.Suppression
	err := s.seenSuppressions(tx, v).Where("suppressions.id = ?", id).Take(&x).Error
	return &x, kindOf(err, "read a suppression")
}

// CheckSuppression holds a suppression against the rules, tells all breaches at
// once (model.Invalid), and puts the address into its one form.
func CheckSuppression(x *model.Suppression) error {
	var bad model.Fields
	x.Email = checkEmail(&bad, "email", x.Email)
	if !slices.Contains(model.SuppressionReasons, x.Reason) {
		bad.Add("reason", "unknown", "must be one of %s", "unsubscribed, bounced, complained, blocked")
	}
	checkText(&bad, "note", x.Note, maxNote)
	return bad.Err()
}

// Suppress keeps an address from being mailed for an owner; it sets the id and
// the time. Mails to it that have not left are skipped with the reason, in the
// same transaction: their rows' locks order it against a mail that is about to
// leave. One that is there already stays as it is and answers model.Conflict;
// what breaks a rule is model.Invalid.
func (s *Store) Suppress(ctx context.Context, x *model.Suppression) error {
	if err := CheckSuppression(x); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		x.ID, x.CreatedAt = 0, now
		if err := tx.Create(x).Error; err != nil {
			if duplicate(err) {
				return &model.Error{
					Kind: model.Conflict, Message: "this address is suppressed already",
					Fields: model.Fields{{Field: "email", Code: "taken", Message: "this address is suppressed already"}},
				}
			}
			return kindOf(err, "suppress an address")
		}
		if err := sign(tx, "suppression", x.ID); err != nil {
			return kindOf(err, "suppress an address")
		}
		return kindOf(s.skipOpenByAddress(tx, x.OwnerID, x.Email, string(x.Reason)), "skip the mails to a suppressed address")
	})
}

// Unsuppress lets an address be mailed again. What was skipped stays skipped.
func (s *Store) Unsuppress(ctx context.Context, v model.Viewer, id int64) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		x, err := s.suppression(tx, v, id)
		if err != nil {
			return err
		}
		if !v.MayChange(x.OwnerID) {
			return forbidden()
		}
		done := tx.Exec("DELETE FROM suppressions WHERE id = ?", id)
		if done.Error == nil && done.RowsAffected == 0 {
			return notFound()
		}
		return kindOf(done.Error, "delete a suppression")
	})
}
