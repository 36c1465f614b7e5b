package api_test

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
)

type event struct {
	ID         int64          `json:"id"`
	At         time.Time      `json:"at"`
	ActorID    *int64         `json:"actor_id"`
	ActorEmail string         `json:"actor_email"`
	Action     string         `json:"action"`
	ObjectType string         `json:"object_type"`
	ObjectID   *int64         `json:"object_id"`
	ObjectName string         `json:"object_name"`
	Details    map[string]any `json:"details"`
	IP         string         `json:"ip"`
	RequestID  string         `json:"request_id"`
}

// events are those of a query, the newest first.
func (c *caller) events(t *testing.T, query string) []event {
	t.Helper()
	var out struct {
		Items []event `json:"items"`
	}
	c.do(t, "GET", "/audit?limit=200&"+query, nil).require(t, 200).json(t, &out)
	return out.Items
}

func (e event) is(t *testing.T, action model.AuditAction, by *caller, object string) {
	t.Helper()
	require.Equal(t, string(action), e.Action)
	require.NotNil(t, e.ActorID, action)
	require.Equal(t, by.user.ID, *e.ActorID, action)
	require.Equal(t, by.user.Email, e.ActorEmail)
	got := e.ObjectType
	if e.ObjectID != nil {
		got += fmt.Sprintf(":%d", *e.ObjectID)
	}
	require.Equal(t, object, got, action)
	require.NotEmpty(t, e.IP, action)
}

