package api_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// link is the address in a mail, built here a second time: the links of mails
// that were sent years ago must go on working.
func link(deliveryID int64) string {
	raw := binary.BigEndian.AppendUint64([]byte{1}, uint64(deliveryID))
	mac := hmac.New(sha256.New, linkKey)
	mac.Write([]byte("unsubscribe:"))
	mac.Write(raw)
	return "/u/" + base64.RawURLEncoding.EncodeToString(mac.Sum(raw)[:25])
}

func (h *harness) page(method, path, body string, headers ...header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, x := range headers {
		r.Header.Set(x.name, x.value)
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	return w
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		ctx, u := context.Background(), h.user(t)
		var ids []int64
		for i := range 4 {
			u.do(t, "POST", "/clients", object{"email": fmt.Sprintf("anna%d@example.com", i)}).require(t, 201)
		}
		mailing := makeMailing(t, u, false)
		var runs listed
		u.do(t, "GET", fmt.Sprintf("/mailings/%d/runs", mailing), nil).require(t, 200).json(t, &runs)
		run := int64(runs.Items[0]["run_id"].(float64))
		for {
			_, _, complete, err := h.store.Materialise(ctx, run)
			require.NoError(t, err)
			if complete {
				break
			}
		}
		list, err := h.store.Deliveries(ctx, u.user.Viewer(), run, store.DeliveryFilter{}, store.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 4)
		for _, d := range list.Items {
			ids = append(ids, d.ID)
		}

		// looking changes nothing
		w := h.page("GET", link(ids[0]), "", header{"Accept-Language", "ru-RU,ru;q=0.9"})
		require.Equal(t, 200, w.Code)
		require.Contains(t, w.Header().Get("Content-Type"), "text/html")
		require.Contains(t, w.Body.String(), `<html lang="ru">`)
		require.Contains(t, w.Body.String(), "a***@example.com")
		require.Contains(t, w.Body.String(), `<form method="post">`)
		require.NotContains(t, w.Body.String(), "<script")
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
		require.Contains(t, w.Header().Get("X-Robots-Tag"), "noindex")
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-")
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "form-action 'self'")
		require.Equal(t, 200, h.page("HEAD", link(ids[0]), "").Code)
		require.Contains(t, h.page("GET", link(ids[0]), "").Body.String(), `<html lang="en">`)
		require.Empty(t, u.list(t, "/suppressions").Items)

		// forged and unknown ones have no effect
		good := link(ids[0])
		for _, bad := range []string{
			good[:len(good)-2] + "AA", good + "A", good + "==", "/u/x", "/u/preview", link(999999), link(-1),
			"/u/" + base64.RawURLEncoding.EncodeToString(append([]byte{1}, make([]byte, 24)...)),
		} {
			require.Equal(t, 404, h.page("GET", bad, "").Code, bad)
			w := h.page("POST", bad, "List-Unsubscribe=One-Click", header{"Content-Type", "application/x-www-form-urlencoded"})
			require.Equal(t, 404, w.Code, bad)
			require.NotContains(t, w.Body.String(), "<form")
		}
		require.Empty(t, u.list(t, "/suppressions").Items)

		// whatever a provider posts counts, and the second time as the first
		for i, c := range []struct{ kind, body string }{
			{"application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"},
			{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"},
			{"", ""},
			{"application/json", "{"},
		} {
			for range 2 {
				w := h.page("POST", link(ids[i]), c.body, header{"Content-Type", c.kind}, header{"Origin", "https://elsewhere.example"}, header{"Cookie", "x=y"})
				require.Equal(t, 200, w.Code, w.Body.String())
				require.Empty(t, w.Header().Values("Set-Cookie"))
				require.Empty(t, w.Header().Get("Location"))
				require.NotContains(t, w.Body.String(), "<form")
			}
			got := u.list(t, fmt.Sprintf("/suppressions?q=anna%d@", i)).Items
			require.Len(t, got, 1)
			require.Equal(t, "unsubscribed", got[0]["reason"])
		}
		require.Equal(t, 200, h.page("GET", link(ids[0]), "").Code)
		report, err := h.store.Report(ctx, u.user.Viewer(), run)
		require.NoError(t, err)
		require.Equal(t, model.Counts{Planned: 4, Skipped: 4}, report.Counts)

		// what became of a client's mail
		client := u.list(t, "/clients?q=anna0").Items[0]
		require.Equal(t, "unsubscribed", client["status"])
		mails := u.list(t, fmt.Sprintf("/clients/%v/deliveries", client["id"])).Items
		require.Len(t, mails, 1)
		require.Equal(t, "skipped", mails[0]["state"])
		h.user(t).do(t, "GET", fmt.Sprintf("/clients/%v/deliveries", client["id"]), nil).problem(t, 404, "not_found")
	}, withMailings)
}
