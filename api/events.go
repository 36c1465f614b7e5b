package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
)

// eventStream is the media type of server-sent events.
const eventStream = "text/event-stream"

// events streams the progress of runs.
//
//	@Summary		Server-sent events of the progress of one's own runs
//	@Description	A stream of events named `progress`, each with a Progress object as its data: one for every live run at once, then one whenever a run has moved, at most one a second and run, and a last one when it ends. With `run_id` those of one run, which may be anybody's whose reports one sees. A comment comes every 15 s. The stream ends when the token does, when the account is blocked or its session ended, and when the program stops. Who comes back with `Last-Event-ID` is told the end of every run that ended meanwhile. At most 10 streams an account.
//	@Tags			reports
//	@Security		Bearer
//	@Produce		text/event-stream
//	@Param			run_id			query		int		false	"only this run"
//	@Param			Last-Event-ID	header		string	false	"id of the last event that arrived"
//	@Success		200				{object}	progressEvent
//	@Failure		401				{object}	problem
//	@Failure		403				{object}	problem	"by an API key without the scope"
//	@Failure		404				{object}	problem
//	@Failure		422				{object}	problem
//	@Failure		429				{object}	problem
//	@Failure		503				{object}	problem
//	@Router			/events [get]
func (s *Server) events(c echo.Context) error {
	q := queryOf(c, "run_id")
	run := q.id("run_id")
	if err := q.err(); err != nil {
		return err
	}
	owner := userOf(c).ID
	if run != nil {
		r, err := s.Store.Report(c.Request().Context(), viewerOf(c), *run)
		if err != nil {
			return err
		}
		owner = r.OwnerID
	}
	l, at, err := s.progress.listen(c.Request().Context(), userOf(c).ID, run, lastEvent(c))
	if err != nil {
		return err
	}
	defer s.progress.leave(l)
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, eventStream)
	h.Set("X-Accel-Buffering", "no") // what nginx understands
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	st := &stream{c: c, pace: s.progress.pace, to: http.NewResponseController(c.Response())}
	// An id at once, so that who is cut off before the first event knows since when.
	if err := st.write(fmt.Appendf(nil, "retry: 3000\nid: %d\n\n", at.UnixMicro())); err != nil {
		return nil //nolint:nilerr // the peer is gone
	}
	s.follow(st, l, owner)
	return nil
}

// lastEvent is the time of the last event that reached the caller before, nil
// at a first call and when it is none of ours.
func lastEvent(c echo.Context) *time.Time {
	n, err := strconv.ParseInt(c.Request().Header.Get("Last-Event-ID"), 10, 64)
	if err != nil || n <= 0 {
		return nil
	}
	at := time.UnixMicro(n).UTC()
	return &at
}

// stream writes server-sent events (HTML Standard, section 9.2).
type stream struct {
	c    echo.Context
	pace pace
	to   *http.ResponseController
}

// write sends a piece whole, or gives the peer up that does not take it.
func (st *stream) write(piece []byte) error {
	// Not every writer has deadlines (tests' have none); then the peer has time.
	_ = st.to.SetWriteDeadline(time.Now().Add(st.pace.write))
	if _, err := st.c.Response().Write(piece); err != nil {
		return err
	}
	return st.to.Flush()
}

// follow writes what the listener is offered until the peer leaves, its token
// or its right ends, or the program is told to stop.
func (s *Server) follow(st *stream, l *listener, owner int64) {
	whole := wholeOf(st.c)
	beat, check := time.NewTicker(st.pace.beat), time.NewTicker(st.pace.check)
	defer beat.Stop()
	defer check.Stop()
	rest := time.NewTimer(0) // from one lot of events to the next
	defer rest.Stop()
	var wake <-chan struct{} // nil during the rest
	for {
		var piece []byte
		select {
		case <-whole.Done():
			return
		case <-s.progress.closing:
			return
		case <-check.C:
			if !s.mayGoOn(st.c, whole, l, owner) {
				return
			}
			continue
		case <-rest.C:
			wake = l.wake
			continue
		case <-beat.C:
			piece = []byte(":\n\n")
		case <-wake:
			piece = frames(l.take())
			wake = nil
			rest.Reset(st.pace.poll)
		}
		if err := st.write(piece); err != nil {
			return
		}
	}
}

// frames is the text of events. The id is the time they were read: what ended
// later is what one who comes back with it has missed.
func frames(events []moved) []byte {
	var b bytes.Buffer
	for i := range events {
		data, err := json.Marshal(events[i].progressEvent)
		if err != nil {
			panic(err) // numbers and texts
		}
		fmt.Fprintf(&b, "id: %d\nevent: progress\ndata: %s\n\n", events[i].at.UnixMicro(), data)
	}
	return b.Bytes()
}

// mayGoOn reads the account behind a stream anew. A database that is away ends
// no stream.
func (s *Server) mayGoOn(c echo.Context, whole context.Context, l *listener, owner int64) bool {
	ctx, cancel := context.WithTimeout(whole, answerWithin)
	defer cancel()
	c.SetRequest(c.Request().WithContext(ctx))
	if err := s.permit(c); err != nil {
		return !model.IsKind(err, model.Unauthenticated) && !model.IsKind(err, model.Forbidden)
	}
	return owner == l.user || viewerOf(c).Has(model.ReportsViewAll)
}
