package api_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/docs/openapi"
	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/testkit"
)

// TestAnyRequestHasItsAnswer asks whatever the OpenAPI file lets one ask, rightly
// and wrongly, as everybody: no answer is a fault of ours or of a form that the
// file does not announce, and asking leaves nothing behind in memory. `make
// fuzz-api` asks 20 000 times on each database; here it is a little of that.
func TestAnyRequestHasItsAnswer(t *testing.T) {
	n, seed := setting(t, "POSTRIDER_FUZZ_N", 400), setting(t, "POSTRIDER_FUZZ_SEED", time.Now().UnixNano()%1_000_000)
	for _, dialect := range []string{testkit.Postgres, testkit.SQLite} {
		t.Run(dialect, func(t *testing.T) {
			f := newFuzz(t, dialect, uint64(seed))
			began := time.Now()
			f.run(t, int(n))
			t.Logf("seed %d: %d requests on %s in %v: %v", seed, n, dialect, time.Since(began).Round(time.Second), f.statuses)
			fmt.Printf("fuzz: %s, seed %d: %d requests over %d operations, answers by status %v, %d findings; %s\n",
				dialect, seed, n, len(f.asked), f.statuses, len(f.findings), f.growth)
			if len(f.findings) > 0 {
				t.Errorf("play again: make fuzz-api SEED=%d N=%d\n%s", seed, n, strings.Join(slices.Sorted(maps.Values(f.findings)), "\n"))
			}
		})
	}
}

func setting(t *testing.T, name string, otherwise int64) int64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" || text == "0" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

type fuzz struct {
	*rand.Rand
	h          *harness
	operations []operation
	actors     []*caller // nobody first
	ids        []int64   // of anything
	cursors    []string
	tokens     []string // refresh tokens, and others that were told

	statuses map[int]int
	asked    map[string]int
	findings map[string]string // by operation and status
	growth   string
}

type operation struct {
	method, path string
	*openapi3.Operation
}

func newFuzz(t *testing.T, dialect string, seed uint64) *fuzz {
	t.Helper()
	inbox, err := mailbox.Open(t.TempDir(), mailbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, inbox.Close()) })
	h := newHarness(t, testkit.Store(t, dialect), func(d *api.Deps) { d.Inbox, d.Log = inbox, slog.New(slog.DiscardHandler) })
	doc, err := openapi3.NewLoader().LoadFromData(openapi.OpenAPIJSON)
	require.NoError(t, err)
	f := &fuzz{
		Rand: rand.New(rand.NewPCG(seed, 0)), h: h, statuses: map[int]int{}, asked: map[string]int{}, findings: map[string]string{},
		cursors: []string{"x"}, tokens: []string{"x"},
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			f.operations = append(f.operations, operation{method, doc.Servers[0].URL + path, op})
		}
	}
	slices.SortFunc(f.operations, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	o := h.office(t)
	o.ended(t)
	f.actors = []*caller{h.anonymous(), {h: h, token: "x.y.z"}, o.caller, h.user(t), h.manager(t), h.superuser(t), h.key(t, o.caller)}
	return f
}

// run asks n times, and looks at memory and goroutines when half of it is done
// and at the end.
func (f *fuzz) run(t *testing.T, n int) {
	var heap uint64
	var routines int
	for i := range n {
		if i == n/2 {
			heap, routines = settled(1 << 30)
		}
		f.ask(t, i)
	}
	after, left := settled(routines)
	f.growth = fmt.Sprintf("heap %+.1f MB, goroutines %+d in the second half", float64(int64(after)-int64(heap))/(1<<20), left-routines)
	if n < 5000 { // beside other tests the figures say nothing
		return
	}
	require.LessOrEqual(t, left, routines+8, "goroutines are left behind")
	require.Less(t, int64(after)-int64(heap), int64(24<<20), "memory grows")
}

// key is a program of somebody's that may do all that programs may.
func (h *harness) key(t *testing.T, owner *caller) *caller {
	t.Helper()
	scopes := slices.DeleteFunc(slices.Clone(model.Scopes), func(s model.Scope) bool { return s == model.SystemRead }) // for superusers
	made := owner.do(t, "POST", "/api-keys", object{"name": "program", "scopes": scopes}).require(t, 201).object(t)
	return &caller{h: h, user: owner.user, token: made["key"].(string)}
}

