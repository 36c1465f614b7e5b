package store

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// BulkStep is how many clients one step of ChangeClients takes at most, and how
// many IDs and Except it may be given.
const BulkStep = 500

// ClientBulk is what is to become of many clients of one owner.
type ClientBulk struct {
	IDs    []int64      // these clients
	Filter ClientFilter // all that it finds, where IDs is nil; its owner is not looked at
	Except []int64      // of those, not these

	AddTags, RemoveTags []string
	Delete              bool // as DeleteClient without erase
}

// ClientBulkDone is what a step did. Next is the cursor of the next step, ""
// after the last one.
type ClientBulkDone struct {
	Done    int // clients it took
	Changed int // of them, those that are not as before
	Refused int // of them, those that would have too many tags, and stayed as they were
	Next    string
}

// Check holds it against the rules, tells all breaches at once (model.Invalid)
// and puts the tags into their one form.
func (b *ClientBulk) Check() error {
	var bad model.Fields
	if len(b.IDs) > BulkStep {
		bad.Add("ids", "too_many", "must be at most %d", BulkStep)
	}
	if len(b.Except) > BulkStep {
		bad.Add("except_ids", "too_many", "must be at most %d", BulkStep)
	}
	b.AddTags = checkTagsOf(&bad, "add_tags", b.AddTags)
	b.RemoveTags = checkTagsOf(&bad, "remove_tags", b.RemoveTags)
	switch tags := len(b.AddTags) + len(b.RemoveTags); {
	case !b.Delete && tags == 0:
		bad.Add("add_tags", "required", "say what is to be done: add_tags, remove_tags or delete")
	case b.Delete && tags > 0:
		bad.Add("delete", "not_allowed", "what is deleted needs no tags")
	}
	return bad.Err()
}

// checkTagsOf is checkTags for a field of another name.
func checkTagsOf(bad *model.Fields, field string, tags []string) []string {
	var wrong model.Fields
	tags = checkTags(&wrong, tags)
	for _, f := range wrong {
		f.Field = field
		*bad = append(*bad, f)
	}
	return tags
}

// ChangeClients takes one step of a change of many of the viewer's own clients;
// others are as if they did not exist. It is done when a step answers no Next;
// until then each step goes on where the cursor of the one before says, and a
// step that was asked for twice changes nothing twice. Clients that are made
// after the first step are left alone. A tag that is both added and removed is
// removed.
func (s *Store) ChangeClients(ctx context.Context, v model.Viewer, b ClientBulk, cursor string) (ClientBulkDone, error) {
	var out ClientBulkDone
	if v.UserID == 0 {
		return out, forbidden()
	}
	if err := b.Check(); err != nil {
		return out, err
	}
	ids, next, err := s.bulkClients(ctx, v, &b, cursor)
	if err != nil || len(ids) == 0 {
		return out, kindOf(err, "find clients to change")
	}
	err = s.tx(ctx, func(tx *gorm.DB) error {
		out = ClientBulkDone{Next: next}
		// Some may have gone since they were found.
		var locked []int64
		q := s.forUpdate(tx.Table("clients")).Where("id IN ? AND owner_id = ?", ids, v.UserID).Order("id")
		if err := q.Pluck("id", &locked).Error; err != nil || len(locked) == 0 {
			return kindOf(err, "lock clients")
		}
		out.Done = len(locked)
		if b.Delete {
			out.Changed = len(locked)
			return kindOf(s.deleteClients(tx, locked), "delete clients")
		}
		return kindOf(retag(tx, locked, &b, &out), "tag clients")
	})
	return out, err
}

