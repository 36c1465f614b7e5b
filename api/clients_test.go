package api_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// object is a JSON object.
type object = map[string]any

type listed struct {
	Items      []object `json:"items"`
	NextCursor *string  `json:"next_cursor"`
	Total      *int64   `json:"total"`
}

func (c *caller) list(t *testing.T, path string) listed {
	t.Helper()
	var out listed
	c.do(t, http.MethodGet, path, nil).require(t, http.StatusOK).json(t, &out)
	return out
}

func values(items []object, field string) []any {
	out := []any{}
	for _, item := range items {
		out = append(out, item[field])
	}
	return out
}

func TestClientLife(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		made := u.do(t, "POST", "/clients", object{
			"email": " Anna@Example.COM ", "full_name": "Анна", "comment": "a\nb", "tags": []string{"б", "a", "a"},
			"attributes": object{"n": 12, "f": 1.5, "s": "x", "b": false, "z": nil}, "locale": "ru", "timezone": "Europe/Moscow",
		}).require(t, 201)
		require.Equal(t, fmt.Sprintf("/api/v1/clients/%d", made.id(t)), made.header.Get("Location"))
		require.Equal(t, `"1"`, made.header.Get("ETag"))
		body := made.object(t)
		require.Equal(t, "anna@example.com", body["email"])
		require.Equal(t, []any{"a", "б"}, body["tags"])
		require.Equal(t, object{"n": 12.0, "f": 1.5, "s": "x", "b": false}, body["attributes"])
		require.Equal(t, "active", body["status"])
		require.Equal(t, float64(u.user.ID), body["owner_id"])
		require.NotContains(t, body, "owner_email")
		require.NotContains(t, body, "version")

		path := fmt.Sprintf("/clients/%d", made.id(t))
		got := u.do(t, "GET", path, nil).require(t, 200)
		require.JSONEq(t, string(made.body), string(got.body))
		require.Equal(t, `"1"`, got.header.Get("ETag"))

		changed := u.do(t, "PATCH", path, object{"full_name": nil, "attributes": object{"only": 1}, "tags": nil}, header{"If-Match", `"1"`}).require(t, 200)
		require.Equal(t, `"2"`, changed.header.Get("ETag"))
		body = changed.object(t)
		require.Equal(t, "", body["full_name"])
		require.Equal(t, "a\nb", body["comment"])
		require.Equal(t, object{"only": 1.0}, body["attributes"])
		require.Equal(t, []any{}, body["tags"])
		u.do(t, "PATCH", path, object{"comment": "c"}, header{"If-Match", `"1"`}).problem(t, 412, "precondition_failed")
		u.do(t, "DELETE", path, nil, header{"If-Match", `"1"`}).problem(t, 412, "precondition_failed")
		u.do(t, "PATCH", path, object{"comment": "c"}, header{"If-Match", `"2"`}).require(t, 200)

		u.do(t, "POST", "/clients", object{"email": "boris@example.com"}).require(t, 201)
		p := u.do(t, "POST", "/clients", object{"email": "ANNA@example.com"}).problem(t, 409, "conflict")
		require.Equal(t, "email", p.Errors[0].Field)
		u.do(t, "PATCH", path, object{"email": "boris@example.com"}).problem(t, 409, "conflict")

		u.do(t, "DELETE", path+"?erase=true", nil).require(t, 204)
		u.do(t, "DELETE", path, nil).problem(t, 404, "not_found")
		require.Len(t, u.list(t, "/clients").Items, 1)
	})
}

