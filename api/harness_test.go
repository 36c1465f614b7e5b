package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/docs/openapi"
	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "a long enough password"

// harness is the whole HTTP surface on a database of the test's own.
type harness struct {
	store *store.Store
	auth  *auth.Service
	keys  auth.Keys
	api   *api.Server
	log   *lockedBuffer
}

// each runs a test on both dialects, in parallel.
func each(t *testing.T, test func(t *testing.T, h *harness), changes ...func(*api.Deps)) {
	t.Helper()
	testkit.Each(t, func(t *testing.T, st *store.Store) { test(t, newHarness(t, st, changes...)) })
}

// one runs a test on SQLite alone: for what has nothing to do with SQL.
func one(t *testing.T, changes ...func(*api.Deps)) *harness {
	t.Helper()
	return newHarness(t, testkit.Store(t, testkit.SQLite), changes...)
}

func newHarness(t *testing.T, st *store.Store, changes ...func(*api.Deps)) *harness {
	t.Helper()
	keys, err := auth.NewKeys(bytes.Repeat([]byte("k"), auth.MinSecret))
	require.NoError(t, err)
	h := &harness{store: st, auth: auth.New(st, keys), keys: keys, log: &lockedBuffer{}}
	d := api.Deps{
		Store: st, Auth: h.auth, Sealer: keys.Sealer("transports"), BodyKeys: [][]byte{keys.Derive("bodies")},
		CheckTransport: func(context.Context, *model.Transport, string) model.TransportCheck {
			return model.TransportCheck{OK: true, Phase: model.PhaseAuth, Code: 235}
		},
		Queues: func(context.Context) ([]api.QueueState, error) { return nil, errors.New("no queue") },
		Mailings: mailing.New(st, noQueue{}, mailing.Options{
			PublicURL: "http://localhost:8080", FromName: "Postrider", FromEmail: "postrider@example.com", LinkKey: keys.Derive("links"),
		}),
		PublicURL: "http://localhost:8080", Registration: true, Version: "test",
		Frontend: fstest.MapFS{
			"index.html":           {Data: []byte("<!doctype html><title>Postrider</title>")},
			"favicon.svg":          {Data: []byte("<svg/>")},
			"assets/app-a1b2c3.js": {Data: []byte(strings.Repeat("console.log(1);\n", 200))},
		},
		Metrics: prometheus.NewRegistry(), MetricsHere: true,
		Log: slog.New(slog.NewJSONHandler(h.log, nil)),
	}
	for _, change := range changes {
		change(&d)
	}
	h.api, err = api.New(d)
	require.NoError(t, err)
	return h
}

// noQueue loses every hint, as a Redis that is away does: nothing the API
// answers may depend on one.
type noQueue struct{}

func (noQueue) Start(context.Context, int64, time.Time) error { return errors.New("no queue") }
func (noQueue) Deliver(context.Context, int64, int) error     { return errors.New("no queue") }
func (noQueue) Mail(context.Context, int64) error             { return errors.New("no queue") }
func (noQueue) Repair(context.Context) error                  { return nil }

// caller is somebody with, or without, an access token.
type caller struct {
	h     *harness
	user  *model.User
	token string
}

func (h *harness) anonymous() *caller { return &caller{h: h} }

// user is a plain account.
func (h *harness) user(t *testing.T) *caller {
	t.Helper()
	return h.as(t, testkit.User(t, h.store, withPassword))
}

func (h *harness) manager(t *testing.T) *caller {
	t.Helper()
	return h.as(t, testkit.Manager(t, h.store, withPassword))
}

func (h *harness) superuser(t *testing.T) *caller {
	t.Helper()
	return h.as(t, testkit.Superuser(t, h.store, withPassword))
}

// holder is a member of the staff with these permissions.
func (h *harness) holder(t *testing.T, permissions ...model.Permission) *caller {
	t.Helper()
	g := &model.Group{Name: "holders " + string(rune('a'+testkit.Number()%26)) + t.Name(), Permissions: permissions}
	require.NoError(t, h.store.CreateGroup(context.Background(), g))
	return h.as(t, testkit.User(t, h.store, withPassword, func(u *model.User) { u.IsStaff, u.Groups = true, []string{g.Name} }))
}

// the hash is made once: hashing is slow on purpose.
var passwordHash = sync.OnceValue(func() string {
	hash, err := auth.HashPassword(context.Background(), password)
	if err != nil {
		panic(err)
	}
	return hash
})

// withPassword: password opens the account.
func withPassword(u *model.User) { u.PasswordHash = passwordHash() }

// as signs somebody in who is in the database; password opens the account.
func (h *harness) as(t *testing.T, u *model.User) *caller {
	t.Helper()
	if u.PasswordHash == "-" { // fresh from testkit
		require.NoError(t, h.store.SetPassword(context.Background(), u.ID, u.PasswordHash, passwordHash(), 0, model.AuditPasswordChanged))
		u.PasswordHash = passwordHash()
	}
	now, err := h.store.Credentials(context.Background(), u.Email) // a test may have changed the password
	require.NoError(t, err)
	tokens, err := h.auth.SignIn(context.Background(), now, auth.Device{UserAgent: "test", IP: "192.0.2.1"})
	require.NoError(t, err)
	return &caller{h: h, user: u, token: tokens.Access}
}

