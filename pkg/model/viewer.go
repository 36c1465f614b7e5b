package model

import "slices"

// Permission is a named right that a group carries. It counts only for an
// active user with staff status.
type Permission string

// The permissions there are.
const (
	ClientsViewAll  Permission = "clients.view_all"
	MessagesViewAll Permission = "messages.view_all"
	MailingsViewAll Permission = "mailings.view_all"
	ReportsViewAll  Permission = "reports.view_all"
	UsersViewAll    Permission = "users.view_all"
	UsersBlock      Permission = "users.block"
	MailingsStopAll Permission = "mailings.stop_all"
)

// Permissions lists all permissions in the order they are shown.
var Permissions = []Permission{ClientsViewAll, MessagesViewAll, MailingsViewAll, ReportsViewAll, UsersViewAll, UsersBlock, MailingsStopAll}

// ManagerGroup is the name of the group that create-managers makes, and
// ManagerPermissions are what it carries: to read all, to change nothing.
const ManagerGroup = "manager"

// ManagerPermissions are the permissions of the manager group.
var ManagerPermissions = []Permission{ClientsViewAll, MessagesViewAll, MailingsViewAll, ReportsViewAll, UsersViewAll}

// Viewer is on whose behalf rows are read and written. Every store method on
// rows with an owner takes one, so that ownership cannot be forgotten. The
// zero Viewer sees nothing.
type Viewer struct {
	UserID    int64
	Superuser bool
	Granted   []Permission // what counts now: empty unless active and staff
}

// Has reports whether the viewer holds a permission. A superuser holds all.
func (v Viewer) Has(p Permission) bool {
	return v.Superuser || slices.Contains(v.Granted, p)
}

// MayChange reports whether the viewer may write rows of that owner: its own,
// and everything for a superuser. Permissions to view never allow a change.
func (v Viewer) MayChange(ownerID int64) bool {
	return v.UserID != 0 && (v.Superuser || v.UserID == ownerID)
}