// What is wrong is named field by field, all at once, and nothing is written.
func TestClientsRefuseBadInput(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		good := u.do(t, "POST", "/clients", object{"email": "good@example.com", "full_name": "Good"}).require(t, 201)
		path := fmt.Sprintf("/clients/%d", good.id(t))
		for _, c := range []struct {
			body   any
			fields []string
		}{
			{object{}, []string{"email:required"}},
			{object{"email": nil}, []string{"email:required"}},
			{object{"email": 12}, []string{"email:wrong_type"}},
			{object{"email": "anna"}, []string{"email:invalid"}},
			{object{"email": "Anna <anna@example.com>"}, []string{"email:invalid"}},
			{object{"email": "anna@localhost"}, []string{"email:invalid"}},
			{object{"email": "a@example.com\r\nBcc: b@example.com"}, []string{"email:control_character"}},
			{object{"email": strings.Repeat("a", 250) + "@example.com"}, []string{"email:invalid"}},
			{object{"email": "x\x00@example.com"}, []string{"email:control_character"}},
			{object{"email": "x@example.com", "full_name": "a\r\nSubject: x"}, []string{"full_name:control_character"}},
			{object{"email": "x@example.com", "full_name": strings.Repeat("я", 201)}, []string{"full_name:too_long"}},
			{object{"email": "x@example.com", "comment": strings.Repeat("я", 2001)}, []string{"comment:too_long"}},
			{object{"email": "x@example.com", "tags": "vip"}, []string{"tags:wrong_type"}},
			{object{"email": "x@example.com", "tags": []any{"a", 1}}, []string{"tags:wrong_type"}},
			{object{"email": "x@example.com", "tags": []string{""}}, []string{"tags:required"}},
			{object{"email": "x@example.com", "attributes": []any{}}, []string{"attributes:wrong_type"}},
			{object{"email": "x@example.com", "attributes": object{"a": object{}, "b c": 1, "d": []any{}}}, []string{"attributes.a:wrong_type", "attributes.b c:invalid", "attributes.d:wrong_type"}},
			{object{"email": "x@example.com", "locale": "xx-yy-zz-1", "timezone": "Mars/Olympus"}, []string{"locale:invalid", "timezone:invalid"}},
			{object{"email": "anna", "full_name": "a\nb", "comment": "\a", "tags": []string{" "}}, []string{"email:invalid", "full_name:control_character", "comment:control_character", "tags:required"}},
			// what is read-only or of nobody's
			{
				object{"email": "x@example.com", "id": 7, "owner_id": 1, "status": "blocked", "created_at": "2020-01-01T00:00:00Z", "version": 9, "owner_email": "x", "search": "x", "Email": "y", "what": 1},
				[]string{"id:unknown_field", "owner_id:unknown_field", "status:unknown_field", "created_at:unknown_field", "version:unknown_field", "owner_email:unknown_field", "search:unknown_field", "Email:unknown_field", "what:unknown_field"},
			},
		} {
			u.do(t, "POST", "/clients", c.body).fields(t, c.fields...)
			if c.fields[0] != "email:required" || len(c.body.(object)) > 0 {
				u.do(t, "PATCH", path, c.body).fields(t, c.fields...)
			}
		}
		for body, status := range map[string]int{`{"email":"x@example.com"`: 400, `[]`: 400, `null`: 400, `{"email":"x@example.com"} x`: 400, "{\"email\":\"\xff\"}": 400} {
			u.do(t, "POST", "/clients", body).problem(t, status, "malformed")
		}
		u.do(t, "POST", "/clients", `{"email":"x@example.com"}`, header{"Content-Type", "text/plain"}).problem(t, 415, "unsupported_media_type")
		u.do(t, "POST", "/clients", `{"comment":"`+strings.Repeat("x", 1<<20)+`"}`).problem(t, 413, "too_large")
		h.anonymous().do(t, "POST", "/clients", "{").problem(t, 401, "unauthenticated")

		for query, field := range map[string]string{
			"?status=dead": "status:unknown", "?status=": "status:unknown", "?limit=0": "limit:out_of_range", "?limit=201": "limit:out_of_range", "?limit=x": "limit:wrong_type",
			"?sort=comment": "sort", "?sort=email;drop": "query:invalid", "?q=%zz": "query:invalid", "?sort=email,drop": "sort", "?cursor=x": "cursor", "?what=1": "what:unknown_parameter", "?owner_id=1": "owner_id",
			"?with_total=yes": "with_total:wrong_type", "?q=a&q=b": "q:repeated", "?q=%00": "q:control_character", "?tag=%ff": "tag:control_character",
		} {
			u.do(t, "GET", "/clients"+query, nil).fields(t, field)
		}
		u.do(t, "DELETE", path+"?erase=yes", nil).fields(t, "erase:wrong_type")
		require.JSONEq(t, string(good.body), string(u.do(t, "GET", path, nil).body))
		require.Equal(t, int64(1), *u.list(t, "/clients?with_total=true").Total)
	})
}

