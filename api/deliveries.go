package api

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

type deliveryResponse struct {
	ID                int64               `json:"id" validate:"required" example:"9001"`
	RunID             int64               `json:"run_id" validate:"required" example:"40"`
	ClientID          int64               `json:"client_id" validate:"required" example:"5"`
	Email             string              `json:"email" validate:"required" example:"client@example.org"`
	State             model.DeliveryState `json:"state" validate:"required" swaggertype:"string" enums:"pending,sending,deferred,sent,failed,skipped,in_doubt,expired,cancelled"`
	Reason            string              `json:"reason" validate:"required" example:"unsubscribed"`
	Attempts          int                 `json:"attempts" validate:"required" example:"1"`
	PossibleDuplicate bool                `json:"possible_duplicate" validate:"required"`
	OriginID          *int64              `json:"origin_id" validate:"required" extensions:"x-nullable"`   // the delivery this one retries
	RetriedBy         *int64              `json:"retried_by,omitempty" example:"9100"`                     // the delivery that retries this one
	ResolvedBy        *int64              `json:"resolved_by" validate:"required" extensions:"x-nullable"` // the user who settled a doubt
	NextAt            *time.Time          `json:"next_at" validate:"required" extensions:"x-nullable"`     // of a deferred one
	LastCode          int                 `json:"last_code" validate:"required" example:"250"`             // 0: no answer came
	LastEnhanced      string              `json:"last_enhanced" validate:"required" example:"2.0.0"`
	LastResponse      string              `json:"last_response" validate:"required" example:"queued"`
	MessageID         string              `json:"message_id" validate:"required" example:"40.9001.0f0e0d0c0b0a0908@example.com"` // "" before its run has started
	UpdatedAt         time.Time           `json:"updated_at" validate:"required" example:"2026-12-01T07:00:05Z"`
} //	@name	Delivery

// deliveryOf shows a delivery of a run that sends from an address.
func (s *Server) deliveryOf(d *model.Delivery, fromEmail string) deliveryResponse {
	out := deliveryResponse{
		ID: d.ID, RunID: d.RunID, ClientID: d.ClientID, Email: d.Email, State: d.State, Reason: d.Reason, Attempts: d.Attempts,
		PossibleDuplicate: d.PossibleDuplicate, OriginID: d.OriginID, RetriedBy: d.RetriedBy, ResolvedBy: d.ResolvedBy, NextAt: d.NextAt,
		LastCode: d.LastCode, LastEnhanced: d.LastEnhanced, LastResponse: d.LastResponse, UpdatedAt: d.UpdatedAt,
	}
	if fromEmail != "" {
		out.MessageID = s.Mailings.MessageID(fromEmail, d.ID, d.FirstID)
	}
	return out
}

var deliveryFilters = []string{"state", "q", "reason", "code", "enhanced", "answer"}

// deliveryFilter reads the parameters that are deliveryFilters.
func deliveryFilter(q *query) store.DeliveryFilter {
	f := store.DeliveryFilter{
		State: oneOf(q, "state", model.DeliveryStates), Q: q.text("q"), Reason: q.text("reason"),
		Enhanced: q.text("enhanced"), Answer: q.text("answer"),
	}
	if code := q.number("code", -1, 0, 999); code >= 0 {
		f.Code = &code
	}
	return f
}

// reportDeliveries lists the recipients of a run.
//
//	@Summary	The deliveries of a run
//	@Tags		reports
//	@Security	Bearer
//	@Produce	json,text/csv
//	@Param		run_id		path		int		true	"run"
//	@Param		state		query		string	false	"state"	Enums(pending, sending, deferred, sent, failed, skipped, in_doubt, expired, cancelled)
//	@Param		q			query		string	false	"part of the address"
//	@Param		reason		query		string	false	"reason, exactly"
//	@Param		code		query		int		false	"SMTP code of the last answer; 0: no answer came"	minimum(0)	maximum(999)
//	@Param		enhanced	query		string	false	"status code of the last answer (RFC 3463)"
//	@Param		answer		query		string	false	"text of a reason, as in /reasons"
//	@Param		limit		query		int		false	"rows a page"	default(50)	minimum(1)	maximum(200)
//	@Param		cursor		query		string	false	"next_cursor of the page before"
//	@Param		sort		query		string	false	"order"	Enums(client_id, -client_id)
//	@Param		with_total	query		bool	false	"count all rows too"
//	@Success	200			{object}	list[deliveryResponse]
//	@Failure	401			{object}	problem
//	@Failure	403			{object}	problem	"by an API key without the scope"
//	@Failure	404			{object}	problem
//	@Failure	422			{object}	problem
//	@Failure	503			{object}	problem
//	@Router		/reports/{run_id}/deliveries [get]
func (s *Server) reportDeliveries(c echo.Context) error {
	run, err := s.seenReport(c)
	if err != nil {
		return err
	}
	q := queryOf(c, pageNames(deliveryFilters...)...)
	f := deliveryFilter(q)
	p := q.page()
	if err := q.err(); err != nil {
		return err
	}
	pages := func(p store.Page) (store.List[model.Delivery], error) {
		return s.Store.Deliveries(c.Request().Context(), viewerOf(c), run.ID, f, p)
	}
	show := func(d *model.Delivery) deliveryResponse { return s.deliveryOf(d, run.FromEmail) }
	if wantsCSV(c) {
		return writeCSV(s, c, fmt.Sprintf("deliveries-%d", run.ID), deliveryColumns, pages, p,
			func(d *model.Delivery) []string { return deliveryCells(show(d)) })
	}
	page, err := pages(p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, show))
}

