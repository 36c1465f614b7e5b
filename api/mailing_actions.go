package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

type scheduleRequest struct {
	StartAt *time.Time `json:"start_at" extensions:"x-nullable" example:"2026-12-01T10:00:00+03:00"`
} //	@name	ScheduleRequest

// scheduleMailing gives a draft its time: that of the body, or its own.
//
//	@Summary	Schedule a draft
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id		path		int				true	"id"
//	@Param		body	body		scheduleRequest	false	"when"
//	@Success	202		{object}	mailingResponse
//	@Failure	400		{object}	problem
//	@Failure	401		{object}	problem
//	@Failure	403		{object}	problem
//	@Failure	404		{object}	problem
//	@Failure	409		{object}	problem
//	@Failure	413		{object}	problem
//	@Failure	415		{object}	problem
//	@Failure	422		{object}	problem
//	@Failure	503		{object}	problem
//	@Router		/mailings/{id}/schedule [post]
func (s *Server) scheduleMailing(c echo.Context) error {
	var body scheduleRequest
	m, err := s.ownMailing(c)
	if err == nil {
		err = bind(c, &body)
	}
	if err != nil {
		return err
	}
	return s.actOn(c, m.ID, model.ActionSchedule, body.StartAt)
}

// unscheduleMailing takes a mailing back to a draft.
//
//	@Summary	Take a scheduled mailing back to a draft
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id	path		int	true	"id"
//	@Success	202	{object}	mailingResponse
//	@Failure	400	{object}	problem
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem
//	@Failure	404	{object}	problem
//	@Failure	409	{object}	problem
//	@Failure	413	{object}	problem
//	@Failure	415	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/mailings/{id}/unschedule [post]
func (s *Server) unscheduleMailing(c echo.Context) error { return s.act(c, model.ActionUnschedule) }

// startMailing starts a run now.
//
//	@Summary	Start a run now
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id				path		int		true	"id"
//	@Param		Idempotency-Key	header		string	false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success	202				{object}	mailingResponse
//	@Failure	400				{object}	problem
//	@Failure	401				{object}	problem
//	@Failure	403				{object}	problem
//	@Failure	404				{object}	problem
//	@Failure	409				{object}	problem
//	@Failure	413				{object}	problem
//	@Failure	415				{object}	problem
//	@Failure	422				{object}	problem
//	@Failure	503				{object}	problem
//	@Router		/mailings/{id}/start [post]
func (s *Server) startMailing(c echo.Context) error { return s.act(c, model.ActionStart) }

// pauseMailing stops sending until it is resumed.
//
//	@Summary	Pause a running mailing
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id	path		int	true	"id"
//	@Success	202	{object}	mailingResponse
//	@Failure	400	{object}	problem
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem
//	@Failure	404	{object}	problem
//	@Failure	409	{object}	problem
//	@Failure	413	{object}	problem
//	@Failure	415	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/mailings/{id}/pause [post]
func (s *Server) pauseMailing(c echo.Context) error { return s.act(c, model.ActionPause) }

// resumeMailing sends on.
//
//	@Summary	Resume a paused mailing
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id	path		int	true	"id"
//	@Success	202	{object}	mailingResponse
//	@Failure	400	{object}	problem
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem
//	@Failure	404	{object}	problem
//	@Failure	409	{object}	problem
//	@Failure	413	{object}	problem
//	@Failure	415	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/mailings/{id}/resume [post]
func (s *Server) resumeMailing(c echo.Context) error { return s.act(c, model.ActionResume) }

// cancelMailing ends a mailing; what was not sent never will be.
//
//	@Summary	Cancel a mailing
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id	path		int	true	"id"
//	@Success	202	{object}	mailingResponse
//	@Failure	400	{object}	problem
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem
//	@Failure	404	{object}	problem
//	@Failure	409	{object}	problem
//	@Failure	413	{object}	problem
//	@Failure	415	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/mailings/{id}/cancel [post]
func (s *Server) cancelMailing(c echo.Context) error { return s.act(c, model.ActionCancel) }

// act does what needs no body.
func (s *Server) act(c echo.Context, action model.Action) error {
	m, err := s.ownMailing(c)
	if err == nil {
		err = bind(c, &struct{}{})
	}
	if err != nil {
		return err
	}
	return s.actOn(c, m.ID, action, nil)
}

func (s *Server) actOn(c echo.Context, id int64, action model.Action, startAt *time.Time) error {
	m, err := s.Mailings.Act(c.Request().Context(), viewerOf(c), id, action, startAt)
	if err != nil {
		return err
	}
	return answerMailing(c, http.StatusAccepted, m)
}