// TestActsAreInTheAuditLog does what is to be recorded, each by its call, and
// looks for the one event of it.
func TestActsAreInTheAuditLog(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, anna := h.superuser(t), h.user(t)
		var last int64
		// recorded are the events since the last look, the oldest first.
		recorded := func() []event {
			all := root.events(t, "")
			if i := slices.IndexFunc(all, func(e event) bool { return e.ID <= last }); i >= 0 {
				all = all[:i]
			}
			slices.Reverse(all)
			if len(all) > 0 {
				last = all[len(all)-1].ID
			}
			return all
		}
		one := func(action model.AuditAction, by *caller, object string) event {
			t.Helper()
			got := recorded()
			require.Len(t, got, 1, "%s: %+v", action, got)
			got[0].is(t, action, by, object)
			return got[0]
		}
		user := fmt.Sprintf("user:%d", anna.user.ID)
		path := fmt.Sprintf("/users/%d", anna.user.ID)
		recorded()

		// accounts
		stranger := h.anonymous()
		made := stranger.do(t, "POST", "/auth/register", fields{"email": "new@example.com", "password": password}, header{"X-Request-ID", "registration-1"}).require(t, 201).id(t)
		got := recorded()
		require.Len(t, got, 1)
		require.Equal(t, "auth.registered", got[0].Action)
		require.Equal(t, made, *got[0].ActorID)
		require.Equal(t, "registration-1", got[0].RequestID)
		var tokens pair
		stranger.do(t, "POST", "/auth/login", fields{"email": anna.user.Email, "password": password}).require(t, 200).json(t, &tokens)
		one(model.AuditSignIn, anna, user)
		var next pair
		stranger.do(t, "POST", "/auth/refresh", fields{"refresh_token": tokens.RefreshToken}).require(t, 200).json(t, &next)
		stranger.do(t, "POST", "/auth/refresh", fields{"refresh_token": next.RefreshToken}).require(t, 200)
		require.Empty(t, recorded(), "to go on is nothing new")
		stranger.do(t, "POST", "/auth/refresh", fields{"refresh_token": tokens.RefreshToken}).require(t, 401)
		got = recorded()
		require.Len(t, got, 1)
		require.Equal(t, "auth.token_reused", got[0].Action)
		require.Nil(t, got[0].ActorID, "who came with it is not known")
		require.Equal(t, anna.user.ID, *got[0].ObjectID)
		anna.do(t, "POST", "/me/password", fields{"current_password": password, "new_password": "another long password"}).require(t, 204)
		one(model.AuditPasswordChanged, anna, user)
		anna.do(t, "POST", "/auth/logout-all", nil).require(t, 204)
		one(model.AuditSignedOutAll, anna, user)
		anna = h.as(t, anna.user)
		recorded()
		anna.do(t, "POST", "/auth/logout", nil).require(t, 204)
		one(model.AuditSignedOut, anna, user)

		// rights
		root.do(t, "PATCH", path, fields{"is_staff": true}).require(t, 200)
		e := one(model.AuditUserChanged, root, user)
		require.Equal(t, map[string]any{"is_staff": map[string]any{"was": false, "is": true}}, e.Details)
		root.do(t, "PATCH", path, fields{"is_staff": true}).require(t, 200)
		require.Empty(t, recorded(), "what is the same as before is no act")
		root.do(t, "PATCH", path, fields{"is_active": false}).require(t, 200)
		one(model.AuditUserBlocked, root, user)
		root.do(t, "PATCH", path, fields{"is_active": true}).require(t, 200)
		one(model.AuditUserUnblocked, root, user)
		group := root.do(t, "POST", "/groups", fields{"name": "Night shift", "permissions": []string{"users.block"}}).require(t, 201).id(t)
		object := fmt.Sprintf("group:%d", group)
		require.Equal(t, "Night shift", one(model.AuditGroupCreated, root, object).ObjectName)
		root.do(t, "PATCH", fmt.Sprintf("/groups/%d", group), fields{"permissions": []string{"users.view_all"}}).require(t, 200)
		e = one(model.AuditGroupChanged, root, object)
		require.Equal(t, map[string]any{"permissions": map[string]any{"was": []any{"users.block"}, "is": []any{"users.view_all"}}}, e.Details)
		root.do(t, "PATCH", path, fields{"groups": []string{"Night shift"}}).require(t, 200)
		require.Contains(t, one(model.AuditUserChanged, root, user).Details, "groups")
		root.do(t, "DELETE", fmt.Sprintf("/groups/%d", group), nil).require(t, 204)
		e = one(model.AuditGroupDeleted, root, object)
		require.Equal(t, []any{"users.view_all"}, e.Details["permissions"])
		require.Len(t, e.Details["members"], 1)
		root.do(t, "DELETE", fmt.Sprintf("/users/%d", made), nil).require(t, 204)
		require.Equal(t, "new@example.com", one(model.AuditUserDeleted, root, fmt.Sprintf("user:%d", made)).ObjectName)

		// transports
		transport := root.do(t, "POST", "/transports", fields{
			"name": "Relay", "host": "mx.example.com", "port": 587, "tls": "required", "username": "u", "password": "hush-hush-1",
		}).require(t, 201).id(t)
		object = fmt.Sprintf("transport:%d", transport)
		e = one(model.AuditTransportCreated, root, object)
		require.Equal(t, "mx.example.com", e.Details["host"])
		root.do(t, "PATCH", fmt.Sprintf("/transports/%d", transport), fields{"password": "hush-hush-2", "limits": fields{"per_hour": 5}}).require(t, 200)
		e = one(model.AuditTransportChanged, root, object)
		require.Equal(t, map[string]any{"password": "changed", "limits.per_hour": map[string]any{"is": 5.0}}, e.Details)
		root.do(t, "PATCH", fmt.Sprintf("/transports/%d", transport), fields{"limits": fields{"per_hour": 6}}).require(t, 200)
		e = one(model.AuditTransportChanged, root, object)
		require.Equal(t, map[string]any{"limits.per_hour": map[string]any{"was": 5.0, "is": 6.0}}, e.Details)
		root.do(t, "DELETE", fmt.Sprintf("/transports/%d", transport), nil).require(t, 204)
		one(model.AuditTransportDeleted, root, object)
		log := string(root.do(t, "GET", "/audit?limit=200", nil).body)
		require.NotContains(t, log, "hush")

		// mailings
		anna = h.as(t, anna.user)
		mailing := makeMailing(t, anna, true)
		recorded()
		object = fmt.Sprintf("mailing:%d", mailing)
		act := func(who *caller, action string, want model.AuditAction) event {
			t.Helper()
			who.do(t, "POST", fmt.Sprintf("/mailings/%d/%s", mailing, action), nil).require(t, 202)
			return one(want, who, object)
		}
		anna.do(t, "PATCH", fmt.Sprintf("/mailings/%d", mailing), fields{"draft": false, "start_at": time.Now().Add(time.Hour)}).require(t, 200)
		one(model.AuditMailingScheduled, anna, object)
		act(anna, "unschedule", model.AuditMailingUnscheduled)
		makers["/clients/:id"](t, anna)
		e = act(anna, "start", model.AuditMailingStarted)
		require.EqualValues(t, anna.user.ID, e.Details["owner_id"])
		act(anna, "pause", model.AuditMailingPaused)
		anna.do(t, "POST", fmt.Sprintf("/mailings/%d/pause", mailing), nil).require(t, 202)
		require.Empty(t, recorded(), "to ask the same again changes nothing")
		act(anna, "resume", model.AuditMailingResumed)
		act(root, "stop", model.AuditMailingStopped)
		anna.do(t, "POST", fmt.Sprintf("/mailings/%d/pause", mailing), nil).require(t, 409)
		require.Empty(t, recorded(), "what was not done is not recorded")
		second := makeMailing(t, anna, false)
		one(model.AuditMailingStarted, anna, fmt.Sprintf("mailing:%d", second))

		// clients
		client := anna.do(t, "POST", "/clients", fields{"email": "forget-me@example.com"}).require(t, 201).id(t)
		anna.do(t, "DELETE", fmt.Sprintf("/clients/%d?erase=true", client), nil).require(t, 204)
		one(model.AuditClientErased, anna, fmt.Sprintf("client:%d", client))
		anna.do(t, "GET", "/clients?q=forget-me@example.com&status=active", nil, header{"Accept", "text/csv"}).require(t, 200)
		e = one(model.AuditExported, anna, "list")
		require.Equal(t, map[string]any{"path": "/api/v1/clients", "filters": map[string]any{"q": "…", "status": "active"}}, e.Details)
		log = string(root.do(t, "GET", "/audit?limit=200", nil).body)
		require.NotContains(t, log, "forget-me", "an erased address is not kept here either")
	})
}

