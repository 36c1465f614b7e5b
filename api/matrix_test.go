package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/docs/openapi"
	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// makers make a row of somebody's and say its id, for each path with one; those
// of staff make what the path is about. A route whose path is not here fails the
// matrix.
var makers = map[string]func(t *testing.T, owner *caller) int64{
	"/clients/:id": func(t *testing.T, owner *caller) int64 {
		return owner.do(t, "POST", "/clients", fields{"email": fresh("row") + "@example.com", "tags": []string{"vip"}}).require(t, 201).id(t)
	},
	"/suppressions/:id": func(t *testing.T, owner *caller) int64 {
		return owner.do(t, "POST", "/suppressions", fields{"email": fresh("no") + "@example.com", "reason": "blocked"}).require(t, 201).id(t)
	},
	"/messages/:id":   makeMessage,
	"/test-mails/:id": makeTest,
	"/mailings/:id":   func(t *testing.T, owner *caller) int64 { return makeMailing(t, owner, true) },
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
		k := &model.APIKey{UserID: owner.user.ID, Name: "row", Prefix: fresh("prk_"), Hash: "-", Scopes: model.Scopes}
		require.NoError(t, owner.h.store.CreateAPIKey(context.Background(), k))
		return k.ID
	},
	"/me/sessions/:id": func(t *testing.T, owner *caller) int64 {
		x := &model.Session{UserID: owner.user.ID, Nonce: "n"}
		require.NoError(t, owner.h.store.CreateSession(context.Background(), x, passwordHash()))
		return x.ID
	},
	"/users/:id": func(t *testing.T, owner *caller) int64 { return testkit.User(t, owner.h.store).ID },
	"/groups/:id": func(t *testing.T, owner *caller) int64 {
		g := &model.Group{Name: fresh("group")}
		require.NoError(t, owner.h.store.CreateGroup(context.Background(), g))
		return g.ID
	},
	"/audit/:id": func(t *testing.T, owner *caller) int64 {
		require.NoError(t, owner.h.store.Audit(context.Background(), model.AuditEvent{Action: model.AuditExported}))
		found, err := owner.h.store.AuditEvents(context.Background(), model.Viewer{Superuser: true}, store.AuditFilter{}, store.Page{Limit: 1})
		require.NoError(t, err)
		return found.Items[0].ID
	},
	"/transports/:id": func(t *testing.T, owner *caller) int64 {
		x := &model.Transport{Name: fresh("transport"), Host: "smtp.example.com", Port: 587, TLS: model.TLSRequired, Connections: 1, Enabled: false}
		require.NoError(t, owner.h.store.CreateTransport(context.Background(), x))
		return x.ID
	},
}

func fresh(word string) string { return fmt.Sprint(word, testkit.Number()) }

func makeMessage(t *testing.T, owner *caller) int64 {
	return owner.do(t, "POST", "/messages", fields{"name": "Hello", "subject": "Hello", "text": "Hello"}).require(t, 201).id(t)
}

func makeMailing(t *testing.T, owner *caller, draft bool) int64 {
	return owner.do(t, "POST", "/mailings", fields{
		"name": "Hello", "message_id": makeMessage(t, owner), "audience": fields{"all": true}, "draft": draft,
	}).require(t, 201).id(t)
}

// through is any answer that is not a refusal of the caller.
const through = 0

// actor is one column of the matrix.
type actor struct {
	name   string
	nobody bool // whose token is none, or none any more
	root   bool // a superuser
	holds  []model.Permission
	scopes []model.Scope // of an API key; nil: signed in
	caller *caller
}

