package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// heldBody is a body that its sender holds back: while runs when the server asks
// for it, so that whatever the server knows of the caller by then is old.
type heldBody struct {
	io.Reader
	while func()
}

func (b *heldBody) Read(p []byte) (int, error) {
	if b.while != nil {
		b.while()
		b.while = nil
	}
	return b.Reader.Read(p)
}

// held calls with a body that is held back until something has happened.
func (c *caller) held(method, path, body string, while func()) int {
	r := httptest.NewRequest(method, "http://localhost:8080/api/v1"+path, &heldBody{strings.NewReader(body), while})
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+c.token)
	w := httptest.NewRecorder()
	c.h.api.ServeHTTP(w, r)
	return w.Code
}

// TestNobodyActsByRightsThatWereTakenAway while the body of a call was held
// back, which one can do for as long as one likes.
func TestNobodyActsByRightsThatWereTakenAway(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root := h.superuser(t)
		change := func(who *caller, what fields) func() {
			return func() { root.do(t, "PATCH", fmt.Sprintf("/users/%d", who.user.ID), what).require(t, 200) }
		}
		demoted := h.superuser(t)
		status := demoted.held("PATCH", fmt.Sprintf("/users/%d", demoted.user.ID), `{"is_superuser":true}`, change(demoted, fields{"is_superuser": false}))
		require.Equal(t, 403, status)
		require.Equal(t, false, demoted.do(t, "GET", "/me", nil).object(t)["is_superuser"])

		blocked := h.user(t)
		status = blocked.held("POST", "/clients", `{"email":"late@example.com"}`, change(blocked, fields{"is_active": false}))
		require.Equal(t, 401, status)

		anna := h.user(t)
		status = anna.held("POST", "/api-keys", `{"name":"for later","scopes":["clients:read"]}`, func() {
			hash := passwordHash() + " another"
			require.NoError(t, h.store.SetPassword(context.Background(), anna.user.ID, passwordHash(), hash, 0, model.AuditPasswordChanged))
		})
		require.Equal(t, 401, status)
	})
}

// TestWhoWaitsForTheFirstIsAskedAgain: a call that repeats one with the same
// Idempotency-Key waits, and may be blocked meanwhile.
func TestWhoWaitsForTheFirstIsAskedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		ctx := context.Background()
		root, anna := h.superuser(t), h.user(t)
		program := anna.key(t, model.ClientsWrite)
		used := func() *model.APIKey {
			keys, err := h.store.APIKeys(ctx, anna.user.ID, store.Page{Limit: 1})
			require.NoError(t, err)
			return &keys.Items[0]
		}
		const body = `{"email":"once@example.com"}`
		name, hash := h.api.KeyOf("/clients", "the key", body, used())
		_, err := h.store.OpenReceipt(ctx, anna.user.ID, name, hash, time.Hour)
		require.NoError(t, err)
		answered := make(chan *answer, 1)
		go func() { answered <- program.do(t, "POST", "/clients", body, keyed("the key")) }()
		require.Eventually(t, func() bool { return used().LastUsedAt != nil }, 20*time.Second, time.Millisecond, "it was let in")
		h.store.MoveClock(2 * store.UsedEvery)
		again := used().LastUsedAt.Add(store.UsedEvery)
		require.Eventually(t, func() bool { return used().LastUsedAt.After(again) }, 20*time.Second, time.Millisecond, "it waits, and is asked again")
		root.do(t, "PATCH", fmt.Sprintf("/users/%d", anna.user.ID), fields{"is_active": false}).require(t, 200)
		require.Equal(t, 401, (<-answered).status)
	})
}
