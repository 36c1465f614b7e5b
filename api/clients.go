package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

var clientStatuses = []model.ClientStatus{
	model.ClientActive, model.ClientUnsubscribed, model.ClientBounced, model.ClientComplained, model.ClientBlocked,
}

// clientRequest is what a person may set of a client.
type clientRequest struct {
	Email      string         `json:"email" validate:"required" example:"anna@example.com"`
	FullName   string         `json:"full_name" example:"Anna Ivanova"`
	Comment    string         `json:"comment" example:"Called in May."`
	Tags       []string       `json:"tags" example:"vip,moscow"`
	Attributes map[string]any `json:"attributes"`
	Locale     string         `json:"locale" example:"ru"`
	Timezone   string         `json:"timezone" example:"Europe/Moscow"`
} //	@name	ClientRequest

type client struct {
	ID         int64              `json:"id" validate:"required" example:"17"`
	OwnerID    int64              `json:"owner_id" validate:"required" example:"3"`
	OwnerEmail string             `json:"owner_email,omitempty" example:"ursula@example.com"`
	Email      string             `json:"email" validate:"required" example:"anna@example.com"`
	FullName   string             `json:"full_name" validate:"required" example:"Anna Ivanova"`
	Comment    string             `json:"comment" validate:"required" example:"Called in May."`
	Tags       []string           `json:"tags" validate:"required" example:"vip,moscow"`
	Attributes map[string]any     `json:"attributes" validate:"required"`
	Locale     string             `json:"locale" validate:"required" example:"ru"`
	Timezone   string             `json:"timezone" validate:"required" example:"Europe/Moscow"`
	Status     model.ClientStatus `json:"status" validate:"required" enums:"active,unsubscribed,bounced,complained,blocked" swaggertype:"string" example:"active"`
	CreatedAt  time.Time          `json:"created_at" validate:"required" example:"2026-12-01T07:00:05Z"`
	UpdatedAt  time.Time          `json:"updated_at" validate:"required" example:"2026-12-01T07:00:05Z"`
} //	@name	Client

func clientOf(c *model.Client) client {
	return client{
		ID: c.ID, OwnerID: c.OwnerID, OwnerEmail: c.OwnerEmail, Email: c.Email, FullName: c.FullName, Comment: c.Comment,
		Tags: c.Tags, Attributes: c.Attributes, Locale: c.Locale, Timezone: c.Timezone, Status: c.Status,
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}

func clientRequestOf(c *model.Client) clientRequest {
	return clientRequest{
		Email: c.Email, FullName: c.FullName, Comment: c.Comment, Tags: c.Tags, Attributes: c.Attributes,
		Locale: c.Locale, Timezone: c.Timezone,
	}
}

func (in *clientRequest) apply(c *model.Client) {
	c.Email, c.FullName, c.Comment, c.Tags, c.Attributes = in.Email, in.FullName, in.Comment, in.Tags, in.Attributes
	c.Locale, c.Timezone = in.Locale, in.Timezone
}

// mayChange refuses what is seen and not the viewer's to change, before the
// body is looked at.
func mayChange(c echo.Context, ownerID int64) error {
	if viewerOf(c).MayChange(ownerID) {
		return nil
	}
	return &model.Error{Kind: model.Forbidden, Message: "you may look at this but not change it"}
}

// clients lists clients.
//
//	@Summary		List clients
//	@Description	Newest first. Holders of clients.view_all see everyone's. With `Accept: text/csv` the whole list comes as CSV.
//	@Tags			clients
//	@Security		Bearer
//	@Produce		json,text/csv
//	@Param			q			query		string	false	"somewhere in the address, the name or the comment, in any case"
//	@Param			tag			query		string	false	"exactly this tag"
//	@Param			status		query		string	false	"status"	Enums(active, unsubscribed, bounced, complained, blocked)
//	@Param			owner_id	query		int		false	"owner; for holders of clients.view_all"
//	@Param			limit		query		int		false	"1 to 200"	default(50)
//	@Param			cursor		query		string	false	"next_cursor of the page before"
//	@Param			sort		query		string	false	"order"	Enums(id, -id, email, -email, full_name, -full_name, created_at, -created_at, updated_at, -updated_at)
//	@Param			with_total	query		bool	false	"count all"
//	@Success		200			{object}	list[client]
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem	"by an API key without the scope"
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/clients [get]
func (s *Server) clients(c echo.Context) error {
	q := queryOf(c, pageNames("q", "tag", "status", "owner_id")...)
	f := store.ClientFilter{Q: q.text("q"), Tag: q.text("tag"), Status: oneOf(q, "status", clientStatuses), OwnerID: q.id("owner_id")}
	p := q.page()
	pages := func(p store.Page) (store.List[model.Client], error) {
		return s.Store.Clients(c.Request().Context(), viewerOf(c), f, p)
	}
	if wantsCSV(c) {
		return writeCSV(s, c, "clients", clientColumns, pages, p, clientCells)
	}
	page, err := pages(p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, clientOf))
}

var clientColumns = []string{"id", "owner_id", "email", "full_name", "comment", "tags", "attributes", "locale", "timezone", "status", "created_at", "updated_at"}

func clientCells(c *model.Client) []string {
	attributes, _ := json.Marshal(c.Attributes) // came out of JSON
	return []string{
		strconv.FormatInt(c.ID, 10), strconv.FormatInt(c.OwnerID, 10), c.Email, c.FullName, c.Comment, strings.Join(c.Tags, ","),
		string(attributes), c.Locale, c.Timezone, string(c.Status), c.CreatedAt.Format(time.RFC3339Nano), c.UpdatedAt.Format(time.RFC3339Nano),
	}
}

