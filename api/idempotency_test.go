package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

func keyed(key string) header { return header{"Idempotency-Key", key} }

func marshal(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

// same demands the answer that somebody was given before.
func (a *answer) same(t *testing.T, first *answer) {
	t.Helper()
	require.Equal(t, first.status, a.status, "%s: %s", a.call, a.body)
	require.Equal(t, string(first.body), string(a.body))
	for _, name := range []string{"Content-Type", "Location", "ETag"} {
		require.Equal(t, first.header.Get(name), a.header.Get(name), name)
	}
	require.Equal(t, "true", a.header.Get("Idempotency-Replayed"))
	require.Empty(t, first.header.Get("Idempotency-Replayed"))
}

func (c *caller) count(t *testing.T, path string) int {
	t.Helper()
	var page struct{ Total int }
	c.do(t, "GET", path+"?with_total=true", nil).require(t, 200).json(t, &page)
	return page.Total
}

// decided are the POSTs that take no key, because they make nothing that a
// repeat would make again, or because their answers hold secrets.
var decided = []string{
	"/auth/", "/me/", "/api-keys", "/downloads", "/clients/bulk", "/messages/preview", "/messages/:id/preview", "/mailings/audience", "/mailings/occurrences",
	"/mailings/:id/schedule", "/mailings/:id/unschedule", "/mailings/:id/pause", "/mailings/:id/resume", "/mailings/:id/cancel", "/mailings/:id/stop",
	"/reports/:run_id/resolve", "/transports/:id/check",
}

func TestEveryCallThatMakesSomethingTakesAKey(t *testing.T) {
	t.Parallel()
	h := one(t)
	once := h.api.OnceOnly()
	for _, row := range h.api.Table() {
		if row.Method != http.MethodPost {
			continue
		}
		free := slices.ContainsFunc(decided, func(p string) bool {
			return row.Path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(row.Path, p)
		})
		require.NotEqual(t, free, slices.Contains(once, row.Path), "%s takes an Idempotency-Key, or is decided not to", row.Path)
	}
}

func TestARepeatedCallIsAnsweredTheSame(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		report, _ := o.ended(t)
		super := h.superuser(t)
		draft := fmt.Sprintf("/mailings/%d", makeMailing(t, o.caller, true))
		message := fmt.Sprintf("/messages/%d", o.message)
		calls := []struct {
			who        *caller
			path, list string
			body       any
		}{
			{o.caller, "/clients", "/clients", object{"email": "once@example.com", "tags": []string{"vip"}}},
			{o.caller, "/suppressions", "/suppressions", object{"email": "never@example.com", "reason": "blocked"}},
			{o.caller, "/messages", "/messages", object{"name": "N", "subject": "S", "text": "T"}},
			{o.caller, message + "/test", "", nil},
			{o.caller, "/mailings", "/mailings", object{"name": "M", "message_id": o.message, "audience": object{"all": true}, "draft": true}},
			{o.caller, draft + "/duplicate", "/mailings", nil},
			{o.caller, draft + "/test", "", object{}},
			{o.caller, draft + "/start", draft + "/runs", nil},
			{o.caller, report + "/retry", "/reports", object{"states": []string{"failed"}}},
			{super, "/groups", "/groups", object{"name": "once", "permissions": []string{}}},
			{super, "/transports", "/transports", object{"name": "once", "host": "mail.example.com", "port": 25, "tls": "none"}},
		}
		require.Len(t, calls, len(h.api.OnceOnly()))
		for _, call := range calls {
			before := 0
			if call.list != "" {
				before = call.who.count(t, call.list)
			}
			first := call.who.do(t, "POST", call.path, call.body, keyed("k"))
			require.Less(t, first.status, 300, "%s: %s", first.call, first.body)
			call.who.do(t, "POST", call.path, call.body, keyed("k")).same(t, first)
			if call.list != "" {
				require.Equal(t, before+1, call.who.count(t, call.list), call.path)
			}
		}
		mails, err := h.store.DueSystemMails(context.Background(), 50)
		require.NoError(t, err)
		require.Len(t, mails, 2, "one test mail of each")
	})
}

