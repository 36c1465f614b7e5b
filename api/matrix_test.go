package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/docs/openapi"
	"github.com/postrider/postrider/pkg/model"
)

// makers make a row of somebody's and say its id, for each path with one. A
// route whose path is not here and has an id must be for staff only, or fails
// the matrix.
var makers = map[string]func(t *testing.T, owner *caller) int64{
	"/clients/:id": func(t *testing.T, owner *caller) int64 {
		return owner.do(t, "POST", "/clients", fields{"email": "row@example.com", "tags": []string{"vip"}}).require(t, 201).id(t)
	},
	"/suppressions/:id": func(t *testing.T, owner *caller) int64 {
		return owner.do(t, "POST", "/suppressions", fields{"email": "no@example.com", "reason": "blocked"}).require(t, 201).id(t)
	},
	"/messages/:id": makeMessage,
	"/mailings/:id": func(t *testing.T, owner *caller) int64 { return makeMailing(t, owner, true) },
	"/reports/:run_id": func(t *testing.T, owner *caller) int64 {
		mailing := makeMailing(t, owner, false)
		var runs struct {
			Items []struct {
				RunID int64 `json:"run_id"`
			} `json:"items"`
		}
		owner.do(t, "GET", fmt.Sprintf("/mailings/%d/runs", mailing), nil).require(t, 200).json(t, &runs)
		require.NotEmpty(t, runs.Items)
		return runs.Items[0].RunID
	},
	"/api-keys/:id": func(t *testing.T, owner *caller) int64 {
		return owner.do(t, "POST", "/api-keys", fields{"name": "row", "scopes": []string{"clients:read"}}).require(t, 201).id(t)
	},
	"/me/sessions/:id": func(t *testing.T, owner *caller) int64 {
		x := &model.Session{UserID: owner.user.ID, Nonce: "n"}
		require.NoError(t, owner.h.store.CreateSession(context.Background(), x))
		return x.ID
	},
}

func makeMessage(t *testing.T, owner *caller) int64 {
	return owner.do(t, "POST", "/messages", fields{"name": "Hello", "subject": "Hello", "text": "Hello"}).require(t, 201).id(t)
}

func makeMailing(t *testing.T, owner *caller, draft bool) int64 {
	return owner.do(t, "POST", "/mailings", fields{
		"name": "Hello", "message_id": makeMessage(t, owner), "audience": fields{"all": true}, "draft": draft,
	}).require(t, 201).id(t)
}

// seenOnly are the writes that change nothing of the row: whoever may see it
// may ask them.
var seenOnly = []string{"/messages/:id/preview"}

// oddOnes refuse for other reasons: they want a token in the body, or have no
// captured inbox here.
var oddOnes = []string{"/auth/logout", "/auth/refresh", "/inbox"}

// TestAuthorisationMatrix asks every route of the table as everybody: nobody,
// a user, staff without a group, a manager, a superuser; on rows that are
// theirs and rows that are not.
func TestAuthorisationMatrix(t *testing.T) {
	t.Parallel()
	h := one(t)
	for _, row := range h.api.Table() {
		t.Run(row.Method+" "+row.Path, func(t *testing.T) {
			// Each row of the table has accounts of its own: some end their sessions.
			callers := map[string]*caller{
				"anonymous": h.anonymous(), "user": h.user(t), "staff": h.holder(t),
				"manager": h.manager(t), "superuser": h.superuser(t),
			}
			prefix := pathPrefix(row.Path)
			for role, c := range callers {
				got := c.ask(t, row.Method, strings.NewReplacer(":id", "999999999", ":run_id", "999999999", ":client_id", "999999999").Replace(row.Path))
				switch {
				case role == "anonymous" && row.Access == "anybody":
					if !slices.Contains(oddOnes, row.Path) {
						require.NotContains(t, []int{401, 403}, got, role)
					}
				case role == "anonymous":
					require.Equal(t, 401, got, role)
				case !admitted(row.Access, role):
					require.Equal(t, 403, got, role)
				case prefix != "" && row.Path != "/permissions":
					require.Equal(t, 404, got, "%s, an id that does not exist", role)
				case !slices.Contains(oddOnes, row.Path):
					require.NotContains(t, []int{401, 403, 404}, got, role)
				}
			}
			if prefix == "" || strings.HasPrefix(prefix, "/inbox") || prefix == "/downloads/:token" {
				return
			}
			make, known := makers[prefix]
			if !known {
				require.NotContains(t, []string{"user", "anybody"}, row.Access, "a route for users on rows needs a maker")
				return
			}
			for _, role := range []string{"user", "staff", "manager", "superuser"} {
				mine, other := h.renewed(t, callers[role]), h.user(t)
				if admitted(row.Access, role) {
					got := mine.ask(t, row.Method, withID(t, mine, row.Path, make(t, mine)))
					require.NotContains(t, []int{401, 403, 404}, got, "%s, own row", role)
				}
				mine = h.renewed(t, mine)
				got := mine.ask(t, row.Method, withID(t, other, row.Path, make(t, other)))
				switch {
				case prefix == "/me/sessions/:id", prefix == "/api-keys/:id":
					require.Equal(t, 404, got, "%s, foreign row", role)
				case role == "superuser":
					require.NotContains(t, []int{401, 403, 404}, got, "%s, foreign row", role)
				case !admitted(row.Access, role):
					require.Equal(t, 403, got, "%s, foreign row", role)
				case role == "user" || role == "staff":
					require.Equal(t, 404, got, "%s, foreign row", role)
				case row.Method == http.MethodGet || slices.Contains(seenOnly, row.Path):
					require.NotContains(t, []int{401, 403, 404}, got, "%s, foreign row", role)
				default:
					require.Equal(t, 403, got, "%s, foreign row", role)
				}
			}
		})
	}
}

