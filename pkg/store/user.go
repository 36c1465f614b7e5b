package store

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// userRow is a user with what only the database needs.
type userRow struct {
	model.User `gorm:"embedded"`
	Search     string
}

func (userRow) TableName() string { return "users" }

// CreateUser keeps a new account; it sets the id, the version and the times.
// An e-mail that is taken is model.Conflict. The e-mail must be normalised.
func (s *Store) CreateUser(ctx context.Context, u *model.User) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		if err := insertUser(tx, u); err != nil {
			return err
		}
		if err := setGroups(tx, u); err != nil {
			return err
		}
		e := model.AuditEvent{Action: model.AuditUserCreated, Details: model.Details{"is_superuser": u.IsSuperuser}}.Object("user", u.ID, u.Email)
		if model.ActorOf(ctx).RequestID != "" { // no command asks for it, but somebody for themselves
			e.Action, e.Details = model.AuditRegistered, nil
			e = e.By(u.ID, u.Email)
		}
		return s.audit(tx, e)
	})
}

func insertUser(tx *gorm.DB, u *model.User) error {
	u.Version = 1
	row := userRow{User: *u, Search: userSearch(u)}
	if err := tx.Create(&row).Error; err != nil {
		if duplicate(err) {
			return model.E(model.Conflict, "there is an account with this e-mail already")
		}
		return kindOf(err, "create a user")
	}
	*u = row.User
	return nil
}

func userSearch(u *model.User) string {
	return strings.ToLower(u.Email + "\n" + u.FullName)
}

// User is an account with its groups and permissions.
func (s *Store) User(ctx context.Context, id int64) (*model.User, error) {
	return oneUser(s.read(ctx).Where("id = ?", id))
}

// UserByEmail is the account of a normalised e-mail.
func (s *Store) UserByEmail(ctx context.Context, email string) (*model.User, error) {
	return oneUser(s.read(ctx).Where("email = ?", email))
}

func oneUser(q *gorm.DB) (*model.User, error) {
	var u model.User
	q = q.Session(&gorm.Session{})
	if err := q.Take(&u).Error; err != nil {
		return nil, kindOf(err, "read a user")
	}
	one := []model.User{u}
	err := joinGroups(q.Session(&gorm.Session{NewDB: true}), one)
	return &one[0], err
}

// UserFilter narrows the list of users.
type UserFilter struct {
	Q         string // somewhere in the e-mail or the name, in any case
	Active    *bool
	Staff     *bool
	Superuser *bool
	Group     string // the name of a group they are in
}

var users = listing[model.User]{
	name: "users", id: "users.id", natural: "-id",
	rowID: func(u *model.User) int64 { return u.ID },
	sorts: map[string]sortKey[model.User]{
		"id":         {"users.id", func(u *model.User) any { return u.ID }},
		"email":      {"users.email", func(u *model.User) any { return u.Email }},
		"full_name":  {"users.full_name", func(u *model.User) any { return u.FullName }},
		"created_at": {"users.created_at", func(u *model.User) any { return u.CreatedAt }},
	},
}

// Users lists accounts, for those who may see all of them; nobody else gets
// further than model.Forbidden.
func (s *Store) Users(ctx context.Context, viewer model.Viewer, f UserFilter, p Page) (List[model.User], error) {
	if !viewer.Has(model.UsersViewAll) {
		return List[model.User]{}, &model.Error{Kind: model.Forbidden}
	}
	q := s.read(ctx).Model(&model.User{})
	if f.Q != "" {
		q = q.Where(`users.search LIKE ? ESCAPE '\'`, contains(strings.ToLower(f.Q)))
	}
	for column, wanted := range map[string]*bool{
		"users.is_active": f.Active, "users.is_staff": f.Staff, "users.is_superuser": f.Superuser,
	} {
		if wanted != nil {
			q = q.Where(column+" = ?", *wanted)
		}
	}
	if f.Group != "" {
		q = q.Where("EXISTS (SELECT 1 FROM user_groups ug JOIN groups g ON g.id = ug.group_id WHERE ug.user_id = users.id AND g.name = ?)", f.Group)
	}
	list, err := users.page(q, p)
	if err == nil {
		err = joinGroups(s.read(ctx), list.Items)
	}
	return list, kindOf(err, "list the users")
}

