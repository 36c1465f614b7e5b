package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

type testSent struct {
	ID int64 `json:"id" validate:"required" example:"31"` // of the test mail
} //	@name	TestSent

// testState is what became of a test mail so far.
type testState string

const (
	testWaiting testState = "waiting"
	testTaken   testState = "sent"
	testFailed  testState = "failed"
)

// noWorker is why a test waits that nobody looks at.
const noWorker = "no_worker"

type testMail struct {
	ID        int64      `json:"id" validate:"required" example:"31"`
	To        string     `json:"to" validate:"required" example:"me@example.com"`
	State     testState  `json:"state" validate:"required" swaggertype:"string" enums:"waiting,sent,failed"`
	Reason    string     `json:"reason" validate:"required" example:"transport_down"`    // why no try begins: no_worker, no_transport, transport_down, transport_limit, smtp_auth; empty when one may
	Attempts  int        `json:"attempts" validate:"required" example:"1"`               // tries that have begun
	Code      int        `json:"code" validate:"required" example:"550"`                 // of the last answer, 0 when no server gave it
	Enhanced  string     `json:"enhanced" validate:"required" example:"5.1.1"`           // of the last answer
	Response  string     `json:"response" validate:"required" example:"No such mailbox"` // what the server said last, or what Postrider notes where it said nothing; empty before the end of the first try
	NextAt    *time.Time `json:"next_at" validate:"required" extensions:"x-nullable"`    // when a mail that waits after a try is tried again
	CreatedAt time.Time  `json:"created_at" validate:"required"`
	EndedAt   *time.Time `json:"ended_at" validate:"required" extensions:"x-nullable"` // when it was sent or failed
} //	@name	TestMail

// testMail tells what became of a test.
//
//	@Summary		What became of a test mail
//	@Description	Only whoever had it sent is told. It is tried again by itself while it waits, and forgotten some time after its end.
//	@Tags			messages
//	@Security		Bearer
//	@Param			id	path		int	true	"the id that the call answered which sent it"
//	@Success		200	{object}	testMail
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem	"by an API key without the scope"
//	@Failure		404	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/test-mails/{id} [get]
func (s *Server) testMail(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	m, err := s.Store.TestMail(c.Request().Context(), viewerOf(c), id)
	if err != nil {
		return err
	}
	out := testMail{
		ID: m.ID, To: m.ToEmail, State: testWaiting, Attempts: m.Attempts, Code: m.Code, Enhanced: m.Enhanced, Response: m.LastAnswer,
		CreatedAt: m.CreatedAt,
	}
	switch {
	case m.SentAt != nil:
		out.State, out.EndedAt = testTaken, m.SentAt
	case m.FailedAt != nil:
		out.State, out.EndedAt = testFailed, m.FailedAt
	default:
		if out.Reason, err = s.whyTestWaits(c, m); err != nil {
			return err
		}
		if m.LastAnswer != "" {
			out.NextAt = &m.NextAt
		}
	}
	return c.JSON(http.StatusOK, out)
}

// whyTestWaits is what a worker has noted, unless there is none.
func (s *Server) whyTestWaits(c echo.Context, m *model.SystemMail) (string, error) {
	now, err := s.Store.Now(c.Request().Context())
	if err != nil {
		return "", err
	}
	workers, err := s.Store.KnownWorkers(c.Request().Context())
	if err != nil {
		return "", err
	}
	for _, w := range workers {
		if w.BeatAt.After(now.Add(-store.DeadAfter)) {
			return m.WaitsFor, nil
		}
	}
	return noWorker, nil
}