// stopMailing cancels anybody's mailing.
//
//	@Summary	Cancel anybody's mailing, by mailings.stop_all
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id	path		int	true	"id"
//	@Success	202	{object}	mailingResponse
//	@Failure	400	{object}	problem
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem
//	@Failure	404	{object}	problem
//	@Failure	409	{object}	problem
//	@Failure	413	{object}	problem
//	@Failure	415	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/mailings/{id}/stop [post]
func (s *Server) stopMailing(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := bind(c, &struct{}{}); err != nil {
		return err
	}
	m, err := s.Mailings.Stop(c.Request().Context(), viewerOf(c), id)
	if err != nil {
		return err
	}
	return answerMailing(c, http.StatusAccepted, m)
}

// duplicateMailing makes a draft with the same settings.
//
//	@Summary	Copy a mailing into a draft
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id				path		int		true	"id"
//	@Param		Idempotency-Key	header		string	false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success	201				{object}	mailingResponse
//	@Failure	400				{object}	problem
//	@Failure	401				{object}	problem
//	@Failure	403				{object}	problem
//	@Failure	404				{object}	problem
//	@Failure	409				{object}	problem
//	@Failure	413				{object}	problem
//	@Failure	415				{object}	problem
//	@Failure	422				{object}	problem
//	@Failure	503				{object}	problem
//	@Router		/mailings/{id}/duplicate [post]
func (s *Server) duplicateMailing(c echo.Context) error {
	m, err := s.ownMailing(c)
	if err == nil {
		err = bind(c, &struct{}{})
	}
	if err != nil {
		return err
	}
	if m, err = s.Mailings.Duplicate(c.Request().Context(), viewerOf(c), m.ID); err != nil {
		return err
	}
	return answerMailing(c, http.StatusCreated, m)
}

// testMailing mails what the mailing would send, once.
//
//	@Summary		Send a test mail
//	@Description	As for messages, with the sender of the mailing: to oneself, or to one of one's own clients, rendered as client_id and sent to `to` where both are given. An address that is suppressed is a 422 with code suppressed.
//	@Description	GET /test-mails/{id} tells what becomes of it.
//	@Tags			mailings
//	@Security		Bearer
//	@Param			id				path	int			true	"id"
//	@Param			body			body	testRequest	false	"to whom"
//	@Param			Idempotency-Key	header	string		false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success		202	{object}	testSent
//	@Failure		400	{object}	problem
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem
//	@Failure		404	{object}	problem
//	@Failure		409	{object}	problem
//	@Failure		413	{object}	problem
//	@Failure		415	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/mailings/{id}/test [post]
func (s *Server) testMailing(c echo.Context) error {
	var body testRequest
	m, err := s.ownMailing(c)
	if err == nil {
		err = bind(c, &body)
	}
	if err != nil {
		return err
	}
	id, err := s.Mailings.TestMailing(c.Request().Context(), viewerOf(c), m.ID, body.To, body.ClientID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, testSent{ID: id})
}

type audienceResponse struct {
	Count   int64            `json:"count" validate:"required" example:"1250"` // those to be skipped too
	Sample  []audienceClient `json:"sample" validate:"required"`
	Skipped map[string]int64 `json:"skipped" validate:"required"` // by reason
} //	@name	AudienceCount

type audienceClient struct {
	ID       int64  `json:"id" validate:"required" example:"5"`
	Email    string `json:"email" validate:"required" example:"client@example.org"`
	FullName string `json:"full_name" validate:"required" example:"Clara Client"`
} //	@name	AudienceClient

// mailingAudience counts whom a mailing would reach now.
//
//	@Summary	Whom a mailing would reach now
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id	path		int	true	"id"
//	@Success	200	{object}	audienceResponse
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem	"by an API key without the scope"
//	@Failure	404	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/mailings/{id}/audience [get]
func (s *Server) mailingAudience(c echo.Context) error {
	m, err := s.seenMailing(c)
	if err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	return s.answerAudience(c, m.OwnerID, m.Audience)
}

// unsavedAudience counts the audience of a mailing that is not saved.
//
//	@Summary		Whom an unsaved mailing would reach now
//	@Description	The sample is empty for an API key without clients:read.
//	@Tags			mailings
//	@Security		Bearer
//	@Param			body	body		mailingRequest	true	"of which only audience is looked at"
//	@Success		200		{object}	audienceResponse
//	@Failure		400		{object}	problem
//	@Failure		401		{object}	problem
//	@Failure		403		{object}	problem	"by an API key without the scope"
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/mailings/audience [post]
func (s *Server) unsavedAudience(c echo.Context) error {
	body := mailingDefaults()
	if err := bind(c, &body); err != nil {
		return err
	}
	return s.answerAudience(c, viewerOf(c).UserID, body.input().Audience)
}