// joinGroups fills the groups and permissions of users, all in one query.
func joinGroups(tx *gorm.DB, list []model.User) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]int64, len(list))
	at := make(map[int64]*model.User, len(list))
	for i := range list {
		ids[i], at[list[i].ID] = list[i].ID, &list[i]
	}
	var rows []struct {
		UserID     int64
		Name       string
		Permission *model.Permission
	}
	err := tx.Raw(`SELECT ug.user_id, g.name, gp.permission FROM user_groups ug
		JOIN groups g ON g.id = ug.group_id
		LEFT JOIN group_permissions gp ON gp.group_id = g.id
		WHERE ug.user_id IN ?`, ids).Scan(&rows).Error
	for _, r := range rows {
		carry(at[r.UserID], &r.Name, r.Permission)
	}
	return kindOf(err, "read the groups of users")
}

// carry adds a membership to a user, in order and once.
func carry(u *model.User, group *string, p *model.Permission) {
	if group != nil {
		if i, there := slices.BinarySearch(u.Groups, *group); !there {
			u.Groups = slices.Insert(u.Groups, i, *group)
		}
	}
	if p != nil {
		if i, there := slices.BinarySearch(u.Permissions, *p); !there {
			u.Permissions = slices.Insert(u.Permissions, i, *p)
		}
	}
}

// setGroups makes u a member of exactly the groups it names.
func setGroups(tx *gorm.DB, u *model.User) error {
	if err := tx.Exec("DELETE FROM user_groups WHERE user_id = ?", u.ID).Error; err != nil {
		return kindOf(err, "leave groups")
	}
	slices.Sort(u.Groups)
	u.Groups = slices.Compact(u.Groups)
	if len(u.Groups) > 0 {
		if err := knownGroups(tx, u.Groups); err != nil {
			return err
		}
		made := tx.Exec("INSERT INTO user_groups (user_id, group_id) SELECT ?, id FROM groups WHERE name IN ?", u.ID, u.Groups)
		if made.Error != nil {
			return kindOf(made.Error, "join groups")
		}
	}
	u.Permissions = nil
	one := []model.User{*u}
	one[0].Groups = nil
	err := joinGroups(tx, one)
	*u = one[0]
	return err
}

// ChangeProfile gives change an account, locked, and keeps the name, language
// and zone it makes of it. A stale ifMatch is model.PreconditionFailed. What is
// the same as before makes no new version. change may run more than once.
func (s *Store) ChangeProfile(ctx context.Context, id int64, ifMatch model.IfMatch, change func(*model.User) error) (*model.User, error) {
	var u *model.User
	err := s.tx(ctx, func(tx *gorm.DB) error {
		var err error
		if u, err = oneUser(s.forUpdate(tx).Where("id = ?", id)); err != nil {
			return err
		}
		if ifMatch.Stale(u.Version) {
			return stale()
		}
		old := *u
		if err := change(u); err != nil {
			return err
		}
		if alike(u, &old) {
			return nil
		}
		return saveUser(tx, u, old.Version, map[string]any{
			"full_name": u.FullName, "locale": u.Locale, "timezone": u.Timezone, "search": userSearch(u),
		})
	})
	return u, err
}