// bulkClients finds the clients of a step and the cursor of the next one. It
// reads before the transaction: what a filter looks for may take longer than
// locks should be held.
func (s *Store) bulkClients(ctx context.Context, v model.Viewer, b *ClientBulk, cursor string) (ids []int64, next string, err error) {
	if b.IDs != nil {
		return b.IDs, "", nil
	}
	db := s.read(ctx)
	var after, until int64
	if cursor == "" {
		err = db.Raw("SELECT COALESCE(MAX(id), 0) FROM clients WHERE owner_id = ?", v.UserID).Scan(&until).Error
	} else if after, until, err = bulkCursor(cursor); err != nil {
		return nil, "", err
	}
	if err != nil {
		return nil, "", err
	}
	f := b.Filter
	f.OwnerID = &v.UserID
	q := narrowed(s.seenClients(db, v).Where("clients.owner_id = ?", v.UserID), v, f)
	if len(b.Except) > 0 {
		q = q.Where("clients.id NOT IN ?", b.Except)
	}
	err = q.Where("clients.id > ? AND clients.id <= ?", after, until).
		Order("clients.id").Limit(BulkStep).Select("clients.id").Scan(&ids).Error
	if len(ids) == BulkStep {
		next = fmt.Sprintf("%d-%d", ids[BulkStep-1], until)
	}
	return ids, next, err
}

// bulkCursor reads where the step before ended, and the last client there was
// when the first one began. What somebody else makes of it finds their own
// clients still.
func bulkCursor(cursor string) (after, until int64, err error) {
	var rest string
	n, _ := fmt.Sscanf(cursor, "%d-%d%s", &after, &until, &rest)
	if n != 2 || after < 0 || until < 0 {
		return 0, 0, model.Fields{{Field: "cursor", Code: "invalid", Message: "the cursor is broken or belongs to another request"}}.Err()
	}
	return after, until, nil
}

func (s *Store) deleteClients(tx *gorm.DB, ids []int64) error {
	err := s.skipOpen(tx, model.SkippedClientDeleted, func() *gorm.DB {
		return tx.Table("deliveries d").Where("d.client_id IN ?", ids)
	})
	if err != nil {
		return err
	}
	return tx.Exec("DELETE FROM clients WHERE id IN ?", ids).Error
}

// retag adds and removes tags of locked clients, and counts a new version of
// those it changed.
func retag(tx *gorm.DB, ids []int64, b *ClientBulk, out *ClientBulkDone) error {
	var rows []struct {
		ClientID int64
		Tag      string
	}
	if err := tx.Raw("SELECT client_id, tag FROM client_tags WHERE client_id IN ?", ids).Scan(&rows).Error; err != nil {
		return err
	}
	tags := make(map[int64][]string, len(ids))
	for _, r := range rows {
		tags[r.ClientID] = append(tags[r.ClientID], r.Tag)
	}
	add := slices.DeleteFunc(slices.Clone(b.AddTags), func(tag string) bool { return slices.Contains(b.RemoveTags, tag) })
	var changed []int64
	for _, id := range ids {
		gone, left := 0, len(tags[id])
		for _, tag := range tags[id] {
			if slices.Contains(b.RemoveTags, tag) {
				gone++
			}
		}
		fresh := 0
		for _, tag := range add {
			if !slices.Contains(tags[id], tag) {
				fresh++
			}
		}
		switch {
		case left-gone+fresh > maxTags && fresh > 0:
			out.Refused++
		case gone+fresh > 0:
			changed = append(changed, id)
		}
	}
	out.Changed = len(changed)
	if len(changed) == 0 {
		return nil
	}
	if len(b.RemoveTags) > 0 {
		if err := tx.Exec("DELETE FROM client_tags WHERE client_id IN ? AND tag IN ?", changed, b.RemoveTags).Error; err != nil {
			return err
		}
	}
	for _, tag := range add {
		err := tx.Exec(`INSERT INTO client_tags (client_id, owner_id, tag)
			SELECT id, owner_id, ? FROM clients WHERE id IN ?
			ON CONFLICT DO NOTHING`, tag, changed).Error
		if err != nil {
			return err
		}
	}
	return tx.Exec("UPDATE clients SET version = version + 1, updated_at = ? WHERE id IN ?", tx.NowFunc(), changed).Error
}