func TestAKeyBelongsToItsBodyPathAndUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, boris := h.user(t), h.user(t)
		first := anna.do(t, "POST", "/messages", `{"name":"N","subject":"S","text":"T"}`, keyed("k")).require(t, 201)
		anna.do(t, "POST", "/messages", " {\"text\":\"T\",\n\"name\":\"\\u004e\",\"subject\":\"S\"}", keyed("k")).same(t, first)
		anna.do(t, "POST", "/messages", `{"name":"N","subject":"S","text":"other"}`, keyed("k")).fields(t, "Idempotency-Key:other_body")
		anna.do(t, "POST", "/messages", `{"name":"N","subject":"S","text":"T"}`, keyed("K")).require(t, 201)
		anna.do(t, "POST", "/clients", `{"email":"a@example.com"}`, keyed("k")).require(t, 201)
		other := boris.do(t, "POST", "/messages", `{"name":"N","subject":"S","text":"T"}`, keyed("k")).require(t, 201)
		require.NotEqual(t, first.id(t), other.id(t))
		require.Equal(t, 2, anna.count(t, "/messages"))
		// the answer stays as it was, whatever becomes of the row
		anna.do(t, "DELETE", fmt.Sprintf("/messages/%d", first.id(t)), nil).require(t, 204)
		anna.do(t, "POST", "/messages", `{"name":"N","subject":"S","text":"T"}`, keyed("k")).same(t, first)
	})
}

// TestAReceiptIsTheCallers: what somebody was told is told again to nobody who
// could not have made the call: no other API key of theirs, no key that was
// revoked, nobody who is blocked.
func TestAReceiptIsTheCallers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, root := h.user(t), h.superuser(t)
		sender, other := anna.key(t, model.MailingsWrite, model.MailingsSend), anna.key(t, model.MailingsWrite, model.MailingsSend)
		writer, stopper := anna.key(t, model.MailingsWrite), anna.key(t, model.MailingsRead)
		mailing := object{"name": "N", "message_id": makeMessage(t, anna), "audience": object{"all": true}}
		made := sender.do(t, "POST", "/mailings", mailing, keyed("m")).require(t, 201)
		draft := makeMailing(t, anna, true)
		start := fmt.Sprintf("/mailings/%d/start", draft)
		started := sender.do(t, "POST", start, nil, keyed("s")).require(t, 202)

		// without the scope there is nothing to be told again, wherever it is asked for
		for _, key := range []*caller{writer, stopper} {
			key.do(t, "POST", start, nil, keyed("s")).problem(t, 403, "forbidden")
			key.do(t, "POST", "/mailings", mailing, keyed("m")).problem(t, 403, "forbidden")
		}
		// to another caller it is another call
		for _, who := range []*caller{other, anna} {
			again := who.do(t, "POST", "/mailings", mailing, keyed("m")).require(t, 201)
			require.Empty(t, again.header.Get("Idempotency-Replayed"))
			require.NotEqual(t, made.id(t), again.id(t))
		}
		// a refusal of one is not the answer to another
		sender.do(t, "POST", "/mailings", mailing, keyed("w")).require(t, 201)
		writer.do(t, "POST", "/mailings", mailing, keyed("n")).problem(t, 403, "forbidden")
		sender.do(t, "POST", "/mailings", mailing, keyed("n")).require(t, 201)

		sender.do(t, "POST", "/mailings", mailing, keyed("m")).same(t, made)
		sender.do(t, "POST", start, nil, keyed("s")).same(t, started)
		block := func(active bool) {
			root.do(t, "PATCH", fmt.Sprintf("/users/%d", anna.user.ID), object{"is_active": active}).require(t, 200)
		}
		block(false)
		sender.do(t, "POST", start, nil, keyed("s")).problem(t, 401, "unauthenticated")
		anna.do(t, "POST", "/mailings", mailing, keyed("m")).problem(t, 401, "unauthenticated")
		block(true)
		sender.do(t, "POST", start, nil, keyed("s")).same(t, started)
		anna = h.as(t, anna.user)
		keys, _ := anna.keys(t)
		for _, k := range keys {
			anna.do(t, "DELETE", fmt.Sprintf("/api-keys/%d", k.ID), nil).require(t, 204)
		}
		sender.do(t, "POST", start, nil, keyed("s")).problem(t, 401, "unauthenticated")
	})
}

func TestAKeyHasAForm(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	body := object{"email": "a@example.com"}
	anna.do(t, "POST", "/clients", body, keyed(strings.Repeat("k", 256))).fields(t, "Idempotency-Key:too_long")
	anna.do(t, "POST", "/clients", body, keyed("ключ")).fields(t, "Idempotency-Key:invalid")
	anna.do(t, "POST", "/clients", body, keyed("a\tb")).fields(t, "Idempotency-Key:invalid")
	h.anonymous().do(t, "POST", "/clients", body, keyed("k")).problem(t, 401, "unauthenticated")
	// what cannot be read leaves the key free
	anna.do(t, "POST", "/clients", `{"email":`, keyed("k")).problem(t, 400, "malformed")
	anna.do(t, "POST", "/clients", `{}`, keyed("k"), header{"Content-Type", "text/plain"}).problem(t, 415, "unsupported_media_type")
	anna.do(t, "POST", "/messages/999/test", `{`, keyed("k")).problem(t, 404, "not_found")
	anna.do(t, "POST", "/clients", body, keyed(strings.Repeat("k", 255))).require(t, 201)
	// calls that make nothing do not look at it
	anna.do(t, "PATCH", "/me", object{"full_name": "A"}, keyed(strings.Repeat("k", 300))).require(t, 200)

	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/api/v1/clients", strings.NewReader(`{"email":"b@example.com"}`))
	r.Header = http.Header{"Authorization": {"Bearer " + anna.token}, "Content-Type": {"application/json"}, "Idempotency-Key": {""}}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	require.Equal(t, 422, w.Code)
}

