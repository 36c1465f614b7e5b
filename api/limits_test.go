package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// often asks until it is refused, and says how often it was not.
func (c *caller) often(t *testing.T) (passed int, refused *answer) {
	t.Helper()
	for range 100 {
		a := c.do(t, "GET", "/me", nil)
		if a.status != 200 {
			return passed, a
		}
		passed++
	}
	return passed, nil
}

func TestWhoCallsTooOftenIsToldWhen(t *testing.T) {
	t.Parallel()
	h := one(t, func(d *api.Deps) { d.Limiter = limit.New(nil, slog.New(slog.DiscardHandler)) })
	anna, boris := h.user(t), h.user(t)
	program := h.key(t, boris)
	h.api.LimitCalls(limit.Rate{Events: 1, Per: time.Hour, Burst: 20}, limit.Rate{Events: 1, Per: time.Hour, Burst: 10})
	passed, refused := anna.often(t)
	require.Equal(t, 20, passed)
	refused.problem(t, 429, "too_many")
	wait, err := strconv.Atoi(refused.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Greater(t, wait, 3000)
	require.LessOrEqual(t, wait, 3600)
	// in another session too, and of what is forbidden; others are not concerned
	h.as(t, anna.user).do(t, "GET", "/users", nil).problem(t, 429, "too_many")
	boris.do(t, "GET", "/me", nil).require(t, 200)

	// a program that runs wild leaves its owner room
	passed, refused = program.often(t)
	require.Equal(t, 10, passed)
	refused.problem(t, 429, "too_many")
	boris.do(t, "GET", "/me", nil).require(t, 200)

	// and another key is not more room than the owner has
	clara := h.user(t)
	keys := []*caller{clara.key(t, model.ClientsRead), clara.key(t, model.ClientsRead), clara.key(t, model.ClientsRead)}
	all := 0
	for _, key := range keys {
		passed, _ := key.often(t)
		all += passed
	}
	require.Equal(t, 20, all)
	clara.do(t, "GET", "/me", nil).require(t, 200)
}

func TestWithoutLimitsNobodyIsRefused(t *testing.T) {
	t.Parallel()
	h := one(t) // as POSTRIDER_LIMITS=off has it
	h.api.LimitCalls(limit.Rate{Events: 1, Per: time.Hour, Burst: 1}, limit.Rate{Events: 1, Per: time.Hour, Burst: 1})
	passed, _ := h.user(t).often(t)
	require.Equal(t, 100, passed)
}

// served is the surface behind real sockets, with limits of time that are the
// server's own, a hundred times as quick. A limit that is not there stays none.
func served(t *testing.T, h *harness) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := api.HTTPServer(h.api, l.Addr().String())
	server.ReadHeaderTimeout /= 100
	server.ReadTimeout /= 100
	server.IdleTimeout /= 100
	server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return l.Addr().String()
}

// dial opens a connection that gives up long after the server should have.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(30*time.Second)))
	return c
}

// ended demands that the server ends the connection, and answers what it said.
func ended(t *testing.T, c net.Conn) string {
	t.Helper()
	said, err := io.ReadAll(c)
	var timeout net.Error
	require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "the server let the connection stand")
	return string(said)
}

// TestSlowSendersAreCutOff plays slowloris: heads and bodies that never end, and
// connections that say nothing.
func TestSlowSendersAreCutOff(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	addr := served(t, h)
	const head = "POST /api/v1/clients HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	for name, sent := range map[string]string{
		"nothing":         "",
		"half a head":     head + "X-Slow: 1\r\n",
		"no body":         head + "Authorization: Bearer " + anna.token + "\r\nContent-Length: 100\r\n\r\n{",
		"half a chunk":    head + "Authorization: Bearer " + anna.token + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a",
		"body to a login": strings.Replace(head, "/clients", "/auth/login", 1) + "Content-Length: 100\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, addr)
			_, err := io.WriteString(c, sent)
			require.NoError(t, err)
			require.NotContains(t, ended(t, c), "HTTP/1.1 2")
		})
	}
	t.Run("idle after an answer", func(t *testing.T) {
		t.Parallel()
		c := dial(t, addr)
		_, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		require.Contains(t, ended(t, c), "HTTP/1.1 200")
	})
}

// TestBodiesThatLie are refused by what arrives, not by what was announced.
func TestBodiesThatLie(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	addr := served(t, h)
	head := "PATCH /api/v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: Bearer " + anna.token + "\r\n"
	ask := func(t *testing.T, rest string) int {
		c := dial(t, addr)
		go func() { _, _ = io.WriteString(c, head+rest) }() // it may be cut off in the middle
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		_ = res.Body.Close()
		return res.StatusCode
	}
	big := `{"full_name":"` + strings.Repeat("a", 1<<20) + `"}`
	chunked := "Transfer-Encoding: chunked\r\n\r\n"
	for rest := big; rest != ""; {
		n := min(len(rest), 64<<10)
		chunked += fmt.Sprintf("%x\r\n%s\r\n", n, rest[:n])
		rest = rest[n:]
	}
	chunked += "0\r\n\r\n"
	require.Equal(t, 413, ask(t, chunked), "chunked")
	require.Equal(t, 413, ask(t, fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(big), big)), "whole")
	require.Equal(t, 413, ask(t, fmt.Sprintf("Content-Length: %d\r\n\r\n%s", 1<<40, big)), "a length that is announced only")
	require.Equal(t, 400, ask(t, "Content-Length: 9\r\n\r\n"+`{"full_name":"Anna"}`), "a length that is too short")
	require.Equal(t, 400, ask(t, "Content-Length: 9\r\nContent-Length: 20\r\n\r\n"+`{"full_name":"Anna"}`), "two lengths")
	require.Equal(t, 431, ask(t, "X-Long: "+strings.Repeat("a", 80<<10)+"\r\n\r\n"), "a long head")
	deep := `{"locale":` + strings.Repeat(`[`, 500_000) + strings.Repeat(`]`, 500_000) + "}"
	require.Equal(t, 400, ask(t, fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(deep), deep)), "a million brackets")
	require.Equal(t, 200, ask(t, fmt.Sprintf("Content-Length: %d\r\n\r\n%s", 20, `{"full_name":"Anna"}`)))
}

