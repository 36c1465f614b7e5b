package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// Membership is why a client is among the recipients of a run, or why not.
type Membership string

// Why a client is a recipient, then why one is not. The audience of a run is
// frozen, the tags of clients are not: they are those of today.
const (
	MemberAll     Membership = "all"         // everybody was addressed
	MemberNamed   Membership = "named"       // named one by one
	MemberTag     Membership = "tag"         // by a tag
	MemberRetry   Membership = "retry"       // the run retries this client's delivery of its parent
	MemberChanged Membership = "changed"     // by a tag it has lost since, or the client was deleted
	NotStarted    Membership = "not_started" // the run has not started, or never did
	NotYet        Membership = "not_yet"     // the recipients of the run are still being written down
	NotReached    Membership = "not_reached" // the run ended before it came to this client
	NotRetried    Membership = "not_retried" // the run retries others of its parent
	NotAddressed  Membership = "not_addressed"
	ExcludedNamed Membership = "excluded"     // excluded one by one
	ExcludedTag   Membership = "excluded_tag" // excluded by a tag
	JoinedLater   Membership = "joined_later" // fits today, and did not when the run started
)

// Why is all that is known of a client in a run.
type Why struct {
	Run         Report
	Email       string // where the mail goes; of one that is no recipient the client's address
	Deleted     bool   // the client is gone; what became of its mail stays
	Membership  Membership
	Tag         string             // that decided, of MemberTag and ExcludedTag
	Delivery    *model.Delivery    // nil of one that is no recipient
	Attempts    []AttemptRow       // oldest first
	Suppression *model.Suppression // of the address, as it stands now
}

// Why tells why a client did or did not get the mail of a run. A run the viewer
// may not see and a client that is not its owner's are model.NotFound.
func (s *Store) Why(ctx context.Context, viewer model.Viewer, runID, clientID int64) (*Why, error) {
	run, err := s.Report(ctx, viewer, runID)
	if err != nil {
		return nil, err
	}
	w := &Why{Run: *run}
	db := s.read(ctx)
	var found []model.Delivery
	err = db.Table("deliveries AS d").Select(deliveryColumns).
		Joins("LEFT JOIN retries ON retries.delivery_id = d.id AND d.state = 'deferred'").
		Where("d.run_id = ? AND d.client_id = ?", runID, clientID).Scan(&found).Error
	if err != nil {
		return nil, kindOf(err, "read a delivery")
	}
	var addresses []string // of the client; none when it is gone
	err = db.Table("clients").Where("id = ? AND owner_id = ?", clientID, run.OwnerID).Pluck("email", &addresses).Error
	if err != nil {
		return nil, kindOf(err, "read a client")
	}
	switch {
	case len(found) > 0:
		w.Delivery, w.Email = &found[0], found[0].Email
	case len(addresses) > 0:
		w.Email = addresses[0]
	default:
		return nil, kindOf(gorm.ErrRecordNotFound, "read a client")
	}
	w.Deleted = len(addresses) == 0
	if err := w.member(db, clientID); err != nil {
		return nil, kindOf(err, "read an audience")
	}
	if w.Delivery != nil {
		err := db.Table("attempts AS a").Select("a.*, ? AS email", w.Email).Where("a.delivery_id = ?", w.Delivery.ID).
			Order("a.number").Scan(&w.Attempts).Error
		if err != nil {
			return nil, kindOf(err, "read the attempts of a delivery")
		}
	}
	var stops []model.Suppression
	err = db.Table("suppressions").Where("owner_id = ? AND email = ?", run.OwnerID, w.Email).Scan(&stops).Error
	if len(stops) > 0 {
		w.Suppression = &stops[0]
	}
	return w, kindOf(err, "read a suppression")
}

// member finds the membership.
func (w *Why) member(db *gorm.DB, clientID int64) error {
	var tags []string
	if err := db.Table("client_tags").Where("client_id = ?", clientID).Pluck("tag", &tags).Error; err != nil {
		return err
	}
	var run model.Run
	if err := db.Table("runs").Select("audience").Where("id = ?", w.Run.ID).Take(&run).Error; err != nil {
		return err
	}
	by := missingBy
	if w.Delivery != nil {
		by = memberBy
	}
	w.Membership, w.Tag = by(&w.Run, run.Audience, clientID, tags)
	return nil
}

// memberBy is why a client with a delivery has it.
func memberBy(r *Report, a model.Audience, id int64, tags []string) (Membership, string) {
	switch {
	case r.ParentRunID != nil:
		return MemberRetry, ""
	case a.All:
		return MemberAll, ""
	case slices.Contains(a.ClientIDs, id):
		return MemberNamed, ""
	}
	if tag := common(a.Tags, tags); tag != "" {
		return MemberTag, tag
	}
	return MemberChanged, ""
}

// missingBy is why a client has no delivery.
func missingBy(r *Report, a model.Audience, id int64, tags []string) (Membership, string) {
	if r.StartedAt == nil {
		return NotStarted, ""
	}
	if r.ParentRunID == nil {
		if !a.All && !slices.Contains(a.ClientIDs, id) && common(a.Tags, tags) == "" {
			return NotAddressed, ""
		}
		if slices.Contains(a.ExcludeClientIDs, id) {
			return ExcludedNamed, ""
		}
		if tag := common(a.ExcludeTags, tags); tag != "" {
			return ExcludedTag, tag
		}
	}
	switch {
	case !r.Materialised && r.Status.Over():
		return NotReached, ""
	case !r.Materialised:
		return NotYet, ""
	case r.ParentRunID != nil:
		return NotRetried, ""
	}
	return JoinedLater, ""
}

// common is the first of some tags that is among others, "" if none is.
func common(some, others []string) string {
	for _, tag := range some {
		if slices.Contains(others, tag) {
			return tag
		}
	}
	return ""
}
