package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// mailingRequest is what a person may set of a mailing.
type mailingRequest struct {
	Name             string              `json:"name" validate:"required" example:"Spring news"`
	MessageID        *int64              `json:"message_id" validate:"required" example:"7"`
	Audience         audience            `json:"audience" validate:"required"`
	StartAt          *time.Time          `json:"start_at" extensions:"x-nullable" example:"2026-12-01T10:00:00+03:00"`
	Timezone         string              `json:"timezone" example:"Europe/Moscow"`
	EndAt            *time.Time          `json:"end_at" extensions:"x-nullable" example:"2026-12-01T20:00:00+03:00"`
	RunMinutes       *int                `json:"run_minutes" extensions:"x-nullable"`
	Repeat           *repeatRequest      `json:"repeat" extensions:"x-nullable"`
	Window           *sendWindow         `json:"window" extensions:"x-nullable"`
	FromName         string              `json:"from_name" example:"The shop"`
	FromEmail        string              `json:"from_email" example:"news@example.com"`
	ReplyTo          string              `json:"reply_to" example:"help@example.com"`
	TransportID      *int64              `json:"transport_id" extensions:"x-nullable"`
	RatePerMinute    *int                `json:"rate_per_minute" extensions:"x-nullable" example:"600"`
	LatePolicy       model.LatePolicy    `json:"late_policy" swaggertype:"string" enums:"send,skip" default:"send"`
	LateGraceMinutes int                 `json:"late_grace_minutes" default:"1440"`
	InDoubtPolicy    model.InDoubtPolicy `json:"in_doubt_policy" swaggertype:"string" enums:"hold,resend" default:"hold"`
	TrackOpens       bool                `json:"track_opens"`
	TrackClicks      bool                `json:"track_clicks"`
	Draft            bool                `json:"draft"`
} //	@name	MailingRequest

type audience struct {
	All              bool     `json:"all" validate:"required"`
	ClientIDs        []int64  `json:"client_ids" validate:"required"`
	Tags             []string `json:"tags" validate:"required" example:"spring"`
	ExcludeTags      []string `json:"exclude_tags" validate:"required"`
	ExcludeClientIDs []int64  `json:"exclude_client_ids" validate:"required"`
} //	@name	Audience

// sendWindow is when mails may leave, in the mailing's zone.
type sendWindow struct {
	Weekdays []int  `json:"weekdays" validate:"required" example:"1,2,3,4,5"` // 1 Monday … 7 Sunday
	From     string `json:"from" validate:"required" example:"09:00"`
	To       string `json:"to" validate:"required" example:"18:00"`
} //	@name	SendWindow

// mailingDefaults are the settings of a body that says nothing.
func mailingDefaults() mailingRequest {
	return mailingRequest{LatePolicy: model.LateSend, LateGraceMinutes: 1440, InDoubtPolicy: model.HoldInDoubt}
}

// requestOf is the body that would change nothing.
func requestOf(in mailing.Input) mailingRequest {
	r := mailingRequest{
		Name: in.Name, Audience: audience(in.Audience), StartAt: in.StartAt, Timezone: in.Timezone, EndAt: in.EndAt,
		RunMinutes: in.RunMinutes, Repeat: repeatRequestOf(in.Repeat), Window: (*sendWindow)(in.Window), FromName: in.FromName, FromEmail: in.FromEmail,
		ReplyTo: in.ReplyTo, TransportID: in.TransportID, RatePerMinute: in.RatePerMinute, LatePolicy: in.LatePolicy,
		LateGraceMinutes: in.LateGraceMinutes, InDoubtPolicy: in.InDoubtPolicy, TrackOpens: in.TrackOpens,
		TrackClicks: in.TrackClicks, Draft: in.Draft,
	}
	if in.MessageID != 0 {
		r.MessageID = &in.MessageID
	}
	return r
}

func (r *mailingRequest) input() mailing.Input {
	in := mailing.Input{
		Name: r.Name, Audience: model.Audience(r.Audience), StartAt: r.StartAt, Timezone: r.Timezone, EndAt: r.EndAt,
		RunMinutes: r.RunMinutes, Repeat: r.Repeat.rule(), Window: (*model.Window)(r.Window), FromName: r.FromName, FromEmail: r.FromEmail,
		ReplyTo: r.ReplyTo, TransportID: r.TransportID, RatePerMinute: r.RatePerMinute, LatePolicy: r.LatePolicy,
		LateGraceMinutes: r.LateGraceMinutes, InDoubtPolicy: r.InDoubtPolicy, TrackOpens: r.TrackOpens,
		TrackClicks: r.TrackClicks, Draft: r.Draft,
	}
	if r.MessageID != nil {
		in.MessageID = *r.MessageID
	}
	return in
}

