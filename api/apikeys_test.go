package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// keyRow is a key as its owner sees it.
type keyRow struct {
	ID         int64    `json:"id"`
	Name       string   `json:"name"`
	Prefix     string   `json:"prefix"`
	Scopes     []string `json:"scopes"`
	ExpiresAt  *string  `json:"expires_at"`
	LastUsedAt *string  `json:"last_used_at"`
	CreatedAt  string   `json:"created_at"`
	Key        string   `json:"key,omitempty"`
}

// keys are the keys of somebody, and how the list told of them.
func (c *caller) keys(t *testing.T) (list []keyRow, body []byte) {
	t.Helper()
	var out struct{ Items []keyRow }
	a := c.do(t, "GET", "/api-keys", nil).require(t, 200).json(t, &out)
	return out.Items, a.body
}

func TestAKeyFromMakingToRevoking(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		until := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
		var made keyRow
		a := anna.do(t, "POST", "/api-keys", fields{
			"name": " The shop ", "scopes": []string{"clients:write", "clients:read", "clients:read"}, "expires_at": until,
		}).require(t, 201).json(t, &made)
		require.Equal(t, "no-store", a.header.Get("Cache-Control"))
		require.Equal(t, "The shop", made.Name)
		require.Equal(t, []string{"clients:read", "clients:write"}, made.Scopes, "each once, in their order")
		require.Equal(t, until, *made.ExpiresAt)
		require.Regexp(t, `^prk_[0-9A-Za-z]{8}$`, made.Prefix)
		require.Regexp(t, `^`+made.Prefix+`_[0-9A-Za-z]{49}$`, made.Key)

		list, body := anna.keys(t)
		key := made.Key
		made.Key = ""
		require.Equal(t, []keyRow{made}, list)
		secret := key[len(made.Prefix)+1:]
		require.NotContains(t, string(body), secret[:12])

		shop := &caller{h: h, user: anna.user, token: key}
		id := shop.do(t, "POST", "/clients", fields{"email": "one@example.com"}).require(t, 201).id(t)
		anna.do(t, "GET", fmt.Sprintf("/clients/%d", id), nil).require(t, 200)
		require.EqualValues(t, anna.user.ID, shop.do(t, "GET", "/me", nil).require(t, 200).id(t))
		list, _ = anna.keys(t)
		require.NotNil(t, list[0].LastUsedAt)

		boris := h.user(t)
		boris.do(t, "DELETE", fmt.Sprintf("/api-keys/%d", made.ID), nil).problem(t, 404, "not_found")
		shop.do(t, "GET", "/clients", nil).require(t, 200)
		anna.do(t, "DELETE", fmt.Sprintf("/api-keys/%d", made.ID), nil).require(t, 204)
		shop.do(t, "GET", "/clients", nil).problem(t, 401, "unauthenticated")
		anna.do(t, "DELETE", fmt.Sprintf("/api-keys/%d", made.ID), nil).problem(t, 404, "not_found")
		list, _ = anna.keys(t)
		require.Empty(t, list)

		require.NotContains(t, h.log.String(), secret[:12], "no log shows a key")
		require.Contains(t, h.log.String(), made.Prefix, "but which key it was")
	})
}

func TestKeysThatAreNotToBeMade(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	for name, c := range map[string]struct {
		body fields
		want []string
	}{
		"nothing":          {fields{}, []string{"name:required", "scopes:required"}},
		"no scopes":        {fields{"name": "x", "scopes": []string{}}, []string{"scopes:required"}},
		"null scopes":      {fields{"name": "x", "scopes": nil}, []string{"scopes:required"}},
		"unknown scope":    {fields{"name": "x", "scopes": []string{"clients:read", "users:write"}}, []string{"scopes:unknown"}},
		"all":              {fields{"name": "x", "scopes": []string{"*"}}, []string{"scopes:unknown"}},
		"none":             {fields{"name": "x", "scopes": []string{"-"}}, []string{"scopes:unknown"}},
		"superusers'":      {fields{"name": "x", "scopes": []string{"system:read"}}, []string{"scopes:not_allowed"}},
		"past":             {fields{"name": "x", "scopes": []string{"clients:read"}, "expires_at": "2026-01-01T00:00:00Z"}, []string{"expires_at:out_of_range"}},
		"no time":          {fields{"name": "x", "scopes": []string{"clients:read"}, "expires_at": "tomorrow"}, []string{"expires_at:invalid_time"}},
		"long name":        {fields{"name": strings.Repeat("x", 101), "scopes": []string{"clients:read"}}, []string{"name:too_long"}},
		"crooked name":     {fields{"name": "a\u0000b", "scopes": []string{"clients:read"}}, []string{"name:control_character"}},
		"name and more":    {fields{"name": 7, "scopes": "x", "user_id": 1}, []string{"name:wrong_type", "scopes:wrong_type", "user_id:unknown_field"}},
		"somebody else's":  {fields{"name": "x", "scopes": []string{"clients:read"}, "owner_id": 1}, []string{"owner_id:unknown_field"}},
		"a key of my own":  {fields{"name": "x", "scopes": []string{"clients:read"}, "key": "prk_x"}, []string{"key:unknown_field"}},
		"a prefix of mine": {fields{"name": "x", "scopes": []string{"clients:read"}, "prefix": "prk_x"}, []string{"prefix:unknown_field"}},
	} {
		t.Run(name, func(t *testing.T) { anna.do(t, "POST", "/api-keys", c.body).fields(t, c.want...) })
	}
	list, _ := anna.keys(t)
	require.Empty(t, list)
	h.superuser(t).do(t, "POST", "/api-keys", fields{"name": "x", "scopes": []string{"system:read"}}).require(t, 201)
}

