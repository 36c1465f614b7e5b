package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// MailingFilter narrows a list of mailings.
type MailingFilter struct {
	Status  model.MailingStatus // "" for all
	Q       string              // part of the name, in any case
	OwnerID int64               // only for those who see everyone's; 0 for all
}

var mailingList = listing[model.Mailing]{
	name:  "mailings",
	id:    "mailings.id",
	rowID: func(m *model.Mailing) int64 { return m.ID },
	sorts: map[string]sortKey[model.Mailing]{
		"id":         {"mailings.id", func(m *model.Mailing) any { return m.ID }},
		"name":       {"mailings.name", func(m *model.Mailing) any { return m.Name }},
		"created_at": {"mailings.created_at", func(m *model.Mailing) any { return m.CreatedAt }},
		"updated_at": {"mailings.updated_at", func(m *model.Mailing) any { return m.UpdatedAt }},
		"next_run_at": {"COALESCE(mailings.next_run_at, mailings.created_at)", func(m *model.Mailing) any {
			if m.NextRunAt != nil {
				return *m.NextRunAt
			}
			return m.CreatedAt
		}},
	},
	natural: "-id",
}

// seenMailings are the mailings a viewer sees, with the owner's address for
// those who see everyone's. Archived ones are seen by nobody.
func (s *Store) seenMailings(tx *gorm.DB, v model.Viewer) *gorm.DB {
	q := tx.Table("mailings").Where("mailings.archived_at IS NULL")
	if v.Has(model.MailingsViewAll) {
		return q.Joins("JOIN users ON users.id = mailings.owner_id").Select("mailings.*, users.email AS owner_email")
	}
	return q.Where("mailings.owner_id = ?", v.UserID).Select("mailings.*")
}

// Mailings lists the mailings a viewer sees.
func (s *Store) Mailings(ctx context.Context, v model.Viewer, f MailingFilter, p Page) (List[model.Mailing], error) {
	q := s.seenMailings(s.read(ctx), v)
	if f.OwnerID != 0 {
		if !v.Has(model.MailingsViewAll) {
			p.Breaches.Add("owner_id", "forbidden", "only those who see everyone's mailings may filter by owner")
		}
		q = q.Where("mailings.owner_id = ?", f.OwnerID)
	}
	if f.Status != "" {
		q = q.Where("mailings.status = ?", f.Status)
	}
	if f.Q != "" {
		q = q.Where(`mailings.search LIKE ? ESCAPE '\'`, contains(searchText(f.Q)))
	}
	out, err := mailingList.page(q, p)
	return out, kindOf(err, "list mailings")
}

// Mailing is one mailing that a viewer sees.
func (s *Store) Mailing(ctx context.Context, v model.Viewer, id int64) (*model.Mailing, error) {
	var m model.Mailing
	err := s.seenMailings(s.read(ctx), v).Where("mailings.id = ?", id).Take(&m).Error
	return &m, kindOf(err, "read a mailing")
}

// MailingTx is a mailing under its lock, with what the rules of its life need
// to read and write. It is good inside the function it was given to only.
type MailingTx struct {
	*model.Mailing
	Now time.Time // the database's clock

	s  *Store
	tx *gorm.DB
}

// CreateMailing gives rules a new mailing, which they fill and save.
func (s *Store) CreateMailing(ctx context.Context, m *model.Mailing, rules func(*MailingTx) error) error {
	return kindOf(s.tx(ctx, func(tx *gorm.DB) error {
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		m.ID, m.Version, m.CreatedAt, m.UpdatedAt = 0, 1, now, now
		return rules(&MailingTx{Mailing: m, Now: now, s: s, tx: tx})
	}), "create a mailing")
}

// ChangeMailing gives rules a mailing that the viewer may change, locked. A
// stale ifMatch is model.PreconditionFailed.
func (s *Store) ChangeMailing(ctx context.Context, v model.Viewer, id int64, ifMatch model.IfMatch, rules func(*MailingTx) error) (*model.Mailing, error) {
	return s.changeMailing(ctx, v, id, ifMatch, v.MayChange, rules)
}

// StopMailing is ChangeMailing for those who may stop everybody's mailings.
func (s *Store) StopMailing(ctx context.Context, v model.Viewer, id int64, rules func(*MailingTx) error) (*model.Mailing, error) {
	may := func(owner int64) bool { return v.MayChange(owner) || v.Has(model.MailingsStopAll) }
	return s.changeMailing(ctx, v, id, nil, may, rules)
}

