package api

import (
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

type group struct {
	ID          int64              `json:"id" validate:"required" example:"1"`
	Name        string             `json:"name" validate:"required" example:"manager"`
	Permissions []model.Permission `json:"permissions" validate:"required" swaggertype:"array,string" example:"clients.view_all"`
	Members     int64              `json:"members" validate:"required" example:"3"` // how many users are in it
	CreatedAt   time.Time          `json:"created_at" validate:"required"`
	UpdatedAt   time.Time          `json:"updated_at" validate:"required"`
} //	@name	Group

func groupOf(g *model.Group) group {
	return group{
		ID: g.ID, Name: g.Name, Permissions: append([]model.Permission{}, g.Permissions...), Members: g.Members,
		CreatedAt: g.CreatedAt, UpdatedAt: g.UpdatedAt,
	}
}

type groupRequest struct {
	Name        string             `json:"name" validate:"required" example:"support"`
	Permissions []model.Permission `json:"permissions" swaggertype:"array,string" example:"users.block"`
} //	@name	GroupRequest

const maxGroupName = 100

func (in *groupRequest) check() error {
	var bad model.Fields
	in.Name = strings.TrimSpace(in.Name)
	switch {
	case in.Name == "":
		bad.Add("name", "required", "must be given")
	case utf8.RuneCountInString(in.Name) > maxGroupName:
		bad.Add("name", "too_long", "must be at most %d characters long", maxGroupName)
	case strings.ContainsFunc(in.Name, unicode.IsControl):
		bad.Add("name", "control_character", "must not contain control characters")
	}
	for _, p := range in.Permissions {
		if !slices.Contains(model.Permissions, p) {
			bad.Add("permissions", "unknown", "there is no permission %q", printable(string(p)))
			break
		}
	}
	return bad.Err()
}

// groups lists all groups.
//
//	@Summary	All groups
//	@Tags		administration
//	@Security	Bearer
//	@Param		limit		query		int		false	"1 … 200, default 50"
//	@Param		cursor		query		string	false	"next_cursor of the page before"
//	@Param		sort		query		string	false	"id, name (default); - before it for descending"
//	@Param		with_total	query		bool	false	"count all"
//	@Success	200			{object}	list[group]
//	@Failure	401			{object}	problem
//	@Failure	403			{object}	problem
//	@Failure	422			{object}	problem
//	@Failure	503			{object}	problem
//	@Router		/groups [get]
func (s *Server) groups(c echo.Context) error {
	q := queryOf(c, pageNames()...)
	p := q.page()
	page, err := s.Store.Groups(c.Request().Context(), p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, groupOf))
}

// group shows one group.
//
//	@Summary	One group
//	@Tags		administration
//	@Security	Bearer
//	@Param		id	path		int	true	"the group"
//	@Success	200	{object}	group
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem
//	@Failure	404	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/groups/{id} [get]
func (s *Server) group(c echo.Context) error {
	g, err := s.pathGroup(c)
	if err != nil {
		return err
	}
	setETag(c, g.Version)
	return c.JSON(http.StatusOK, groupOf(g))
}

func (s *Server) pathGroup(c echo.Context) (*model.Group, error) {
	id, err := idOf(c, "id")
	if err != nil {
		return nil, err
	}
	return s.Store.Group(c.Request().Context(), id)
}

// createGroup makes a group.
//
//	@Summary	Make a group
//	@Tags		administration
//	@Security	Bearer
//	@Param		body			body		groupRequest	true	"the group"
//	@Param		Idempotency-Key	header		string			false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success	201				{object}	group
//	@Failure	400				{object}	problem
//	@Failure	401				{object}	problem
//	@Failure	403				{object}	problem
//	@Failure	409				{object}	problem	"the name is taken"
//	@Failure	413				{object}	problem
//	@Failure	415				{object}	problem
//	@Failure	422				{object}	problem
//	@Failure	503				{object}	problem
//	@Router		/groups [post]
func (s *Server) createGroup(c echo.Context) error {
	var in groupRequest
	if err := bindAnd(c, &in, in.check); err != nil {
		return err
	}
	g := &model.Group{Name: in.Name, Permissions: in.Permissions}
	if err := s.Store.CreateGroup(c.Request().Context(), g); err != nil {
		return err
	}
	setETag(c, g.Version)
	return c.JSON(http.StatusCreated, groupOf(g))
}

// updateGroup changes a group.
//
//	@Summary	Change a group
//	@Tags		administration
//	@Security	Bearer
//	@Param		id			path		int				true	"the group"
//	@Param		If-Match	header		string			false	"the ETag that was read"
//	@Param		body		body		groupRequest	true	"what changes"
//	@Success	200			{object}	group
//	@Failure	400			{object}	problem
//	@Failure	401			{object}	problem
//	@Failure	403			{object}	problem
//	@Failure	404			{object}	problem
//	@Failure	409			{object}	problem	"the name is taken, or the manager group is renamed"
//	@Failure	412			{object}	problem
//	@Failure	413			{object}	problem
//	@Failure	415			{object}	problem
//	@Failure	422			{object}	problem
//	@Failure	503			{object}	problem
//	@Router		/groups/{id} [patch]
func (s *Server) updateGroup(c echo.Context) error {
	g, err := s.pathGroup(c)
	if err != nil {
		return err
	}
	g, err = s.Store.ChangeGroup(c.Request().Context(), g.ID, ifMatch(c), func(g *model.Group) error {
		in := groupRequest{Name: g.Name, Permissions: g.Permissions}
		err := bindAnd(c, &in, in.check)
		g.Name, g.Permissions = in.Name, in.Permissions
		return err
	})
	if err != nil {
		return err
	}
	setETag(c, g.Version)
	return c.JSON(http.StatusOK, groupOf(g))
}

// deleteGroup removes a group.
//
//	@Summary		Delete a group
//	@Description	Its members lose what it carried, at once. The manager group is built in and stays.
//	@Tags			administration
//	@Security		Bearer
//	@Param			id			path	int		true	"the group"
//	@Param			If-Match	header	string	false	"the ETag that was read"
//	@Success		204
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem
//	@Failure		404	{object}	problem
//	@Failure		409	{object}	problem
//	@Failure		412	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/groups/{id} [delete]
func (s *Server) deleteGroup(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := s.Store.DeleteGroup(c.Request().Context(), id, ifMatch(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// permissions lists the permissions there are.
//
//	@Summary	The permissions a group can carry
//	@Tags		administration
//	@Security	Bearer
//	@Success	200	{object}	list[string]
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/permissions [get]
func (s *Server) permissions(c echo.Context) error {
	all := store.List[model.Permission]{Items: slices.Clone(model.Permissions)}
	return c.JSON(http.StatusOK, listOf(all, func(p *model.Permission) string { return string(*p) }))
}
