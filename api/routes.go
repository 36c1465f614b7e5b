package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
)

const base = "/api/v1"

// access is who may call a route. Whose rows a caller sees and changes is the
// store's to say, by the viewer.
type access string

const (
	anybody   access = "anybody"   // also without an account; a token is not even read
	anyUser   access = "user"      // every active account
	superuser access = "superuser" // an active superuser
)

// holder is those who hold a permission, and superusers.
func holder(p model.Permission) access { return access(p) }

// route is a row of the table. Paths are below /api/v1.
type route struct {
	method string
	path   string
	access access
	handle echo.HandlerFunc
}

const (
	get   = http.MethodGet
	post  = http.MethodPost
	patch = http.MethodPatch
	del   = http.MethodDelete
)

// routes is THE table of the API: every call, and who may make it. Each noun
// has its heading.
func (s *Server) routes() []route {
	return []route{
		// auth.go
		{post, "/auth/register", anybody, s.register},
		{post, "/auth/login", anybody, s.login},
		{post, "/auth/refresh", anybody, s.refresh},
		{post, "/auth/logout", anybody, s.logout}, // any token of the session will do
		{post, "/auth/logout-all", anyUser, s.logoutAll},

		// me.go
		{get, "/me", anyUser, s.me},
		{patch, "/me", anyUser, s.updateMe},
		{post, "/me/password", anyUser, s.changePassword},
		{get, "/me/sessions", anyUser, s.mySessions},
		{del, "/me/sessions/:id", anyUser, s.endMySession},

		// users.go, groups.go
		{get, "/users", holder(model.UsersViewAll), s.users},
		{get, "/users/:id", holder(model.UsersViewAll), s.user},
		{patch, "/users/:id", holder(model.UsersBlock), s.updateUser},
		{del, "/users/:id", superuser, s.deleteUser},
		{get, "/groups", superuser, s.groups},
		{post, "/groups", superuser, s.createGroup},
		{get, "/groups/:id", superuser, s.group},
		{patch, "/groups/:id", superuser, s.updateGroup},
		{del, "/groups/:id", superuser, s.deleteGroup},
		{get, "/permissions", superuser, s.permissions},

		// clients.go
		// suppressions.go
		// messages.go
		// mailings.go
		// reports.go
		// inbox.go, public.go
	}
}

// rootRoutes stand at the root and are for anybody: what mails link to.
func (s *Server) rootRoutes() []route {
	return []route{
		// unsubscribe.go
	}
}