// TestAKeyWithOneLetterWrongIsTold: the sum finds every single wrong or
// exchanged letter, before the database is asked.
func TestAKeyWithOneLetterWrongIsTold(t *testing.T) {
	t.Parallel()
	h := one(t)
	good := h.user(t).key(t, model.ClientsRead)
	good.do(t, "GET", "/clients", nil).require(t, 200)
	ask := func(key string) problem {
		return (&caller{h: h, token: key}).do(t, "GET", "/clients", nil).problem(t, 401, "unauthenticated")
	}
	require.NoError(t, h.store.Close())
	for i := len("prk_"); i < len(good.token); i++ {
		wrong := []byte(good.token)
		if wrong[i]++; wrong[i] > 'z' {
			wrong[i] = 'a'
		}
		require.Contains(t, ask(string(wrong)).Detail, "mistyped", "letter %d", i)
	}
	for _, key := range []string{"prk_", "prk_x", good.token[:60], good.token + "x", good.token + good.token, "prk_" + strings.Repeat("a", 60_000)} {
		require.Contains(t, ask(key).Detail, "mistyped")
	}
}

// keySum is the sum of a key as docs/api-keys.md says it is made.
func keySum(text string) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum, out := crc32.ChecksumIEEE([]byte(text)), ""
	for range 6 {
		out, sum = string(letters[sum%62])+out, sum/62
	}
	return out
}

// TestAKeyOfAnotherSecretIsRefused: a prefix that exists opens nothing by
// itself, whatever its sum says.
func TestAKeyOfAnotherSecretIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		good, other := anna.key(t, model.ClientsRead), anna.key(t, model.ClientsRead)
		mixed := good.token[:len("prk_12345678")] + other.token[len("prk_12345678"):len(other.token)-6]
		forged := &caller{h: h, token: mixed + keySum(mixed)}
		require.Contains(t, forged.do(t, "GET", "/clients", nil).problem(t, 401, "unauthenticated").Detail, "unknown, was revoked")
		good.do(t, "GET", "/clients", nil).require(t, 200)
		(&caller{h: h}).do(t, "GET", "/clients", nil, header{"Authorization", "Basic " + good.token}).problem(t, 401, "unauthenticated")
		(&caller{h: h}).do(t, "GET", "/clients?api_key="+good.token, nil).problem(t, 401, "unauthenticated")
	})
}

func TestAKeyEndsInTime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		var made keyRow
		anna.do(t, "POST", "/api-keys", fields{
			"name": "x", "scopes": []string{"clients:read"}, "expires_at": time.Now().Add(10 * time.Minute),
		}).require(t, 201).json(t, &made)
		shop := &caller{h: h, token: made.Key}
		shop.do(t, "GET", "/clients", nil).require(t, 200)
		h.store.MoveClock(10*time.Minute + time.Second)
		require.Contains(t, shop.do(t, "GET", "/clients", nil).problem(t, 401, "unauthenticated").Detail, "expired")
		list, _ := anna.keys(t)
		require.Len(t, list, 1, "its owner still sees which it was")
	})
}

func TestTheLastUseIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		shop := anna.key(t, model.ClientsRead)
		used := func() string {
			shop.do(t, "GET", "/clients", nil).require(t, 200)
			list, _ := anna.keys(t)
			require.NotNil(t, list[0].LastUsedAt)
			return *list[0].LastUsedAt
		}
		first := used()
		h.store.MoveClock(store.UsedEvery / 2)
		require.Equal(t, first, used())
		h.store.MoveClock(store.UsedEvery/2 + time.Second)
		require.Greater(t, used(), first)
	})
}