// bound reads the body. What could not be read goes along, so that the rules
// tell it together with what they find.
func (r *mailingRequest) bound(c echo.Context) (mailing.Input, error) {
	err := bind(c, r)
	in := r.input()
	var breaches *model.Error
	if errors.As(err, &breaches) && breaches.Kind == model.Invalid {
		in.Breaches, err = breaches.Fields, nil
	}
	return in, err
}

type mailingResponse struct {
	ID               int64               `json:"id" validate:"required" example:"12"`
	OwnerID          int64               `json:"owner_id" validate:"required" example:"3"`
	OwnerEmail       string              `json:"owner_email,omitempty" example:"anna@example.com"`
	Name             string              `json:"name" validate:"required" example:"Spring news"`
	MessageID        *int64              `json:"message_id" validate:"required" extensions:"x-nullable" example:"7"` // null: it was deleted
	Audience         audience            `json:"audience" validate:"required"`
	StartAt          *time.Time          `json:"start_at" validate:"required" extensions:"x-nullable" example:"2026-12-01T10:00:00+03:00"`
	Timezone         string              `json:"timezone" validate:"required" example:"Europe/Moscow"`
	EndAt            *time.Time          `json:"end_at" validate:"required" extensions:"x-nullable" example:"2026-12-01T20:00:00+03:00"`
	RunMinutes       *int                `json:"run_minutes" validate:"required" extensions:"x-nullable"`
	Repeat           *repeatResponse     `json:"repeat" validate:"required" extensions:"x-nullable"`
	Window           *sendWindow         `json:"window" validate:"required" extensions:"x-nullable"`
	FromName         string              `json:"from_name" validate:"required" example:"The shop"`
	FromEmail        string              `json:"from_email" validate:"required" example:"news@example.com"`
	ReplyTo          string              `json:"reply_to" validate:"required" example:"help@example.com"`
	TransportID      *int64              `json:"transport_id" validate:"required" extensions:"x-nullable"`
	RatePerMinute    *int                `json:"rate_per_minute" validate:"required" extensions:"x-nullable" example:"600"`
	LatePolicy       model.LatePolicy    `json:"late_policy" validate:"required" swaggertype:"string" enums:"send,skip"`
	LateGraceMinutes int                 `json:"late_grace_minutes" validate:"required" example:"1440"`
	InDoubtPolicy    model.InDoubtPolicy `json:"in_doubt_policy" validate:"required" swaggertype:"string" enums:"hold,resend"`
	TrackOpens       bool                `json:"track_opens" validate:"required"`
	TrackClicks      bool                `json:"track_clicks" validate:"required"`
	Draft            bool                `json:"draft" validate:"required"`
	Status           model.MailingStatus `json:"status" validate:"required" swaggertype:"string" enums:"draft,scheduled,running,pausing,paused,cancelling,finished,cancelled"`
	Reason           string              `json:"reason" validate:"required" example:"outside_window"` // why it waits or paused
	NextRunAt        *time.Time          `json:"next_run_at" validate:"required" extensions:"x-nullable" example:"2026-12-01T07:00:00Z"`
	LastRunID        *int64              `json:"last_run_id" validate:"required" extensions:"x-nullable" example:"40"`
	CreatedAt        time.Time           `json:"created_at" validate:"required" example:"2026-11-23T09:00:00Z"`
	UpdatedAt        time.Time           `json:"updated_at" validate:"required" example:"2026-11-23T09:00:00Z"`
} //	@name	Mailing