var deliveryColumns = []string{
	"id", "run_id", "client_id", "email", "state", "reason", "attempts", "possible_duplicate", "origin_id", "retried_by", "resolved_by", "next_at",
	"last_code", "last_enhanced", "last_response", "message_id", "updated_at",
}

func deliveryCells(d deliveryResponse) []string {
	return []string{
		number(d.ID), number(d.RunID), number(d.ClientID), d.Email, string(d.State), d.Reason, strconv.Itoa(d.Attempts),
		strconv.FormatBool(d.PossibleDuplicate), reference(d.OriginID), reference(d.RetriedBy), reference(d.ResolvedBy), moment(d.NextAt),
		strconv.Itoa(d.LastCode), d.LastEnhanced, d.LastResponse, d.MessageID, moment(&d.UpdatedAt),
	}
}

type clientDeliveryResponse struct {
	deliveryResponse
	MailingID   int64  `json:"mailing_id" validate:"required" example:"12"`
	MailingName string `json:"mailing_name" validate:"required" example:"Spring news"`
} //	@name	ClientDelivery

// clientDeliveries lists what became of a client's mail.
//
//	@Summary	The deliveries of a client
//	@Tags		clients
//	@Security	Bearer
//	@Produce	json,text/csv
//	@Param		id			path		int		true	"client"
//	@Param		limit		query		int		false	"rows a page"	default(50)	minimum(1)	maximum(200)
//	@Param		cursor		query		string	false	"next_cursor of the page before"
//	@Param		sort		query		string	false	"order"	Enums(id, -id)
//	@Param		with_total	query		bool	false	"count all rows too"
//	@Success	200			{object}	list[clientDeliveryResponse]
//	@Failure	401			{object}	problem
//	@Failure	403			{object}	problem	"by an API key without the scope"
//	@Failure	404			{object}	problem
//	@Failure	422			{object}	problem
//	@Failure	503			{object}	problem
//	@Router		/clients/{id}/deliveries [get]
func (s *Server) clientDeliveries(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	ctx, viewer := c.Request().Context(), viewerOf(c)
	if _, err := s.Store.Client(ctx, viewer, id); err != nil {
		return err
	}
	p := queryOf(c, pageNames()...).page()
	pages := func(p store.Page) (store.List[store.ClientDelivery], error) {
		return s.Store.ClientDeliveries(ctx, viewer, id, p)
	}
	show := func(d *store.ClientDelivery) clientDeliveryResponse {
		return clientDeliveryResponse{s.deliveryOf(&d.Delivery, d.FromEmail), d.MailingID, d.MailingName}
	}
	if wantsCSV(c) {
		columns := append(slices.Clone(deliveryColumns), "mailing_id", "mailing_name")
		return writeCSV(s, c, fmt.Sprintf("client-%d-deliveries", id), columns, pages, p, func(row *store.ClientDelivery) []string {
			d := show(row)
			return append(deliveryCells(d.deliveryResponse), number(d.MailingID), d.MailingName)
		})
	}
	rows, err := pages(p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(rows, show))
}