// TestAKeyActsAsItsOwner: never further than the owner's rights as they are at
// the moment, and never further than its scopes.
func TestAKeyActsAsItsOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		ctx := t.Context()
		anna, manager, root := h.user(t), h.manager(t), h.superuser(t)
		id := anna.do(t, "POST", "/clients", fields{"email": "one@example.com"}).require(t, 201).id(t)
		path := fmt.Sprintf("/clients/%d", id)

		reader := manager.key(t, model.ClientsRead, model.ClientsWrite)
		reader.do(t, "GET", path, nil).require(t, 200)
		reader.do(t, "PATCH", path, fields{"full_name": "x"}).problem(t, 403, "forbidden")
		_, err := h.store.ChangeUser(ctx, root.user.Viewer(), manager.user.ID, nil, func(u *model.User) error { u.IsStaff = false; return nil })
		require.NoError(t, err)
		reader.do(t, "GET", path, nil).problem(t, 404, "not_found")

		writer := root.key(t, model.ClientsWrite)
		writer.do(t, "PATCH", path, fields{"full_name": "x"}).require(t, 200)
		refused := writer.do(t, "GET", path, nil)
		require.Contains(t, refused.problem(t, 403, "forbidden").Detail, "clients:read")
		require.Equal(t, `Bearer realm="postrider", error="insufficient_scope", scope="clients:read"`, refused.header.Get("WWW-Authenticate"))
		writer.do(t, "GET", "/me", nil).require(t, 200)

		program := anna.key(t, model.ClientsRead)
		_, err = h.store.ChangeUser(ctx, root.user.Viewer(), anna.user.ID, nil, func(u *model.User) error { u.IsActive = false; return nil })
		require.NoError(t, err)
		program.do(t, "GET", path, nil).problem(t, 401, "unauthenticated")
	})
}

// TestByAKeyNobodyAdministers: what a superuser's key sees of the installation
// is what every user sees.
func TestByAKeyNobodyAdministers(t *testing.T) {
	t.Parallel()
	h := one(t)
	root := h.superuser(t)
	root.do(t, "POST", "/transports", fields{"name": "A", "host": "smtp.example.com", "username": "u", "password": "p"}).require(t, 201)
	program := root.key(t, model.Scopes...)
	require.Contains(t, string(root.do(t, "GET", "/transports", nil).require(t, 200).body), "smtp.example.com")
	require.NotContains(t, string(program.do(t, "GET", "/transports", nil).require(t, 200).body), "smtp.example.com")
	program.do(t, "GET", "/system", nil).require(t, 200)
	program.root(t, "GET", "/metrics", nil).require(t, 200)
	root.key(t, model.ClientsRead).root(t, "GET", "/metrics", nil).problem(t, 403, "forbidden")

	for _, call := range []string{
		"GET /api-keys", "POST /api-keys", "DELETE /api-keys/1", "PATCH /me", "POST /me/password", "GET /me/sessions", "DELETE /me/sessions/1",
		"POST /auth/logout-all", "GET /users", "GET /users/1", "PATCH /users/1", "DELETE /users/1", "GET /groups", "POST /groups",
		"PATCH /groups/1", "DELETE /groups/1", "POST /transports", "PATCH /transports/1", "DELETE /transports/1", "GET /inbox",
	} {
		method, path, _ := strings.Cut(call, " ")
		require.Contains(t, program.do(t, method, path, nil).problem(t, 403, "forbidden").Detail, "not for API keys", call)
	}
	program.do(t, "POST", "/auth/logout", nil).problem(t, 401, "unauthenticated")
	program.do(t, "POST", "/auth/refresh", fields{"refresh_token": program.token}).problem(t, 401, "unauthenticated")
	root.do(t, "GET", "/me", nil).require(t, 200)
}

