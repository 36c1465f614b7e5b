package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/docs/openapi"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

const quick = 20 * time.Millisecond

// eventServer is the surface behind a real listener, with event streams in a
// hurry.
func eventServer(t *testing.T, h *harness, write time.Duration) *httptest.Server {
	t.Helper()
	h.api.HurryEvents(quick, quick, quick, write)
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = api.HTTPServer(h.api, "")
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

// listening is an open stream.
type listening struct {
	*http.Response
	t      *testing.T
	events chan heard // closed when the stream ends
	beats  chan struct{}
}

type heard struct {
	id string
	progressEvent
}

type progressEvent struct {
	RunID         int64        `json:"run_id"`
	MailingID     int64        `json:"mailing_id"`
	Status        string       `json:"status"`
	Counts        model.Counts `json:"counts"`
	RatePerSecond float64      `json:"rate_per_second"`
	ETASeconds    *int64       `json:"eta_seconds"`
	Reason        string       `json:"reason"`
}

// listen opens a stream.
func (c *caller) listen(t *testing.T, srv *httptest.Server, query string, headers ...header) *listening {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/api/v1/events"+query, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+c.token)
	for _, x := range headers {
		r.Header.Set(x.name, x.value)
	}
	resp, err := srv.Client().Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	l := &listening{Response: resp, t: t, events: make(chan heard, 1000), beats: make(chan struct{}, 1)}
	if resp.StatusCode == http.StatusOK {
		go l.read()
	}
	return l
}

func (l *listening) read() {
	defer close(l.events)
	lines := bufio.NewScanner(l.Body)
	var ev heard
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "id":
			ev.id = value
		case "data":
			if json.Unmarshal([]byte(value), &ev.progressEvent) == nil && asPromised([]byte(value)) == nil {
				l.events <- ev
			}
			ev.progressEvent = progressEvent{} // what was sent keeps its pointers
		case "retry":
		case "":
			if lines.Text() == ":" {
				select {
				case l.beats <- struct{}{}:
				default:
				}
			}
		}
	}
}

var contractFile = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(openapi.OpenAPIJSON)
})

// asPromised holds an event against the contract.
func asPromised(data []byte) error {
	doc, err := contractFile()
	if err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	return doc.Components.Schemas["Progress"].Value.VisitJSON(v)
}

const patience = time.Minute

// until reads events up to one that is as wished, and answers it.
func (l *listening) until(wish func(heard) bool) heard {
	l.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case ev, more := <-l.events:
			require.True(l.t, more, "the stream has ended")
			if wish(ev) {
				return ev
			}
		case <-limit:
			require.FailNow(l.t, "the event did not come")
		}
	}
}

func (l *listening) next() heard { l.t.Helper(); return l.until(func(heard) bool { return true }) }

// ends demands that the stream ends.
func (l *listening) ends() {
	l.t.Helper()
	limit := time.After(patience)
	for {
		select {
		case _, more := <-l.events:
			if !more {
				return
			}
		case <-limit:
			require.FailNow(l.t, "the stream did not end")
		}
	}
}

// liveRun is a run of somebody's with that many clients, which has begun.
func liveRun(t *testing.T, owner *caller, clients int) int64 {
	t.Helper()
	for i := range clients {
		owner.do(t, "POST", "/clients", fields{"email": fmt.Sprintf("c%d-%d@example.org", i, testkit.Number())}).require(t, 201)
	}
	var runs struct {
		Items []struct {
			RunID int64 `json:"run_id"`
		} `json:"items"`
	}
	owner.do(t, "GET", fmt.Sprintf("/mailings/%d/runs", makeMailing(t, owner, false)), nil).require(t, 200).json(t, &runs)
	run := runs.Items[0].RunID
	_, err := owner.h.api.Mailings.Advance(t.Context(), run, nil)
	require.NoError(t, err)
	return run
}

// send settles one delivery of a run as sent.
func send(t *testing.T, st *store.Store, run int64) { t.Helper(); attempt(t, st, run, model.Sent, 250) }