func TestRefusalsAreRepeatedAndTroubleIsNot(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		id := anna.do(t, "POST", "/clients", object{"email": "a@example.com"}).require(t, 201).id(t)
		refused := anna.do(t, "POST", "/clients", object{"email": "a@example.com"}, keyed("k"))
		refused.problem(t, 409, "conflict")
		anna.do(t, "DELETE", fmt.Sprintf("/clients/%d", id), nil).require(t, 204)
		anna.do(t, "POST", "/clients", object{"email": "a@example.com"}, keyed("k")).same(t, refused)

		broken := newHarness(t, h.store, func(d *api.Deps) { d.Mailings = nil }) // what it would answer is a panic
		mailing := object{"name": "M", "message_id": makeMessage(t, anna), "audience": object{"all": true}, "draft": true}
		r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/api/v1/mailings", strings.NewReader(marshal(t, mailing)))
		r.Header = http.Header{"Authorization": {"Bearer " + anna.token}, "Content-Type": {"application/json"}, "Idempotency-Key": {"m"}}
		w := httptest.NewRecorder()
		broken.api.ServeHTTP(w, r)
		require.Equal(t, 500, w.Code)
		require.Empty(t, anna.do(t, "POST", "/mailings", mailing, keyed("m")).require(t, 201).header.Get("Idempotency-Replayed"))
	})
}

func TestOfTwentyRequestsOneMakesTheRow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		answers := make([]*answer, 20)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				answers[i] = anna.do(t, "POST", "/messages", object{"name": "N", "subject": "S", "text": "T"}, keyed("k"))
			})
		}
		all.Wait()
		fresh := 0
		for _, a := range answers {
			a.require(t, 201)
			require.Equal(t, string(answers[0].body), string(a.body))
			if a.header.Get("Idempotency-Replayed") == "" {
				fresh++
			}
		}
		require.Equal(t, 1, fresh)
		require.Equal(t, 1, anna.count(t, "/messages"))
	})
}

// first is a request that has taken the call on and says nothing.
func (c *caller) first(t *testing.T, path, key, body string) *store.Receipt {
	t.Helper()
	name, hash := c.h.api.KeyOf(path, key, body, nil)
	r, err := c.h.store.OpenReceipt(context.Background(), c.user.ID, name, hash, 25*time.Second)
	require.NoError(t, err)
	require.True(t, r.Mine)
	return r
}

func TestARepeatWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		const body = `{"email":"a@example.com"}`
		first := anna.first(t, "/clients", "k", body)
		h.api.HurryKeys(20 * time.Millisecond)
		anna.do(t, "POST", "/clients", body, keyed("k")).problem(t, 409, "conflict")
		anna.do(t, "POST", "/clients", `{"email":"b@example.com"}`, keyed("k")).fields(t, "Idempotency-Key:other_body")
		require.Zero(t, anna.count(t, "/clients"))

		h.api.HurryKeys(time.Minute)
		answered := make(chan *answer)
		go func() { answered <- anna.do(t, "POST", "/clients", body, keyed("k")) }()
		told := store.Answer{
			Status: 201, Header: map[string]string{"Location": "/x", "Content-Type": "application/json"},
			Body: anna.do(t, "POST", "/clients", `{"email":"c@example.com"}`).require(t, 201).body,
		}
		require.NoError(t, h.store.KeepAnswer(context.Background(), first, told))
		a := <-answered
		require.Equal(t, "/x", a.require(t, 201).header.Get("Location"))
		require.Equal(t, string(told.Body), string(a.body))
	})
}