// mailingOf shows a mailing; the times a person set are told in its zone.
func mailingOf(m *model.Mailing) mailingResponse {
	zone, err := mailing.Zone(m.Timezone)
	if err != nil {
		zone = time.UTC
	}
	return mailingResponse{
		ID: m.ID, OwnerID: m.OwnerID, OwnerEmail: m.OwnerEmail, Name: m.Name, MessageID: m.MessageID,
		Audience: audience{
			All: m.Audience.All, ClientIDs: full(m.Audience.ClientIDs), Tags: full(m.Audience.Tags),
			ExcludeTags: full(m.Audience.ExcludeTags), ExcludeClientIDs: full(m.Audience.ExcludeClientIDs),
		},
		StartAt: inZone(m.StartAt, zone), Timezone: m.Timezone, EndAt: inZone(m.EndAt, zone), Window: (*sendWindow)(m.Window),
		RunMinutes: m.RunMinutes, Repeat: repeatOf(m.Repeat, zone),
		FromName: m.FromName, FromEmail: m.FromEmail, ReplyTo: m.ReplyTo, TransportID: m.TransportID,
		RatePerMinute: m.RatePerMinute, LatePolicy: m.LatePolicy, LateGraceMinutes: m.LateGraceMinutes,
		InDoubtPolicy: m.InDoubtPolicy, TrackOpens: m.TrackOpens, TrackClicks: m.TrackClicks,
		Draft: m.Status == model.MailingDraft, Status: m.Status, Reason: m.Reason, NextRunAt: m.NextRunAt,
		LastRunID: m.LastRunID, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
}

func inZone(at *time.Time, zone *time.Location) *time.Time {
	if at == nil {
		return nil
	}
	local := at.In(zone)
	return &local
}

// full is a list that JSON writes as [] when it is empty.
func full[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// answerMailing writes a mailing with the version of its settings.
func answerMailing(c echo.Context, status int, m *model.Mailing) error {
	setETag(c, m.Version)
	if status == http.StatusCreated {
		c.Response().Header().Set(echo.HeaderLocation, fmt.Sprintf("%s/mailings/%d", base, m.ID))
	}
	return c.JSON(status, mailingOf(m))
}

// mailings lists mailings.
//
//	@Summary		List mailings
//	@Description	With `Accept: text/csv` the whole list comes as CSV.
//	@Tags			mailings
//	@Security		Bearer
//	@Produce		json,text/csv
//	@Param			status		query		string	false	"status"	Enums(draft, scheduled, running, pausing, paused, cancelling, finished, cancelled)
//	@Param			q			query		string	false	"part of the name"
//	@Param			owner_id	query		int		false	"owner, for those who see everyone's"
//	@Param			limit		query		int		false	"rows a page"	default(50)	minimum(1)	maximum(200)
//	@Param			cursor		query		string	false	"next_cursor of the page before"
//	@Param			sort		query		string	false	"order"	Enums(id, -id, name, -name, created_at, -created_at, updated_at, -updated_at, next_run_at, -next_run_at)
//	@Param			with_total	query		bool	false	"count all rows too"
//	@Success		200			{object}	list[mailingResponse]
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem	"by an API key without the scope"
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/mailings [get]
func (s *Server) mailings(c echo.Context) error {
	q := queryOf(c, pageNames("status", "q", "owner_id")...)
	f := store.MailingFilter{Status: oneOf(q, "status", model.MailingStatuses), Q: q.text("q")}
	if owner := q.id("owner_id"); owner != nil {
		f.OwnerID = *owner
	}
	p := q.page()
	pages := func(p store.Page) (store.List[model.Mailing], error) {
		return s.Store.Mailings(c.Request().Context(), viewerOf(c), f, p)
	}
	if wantsCSV(c) {
		return writeCSV(s, c, "mailings", mailingColumns, pages, p, mailingCells)
	}
	rows, err := pages(p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(rows, mailingOf))
}

var mailingColumns = []string{
	"id", "owner_id", "name", "message_id", "status", "reason", "start_at", "timezone", "end_at", "next_run_at", "last_run_id",
	"from_name", "from_email", "reply_to", "rate_per_minute", "created_at", "updated_at",
}

func mailingCells(row *model.Mailing) []string {
	m := mailingOf(row)
	rate := ""
	if m.RatePerMinute != nil {
		rate = strconv.Itoa(*m.RatePerMinute)
	}
	return []string{
		number(m.ID), number(m.OwnerID), m.Name, reference(m.MessageID), string(m.Status), m.Reason, moment(m.StartAt), m.Timezone,
		moment(m.EndAt), moment(m.NextRunAt), reference(m.LastRunID), m.FromName, m.FromEmail, m.ReplyTo, rate,
		moment(&m.CreatedAt), moment(&m.UpdatedAt),
	}
}

// createMailing saves a mailing; one whose time has come starts at once.
//
//	@Summary		Create a mailing
//	@Description	Unless it is a draft it starts at its time, at once where that has come. An API key without mailings:send saves drafts alone.
//	@Tags			mailings
//	@Security		Bearer
//	@Param			body			body		mailingRequest	true	"its settings"
//	@Param			Idempotency-Key	header		string			false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success		201				{object}	mailingResponse
//	@Failure		400				{object}	problem
//	@Failure		401				{object}	problem
//	@Failure		403				{object}	problem	"by an API key without the scope"
//	@Failure		409				{object}	problem
//	@Failure		413				{object}	problem
//	@Failure		415				{object}	problem
//	@Failure		422				{object}	problem
//	@Failure		503				{object}	problem
//	@Router			/mailings [post]
func (s *Server) createMailing(c echo.Context) error {
	body := mailingDefaults()
	in, err := body.bound(c)
	if err != nil {
		return err
	}
	if err := maySend(c, in); err != nil {
		return err
	}
	m, err := s.Mailings.Create(c.Request().Context(), viewerOf(c), in)
	if err != nil {
		return err
	}
	return answerMailing(c, http.StatusCreated, m)
}

// maySend refuses an API key for drafts alone anything by which mails would
// leave: to save a mailing that is no draft is to send it, at once or later.
func maySend(c echo.Context, in mailing.Input) error {
	if in.Draft {
		return nil
	}
	return carries(c, model.MailingsSend)
}

// mailing reads one mailing.
//
//	@Summary	Read a mailing
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id	path		int	true	"id"
//	@Success	200	{object}	mailingResponse
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem	"by an API key without the scope"
//	@Failure	404	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/mailings/{id} [get]
func (s *Server) mailing(c echo.Context) error {
	m, err := s.seenMailing(c)
	if err == nil {
		err = queryOf(c).err()
	}
	if err != nil {
		return err
	}
	return answerMailing(c, http.StatusOK, m)
}

// seenMailing is the mailing of the path, if the viewer sees it.
func (s *Server) seenMailing(c echo.Context) (*model.Mailing, error) {
	id, err := idOf(c, "id")
	if err != nil {
		return nil, err
	}
	return s.Store.Mailing(c.Request().Context(), viewerOf(c), id)
}

// ownMailing is the mailing of the path, if the viewer may change it. It comes
// before the body is read, so that a stranger learns nothing from its breaches.
func (s *Server) ownMailing(c echo.Context) (*model.Mailing, error) {
	m, err := s.seenMailing(c)
	if err == nil {
		err = mayChange(c, m.OwnerID)
	}
	return m, err
}

// updateMailing changes settings.
//
//	@Summary		Change a mailing
//	@Description	What the body leaves out stays. While it runs only rate_per_minute can be changed. An API key without mailings:send changes drafts alone.
//	@Tags			mailings
//	@Security		Bearer
//	@Param			id			path		int				true	"id"
//	@Param			If-Match	header		string			false	"the ETag it was read with"
//	@Param			body		body		mailingRequest	true	"what changes"
//	@Success		200			{object}	mailingResponse
//	@Failure		400			{object}	problem
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem
//	@Failure		404			{object}	problem
//	@Failure		409			{object}	problem
//	@Failure		412			{object}	problem
//	@Failure		413			{object}	problem
//	@Failure		415			{object}	problem
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/mailings/{id} [patch]
func (s *Server) updateMailing(c echo.Context) error {
	m, err := s.ownMailing(c)
	if err != nil {
		return err
	}
	m, err = s.Mailings.Update(c.Request().Context(), viewerOf(c), m.ID, ifMatch(c), func(in *mailing.Input) error {
		body := requestOf(*in)
		var err error
		if *in, err = body.bound(c); err != nil {
			return err
		}
		return maySend(c, *in)
	})
	if err != nil {
		return err
	}
	return answerMailing(c, http.StatusOK, m)
}

// deleteMailing removes a mailing; one that ever ran is archived.
//
//	@Summary	Delete a mailing
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id			path	int		true	"id"
//	@Param		If-Match	header	string	false	"the ETag it was read with"
//	@Success	204
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem
//	@Failure	404	{object}	problem
//	@Failure	409	{object}	problem
//	@Failure	412	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/mailings/{id} [delete]
func (s *Server) deleteMailing(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := s.Mailings.Delete(c.Request().Context(), viewerOf(c), id, ifMatch(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