// attempt settles one delivery of a run by an attempt that the server answered
// with a code.
func attempt(t *testing.T, st *store.Store, run int64, to model.DeliveryState, code int) {
	t.Helper()
	require.NoError(t, st.Beat(t.Context(), store.Worker{ID: "w", Host: "test"}))
	c, err := st.ClaimChunk(t.Context(), "w", run)
	require.NoError(t, err)
	rows, err := st.Pending(t.Context(), c)
	require.NoError(t, err)
	now := time.Now()
	for _, e := range []*store.Outcome{nil, {To: to, Intended: true, Attempt: model.Attempt{
		StartedAt: now, FinishedAt: now, Outcome: model.Outcome(to), Code: code, Phase: model.PhaseResponse, Transport: "test",
	}}} {
		v, err := st.CommitLedger(t.Context(), []store.Entry{{Claim: c, DeliveryID: rows[0].ID, Outcome: e}})
		require.NoError(t, err)
		require.Equal(t, []store.Verdict{store.Landed}, v)
	}
	require.NoError(t, st.ReleaseChunk(t.Context(), c, 0))
}

// finish cancels what is left of a run.
func finish(t *testing.T, owner *caller, run int64) {
	t.Helper()
	r, err := owner.h.store.RunByID(t.Context(), run)
	require.NoError(t, err)
	owner.do(t, "POST", fmt.Sprintf("/mailings/%d/cancel", r.MailingID), nil).require(t, 202)
	require.NoError(t, owner.h.store.CloseOpen(t.Context(), run))
	_, err = owner.h.store.SettleRun(t.Context(), run)
	require.NoError(t, err)
}

func TestEventsTellHowARunGoes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		srv := eventServer(t, h, patience)
		anna, boris, chief := h.user(t), h.user(t), h.manager(t)
		run := liveRun(t, anna, 3)
		mine, one := anna.listen(t, srv, ""), chief.listen(t, srv, fmt.Sprintf("?run_id=%d", run))
		theirs, all := boris.listen(t, srv, ""), chief.listen(t, srv, "")
		require.Equal(t, "text/event-stream", mine.Header.Get("Content-Type"))
		require.Equal(t, "no-store", mine.Header.Get("Cache-Control"))
		require.Empty(t, mine.Header.Get("Content-Encoding"))

		for _, l := range []*listening{mine, one} {
			ev := l.next()
			require.Equal(t, run, ev.RunID)
			require.NotZero(t, ev.MailingID)
			require.Equal(t, "running", ev.Status)
			require.Equal(t, model.Counts{Planned: 3, Pending: 3}, ev.Counts)
			require.Zero(t, ev.RatePerSecond)
			require.Nil(t, ev.ETASeconds)
			require.NotEmpty(t, ev.id)
		}
		send(t, h.store, run)
		for _, l := range []*listening{mine, one} {
			ev := l.until(func(ev heard) bool { return ev.Counts.Sent == 1 && ev.RatePerSecond > 0 })
			require.NotNil(t, ev.ETASeconds, "two are open, and it goes on")
			require.Positive(t, *ev.ETASeconds)
		}
		require.NoError(t, h.store.PauseRun(t.Context(), run, model.ReasonSMTPAuth))
		ev := mine.until(func(ev heard) bool { return ev.Status == "pausing" })
		require.Nil(t, ev.ETASeconds)
		require.Equal(t, model.ReasonSMTPAuth, ev.Reason)
		finish(t, anna, run)
		for _, l := range []*listening{mine, one} {
			ev := l.until(func(ev heard) bool { return ev.Status == "cancelled" })
			require.Equal(t, model.Counts{Planned: 3, Sent: 1, Cancelled: 2}, ev.Counts)
		}

		// a run that nobody saw while it went on still tells its end
		short := liveRun(t, anna, 1)
		finish(t, anna, short)
		mine.until(func(ev heard) bool { return ev.RunID == short && ev.Status == "cancelled" })

		// the others hear of their own runs alone, the managers too
		other := liveRun(t, boris, 1)
		require.Equal(t, other, theirs.next().RunID)
		own := liveRun(t, chief, 1)
		require.Equal(t, own, all.next().RunID)
		finish(t, boris, other)
		theirs.until(func(ev heard) bool { return ev.RunID == other && ev.Status == "cancelled" })
		select {
		case <-mine.beats:
		case <-time.After(patience):
			require.Fail(t, "no heartbeat")
		}
		require.Zero(t, len(mine.events)+len(one.events), "nothing foreign, and nothing twice")
	})
}

