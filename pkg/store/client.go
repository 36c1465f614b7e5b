package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// clientRow is a client with what only the database needs.
type clientRow struct {
	model.Client `gorm:"embedded"`
	Search       string
}

func (clientRow) TableName() string { return "clients" }

func clientSearch(c *model.Client) string { return searchText(c.Email, c.FullName, c.Comment) }

// ClientFilter narrows a list of clients. The zero value narrows nothing.
type ClientFilter struct {
	Q       string             // somewhere in the address, the name or the comment, in any case
	Tag     string             // exactly
	Status  model.ClientStatus // "" for all
	OwnerID *int64             // only for those who see everyone's, else model.Invalid on owner_id
}

var clientList = listing[model.Client]{
	name: "clients", id: "clients.id", natural: "-id",
	rowID: func(c *model.Client) int64 { return c.ID },
	sorts: map[string]sortKey[model.Client]{
		"id":         {"clients.id", func(c *model.Client) any { return c.ID }},
		"email":      {"clients.email", func(c *model.Client) any { return c.Email }},
		"full_name":  {"clients.full_name", func(c *model.Client) any { return c.FullName }},
		"created_at": {"clients.created_at", func(c *model.Client) any { return c.CreatedAt }},
		"updated_at": {"clients.updated_at", func(c *model.Client) any { return c.UpdatedAt }},
	},
}

// clientColumns leave out the search text, which may be long. The status is
// the reason of the owner's suppression of the address.
const clientColumns = `clients.id, clients.owner_id, clients.email, clients.full_name, clients.comment, clients.attributes,
	clients.locale, clients.timezone, clients.version, clients.created_at, clients.updated_at,
	COALESCE(suppressions.reason, 'active') AS status`

// seenClients are the clients a viewer sees, with the owner's address for those
// who see everyone's.
func (s *Store) seenClients(tx *gorm.DB, v model.Viewer) *gorm.DB {
	q := shownClients(tx, v)
	if v.Has(model.ClientsViewAll) {
		return q
	}
	return q.Where("clients.owner_id = ?", v.UserID)
}

// shownClients are all clients, with what a viewer is shown of one.
func shownClients(tx *gorm.DB, v model.Viewer) *gorm.DB {
	q := tx.Table("clients").
		Joins("LEFT JOIN suppressions ON suppressions.owner_id = clients.owner_id AND suppressions.email = clients.email")
	if v.Has(model.ClientsViewAll) {
		return q.Joins("JOIN users ON users.id = clients.owner_id").Select(clientColumns + ", users.email AS owner_email")
	}
	return q.Select(clientColumns)
}

// ownedBy narrows a list to one owner, for those who may see everyone's rows.
// For others it is a breach of the page.
func ownedBy(q *gorm.DB, v model.Viewer, see model.Permission, column string, owner *int64, p *Page) *gorm.DB {
	if owner == nil {
		return q
	}
	if !v.Has(see) {
		p.Breaches.Add("owner_id", "not_allowed", "only those who see everyone's rows may filter by owner")
	}
	return q.Where(column+" = ?", *owner)
}

// Clients lists the clients a viewer sees, newest first unless sorted by id,
// email, full_name, created_at or updated_at.
func (s *Store) Clients(ctx context.Context, v model.Viewer, f ClientFilter, p Page) (List[model.Client], error) {
	q := ownedBy(s.seenClients(s.read(ctx), v), v, model.ClientsViewAll, "clients.owner_id", f.OwnerID, &p)
	list, q := clientList, narrowed(q, v, f)
	if _, known := tagOwner(v, f); known && f.Tag != "" {
		list = list.inOrderOf("client_tags.client_id")
	}
	if by := strings.TrimPrefix(p.Sort, "-"); s.lite && f.Q != "" && by != "" && by != "id" && p.Breaches == nil {
		found, few, err := fewOf(q)
		if err != nil {
			return List[model.Client]{}, kindOf(err, "search clients")
		}
		if few {
			q = shownClients(s.read(ctx), v).Where("clients.id IN (SELECT value FROM json_each(?))", encodeIDs(found))
		}
	}
	out, err := list.page(q, p)
	if err == nil {
		err = joinTags(s.read(ctx), out.Items)
	}
	return out, kindOf(err, "list clients")
}

// fewOf are the clients that a search finds, where they are few. SQLite has no
// index for words. It walks the one of the order instead and fetches each row
// from wherever it lies, which takes ten times as long as to go through all rows
// as they lie (4 s against 0.4 s at a million, for a word that nobody has): so
// that few are found first and sorted then.
func fewOf(q *gorm.DB) (ids []int64, few bool, err error) {
	const most = 1000
	err = q.Session(&gorm.Session{}).Select("clients.id").Order("clients.id").Limit(most + 1).Scan(&ids).Error
	return ids, len(ids) <= most, err
}

