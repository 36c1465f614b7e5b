package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
)

// TestAllBreachesAtOnce: what cannot be read hides nothing that is against the
// rules, and no field is told of twice.
func TestAllBreachesAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		anna, root, nobody := h.user(t), h.superuser(t), h.anonymous()
		client := fmt.Sprintf("/clients/%d", makers["/clients/:id"](t, anna))
		message := fmt.Sprintf("/messages/%d", makeMessage(t, anna))
		group := fmt.Sprintf("/groups/%d", root.do(t, "POST", "/groups", fields{"name": "support"}).require(t, 201).id(t))
		for _, c := range []struct {
			who          *caller
			method, path string
			body         string
			want         string
		}{
			{anna, "POST", "/clients", `{"email":"bad","full_name":5,"timezone":"No/Where"}`, "email:invalid full_name:wrong_type timezone:invalid"},
			{anna, "POST", "/clients", `{"zz":1}`, "zz:unknown_field email:required"},
			{anna, "POST", "/clients", `{"email":5,"attributes":[],"tags":["a",1]}`, "email:wrong_type attributes:wrong_type tags:wrong_type"},
			{anna, "POST", "/clients", `{"email":"x","comment":"\u0000","full_name":"a\nb"}`, "email:invalid comment:control_character full_name:control_character"},
			{anna, "POST", "/clients", `{"email":"x@example.com","attributes":{"a":"\u0000","a b":1,"c":1e400}}`, "attributes.a:control_character attributes.a b:invalid attributes.c:out_of_range"},
			{anna, "POST", "/clients", `{"email":"x@example.com","comment":"a\ud83dz","full_name":"\udE00\ud83d","tags":["\uD800\u0041"],"attributes":{"a":"\ud800","b":["\\\udfff"]}}`, "comment:control_character full_name:control_character tags:control_character attributes.a:control_character attributes.b:control_character"},
			{anna, "PATCH", client, `{"email":"bad","full_name":5,"id":7}`, "email:invalid full_name:wrong_type id:unknown_field"},
			{anna, "POST", "/suppressions", `{"zz":1,"note":"\u0007","reason":5}`, "zz:unknown_field email:required note:control_character reason:wrong_type"},
			{anna, "POST", "/messages", `{"name":5,"html":"{{ x"}`, "name:wrong_type subject:required html:invalid_template"},
			{anna, "PATCH", message, `{"name":" ","subject":5,"text":"{% if %}"}`, "name:required subject:wrong_type text:invalid_template"},
			{nobody, "POST", "/auth/register", `{"email":"bad","password":5,"zz":1,"locale":"de"}`, "email:invalid_email password:wrong_type zz:unknown_field locale:unknown"},
			{nobody, "POST", "/auth/login", `{"email":5,"zz":1}`, "email:wrong_type zz:unknown_field password:required"},
			{anna, "PATCH", "/me", `{"full_name":5,"locale":"de","timezone":"No/Where"}`, "full_name:wrong_type locale:unknown timezone:unknown_timezone"},
			{anna, "POST", "/me/password", `{}`, "current_password:required new_password:required"},
			{anna, "POST", "/me/password", `{"current_password":"wrong","new_password":"short","zz":1}`, "new_password:too_short zz:unknown_field"},
			{anna, "POST", "/me/password", `{"current_password":5,"new_password":"short"}`, "current_password:wrong_type new_password:too_short"},
			{root, "PATCH", userPath(anna.user), `{"is_active":"x","groups":["nobody"],"email":"x"}`, "is_active:wrong_type groups:unknown email:unknown_field"},
			{root, "POST", "/groups", `{"zz":1,"permissions":["x"]}`, "zz:unknown_field name:required permissions:unknown"},
			{root, "PATCH", group, `{"name":5,"permissions":["x"]}`, "name:wrong_type permissions:unknown"},
		} {
			want := strings.Split(strings.ReplaceAll(c.want, "a b", "a_b"), " ")
			for i := range want {
				want[i] = strings.ReplaceAll(want[i], "a_b", "a b")
			}
			c.who.do(t, c.method, c.path, c.body).fields(t, want...)
		}
		for _, path := range []string{"/clients", "/messages", "/suppressions", "/reports", "/mailings"} {
			anna.do(t, "GET", path+"?limit=0&sort=foo&cursor=zz&zz=1&with_total=x", nil).
				fields(t, "limit:out_of_range", "sort:unknown", "cursor:invalid", "zz:unknown_parameter", "with_total:wrong_type")
		}
		anna.do(t, "GET", "/clients?limit=x&status=x&owner_id=x&cursor=zz", nil).
			fields(t, "limit:wrong_type", "status:unknown", "owner_id:wrong_type", "cursor:invalid")
		anna.do(t, "GET", "/clients?limit=0&sort=foo", nil, header{"Accept", "text/csv"}).fields(t, "limit:out_of_range", "sort:unknown")
		for _, path := range []string{"/users", "/groups", "/me/sessions", client + "/deliveries"} {
			root.do(t, "GET", path+"?limit=999&sort=foo&cursor=zz", nil).fields(t, "limit:out_of_range", "sort:unknown", "cursor:invalid")
		}
	})
}

