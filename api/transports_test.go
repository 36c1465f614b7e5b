package api_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

func transportPath(id int64) string { return fmt.Sprintf("/transports/%d", id) }

func TestTheListEndsWithTheServerOfTheSettings(t *testing.T) {
	t.Parallel()
	get := func(c *caller) map[string]any { return c.do(t, "GET", "/transports", nil).require(t, 200).object(t) }
	without := one(t)
	require.NotContains(t, get(without.superuser(t)), "default")
	h := one(t, func(d *api.Deps) { d.DefaultTransport = &api.DefaultTransport{Host: "smtp.example.com", Port: 587} })
	require.Equal(t, map[string]any{"host": "smtp.example.com", "port": 587.0}, get(h.superuser(t))["default"])
	require.NotContains(t, get(h.user(t)), "default", "hosts are the superusers'")
}

func TestTransportsAreTheSuperusers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root, anna := h.superuser(t), h.user(t)
		made := root.do(t, "POST", "/transports", fields{
			"name": "Second", "host": "smtp.example.com", "port": 587, "username": "me", "password": "hush-hush", "order": 2,
			"limits": fields{"per_minute": 60}, "bounce": "bounces@example.com",
		}).require(t, 201)
		require.Equal(t, `"1"`, made.header.Get("ETag"))
		first := root.do(t, "POST", "/transports", fields{"name": "First", "host": "localhost", "order": 1}).require(t, 201).object(t)
		off := root.do(t, "POST", "/transports", fields{"name": "Off", "host": "mail.example.com", "tls": "implicit", "enabled": false}).require(t, 201).object(t)
		require.Equal(t, "optional", first["tls"], "loopback")
		require.EqualValues(t, 25, first["port"])
		require.EqualValues(t, 465, off["port"])
		root.do(t, "POST", "/transports", fields{"name": "First", "host": "localhost"}).problem(t, 409, "conflict")

		one := root.do(t, "GET", transportPath(made.id(t)), nil).require(t, 200)
		require.NotContains(t, string(one.body), "hush")
		require.NotContains(t, h.log.String(), "hush")
		require.Equal(t, map[string]any{
			"id": float64(made.id(t)), "name": "Second", "host": "smtp.example.com", "port": 587.0, "tls": "required", "username": "me",
			"has_password": true, "bounce": "bounces@example.com", "connections": 10.0, "enabled": true, "order": 2.0,
			"limits": map[string]any{"per_second": nil, "per_minute": 60.0, "per_hour": nil, "per_day": nil},
			"state":  "ok", "until": nil, "reason": "", "answer": "", "created_at": one.object(t)["created_at"], "updated_at": one.object(t)["updated_at"],
		}, one.object(t))

		var seen struct{ Items []fields }
		anna.do(t, "GET", "/transports", nil).require(t, 200).json(t, &seen)
		require.Equal(t, []fields{{"id": first["id"], "name": "First"}, {"id": float64(made.id(t)), "name": "Second"}}, seen.Items,
			"in their order, enabled ones alone, by id and name")
		root.do(t, "GET", "/transports?sort=-name", nil).require(t, 200).json(t, &seen)
		require.Len(t, seen.Items, 3)
		anna.do(t, "GET", "/transports?sort=host", nil).fields(t, "sort")
		for _, call := range []struct{ method, path string }{
			{"POST", "/transports"},
			{"GET", transportPath(made.id(t))},
			{"PATCH", transportPath(made.id(t))},
			{"DELETE", transportPath(made.id(t))},
			{"POST", transportPath(made.id(t)) + "/check"},
		} {
			anna.do(t, call.method, call.path, nil).problem(t, 403, "forbidden")
			h.manager(t).do(t, call.method, call.path, nil).problem(t, 403, "forbidden")
		}
	})
}