// narrowed holds clients against a filter, but for the owner.
func narrowed(q *gorm.DB, v model.Viewer, f ClientFilter) *gorm.DB {
	if f.Q != "" {
		q = q.Where(`clients.search LIKE ? ESCAPE '\'`, contains(searchText(f.Q)))
	}
	if f.Tag != "" {
		q = tagged(q, v, f)
	}
	switch f.Status {
	case "":
	case model.ClientActive:
		// Not "IS NULL": PostgreSQL makes an anti-join of it, misjudges it and
		// sorts everything (2.8 s at a million, else some 50 ms).
		q = q.Where("COALESCE(suppressions.reason, 'active') = 'active'")
	default:
		q = q.Where("suppressions.reason = ?", f.Status)
	}
	return q
}

// tagged narrows clients to a tag. Where the owner is known the index of tags
// is walked in the order of clients; a tag that nobody has then costs nothing,
// where the other form looks at every client (measured: 1.6 s at a million).
func tagged(q *gorm.DB, v model.Viewer, f ClientFilter) *gorm.DB {
	owner, known := tagOwner(v, f)
	if !known {
		return q.Where("EXISTS (SELECT 1 FROM client_tags WHERE client_tags.client_id = clients.id AND client_tags.tag = ?)", f.Tag)
	}
	return q.Joins("JOIN client_tags ON client_tags.client_id = clients.id AND client_tags.owner_id = ? AND client_tags.tag = ?", owner, f.Tag)
}

// tagOwner is whose tags a filter concerns; those of everybody are not known.
func tagOwner(v model.Viewer, f ClientFilter) (owner int64, known bool) {
	if f.OwnerID != nil {
		return *f.OwnerID, true
	}
	return v.UserID, !v.Has(model.ClientsViewAll)
}

// Client is one client that a viewer sees.
func (s *Store) Client(ctx context.Context, v model.Viewer, id int64) (*model.Client, error) {
	return s.client(s.read(ctx), v, id)
}

func (s *Store) client(tx *gorm.DB, v model.Viewer, id int64) (*model.Client, error) {
	var one [1]model.Client
	err := s.seenClients(tx, v).Where("clients.id = ?", id).Take(&one[0]).Error
	if err == nil {
		err = joinTags(tx, one[:])
	}
	return &one[0], kindOf(err, "read a client")
}

// joinTags fills the tags of clients, all in one query.
func joinTags(tx *gorm.DB, list []model.Client) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]int64, len(list))
	at := make(map[int64]*model.Client, len(list))
	for i := range list {
		list[i].Tags = []string{}
		ids[i], at[list[i].ID] = list[i].ID, &list[i]
	}
	var rows []struct {
		ClientID int64
		Tag      string
	}
	if err := tx.Raw("SELECT client_id, tag FROM client_tags WHERE client_id IN ?", ids).Scan(&rows).Error; err != nil {
		return err
	}
	for _, r := range rows {
		at[r.ClientID].Tags = append(at[r.ClientID].Tags, r.Tag)
	}
	for i := range list {
		slices.Sort(list[i].Tags)
	}
	return nil
}

func setTags(tx *gorm.DB, c *model.Client) error {
	if err := tx.Exec("DELETE FROM client_tags WHERE client_id = ?", c.ID).Error; err != nil || len(c.Tags) == 0 {
		return err
	}
	rows := make([]map[string]any, len(c.Tags))
	for i, tag := range c.Tags {
		rows[i] = map[string]any{"client_id": c.ID, "owner_id": c.OwnerID, "tag": tag}
	}
	return tx.Table("client_tags").Create(rows).Error
}

// CreateClient keeps a new client of the viewer. It puts what was given into
// its one form and sets what is read-only. What breaks a rule is model.Invalid
// with all its fields, an address the viewer has a client for, and one client
// more than the quota, model.Conflict.
func (s *Store) CreateClient(ctx context.Context, v model.Viewer, c *model.Client) error {
	if v.UserID == 0 {
		return forbidden()
	}
	if err := CheckClient(c); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := s.roomForClient(tx, v.UserID); err != nil {
			return err
		}
		c.ID, c.OwnerID, c.Version = 0, v.UserID, 1
		row := clientRow{Client: *c, Search: clientSearch(c)}
		row.CreatedAt = tx.NowFunc()
		row.UpdatedAt = row.CreatedAt
		if err := tx.Create(&row).Error; err != nil {
			return clientTaken(err, "create a client")
		}
		*c = row.Client
		if err := setTags(tx, c); err != nil {
			return kindOf(err, "tag a client")
		}
		if err := sign(tx, madeClient, c.ID); err != nil {
			return kindOf(err, "create a client")
		}
		return s.reread(tx, v, c)
	})
}

// reread fills what a client has from other tables.
func (s *Store) reread(tx *gorm.DB, v model.Viewer, c *model.Client) error {
	now, err := s.client(tx, v, c.ID)
	if err == nil {
		*c = *now
	}
	return err
}

func clientTaken(err error, doing string) error {
	if duplicate(err) {
		return &model.Error{
			Kind: model.Conflict, Message: "there is a client with this e-mail already",
			Fields: model.Fields{{Field: "email", Code: "taken", Message: "there is a client with this e-mail already"}},
		}
	}
	return kindOf(err, doing)
}