type attemptResponse struct {
	DeliveryID int64         `json:"delivery_id" validate:"required" example:"9001"`
	Email      string        `json:"email" validate:"required" example:"client@example.org"`
	Number     int           `json:"number" validate:"required" example:"1"`
	StartedAt  time.Time     `json:"started_at" validate:"required" example:"2026-12-01T07:00:05Z"`
	FinishedAt time.Time     `json:"finished_at" validate:"required" example:"2026-12-01T07:00:05.2Z"`
	Outcome    model.Outcome `json:"outcome" validate:"required" swaggertype:"string" enums:"sent,deferred,failed,in_doubt,aborted"`
	Code       int           `json:"code" validate:"required" example:"250"` // 0: no answer came
	Enhanced   string        `json:"enhanced" validate:"required" example:"2.0.0"`
	Response   string        `json:"response" validate:"required" example:"queued"`
	Phase      model.Phase   `json:"phase" validate:"required" swaggertype:"string" enums:"connect,ehlo,starttls,auth,mail,rcpt,data,body,response"`
	Transport  string        `json:"transport" validate:"required" example:"default"`
	DurationMS int64         `json:"duration_ms" validate:"required" example:"200"`
} //	@name	Attempt

func attemptOf(a *store.AttemptRow) attemptResponse {
	return attemptResponse{
		DeliveryID: a.DeliveryID, Email: a.Email, Number: a.Number, StartedAt: a.StartedAt, FinishedAt: a.FinishedAt,
		Outcome: a.Outcome, Code: a.Code, Enhanced: a.Enhanced, Response: a.Response, Phase: a.Phase, Transport: a.Transport,
		DurationMS: a.FinishedAt.Sub(a.StartedAt).Milliseconds(),
	}
}

// outcomes are those an attempt may have.
var outcomes = []model.Outcome{model.OutcomeSent, model.OutcomeDeferred, model.OutcomeFailed, model.OutcomeInDoubt, model.OutcomeAborted}

// reportAttempts lists the attempt log of a run.
//
//	@Summary	The attempt log of a run
//	@Description	The filters beside `outcome` are those of `/reports/{run_id}/deliveries` and mean the delivery as it is now: the list has all attempts at the deliveries that are listed there.
//	@Tags		reports
//	@Security	Bearer
//	@Produce	json,text/csv
//	@Param		run_id		path		int		true	"run"
//	@Param		outcome		query		string	false	"outcome of the attempt"	Enums(sent, deferred, failed, in_doubt, aborted)
//	@Param		state		query		string	false	"state of the delivery"	Enums(pending, sending, deferred, sent, failed, skipped, in_doubt, expired, cancelled)
//	@Param		q			query		string	false	"part of the address"
//	@Param		reason		query		string	false	"reason of the delivery, exactly"
//	@Param		code		query		int		false	"SMTP code of the delivery's last answer; 0: no answer came"	minimum(0)	maximum(999)
//	@Param		enhanced	query		string	false	"status code of the delivery's last answer (RFC 3463)"
//	@Param		answer		query		string	false	"text of a reason, as in /reasons"
//	@Param		limit		query		int		false	"rows a page"	default(50)	minimum(1)	maximum(200)
//	@Param		cursor		query		string	false	"next_cursor of the page before"
//	@Param		with_total	query		bool	false	"count all rows too"
//	@Success	200			{object}	list[attemptResponse]
//	@Failure	401			{object}	problem
//	@Failure	403			{object}	problem	"by an API key without the scope"
//	@Failure	404			{object}	problem
//	@Failure	422			{object}	problem
//	@Failure	503			{object}	problem
//	@Router		/reports/{run_id}/attempts [get]
func (s *Server) reportAttempts(c echo.Context) error {
	run, err := s.seenReport(c)
	if err != nil {
		return err
	}
	q := queryOf(c, pageNames(append(slices.Clone(deliveryFilters), "outcome")...)...)
	f := store.AttemptFilter{DeliveryFilter: deliveryFilter(q), Outcome: oneOf(q, "outcome", outcomes)}
	p := q.page()
	if err := q.err(); err != nil {
		return err
	}
	pages := func(p store.Page) (store.List[store.AttemptRow], error) {
		return s.Store.Attempts(c.Request().Context(), viewerOf(c), run.ID, f, p)
	}
	if wantsCSV(c) {
		return writeCSV(s, c, fmt.Sprintf("attempts-%d", run.ID), attemptColumns, pages, p, attemptCells)
	}
	page, err := pages(p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, attemptOf))
}

var attemptColumns = []string{
	"delivery_id", "email", "number", "started_at", "finished_at", "outcome", "code", "enhanced", "response", "phase", "transport", "duration_ms",
}

func attemptCells(row *store.AttemptRow) []string {
	a := attemptOf(row)
	return []string{
		number(a.DeliveryID), a.Email, strconv.Itoa(a.Number), moment(&a.StartedAt), moment(&a.FinishedAt), string(a.Outcome),
		strconv.Itoa(a.Code), a.Enhanced, a.Response, string(a.Phase), a.Transport, number(a.DurationMS),
	}
}