// TestGuessesBesideTheSignInAreRecorded: a present password that is wrong, keys
// that are none any more, and sign-ins that were too many to be looked at.
func TestGuessesBesideTheSignInAreRecorded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, anna := h.superuser(t), h.user(t)
		anna.do(t, "POST", "/me/password", fields{"current_password": "a guess", "new_password": "quite another one 7"}).require(t, 422)
		wrong := root.events(t, "action=auth.password_wrong")
		require.Len(t, wrong, 1)
		require.Equal(t, anna.user.ID, *wrong[0].ActorID)

		var made struct {
			ID          int64
			Key, Prefix string
		}
		anna.do(t, "POST", "/api-keys", fields{"name": "a program", "scopes": []string{"clients:read"}}).require(t, 201).json(t, &made)
		anna.do(t, "DELETE", fmt.Sprintf("/api-keys/%d", made.ID), nil).require(t, 204)
		(&caller{h: h, token: made.Key}).do(t, "GET", "/clients", nil).require(t, 401)
		refused := root.events(t, "action=auth.key_refused")
		require.Len(t, refused, 1)
		require.Equal(t, map[string]any{"prefix": made.Prefix, "reason": "unknown"}, refused[0].Details)
		require.NotContains(t, string(root.do(t, "GET", "/audit?action=auth.key_refused", nil).body), made.Key)

		api.Spend(h.api.Limiter, "sign in from 192.0.2.1", api.SignInsOfAddress)
		guess := fields{"email": anna.user.Email, "password": "a guess"}
		h.anonymous().do(t, "POST", "/auth/login", guess).require(t, 401)
		h.anonymous().do(t, "POST", "/auth/login", guess).require(t, 429)
		require.Equal(t, map[string]any{"email": anna.user.Email, "reason": "too_many"}, root.events(t, "action=auth.sign_in_failed")[0].Details)
	}, limited)
}

// TestFailedSignIns: whether there is such an account shows neither in the
// answer nor in whether something is recorded; what was typed is kept only if
// it looks like an address.
func TestFailedSignIns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, anna := h.superuser(t), h.user(t)
		stranger := h.anonymous()
		fail := func(email, password string) event {
			stranger.do(t, "POST", "/auth/login", fields{"email": email, "password": password}).problem(t, 401, "unauthenticated")
			return root.events(t, "action=auth.sign_in_failed")[0]
		}
		e := fail(anna.user.Email, "wrong password")
		require.Nil(t, e.ActorID)
		require.Equal(t, anna.user.ID, *e.ObjectID)
		require.Equal(t, map[string]any{"email": anna.user.Email, "reason": "wrong_password"}, e.Details)
		e = fail("nobody@example.com", "wrong password")
		require.Nil(t, e.ObjectID)
		require.Equal(t, map[string]any{"email": "nobody@example.com", "reason": "unknown_account"}, e.Details)
		e = fail("my secret password 17", "anna")
		require.Equal(t, map[string]any{"email": "", "reason": "unknown_account"}, e.Details)
		root.do(t, "PATCH", fmt.Sprintf("/users/%d", anna.user.ID), fields{"is_active": false}).require(t, 200)
		require.Equal(t, "blocked", fail(anna.user.Email, password).Details["reason"])
		require.Len(t, root.events(t, "action=auth.sign_in_failed"), 4)
	})
}

// TestAskingForANewPasswordIsRecorded: alike for accounts that are there and
// that are not, and a few times a minute of one address.
func TestAskingForANewPasswordIsRecorded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, anna := h.superuser(t), h.user(t)
		for _, email := range []string{anna.user.Email, "nobody@example.com"} {
			before := len(root.events(t, "action=auth.password_reset_asked"))
			for range 30 {
				h.anonymous().do(t, "POST", "/auth/password/forgot", fields{"email": strings.ToUpper(email)}).require(t, 202)
			}
			asked := root.events(t, "action=auth.password_reset_asked")
			require.GreaterOrEqual(t, len(asked)-before, 5)
			require.LessOrEqual(t, len(asked)-before, 10, "a minute may have ended")
			e := asked[0]
			require.Equal(t, map[string]any{"email": email}, e.Details)
			require.NotEmpty(t, e.IP)
			require.NotEmpty(t, e.RequestID)
			require.Nil(t, e.ActorID)
			require.Empty(t, e.ActorEmail+e.ObjectType+e.ObjectName)
			require.Nil(t, e.ObjectID)
		}
		h.anonymous().do(t, "POST", "/auth/confirm/resend", fields{"email": "other@example.com"}).require(t, 202)
		require.Empty(t, root.events(t, "action=auth.password_reset_asked&q=other@example.com"))
	})
}

