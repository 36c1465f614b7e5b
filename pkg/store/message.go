package store

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// messageRow is a message with what only the database needs.
type messageRow struct {
	model.Message `gorm:"embedded"`
	Search        string
}

func (messageRow) TableName() string { return "messages" }

func messageSearch(m *model.Message) string { return searchText(m.Name, m.Subject) }

// MessageFilter narrows a list of messages.
type MessageFilter struct {
	Q       string // somewhere in the name or the subject, in any case
	OwnerID *int64 // only for those who see everyone's, else model.Invalid on owner_id
}

var messageList = listing[model.Message]{
	name: "messages", id: "messages.id", natural: "-id",
	rowID: func(m *model.Message) int64 { return m.ID },
	sorts: map[string]sortKey[model.Message]{
		"id":         {"messages.id", func(m *model.Message) any { return m.ID }},
		"name":       {"messages.name", func(m *model.Message) any { return m.Name }},
		"subject":    {"messages.subject", func(m *model.Message) any { return m.Subject }},
		"created_at": {"messages.created_at", func(m *model.Message) any { return m.CreatedAt }},
		"updated_at": {"messages.updated_at", func(m *model.Message) any { return m.UpdatedAt }},
	},
}

const messageColumns = `messages.id, messages.owner_id, messages.name, messages.subject, messages.html, messages.text,
	messages.version, messages.created_at, messages.updated_at`

// seenMessages are the messages a viewer sees, with the owner's address for
// those who see everyone's.
func (s *Store) seenMessages(tx *gorm.DB, v model.Viewer) *gorm.DB {
	q := tx.Table("messages")
	if v.Has(model.MessagesViewAll) {
		return q.Joins("JOIN users ON users.id = messages.owner_id").Select(messageColumns + ", users.email AS owner_email")
	}
	return q.Where("messages.owner_id = ?", v.UserID).Select(messageColumns)
}

// Messages lists the messages a viewer sees, newest first unless sorted by id,
// name, subject, created_at or updated_at.
func (s *Store) Messages(ctx context.Context, v model.Viewer, f MessageFilter, p Page) (List[model.Message], error) {
	q := ownedBy(s.seenMessages(s.read(ctx), v), v, model.MessagesViewAll, "messages.owner_id", f.OwnerID, &p)
	if f.Q != "" {
		q = q.Where(`messages.search LIKE ? ESCAPE '\'`, contains(searchText(f.Q)))
	}
	out, err := messageList.page(q, p)
	return out, kindOf(err, "list messages")
}

// Message is one message that a viewer sees.
func (s *Store) Message(ctx context.Context, v model.Viewer, id int64) (*model.Message, error) {
	return s.message(s.read(ctx), v, id)
}

func (s *Store) message(tx *gorm.DB, v model.Viewer, id int64) (*model.Message, error) {
	var m model.Message
	err := s.seenMessages(tx, v).Where("messages.id = ?", id).Take(&m).Error
	return &m, kindOf(err, "read a message")
}

// CreateMessage keeps a new message of the viewer and sets what is read-only.
// The message must have passed mailing.CheckMessage.
func (s *Store) CreateMessage(ctx context.Context, v model.Viewer, m *model.Message) error {
	if v.UserID == 0 {
		return forbidden()
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		m.ID, m.OwnerID, m.Version = 0, v.UserID, 1
		row := messageRow{Message: *m, Search: messageSearch(m)}
		row.CreatedAt = tx.NowFunc()
		row.UpdatedAt = row.CreatedAt
		if err := tx.Create(&row).Error; err != nil {
			return kindOf(err, "create a message")
		}
		if err := sign(tx, "message", row.ID); err != nil {
			return kindOf(err, "create a message")
		}
		now, err := s.message(tx, v, row.ID)
		if err == nil {
			*m = *now
		}
		return err
	})
}

// ChangeMessage gives change a message that the viewer may change, locked, and
// keeps what it makes of it; change holds it against mailing.CheckMessage. A
// stale ifMatch is model.PreconditionFailed. What is the same as before makes
// no new version. Runs that have started keep what they froze. change may run
// more than once.
func (s *Store) ChangeMessage(ctx context.Context, v model.Viewer, id int64, ifMatch model.IfMatch, change func(*model.Message) error) (*model.Message, error) {
	var m *model.Message
	err := s.tx(ctx, func(tx *gorm.DB) error {
		old, err := s.lockMessage(tx, v, id)
		if err != nil {
			return err
		}
		if ifMatch.Stale(old.Version) {
			return stale()
		}
		if m, err = s.message(tx, v, id); err != nil { // what a change before ours left
			return err
		}
		*old = *m
		if err := change(m); err != nil {
			return err
		}
		m.ID, m.OwnerID, m.Version, m.CreatedAt, m.UpdatedAt = old.ID, old.OwnerID, old.Version, old.CreatedAt, old.UpdatedAt
		if alike(m, old) {
			return nil
		}
		m.Version++
		row := messageRow{Message: *m, Search: messageSearch(m)}
		err = tx.Select("*").Updates(&row).Error
		*m = row.Message
		return kindOf(err, "change a message")
	})
	return m, err
}

// lockMessage locks a message that the viewer may change.
func (s *Store) lockMessage(tx *gorm.DB, v model.Viewer, id int64) (*model.Message, error) {
	m, err := s.message(tx, v, id)
	if err != nil {
		return nil, err
	}
	if !v.MayChange(m.OwnerID) {
		return nil, forbidden()
	}
	err = s.forUpdate(tx.Table("messages")).Select("version").Where("id = ?", id).Take(m).Error
	return m, kindOf(err, "lock a message")
}

// DeleteMessage removes a message. One that a mailing which has not ended uses
// is model.Conflict; those that have ended lose the link and keep what they
// sent.
func (s *Store) DeleteMessage(ctx context.Context, v model.Viewer, id int64, ifMatch model.IfMatch) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		m, err := s.lockMessage(tx, v, id)
		if err != nil {
			return err
		}
		if ifMatch.Stale(m.Version) {
			return stale()
		}
		users, err := usersOfMessage(tx, id)
		if err != nil {
			return err
		}
		if n := len(users); n > 0 {
			return model.E(model.Conflict, "%d mailings that have not ended use this message: %s", n, quoted(users))
		}
		return kindOf(tx.Exec("DELETE FROM messages WHERE id = ?", id).Error, "delete a message")
	})
}

// usersOfMessage names the mailings that need a message, in the order they
// were made.
func usersOfMessage(tx *gorm.DB, id int64) ([]string, error) {
	var names []string
	err := tx.Table("mailings").Where("message_id = ? AND archived_at IS NULL AND status NOT IN ?", id,
		[]model.MailingStatus{model.MailingFinished, model.MailingCancelled}).Order("id").Pluck("name", &names).Error
	return names, kindOf(err, "look for mailings of a message")
}

// quoted lists a few names in quotes.
func quoted(names []string) string {
	const few = 5
	more := ""
	if len(names) > few {
		names, more = names[:few], ", …"
	}
	return "“" + strings.Join(names, "”, “") + "”" + more
}
