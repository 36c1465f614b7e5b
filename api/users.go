package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

type user struct {
	ID               int64              `json:"id" validate:"required" example:"1"`
	Email            string             `json:"email" validate:"required" example:"anna@example.com"`
	FullName         string             `json:"full_name" validate:"required" example:"Anna Petrova"`
	Locale           string             `json:"locale" validate:"required" enums:"en,ru" example:"ru"`
	Timezone         string             `json:"timezone" validate:"required" example:"Europe/Moscow"`
	IsActive         bool               `json:"is_active" validate:"required"`
	IsStaff          bool               `json:"is_staff" validate:"required"`
	IsSuperuser      bool               `json:"is_superuser" validate:"required"`
	Groups           []string           `json:"groups" validate:"required" example:"manager"`
	Permissions      []model.Permission `json:"permissions" validate:"required" swaggertype:"array,string" example:"clients.view_all"` // what counts now: all for a superuser, the groups' for staff
	QuotaClients     *int               `json:"quota_clients" validate:"required" extensions:"x-nullable" example:"1000"`              // how many clients it may have; null: as many as it likes
	QuotaMailsPerDay *int               `json:"quota_mails_per_day" validate:"required" extensions:"x-nullable" example:"5000"`        // how many mails of its mailings may leave on a day in UTC
	LastLoginAt      *time.Time         `json:"last_login_at" validate:"required" extensions:"x-nullable"`
	CreatedAt        time.Time          `json:"created_at" validate:"required"`
	UpdatedAt        time.Time          `json:"updated_at" validate:"required"`
} //	@name	User

func userOfRow(u *model.User) user {
	v := u.Viewer()
	out := user{
		ID: u.ID, Email: u.Email, FullName: u.FullName, Locale: u.Locale, Timezone: u.Timezone,
		IsActive: u.IsActive, IsStaff: u.IsStaff, IsSuperuser: u.IsSuperuser,
		Groups: append([]string{}, u.Groups...), Permissions: []model.Permission{},
		QuotaClients: u.QuotaClients, QuotaMailsPerDay: u.QuotaMailsPerDay,
		LastLoginAt: u.LastLoginAt, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
	for _, p := range model.Permissions {
		if v.Has(p) {
			out.Permissions = append(out.Permissions, p)
		}
	}
	return out
}

type userRequest struct {
	IsActive    bool     `json:"is_active"`
	IsStaff     bool     `json:"is_staff"`
	IsSuperuser bool     `json:"is_superuser"`
	Groups      []string `json:"groups" example:"manager"`

	QuotaClients     *int `json:"quota_clients" extensions:"x-nullable" minimum:"0" maximum:"1000000000" example:"1000"`
	QuotaMailsPerDay *int `json:"quota_mails_per_day" extensions:"x-nullable" minimum:"0" maximum:"1000000000" example:"5000"`
} //	@name	UserRequest

const maxQuota = 1_000_000_000

func (in *userRequest) check() error {
	var bad model.Fields
	for field, quota := range map[string]*int{"quota_clients": in.QuotaClients, "quota_mails_per_day": in.QuotaMailsPerDay} {
		if quota != nil && (*quota < 0 || *quota > maxQuota) {
			bad.Add(field, "out_of_range", "must be between %d and %d, or null for no limit", 0, maxQuota)
		}
	}
	return bad.Err()
}

// users lists all accounts.
//
//	@Summary	All accounts
//	@Tags		administration
//	@Security	Bearer
//	@Produce	json,text/csv
//	@Param		q				query		string	false	"somewhere in the e-mail or the name"
//	@Param		is_active		query		bool	false	"those that may sign in, or those that are blocked"
//	@Param		is_staff		query		bool	false	"those with staff status, or those without"
//	@Param		is_superuser	query		bool	false	"superusers, or the others"
//	@Param		group			query		string	false	"members of the group of this name"
//	@Param		limit			query		int		false	"1 … 200, default 50"
//	@Param		cursor			query		string	false	"next_cursor of the page before"
//	@Param		sort			query		string	false	"id, email, full_name, created_at; - before it for descending; default -id"
//	@Param		with_total		query		bool	false	"count all"
//	@Success	200				{object}	list[user]
//	@Failure	401				{object}	problem
//	@Failure	403				{object}	problem	"without users.view_all"
//	@Failure	422				{object}	problem
//	@Failure	503				{object}	problem
//	@Router		/users [get]
func (s *Server) users(c echo.Context) error {
	q := queryOf(c, pageNames("q", "is_active", "is_staff", "is_superuser", "group")...)
	f := store.UserFilter{
		Q: q.text("q"), Active: q.maybe("is_active"), Staff: q.maybe("is_staff"), Superuser: q.maybe("is_superuser"), Group: q.text("group"),
	}
	p := q.page()
	pages := func(p store.Page) (store.List[model.User], error) {
		return s.Store.Users(c.Request().Context(), viewerOf(c), f, p)
	}
	if wantsCSV(c) {
		return writeCSV(s, c, "users", userColumns, pages, p, userCells)
	}
	page, err := pages(p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, userOfRow))
}