func TestQuotasAreForSuperusersToSet(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, manager, super := h.user(t), h.manager(t), h.superuser(t)
		path := fmt.Sprintf("/users/%d", anna.user.ID)
		require.Nil(t, anna.do(t, "GET", "/me", nil).object(t)["quota_clients"])
		free := anna.do(t, "GET", "/me/quotas", nil).require(t, 200).object(t)
		require.Equal(t, object{"limit": nil, "used": nil}, free["clients"])
		manager.do(t, "PATCH", path, object{"quota_clients": 1}).problem(t, 403, "forbidden")
		anna.do(t, "PATCH", "/me", object{"quota_clients": 1}).fields(t, "quota_clients:unknown_field")
		super.do(t, "PATCH", path, object{"quota_clients": -1, "quota_mails_per_day": 2_000_000_000}).fields(t, "quota_clients:out_of_range", "quota_mails_per_day:out_of_range")
		super.do(t, "PATCH", path, object{"quota_clients": "many"}).fields(t, "quota_clients:wrong_type")
		set := super.do(t, "PATCH", path, object{"quota_clients": 2, "quota_mails_per_day": 5}).require(t, 200)
		require.Equal(t, `"2"`, set.header.Get("ETag"))
		require.Equal(t, []any{2.0, 5.0}, []any{set.object(t)["quota_clients"], set.object(t)["quota_mails_per_day"]})
		super.do(t, "PATCH", path, object{"quota_clients": 2}).require(t, 200)
		require.Equal(t, 2.0, anna.do(t, "GET", "/me", nil).object(t)["quota_clients"])

		anna.do(t, "POST", "/clients", object{"email": "a@example.com"}).require(t, 201)
		told := anna.do(t, "GET", "/me/quotas", nil).require(t, 200).object(t)
		require.Equal(t, object{"limit": 2.0, "used": 1.0}, told["clients"])
		require.Equal(t, object{"limit": 5.0, "used": 0.0}, told["mails_today"])
		events, err := h.store.AuditEvents(context.Background(), super.user.Viewer(), store.AuditFilter{Action: model.AuditUserChanged}, store.Page{Limit: 10})
		require.NoError(t, err)
		require.Contains(t, fmt.Sprint(events), "quota_clients")

		super.do(t, "PATCH", path, object{"quota_clients": nil}).require(t, 200)
		require.Nil(t, anna.do(t, "GET", "/me", nil).object(t)["quota_clients"])
	})
}

// TestTheQuotaOfClientsHolds also for many at the same instant.
func TestTheQuotaOfClientsHolds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, super := h.user(t), h.superuser(t)
		super.do(t, "PATCH", fmt.Sprintf("/users/%d", anna.user.ID), object{"quota_clients": 7}).require(t, 200)
		statuses := make([]int, 20)
		var all sync.WaitGroup
		for i := range statuses {
			all.Go(func() {
				statuses[i] = anna.do(t, "POST", "/clients", object{"email": fmt.Sprintf("c%d@example.com", i)}).status
			})
		}
		all.Wait()
		made := 0
		for _, status := range statuses {
			require.Contains(t, []int{201, 409}, status)
			if status == 201 {
				made++
			}
		}
		require.Equal(t, 7, made)
		require.Equal(t, 7, anna.count(t, "/clients"))
		p := anna.do(t, "POST", "/clients", object{"email": "more@example.com"}, header{"Accept-Language", "ru"}).problem(t, 409, "conflict")
		require.Contains(t, p.Detail, "7")
		require.Contains(t, p.Detail, "клиентов")
		anna.do(t, "POST", "/clients/bulk", object{"filter": object{}, "delete": true}).require(t, 200)
		anna.do(t, "POST", "/clients", object{"email": "more@example.com"}).require(t, 201)
	})
}

// TestATestMailCountsAsAMail: one cannot mail strangers by tests beyond the quota.
func TestATestMailCountsAsAMail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, super := h.user(t), h.superuser(t)
		message := makers["/messages/:id"](t, anna)
		client := makers["/clients/:id"](t, anna)
		super.do(t, "PATCH", fmt.Sprintf("/users/%d", anna.user.ID), object{"quota_mails_per_day": 1}).require(t, 200)
		test := func() *answer {
			return anna.do(t, "POST", fmt.Sprintf("/messages/%d/test", message), object{"client_id": client}, header{"Accept-Language", "ru"})
		}
		test().require(t, 202)
		require.Contains(t, test().problem(t, 409, "conflict").Detail, "00:00 UTC")
		require.Equal(t, object{"limit": 1.0, "used": 1.0}, anna.do(t, "GET", "/me/quotas", nil).require(t, 200).object(t)["mails_today"])
	})
}