// A foreign row answers like one that does not exist, in every way.
func TestClientsOfOthers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, boris, boss, root := h.user(t), h.user(t), h.manager(t), h.superuser(t)
		made := anna.do(t, "POST", "/clients", object{"email": "x@example.com"}).require(t, 201)
		path := fmt.Sprintf("/clients/%d", made.id(t))
		id := header{"X-Request-ID", "request-0001"}
		for _, c := range []struct {
			method, path string
			body         any
		}{{"GET", "", nil}, {"PATCH", "", object{"full_name": 7}}, {"DELETE", "", nil}} {
			foreign := boris.do(t, c.method, path+c.path, c.body, id)
			foreign.problem(t, 404, "not_found")
			unknown := boris.do(t, c.method, "/clients/999999"+c.path, c.body, id)
			unknown.problem(t, 404, "not_found")
			require.Equal(t, string(unknown.body), strings.Replace(string(foreign.body), path, "/clients/999999", 1))
			for _, no := range []string{"0", "-1", "x", "1.0", "99999999999999999999", "+1"} {
				boris.do(t, c.method, "/clients/"+no+c.path, c.body).problem(t, 404, "not_found")
			}
		}
		require.Empty(t, boris.list(t, "/clients").Items)

		seen := boss.do(t, "GET", path, nil).require(t, 200).object(t)
		require.Equal(t, anna.user.Email, seen["owner_email"])
		require.Len(t, boss.list(t, fmt.Sprintf("/clients?owner_id=%d", anna.user.ID)).Items, 1)
		require.Empty(t, boss.list(t, fmt.Sprintf("/clients?owner_id=%d", boris.user.ID)).Items)
		boss.do(t, "PATCH", path, object{"full_name": "by the manager"}).problem(t, 403, "forbidden")
		boss.do(t, "PATCH", path, "{").problem(t, 403, "forbidden")
		boss.do(t, "DELETE", path, nil).problem(t, 403, "forbidden")
		require.JSONEq(t, string(made.body), string(anna.do(t, "GET", path, nil).body))

		root.do(t, "PATCH", path, object{"full_name": "by root"}).require(t, 200)
		kept := anna.do(t, "GET", path, nil).object(t)
		require.Equal(t, "by root", kept["full_name"])
		require.Equal(t, float64(anna.user.ID), kept["owner_id"])
	})
}

func TestClientPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		for i := range 7 {
			u.do(t, "POST", "/clients", object{"email": fmt.Sprintf("c%d@example.com", i), "full_name": []string{"Ёж", "100%"}[i%2], "tags": []string{"t"}}).require(t, 201)
		}
		var seen []any
		path := "/clients?limit=3&sort=email&with_total=true"
		for n := 0; ; n++ {
			page := u.list(t, path)
			require.Equal(t, int64(7+n), *page.Total)
			seen = append(seen, values(page.Items, "email")...)
			u.do(t, "POST", "/clients", object{"email": fmt.Sprintf("a%d@example.com", n)}).require(t, 201)
			if page.NextCursor == nil {
				break
			}
			path = "/clients?limit=3&sort=email&with_total=true&cursor=" + *page.NextCursor
			u.do(t, "GET", "/clients?sort=-email&cursor="+*page.NextCursor, nil).fields(t, "cursor")
			u.do(t, "GET", "/messages?cursor="+*page.NextCursor, nil).fields(t, "cursor")
		}
		require.Equal(t, []any{"c0@example.com", "c1@example.com", "c2@example.com", "c3@example.com", "c4@example.com", "c5@example.com", "c6@example.com"}, seen)
		require.Len(t, u.list(t, "/clients?q=%D1%91%D0%96").Items, 4) // ёЖ
		require.Len(t, u.list(t, "/clients?q=0%25").Items, 3)
		require.Empty(t, u.list(t, "/clients?q=c_@").Items)
		require.Len(t, u.list(t, "/clients?tag=t&status=active&q=C1").Items, 1)
	})
}