var userColumns = []string{
	"id", "email", "full_name", "locale", "timezone", "is_active", "is_staff", "is_superuser", "groups", "quota_clients", "quota_mails_per_day", "last_login_at", "created_at", "updated_at",
}

func userCells(u *model.User) []string {
	return []string{
		number(u.ID), u.Email, u.FullName, u.Locale, u.Timezone, strconv.FormatBool(u.IsActive), strconv.FormatBool(u.IsStaff),
		strconv.FormatBool(u.IsSuperuser), strings.Join(u.Groups, ","), quotaCell(u.QuotaClients), quotaCell(u.QuotaMailsPerDay), moment(u.LastLoginAt), moment(&u.CreatedAt), moment(&u.UpdatedAt),
	}
}

func quotaCell(quota *int) string {
	if quota == nil {
		return ""
	}
	return strconv.Itoa(*quota)
}

// user shows one account.
//
//	@Summary	One account
//	@Tags		administration
//	@Security	Bearer
//	@Param		id	path		int	true	"the account"
//	@Success	200	{object}	user
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem	"without users.view_all"
//	@Failure	404	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/users/{id} [get]
func (s *Server) user(c echo.Context) error {
	u, err := s.pathUser(c)
	if err != nil {
		return err
	}
	setETag(c, u.Version)
	return c.JSON(http.StatusOK, userOfRow(u))
}

func (s *Server) pathUser(c echo.Context) (*model.User, error) {
	id, err := idOf(c, "id")
	if err != nil {
		return nil, err
	}
	return s.Store.User(c.Request().Context(), id)
}

// updateUser changes the rights of an account.
//
//	@Summary		Change the rights of an account
//	@Description	A superuser changes all of it, quotas too: a mailing whose owner has used the mails of a day waits with the reason daily_quota until the day turns. A holder of users.block changes is_active alone, and not of staff or superusers. Blocking ends all sessions.
//	@Tags			administration
//	@Security		Bearer
//	@Param			id			path		int			true	"the account"
//	@Param			If-Match	header		string		false	"the ETag that was read"
//	@Param			body		body		userRequest	true	"what changes"
//	@Success		200			{object}	user
//	@Failure		400			{object}	problem
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem
//	@Failure		404			{object}	problem
//	@Failure		409			{object}	problem	"no active superuser would be left"
//	@Failure		412			{object}	problem
//	@Failure		413			{object}	problem
//	@Failure		415			{object}	problem
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/users/{id} [patch]
func (s *Server) updateUser(c echo.Context) error {
	u, err := s.pathUser(c)
	if err != nil {
		return err
	}
	if !viewerOf(c).Superuser && (u.IsStaff || u.IsSuperuser) { // told before the body is looked at
		return model.E(model.Forbidden, "you may look at this but not change it")
	}
	u, err = s.Store.ChangeUser(c.Request().Context(), viewerOf(c), u.ID, ifMatch(c), func(u *model.User) error {
		in := userRequest{
			IsActive: u.IsActive, IsStaff: u.IsStaff, IsSuperuser: u.IsSuperuser, Groups: u.Groups,
			QuotaClients: u.QuotaClients, QuotaMailsPerDay: u.QuotaMailsPerDay,
		}
		err := bindAnd(c, &in, in.check)
		u.IsActive, u.IsStaff, u.IsSuperuser, u.Groups = in.IsActive, in.IsStaff, in.IsSuperuser, in.Groups
		u.QuotaClients, u.QuotaMailsPerDay = in.QuotaClients, in.QuotaMailsPerDay
		return err
	})
	if err != nil {
		return err
	}
	setETag(c, u.Version)
	return c.JSON(http.StatusOK, userOfRow(u))
}

// deleteUser removes an account, or blocks it if it owns anything.
//
//	@Summary		Delete an account
//	@Description	One that owns anything is blocked instead: its data and its reports stay.
//	@Tags			administration
//	@Security		Bearer
//	@Param			id			path	int		true	"the account"
//	@Param			If-Match	header	string	false	"the ETag that was read"
//	@Success		204
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem
//	@Failure		404	{object}	problem
//	@Failure		409	{object}	problem	"no active superuser would be left"
//	@Failure		412	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/users/{id} [delete]
func (s *Server) deleteUser(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := s.Store.DeleteUser(c.Request().Context(), viewerOf(c), id, ifMatch(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