// verdict is what the table promises an actor on a row that is its own,
// another's, or not there.
func verdict(row api.Row, a *actor, whose string) int {
	switch {
	case row.Path == "/auth/refresh": // wants a token of its own, which nobody gives here
		return 401
	case row.Path == "/auth/logout": // does without the guard, and takes sessions alone
		if a.nobody || a.scopes != nil {
			return 401
		}
		return through
	case row.Access == "anybody":
		return through
	case a.nobody:
		return 401
	case !a.admitted(row.Access):
		return 403
	case a.scopes != nil && row.Scope != "*" && !slices.Contains(a.scopes, row.Scope):
		return 403
	case whose == "unknown":
		return 404
	case whose != "foreign" || row.Reach == "installation":
		return through
	case row.Reach == "own":
		return 404
	case a.root, row.Reach == "stop" && slices.Contains(a.holds, row.By[0]):
		return through
	case !slices.ContainsFunc(row.By, func(p model.Permission) bool { return slices.Contains(a.holds, p) }):
		return 404
	case row.Reach == "read":
		return through
	}
	return 403 // seen, and not to be changed
}

func (a *actor) admitted(access string) bool {
	switch access {
	case "anybody", "user":
		return true
	case "superuser":
		return a.root
	}
	return a.root || slices.Contains(a.holds, model.Permission(access))
}

// matrix asks each call of the table as each actor.
type matrix struct {
	*harness
	actors []*actor // people first, then keys
	people int
	other  *caller                   // whose rows are the foreign ones
	kept   map[string]int64          // rows that reading leaves as they are
	mail   func(owner *caller) int64 // a captured mail
	cells  map[string]int            // how many were asked, by what was expected
}

func newMatrix(t *testing.T, st *store.Store) *matrix {
	t.Helper()
	box, err := mailbox.Open(t.TempDir(), mailbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, box.Close()) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	box.Serve(l)
	h := newHarness(t, st, func(d *api.Deps) { d.Inbox = box })
	m := &matrix{harness: h, other: h.user(t), kept: map[string]int64{}, cells: map[string]int{}}
	m.mail = func(owner *caller) int64 {
		capture(t, "to@example.com", fmt.Sprintf("r1:u%d:mailing:postrider", owner.user.ID), "Hi", box)
		return box.List(func(mailbox.Entry) bool { return true }, 0, 1)[0].ID
	}

	others := slices.DeleteFunc(slices.Clone(model.Permissions), func(p model.Permission) bool { return slices.Contains(model.ManagerPermissions, p) })
	blocked, root := h.user(t), h.superuser(t)
	blockedKey := blocked.key(t, model.ClientsRead)
	_, err = h.store.ChangeUser(context.Background(), root.user.Viewer(), blocked.user.ID, nil, func(u *model.User) error { u.IsActive = false; return nil })
	require.NoError(t, err)
	m.actors = []*actor{
		{name: "anonymous", nobody: true, caller: h.anonymous()},
		{name: "expired token", nobody: true, caller: expired(t, h.user(t))},
		{name: "blocked", nobody: true, caller: blocked},
		{name: "key of a blocked", nobody: true, caller: blockedKey},
		{name: "user", caller: h.user(t)},
		{name: "staff without a group", caller: h.holder(t)},
		{name: "manager", holds: model.ManagerPermissions, caller: h.manager(t)},
		{name: "holder of the other permissions", holds: others, caller: h.holder(t, others...)},
		{name: "superuser", root: true, caller: root},
	}
	m.people = len(m.actors)
	for _, owner := range []*actor{
		{name: "user", caller: h.user(t)}, {name: "manager", holds: model.ManagerPermissions, caller: h.manager(t)}, {name: "superuser", root: true, caller: h.superuser(t)},
	} {
		for _, scope := range model.Scopes {
			without := slices.DeleteFunc(slices.Clone(model.Scopes), func(s model.Scope) bool { return s == scope })
			if !owner.root { // nobody else is given it
				without = slices.DeleteFunc(without, func(s model.Scope) bool { return s == model.SystemRead })
				if scope == model.SystemRead {
					continue
				}
			}
			with, lacks := *owner, *owner
			with.name, with.scopes, with.caller = owner.name+"'s key with "+string(scope), []model.Scope{scope}, owner.caller.key(t, scope)
			lacks.name, lacks.scopes, lacks.caller = owner.name+"'s key without "+string(scope), without, owner.caller.key(t, without...)
			m.actors = append(m.actors, &with, &lacks)
		}
	}
	return m
}