// TestWithoutSendingAKeySavesDraftsAlone: whatever makes mails leave needs a
// scope of its own.
func TestWithoutSendingAKeySavesDraftsAlone(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	client := anna.do(t, "POST", "/clients", fields{"email": "one@example.com"}).require(t, 201).id(t)
	message := makeMessage(t, anna)
	writer := anna.key(t, model.MailingsRead, model.MailingsWrite, model.MessagesRead, model.MessagesWrite, model.ReportsRead, model.ReportsWrite)
	draft := fields{"name": "x", "message_id": message, "audience": fields{"all": true}, "draft": true}
	id := writer.do(t, "POST", "/mailings", draft).require(t, 201).id(t)
	at := func(rest string) string { return fmt.Sprintf("/mailings/%d%s", id, rest) }
	sent := fields{"name": "x", "message_id": message, "audience": fields{"all": true}}
	writer.do(t, "PATCH", at(""), fields{"name": "y"}).require(t, 200)
	for call, body := range map[string]any{
		"POST /mailings": sent, "PATCH " + at(""): fields{"draft": false}, "POST " + at("/start"): nil, "POST " + at("/schedule"): nil,
		"POST " + at("/resume"): nil, "POST " + at("/test"): nil, fmt.Sprintf("POST /messages/%d/test", message): nil,
	} {
		method, path, _ := strings.Cut(call, " ")
		require.Contains(t, writer.do(t, method, path, body).problem(t, 403, "forbidden").Detail, "mailings:send", call)
	}
	var list struct{ Items []any }
	anna.do(t, "GET", "/reports", nil).require(t, 200).json(t, &list)
	require.Empty(t, list.Items, "nothing has run")

	sender := anna.key(t, model.MailingsSend)
	sender.do(t, "POST", at("/start"), nil).require(t, 202)
	sender.do(t, "PATCH", at(""), fields{"name": "z"}).problem(t, 403, "forbidden")
	writer.do(t, "PATCH", at(""), fields{"rate_per_minute": 5}).problem(t, 403, "forbidden")
	writer.do(t, "POST", at("/cancel"), nil).require(t, 202)

	t.Run("clients", func(t *testing.T) { // are not to be read by way of a message or an audience
		var found struct {
			Count  int
			Sample []any
		}
		for _, c := range []struct {
			who  *caller
			want int
		}{{writer, 0}, {anna.key(t, model.MailingsRead, model.ClientsRead), 1}, {anna, 1}} {
			c.who.do(t, "GET", at("/audience"), nil).require(t, 200).json(t, &found)
			require.Len(t, found.Sample, c.want)
			c.who.do(t, "POST", "/mailings/audience", sent).require(t, 200).json(t, &found)
			require.Len(t, found.Sample, c.want)
			require.Equal(t, 1, found.Count)
		}
		for _, path := range []string{fmt.Sprintf("/messages/%d/preview", message), "/messages/preview"} {
			writer.do(t, "POST", path, fields{}).require(t, 200)
			require.Contains(t, writer.do(t, "POST", path, fields{"client_id": client}).problem(t, 403, "forbidden").Detail, "clients:read")
			anna.key(t, model.MessagesRead, model.ClientsRead).do(t, "POST", path, fields{"client_id": client}).require(t, 200)
		}
	})
}

func TestFiftyKeysAndNotOneMore(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		var made, refused atomic.Int64
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				for range 10 {
					switch anna.do(t, "POST", "/api-keys", fields{"name": "x", "scopes": []string{"clients:read"}}).status {
					case 201:
						made.Add(1)
					case 409:
						refused.Add(1)
					}
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, store.MaxAPIKeys, made.Load())
		require.EqualValues(t, 60-store.MaxAPIKeys, refused.Load())
		h.user(t).key(t, model.ClientsRead)
	})
}

func TestKeysInTheAuditLog(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		program := anna.key(t, model.ClientsRead)
		list, _ := anna.keys(t)
		anna.do(t, "DELETE", fmt.Sprintf("/api-keys/%d", list[0].ID), nil).require(t, 204)
		for _, action := range []model.AuditAction{model.AuditKeyCreated, model.AuditKeyRevoked} {
			found, err := h.store.AuditEvents(t.Context(), model.Viewer{Superuser: true}, store.AuditFilter{Action: action}, store.Page{})
			require.NoError(t, err)
			require.Len(t, found.Items, 1)
			e := found.Items[0]
			require.Equal(t, anna.user.ID, *e.ActorID)
			require.Equal(t, list[0].ID, *e.ObjectID)
			require.Equal(t, [...]string{"api_key", "a program"}, [...]string{e.ObjectType, e.ObjectName})
			told, err := json.Marshal(e)
			require.NoError(t, err)
			require.Contains(t, string(told), list[0].Prefix)
			require.NotContains(t, string(told), program.token[13:25])
		}
	})
}

func TestKeysReadCSVAndEventsUntilTheyEnd(t *testing.T) {
	t.Parallel()
	h := one(t)
	srv := eventServer(t, h, time.Second)
	anna := h.user(t)
	anna.do(t, "POST", "/clients", fields{"email": "one@example.com"}).require(t, 201)
	program := anna.key(t, model.ClientsRead, model.ReportsRead)
	csv := program.do(t, "GET", "/clients", nil, header{"Accept", "text/csv"}).require(t, 200)
	require.True(t, bytes.Contains(csv.body, []byte("one@example.com")))
	require.Equal(t, 403, anna.key(t, model.ClientsRead).listen(t, srv, "").StatusCode)

	stream := program.listen(t, srv, "")
	require.Equal(t, 200, stream.StatusCode)
	<-stream.beats
	list, _ := anna.keys(t)
	for _, k := range list {
		if strings.HasPrefix(program.token, k.Prefix) {
			anna.do(t, "DELETE", fmt.Sprintf("/api-keys/%d", k.ID), nil).require(t, 204)
		}
	}
	stream.ends()
}