// settled waits until no more goroutines than want are there, for a while.
func settled(want int) (heap uint64, routines int) {
	for range 100 {
		if runtime.NumGoroutine() <= want {
			break
		}
		time.Sleep(50 * time.Millisecond) // for what ends by itself
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, runtime.NumGoroutine()
}

// ask makes one request and judges its answer.
func (f *fuzz) ask(t *testing.T, i int) {
	op := f.operations[f.IntN(len(f.operations))]
	who := pick(f, 0, 1, 2, 2, 2, 2, 2, 3, 3, 4, 4, 5, 5, 5, 6, 6)
	r, body := f.request(op)
	if token := f.actors[who].token; token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	f.h.api.ServeHTTP(peer(w, r))
	a := &answer{status: w.Code, header: w.Result().Header, body: w.Body.Bytes(), call: r.Method + " " + r.URL.RequestURI()}
	f.statuses[a.status]++
	f.asked[op.method+" "+op.path]++
	if why := f.judge(r, a); why != "" {
		key := fmt.Sprintf("%s %s %d %.80s", op.method, op.path, a.status, why)
		if _, known := f.findings[key]; !known && len(f.findings) < 60 {
			f.findings[key] = fmt.Sprintf("#%d actor %d %s %v\n  sent %.600q\n  got %d %.400q\n  %.600s", i, who, a.call, r.Header, body, a.status, a.body, why)
		}
	}
	f.learn(a)
	if a.status == http.StatusUnauthorized && who > 1 { // its session was ended, or it was blocked
		f.actors[who] = f.again(t, who)
	}
}

func (f *fuzz) judge(r *http.Request, a *answer) string {
	kind := a.header.Get("Content-Type")
	switch {
	case a.status >= 500:
		return "a fault of ours"
	case a.status >= 400 && r.Method != http.MethodHead && kind != "application/problem+json":
		return "an error that is no problem: " + kind
	case a.header.Get("X-Request-ID") == "" || a.header.Get("Cache-Control") != "no-store":
		return "without what every answer has"
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodPatch && r.Method != http.MethodDelete {
		return ""
	}
	if err := breach(r, a); err != nil && a.status != http.StatusMethodNotAllowed {
		return err.Error()
	}
	return ""
}

// again gives an actor whose session ended a new one, or somebody else's place.
func (f *fuzz) again(t *testing.T, who int) *caller {
	if who == 6 {
		return f.h.key(t, f.h.user(t)) // an account has no more than 50
	}
	u, err := f.h.store.User(context.Background(), f.actors[who].user.ID)
	if err == nil && u.IsActive {
		return f.h.as(t, u)
	}
	return []func(*testing.T) *caller{f.h.user, f.h.user, f.h.manager, f.h.superuser}[who-2](t)
}

// learn remembers what later requests may name.
func (f *fuzz) learn(a *answer) {
	remember := func(list []string, s string) []string {
		if len(list) < 64 {
			return append(list, s)
		}
		list[f.IntN(len(list))] = s
		return list
	}
	for _, field := range []string{`"id":`, `"run_id":`} {
		if _, rest, found := bytes.Cut(a.body, []byte(field)); found {
			digits := rest[:len(rest)-len(bytes.TrimLeft(rest, "0123456789"))]
			if id, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
				if len(f.ids) < 256 {
					f.ids = append(f.ids, id)
				} else {
					f.ids[f.IntN(256)] = id
				}
			}
		}
	}
	if _, rest, found := bytes.Cut(a.body, []byte(`"next_cursor":"`)); found {
		cursor, _, _ := bytes.Cut(rest, []byte(`"`))
		f.cursors = remember(f.cursors, string(cursor))
	}
	if _, rest, found := bytes.Cut(a.body, []byte(`"refresh_token":"`)); found {
		token, _, _ := bytes.Cut(rest, []byte(`"`))
		f.tokens = remember(f.tokens, string(token))
	}
}