// expired is somebody whose access token has run out.
func expired(t *testing.T, c *caller) *caller {
	claims := jwt.MapClaims{}
	was, _, err := jwt.NewParser().ParseUnverified(c.token, claims)
	require.NoError(t, err)
	claims["exp"] = time.Now().Add(-time.Second).Unix()
	token := jwt.NewWithClaims(was.Method, claims)
	token.Header = was.Header
	signed, err := token.SignedString(c.h.keys.Derive("access token"))
	require.NoError(t, err)
	return &caller{h: c.h, user: c.user, token: signed}
}

// concerns reports whether an actor is asked about a row: a key with or without
// a scope where that is the one, and where no key is let in.
func (a *actor) concerns(row api.Row) bool {
	if a.scopes == nil {
		return true
	}
	if row.Scope == "-" || row.Scope == "*" {
		return strings.HasSuffix(a.name, string(model.ClientsRead))
	}
	return strings.HasSuffix(a.name, string(row.Scope))
}

// TestAuthorisationMatrix asks every call of the table, as everybody, on real
// rows: one's own, another's, and one that does not exist. What is expected is
// the table's own promise; that the promise is the right one is for the reader
// of docs/authorization.md.
func TestAuthorisationMatrix(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) { newMatrix(t, st).whole(t) })
}

func (m *matrix) whole(t *testing.T) {
	for _, row := range m.api.Table() {
		t.Run(row.Method+" "+row.Path, func(t *testing.T) {
			for _, a := range m.actors {
				if !a.concerns(row) {
					continue
				}
				if !strings.Contains(row.Path, ":") || strings.HasSuffix(row.Path, ":token") {
					m.ask(t, row, a, "", m.path(t, row, m.other, 999999999))
					continue
				}
				m.ask(t, row, a, "unknown", m.path(t, row, m.other, 999999999))
				m.ask(t, row, a, "foreign", m.path(t, row, m.other, 0))
				if !a.nobody {
					m.ask(t, row, a, "own", m.path(t, row, m.signedIn(t, a), 0))
				}
			}
		})
	}
	t.Run("at the root", func(t *testing.T) {
		for _, row := range m.api.RootTable() {
			for _, a := range m.actors {
				if !a.concerns(row) {
					continue
				}
				got := a.caller.root(t, row.Method, strings.ReplaceAll(row.Path, ":token", "none"), nil).status
				m.hold(t, row, a, "", got)
			}
		}
	})
	t.Run("other methods", func(t *testing.T) {
		table := map[string][]string{}
		for _, row := range m.api.Table() {
			table[row.Path] = append(table[row.Path], row.Method)
		}
		for path, methods := range table {
			// what is no method of /clients/bulk may be one of /clients/:id
			if i := strings.LastIndex(path, "/"); !strings.Contains(path[i:], ":") {
				methods = append(methods, table[path[:i]+"/:id"]...)
				methods = append(methods, table[path[:i]+"/:run_id"]...)
			}
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
				for _, a := range m.actors[:m.people] {
					if !slices.Contains(methods, method) {
						path := m.path(t, api.Row{Path: path}, m.other, 999999999)
						require.Equal(t, 405, a.caller.status(method, path), "%s: %s %s", a.name, method, path)
						m.cells["405"]++
					}
				}
			}
		}
	})
	all := 0
	for _, n := range m.cells {
		all += n
	}
	if !t.Failed() {
		t.Logf("%d calls, %d actors: %d cells, all as expected: %v", len(m.api.Table())+len(m.api.RootTable()), len(m.actors), all, m.cells)
	}
}

// status is that of a call which the contract does not know.
func (c *caller) status(method, path string) int {
	r, w := httptest.NewRequest(method, "/api/v1"+path, nil), httptest.NewRecorder()
	r.Header.Set("Authorization", "Bearer "+c.token)
	c.h.api.ServeHTTP(w, r)
	return w.Code
}

