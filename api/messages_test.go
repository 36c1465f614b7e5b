package api_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

const (
	httpPatience = 10 * time.Second
	httpPause    = 20 * time.Millisecond
)

var linkKey = bytes.Repeat([]byte("l"), 32)

// withMailings gives the door a mailing service without a queue.
func withMailings(d *api.Deps) {
	d.Mailings = mailing.New(d.Store, nil, mailing.Options{
		PublicURL: "http://localhost:8080", FromName: "Postrider", FromEmail: "postrider@localhost", LinkKey: linkKey,
	})
}

func TestMessageLife(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, boris, boss := h.user(t), h.user(t), h.manager(t)
		made := anna.do(t, "POST", "/messages", object{"name": "  Осень ", "subject": "Hi {{ client.full_name }}", "html": "<p>{{ client.email }}</p>"}).require(t, 201)
		require.Equal(t, `"1"`, made.header.Get("ETag"))
		path := fmt.Sprintf("/messages/%d", made.id(t))
		require.Equal(t, "/api/v1"+path, made.header.Get("Location"))
		body := made.object(t)
		require.Equal(t, "Осень", body["name"])
		require.Equal(t, "", body["text"])
		require.JSONEq(t, string(made.body), string(anna.do(t, "GET", path, nil).require(t, 200).body))
		require.Len(t, anna.list(t, "/messages?q=%D0%9E%D0%A1%D0%95").Items, 1) // ОСЕ
		require.Empty(t, anna.list(t, "/messages?q=%25").Items)

		changed := anna.do(t, "PATCH", path, object{"text": "t", "html": nil}, header{"If-Match", `"1"`}).require(t, 200)
		require.Equal(t, `"2"`, changed.header.Get("ETag"))
		require.Equal(t, "", changed.object(t)["html"])
		anna.do(t, "PATCH", path, object{"text": "u"}, header{"If-Match", `"1"`}).problem(t, 412, "precondition_failed")
		anna.do(t, "DELETE", path, nil, header{"If-Match", `"1"`}).problem(t, 412, "precondition_failed")

		id := header{"X-Request-ID", "request-0001"}
		for _, c := range []struct {
			method, path string
			body         any
		}{{"GET", "", nil}, {"PATCH", "", object{"name": 1}}, {"DELETE", "", nil}, {"POST", "/preview", object{"x": 1}}, {"POST", "/test", object{"x": 1}}} {
			foreign := boris.do(t, c.method, path+c.path, c.body, id)
			foreign.problem(t, 404, "not_found")
			unknown := boris.do(t, c.method, "/messages/99999"+c.path, c.body, id)
			require.Equal(t, string(unknown.body), strings.Replace(string(foreign.body), path, "/messages/99999", 1))
		}
		require.Equal(t, anna.user.Email, boss.do(t, "GET", path, nil).require(t, 200).object(t)["owner_email"])
		boss.do(t, "PATCH", path, object{"name": "x"}).problem(t, 403, "forbidden")
		boss.do(t, "DELETE", path, nil).problem(t, 403, "forbidden")
		require.Empty(t, boris.list(t, "/messages").Items)
		require.Len(t, boss.list(t, fmt.Sprintf("/messages?owner_id=%d", anna.user.ID)).Items, 1)
		anna.do(t, "DELETE", path, nil).require(t, 204)
		anna.do(t, "GET", path, nil).problem(t, 404, "not_found")
	}, withMailings)
}

func TestMessagesRefuseBadInput(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		good := u.do(t, "POST", "/messages", object{"name": "n", "subject": "s", "text": "t"}).require(t, 201)
		path := fmt.Sprintf("/messages/%d", good.id(t))
		u.do(t, "POST", "/messages", object{}).fields(t, "name:required", "subject:required", "html:required", "text:required")
		u.do(t, "PATCH", path, object{"name": " ", "subject": nil, "text": "\n "}).fields(t, "name:required", "subject:required", "html:required", "text:required")
		for _, c := range []struct {
			field string
			value any
			code  string
		}{
			{"name", 7, "wrong_type"},
			{"name", strings.Repeat("я", 201), "too_long"},
			{"name", "a\nb", "control_character"},
			{"subject", []string{"x"}, "wrong_type"},
			{"subject", strings.Repeat("я", 501), "too_long"},
			{"subject", "a\r\nBcc: x@example.com", "control_character"},
			{"subject", "x\x00", "control_character"},
			{"subject", "{{ client.email", "invalid_template"},
			{"subject", "{% if x %}", "invalid_template"},
			{"html", "{{ client.email }", "invalid_template"},
			{"html", "{{ client.email | raw }}", "invalid_template"},
			{"html", "{% include 'x' %}", "invalid_template"},
			{"html", "{% for i in (1..1000000000) %}x{% endfor %}", "invalid_template"},
			{"html", "<script>{{ client.email }}</script>", "invalid_template"},
			{"html", strings.Repeat("a", 256<<10+1), "too_long"},
			{"html", true, "wrong_type"},
			{"text", "{% for a in b %}{% for c in d %}{% for e in f %}{% endfor %}{% endfor %}{% endfor %}", "invalid_template"},
			{"text", strings.Repeat("a", 256<<10+1), "too_long"},
			{"id", 1, "unknown_field"},
			{"owner_id", 1, "unknown_field"},
			{"version", 1, "unknown_field"},
			{"created_at", "x", "unknown_field"},
			{"search", "x", "unknown_field"},
			{"HTML", "x", "unknown_field"},
		} {
			body := object{"name": "n", "subject": "s", "text": "t"}
			body[c.field] = c.value
			u.do(t, "POST", "/messages", body).fields(t, c.field+":"+c.code)
			u.do(t, "PATCH", path, object{c.field: c.value}).fields(t, c.field+":"+c.code)
		}
		u.do(t, "GET", "/messages?sort=html&status=x", nil).fields(t, "status:unknown_parameter", "sort:unknown")
		require.JSONEq(t, string(good.body), string(u.do(t, "GET", path, nil).body))
		require.Len(t, u.list(t, "/messages").Items, 1)
	}, withMailings)
}

