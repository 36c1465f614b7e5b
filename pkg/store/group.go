package store

import (
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

var groups = listing[model.Group]{
	name: "groups", id: "groups.id", natural: "name",
	rowID: func(g *model.Group) int64 { return g.ID },
	sorts: map[string]sortKey[model.Group]{
		"id":   {"groups.id", func(g *model.Group) any { return g.ID }},
		"name": {"groups.name", func(g *model.Group) any { return g.Name }},
	},
}

// Groups lists all groups with their permissions. Who may see them is the
// caller's to check: groups have no owner.
func (s *Store) Groups(ctx context.Context, p Page) (List[model.Group], error) {
	list, err := groups.page(s.read(ctx).Model(&model.Group{}), p)
	if err == nil {
		err = errors.Join(joinPermissions(s.read(ctx), list.Items), joinMembers(s.read(ctx), list.Items))
	}
	return list, kindOf(err, "list the groups")
}

// Group is one group with its permissions.
func (s *Store) Group(ctx context.Context, id int64) (*model.Group, error) {
	one := make([]model.Group, 1)
	if err := s.read(ctx).Where("id = ?", id).Take(&one[0]).Error; err != nil {
		return nil, kindOf(err, "read a group")
	}
	err := errors.Join(joinPermissions(s.read(ctx), one), joinMembers(s.read(ctx), one))
	return &one[0], kindOf(err, "read a group")
}

// joinMembers counts the members of groups, all in one query.
func joinMembers(tx *gorm.DB, list []model.Group) error {
	ids := make([]int64, len(list))
	at := make(map[int64]*model.Group, len(list))
	for i := range list {
		ids[i], at[list[i].ID] = list[i].ID, &list[i]
	}
	var rows []struct {
		GroupID int64
		Members int64
	}
	err := tx.Table("user_groups").Select("group_id, COUNT(*) AS members").Where("group_id IN ?", ids).Group("group_id").Scan(&rows).Error
	for _, r := range rows {
		at[r.GroupID].Members = r.Members
	}
	return err
}

func joinPermissions(tx *gorm.DB, list []model.Group) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]int64, len(list))
	at := make(map[int64]*model.Group, len(list))
	for i := range list {
		ids[i], at[list[i].ID] = list[i].ID, &list[i]
	}
	var rows []struct {
		GroupID    int64
		Permission model.Permission
	}
	err := tx.Table("group_permissions").Where("group_id IN ?", ids).Order("permission").Scan(&rows).Error
	for _, r := range rows {
		g := at[r.GroupID]
		g.Permissions = append(g.Permissions, r.Permission)
	}
	return err
}

// CreateGroup keeps a new group; it sets the id, the version and the times. A
// name that is taken is model.Conflict.
func (s *Store) CreateGroup(ctx context.Context, g *model.Group) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		g.Version = 1
		if err := tx.Create(g).Error; err != nil {
			return groupError(err, "create a group")
		}
		if err := errors.Join(sign(tx, "group", g.ID), setPermissions(tx, g)); err != nil {
			return err
		}
		return s.audit(tx, model.AuditEvent{Action: model.AuditGroupCreated, Details: groupFacts(g)}.Object("group", g.ID, g.Name))
	})
}