// TestTheLastSuperuserIsLookedAtFirst: whatever else is wrong.
func TestTheLastSuperuserIsLookedAtFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root := h.superuser(t)
		path := userPath(root.user)
		root.do(t, "PATCH", path, fields{"is_active": false, "groups": []string{"nobody"}, "zz": 1}).problem(t, 409, "conflict")
		root.do(t, "PATCH", path, fields{"is_superuser": false}, header{"If-Match", `"99"`}).problem(t, 409, "conflict")
		root.do(t, "PATCH", path, fields{"is_active": 5, "zz": 1}).fields(t, "is_active:wrong_type", "zz:unknown_field")
	})
}

// TestUnconditionalChangesWaitForEachOther: forty at the same instant all win.
func TestUnconditionalChangesWaitForEachOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root := h.superuser(t)
		target := h.user(t)
		for path, body := range map[string]func(int) fields{
			"/me": func(i int) fields { return fields{"full_name": fmt.Sprint(i)} },
			fmt.Sprintf("/clients/%d", makers["/clients/:id"](t, root)): func(i int) fields { return fields{"full_name": fmt.Sprint(i)} },
			fmt.Sprintf("/messages/%d", makeMessage(t, root)):           func(i int) fields { return fields{"text": fmt.Sprint(i)} },
			fmt.Sprintf("/groups/%d", root.do(t, "POST", "/groups", fields{"name": "g"}).id(t)): func(i int) fields {
				return fields{"name": fmt.Sprint(i)}
			},
			userPath(target.user): func(i int) fields { return fields{"is_active": i%2 == 0} },
		} {
			var wg sync.WaitGroup
			for i := range 40 {
				wg.Go(func() { root.do(t, "PATCH", path, body(i)).require(t, 200) })
			}
			wg.Wait()
			if path != userPath(target.user) { // there some find nothing to change
				require.Equal(t, `"41"`, root.do(t, "GET", path, nil).header.Get("ETag"), path)
			}
		}
	})
}