func TestEventsRefuse(t *testing.T) {
	t.Parallel()
	h := one(t)
	srv := eventServer(t, h, patience)
	anna, boris := h.user(t), h.user(t)
	run := liveRun(t, anna, 1)
	boris.do(t, "GET", fmt.Sprintf("/events?run_id=%d", run), nil).problem(t, 404, "not_found")
	boris.do(t, "GET", "/events?run_id=999999", nil).problem(t, 404, "not_found")
	boris.do(t, "GET", "/events?run_id=x&owner=all", nil).fields(t, "run_id:wrong_type", "owner:unknown_parameter")
	require.Empty(t, boris.do(t, "HEAD", "/events", nil).require(t, 200).body)

	open := make([]*listening, api.MaxStreams)
	for i := range open {
		open[i] = anna.listen(t, srv, "")
		require.Equal(t, 200, open[i].StatusCode)
		open[i].next()
	}
	require.NotEmpty(t, anna.do(t, "GET", "/events", nil).problem(t, 429, "too_many").Detail)
	boris.do(t, "GET", "/events", nil).require(t, 200)
	require.NoError(t, open[0].Body.Close())
	require.Eventually(t, func() bool { return anna.do(t, "GET", "/events", nil).status == 200 }, patience, quick, "a place is free again")
}

// A stream lives no longer than what lets its reader in.
func TestEventsEnd(t *testing.T) {
	t.Parallel()
	h := one(t)
	srv := eventServer(t, h, patience)
	root, anna := h.superuser(t), h.user(t)
	run := liveRun(t, anna, 1)

	blocked := h.user(t)
	l := blocked.listen(t, srv, "")
	root.do(t, "PATCH", fmt.Sprintf("/users/%d", blocked.user.ID), fields{"is_active": false}).require(t, 200)
	l.ends()

	left, stays := h.user(t), h.user(t)
	l, other := left.listen(t, srv, ""), stays.listen(t, srv, "")
	left.do(t, "POST", "/auth/logout", nil).require(t, 204)
	l.ends()

	chief := h.manager(t)
	l, own := chief.listen(t, srv, fmt.Sprintf("?run_id=%d", run)), chief.listen(t, srv, "")
	require.Equal(t, run, l.next().RunID)
	root.do(t, "PATCH", fmt.Sprintf("/users/%d", chief.user.ID), fields{"is_staff": false, "groups": []string{}}).require(t, 200)
	l.ends()

	old := h.user(t)
	old.token = old.resigned(t, time.Now().Add(2*time.Second))
	l = old.listen(t, srv, "")
	require.Equal(t, 200, l.StatusCode)
	l.ends()

	for _, l := range []*listening{other, own} {
		select {
		case _, more := <-l.events:
			require.True(t, more, "the streams of the others go on")
		default:
		}
	}
}

// resigned is the caller's token with another end.
func (c *caller) resigned(t *testing.T, end time.Time) string {
	t.Helper()
	key := c.h.keys.Derive("access token")
	was, err := jwt.Parse(c.token, func(*jwt.Token) (any, error) { return key, nil })
	require.NoError(t, err)
	was.Claims.(jwt.MapClaims)["exp"] = end.Unix()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, was.Claims)
	token.Header = was.Header
	text, err := token.SignedString(key)
	require.NoError(t, err)
	return text
}