// ChangeGroup gives change a group, locked, and keeps the name and the
// permissions it makes of it. A stale ifMatch is model.PreconditionFailed. What
// is the same as before makes no new version. The manager group keeps its name:
// create-managers finds it by that. change may run more than once.
func (s *Store) ChangeGroup(ctx context.Context, id int64, ifMatch model.IfMatch, change func(*model.Group) error) (*model.Group, error) {
	var g *model.Group
	err := s.tx(ctx, func(tx *gorm.DB) error {
		old, err := lockGroup(s, tx, id)
		if err != nil {
			return err
		}
		if ifMatch.Stale(old.Version) {
			return stale()
		}
		g = &model.Group{}
		*g = *old
		g.Permissions = slices.Clone(old.Permissions)
		if err := change(g); err != nil {
			return err
		}
		if old.Name == model.ManagerGroup && g.Name != old.Name {
			return model.E(model.Conflict, "the manager group is built in: it keeps its name")
		}
		slices.Sort(g.Permissions)
		g.Permissions = slices.Compact(g.Permissions)
		if g.Name == old.Name && slices.Equal(g.Permissions, old.Permissions) {
			return nil
		}
		g.Version, g.UpdatedAt = old.Version+1, tx.NowFunc()
		err = tx.Model(&model.Group{}).Where("id = ?", g.ID).
			Updates(map[string]any{"name": g.Name, "version": g.Version, "updated_at": g.UpdatedAt}).Error
		if err != nil {
			return groupError(err, "change a group")
		}
		if err := setPermissions(tx, g); err != nil {
			return err
		}
		e := model.AuditEvent{Action: model.AuditGroupChanged, Details: changed(groupFacts(old), groupFacts(g))}
		return s.audit(tx, e.Object("group", g.ID, g.Name))
	})
	return g, err
}

// groupFacts is what the audit log tells of a group.
func groupFacts(g *model.Group) model.Details {
	return model.Details{"name": g.Name, "permissions": append([]model.Permission{}, g.Permissions...)}
}

// DeleteGroup removes a group; its members lose what it carried, at once. The
// manager group is model.Conflict.
func (s *Store) DeleteGroup(ctx context.Context, id int64, ifMatch model.IfMatch) error {
	return s.tx(ctx, func(tx *gorm.DB) error {
		old, err := lockGroup(s, tx, id)
		switch {
		case err != nil:
			return err
		case ifMatch.Stale(old.Version):
			return stale()
		case old.Name == model.ManagerGroup:
			return model.E(model.Conflict, "the manager group is built in: it cannot be deleted")
		}
		members, err := firstMembers(tx, id)
		if err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM groups WHERE id = ?", id).Error; err != nil {
			return kindOf(err, "delete a group")
		}
		lost := groupFacts(old)
		lost["members"] = members
		return s.audit(tx, model.AuditEvent{Action: model.AuditGroupDeleted, Details: lost}.Object("group", id, old.Name))
	})
}

// firstMembers are the addresses of a group's members, a hundred at most.
func firstMembers(tx *gorm.DB, id int64) ([]string, error) {
	out := []string{}
	err := tx.Raw("SELECT u.email FROM user_groups g JOIN users u ON u.id = g.user_id WHERE g.group_id = ? ORDER BY u.id LIMIT 100", id).Scan(&out).Error
	return out, kindOf(err, "read the members of a group")
}

// EnsureGroup makes a group unless one has that name, and leaves an existing
// one as it is.
func (s *Store) EnsureGroup(ctx context.Context, name string, permissions []model.Permission) (created bool, err error) {
	err = s.CreateGroup(ctx, &model.Group{Name: name, Permissions: slices.Clone(permissions)})
	if model.IsKind(err, model.Conflict) {
		return false, nil
	}
	return err == nil, err
}

func lockGroup(s *Store, tx *gorm.DB, id int64) (*model.Group, error) {
	one := make([]model.Group, 1)
	err := s.forUpdate(tx).Where("id = ?", id).Take(&one[0]).Error
	if err == nil {
		err = errors.Join(joinPermissions(tx, one), joinMembers(tx, one))
	}
	return &one[0], kindOf(err, "lock a group")
}

func setPermissions(tx *gorm.DB, g *model.Group) error {
	if err := tx.Exec("DELETE FROM group_permissions WHERE group_id = ?", g.ID).Error; err != nil {
		return kindOf(err, "take permissions")
	}
	slices.Sort(g.Permissions)
	g.Permissions = slices.Compact(g.Permissions)
	for _, p := range g.Permissions {
		if err := tx.Exec("INSERT INTO group_permissions (group_id, permission) VALUES (?, ?)", g.ID, p).Error; err != nil {
			return kindOf(err, "give permissions")
		}
	}
	return nil
}

func groupError(err error, doing string) error {
	if duplicate(err) {
		return model.E(model.Conflict, "there is a group with this name already")
	}
	return kindOf(err, doing)
}
