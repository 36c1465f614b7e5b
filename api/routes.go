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

		// transports.go
		{get, "/transports", anyUser, s.transports},
		{post, "/transports", superuser, s.createTransport},
		{get, "/transports/:id", superuser, s.transport},
		{patch, "/transports/:id", superuser, s.updateTransport},
		{del, "/transports/:id", superuser, s.deleteTransport},
		{post, "/transports/:id/check", superuser, s.checkTransport},

		// system.go
		{get, "/system", superuser, s.system},

		// clients.go, clients_bulk.go
		{get, "/clients", anyUser, s.clients},
		{post, "/clients", anyUser, s.createClient},
		{post, "/clients/bulk", anyUser, s.changeClients},
		{get, "/clients/:id", anyUser, s.client},
		{patch, "/clients/:id", anyUser, s.updateClient},
		{del, "/clients/:id", anyUser, s.deleteClient},

		// suppressions.go
		{get, "/suppressions", anyUser, s.suppressions},
		{post, "/suppressions", anyUser, s.createSuppression},
		{del, "/suppressions/:id", anyUser, s.deleteSuppression},

		// messages.go
		{get, "/messages", anyUser, s.messages},
		{post, "/messages", anyUser, s.createMessage},
		{post, "/messages/preview", anyUser, s.previewDraft},
		{get, "/messages/:id", anyUser, s.message},
		{patch, "/messages/:id", anyUser, s.updateMessage},
		{del, "/messages/:id", anyUser, s.deleteMessage},
		{post, "/messages/:id/preview", anyUser, s.previewMessage},
		{post, "/messages/:id/test", anyUser, s.testMessage},

		// mailings.go, mailing_actions.go
		{get, "/mailings", anyUser, s.mailings},
		{post, "/mailings", anyUser, s.createMailing},
		{post, "/mailings/audience", anyUser, s.unsavedAudience},
		{post, "/mailings/occurrences", anyUser, s.unsavedOccurrences},
		{get, "/mailings/:id", anyUser, s.mailing},
		{patch, "/mailings/:id", anyUser, s.updateMailing},
		{del, "/mailings/:id", anyUser, s.deleteMailing},
		{post, "/mailings/:id/schedule", anyUser, s.scheduleMailing},
		{post, "/mailings/:id/unschedule", anyUser, s.unscheduleMailing},
		{post, "/mailings/:id/start", anyUser, s.startMailing},
		{post, "/mailings/:id/pause", anyUser, s.pauseMailing},
		{post, "/mailings/:id/resume", anyUser, s.resumeMailing},
		{post, "/mailings/:id/cancel", anyUser, s.cancelMailing},
		{post, "/mailings/:id/stop", anyUser, s.stopMailing},
		{post, "/mailings/:id/duplicate", anyUser, s.duplicateMailing},
		{post, "/mailings/:id/test", anyUser, s.testMailing},
		{get, "/mailings/:id/audience", anyUser, s.mailingAudience},
		{get, "/mailings/:id/occurrences", anyUser, s.mailingOccurrences},
		{get, "/mailings/:id/runs", anyUser, s.mailingRuns},

		// reports.go, deliveries.go, why.go, report_actions.go
		{get, "/reports", anyUser, s.reports},
		{get, "/reports/summary", anyUser, s.reportSummary},
		{get, "/reports/:run_id", anyUser, s.report},
		{get, "/reports/:run_id/deliveries", anyUser, s.reportDeliveries},
		{get, "/reports/:run_id/attempts", anyUser, s.reportAttempts},
		{get, "/reports/:run_id/clients/:client_id", anyUser, s.reportClient},
		{get, "/reports/:run_id/timeline", anyUser, s.reportTimeline},
		{get, "/reports/:run_id/reasons", anyUser, s.reportReasons},
		{post, "/reports/:run_id/retry", anyUser, s.retryReport},
		{post, "/reports/:run_id/resolve", anyUser, s.resolveReport},
		{get, "/clients/:id/deliveries", anyUser, s.clientDeliveries},

		// events.go
		{get, "/events", anyUser, s.events},

		// inbox.go, public.go
		{get, "/inbox", anyUser, s.inbox},
		{get, "/inbox/:id", anyUser, s.inboxMail},
		{get, "/public/home", anybody, s.home(&homeCache{})},
	}
}

// rootRoutes stand at the root and are for anybody: what mails link to.
func (s *Server) rootRoutes() []route {
	return []route{
		// unsubscribe.go
		{get, "/u/:token", anybody, s.unsubscribeForm},
		{post, "/u/:token", anybody, s.unsubscribe},
	}
}