// ChangeClient gives change a client that the viewer may change, locked, and
// keeps what it makes of it. A stale ifMatch is model.PreconditionFailed, what
// breaks a rule model.Invalid together with the breaches change answers. What
// is the same as before makes no new version. Suppressions stay with the old
// address. change may run more than once.
func (s *Store) ChangeClient(ctx context.Context, v model.Viewer, id int64, ifMatch model.IfMatch, change func(*model.Client) error) (*model.Client, error) {
	var c *model.Client
	err := s.tx(ctx, func(tx *gorm.DB) error {
		old, err := s.lockClient(tx, v, id)
		if err != nil {
			return err
		}
		if ifMatch.Stale(old.Version) {
			return stale()
		}
		if c, err = s.client(tx, v, id); err != nil { // what a change before ours left
			return err
		}
		*old = *c
		if err := model.Together(change(c), CheckClient(c)); err != nil {
			return err
		}
		c.ID, c.OwnerID, c.Version, c.CreatedAt, c.UpdatedAt = old.ID, old.OwnerID, old.Version, old.CreatedAt, old.UpdatedAt
		if alike(c, old) {
			return nil
		}
		c.Version++
		row := clientRow{Client: *c, Search: clientSearch(c)}
		if err := tx.Select("*").Updates(&row).Error; err != nil {
			return clientTaken(err, "change a client")
		}
		if err := setTags(tx, c); err != nil {
			return kindOf(err, "tag a client")
		}
		return s.reread(tx, v, c)
	})
	return c, err
}

// alike reports whether two rows are the same. They are compared as JSON,
// where a number is the same whether it was kept as 1 or as 1.0.
func alike[T any](a, b *T) bool {
	before, err := json.Marshal(a)
	after, err2 := json.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(before, after)
}

// lockClient locks a client that the viewer may change.
func (s *Store) lockClient(tx *gorm.DB, v model.Viewer, id int64) (*model.Client, error) {
	c, err := s.client(tx, v, id)
	if err != nil {
		return nil, err
	}
	if !v.MayChange(c.OwnerID) {
		return nil, forbidden()
	}
	err = s.forUpdate(tx.Table("clients")).Select("version", "email").Where("id = ?", id).Take(c).Error
	return c, kindOf(err, "lock a client")
}

// DeleteClient removes a client. Mails to it that have not left are skipped;
// deliveries and suppressions stay. With erase the address in all its
// deliveries is replaced by a hash that nothing leads back from: it is salted
// with random bytes that are kept nowhere. Attempts are never changed.
func (s *Store) DeleteClient(ctx context.Context, v model.Viewer, id int64, ifMatch model.IfMatch, erase bool) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		c, err := s.lockClient(tx, v, id)
		if err != nil {
			return err
		}
		if ifMatch.Stale(c.Version) {
			return stale()
		}
		if erase {
			if err := s.orderAddresses(tx, c.OwnerID, "pg_advisory_xact_lock"); err != nil {
				return kindOf(err, "erase an address")
			}
		}
		if err := s.skipOpenByClient(tx, id, model.SkippedClientDeleted); err != nil {
			return kindOf(err, "skip the mails to a client")
		}
		if erase {
			if err := errors.Join(eraseAddress(tx, c), forget(tx, c.OwnerID, madeClient, id)); err != nil {
				return kindOf(err, "erase an address")
			}
		}
		if err := tx.Exec("DELETE FROM clients WHERE id = ?", id).Error; err != nil || !erase {
			return kindOf(err, "delete a client")
		}
		return s.audit(tx, model.AuditEvent{Action: model.AuditClientErased, Details: model.Details{"owner_id": c.OwnerID}}.Object("client", id, ""))
	})
}

// orderAddresses orders what copies the addresses of an owner's clients into
// deliveries, by a shared lock, and what erases one from them, by one that is
// not: else a copy that is made just now would outlive it. SQLite's writer is
// alone anyhow.
func (s *Store) orderAddresses(tx *gorm.DB, owner int64, lock string) error {
	if s.lite {
		return nil
	}
	return tx.Exec("SELECT "+lock+"(hashtextextended('addresses', ?))", owner).Error
}

// eraseAddress writes the hash as an address below .invalid, where no mail can
// go (RFC 2606 §2). It is the same in all deliveries of the client, so that
// what counts distinct addresses still does.
func eraseAddress(tx *gorm.DB, c *model.Client) error {
	var salt [16]byte
	_, _ = rand.Read(salt[:]) // never fails (crypto/rand)
	sum := sha256.Sum256(append(salt[:], c.Email...))
	hash := hex.EncodeToString(sum[:12]) + "@erased.invalid"
	return tx.Exec(`UPDATE deliveries SET email = ?,
		address_key = CASE WHEN address_key IS NULL THEN NULL ELSE ? END,
		last_response = REPLACE(last_response, ?, ?)
		WHERE client_id = ?`, hash, hash, c.Email, hash, c.ID).Error
}
