package api

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// clientFilterRequest is the filter of the list of clients.
type clientFilterRequest struct {
	Q      string             `json:"q" example:"anna"`
	Tag    string             `json:"tag" example:"vip"`
	Status model.ClientStatus `json:"status" enums:"active,unsubscribed,bounced,complained,blocked" swaggertype:"string"`
} //	@name	ClientFilter

type clientBulkRequest struct {
	IDs        []int64              `json:"ids" example:"17,18"`            // at most 500
	Filter     *clientFilterRequest `json:"filter" extensions:"x-nullable"` // instead of ids; {} is all
	ExceptIDs  []int64              `json:"except_ids" example:"19"`        // of what the filter finds; at most 500
	AddTags    []string             `json:"add_tags" example:"vip"`
	RemoveTags []string             `json:"remove_tags" example:"new"`
	Delete     bool                 `json:"delete"`
	Cursor     string               `json:"cursor"` // next_cursor of the answer before
} //	@name	ClientBulkRequest

type clientBulkResponse struct {
	Done       int     `json:"done" validate:"required" example:"500"`    // clients this call took
	Changed    int     `json:"changed" validate:"required" example:"480"` // of them, those that are not as before
	Refused    int     `json:"refused" validate:"required" example:"0"`   // of them, those that would have had more than 50 tags
	NextCursor *string `json:"next_cursor" validate:"required" extensions:"x-nullable"`
} //	@name	ClientBulkResponse

// changeClients changes many clients, a step at a time.
//
//	@Summary		Tag, untag or delete many of one's own clients
//	@Description	Of those named, or of all that a filter finds, at most 500 a call: repeat it with the `cursor` of the answer until that is null.
//	@Description	Others' clients are as if they did not exist. Clients made after the first call are left alone. Deletion is that of one client, without erase.
//	@Tags			clients
//	@Security		Bearer
//	@Param			change	body		clientBulkRequest	true	"which clients, and what is done to them"
//	@Success		200		{object}	clientBulkResponse
//	@Failure		400		{object}	problem
//	@Failure		401		{object}	problem
//	@Failure		403		{object}	problem	"by an API key without the scope"
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/clients/bulk [post]
func (s *Server) changeClients(c echo.Context) error {
	if err := queryOf(c).err(); err != nil {
		return err
	}
	var in clientBulkRequest
	var bulk store.ClientBulk
	err := bindAnd(c, &in, func() error {
		var bad model.Fields
		bulk = store.ClientBulk{IDs: in.IDs, Except: in.ExceptIDs, AddTags: in.AddTags, RemoveTags: in.RemoveTags, Delete: in.Delete}
		if (in.IDs == nil) == (in.Filter == nil) {
			bad.Add("ids", "required", "name ids or a filter, one of them")
		}
		if f := in.Filter; f != nil {
			bulk.Filter = store.ClientFilter{Q: f.Q, Tag: f.Tag, Status: f.Status}
			if f.Status != "" && !slices.Contains(clientStatuses, f.Status) {
				bad.Add("filter.status", "unknown", "must be one of %s", "active, unsubscribed, bounced, complained, blocked")
			}
		}
		return model.Together(bad.Err(), bulk.Check())
	})
	if err != nil {
		return err
	}
	done, err := s.Store.ChangeClients(c.Request().Context(), viewerOf(c), bulk, in.Cursor)
	if err != nil {
		return err
	}
	out := clientBulkResponse{Done: done.Done, Changed: done.Changed, Refused: done.Refused}
	if done.Next != "" {
		out.NextCursor = &done.Next
	}
	return c.JSON(http.StatusOK, out)
}