type tagList struct {
	Items []string `json:"items" validate:"required" example:"moscow,vip"`
} //	@name	TagList

// clientTags lists tags to choose from.
//
//	@Summary		List the tags of one's own clients
//	@Description	In their order. At most 10 000 are looked through.
//	@Tags			clients
//	@Security		Bearer
//	@Param			q		query		string	false	"somewhere in the tag, in any case"
//	@Param			limit	query		int		false	"1 to 200"	default(50)
//	@Success		200		{object}	tagList
//	@Failure		401		{object}	problem
//	@Failure		403		{object}	problem	"by an API key without the scope"
//	@Failure		422		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/clients/tags [get]
func (s *Server) clientTags(c echo.Context) error {
	q := queryOf(c, "q", "limit")
	text, limit := q.text("q"), q.number("limit", store.DefaultLimit, 1, store.MaxLimit)
	if err := q.err(); err != nil {
		return err
	}
	tags, err := s.Store.ClientTags(c.Request().Context(), viewerOf(c), text, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, tagList{tags})
}

// createClient makes a client.
//
//	@Summary		Create a client
//	@Description	The address is an addr-spec alone and kept in lower case, its domain in ASCII. An owner has an address once (409).
//	@Description	Attributes are texts, numbers, true or false under names of letters, digits and _; null is the same as none.
//	@Tags			clients
//	@Security		Bearer
//	@Param			client			body		clientRequest	true	"the client"
//	@Param			Idempotency-Key	header		string			false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success		201				{object}	client
//	@Header			201				{string}	ETag		"version"
//	@Header			201				{string}	Location	"where it is"
//	@Failure		400				{object}	problem
//	@Failure		401				{object}	problem
//	@Failure		403				{object}	problem	"by an API key without the scope"
//	@Failure		409				{object}	problem
//	@Failure		413				{object}	problem
//	@Failure		415				{object}	problem
//	@Failure		422				{object}	problem
//	@Failure		503				{object}	problem
//	@Router			/clients [post]
func (s *Server) createClient(c echo.Context) error {
	if err := queryOf(c).err(); err != nil {
		return err
	}
	var in clientRequest
	var row model.Client
	if err := bindAnd(c, &in, func() error { in.apply(&row); return store.CheckClient(&row) }); err != nil {
		return err
	}
	if err := s.Store.CreateClient(c.Request().Context(), viewerOf(c), &row); err != nil {
		return err
	}
	return created(c, "/clients/", row.ID, row.Version, clientOf(&row))
}

// created answers a new resource with its address (RFC 9110 §15.3.2). A
// version of 0 is a resource that never changes.
func created(c echo.Context, path string, id, version int64, body any) error {
	c.Response().Header().Set(echo.HeaderLocation, base+path+strconv.FormatInt(id, 10))
	if version > 0 {
		setETag(c, version)
	}
	return c.JSON(http.StatusCreated, body)
}

// client shows a client.
//
//	@Summary	Show a client
//	@Tags		clients
//	@Security	Bearer
//	@Param		id	path		int	true	"id"
//	@Success	200	{object}	client
//	@Header		200	{string}	ETag	"version"
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem	"by an API key without the scope"
//	@Failure	404	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/clients/{id} [get]
func (s *Server) client(c echo.Context) error {
	row, err := s.clientAt(c)
	if err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	setETag(c, row.Version)
	return c.JSON(http.StatusOK, clientOf(row))
}

func (s *Server) clientAt(c echo.Context) (*model.Client, error) {
	id, err := idOf(c, "id")
	if err != nil {
		return nil, err
	}
	return s.Store.Client(c.Request().Context(), viewerOf(c), id)
}

// updateClient changes a client.
//
//	@Summary		Change a client
//	@Description	Fields left out stay. A new address leaves the suppressions of the old one as they are.
//	@Tags			clients
//	@Security		Bearer
//	@Param			id			path		int				true	"id"
//	@Param			If-Match	header		string			false	"the ETag that was read"
//	@Param			client		body		clientRequest	true	"what changes"
//	@Success		200			{object}	client
//	@Header			200			{string}	ETag	"version"
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
//	@Router			/clients/{id} [patch]
func (s *Server) updateClient(c echo.Context) error {
	row, err := s.clientAt(c)
	if err != nil {
		return err
	}
	if err := mayChange(c, row.OwnerID); err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	row, err = s.Store.ChangeClient(c.Request().Context(), viewerOf(c), row.ID, ifMatch(c), func(row *model.Client) error {
		in := clientRequestOf(row)
		err := bind(c, &in)
		in.apply(row)
		return err
	})
	if err != nil {
		return err
	}
	setETag(c, row.Version)
	return c.JSON(http.StatusOK, clientOf(row))
}

// deleteClient removes a client.
//
//	@Summary		Delete a client
//	@Description	Mails to it that have not left are skipped. Deliveries and suppressions stay; with erase=true the address in the deliveries becomes a hash.
//	@Tags			clients
//	@Security		Bearer
//	@Param			id			path	int		true	"id"
//	@Param			erase		query	bool	false	"replace the address in past deliveries by a hash"
//	@Param			If-Match	header	string	false	"the ETag that was read"
//	@Success		204
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem
//	@Failure		404	{object}	problem
//	@Failure		412	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/clients/{id} [delete]
func (s *Server) deleteClient(c echo.Context) error {
	row, err := s.clientAt(c)
	if err != nil {
		return err
	}
	if err := mayChange(c, row.OwnerID); err != nil {
		return err
	}
	q := queryOf(c, "erase")
	erase := q.flag("erase")
	if err := q.err(); err != nil {
		return err
	}
	if err := s.Store.DeleteClient(c.Request().Context(), viewerOf(c), row.ID, ifMatch(c), erase); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