func TestTransportsThatAreRefused(t *testing.T) {
	t.Parallel()
	root := one(t).superuser(t)
	root.do(t, "POST", "/transports", fields{}).fields(t, "name:required", "host:required")
	root.do(t, "POST", "/transports", fields{
		"name": "a\nb", "host": "host:25", "port": 0, "tls": "yes", "password": "x", "connections": 0, "order": -1, "bounce": "nobody",
		"limits": fields{"per_second": 0, "per_day": -1}, "state": "ok",
	}).fields(t, "name:control_character", "host:invalid", "port:out_of_range", "tls:unknown", "username:required", "connections:out_of_range",
		"order:out_of_range", "bounce", "limits.per_second:out_of_range", "limits.per_day:out_of_range", "state:unknown_field")
	root.do(t, "POST", "/transports", fields{"name": "n", "host": "h", "username": "u", "password": "a\r\nb", "limits": fields{"per_week": 1}}).
		fields(t, "password:control_character", "limits.per_week:unknown_field")
	for _, host := range []string{"-a.example", "a..b", "mail example", "[::1]", "smtp://h", "h/x", "@h"} {
		root.do(t, "POST", "/transports", fields{"name": "n", "host": host}).fields(t, "host:invalid")
	}
	for i, host := range []string{"::1", "192.0.2.1", "h", "Mail-1.example.com"} {
		root.do(t, "POST", "/transports", fields{"name": fmt.Sprint("n", i), "host": host}).require(t, 201)
	}
}

func TestAChangeOfATransport(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	each(t, func(t *testing.T, h *harness) {
		ctx, root := context.Background(), h.superuser(t)
		made := root.do(t, "POST", "/transports", fields{"name": "N", "host": "Mail.example.com", "username": "me", "password": "hush", "limits": fields{"per_day": 5}}).require(t, 201)
		path := transportPath(made.id(t))
		sealed := func() string {
			row, err := h.store.Transport(ctx, made.id(t))
			require.NoError(t, err)
			return row.PasswordSealed
		}
		before := sealed()
		require.NotContains(t, before, "hush")
		key := store.TransportKey(made.id(t))
		_, err := h.store.OpenBreaker(ctx, key, model.RestsByAuth, "535 no")
		require.NoError(t, err)
		resting := root.do(t, "GET", path, nil).require(t, 200).object(t)
		require.Equal(t, []any{"resting", "auth", "535 no"}, []any{resting["state"], resting["reason"], resting["answer"]})
		require.NotNil(t, resting["until"])

		a := root.do(t, "PATCH", path, fields{"limits": fields{"per_second": 3}}).require(t, 200)
		require.Equal(t, map[string]any{"per_second": 3.0, "per_minute": nil, "per_hour": nil, "per_day": nil}, a.object(t)["limits"], "replaced whole")
		require.Equal(t, "ok", a.object(t)["state"], "what was known of its troubles is forgotten")
		require.Equal(t, before, sealed(), "what is absent stays")
		require.Equal(t, `"2"`, a.header.Get("ETag"))
		require.Equal(t, `"2"`, root.do(t, "PATCH", path, fields{"limits": fields{"per_second": 3}}).require(t, 200).header.Get("ETag"), "nothing new")
		root.do(t, "PATCH", path, fields{"name": "M"}, header{"If-Match", `"1"`}).problem(t, 412, "precondition_failed")
		root.do(t, "DELETE", path, nil, header{"If-Match", `"1"`}).problem(t, 412, "precondition_failed")

		root.do(t, "PATCH", path, fields{"host": "thief.example.com"}).fields(t, "password:required")
		root.do(t, "PATCH", path, fields{"host": "mail.example.com"}).require(t, 200)
		root.do(t, "PATCH", path, fields{"port": 2525}).fields(t, "password:required")
		for _, weaker := range []string{"optional", "none"} {
			root.do(t, "PATCH", path, fields{"tls": weaker}).fields(t, "password:required")
		}
		root.do(t, "PATCH", path, fields{"tls": "implicit"}).require(t, 200)
		root.do(t, "PATCH", path, fields{"tls": "required"}).require(t, 200)
		root.do(t, "PATCH", path, fields{"username": ""}).fields(t, "username:required")
		root.do(t, "POST", path+"/check", nil).require(t, 200)
		root.do(t, "PATCH", path, fields{"host": "other.example.com", "password": "hash"}).require(t, 200)
		root.do(t, "POST", path+"/check", fields{}).require(t, 200)
		mu.Lock()
		require.Contains(t, asked, "mail.example.com hush")
		require.Contains(t, asked, "other.example.com hash")
		mu.Unlock()
		require.Equal(t, false, root.do(t, "PATCH", path, fields{"password": nil, "username": ""}).require(t, 200).object(t)["has_password"])
		require.Empty(t, sealed())
		root.do(t, "PATCH", path, fields{"password": "x"}).fields(t, "username:required")

		root.do(t, "DELETE", path, nil).require(t, 204)
		root.do(t, "GET", path, nil).problem(t, 404, "not_found")
	}, func(d *api.Deps) {
		d.CheckTransport = func(_ context.Context, t *model.Transport, password string) model.TransportCheck {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, t.Host+" "+password)
			return model.TransportCheck{OK: true, Phase: model.PhaseAuth, Code: 235, Extensions: []string{"PIPELINING"}, TLS: "TLS 1.3"}
		}
	})
}