// csvOf asks past the contract's checks, which know JSON only.
func (c *caller) csvOf(t *testing.T, path string, accept string) (*httptest.ResponseRecorder, [][]string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/v1"+path, nil)
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	c.h.api.ServeHTTP(w, r)
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		return w, nil
	}
	rows, err := csv.NewReader(strings.NewReader(w.Body.String())).ReadAll()
	require.NoError(t, err)
	return w, rows
}

func TestClientsAsCSV(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		for i := range 205 {
			u.do(t, "POST", "/clients", object{"email": fmt.Sprintf("c%03d@example.com", i)}).require(t, 201)
		}
		u.do(t, "POST", "/clients", object{"email": "+z@example.com", "full_name": `=HYPERLINK("http://x")`, "comment": " @SUM(1)\nb,\"c\"", "tags": []string{"-1", "b"}, "attributes": object{"a": "=1"}}).require(t, 201)
		h.user(t).do(t, "POST", "/clients", object{"email": "foreign@example.com"}).require(t, 201)

		w, rows := u.csvOf(t, "/clients?sort=email&limit=5", "text/csv")
		require.Equal(t, 200, w.Code)
		require.Contains(t, w.Header().Get("Content-Disposition"), "clients.csv")
		require.Len(t, rows, 207)
		require.Equal(t, []string{"id", "owner_id", "email", "full_name", "comment", "tags", "attributes", "locale", "timezone", "status", "created_at", "updated_at"}, rows[0])
		require.Equal(t, []string{"'+z@example.com", `'=HYPERLINK("http://x")`, "' @SUM(1)\nb,\"c\"", "'-1,b", `{"a":"=1"}`}, rows[1][2:7])
		require.Equal(t, "c000@example.com", rows[2][2])
		_, rows = u.csvOf(t, "/clients?q=c00", "text/csv;q=0.9, text/html;q=0.8")
		require.Len(t, rows, 11)
		for _, accept := range []string{"", "*/*", "application/json, text/csv", "text/csv;q=0.5, application/json", "text/csv;q=0"} {
			w, _ := u.csvOf(t, "/clients", accept)
			require.Contains(t, w.Header().Get("Content-Type"), "application/json", accept)
		}
		w, _ = u.csvOf(t, "/clients?sort=what", "text/csv")
		require.Equal(t, 422, w.Code)
	})
}