// Who was cut off is told the ends it missed, and nothing older.
func TestEventsGoOnWhereTheyBroke(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		srv := eventServer(t, h, patience)
		anna := h.user(t)
		old := liveRun(t, anna, 1)
		finish(t, anna, old)
		h.store.MoveClock(time.Minute)
		run := liveRun(t, anna, 1)
		l := anna.listen(t, srv, "")
		last := l.next()
		require.Equal(t, run, last.RunID, "an end from before is no news")
		require.NoError(t, l.Body.Close())
		finish(t, anna, run)
		h.store.MoveClock(time.Minute)

		again := anna.listen(t, srv, "", header{"Last-Event-ID", last.id})
		ev := again.next()
		require.Equal(t, run, ev.RunID)
		require.Equal(t, "cancelled", ev.Status)
		for _, odd := range []string{"", "x", "-1", "99999999999999999999", "9000000000000000"} {
			fresh := liveRun(t, anna, 1)
			l := anna.listen(t, srv, "", header{"Last-Event-ID", odd})
			require.Equal(t, fresh, l.next().RunID, "an id that is none of ours begins anew")
			finish(t, anna, fresh)
			require.NoError(t, l.Body.Close())
			h.store.MoveClock(time.Minute)
		}
	})
}

// A peer that does not read is given up, and holds up nobody meanwhile.
func TestEventsCountWhatIsRefusedAsSpeed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		srv := eventServer(t, h, patience)
		anna := h.user(t)
		run := liveRun(t, anna, 3)
		l := anna.listen(t, srv, "")
		require.Zero(t, l.next().RatePerSecond)
		attempt(t, h.store, run, model.Failed, 550)
		ev := l.until(func(ev heard) bool { return ev.Counts.Failed == 1 && ev.RatePerSecond > 0 })
		require.NotNil(t, ev.ETASeconds, "two are open, and it goes on")

		var read struct {
			RatePerSecond float64 `json:"rate_per_second"`
		}
		anna.do(t, "GET", fmt.Sprintf("/reports/%d", run), nil).require(t, 200).json(t, &read)
		require.Positive(t, read.RatePerSecond, "the report says the same")
	})
}

func TestEventsGiveUpWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	h := one(t)
	h.api.HurryEvents(quick, quick, time.Minute, 5*quick)
	pipes := pipeServer(t, h)
	anna := h.user(t)
	pipes.ask(t, anna, "/events", "")
	require.Eventually(t, func() bool { return strings.Contains(h.log.String(), `"route":"/api/v1/events"`) }, patience, quick,
		"the call is over though nobody read and nobody closed")
}

// pipeServer is the surface behind connections that take a byte only when
// somebody reads it.
func pipeServer(t *testing.T, h *harness) pipeListener {
	t.Helper()
	pipes := pipeListener(make(chan net.Conn))
	srv := api.HTTPServer(h.api, "")
	served := make(chan error, 1)
	go func() { served <- srv.Serve(pipes) }()
	t.Cleanup(func() {
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return pipes
}

// ask opens a connection with a call on it whose answer nobody reads yet; a
// caller without a token asks as nobody.
func (l pipeListener) ask(t *testing.T, c *caller, path, accept string) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = ours.Close() })
	l <- theirs
	authorization := ""
	if c.token != "" {
		authorization = "Authorization: Bearer " + c.token + "\r\n"
	}
	_, err := fmt.Fprintf(ours, "GET /api/v1%s HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\n%s\r\n", path, accept, authorization)
	require.NoError(t, err)
	return ours
}

type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	if c, more := <-l; more {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l pipeListener) Close() error { close(l); return nil }
func (pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestEventsEndWithTheServer(t *testing.T) {
	t.Parallel()
	h := one(t)
	srv := eventServer(t, h, patience)
	anna := h.user(t)
	l := anna.listen(t, srv, "")
	require.Equal(t, 200, l.StatusCode)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, srv.Config.Shutdown(ctx), "the open stream does not hold it up")
	l.ends()
	anna.do(t, "GET", "/events", nil).problem(t, 503, "unavailable")
}