// ask is a call with the least body that reaches the row; only the status
// counts.
func (m *matrix) ask(t *testing.T, row api.Row, a *actor, whose, path string) {
	t.Helper()
	var body any
	if row.Method == http.MethodPost || row.Method == http.MethodPatch {
		body = fields{}
	}
	if row.Path == "/mailings" && row.Method == http.MethodPost {
		body = fields{"draft": true} // another asks for one scope more
	}
	c := a.caller
	if !a.nobody && a.scopes == nil {
		c = m.signedIn(t, a)
	}
	m.hold(t, row, a, whose, c.do(t, row.Method, path, body).status)
	if row.Method == http.MethodGet { // whoever may GET may HEAD, and nobody else
		m.hold(t, row, a, whose, c.do(t, http.MethodHead, path, nil).status)
	}
}

// hold compares an answer with the promise.
func (m *matrix) hold(t *testing.T, row api.Row, a *actor, whose string, got int) {
	t.Helper()
	want := verdict(row, a, whose)
	cell := fmt.Sprintf("%s %s as %s, %s", row.Method, row.Path, a.name, whose)
	if want != through {
		require.Equal(t, want, got, cell)
		m.cells[fmt.Sprint(want)]++
		return
	}
	if !strings.HasSuffix(row.Path, ":token") { // one that was never given is not there
		require.NotContains(t, []int{401, 403, 404, 405, 500}, got, cell)
	}
	m.cells["let through"]++
}

// path is the path of a row of the owner's, fresh where asking may change it,
// or with an id that is given.
func (m *matrix) path(t *testing.T, row api.Row, owner *caller, id int64) string {
	t.Helper()
	if !strings.Contains(row.Path, ":") {
		return row.Path
	}
	if id == 0 {
		id = m.row(t, row, owner)
	}
	client := id
	if strings.Contains(row.Path, ":client_id") && id != 999999999 {
		client = makers["/clients/:id"](t, owner)
	}
	return strings.NewReplacer(":token", "none", ":client_id", fmt.Sprint(client), ":run_id", fmt.Sprint(id), ":id", fmt.Sprint(id)).Replace(row.Path)
}

func (m *matrix) row(t *testing.T, row api.Row, owner *caller) int64 {
	t.Helper()
	prefix := pathPrefix(row.Path)
	make, known := makers[prefix]
	if prefix == "/inbox/:id" {
		make, known = func(_ *testing.T, owner *caller) int64 { return m.mail(owner) }, true
	}
	require.True(t, known, "%s needs a maker", prefix)
	if row.Method != http.MethodGet {
		return make(t, owner)
	}
	key := fmt.Sprintf("%s of %d", prefix, owner.user.ID)
	if m.kept[key] == 0 {
		m.kept[key] = make(t, owner)
	}
	return m.kept[key]
}

// signedIn is the account behind an actor with a living session: some calls end
// it.
func (m *matrix) signedIn(t *testing.T, a *actor) *caller {
	t.Helper()
	c := a.caller
	if a.scopes != nil {
		return m.as(t, c.user)
	}
	if c.do(t, "GET", "/me", nil).status != 200 {
		a.caller = m.as(t, c.user)
	}
	return a.caller
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

// TestForeignAndUnknownIDsAnswerAlike compares whole answers: nothing may tell
// a stranger that a row exists.
func TestForeignAndUnknownIDsAnswerAlike(t *testing.T) {
	t.Parallel()
	h := one(t)
	stranger := h.user(t)
	for prefix, make := range makers {
		if slices.Contains([]string{"/users/:id", "/groups/:id", "/transports/:id", "/audit/:id"}, prefix) {
			continue // of staff, and nobody's own
		}
		owner := h.user(t)
		var answers []problem
		for _, id := range []string{fmt.Sprint(make(t, owner)), "999999999", "0", "-1", "x", "1.5", "+1", "99999999999999999999"} {
			for _, row := range h.api.Table() {
				if pathPrefix(row.Path) == prefix {
					path := strings.NewReplacer(":client_id", id, ":run_id", id, ":id", id).Replace(row.Path)
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
