package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/docs/openapi"
)

// unbound are texts that are compared, or not looked at, and kept nowhere, so
// that the limit of the body is theirs; an end with a star stands for any.
var unbound = []string{
	"POST /mailings/audience *", "POST /mailings/occurrences *", "POST /clients/bulk filter.*", "POST /clients/bulk cursor",
	"POST /messages/preview name", "POST /messages/preview sample*", "POST /messages/{id}/preview sample*", "POST /auth/login email",
	"POST /auth/refresh refresh_token", "POST /auth/logout refresh_token", "POST /auth/login password", "POST /me/password current_password",
	"POST /auth/confirm token", "POST /auth/password/reset token",
}

// TestEveryTextHasALength gives each text of each body far more than anybody
// types: the answer names the field. A list of texts is as long as a body can
// be.
func TestEveryTextHasALength(t *testing.T) {
	t.Parallel()
	h := one(t)
	o := h.office(t)
	report, run := o.ended(t)
	_ = report
	super := h.superuser(t)
	doc, err := openapi3.NewLoader().LoadFromData(openapi.OpenAPIJSON)
	require.NoError(t, err)
	ids := map[string]int64{
		"clients": o.clients[0], "messages": o.message, "mailings": makeMailing(t, o.caller, true), "reports": run, "users": o.user.ID,
		"groups":     super.do(t, "POST", "/groups", object{"name": "lengths", "permissions": []string{}}).require(t, 201).id(t),
		"transports": super.do(t, "POST", "/transports", object{"name": "lengths", "host": "mail.example.com", "port": 25, "tls": "none"}).require(t, 201).id(t),
	}
	long := func(name string) string {
		if name == "html" || name == "text" {
			return strings.Repeat("a", 900_000)
		}
		return strings.Repeat("a", 60_000)
	}
	tried := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody == nil || method == http.MethodGet || op.RequestBody.Value.Content["application/json"] == nil {
				continue
			}
			noun, _, _ := strings.Cut(path[1:], "/")
			at := path
			for _, name := range []string{"{id}", "{run_id}"} {
				at = strings.ReplaceAll(at, name, fmt.Sprint(ids[noun]))
			}
			who := o.caller
			if slices.Contains([]string{"users", "groups", "transports"}, noun) {
				who = super
			}
			for field, body := range texts("", op.RequestBody.Value.Content["application/json"].Schema.Value, long) {
				if slices.ContainsFunc(unbound, func(u string) bool {
					begin, open := strings.CutSuffix(u, "*")
					name := method + " " + path + " " + field
					return name == u || open && strings.HasPrefix(name, begin)
				}) {
					continue
				}
				tried++
				raw, err := json.Marshal(body)
				require.NoError(t, err)
				a := who.do(t, method, at, raw)
				if a.status == http.StatusUnauthorized && strings.HasPrefix(path, "/auth/") {
					continue // nobody has such a password or address
				}
				if !assert.Equal(t, 422, a.status, "%s %s of %s: %.300s", method, path, field, a.body) {
					continue
				}
				var p problem
				a.json(t, &p)
				assert.True(t, slices.ContainsFunc(p.Errors, func(e struct {
					Field   string `json:"field"`
					Code    string `json:"code"`
					Message string `json:"message"`
				},
				) bool {
					return e.Field == field || strings.HasPrefix(e.Field, field+".")
				}), "%s %s does not say that %s is too long: %.600s", method, path, field, a.body)
			}
		}
	}
	require.Greater(t, tried, 40)
}

// texts are bodies with one text in them, by the name of its field.
func texts(prefix string, s *openapi3.Schema, long func(string) string) map[string]any {
	out := map[string]any{}
	for name, p := range s.Properties {
		v := p.Value
		if len(v.AllOf) == 1 {
			v = v.AllOf[0].Value
		}
		switch {
		case v.Type.Is("string"):
			body := map[string]any{name: long(name)}
			for field, beside := range map[string]map[string]any{"cron": {"every": "cron"}, "password": {"username": "u", "email": "a@example.com"}} {
				for other, value := range beside {
					if name == field && s.Properties[other] != nil { // without it the field does not count
						body[other] = value
					}
				}
			}
			out[prefix+name] = body
		case v.Type.Is("array") && v.Items.Value.Type.Is("string"):
			out[prefix+name] = map[string]any{name: []string{long(name)}}
		case v.Type.Is("object") || len(v.Properties) > 0:
			if len(v.Properties) == 0 {
				out[prefix+name] = map[string]any{name: map[string]any{"a": long(name)}}
			}
			for inner, body := range texts(prefix+name+".", v, long) {
				out[inner] = map[string]any{name: body}
			}
		}
	}
	return out
}