// TestAPasswordFromBeforeItsPortCounted: what was sealed for a host alone goes on.
func TestAPasswordFromBeforeItsPortCounted(t *testing.T) {
	t.Parallel()
	h := one(t, func(d *api.Deps) {
		d.CheckTransport = func(_ context.Context, _ *model.Transport, password string) model.TransportCheck {
			return model.TransportCheck{OK: true, Phase: model.PhaseAuth, Response: "said " + password}
		}
	})
	ctx, root := context.Background(), h.superuser(t)
	made := root.do(t, "POST", "/transports", fields{"name": "N", "host": "H", "tls": "none", "username": "me", "password": "hush"}).require(t, 201)
	path := transportPath(made.id(t))
	_, err := h.store.ChangeTransport(ctx, made.id(t), nil, func(t *model.Transport) error {
		t.PasswordSealed = h.api.Sealer.Seal("former", "h")
		return nil
	})
	require.NoError(t, err)
	check := func() any { return root.do(t, "POST", path+"/check", nil).require(t, 200).object(t)["response"] }
	require.Equal(t, "said former", check())
	root.do(t, "PATCH", path, fields{"port": 26}).fields(t, "password:required")
	root.do(t, "PATCH", path, fields{"tls": "required"}).require(t, 200) // stronger: as well for nobody else
	require.Equal(t, "said former", check())

	// In the database, where no call looks: what is sealed for a port is for no other one.
	_, err = h.store.ChangeTransport(ctx, made.id(t), nil, func(t *model.Transport) error {
		t.Port = 2525
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "unusable", root.do(t, "GET", path, nil).require(t, 200).object(t)["state"])
}

// A password from before a change of the secret key shows as unusable, and the
// others go on.
func TestAPasswordThatCannotBeRead(t *testing.T) {
	t.Parallel()
	h := one(t)
	ctx, root := context.Background(), h.superuser(t)
	made := root.do(t, "POST", "/transports", fields{"name": "N", "host": "h", "username": "me", "password": "hush"}).require(t, 201)
	_, err := h.store.ChangeTransport(ctx, made.id(t), nil, func(t *model.Transport) error {
		t.PasswordSealed = "0000" + t.PasswordSealed
		return nil
	})
	require.NoError(t, err)
	path := transportPath(made.id(t))
	one := root.do(t, "GET", path, nil).require(t, 200).object(t)
	require.Equal(t, []any{"unusable", "password_unreadable"}, []any{one["state"], one["reason"]})
	root.do(t, "POST", path+"/check", nil).problem(t, 409, "conflict")
	require.Equal(t, "ok", root.do(t, "PATCH", path, fields{"password": "hush"}).require(t, 200).object(t)["state"])
}

func TestACheckOfATransportThatFails(t *testing.T) {
	t.Parallel()
	h := one(t, func(d *api.Deps) {
		d.CheckTransport = func(context.Context, *model.Transport, string) model.TransportCheck {
			return model.TransportCheck{Phase: model.PhaseAuth, Code: 535, Enhanced: "5.7.8", Response: "bad credentials"}
		}
	})
	root := h.superuser(t)
	id := root.do(t, "POST", "/transports", fields{"name": "N", "host": "h"}).require(t, 201).id(t)
	_, err := h.store.OpenBreaker(context.Background(), store.TransportKey(id), model.RestsByAuth, "535")
	require.NoError(t, err)
	got := root.do(t, "POST", transportPath(id)+"/check", nil).require(t, 200).object(t)
	require.Equal(t, map[string]any{
		"ok": false, "phase": "auth", "code": 535.0, "enhanced": "5.7.8", "response": "bad credentials", "extensions": []any{}, "tls": "", "duration_ms": 0.0,
	}, got)
	breakers, err := h.store.Breakers(context.Background())
	require.NoError(t, err)
	require.Len(t, breakers, 1)
}
