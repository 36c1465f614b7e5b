package api

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

type auditEvent struct {
	ID         int64             `json:"id" validate:"required" example:"120"`
	At         time.Time         `json:"at" validate:"required" example:"2026-12-01T07:00:05Z"`
	ActorID    *int64            `json:"actor_id" validate:"required" extensions:"x-nullable" example:"3"` // null: nobody who had signed in, or a command at the machine
	ActorEmail string            `json:"actor_email" validate:"required" example:"ursula@example.com"`     // as it was then
	KeyID      *int64            `json:"key_id" validate:"required" extensions:"x-nullable" example:"2"`   // the API key that was used
	Action     model.AuditAction `json:"action" validate:"required" example:"mailing.started"`
	ObjectType string            `json:"object_type" validate:"required" example:"mailing"` // empty without an object
	ObjectID   *int64            `json:"object_id" validate:"required" extensions:"x-nullable" example:"12"`
	ObjectName string            `json:"object_name" validate:"required" example:"Autumn news"` // as it was then
	Details    map[string]any    `json:"details" validate:"required"`
	IP         string            `json:"ip" validate:"required" example:"192.0.2.1"`
	RequestID  string            `json:"request_id" validate:"required" example:"5f1c2d3e4a5b6c7d8e9fa0b1"`
} //	@name	AuditEvent

func auditEventOf(e *model.AuditEvent) auditEvent {
	return auditEvent{
		ID: e.ID, At: e.At, ActorID: e.ActorID, ActorEmail: e.ActorEmail, KeyID: e.KeyID, Action: e.Action,
		ObjectType: e.ObjectType, ObjectID: e.ObjectID, ObjectName: e.ObjectName, Details: e.Details, IP: e.IP, RequestID: e.RequestID,
	}
}

// audit lists what was done by whom.
//
//	@Summary		The audit log
//	@Description	Newest first. It is only ever added to: no call changes or removes an event. With `Accept: text/csv` the whole list comes as CSV.
//	@Tags			administration
//	@Security		Bearer
//	@Produce		json,text/csv
//	@Param			actor_id	query		int		false	"done by this account"
//	@Param			action		query		string	false	"what was done, as mailing.started"
//	@Param			object		query		string	false	"what it was done to: a kind, as mailing, or a kind and an id, as mailing:12"
//	@Param			from		query		string	false	"at this time or later"	format(date-time)
//	@Param			to			query		string	false	"before this time"		format(date-time)
//	@Param			q			query		string	false	"in the actor's e-mail, the object's name, the details, the IP address or the request id"
//	@Param			limit		query		int		false	"1 to 200"	default(50)
//	@Param			cursor		query		string	false	"next_cursor of the page before"
//	@Param			sort		query		string	false	"order"	Enums(id, -id, at, -at)
//	@Param			with_total	query		bool	false	"count all"
//	@Success		200			{object}	list[auditEvent]
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/audit [get]
func (s *Server) audit(c echo.Context) error {
	q := queryOf(c, pageNames("actor_id", "action", "object", "from", "to", "q")...)
	f := store.AuditFilter{
		ActorID: q.id("actor_id"), Action: oneOf(q, "action", model.AuditActions), From: q.time("from"), To: q.time("to"), Q: q.text("q"),
	}
	f.ObjectType, f.ObjectID = q.object("object")
	p := q.page()
	pages := func(p store.Page) (store.List[model.AuditEvent], error) {
		return s.Store.AuditEvents(c.Request().Context(), viewerOf(c), f, p)
	}
	if wantsCSV(c) {
		return writeCSV(s, c, "audit", auditColumns, pages, p, auditCells)
	}
	page, err := pages(p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, auditEventOf))
}

var auditColumns = []string{
	"id", "at", "actor_id", "actor_email", "key_id", "action", "object_type", "object_id", "object_name", "details", "ip", "request_id",
}

func auditCells(e *model.AuditEvent) []string {
	details, _ := json.Marshal(e.Details) // it was read from JSON
	return []string{
		number(e.ID), moment(&e.At), reference(e.ActorID), e.ActorEmail, reference(e.KeyID), string(e.Action),
		e.ObjectType, reference(e.ObjectID), e.ObjectName, string(details), e.IP, e.RequestID,
	}
}

// auditEvent shows one event.
//
//	@Summary	One event of the audit log
//	@Tags		administration
//	@Security	Bearer
//	@Param		id	path		int	true	"the event"
//	@Success	200	{object}	auditEvent
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem
//	@Failure	404	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/audit/{id} [get]
func (s *Server) auditEvent(c echo.Context) error {
	id, err := idOf(c, "id")
	if err == nil {
		err = queryOf(c).err()
	}
	if err != nil {
		return err
	}
	e, err := s.Store.AuditEvent(c.Request().Context(), viewerOf(c), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, auditEventOf(e))
}

var objectForm = regexp.MustCompile(`^([a-z_]{1,32})(?::([1-9][0-9]{0,17}))?$`)

// object is a kind of object, and one of that kind unless the id is nil.
func (q *query) object(name string) (kind string, id *int64) {
	if _, given := q.values[name]; !given {
		return "", nil
	}
	found := objectForm.FindStringSubmatch(q.text(name))
	if found == nil {
		q.bad.Add(name, "invalid", "must be a kind, as mailing, or a kind and an id, as mailing:12")
		return "", nil
	}
	if found[2] != "" {
		n, _ := strconv.ParseInt(found[2], 10, 64) // 18 digits fit
		id = &n
	}
	return found[1], id
}

// auditDenial records that somebody was refused what they may not do. It stays
// refused when that cannot be written.
func (s *Server) auditDenial(c echo.Context) {
	r := c.Request()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 2*time.Second)
	defer cancel()
	who := model.ActorOf(ctx)
	path := r.URL.Path
	if len(path) > 200 {
		path = path[:200]
	}
	e := model.AuditEvent{Action: model.AuditDenied, Details: model.Details{"method": r.Method, "path": strings.ToValidUTF8(path, "?")}}
	if err := s.Store.AuditOften(ctx, number(who.UserID)+" "+who.IP, e); err != nil {
		s.Log.ErrorContext(ctx, "a denial is not in the audit log", "request_id", who.RequestID, "error", err)
	}
}

// auditExport records that somebody takes a whole list away: which one and by
// which filters, but not what they looked for, which may be a client's address.
func (s *Server) auditExport(c echo.Context, name string) error {
	r := c.Request()
	filters := map[string]string{}
	for name, value := range queryOf(c).values {
		if !pageName(name) {
			if filters[name] = value[0]; name == "q" {
				filters[name] = "…"
			}
		}
	}
	return s.Store.Audit(r.Context(), model.AuditEvent{
		Action: model.AuditExported, ObjectType: "list", ObjectName: name,
		Details: model.Details{"path": r.URL.Path, "filters": filters},
	})
}