// TestADeadProcessMakesNoSecondThing plays the death of a process before and
// after it committed what it was asked to make, and one that was only slow.
func TestADeadProcessMakesNoSecondThing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		ctx, v := context.Background(), anna.user.Viewer()
		h.api.HurryKeys(20 * time.Millisecond)
		const body = `{"email":"before@example.com"}`
		slow := anna.first(t, "/clients", "before", body)
		anna.do(t, "POST", "/clients", body, keyed("before")).problem(t, 409, "conflict")

		const after = `{"email":"after@example.com"}`
		made := model.Client{Email: "after@example.com"}
		dead := anna.first(t, "/clients", "after", after)
		require.NoError(t, h.store.CreateClient(store.WithReceipt(ctx, dead), v, &made))
		anna.do(t, "POST", "/clients", after, keyed("after")).problem(t, 409, "conflict")

		h.store.MoveClock(26 * time.Second)
		fresh := anna.do(t, "POST", "/clients", body, keyed("before")).require(t, 201)
		require.Empty(t, fresh.header.Get("Idempotency-Replayed"), "nothing was made: this is the first answer")
		late := model.Client{Email: "late@example.com"}
		require.Error(t, h.store.CreateClient(store.WithReceipt(ctx, slow), v, &late), "what was slow comes too late")

		again := anna.do(t, "POST", "/clients", after, keyed("after")).require(t, 201)
		require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		require.Equal(t, made.ID, again.id(t))
		require.Equal(t, fmt.Sprintf("/api/v1/clients/%d", made.ID), again.header.Get("Location"))
		require.Equal(t, `"1"`, again.header.Get("ETag"))
		repeated := anna.do(t, "POST", "/clients", after, keyed("after"))
		require.Equal(t, string(again.body), string(repeated.body))
		require.Equal(t, 2, anna.count(t, "/clients"))
	})
}

func TestAnErrorAfterTheCommitMakesNoSecondThing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		ctx := context.Background()
		const body = `{"email":"a@example.com"}`
		r := anna.first(t, "/clients", "k", body)
		made := model.Client{Email: "a@example.com"}
		require.NoError(t, h.store.CreateClient(store.WithReceipt(ctx, r), anna.user.Viewer(), &made))
		require.NoError(t, h.store.DropReceipt(ctx, r))
		require.Equal(t, made.ID, anna.do(t, "POST", "/clients", body, keyed("k")).require(t, 201).id(t))
	})
}

func TestReceiptsAreForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		ctx := context.Background()
		anna := h.user(t)
		first := anna.do(t, "POST", "/messages", `{"name":"N","subject":"S","text":"T"}`, keyed("k")).require(t, 201)
		h.store.MoveClock(store.ReceiptKept - time.Minute)
		anna = h.as(t, anna.user)
		anna.do(t, "POST", "/messages", `{"name":"N","subject":"S","text":"T"}`, keyed("k")).same(t, first)
		_, err := h.store.RemoveOld(ctx, 0)
		require.NoError(t, err)
		anna.do(t, "POST", "/messages", `{"name":"N","subject":"S","text":"T"}`, keyed("k")).same(t, first)
		h.store.MoveClock(2 * time.Minute)
		second := anna.do(t, "POST", "/messages", `{"name":"other","subject":"S","text":"T"}`, keyed("k")).require(t, 201)
		require.NotEqual(t, first.id(t), second.id(t))

		h.store.MoveClock(store.ReceiptKept + time.Minute)
		removed, err := h.store.RemoveOld(ctx, 0)
		require.NoError(t, err)
		require.EqualValues(t, 1, removed)
	})
}

// TestACallIsRecognisedUnderAFormerSecret: and not under a secret that is none
// of ours.
func TestACallIsRecognisedUnderAFormerSecret(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		const body = `{"email":"a@example.com"}`
		made := anna.do(t, "POST", "/clients", body, keyed("k")).require(t, 201)
		dead := anna.first(t, "/clients", "dead", `{"email":"b@example.com"}`)
		require.NoError(t, h.store.DropReceipt(context.Background(), dead))
		under := func(present string, former ...[]byte) *caller {
			other := newHarness(t, h.store, func(d *api.Deps) { d.BodyKeys = append([][]byte{[]byte(present)}, former...) })
			return &caller{h: other, user: anna.user, token: anna.token}
		}
		later := under("a new one", []byte("another"), h.api.BodyKeys[0])
		later.do(t, "POST", "/clients", body, keyed("k")).same(t, made)
		later.do(t, "POST", "/clients", `{"email":"c@example.com"}`, keyed("k")).fields(t, "Idempotency-Key:other_body")
		later.do(t, "POST", "/clients", `{"email":"b@example.com"}`, keyed("dead")).require(t, 201)
		under("a foreign one").do(t, "POST", "/clients", body, keyed("k")).fields(t, "Idempotency-Key:other_body")
	})
}

// TestErasedClientsLeaveNoAnswerBehind: what is kept for a repeat tells the
// address too.
func TestErasedClientsLeaveNoAnswerBehind(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		const body = `{"email":"a@example.com"}`
		id := anna.do(t, "POST", "/clients", body, keyed("k")).require(t, 201).id(t)
		anna.do(t, "DELETE", fmt.Sprintf("/clients/%d?erase=true", id), nil).require(t, 204)
		name, hash := h.api.KeyOf("/clients", "k", body, nil)
		r, err := h.store.OpenReceipt(context.Background(), anna.user.ID, name, hash, time.Second)
		require.NoError(t, err)
		require.True(t, r.Mine)
	})
}