func TestMessagesInUseStay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		m := u.do(t, "POST", "/messages", object{"name": "n", "subject": "s", "text": "t"}).require(t, 201)
		v := u.user.Viewer()
		in := mailing.Input{
			Name: "m", MessageID: m.id(t), Audience: model.Audience{All: true}, Draft: true, LatePolicy: model.LateSend, InDoubtPolicy: model.HoldInDoubt,
		}
		service := mailing.New(h.store, nil, mailing.Options{FromEmail: "postrider@localhost", LinkKey: linkKey})
		draft, err := service.Create(context.Background(), v, in)
		require.NoError(t, err)
		path := fmt.Sprintf("/messages/%d", m.id(t))
		u.do(t, "DELETE", path, nil).problem(t, 409, "conflict")
		u.do(t, "PATCH", path, object{"text": "new"}).require(t, 200)
		require.NoError(t, service.Delete(context.Background(), v, draft.ID, nil))
		u.do(t, "DELETE", path, nil).require(t, 204)
	}, withMailings)
}

func TestPreviewAndTest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, boris, boss := h.user(t), h.user(t), h.manager(t)
		m := anna.do(t, "POST", "/messages", object{
			"name": "n", "subject": "Hi {{ client.full_name }}", "html": `<a href="{{ unsubscribe_url }}">{{ client.full_name }} {{ client.attributes.city }} {{ client.what }}</a>`,
		}).require(t, 201)
		client := anna.do(t, "POST", "/clients", object{"email": "anna@example.com", "full_name": "<Anna>", "attributes": object{"city": "Tver"}}).require(t, 201)
		foreign := boris.do(t, "POST", "/clients", object{"email": "boris@example.com", "full_name": "Boris"}).require(t, 201)
		path := fmt.Sprintf("/messages/%d", m.id(t))

		got := anna.do(t, "POST", path+"/preview", object{"client_id": client.id(t)}).require(t, 200).object(t)
		require.Equal(t, "Hi <Anna>", got["subject"])
		require.Contains(t, got["html"], "&lt;Anna&gt; Tver")
		require.Contains(t, got["text"], "<Anna> Tver")
		require.Equal(t, []any{"client.what"}, got["missing"])
		got = anna.do(t, "POST", path+"/preview", object{"sample": object{"full_name": "Eva", "attributes": object{"city": 7}}}).require(t, 200).object(t)
		require.Equal(t, "Hi Eva", got["subject"])
		require.Contains(t, got["html"], "Eva 7")
		got = anna.do(t, "POST", path+"/preview", nil).require(t, 200).object(t)
		require.Equal(t, []any{"client.full_name", "client.attributes.city", "client.what"}, got["missing"])
		require.Equal(t, "Hi Boris", boss.do(t, "POST", path+"/preview", object{"client_id": foreign.id(t)}).require(t, 200).object(t)["subject"])

		for _, call := range []string{"/preview", "/test"} {
			anna.do(t, "POST", path+call, object{"client_id": foreign.id(t)}).fields(t, "client_id:unknown")
			anna.do(t, "POST", path+call, object{"client_id": 999999}).fields(t, "client_id:unknown")
			anna.do(t, "POST", path+call, object{"client_id": "x", "what": 1}).fields(t, "client_id:wrong_type", "what:unknown_field")
		}
		anna.do(t, "POST", path+"/preview", object{"client_id": client.id(t), "sample": object{}}).fields(t, "sample:invalid")
		anna.do(t, "POST", path+"/preview", object{"sample": object{"name": "x"}}).fields(t, "sample.name:unknown_field")

		anna.do(t, "POST", path+"/test", nil).require(t, 202)
		anna.do(t, "POST", path+"/test", object{"to": anna.user.Email}).require(t, 202)
		anna.do(t, "POST", path+"/test", object{"to": "anna@example.com"}).require(t, 202)
		anna.do(t, "POST", path+"/test", object{"client_id": client.id(t)}).require(t, 202)
		anna.do(t, "POST", path+"/test", object{"to": "stranger@example.com"}).fields(t, "to:not_allowed")
		anna.do(t, "POST", path+"/test", object{"to": "boris@example.com"}).fields(t, "to:not_allowed")
		anna.do(t, "POST", path+"/test", object{"to": "x\r\ny"}).fields(t, "to:invalid")
		boss.do(t, "POST", path+"/test", nil).problem(t, 403, "forbidden")
		own := boss.do(t, "POST", "/messages", object{"name": "n", "subject": "s", "text": "t"}).require(t, 201)
		boss.do(t, "POST", fmt.Sprintf("/messages/%d/test", own.id(t)), object{"client_id": foreign.id(t)}).fields(t, "client_id:unknown")
	}, withMailings)
}
