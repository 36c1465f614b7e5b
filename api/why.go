package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

type whyResponse struct {
	RunID         int64             `json:"run_id" validate:"required" example:"40"`
	MailingID     int64             `json:"mailing_id" validate:"required" example:"12"`
	MailingName   string            `json:"mailing_name" validate:"required" example:"Spring news"`
	RunStatus     model.RunStatus   `json:"run_status" validate:"required" swaggertype:"string" enums:"planned,running,pausing,paused,cancelling,cancelled,finished,missed"`
	RunReason     string            `json:"run_reason" validate:"required" example:"late"`
	ClientID      int64             `json:"client_id" validate:"required" example:"5"`
	ClientDeleted bool              `json:"client_deleted" validate:"required"`
	Email         string            `json:"email" validate:"required" example:"client@example.org"`
	Membership    store.Membership  `json:"membership" validate:"required" swaggertype:"string" enums:"all,named,tag,retry,changed,not_started,not_yet,not_reached,not_retried,not_addressed,excluded,excluded_tag,joined_later"`
	Tag           string            `json:"tag" validate:"required" example:"vip"` // that decided, of tag and excluded_tag
	Delivery      *deliveryResponse `json:"delivery" extensions:"x-nullable"`
	Attempts      []attemptResponse `json:"attempts" validate:"required"` // oldest first
	Suppression   *whySuppression   `json:"suppression" extensions:"x-nullable"`
} //	@name	Why

// whySuppression is why the address is not mailed now.
type whySuppression struct {
	Reason    model.SuppressionReason `json:"reason" validate:"required" swaggertype:"string" enums:"unsubscribed,bounced,complained,blocked"`
	CreatedAt time.Time               `json:"created_at" validate:"required"`
} //	@name	WhySuppression

// reportClient tells why a client did or did not get the mail of a run.
//
//	@Summary		Why a client did or did not get the mail of a run
//	@Description	Why the client is among the recipients or is not, its delivery with all attempts, and whether its address is suppressed now. `membership` goes by the audience that was frozen when the run started and by the tags of today.
//	@Tags			reports
//	@Security		Bearer
//	@Param			run_id		path		int	true	"run"
//	@Param			client_id	path		int	true	"client, also one that was deleted since"
//	@Success		200			{object}	whyResponse
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem	"by an API key without the scope"
//	@Failure		404			{object}	problem
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/reports/{run_id}/clients/{client_id} [get]
func (s *Server) reportClient(c echo.Context) error {
	runID, err := idOf(c, "run_id")
	if err != nil {
		return err
	}
	clientID, err := idOf(c, "client_id")
	if err != nil {
		return err
	}
	w, err := s.Store.Why(c.Request().Context(), viewerOf(c), runID, clientID)
	if err == nil {
		err = queryOf(c).err()
	}
	if err != nil {
		return err
	}
	out := whyResponse{
		RunID: w.Run.ID, MailingID: w.Run.MailingID, MailingName: w.Run.MailingName, RunStatus: w.Run.Status, RunReason: w.Run.Reason,
		ClientID: clientID, ClientDeleted: w.Deleted, Email: w.Email, Membership: w.Membership, Tag: w.Tag,
		Attempts: make([]attemptResponse, len(w.Attempts)),
	}
	if w.Delivery != nil {
		d := s.deliveryOf(w.Delivery, w.Run.FromEmail)
		out.Delivery = &d
	}
	for i := range w.Attempts {
		out.Attempts[i] = attemptOf(&w.Attempts[i])
	}
	if x := w.Suppression; x != nil {
		out.Suppression = &whySuppression{Reason: x.Reason, CreatedAt: x.CreatedAt}
	}
	return c.JSON(http.StatusOK, out)
}
