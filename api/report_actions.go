package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// mostResolved bounds the doubts that one call settles.
const mostResolved = 10_000

type retryRequest struct {
	States []model.DeliveryState `json:"states" validate:"required" swaggertype:"array,string" enums:"failed,in_doubt" example:"failed,in_doubt"`
	Codes  []int                 `json:"codes" example:"451,550"` // only those whose last answer had one of these codes; 0: those that ended without a code
} //	@name	RetryRequest

type retryResponse struct {
	RunID int64 `json:"run_id" validate:"required" example:"41"`
} //	@name	Retry

// retryReport retries deliveries of a run that has ended.
//
//	@Summary		Retry what failed or is in doubt
//	@Description	Makes a linked run, which begins at once and sends the same content with the same Message-ID. Each delivery is retried once at most. While the run or another one of its mailing is being sent, and when nothing is left to retry, the answer is 409.
//	@Tags			reports
//	@Security		Bearer
//	@Param			run_id			path		int				true	"run"
//	@Param			body			body		retryRequest	true	"what to retry"
//	@Param			Idempotency-Key	header		string			false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success		202				{object}	retryResponse
//	@Failure		400				{object}	problem
//	@Failure		401				{object}	problem
//	@Failure		403				{object}	problem
//	@Failure		404				{object}	problem
//	@Failure		409				{object}	problem
//	@Failure		413				{object}	problem
//	@Failure		415				{object}	problem
//	@Failure		422				{object}	problem
//	@Failure		503				{object}	problem
//	@Router			/reports/{run_id}/retry [post]
func (s *Server) retryReport(c echo.Context) error {
	runID, err := s.ownReport(c)
	if err != nil {
		return err
	}
	var body retryRequest
	filter := func() model.RetryFilter { return model.RetryFilter{States: body.States, Codes: body.Codes} }
	if err := bindAnd(c, &body, func() error { return mailing.CheckRetry(filter()) }); err != nil {
		return err
	}
	run, err := s.Mailings.Retry(c.Request().Context(), viewerOf(c), runID, filter())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, retryResponse{RunID: run.ID})
}

type resolveRequest struct {
	DeliveryIDs []int64             `json:"delivery_ids" validate:"required" example:"9001,9002"` // up to 10 000
	As          model.DeliveryState `json:"as" validate:"required" swaggertype:"string" enums:"sent,failed"`
} //	@name	ResolveRequest

type resolveResponse struct {
	Resolved int64 `json:"resolved" validate:"required" example:"2"` // how many this call settled
} //	@name	Resolve

// resolveReport settles doubts by hand.
//
//	@Summary		Settle deliveries in doubt by hand
//	@Description	Those that are not in doubt, or not any more, are left as they are and not counted. With an id that is no delivery of the run nothing is settled.
//	@Tags			reports
//	@Security		Bearer
//	@Param			run_id	path		int				true	"run"
//	@Param			body	body		resolveRequest	true	"which, and as what"
//	@Success		200		{object}	resolveResponse
//	@Failure		400		{object}	problem
//	@Failure		401		{object}	problem
//	@Failure		403		{object}	problem
//	@Failure		404		{object}	problem
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/reports/{run_id}/resolve [post]
func (s *Server) resolveReport(c echo.Context) error {
	runID, err := s.ownReport(c)
	if err != nil {
		return err
	}
	var body resolveRequest
	err = bindAnd(c, &body, func() error {
		var bad model.Fields
		switch n := len(body.DeliveryIDs); {
		case n == 0:
			bad.Add("delivery_ids", "required", "name the deliveries to settle")
		case n > mostResolved:
			bad.Add("delivery_ids", "too_many", "at most %d at a time", mostResolved)
		}
		if body.As != model.Sent && body.As != model.Failed {
			bad.Add("as", "not_allowed", "must be sent or failed")
		}
		return bad.Err()
	})
	if err != nil {
		return err
	}
	n, err := s.Store.ResolveDoubts(c.Request().Context(), viewerOf(c), runID, body.DeliveryIDs, body.As)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, resolveResponse{Resolved: n})
}

// ownReport is the id of the run of the path, if the caller may change it.
func (s *Server) ownReport(c echo.Context) (int64, error) {
	r, err := s.seenReport(c)
	if err != nil {
		return 0, err
	}
	return r.ID, mayChange(c, r.OwnerID)
}