// ChangeUser gives change an account, locked, and keeps the rights, the
// quotas and the groups it makes of it. A superuser may change all of them. A holder of
// users.block may change IsActive alone, and not of staff or superusers;
// anything else is model.Forbidden. What would leave no active superuser is
// model.Conflict, also for two requests at the same instant, and before
// anything else that is wrong; then a stale ifMatch is
// model.PreconditionFailed, and an unknown group model.Invalid together with
// the breaches change answers. What is the same as before makes no new version.
// Blocking ends all sessions. change may run more than once.
func (s *Store) ChangeUser(ctx context.Context, viewer model.Viewer, id int64, ifMatch model.IfMatch, change func(*model.User) error) (*model.User, error) {
	var u *model.User
	err := s.tx(ctx, func(tx *gorm.DB) error {
		old, err := lockUser(s, tx, id)
		if err != nil {
			return err
		}
		if !viewer.Superuser && (!viewer.Has(model.UsersBlock) || old.IsStaff || old.IsSuperuser) {
			return forbidden()
		}
		u = &model.User{}
		*u = *old
		u.Groups = slices.Clone(old.Groups)
		found := change(u)
		if found != nil && !model.IsKind(found, model.Invalid) {
			return found
		}
		slices.Sort(u.Groups)
		u.Groups = slices.Compact(u.Groups)
		same := old.IsStaff == u.IsStaff && old.IsSuperuser == u.IsSuperuser && slices.Equal(old.Groups, u.Groups) &&
			equal(old.QuotaClients, u.QuotaClients) && equal(old.QuotaMailsPerDay, u.QuotaMailsPerDay)
		if !viewer.Superuser && !same {
			return forbidden()
		}
		if !u.IsActive || !u.IsSuperuser {
			if err := keepSuperuser(tx, old); err != nil {
				return err
			}
		}
		if ifMatch.Stale(old.Version) {
			return stale()
		}
		if err := model.Together(found, knownGroups(tx, u.Groups)); err != nil {
			return err
		}
		if same && old.IsActive == u.IsActive {
			return nil
		}
		if err := saveUser(tx, u, old.Version, map[string]any{
			"is_active": u.IsActive, "is_staff": u.IsStaff, "is_superuser": u.IsSuperuser,
			"quota_clients": u.QuotaClients, "quota_mails_per_day": u.QuotaMailsPerDay,
		}); err != nil {
			return err
		}
		if !equal(old.QuotaMailsPerDay, u.QuotaMailsPerDay) {
			if err := s.wakeByQuota(tx, u.ID); err != nil {
				return kindOf(err, "change a quota")
			}
		}
		if !u.IsActive {
			if err := endSessions(s, tx, u.ID, 0); err != nil {
				return err
			}
		}
		if err := setGroups(tx, u); err != nil {
			return err
		}
		return s.auditUserChange(tx, old, u)
	})
	return u, err
}

// auditUserChange records a block and a change of rights, each by its own word.
func (s *Store) auditUserChange(tx *gorm.DB, old, u *model.User) error {
	rights := func(u *model.User) model.Details {
		return model.Details{
			"is_staff": u.IsStaff, "is_superuser": u.IsSuperuser, "groups": append([]string{}, u.Groups...),
			"quota_clients": orUnlimited(u.QuotaClients), "quota_mails_per_day": orUnlimited(u.QuotaMailsPerDay),
		}
	}
	if old.IsActive != u.IsActive {
		e := model.AuditEvent{Action: model.AuditUserBlocked}
		if u.IsActive {
			e.Action = model.AuditUserUnblocked
		}
		if err := s.audit(tx, e.Object("user", u.ID, u.Email)); err != nil {
			return err
		}
	}
	details := changed(rights(old), rights(u))
	if len(details) == 0 {
		return nil
	}
	return s.audit(tx, model.AuditEvent{Action: model.AuditUserChanged, Details: details}.Object("user", u.ID, u.Email))
}

func equal(a, b *int) bool { return a == b || a != nil && b != nil && *a == *b }

func orUnlimited(quota *int) any {
	if quota == nil {
		return nil
	}
	return *quota
}

// knownGroups refuses names that no group has.
func knownGroups(tx *gorm.DB, names []string) error {
	if len(names) == 0 {
		return nil
	}
	var n int64
	if err := tx.Table("groups").Where("name IN ?", names).Count(&n).Error; err != nil {
		return kindOf(err, "look for groups")
	}
	var bad model.Fields
	if int(n) != len(names) {
		bad.Add("groups", "unknown", "there is no such group")
	}
	return bad.Err()
}

// saveUser writes columns if the row still has the version, and raises it.
func saveUser(tx *gorm.DB, u *model.User, version int64, columns map[string]any) error {
	columns["version"] = version + 1
	now := tx.NowFunc()
	columns["updated_at"] = now
	done := tx.Table("users").Where("id = ? AND version = ?", u.ID, version).Updates(columns)
	if done.Error != nil {
		return kindOf(done.Error, "change a user")
	}
	if done.RowsAffected == 0 {
		return stale()
	}
	u.Version, u.UpdatedAt = version+1, now
	return nil
}

// lockUser locks, in this order, all active superusers and the user, so that
// two changes that each would spare the other's superuser cannot both pass.
func lockUser(s *Store, tx *gorm.DB, id int64) (*model.User, error) {
	var locked []int64
	q := tx.Table("users").Where("is_superuser AND is_active OR id = ?", id).Order("id")
	if err := s.forUpdate(q).Pluck("id", &locked).Error; err != nil {
		return nil, kindOf(err, "lock the superusers")
	}
	return oneUser(tx.Where("id = ?", id))
}

