package store

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// auditRow is an event with what is kept for looking it up.
type auditRow struct {
	*model.AuditEvent `gorm:"embedded"`
	Search            string
}

func (auditRow) TableName() string { return "audit_events" }

// audit records an event in the transaction of the act that it is about, so
// that neither is there without the other. Who does it and from where is told
// by the context, unless the event names somebody. There is no way to change or
// remove what was recorded; triggers refuse it too.
func (s *Store) audit(tx *gorm.DB, e model.AuditEvent) error {
	now, err := s.now(tx)
	if err != nil {
		return err
	}
	who := model.ActorOf(tx.Statement.Context)
	e.ID, e.At, e.IP, e.RequestID = 0, now, who.IP, who.RequestID
	if e.ActorID == nil && who.UserID != 0 {
		e.ActorID, e.ActorEmail = &who.UserID, who.Email
	}
	if who.KeyID != 0 {
		e.KeyID = &who.KeyID
	}
	if e.Details == nil {
		e.Details = model.Details{}
	}
	details, err := json.Marshal(e.Details)
	if err != nil {
		return err
	}
	row := auditRow{&e, searchText(e.ActorEmail, e.ObjectName, e.IP, e.RequestID, string(details))}
	return kindOf(tx.Create(&row).Error, "write the audit log")
}

// auditUser records what an account does with itself, or what is done in its
// name by somebody who need not have signed in.
func (s *Store) auditUser(tx *gorm.DB, action model.AuditAction, id int64, details model.Details) error {
	var email string
	if err := tx.Table("users").Where("id = ?", id).Select("email").Row().Scan(&email); err != nil {
		return kindOf(err, "read a user")
	}
	e := model.AuditEvent{Action: action, Details: details}.Object("user", id, email)
	if action != model.AuditFamilyRevoked { // who came with the old token is not known
		e = e.By(id, email)
	}
	return s.audit(tx, e)
}

// changed tells for each value that is another one what it was and what it is;
// one that was not there, or is not any more, is left out.
func changed(was, is model.Details) model.Details {
	out := model.Details{}
	note := func(name string) {
		if reflect.DeepEqual(was[name], is[name]) {
			return
		}
		change := map[string]any{}
		if old, there := was[name]; there {
			change["was"] = old
		}
		if now, there := is[name]; there {
			change["is"] = now
		}
		out[name] = change
	}
	for name := range was {
		note(name)
	}
	for name := range is {
		note(name)
	}
	return out
}

// Audit records what has no other row to change: an export, for instance.
func (s *Store) Audit(ctx context.Context, e model.AuditEvent) error {
	return s.tx(ctx, func(tx *gorm.DB) error { return s.audit(tx, e) })
}

// How many events of one kind are recorded in a minute by a process, of one
// key and of all; see AuditOften.
const (
	auditOfKey = 5
	auditOfAll = 120
)

// AuditOften is Audit for what strangers can cause at will, such as failed
// sign-ins: the log must not be flooded. Of one key five events a minute are
// recorded, of an action 120. How many were left out of a minute is recorded
// before the next event, or by AuditLeftOut. Whether one is recorded depends on nothing but
// key and action: its time would tell.
func (s *Store) AuditOften(ctx context.Context, key string, e model.AuditEvent) error {
	if write := s.auditOften(key, e); write != nil {
		return s.tx(ctx, write)
	}
	return nil
}

// auditOften counts an event and answers what is to be written, nil for
// nothing; for AuditOften, and for acts that are written with their event.
func (s *Store) auditOften(key string, e model.AuditEvent) func(tx *gorm.DB) error {
	left, take := s.often.admit(s.clock(), e.Action, key)
	if !take && left == nil {
		return nil
	}
	return func(tx *gorm.DB) error {
		if left != nil {
			if err := s.auditLeft(tx, left); err != nil {
				return err
			}
		}
		if !take {
			return nil
		}
		return s.audit(tx, e)
	}
}

// AuditLeftOut records how many events AuditOften has left out of a minute that
// is over, and of the present one too where the process ends.
func (s *Store) AuditLeftOut(ctx context.Context, ends bool) error {
	left := s.often.leave(s.clock(), ends)
	if left == nil {
		return nil
	}
	return s.tx(ctx, func(tx *gorm.DB) error { return s.auditLeft(tx, left) })
}

