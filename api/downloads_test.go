package api_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/docs/openapi"
	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// link makes a link to a list.
func (c *caller) link(t *testing.T, path string) string {
	t.Helper()
	var out struct {
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	c.do(t, "POST", "/downloads", fields{"path": path}).require(t, 201).json(t, &out)
	require.WithinDuration(t, time.Now().Add(time.Minute), out.ExpiresAt, 10*time.Second)
	return strings.TrimPrefix(out.URL, "/api/v1")
}

func TestADownloadIsTakenOnceWithoutAToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		client := makers["/clients/:id"](t, u)
		u.do(t, "POST", "/clients", fields{"email": "other@example.com"}).require(t, 201)
		want := u.do(t, "GET", "/clients?tag=vip", nil, header{"Accept", "text/csv"}).require(t, 200)

		link := u.link(t, "/clients?tag=vip")
		h.anonymous().do(t, "HEAD", link, nil).require(t, 405)
		got := h.anonymous().do(t, "GET", link, nil, header{"Accept", "text/html,*/*"}).require(t, 200)
		require.Equal(t, string(want.body), string(got.body), "the same as the list itself")
		require.Contains(t, got.header.Get("Content-Disposition"), `attachment; filename="clients.csv"`)
		h.anonymous().do(t, "GET", link, nil).problem(t, 404, "not_found")

		// The whole path does as well, and of many at once one gets it.
		link = u.link(t, fmt.Sprintf("/api/v1/clients/%d/deliveries", client))
		statuses := make([]int, 8)
		var wg sync.WaitGroup
		for i := range statuses {
			wg.Go(func() { statuses[i] = h.anonymous().do(t, "GET", link, nil).status })
		}
		wg.Wait()
		taken := 0
		for _, status := range statuses {
			if status == 200 {
				taken++
			}
		}
		require.Equal(t, 1, taken, "%v", statuses)
	})
}

func TestADownloadIsNoLongerGood(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		for what, end := range map[string]func(t *testing.T, u *caller){
			"signed out": func(t *testing.T, u *caller) { u.do(t, "POST", "/auth/logout", nil).require(t, 204) },
			"blocked": func(t *testing.T, u *caller) {
				h.superuser(t).do(t, "PATCH", fmt.Sprintf("/users/%d", u.user.ID), fields{"is_active": false}).require(t, 200)
			},
		} {
			u := h.user(t)
			link := u.link(t, "/clients")
			end(t, u)
			require.Equal(t, 404, h.anonymous().do(t, "GET", link, nil).status, what)
		}
		// What one may see is looked at when the link is followed.
		manager := h.manager(t)
		link := manager.link(t, "/users")
		h.superuser(t).do(t, "PATCH", fmt.Sprintf("/users/%d", manager.user.ID), fields{"groups": []string{}}).require(t, 200)
		h.anonymous().do(t, "GET", link, nil).problem(t, 403, "forbidden")

		link = h.user(t).link(t, "/clients")
		h.store.MoveClock(store.DownloadLife + time.Second)
		h.anonymous().do(t, "GET", link, nil).problem(t, 404, "not_found")
	})
}

// TestADownloadIsTheActOfWhoMadeTheLink: in the audit log, whether it was taken
// or refused, and by the number of calls.
func TestADownloadIsTheActOfWhoMadeTheLink(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, anna, manager := h.superuser(t), h.user(t), h.manager(t)
		h.anonymous().do(t, "GET", anna.link(t, "/clients"), nil).require(t, 200)
		exported := root.events(t, "action=data.exported")
		require.Len(t, exported, 1)
		exported[0].is(t, model.AuditExported, anna, "list")
		require.NotEmpty(t, exported[0].RequestID)

		link := manager.link(t, "/users")
		root.do(t, "PATCH", fmt.Sprintf("/users/%d", manager.user.ID), fields{"groups": []string{}}).require(t, 200)
		h.anonymous().do(t, "GET", link, nil).problem(t, 403, "forbidden")
		denied := root.events(t, "action=auth.denied")
		require.Len(t, denied, 1)
		denied[0].is(t, model.AuditDenied, manager, "")

		links := []string{anna.link(t, "/clients"), anna.link(t, "/clients"), anna.link(t, "/clients")}
		others := h.user(t).link(t, "/clients")
		h.api.LimitCalls(limit.Rate{Events: 1, Per: time.Hour, Burst: 8}, limit.Rate{Events: 1, Per: time.Hour, Burst: 8})
		h.api.Limiter = limit.New(nil, slog.New(slog.DiscardHandler))
		for range 6 {
			anna.do(t, "GET", "/me", nil).require(t, 200)
		}
		h.anonymous().do(t, "GET", links[0], nil).require(t, 200)
		h.anonymous().do(t, "GET", links[1], nil).require(t, 200)
		h.anonymous().do(t, "GET", links[2], nil).problem(t, 429, "too_many")
		h.anonymous().do(t, "GET", others, nil).require(t, 200)
	})
}

func TestALinkThatWouldLeadToAnErrorIsRefused(t *testing.T) {
	t.Parallel()
	h := one(t)
	u := h.user(t)
	foreign := makers["/clients/:id"](t, h.user(t))
	u.do(t, "POST", "/downloads", fields{}).fields(t, "path:required")
	for _, path := range []string{
		"clients", "/", "/clients/1", "/me", "/events", "/no/such", "https://example.com/clients", "//example.com/clients",
		"/downloads", "/clients/%2e%2e/users", "/api/v1/api/v1/clients",
	} {
		u.do(t, "POST", "/downloads", fields{"path": path}).fields(t, "path:unknown")
	}
	u.do(t, "POST", "/downloads", fields{"path": "/clients?q=" + strings.Repeat("x", 2000)}).fields(t, "path:too_long")
	u.do(t, "POST", "/downloads", fields{"path": "/clients?status=gone"}).fields(t, "path.status:unknown")
	u.do(t, "POST", "/downloads", fields{"path": fmt.Sprintf("/clients/%d/deliveries", foreign)}).problem(t, 404, "not_found")
	u.do(t, "POST", "/downloads", fields{"path": "/users"}).problem(t, 403, "forbidden")
}

// TestEveryTableCanBeTaken holds the lists that come as CSV in the contract
// against those that a link leads to.
func TestEveryTableCanBeTaken(t *testing.T) {
	t.Parallel()
	h := one(t)
	root := h.superuser(t)
	client, run := makers["/clients/:id"](t, root), makers["/reports/:run_id"](t, root)
	doc, err := openapi3.NewLoader().LoadFromData(openapi.OpenAPIJSON)
	require.NoError(t, err)
	for path, item := range doc.Paths.Map() {
		if item.Get == nil || path == "/downloads/{token}" {
			continue
		}
		_, table := item.Get.Responses.Value("200").Value.Content["text/csv"]
		filled := strings.NewReplacer("{id}", fmt.Sprint(client), "{run_id}", fmt.Sprint(run), "{client_id}", fmt.Sprint(client)).Replace(path)
		a := root.do(t, "POST", "/downloads", fields{"path": filled})
		require.Equal(t, table, a.status == 201, "%s: %s", path, a.body)
	}
}