func TestSuppressions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, boris, boss := h.user(t), h.user(t), h.manager(t)
		client := anna.do(t, "POST", "/clients", object{"email": "x@example.com"}).require(t, 201)
		made := anna.do(t, "POST", "/suppressions", object{"email": "X@example.com", "reason": "complained", "note": "by phone"}).require(t, 201)
		body := made.object(t)
		require.Equal(t, "x@example.com", body["email"])
		require.Equal(t, "complained", body["reason"])
		require.Equal(t, "by phone", body["note"])
		require.Equal(t, "complained", anna.do(t, "GET", fmt.Sprintf("/clients/%d", client.id(t)), nil).object(t)["status"])
		require.Len(t, anna.list(t, "/clients?status=complained").Items, 1)
		require.Empty(t, anna.list(t, "/clients?status=active").Items)
		anna.do(t, "POST", "/suppressions", object{"email": "x@example.com", "reason": "blocked"}).problem(t, 409, "conflict")
		boris.do(t, "POST", "/suppressions", object{"email": "x@example.com", "reason": "blocked"}).require(t, 201)

		anna.do(t, "POST", "/suppressions", object{}).fields(t, "email:required", "reason:unknown")
		anna.do(t, "POST", "/suppressions", object{"email": "a\r\nb@example.com", "reason": "tired", "note": strings.Repeat("x", 501)}).fields(t, "email:control_character", "reason:unknown", "note:too_long")
		anna.do(t, "POST", "/suppressions", object{"email": 1, "reason": nil, "owner_id": boris.user.ID, "id": 5, "created_at": "x"}).fields(t, "email:wrong_type", "owner_id:unknown_field", "id:unknown_field", "created_at:unknown_field", "reason:unknown")
		anna.do(t, "GET", "/suppressions?reason=x&sort=note&owner_id=0", nil).fields(t, "reason:unknown", "owner_id:wrong_type", "sort:unknown")

		require.Len(t, anna.list(t, "/suppressions?q=X@&reason=complained&sort=-email").Items, 1)
		require.Empty(t, anna.list(t, "/suppressions?q=_").Items)
		require.Equal(t, int64(2), *boss.list(t, "/suppressions?with_total=true").Total)

		path := fmt.Sprintf("/suppressions/%d", made.id(t))
		boris.do(t, "DELETE", path, nil).problem(t, 404, "not_found")
		boss.do(t, "DELETE", path, nil).problem(t, 403, "forbidden")
		anna.do(t, "DELETE", fmt.Sprintf("/clients/%d", client.id(t)), nil).require(t, 204)
		again := anna.do(t, "POST", "/clients", object{"email": "x@example.com"}).require(t, 201)
		require.Equal(t, "complained", again.object(t)["status"])
		anna.do(t, "DELETE", path, nil).require(t, 204)
		anna.do(t, "DELETE", path, nil).problem(t, 404, "not_found")
		require.Equal(t, "active", anna.do(t, "GET", fmt.Sprintf("/clients/%d", again.id(t)), nil).object(t)["status"])
		_, rows := boris.csvOf(t, "/suppressions", "text/csv")
		require.Equal(t, "x@example.com", rows[1][0])
	})
}

func TestHomeFigures(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		got := h.anonymous().do(t, "GET", "/public/home", nil).require(t, 200)
		require.JSONEq(t, `{"mailings":0,"active_mailings":0,"clients":0}`, string(got.body))
		h.user(t).do(t, "POST", "/clients", object{"email": "x@example.com"}).require(t, 201)
		h.user(t).do(t, "POST", "/clients", object{"email": "x@example.com"}).require(t, 201)
		require.Eventually(t, func() bool {
			return h.anonymous().do(t, "GET", "/public/home", nil).object(t)["clients"] == 1.0
		}, httpPatience, httpPause)
		h.anonymous().do(t, "GET", "/public/home?x=1", nil).fields(t, "x:unknown_parameter")
	})
}

func TestTagsToChooseFrom(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u, manager := h.user(t), h.manager(t)
		require.Empty(t, u.do(t, "GET", "/clients/tags", nil).require(t, 200).object(t)["items"])
		for i, tags := range [][]string{{"vip", "Москва"}, {"vip", "new%"}, {}} {
			u.do(t, "POST", "/clients", fields{"email": fmt.Sprintf("c%d@example.com", i), "tags": tags}).require(t, 201)
		}
		tags := func(c *caller, query string) []any {
			return c.do(t, "GET", "/clients/tags"+query, nil).require(t, 200).object(t)["items"].([]any)
		}
		require.ElementsMatch(t, []any{"new%", "vip", "Москва"}, tags(u, ""), "each once")
		require.Equal(t, []any{"Москва"}, tags(u, "?q=моск"))
		require.Equal(t, []any{"new%"}, tags(u, "?q=%25"))
		require.Len(t, tags(u, "?limit=1"), 1)
		require.Empty(t, tags(manager, ""), "one's own alone: a mailing goes to nobody else's")
		u.do(t, "GET", "/clients/tags?limit=0&x=1", nil).fields(t, "limit:out_of_range", "x:unknown_parameter")
	})
}