// pathPrefix is the part of a path up to its id, "" without one.
func pathPrefix(path string) string {
	i := strings.Index(path, ":")
	if i < 0 {
		return ""
	}
	if end := strings.Index(path[i:], "/"); end >= 0 {
		return path[:i+end]
	}
	return path
}

// withID puts an id into a path, and that of a client of the same owner into
// one that wants both.
func withID(t *testing.T, owner *caller, path string, id int64) string {
	if strings.Contains(path, ":client_id") {
		path = strings.ReplaceAll(path, ":client_id", fmt.Sprint(makers["/clients/:id"](t, owner)))
	}
	return strings.NewReplacer(":run_id", fmt.Sprint(id), ":id", fmt.Sprint(id)).Replace(path)
}

func admitted(access, role string) bool {
	switch access {
	case "anybody", "user":
		return true
	case "superuser":
		return role == "superuser"
	}
	return role == "superuser" || role == "manager" && slices.Contains(model.ManagerPermissions, model.Permission(access))
}

// ask is a call with an empty object where a body may be; only the status
// counts.
func (c *caller) ask(t *testing.T, method, path string) int {
	t.Helper()
	if method == "GET" || method == "DELETE" {
		return c.do(t, method, path, nil).status
	}
	return c.do(t, method, path, fields{}).status
}

// renewed is the same account with a living session.
func (h *harness) renewed(t *testing.T, c *caller) *caller {
	t.Helper()
	if c.do(t, "GET", "/me", nil).status == 200 {
		return c
	}
	return h.as(t, c.user)
}

// TestForeignAndUnknownIDsAnswerAlike compares whole answers: nothing may tell
// a stranger that a row exists.
func TestForeignAndUnknownIDsAnswerAlike(t *testing.T) {
	t.Parallel()
	h := one(t)
	stranger := h.user(t)
	for prefix, make := range makers {
		owner := h.user(t)
		var answers []problem
		for _, id := range []string{fmt.Sprint(make(t, owner)), "999999999", "0", "-1", "x", "1.5", "+1", "99999999999999999999"} {
			path := strings.NewReplacer(":run_id", id, ":id", id).Replace(prefix)
			for _, row := range h.api.Table() {
				if row.Path == prefix {
					p := stranger.do(t, row.Method, path, nil).problem(t, 404, "not_found")
					p.Instance, p.RequestID = "", ""
					answers = append(answers, p)
				}
			}
		}
		for _, p := range answers {
			require.Equal(t, answers[0], p, prefix)
		}
	}
}

// TestEveryRouteIsInTheContract compares the table with the OpenAPI file, both
// ways.
func TestEveryRouteIsInTheContract(t *testing.T) {
	t.Parallel()
	h := one(t)
	doc, err := openapi3.NewLoader().LoadFromData(openapi.OpenAPIJSON)
	require.NoError(t, err)
	var want, got []string
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			got = append(got, method+" "+path)
			require.NotEmpty(t, operation.Summary, path)
			require.NotEmpty(t, operation.OperationID, path)
		}
	}
	for _, row := range h.api.Table() {
		var parts []string
		for part := range strings.SplitSeq(row.Path, "/") {
			if name, is := strings.CutPrefix(part, ":"); is {
				part = "{" + name + "}"
			}
			parts = append(parts, part)
		}
		path := strings.Join(parts, "/")
		want = append(want, row.Method+" "+path)
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(row.Method) == nil {
			continue // told below, with the others
		}
		operation := item.GetOperation(row.Method)
		secured := operation.Security != nil && len(*operation.Security) > 0
		if row.Path != "/auth/logout" { // with a token or without
			require.Equal(t, row.Access != "anybody", secured, "@Security of %s %s", row.Method, path)
		}
		for status := range operation.Responses.Map() {
			if status >= "400" {
				raw, err := json.Marshal(operation.Responses.Value(status))
				require.NoError(t, err)
				require.Contains(t, string(raw), "application/problem+json", "%s %s: %s", row.Method, path, status)
			}
		}
	}
	require.ElementsMatch(t, want, got, "run make generate")
}
