package api

import (
	"net/http"

	"github.com/postrider/postrider/pkg/model"
)

const base = "/api/v1"

const (
	get   = http.MethodGet
	head  = http.MethodHead
	post  = http.MethodPost
	patch = http.MethodPatch
	del   = http.MethodDelete
)

// routes is THE table of the API: every call, who may make it, whose rows it
// reaches, what an API key must carry for it (rights.go says what the columns
// mean). Paths are below /api/v1, each noun has its heading. docs/authorization.md
// and the rights in the contract are made from it: make generate.
func (s *Server) routes() []route {
	return []route{
		// auth.go
		{post, "/auth/register", anybody, whole, noKey, s.register},
		{post, "/auth/confirm", anybody, whole, noKey, s.confirm}, // accounts.go
		{post, "/auth/confirm/resend", anybody, whole, noKey, s.confirmAgain},
		{post, "/auth/password/forgot", anybody, whole, noKey, s.forgotPassword},
		{post, "/auth/password/reset", anybody, whole, noKey, s.resetPassword},
		{post, "/auth/login", anybody, whole, noKey, s.login},
		{post, "/auth/refresh", anybody, whole, noKey, s.refresh},
		{post, "/auth/logout", anybody, whole, noKey, s.logout}, // any token of the session will do
		{post, "/auth/logout-all", anyUser, own, noKey, s.logoutAll},

		// me.go
		{get, "/me", anyUser, own, anyKey, s.me},
		{patch, "/me", anyUser, own, noKey, s.updateMe},
		{post, "/me/password", anyUser, own, noKey, s.changePassword},
		{get, "/me/quotas", anyUser, own, anyKey, s.myQuotas},
		{get, "/me/sessions", anyUser, own, noKey, s.mySessions},
		{del, "/me/sessions/:id", anyUser, own, noKey, s.endMySession},

		// apikeys.go
		{get, "/api-keys", anyUser, own, noKey, s.apiKeys},
		{post, "/api-keys", anyUser, own, noKey, s.createAPIKey},
		{del, "/api-keys/:id", anyUser, own, noKey, s.revokeAPIKey},

		// users.go, groups.go
		{get, "/users", holder(model.UsersViewAll), whole, noKey, s.users},
		{get, "/users/:id", holder(model.UsersViewAll), whole, noKey, s.user},
		{patch, "/users/:id", holder(model.UsersBlock), whole, noKey, s.updateUser},
		{del, "/users/:id", superuser, whole, noKey, s.deleteUser},
		{get, "/groups", superuser, whole, noKey, s.groups},
		{post, "/groups", superuser, whole, noKey, s.createGroup},
		{get, "/groups/:id", superuser, whole, noKey, s.group},
		{patch, "/groups/:id", superuser, whole, noKey, s.updateGroup},
		{del, "/groups/:id", superuser, whole, noKey, s.deleteGroup},
		{get, "/permissions", superuser, whole, noKey, s.permissions},

		// transports.go
		{get, "/transports", anyUser, whole, model.MailingsRead, s.transports},
		{post, "/transports", superuser, whole, noKey, s.createTransport},
		{get, "/transports/:id", superuser, whole, noKey, s.transport},
		{patch, "/transports/:id", superuser, whole, noKey, s.updateTransport},
		{del, "/transports/:id", superuser, whole, noKey, s.deleteTransport},
		{post, "/transports/:id/check", superuser, whole, noKey, s.checkTransport},

		// system.go
		{get, "/system", superuser, whole, model.SystemRead, s.system},

		// audit.go
		{get, "/audit", superuser, whole, noKey, s.audit},
		{get, "/audit/:id", superuser, whole, noKey, s.auditEvent},

		// clients.go, clients_bulk.go
		{get, "/clients", anyUser, reads(model.ClientsViewAll), model.ClientsRead, s.clients},
		{post, "/clients", anyUser, own, model.ClientsWrite, s.createClient},
		{get, "/clients/tags", anyUser, own, model.ClientsRead, s.clientTags},
		{post, "/clients/bulk", anyUser, own, model.ClientsWrite, s.changeClients},
		{get, "/clients/:id", anyUser, reads(model.ClientsViewAll), model.ClientsRead, s.client},
		{patch, "/clients/:id", anyUser, changes(model.ClientsViewAll), model.ClientsWrite, s.updateClient},
		{del, "/clients/:id", anyUser, changes(model.ClientsViewAll), model.ClientsWrite, s.deleteClient},

		// suppressions.go
		{get, "/suppressions", anyUser, reads(model.ClientsViewAll), model.SuppressionsRead, s.suppressions},
		{post, "/suppressions", anyUser, own, model.SuppressionsWrite, s.createSuppression},
		{del, "/suppressions/:id", anyUser, changes(model.ClientsViewAll), model.SuppressionsWrite, s.deleteSuppression},

		// messages.go
		{get, "/messages", anyUser, reads(model.MessagesViewAll), model.MessagesRead, s.messages},
		{post, "/messages", anyUser, own, model.MessagesWrite, s.createMessage},
		{post, "/messages/preview", anyUser, reads(model.ClientsViewAll), model.MessagesRead, s.previewDraft},
		{get, "/messages/:id", anyUser, reads(model.MessagesViewAll), model.MessagesRead, s.message},
		{patch, "/messages/:id", anyUser, changes(model.MessagesViewAll), model.MessagesWrite, s.updateMessage},
		{del, "/messages/:id", anyUser, changes(model.MessagesViewAll), model.MessagesWrite, s.deleteMessage},
		{post, "/messages/:id/preview", anyUser, reads(model.MessagesViewAll, model.ClientsViewAll), model.MessagesRead, s.previewMessage},
		{post, "/messages/:id/test", anyUser, changes(model.MessagesViewAll, model.ClientsViewAll), model.MailingsSend, s.testMessage},

		// testmails.go
		{get, "/test-mails/:id", anyUser, own, model.MailingsSend, s.testMail},

		// mailings.go, mailing_actions.go
		{get, "/mailings", anyUser, reads(model.MailingsViewAll), model.MailingsRead, s.mailings},
		{post, "/mailings", anyUser, own, model.MailingsWrite, s.createMailing},
		{post, "/mailings/audience", anyUser, own, model.MailingsRead, s.unsavedAudience},
		{post, "/mailings/occurrences", anyUser, own, model.MailingsRead, s.unsavedOccurrences},
		{get, "/mailings/:id", anyUser, reads(model.MailingsViewAll), model.MailingsRead, s.mailing},
		{patch, "/mailings/:id", anyUser, changes(model.MailingsViewAll), model.MailingsWrite, s.updateMailing},
		{del, "/mailings/:id", anyUser, changes(model.MailingsViewAll), model.MailingsWrite, s.deleteMailing},
		{post, "/mailings/:id/schedule", anyUser, changes(model.MailingsViewAll), model.MailingsSend, s.scheduleMailing},
		{post, "/mailings/:id/unschedule", anyUser, changes(model.MailingsViewAll), model.MailingsWrite, s.unscheduleMailing},
		{post, "/mailings/:id/start", anyUser, changes(model.MailingsViewAll), model.MailingsSend, s.startMailing},
		{post, "/mailings/:id/pause", anyUser, changes(model.MailingsViewAll), model.MailingsWrite, s.pauseMailing},
		{post, "/mailings/:id/resume", anyUser, changes(model.MailingsViewAll), model.MailingsSend, s.resumeMailing},
		{post, "/mailings/:id/cancel", anyUser, changes(model.MailingsViewAll), model.MailingsWrite, s.cancelMailing},
		{post, "/mailings/:id/stop", anyUser, stops(model.MailingsStopAll, model.MailingsViewAll), model.MailingsWrite, s.stopMailing},
		{post, "/mailings/:id/duplicate", anyUser, changes(model.MailingsViewAll), model.MailingsWrite, s.duplicateMailing},
		{post, "/mailings/:id/test", anyUser, changes(model.MailingsViewAll, model.MessagesViewAll, model.ClientsViewAll), model.MailingsSend, s.testMailing},
		{get, "/mailings/:id/audience", anyUser, reads(model.MailingsViewAll, model.ClientsViewAll), model.MailingsRead, s.mailingAudience},
		{get, "/mailings/:id/occurrences", anyUser, reads(model.MailingsViewAll), model.MailingsRead, s.mailingOccurrences},
		{get, "/mailings/:id/runs", anyUser, reads(model.MailingsViewAll, model.ReportsViewAll), model.ReportsRead, s.mailingRuns},

		// reports.go, deliveries.go, why.go, report_actions.go
		{get, "/reports", anyUser, reads(model.ReportsViewAll), model.ReportsRead, s.reports},
		{get, "/reports/summary", anyUser, own, model.ReportsRead, s.reportSummary},
		{get, "/reports/:run_id", anyUser, reads(model.ReportsViewAll), model.ReportsRead, s.report},
		{get, "/reports/:run_id/deliveries", anyUser, reads(model.ReportsViewAll), model.ReportsRead, s.reportDeliveries},
		{get, "/reports/:run_id/attempts", anyUser, reads(model.ReportsViewAll), model.ReportsRead, s.reportAttempts},
		{get, "/reports/:run_id/clients/:client_id", anyUser, reads(model.ReportsViewAll), model.ReportsRead, s.reportClient},
		{get, "/reports/:run_id/timeline", anyUser, reads(model.ReportsViewAll), model.ReportsRead, s.reportTimeline},
		{get, "/reports/:run_id/reasons", anyUser, reads(model.ReportsViewAll), model.ReportsRead, s.reportReasons},
		{post, "/reports/:run_id/retry", anyUser, changes(model.ReportsViewAll), model.MailingsSend, s.retryReport},
		{post, "/reports/:run_id/resolve", anyUser, changes(model.ReportsViewAll), model.ReportsWrite, s.resolveReport},
		{get, "/clients/:id/deliveries", anyUser, reads(model.ClientsViewAll, model.ReportsViewAll), model.ReportsRead, s.clientDeliveries},

		// downloads.go
		{post, "/downloads", anyUser, own, noKey, s.createDownload}, // the list that it names is held against its own row
		{get, "/downloads/:token", anybody, whole, noKey, s.followDownload},

		// events.go
		{get, "/events", anyUser, reads(model.ReportsViewAll), model.ReportsRead, s.events},

		// inbox.go, public.go
		{get, "/inbox", anyUser, reads(), noKey, s.inbox},
		{get, "/inbox/:id", anyUser, reads(), noKey, s.inboxMail},
		{get, "/public/home", anybody, whole, noKey, s.home(&homeCache{})},
	}
}

// rootRoutes stand at the root: what mails link to and what machines ask. The
// contract and its page are rows of documentation().
func (s *Server) rootRoutes() []route {
	return []route{
		// unsubscribe.go
		{get, "/u/:token", anybody, whole, noKey, s.unsubscribeForm},
		{post, "/u/:token", anybody, whole, noKey, s.unsubscribe},

		// health.go
		{get, "/healthz", anybody, whole, noKey, s.healthz},
		{get, "/readyz", anybody, whole, noKey, s.readyz},
		{get, "/metrics", superuser, whole, model.SystemRead, s.metrics()},
	}
}