func (s *Server) answerAudience(c echo.Context, ownerID int64, a model.Audience) error {
	found, err := s.Mailings.Audience(c.Request().Context(), ownerID, a)
	if err != nil {
		return err
	}
	out := audienceResponse{Count: found.Count, Sample: []audienceClient{}, Skipped: found.Skipped}
	// who sees a mailing need not see its owner's clients, nor a program any
	if v := viewerOf(c); (v.UserID == ownerID || v.Has(model.ClientsViewAll)) && mayAsk(c, model.ClientsRead) {
		for _, x := range found.Sample {
			out.Sample = append(out.Sample, audienceClient{ID: x.ID, Email: x.Email, FullName: x.FullName})
		}
	}
	return c.JSON(http.StatusOK, out)
}

type occurrencesResponse struct {
	Items []occurrence `json:"items" validate:"required"`
} //	@name	Occurrences

type occurrence struct {
	PlannedAt time.Time `json:"planned_at" validate:"required" example:"2027-03-28T00:00:00Z"`
	Local     string    `json:"local" validate:"required" example:"2027-03-28T03:00:00+02:00"`
	Note      *string   `json:"note" validate:"required" extensions:"x-nullable" enums:"gap,fold"`

	OpensAt    *time.Time `json:"opens_at,omitempty" example:"2027-03-29T06:00:00Z"` // when the window opens, if it is closed at the start
	NeverOpens bool       `json:"never_opens,omitempty"`                             // it does not open before the end of the run: nobody is mailed
} //	@name	Occurrence

// mailingOccurrences tells when a mailing will start next.
//
//	@Summary	The next starts of a mailing
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id	path		int	true	"id"
//	@Param		n	query		int	false	"how many"	default(10)	minimum(1)	maximum(200)
//	@Success	200	{object}	occurrencesResponse
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem	"by an API key without the scope"
//	@Failure	404	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/mailings/{id}/occurrences [get]
func (s *Server) mailingOccurrences(c echo.Context) error {
	m, err := s.seenMailing(c)
	if err != nil {
		return err
	}
	return answerOccurrences(c, func(n int) ([]mailing.Occurrence, error) { return s.Mailings.Upcoming(m, n) })
}

// unsavedOccurrences tells when an unsaved mailing would start.
//
//	@Summary	The next starts of an unsaved mailing
//	@Tags		mailings
//	@Security	Bearer
//	@Param		n		query		int				false	"how many"	default(10)	minimum(1)	maximum(200)
//	@Param		body	body		mailingRequest	true	"of which only the schedule is looked at"
//	@Success	200		{object}	occurrencesResponse
//	@Failure	400		{object}	problem
//	@Failure	401		{object}	problem
//	@Failure	403		{object}	problem	"by an API key without the scope"
//	@Failure	413		{object}	problem
//	@Failure	415		{object}	problem
//	@Failure	422		{object}	problem
//	@Failure	503		{object}	problem
//	@Router		/mailings/occurrences [post]
func (s *Server) unsavedOccurrences(c echo.Context) error {
	body := mailingDefaults()
	if err := bind(c, &body); err != nil {
		return err
	}
	in := body.input()
	if in.Timezone == "" {
		in.Timezone = userOf(c).Timezone
	}
	return answerOccurrences(c, func(n int) ([]mailing.Occurrence, error) { return s.Mailings.Occurrences(in, n) })
}

// answerOccurrences tells as many starts as the query asks for.
func answerOccurrences(c echo.Context, find func(n int) ([]mailing.Occurrence, error)) error {
	q := queryOf(c, "n")
	n := q.number("n", 10, 1, 200)
	if err := q.err(); err != nil {
		return err
	}
	found, err := find(n)
	if err != nil {
		return err
	}
	out := occurrencesResponse{Items: make([]occurrence, len(found))}
	for i, o := range found {
		out.Items[i] = occurrence(o)
	}
	return c.JSON(http.StatusOK, out)
}

// mailingRuns lists the runs of a mailing as reports.
//
//	@Summary	The runs of a mailing
//	@Tags		mailings
//	@Security	Bearer
//	@Param		id			path		int		true	"id"
//	@Param		limit		query		int		false	"rows a page"	default(50)	minimum(1)	maximum(200)
//	@Param		cursor		query		string	false	"next_cursor of the page before"
//	@Param		sort		query		string	false	"order"	Enums(id, -id, planned_at, -planned_at)
//	@Param		with_total	query		bool	false	"count all rows too"
//	@Success	200			{object}	list[reportResponse]
//	@Failure	401			{object}	problem
//	@Failure	403			{object}	problem	"by an API key without the scope"
//	@Failure	404			{object}	problem
//	@Failure	422			{object}	problem
//	@Failure	503			{object}	problem
//	@Router		/mailings/{id}/runs [get]
func (s *Server) mailingRuns(c echo.Context) error {
	m, err := s.seenMailing(c)
	if err != nil {
		return err
	}
	return s.answerReports(c, &m.ID)
}