// key is a program with an API key of somebody's.
func (c *caller) key(t *testing.T, scopes ...model.Scope) *caller {
	t.Helper()
	var made struct{ Key string }
	c.do(t, "POST", "/api-keys", fields{"name": "a program", "scopes": scopes}).require(t, 201).json(t, &made)
	return &caller{h: c.h, user: c.user, token: made.Key}
}

// header is a line of a request's head, for do.
type header struct{ name, value string }

// do calls the API: a path below /api/v1, a body (nil: none; a string or
// []byte: as it is; anything else: as JSON), more headers. The answer is
// checked against the contract.
func (c *caller) do(t *testing.T, method, path string, body any, headers ...header) *answer {
	t.Helper()
	return c.root(t, method, "/api/v1"+path, body, headers...)
}

// root is do for a path from the root.
func (c *caller) root(t *testing.T, method, path string, body any, headers ...header) *answer {
	t.Helper()
	var raw []byte
	switch body := body.(type) {
	case nil:
	case string:
		raw = []byte(body)
	case []byte:
		raw = body
	default:
		var err error
		raw, err = json.Marshal(body)
		require.NoError(t, err)
	}
	r := httptest.NewRequest(method, "http://localhost:8080"+path, bytes.NewReader(raw))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for _, x := range headers {
		if x.value == "" {
			r.Header.Del(x.name)
		} else {
			r.Header.Set(x.name, x.value)
		}
	}
	w := httptest.NewRecorder()
	c.h.api.ServeHTTP(peer(w, r))
	a := &answer{status: w.Code, header: w.Result().Header, body: w.Body.Bytes(), call: method + " " + path}
	inContract(t, r, a)
	return a
}

// peer is who asks: one that waits for the whole answer, but leaves an event
// stream as soon as it has begun.
func peer(w *httptest.ResponseRecorder, r *http.Request) (http.ResponseWriter, *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/api/v1/events") {
		return w, r
	}
	ctx, leave := context.WithCancel(r.Context())
	return &leaver{w, leave}, r.WithContext(ctx)
}

type leaver struct {
	*httptest.ResponseRecorder
	leave func()
}

func (l *leaver) Flush() { l.leave() }

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	call   string
}

// require demands a status.
func (a *answer) require(t *testing.T, status int) *answer {
	t.Helper()
	require.Equal(t, status, a.status, "%s: %s", a.call, a.body)
	return a
}

// json reads the body.
func (a *answer) json(t *testing.T, into any) *answer {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.body, into), "%s: %s", a.call, a.body)
	return a
}

// object reads the body as a JSON object.
func (a *answer) object(t *testing.T) map[string]any {
	t.Helper()
	out := map[string]any{}
	a.json(t, &out)
	return out
}

// id is the id of the resource in the body.
func (a *answer) id(t *testing.T) int64 {
	t.Helper()
	var out struct{ ID int64 }
	a.json(t, &out)
	require.NotZero(t, out.ID)
	return out.ID
}

type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Instance  string `json:"instance"`
	RequestID string `json:"request_id"`
	Errors    []struct {
		Field   string `json:"field"`
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

// problem demands an error of a status and a kind, in full form.
func (a *answer) problem(t *testing.T, status int, kind string) problem {
	t.Helper()
	a.require(t, status)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	var p problem
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&p))
	require.Equal(t, "/problems/"+kind, p.Type)
	require.Equal(t, status, p.Status)
	require.NotEmpty(t, p.Title)
	require.NotEmpty(t, p.Detail)
	require.NotEmpty(t, p.Instance)
	require.Equal(t, a.header.Get("X-Request-ID"), p.RequestID)
	return p
}

// fields demands a 422 about exactly these fields; each is "name" or
// "name:code".
func (a *answer) fields(t *testing.T, want ...string) {
	t.Helper()
	p := a.problem(t, http.StatusUnprocessableEntity, "invalid")
	got := make([]string, len(p.Errors))
	for i, e := range p.Errors {
		require.NotEmpty(t, e.Message)
		got[i] = e.Field
		for _, w := range want {
			if w == e.Field+":"+e.Code {
				got[i] = w
			}
		}
	}
	require.ElementsMatch(t, want, got, "%s: %s", a.call, a.body)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// contract is the generated OpenAPI file.
var contract = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.OpenAPIJSON)
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc)
})

// inContract checks an answer against the OpenAPI file: its status must be
// announced, its body must have the announced form. Calls that are not in the
// file are the business of TestEveryRouteIsInTheContract.
func inContract(t *testing.T, r *http.Request, a *answer) {
	t.Helper()
	require.NoError(t, breach(r, a), "%s is not as the contract says: %s", a.call, a.body)
}

func breach(r *http.Request, a *answer) error {
	if !strings.HasPrefix(r.URL.Path, "/api/") || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return nil
	}
	if a.header.Get("Content-Type") == "text/event-stream" { // its events are checked where they are read
		return nil
	}
	router, err := contract()
	if err != nil {
		return err
	}
	asked := r.Clone(r.Context())
	asked.URL.Scheme, asked.URL.Host, asked.Host = "", "", ""
	route, params, err := router.FindRoute(asked)
	if err != nil {
		return nil
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route},
		Status:                 a.status, Header: a.header,
		Body:    io.NopCloser(bytes.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	return openapi3filter.ValidateResponse(context.Background(), in)
}