// TestDenialsAreRecorded: a 403 is, a few times a minute; a 404 is not.
func TestDenialsAreRecorded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, anna := h.superuser(t), h.user(t)
		for range 30 {
			anna.do(t, "GET", "/users", nil).problem(t, 403, "forbidden")
			anna.do(t, "GET", "/clients/999999", nil).problem(t, 404, "not_found")
		}
		denials := root.events(t, "action=auth.denied")
		require.GreaterOrEqual(t, len(denials), 5)
		require.LessOrEqual(t, len(denials), 10, "a minute may have ended")
		denials[0].is(t, model.AuditDenied, anna, "")
		require.Equal(t, map[string]any{"method": "GET", "path": "/api/v1/users"}, denials[0].Details)
	})
}

func TestAuditIsReadOnly(t *testing.T) {
	t.Parallel()
	h := one(t)
	root := h.superuser(t)
	for _, row := range h.api.Table() {
		if strings.HasPrefix(row.Path, "/audit") {
			require.Equal(t, "GET", row.Method)
			require.Equal(t, "superuser", row.Access)
		}
	}
	before := root.events(t, "")
	id := before[0].ID
	for _, path := range []string{"/audit", fmt.Sprintf("/audit/%d", id)} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			root.do(t, method, path, fields{"action": "auth.signed_in"}).problem(t, 405, "method_not_allowed")
		}
	}
	require.Equal(t, before, root.events(t, ""))
}

func TestAuditList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, anna := h.superuser(t), h.user(t)
		for range 4 {
			makeMailing(t, anna, false)
		}
		all := root.events(t, "object=mailing")
		require.Len(t, all, 4)
		var shown event
		root.do(t, "GET", fmt.Sprintf("/audit/%d", all[1].ID), nil).require(t, 200).json(t, &shown)
		require.Equal(t, all[1], shown)
		root.do(t, "GET", "/audit/999999", nil).problem(t, 404, "not_found")

		one := root.events(t, fmt.Sprintf("object=mailing:%d", *all[2].ObjectID))
		require.Equal(t, all[2:3], one)
		require.Equal(t, all, root.events(t, fmt.Sprintf("actor_id=%d&action=mailing.started", anna.user.ID)))
		require.Empty(t, root.events(t, fmt.Sprintf("actor_id=%d&action=mailing.started", root.user.ID)))
		since := all[1].At.Format(time.RFC3339Nano)
		require.Equal(t, all[:2], root.events(t, "object=mailing&from="+since))
		require.Equal(t, all[2:], root.events(t, "object=mailing&to="+since))
		require.Equal(t, all, root.events(t, "object=mailing&q="+strings.ToUpper(anna.user.Email)))

		// page by page, also when something is added meanwhile
		var walked []int64
		for path := "/audit?object=mailing&limit=2&with_total=true"; path != ""; {
			page := root.list(t, path)
			for _, item := range page.Items {
				walked = append(walked, int64(item["id"].(float64)))
			}
			makeMailing(t, anna, false)
			path = ""
			if page.NextCursor != nil {
				path = "/audit?object=mailing&limit=2&cursor=" + *page.NextCursor
			}
		}
		require.Equal(t, []int64{all[0].ID, all[1].ID, all[2].ID, all[3].ID}, walked)

		root.do(t, "GET", "/audit?action=nothing&object=Mailing:x&actor_id=0&from=yesterday&sort=ip&limit=201&who=me", nil).
			fields(t, "action:unknown", "object:invalid", "actor_id:wrong_type", "from:invalid_time", "sort:unknown", "limit:out_of_range", "who:unknown_parameter")

		a := root.do(t, "GET", "/audit?object=mailing", nil, header{"Accept", "text/csv"}).require(t, 200)
		rows, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
		require.NoError(t, err)
		require.Equal(t, "id", rows[0][0])
		require.Len(t, rows, 1+len(root.events(t, "object=mailing")))
		exported := root.events(t, "action=data.exported")
		require.Len(t, exported, 1, "who takes the log away is in the log")
		exported[0].is(t, model.AuditExported, root, "list")
		root.do(t, "HEAD", "/audit", nil, header{"Accept", "text/csv"}).require(t, 200)
		require.Len(t, root.events(t, "action=data.exported"), 1)
	})
}