// auditLeft records what was left out; nobody in particular did that.
func (s *Store) auditLeft(tx *gorm.DB, left model.Details) error {
	nobody := tx.WithContext(model.WithActor(tx.Statement.Context, model.Actor{}))
	return s.audit(nobody, model.AuditEvent{Action: model.AuditLeftOut, Details: left})
}

// often counts what was recorded in the present minute. It holds as many keys
// as events are recorded in one.
type often struct {
	mu     sync.Mutex
	minute time.Time
	keys   map[string]int
	all    map[string]int
	left   model.Details // action → how many were not recorded
}

// admit reports whether an event is to be recorded, and what was left out of a
// minute that has passed.
func (o *often) admit(now time.Time, action model.AuditAction, key string) (left model.Details, take bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now = now.Truncate(time.Minute); !now.Equal(o.minute) {
		left = o.takeLeft()
		o.minute, o.keys, o.all = now, map[string]int{}, map[string]int{}
	}
	kind := string(action)
	if key = kind + " " + key; o.keys[key] >= auditOfKey || o.all[kind] >= auditOfAll {
		if o.left == nil {
			o.left = model.Details{}
		}
		n, _ := o.left[kind].(int)
		o.left[kind] = n + 1
		return left, false
	}
	o.keys[key]++
	o.all[kind]++
	return left, true
}

// leave is what was left out of a minute that is over, or where the process
// ends of the present one too.
func (o *often) leave(now time.Time, ends bool) model.Details {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !ends && now.Truncate(time.Minute).Equal(o.minute) {
		return nil
	}
	return o.takeLeft()
}

// takeLeft is what was not taken yet of what was left out.
func (o *often) takeLeft() model.Details {
	left := o.left
	if left != nil {
		left["minute"] = o.minute.UTC().Format(time.RFC3339)
	}
	o.left = nil
	return left
}

// AuditFilter narrows the audit log.
type AuditFilter struct {
	ActorID    *int64
	Action     model.AuditAction
	ObjectType string
	ObjectID   *int64
	From       *time.Time // and later
	To         *time.Time // before
	Q          string     // somewhere in the words of the event, in any case
}

var auditList = listing[model.AuditEvent]{
	name: "audit", id: "audit_events.id", natural: "-id",
	rowID: func(e *model.AuditEvent) int64 { return e.ID },
	sorts: map[string]sortKey[model.AuditEvent]{
		"id": {"audit_events.id", func(e *model.AuditEvent) any { return e.ID }},
		"at": {"audit_events.at", func(e *model.AuditEvent) any { return e.At }},
	},
}

// AuditEvents lists the audit log, for superusers; nobody else gets further
// than model.Forbidden.
func (s *Store) AuditEvents(ctx context.Context, viewer model.Viewer, f AuditFilter, p Page) (List[model.AuditEvent], error) {
	if !viewer.Superuser {
		return List[model.AuditEvent]{}, forbidden()
	}
	q := s.read(ctx).Model(&model.AuditEvent{})
	for column, id := range map[string]*int64{"actor_id": f.ActorID, "object_id": f.ObjectID} {
		if id != nil {
			q = q.Where(column+" = ?", *id)
		}
	}
	if f.Action != "" {
		q = q.Where("action = ?", f.Action)
	}
	if f.ObjectType != "" {
		q = q.Where("object_type = ?", f.ObjectType)
	}
	if f.From != nil {
		q = q.Where("at >= ?", f.From.UTC())
	}
	if f.To != nil {
		q = q.Where("at < ?", f.To.UTC())
	}
	if f.Q != "" {
		q = q.Where(`search LIKE ? ESCAPE '\'`, contains(strings.ToLower(f.Q)))
	}
	out, err := auditList.page(q, p)
	return out, kindOf(err, "list the audit log")
}

// AuditEvent is one event, for superusers.
func (s *Store) AuditEvent(ctx context.Context, viewer model.Viewer, id int64) (*model.AuditEvent, error) {
	if !viewer.Superuser {
		return nil, forbidden()
	}
	var e model.AuditEvent
	err := s.read(ctx).Where("id = ?", id).Take(&e).Error
	return &e, kindOf(err, "read the audit log")
}

// Audit records what is done to the mailing, in its transaction.
func (t *MailingTx) Audit(action model.AuditAction, details model.Details) error {
	if details == nil {
		details = model.Details{}
	}
	details["owner_id"] = t.OwnerID
	return t.s.audit(t.tx, model.AuditEvent{Action: action, Details: details}.Object("mailing", t.ID, t.Name))
}
