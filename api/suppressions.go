package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

type suppressionRequest struct {
	Email  string                  `json:"email" validate:"required" example:"anna@example.com"`
	Reason model.SuppressionReason `json:"reason" validate:"required" enums:"unsubscribed,bounced,complained,blocked" swaggertype:"string" example:"blocked"`
	Note   string                  `json:"note" example:"asked by phone"`
} //	@name	SuppressionRequest

type suppression struct {
	ID         int64                   `json:"id" validate:"required" example:"5"`
	OwnerID    int64                   `json:"owner_id" validate:"required" example:"3"`
	OwnerEmail string                  `json:"owner_email,omitempty" example:"ursula@example.com"`
	Email      string                  `json:"email" validate:"required" example:"anna@example.com"`
	Reason     model.SuppressionReason `json:"reason" validate:"required" enums:"unsubscribed,bounced,complained,blocked" swaggertype:"string" example:"blocked"`
	Note       string                  `json:"note" validate:"required" example:"asked by phone"`
	CreatedAt  time.Time               `json:"created_at" validate:"required" example:"2026-12-01T07:00:05Z"`
	UpdatedAt  time.Time               `json:"updated_at" validate:"required" example:"2026-12-01T07:00:05Z"` // as created_at: a suppression never changes
} //	@name	Suppression

func suppressionOf(x *model.Suppression) suppression {
	return suppression{
		ID: x.ID, OwnerID: x.OwnerID, OwnerEmail: x.OwnerEmail, Email: x.Email, Reason: x.Reason, Note: x.Note,
		CreatedAt: x.CreatedAt, UpdatedAt: x.CreatedAt,
	}
}

// suppressions lists the addresses that must not be mailed.
//
//	@Summary		List suppressions
//	@Description	Newest first. Holders of clients.view_all see everyone's. With `Accept: text/csv` the whole list comes as CSV.
//	@Tags			suppressions
//	@Security		Bearer
//	@Produce		json,text/csv
//	@Param			q			query		string	false	"part of the address"
//	@Param			reason		query		string	false	"reason"	Enums(unsubscribed, bounced, complained, blocked)
//	@Param			owner_id	query		int		false	"owner; for holders of clients.view_all"
//	@Param			limit		query		int		false	"1 to 200"	default(50)
//	@Param			cursor		query		string	false	"next_cursor of the page before"
//	@Param			sort		query		string	false	"order"	Enums(id, -id, email, -email, created_at, -created_at)
//	@Param			with_total	query		bool	false	"count all"
//	@Success		200			{object}	list[suppression]
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem	"by an API key without the scope"
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/suppressions [get]
func (s *Server) suppressions(c echo.Context) error {
	q := queryOf(c, pageNames("q", "reason", "owner_id")...)
	f := store.SuppressionFilter{Q: q.text("q"), Reason: oneOf(q, "reason", model.SuppressionReasons), OwnerID: q.id("owner_id")}
	p := q.page()
	pages := func(p store.Page) (store.List[model.Suppression], error) {
		return s.Store.Suppressions(c.Request().Context(), viewerOf(c), f, p)
	}
	if wantsCSV(c) {
		return writeCSV(s, c, "suppressions", []string{"email", "reason", "note", "created_at"}, pages, p, func(x *model.Suppression) []string {
			return []string{x.Email, string(x.Reason), x.Note, x.CreatedAt.Format(time.RFC3339Nano)}
		})
	}
	page, err := pages(p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, suppressionOf))
}

// createSuppression keeps an address from being mailed.
//
//	@Summary		Suppress an address
//	@Description	It need not be a client's. Mails to it that have not left are skipped with the reason. An address is suppressed once (409).
//	@Tags			suppressions
//	@Security		Bearer
//	@Param			suppression		body		suppressionRequest	true	"the address and why"
//	@Param			Idempotency-Key	header		string				false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success		201				{object}	suppression
//	@Failure		400				{object}	problem
//	@Failure		401				{object}	problem
//	@Failure		403				{object}	problem	"by an API key without the scope"
//	@Failure		409				{object}	problem
//	@Failure		413				{object}	problem
//	@Failure		415				{object}	problem
//	@Failure		422				{object}	problem
//	@Failure		503				{object}	problem
//	@Router			/suppressions [post]
func (s *Server) createSuppression(c echo.Context) error {
	if err := queryOf(c).err(); err != nil {
		return err
	}
	var in suppressionRequest
	var row model.Suppression
	if err := bindAnd(c, &in, func() error {
		row = model.Suppression{OwnerID: viewerOf(c).UserID, Email: in.Email, Reason: in.Reason, Note: in.Note}
		return store.CheckSuppression(&row)
	}); err != nil {
		return err
	}
	if err := s.Store.Suppress(c.Request().Context(), &row); err != nil {
		return err
	}
	return created(c, "/suppressions/", row.ID, 0, suppressionOf(&row))
}

// deleteSuppression lets an address be mailed again.
//
//	@Summary		Delete a suppression
//	@Description	Mails that were skipped stay skipped.
//	@Tags			suppressions
//	@Security		Bearer
//	@Param			id	path	int	true	"id"
//	@Success		204
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem
//	@Failure		404	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/suppressions/{id} [delete]
func (s *Server) deleteSuppression(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	if err := s.Store.Unsuppress(c.Request().Context(), viewerOf(c), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
