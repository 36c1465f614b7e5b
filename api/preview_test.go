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
