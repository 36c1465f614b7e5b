package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/model"
)

type profileRequest struct {
	FullName string `json:"full_name" example:"Anna Petrova"`
	Locale   string `json:"locale" enums:"en,ru" example:"ru"`
	Timezone string `json:"timezone" example:"Europe/Moscow"`
} //	@name	ProfileRequest

type passwordRequest struct {
	CurrentPassword string `json:"current_password" validate:"required" example:"eight or more characters"`
	NewPassword     string `json:"new_password" validate:"required" minLength:"8" example:"eight other characters"`
} //	@name	PasswordRequest

type session struct {
	ID         int64     `json:"id" validate:"required" example:"7"`
	UserAgent  string    `json:"user_agent" validate:"required" example:"Mozilla/5.0"`
	IP         string    `json:"ip" validate:"required" example:"192.0.2.1"`
	Current    bool      `json:"current" validate:"required"` // the one that asks
	CreatedAt  time.Time `json:"created_at" validate:"required"`
	LastUsedAt time.Time `json:"last_used_at" validate:"required"` // when it last got new tokens
	ExpiresAt  time.Time `json:"expires_at" validate:"required"`
} //	@name	Session

// me shows the account that asks.
//
//	@Summary	The account that asks
//	@Tags		accounts
//	@Security	Bearer
//	@Success	200	{object}	user
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem	"by an API key without the scope"
//	@Failure	503	{object}	problem
//	@Router		/me [get]
func (s *Server) me(c echo.Context) error {
	u := userOf(c)
	setETag(c, u.Version)
	return c.JSON(http.StatusOK, userOfRow(u))
}

// updateMe changes name, language and zone of the account that asks.
//
//	@Summary	Change one's profile
//	@Tags		accounts
//	@Security	Bearer
//	@Param		If-Match	header		string			false	"the ETag that was read"
//	@Param		body		body		profileRequest	true	"what changes"
//	@Success	200			{object}	user
//	@Failure	400			{object}	problem
//	@Failure	401			{object}	problem
//	@Failure	403			{object}	problem	"by an API key without the scope"
//	@Failure	412			{object}	problem
//	@Failure	413			{object}	problem
//	@Failure	415			{object}	problem
//	@Failure	422			{object}	problem
//	@Failure	503			{object}	problem
//	@Router		/me [patch]
func (s *Server) updateMe(c echo.Context) error {
	u, err := s.Store.ChangeProfile(c.Request().Context(), userOf(c).ID, ifMatch(c), func(u *model.User) error {
		in := profileRequest{FullName: u.FullName, Locale: u.Locale, Timezone: u.Timezone}
		return bindAnd(c, &in, func() error {
			u.FullName, u.Locale, u.Timezone = in.FullName, in.Locale, in.Timezone
			return auth.CheckProfile(u)
		})
	})
	if err != nil {
		return err
	}
	setETag(c, u.Version)
	return c.JSON(http.StatusOK, userOfRow(u))
}

// changePassword sets a new password.
//
//	@Summary		Change one's password
//	@Description	Ends all other sessions. Where anything else is wrong, the current password is not looked at.
//	@Tags			accounts
//	@Security		Bearer
//	@Param			body	body	passwordRequest	true	"both passwords"
//	@Success		204
//	@Failure		400	{object}	problem
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem	"by an API key without the scope"
//	@Failure		413	{object}	problem
//	@Failure		415	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		429	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/me/password [post]
func (s *Server) changePassword(c echo.Context) error {
	var in passwordRequest
	ctx, u := c.Request().Context(), userOf(c)
	// Nobody learns of the current password what was not counted.
	err := bindAnd(c, &in, func() error { return auth.CheckPasswordChange(u, in.CurrentPassword, in.NewPassword) })
	if err != nil {
		return err
	}
	key := "password of user " + strconv.FormatInt(u.ID, 10)
	if err := s.allow(c, key, passwordsOfUser); err != nil {
		return err
	}
	err = s.Auth.ChangePassword(ctx, u, sessionOf(c), in.CurrentPassword, in.NewPassword)
	switch {
	case model.IsKind(err, model.Invalid):
		return err
	case err != nil: // says nothing of the password
		s.Limiter.TakeBack(ctx, key, passwordsOfUser)
		return err
	}
	s.Limiter.Forget(ctx, key)
	return c.NoContent(http.StatusNoContent)
}

// mySessions lists the living sessions of the account.
//
//	@Summary	One's sessions
//	@Tags		accounts
//	@Security	Bearer
//	@Param		limit		query		int		false	"1 … 200, default 50"
//	@Param		cursor		query		string	false	"next_cursor of the page before"
//	@Param		sort		query		string	false	"id or -id (default)"
//	@Param		with_total	query		bool	false	"count all"
//	@Success	200			{object}	list[session]
//	@Failure	401			{object}	problem
//	@Failure	403			{object}	problem	"by an API key without the scope"
//	@Failure	422			{object}	problem
//	@Failure	503			{object}	problem
//	@Router		/me/sessions [get]
func (s *Server) mySessions(c echo.Context) error {
	q := queryOf(c, pageNames()...)
	p := q.page()
	page, err := s.Store.Sessions(c.Request().Context(), userOf(c).ID, p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, func(x *model.Session) session {
		return session{
			ID: x.ID, UserAgent: x.UserAgent, IP: x.IP, Current: x.ID == sessionOf(c),
			CreatedAt: x.CreatedAt, LastUsedAt: x.RotatedAt, ExpiresAt: x.ExpiresAt,
		}
	}))
}

// endMySession ends one of one's sessions.
//
//	@Summary	End one of one's sessions
//	@Tags		accounts
//	@Security	Bearer
//	@Param		id	path	int	true	"the session"
//	@Success	204
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem	"by an API key without the scope"
//	@Failure	404	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/me/sessions/{id} [delete]
func (s *Server) endMySession(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := s.Store.EndSession(c.Request().Context(), userOf(c).ID, id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

type quotasResponse struct {
	Clients    quotaResponse `json:"clients" validate:"required"`
	MailsToday quotaResponse `json:"mails_today" validate:"required"`
	ResetsAt   time.Time     `json:"resets_at" validate:"required" example:"2026-12-02T00:00:00Z"` // when the next day begins for mails
} //	@name	Quotas

type quotaResponse struct {
	Limit *int `json:"limit" validate:"required" extensions:"x-nullable" example:"1000"` // null: no limit
	Used  *int `json:"used" validate:"required" extensions:"x-nullable" example:"250"`   // null without a limit
} //	@name	Quota

// myQuotas tells what the account that asks may have, and has.
//
//	@Summary		One's quotas
//	@Description	A superuser sets them. Mails are those of mailings that left on this day in UTC, and those on their way.
//	@Tags			accounts
//	@Security		Bearer
//	@Success		200	{object}	quotasResponse
//	@Failure		401	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/me/quotas [get]
func (s *Server) myQuotas(c echo.Context) error {
	if err := queryOf(c).err(); err != nil {
		return err
	}
	q, err := s.Store.Quotas(c.Request().Context(), userOf(c).ID)
	if err != nil {
		return err
	}
	out := quotasResponse{ResetsAt: q.Until, Clients: quotaResponse{Limit: q.Clients}, MailsToday: quotaResponse{Limit: q.MailsPerDay}}
	if q.Clients != nil {
		out.Clients.Used = &q.ClientsUsed
	}
	if q.MailsPerDay != nil {
		out.MailsToday.Used = &q.MailsUsed
	}
	return c.JSON(http.StatusOK, out)
}