func (s *Store) changeMailing(ctx context.Context, v model.Viewer, id int64, ifMatch model.IfMatch, may func(int64) bool, rules func(*MailingTx) error) (*model.Mailing, error) {
	var m model.Mailing
	err := s.tx(ctx, func(tx *gorm.DB) error {
		m = model.Mailing{}
		seen := s.seenMailings(tx, v)
		if v.Has(model.MailingsStopAll) {
			seen = tx.Table("mailings").Where("mailings.archived_at IS NULL")
		}
		var owner int64
		if err := seen.Where("mailings.id = ?", id).Select("mailings.owner_id").Row().Scan(&owner); err != nil {
			return err
		}
		if !may(owner) {
			return forbidden()
		}
		if err := s.forUpdate(tx).Where("archived_at IS NULL").Take(&m, id).Error; err != nil {
			return err
		}
		if ifMatch.Stale(m.Version) {
			return stale()
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		return rules(&MailingTx{Mailing: &m, Now: now, s: s, tx: tx})
	})
	return &m, kindOf(err, "change a mailing")
}

// OwnsMessage reports whether the message is the mailing's owner's.
func (t *MailingTx) OwnsMessage(id int64) (bool, error) {
	var n int64
	err := t.tx.Table("messages").Where("id = ? AND owner_id = ?", id, t.OwnerID).Count(&n).Error
	return n == 1, err
}

// MissingClients are those of ids that are not clients of the mailing's owner.
func (t *MailingTx) MissingClients(ids []int64) ([]int64, error) {
	var missing []int64
	if len(ids) == 0 {
		return nil, nil
	}
	err := t.tx.Raw("SELECT DISTINCT l.id FROM "+t.s.listed()+" l WHERE NOT EXISTS (SELECT 1 FROM clients c WHERE c.id = l.id AND c.owner_id = ?)",
		encodeIDs(ids), t.OwnerID).Scan(&missing).Error
	return missing, err
}

// Insert writes a new mailing.
func (t *MailingTx) Insert() error {
	if err := t.tx.Create(&mailingRow{Mailing: t.Mailing, Search: searchText(t.Name)}).Error; err != nil {
		return err
	}
	return sign(t.tx, "mailing", t.ID)
}

// SaveSettings writes the settings and makes a new version of them.
func (t *MailingTx) SaveSettings() error {
	t.Version++
	t.UpdatedAt = t.Now
	return t.tx.Save(&mailingRow{Mailing: t.Mailing, Search: searchText(t.Name)}).Error
}

// SaveStatus writes what actions change and leaves settings alone.
func (t *MailingTx) SaveStatus() error {
	if err := t.tx.Exec("UPDATE mailings SET last_action = ? WHERE id = ?", t.LastAction, t.ID).Error; err != nil {
		return err
	}
	return t.s.saveStatus(t.tx, t.Mailing, t.Now)
}

// mailingRow is a mailing with what is kept for looking it up.
type mailingRow struct {
	*model.Mailing `gorm:"embedded"`
	Search         string
}

func (mailingRow) TableName() string { return "mailings" }

// PlannedRun is the run that waits for its time, or nil; locked. Of a repeating
// mailing it is the one its rule made.
func (t *MailingTx) PlannedRun() (*model.Run, error) {
	return t.run("status = 'planned' AND (occurrence > 0) = ?", t.Repeat != nil)
}

// LiveRun is the run that has begun and not ended, or nil; locked.
func (t *MailingTx) LiveRun() (*model.Run, error) { return t.run("status IN ?", liveRuns) }

func (t *MailingTx) run(cond string, arg any) (*model.Run, error) {
	var r model.Run
	err := t.s.forRunUpdate(t.tx).Where("mailing_id = ?", t.ID).Where(cond, arg).Order("id").Limit(1).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	return &r, err
}

// PlanRun gives the mailing a run at a time. One of the same kind that waits,
// made by the rule or not, is moved there.
func (t *MailingTx) PlanRun(slot Slot) (*model.Run, error) {
	r, err := t.run("status = 'planned' AND (occurrence > 0) = ?", slot.Occurrence > 0)
	if err != nil {
		return nil, err
	}
	if r == nil {
		r = &model.Run{}
	}
	if !r.PlannedAt.Equal(slot.At) {
		r.CreatedAt = t.Now // what was saved before its time is judged by this
	}
	if err := t.s.savePlanned(t.tx, t.Mailing, r, slot); err != nil {
		return nil, err
	}
	t.NextRunAt = &r.PlannedAt
	return r, sign(t.tx, "mailing", t.ID)
}

// DropPlannedRun forgets what waits for its time.
func (t *MailingTx) DropPlannedRun() error {
	t.NextRunAt = nil
	return t.tx.Exec("DELETE FROM runs WHERE mailing_id = ? AND status = 'planned'", t.ID).Error
}

// CancelPlannedRun ends what waits for its time; it stays in the reports.
func (t *MailingTx) CancelPlannedRun() error {
	t.NextRunAt = nil
	return t.tx.Exec("UPDATE runs SET status = 'cancelled', finished_at = ? WHERE mailing_id = ? AND status = 'planned'", t.Now, t.ID).Error
}

// SetLive writes a live status to the run and the mailing.
func (t *MailingTx) SetLive(r *model.Run, to model.RunStatus, reason string) error {
	return t.s.setLive(t.tx, t.Mailing, r, to, reason)
}

// Remove deletes a mailing that never ran and archives one that did.
func (t *MailingTx) Remove() error {
	if err := t.DropPlannedRun(); err != nil {
		return err
	}
	var ran int64
	if err := t.tx.Table("runs").Where("mailing_id = ?", t.ID).Count(&ran).Error; err != nil {
		return err
	}
	if err := t.Audit(model.AuditMailingDeleted, model.Details{"reports_kept": ran > 0}); err != nil {
		return err
	}
	if ran == 0 {
		return t.tx.Exec("DELETE FROM mailings WHERE id = ?", t.ID).Error
	}
	return t.tx.Exec("UPDATE mailings SET archived_at = ?, next_run_at = NULL, updated_at = ? WHERE id = ?", t.Now, t.Now, t.ID).Error
}

// AudienceCount is how many clients an audience matches now.
type AudienceCount struct {
	Count   int64            // all of them, those to be skipped too
	Sample  []model.Client   // the first few
	Skipped map[string]int64 // by reason
}

// CountAudience looks at an audience of an owner as it is now.
func (s *Store) CountAudience(ctx context.Context, ownerID int64, a model.Audience) (*AudienceCount, error) {
	cond, args := s.audienceOf(ownerID, a)
	out := &AudienceCount{Skipped: map[string]int64{}}
	var rows []struct {
		Reason string
		N      int64
	}
	err := s.read(ctx).Raw("SELECT COALESCE(s.reason, '') AS reason, COUNT(*) AS n FROM clients c "+
		"LEFT JOIN suppressions s ON s.owner_id = c.owner_id AND s.email = c.email WHERE "+cond+" GROUP BY 1", args...).Scan(&rows).Error
	if err != nil {
		return nil, kindOf(err, "count an audience")
	}
	for _, r := range rows {
		out.Count += r.N
		if r.Reason != "" {
			out.Skipped[r.Reason] = r.N
		}
	}
	err = s.read(ctx).Raw("SELECT c.* FROM clients c WHERE "+cond+" ORDER BY c.id LIMIT 5", args...).Scan(&out.Sample).Error
	return out, kindOf(err, "sample an audience")
}

// encodeIDs is a list of ids as JSON, the one form both dialects can unfold.
func encodeIDs(ids []int64) string {
	raw, _ := json.Marshal(ids)
	return string(raw)
}

// OwnerTimezone is the zone of the mailing's owner.
func (t *MailingTx) OwnerTimezone() (string, error) {
	var zone string
	err := t.tx.Table("users").Where("id = ?", t.OwnerID).Select("timezone").Row().Scan(&zone)
	return zone, err
}

// OwnerName is how an owner is called in mails: the full name, which may be
// empty, and the address.
func (s *Store) OwnerName(ctx context.Context, id int64) (name, email string, err error) {
	err = s.read(ctx).Table("users").Where("id = ?", id).Select("full_name, email").Row().Scan(&name, &email)
	return name, email, kindOf(err, "read an owner")
}

// OwnsAddress reports whether an owner has a client with that address.
func (s *Store) OwnsAddress(ctx context.Context, ownerID int64, email string) (bool, error) {
	var n int64
	err := s.read(ctx).Table("clients").Where("owner_id = ? AND email = ?", ownerID, email).Count(&n).Error
	return n > 0, kindOf(err, "look for a client")
}
