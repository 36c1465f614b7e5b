package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPreviewTakesTheNestedSample(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		m := u.do(t, "POST", "/messages", object{"name": "n", "subject": "{{ client.full_name }} {{ client.email }}", "html": `{% if client.attributes.n > 3 %}<b>{{ client.attributes.n }}</b>{% endif %}`}).require(t, 201)
		path := fmt.Sprintf("/messages/%d/preview", m.id(t))
		got := u.do(t, "POST", path, object{"sample": object{"email": "e@example.com", "client": object{"full_name": "Eva", "attributes": object{"n": 7}}}}).require(t, 200).object(t)
		require.Equal(t, "Eva e@example.com", got["subject"])
		require.Contains(t, got["html"], "<b>7</b>")
		require.Regexp(t, "^7\n", got["text"])
		got = u.do(t, "POST", path, object{"sample": object{"full_name": "Eva", "client": nil}}).require(t, 200).object(t)
		require.Equal(t, "Eva ", got["subject"])
		u.do(t, "POST", path, object{"sample": object{"client": object{"name": 1, "email": 2}}}).fields(t, "sample.client.email:wrong_type", "sample.client.name:unknown_field")
	}, withMailings)
}

func TestPreviewOfWhatIsNotSaved(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u, other := h.user(t), h.user(t)
		own := u.do(t, "POST", "/clients", object{"email": "eva@example.com", "full_name": "Eva", "locale": "ru"}).require(t, 201).id(t)
		foreign := other.do(t, "POST", "/clients", object{"email": "x@example.com"}).require(t, 201).id(t)
		draft := func(more object) object {
			body := object{"name": "Sale", "subject": "{{ client.full_name }}, {{ mailing.name }}", "html": "<p>{{ client.attributes.city }} & {{ sender.email }}</p>"}
			for key, value := range more {
				body[key] = value
			}
			return body
		}
		got := u.do(t, "POST", "/messages/preview", draft(object{"client_id": own})).require(t, 200).object(t)
		require.Equal(t, "Eva, Sale", got["subject"])
		require.Equal(t, []any{"client.attributes.city"}, got["missing"])
		require.Contains(t, got["html"], "& "+u.user.Email+"</p>")
		require.Contains(t, got["html"], "Отписаться")
		require.Contains(t, got["text"], "Отписаться: ")
		got = u.do(t, "POST", "/messages/preview", draft(object{"sample": object{"full_name": "Anna", "attributes": object{"city": "Псков"}}})).require(t, 200).object(t)
		require.Equal(t, "Anna, Sale", got["subject"])
		require.Empty(t, got["missing"])
		// Whose language is not known is told in that of the message.
		for _, c := range []struct{ subject, html, locale, want string }{
			{"Ярмарка", "<p>{{ client.full_name }}, ждём вас</p>", "", "Отписаться: "},
			{"Ярмарка", "<p>ждём</p>", "en", "Unsubscribe: "},
			{"{{ client.full_name }}, hello", "<p>Приходите</p>{% if client.email %}<a href='https://example.com/a-long-way'>да</a>{% endif %}", "", "Отписаться: "},
			{"Fair", "<p>come to Ярмарка, all of you</p>", "", "Unsubscribe: "},
		} {
			got = u.do(t, "POST", "/messages/preview", object{"subject": c.subject, "html": c.html, "sample": object{"full_name": "Anna Ivanova", "locale": c.locale}}).require(t, 200).object(t)
			require.Contains(t, got["text"], c.want)
		}
		u.do(t, "POST", "/messages/preview", object{}).require(t, 200)
		require.Empty(t, u.list(t, "/messages").Items)

		u.do(t, "POST", "/messages/preview", draft(object{"client_id": foreign})).fields(t, "client_id:unknown")
		u.do(t, "POST", "/messages/preview", draft(object{"client_id": own, "sample": object{}})).fields(t, "sample:invalid")
		u.do(t, "POST", "/messages/preview", object{"subject": "{{", "html": "<p {{ client.email }}>", "text": "{% for %}"}).
			fields(t, "html:invalid_template", "subject:invalid_template", "text:invalid_template")
		u.do(t, "POST", "/messages/preview", object{"subject": "{{ client.full_name | slice: 'x' }}\n"}).fields(t, "subject:control_character")
	}, withMailings)
}

func TestTheLinkOfATestDoesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		raw := binary.BigEndian.AppendUint64([]byte{1}, uint64(u.user.ID))
		mac := hmac.New(sha256.New, linkKey)
		mac.Write([]byte("test:"))
		mac.Write(raw)
		link := "/u/" + base64.RawURLEncoding.EncodeToString(mac.Sum(raw)[:25])
		for _, method := range []string{"GET", "POST"} {
			w := h.page(method, link, "")
			require.Equal(t, 200, w.Code)
			require.Contains(t, w.Body.String(), "This is a test mail")
			require.NotContains(t, w.Body.String(), "<form")
			require.Contains(t, h.page(method, link, "", header{"Accept-Language", "ru"}).Body.String(), "Это пробное письмо")
		}
		require.Empty(t, u.list(t, "/suppressions").Items)
		require.Equal(t, 404, h.page("GET", link[:len(link)-2]+"AA", "").Code)
	}, withMailings)
}

func TestTestMailsSpareTheSuppressed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		m := u.do(t, "POST", "/messages", object{"name": "n", "subject": "s", "text": "t"}).require(t, 201)
		client := u.do(t, "POST", "/clients", object{"email": "anna@example.com"}).require(t, 201).id(t)
		u.do(t, "POST", "/clients", object{"email": "eva@example.com"}).require(t, 201)
		u.do(t, "POST", "/suppressions", object{"email": "anna@example.com", "reason": "blocked"}).require(t, 201)
		path := fmt.Sprintf("/messages/%d/test", m.id(t))
		u.do(t, "POST", path, object{"client_id": client}).fields(t, "client_id:suppressed")
		u.do(t, "POST", path, object{"to": "Anna@example.com"}).fields(t, "to:suppressed")
		u.do(t, "POST", path, object{"client_id": client, "to": "eva@example.com"}).require(t, 202)
	}, withMailings)
}

func TestWhatCannotBeSentIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		u := h.user(t)
		u.do(t, "POST", "/messages", object{"name": "n", "subject": "{% if %}", "html": "{% if x %}", "text": "{{"}).
			fields(t, "html:invalid_template", "subject:invalid_template", "text:invalid_template")
	})
}