// keepSuperuser refuses to lose the last active superuser. The caller holds
// the locks of lockUser.
func keepSuperuser(tx *gorm.DB, old *model.User) error {
	if !old.IsActive || !old.IsSuperuser {
		return nil
	}
	var others int64
	if err := tx.Table("users").Where("is_superuser AND is_active AND id <> ?", old.ID).Count(&others).Error; err != nil {
		return kindOf(err, "count the superusers")
	}
	if others == 0 {
		return model.E(model.Conflict, "this is the last active superuser: make somebody else one first")
	}
	return nil
}

// owned are the tables whose rows keep an account from vanishing.
var owned = []string{"clients", "suppressions", "messages", "mailings", "runs", "system_mails"}

// DeleteUser removes an account on behalf of a superuser. One that owns
// anything is blocked instead, and its sessions end. The last active superuser
// stays: model.Conflict. With ifMatch another version is
// model.PreconditionFailed.
func (s *Store) DeleteUser(ctx context.Context, viewer model.Viewer, id int64, ifMatch model.IfMatch) error {
	if !viewer.Superuser {
		return forbidden()
	}
	return s.tx(ctx, func(tx *gorm.DB) error {
		u, err := lockUser(s, tx, id)
		if err != nil {
			return err
		}
		if err := keepSuperuser(tx, u); err != nil {
			return err
		}
		if ifMatch.Stale(u.Version) {
			return stale()
		}
		for _, table := range owned {
			var some []int64
			if err := tx.Table(table).Where("owner_id = ?", id).Limit(1).Pluck("id", &some).Error; err != nil {
				return kindOf(err, "look what a user owns")
			}
			if len(some) > 0 {
				if err := endSessions(s, tx, id, 0); err != nil {
					return err
				}
				if err := saveUser(tx, u, u.Version, map[string]any{"is_active": false}); err != nil {
					return err
				}
				blocked := model.AuditEvent{Action: model.AuditUserBlocked, Details: model.Details{"instead_of_deletion": true}}
				return s.audit(tx, blocked.Object("user", id, u.Email))
			}
		}
		if err := tx.Exec("DELETE FROM users WHERE id = ?", id).Error; err != nil {
			return kindOf(err, "delete a user")
		}
		return s.audit(tx, model.AuditEvent{Action: model.AuditUserDeleted}.Object("user", id, u.Email))
	})
}

// SetPassword exchanges the password hash of an active account and ends all
// its sessions but one (0: all), if the hash is still the one that was looked at
// when this was allowed; else it is model.NotFound. How it came to that is what
// the audit log calls it: AuditPasswordChanged, AuditPasswordReset. The owner is
// told by mail.
func (s *Store) SetPassword(ctx context.Context, userID int64, old, hash string, keepSession int64, how model.AuditAction) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		done := tx.Table("users").Where("id = ? AND password_hash = ? AND is_active", userID, old).
			Updates(map[string]any{"password_hash": hash, "updated_at": tx.NowFunc()})
		if done.Error != nil {
			return kindOf(done.Error, "set a password")
		}
		if done.RowsAffected == 0 {
			return notFound()
		}
		if err := endSessions(s, tx, userID, keepSession); err != nil {
			return err
		}
		if err := s.tellUser(tx, model.MailPasswordChanged, userID, nil); err != nil {
			return err
		}
		return s.auditUser(tx, how, userID, nil)
	})
}

func endSessions(s *Store, tx *gorm.DB, userID, but int64) error {
	now, err := s.now(tx)
	if err != nil {
		return err
	}
	return kindOf(tx.Table("sessions").Where("user_id = ? AND id <> ? AND revoked_at IS NULL", userID, but).
		Update("revoked_at", now).Error, "end sessions")
}

// HasSuperuser reports whether there is an active superuser.
func (s *Store) HasSuperuser(ctx context.Context) (bool, error) {
	var n int64
	err := s.read(ctx).Table("users").Where("is_active AND is_superuser").Count(&n).Error
	return n > 0, kindOf(err, "look for a superuser")
}