// TestAChangeOfNothing makes no version.
func TestAChangeOfNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		root := h.superuser(t)
		anna := h.user(t)
		client := root.do(t, "POST", "/clients", fields{"email": "a@example.com", "tags": []string{"b", "a"}, "attributes": fields{"n": 1, "f": 1.5}}).require(t, 201)
		for path, body := range map[string]any{
			"/me":                                    fields{"full_name": root.user.FullName, "timezone": root.user.Timezone},
			fmt.Sprintf("/clients/%d", client.id(t)): `{"email":" A@Example.com","tags":["a","b","a"],"attributes":{"f":1.50,"n":1.0,"z":null}}`,
			fmt.Sprintf("/messages/%d", makeMessage(t, root)): fields{"name": " Hello "},
			fmt.Sprintf("/groups/%d", root.do(t, "POST", "/groups", fields{"name": "g", "permissions": []string{"users.block"}}).id(t)): fields{
				"name": "g", "permissions": []string{"users.block", "users.block"},
			},
			userPath(anna.user): fields{"is_active": true, "groups": []string{}},
		} {
			before := root.do(t, "GET", path, nil).require(t, 200)
			for _, same := range []any{body, fields{}} {
				after := root.do(t, "PATCH", path, same).require(t, 200)
				require.Equal(t, before.header.Get("ETag"), after.header.Get("ETag"), path)
				require.JSONEq(t, string(before.body), string(after.body), path)
			}
			require.JSONEq(t, string(before.body), string(root.do(t, "GET", path, nil).body), path)
		}
	})
}

// TestIfMatch follows RFC 9110 §13.1.1: one of a list will do, and the
// comparison is the strong one.
func TestIfMatch(t *testing.T) {
	t.Parallel()
	read := func(lines ...string) model.IfMatch {
		r := httptest.NewRequest(http.MethodPatch, "/", nil)
		for _, line := range lines {
			r.Header.Add("If-Match", line)
		}
		return api.IfMatch(echo.New().NewContext(r, httptest.NewRecorder()))
	}
	require.Nil(t, read())
	require.Nil(t, read(" * "))
	require.Equal(t, model.IfMatch{7}, read(`"7"`))
	require.Equal(t, model.IfMatch{3, 5, 7}, read(`"0", "3" ,"x",W/"4"`, `"5","7"`))
	for _, none := range []string{`W/"7"`, `7`, `"7`, `""7""`, `"07"`, `"+7"`, `"-1"`, `"0"`, `x`, `,`, `"99999999999999999999"`, `"7"x`, `'7'`} {
		got := read(none)
		require.NotNil(t, got, none)
		require.Empty(t, got, none)
	}

	each(t, func(t *testing.T, h *harness) {
		anna := h.user(t)
		for _, path := range []string{
			fmt.Sprintf("/clients/%d", makers["/clients/:id"](t, anna)), fmt.Sprintf("/messages/%d", makeMessage(t, anna)),
			fmt.Sprintf("/mailings/%d", makeMailing(t, anna, true)),
		} {
			for _, wrong := range []string{`"0", "3"`, `W/"1"`, `1`, `nonsense`} {
				anna.do(t, "PATCH", path, fields{}, header{"If-Match", wrong}).problem(t, 412, "precondition_failed")
				anna.do(t, "DELETE", path, nil, header{"If-Match", wrong}).problem(t, 412, "precondition_failed")
			}
			anna.do(t, "PATCH", path, fields{}, header{"If-Match", "*"}).require(t, 200)
			anna.do(t, "PATCH", path, fields{}, header{"If-Match", `"0", "1","2"`}).require(t, 200)
			anna.do(t, "DELETE", path, nil, header{"If-Match", `"0","1","2","3"`}).require(t, 204)
			anna.do(t, "DELETE", path, nil, header{"If-Match", "*"}).problem(t, 404, "not_found")
		}
	})
}

// TestBodiesComePlain: a coding that nobody undoes would look like broken JSON.
func TestBodiesComePlain(t *testing.T) {
	t.Parallel()
	anna := one(t).user(t)
	for _, coding := range []string{"gzip", "br", "deflate", "gzip, identity", "x"} {
		p := anna.do(t, "PATCH", "/me", `{"full_name":"x"}`, header{"Content-Encoding", coding}).problem(t, 415, "unsupported_media_type")
		require.Contains(t, p.Detail, "Content-Encoding")
	}
	anna.do(t, "PATCH", "/me", `{"full_name":"x"}`, header{"Content-Encoding", "Identity"}).require(t, 200)
	u, err := anna.h.store.User(context.Background(), anna.user.ID)
	require.NoError(t, err)
	require.Equal(t, "x", u.FullName)
}
