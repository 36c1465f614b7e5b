package api_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	call := func(body any, headers ...header) *answer { return anna.do(t, "PATCH", "/me", body, headers...) }
	for _, broken := range []string{
		`{`, `[]`, `"x"`, `{"full_name":"a"} {}`, `{"full_name":"a","full_name":"b"}`, "{\"full_name\":\"\xff\"}",
		`{"full_name":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, `{"full_name":'a'}`, `null`, `{"a":1,}`,
	} {
		call(broken).problem(t, 400, "malformed")
	}
	call(`{"full_name":"a"}`, header{"Content-Type", "text/plain"}).problem(t, 415, "unsupported_media_type")
	call(`{"full_name":"a"}`, header{"Content-Type", ""}).problem(t, 415, "unsupported_media_type")
	call(`{"full_name":"a"}`, header{"Content-Type", "application/json; charset=utf-8"}).require(t, 200)
	call(`{"full_name":"`+strings.Repeat("a", 1<<20)+`"}`).problem(t, 413, "too_large")
	call(`{"full_name":"a\u0000b"}`).fields(t, "full_name:control_character")
	call(`{"full_name":7,"locale":[],"nope":{},"timezone":true}`).
		fields(t, "full_name:wrong_type", "locale:wrong_type", "nope:unknown_field", "timezone:wrong_type")
	call(`{"Full_Name":"a"}`).fields(t, "Full_Name:unknown_field")
	h.anonymous().do(t, "PATCH", "/me", `{`, header{"Content-Type", "text/plain"}).problem(t, 401, "unauthenticated")
}

func TestPathsThatAreNone(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	html := header{"Accept", "text/html"}
	for _, path := range []string{"/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/me", "/api/v1//me", "/api/v1/me/x"} {
		anna.root(t, "GET", path, nil, html).problem(t, 404, "not_found")
	}
	for _, path := range []string{"//evil.example/%2f..", "//evil.example%2f..", "/%2f/evil.example", "/..%2f..%2fetc/passwd", "/a%5cb", "/x%00", "/assets/..%2findex.html", "/%2e%2e%2f", "//"} {
		a := anna.root(t, "GET", path, nil, html)
		require.Equal(t, 404, a.status, path)
		require.Empty(t, a.header.Get("Location"), path)
	}
	wrong := anna.do(t, "PUT", "/me", fields{})
	wrong.problem(t, 405, "method_not_allowed")
	require.Contains(t, wrong.header.Get("Allow"), "PATCH")
	require.Equal(t, 200, anna.do(t, "HEAD", "/me", nil).status)
	require.Equal(t, 401, h.anonymous().do(t, "HEAD", "/me", nil).status)
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	h := one(t)
	anna := h.user(t)
	for _, a := range []*answer{
		anna.do(t, "GET", "/me", nil), anna.do(t, "GET", "/nothing", nil), h.anonymous().do(t, "GET", "/me", nil),
		anna.do(t, "PATCH", "/me", "{"), anna.root(t, "GET", "/", nil), anna.root(t, "GET", "//x", nil),
		anna.root(t, "GET", "/swagger/", nil), anna.root(t, "GET", "/openapi.json", nil), anna.root(t, "GET", "/healthz", nil),
		anna.root(t, "GET", "/assets/app-a1b2c3.js", nil), anna.root(t, "GET", "/u/none", nil), anna.root(t, "GET", "/reset?token=abc", nil), anna.do(t, "GET", "/downloads/none", nil),
	} {
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
		} {
			require.Equal(t, want, a.header.Get(name), "%s: %s", a.call, name)
		}
		referrer := "same-origin"
		if strings.Contains(a.call, "/u/") || strings.Contains(a.call, "/reset") || strings.HasSuffix(a.call, " /") {
			referrer = "no-referrer" // their addresses may hold secrets
		}
		require.Equal(t, referrer, a.header.Get("Referrer-Policy"), a.call)
		policy := a.header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none';", a.call)
		require.Contains(t, policy, "frame-ancestors 'none'", a.call)
		require.Contains(t, policy, "base-uri 'none'", a.call)
		require.NotRegexp(t, "script-src[^;]*(unsafe|data:|https?:|\\*)", policy, a.call)
		require.Regexp(t, regexp.MustCompile("^[0-9a-f]{24}$"), a.header.Get("X-Request-ID"), a.call)
		if strings.Contains(a.call, "/api/") {
			require.Equal(t, "no-store", a.header.Get("Cache-Control"), a.call)
		}
	}
	require.Equal(t, "abc-123.DEF_4", anna.do(t, "GET", "/me", nil, header{"X-Request-ID", "abc-123.DEF_4"}).header.Get("X-Request-ID"))
	for _, bad := range []string{"short", "has space in it", strings.Repeat("a", 65), `quote"quote`, "line%0abreak"} {
		require.NotEqual(t, bad, anna.do(t, "GET", "/me", nil, header{"X-Request-ID", bad}).header.Get("X-Request-ID"))
	}
	require.Contains(t, h.log.String(), fmt.Sprintf(`"user":%d`, anna.user.ID))
	require.NotContains(t, h.log.String(), anna.token)
}

func TestSurprisesShowNothing(t *testing.T) {
	t.Parallel()
	h := one(t)
	h.api.Echo().GET("/api/v1/panic", func(echo.Context) error { panic("the secret reason") })
	h.api.Echo().GET("/api/v1/fault", func(echo.Context) error { return errors.New("the secret reason") })
	h.api.Echo().GET("/api/v1/away", func(echo.Context) error {
		return &model.Error{Kind: model.Unavailable, Message: "the database is not available now", Err: errors.New("the secret reason")}
	})
	h.api.Echo().GET("/api/v1/full", func(echo.Context) error {
		return &model.Error{Kind: model.Unavailable, Message: "too many people sign in at this moment", Wait: 2 * time.Second, Err: errors.New("the secret reason")}
	})
	for path, status := range map[string]int{"/panic": 500, "/fault": 500, "/away": 503, "/full": 503} {
		a := h.anonymous().do(t, "GET", path, nil)
		p := a.problem(t, status, map[int]string{500: "internal", 503: "unavailable"}[status])
		require.NotContains(t, string(a.body), "secret")
		require.Equal(t, 1, strings.Count(h.log.String(), p.RequestID), "logged once")
		if status == 503 {
			require.Equal(t, map[string]string{"/away": "5", "/full": "2"}[path], a.header.Get("Retry-After"))
		}
	}
	require.Equal(t, 4, strings.Count(h.log.String(), "the secret reason"))
}

func TestAnswersSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	h := one(t)
	for accept, want := range map[string]string{"ru": "Нужно войти", "ru-RU, en;q=0.5": "Нужно войти", "en-GB,ru;q=0.3": "Sign in first", "de": "Sign in first", "": "Sign in first", "%%%": "Sign in first"} {
		p := h.anonymous().do(t, "GET", "/me", nil, header{"Accept-Language", accept}).problem(t, 401, "unauthenticated")
		require.Equal(t, want, p.Title, accept)
	}
	p := h.anonymous().do(t, "POST", "/auth/register", fields{"email": "x@example.com", "password": "short"}, header{"Accept-Language", "ru"}).
		problem(t, 422, "invalid")
	require.Equal(t, "too_short", p.Errors[0].Code)
	require.Equal(t, "не короче 8 символов", p.Errors[0].Message)
}

func TestCORS(t *testing.T) {
	t.Parallel()
	h := one(t, func(d *api.Deps) { d.CORSOrigins = []string{"https://app.example.com"} })
	anna := h.user(t)
	friend, stranger := header{"Origin", "https://app.example.com"}, header{"Origin", "https://app.example.com.evil.example"}
	a := anna.do(t, "GET", "/me", nil, friend).require(t, 200)
	require.Equal(t, "https://app.example.com", a.header.Get("Access-Control-Allow-Origin"))
	require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
	require.Contains(t, a.header.Values("Vary"), "Origin")
	pre := h.anonymous().do(t, "OPTIONS", "/me", nil, friend, header{"Access-Control-Request-Method", "PATCH"}).require(t, 204)
	require.Contains(t, pre.header.Get("Access-Control-Allow-Methods"), "PATCH")
	require.Contains(t, pre.header.Get("Access-Control-Allow-Headers"), "If-Match")
	for _, c := range []*answer{anna.do(t, "GET", "/me", nil, stranger), h.anonymous().do(t, "OPTIONS", "/me", nil, stranger, header{"Access-Control-Request-Method", "PATCH"})} {
		require.Empty(t, c.header.Get("Access-Control-Allow-Origin"))
	}
	require.Empty(t, one(t).anonymous().do(t, "GET", "/me", nil, friend).header.Get("Access-Control-Allow-Origin"))
}

func TestWebInterface(t *testing.T) {
	t.Parallel()
	h := one(t)
	visitor := h.anonymous()
	html := header{"Accept", "text/html,application/xhtml+xml"}
	for _, path := range []string{"/", "/mailings/7", "/sign-in"} {
		a := visitor.root(t, "GET", path, nil, html).require(t, 200)
		require.Contains(t, string(a.body), "<title>Postrider</title>")
		require.Equal(t, "no-cache", a.header.Get("Cache-Control"))
		policy := a.header.Get("Content-Security-Policy")
		require.Contains(t, policy, "script-src 'self';")
		require.Contains(t, policy, "object-src 'none'")
	}
	for _, accept := range []string{"", "*/*", "text/*", "text/html;q=0.1", "image/avif,*/*;q=0.8", "application/json, text/html"} {
		for _, path := range []string{"/", "/index.html", "/mailings/7", "/apifoo", "/apifoo/api", "/assets", "/no.such.file"} {
			a := visitor.root(t, "GET", path, nil, header{"Accept", accept}).require(t, 200)
			require.Contains(t, string(a.body), "<title>Postrider</title>", "%s for %q", path, accept)
			require.Equal(t, "text/html; charset=utf-8", visitor.root(t, "HEAD", path, nil, header{"Accept", accept}).require(t, 200).header.Get("Content-Type"))
		}
		for _, path := range []string{"/api", "/api/", "/api/v2/x", "/assets/gone.js", "/assets/"} {
			visitor.root(t, "GET", path, nil, header{"Accept", accept}).problem(t, 404, "not_found")
		}
	}
	for _, accept := range []string{"application/json", "text/html;q=0, */*", "image/*", "text/plain"} {
		visitor.root(t, "GET", "/mailings/7", nil, header{"Accept", accept}).problem(t, 404, "not_found")
	}
	script := visitor.root(t, "GET", "/assets/app-a1b2c3.js", nil).require(t, 200)
	require.Equal(t, "public, max-age=31536000, immutable", script.header.Get("Cache-Control"))
	require.Equal(t, "text/javascript; charset=utf-8", script.header.Get("Content-Type"))
	zipped := visitor.root(t, "GET", "/assets/app-a1b2c3.js", nil, header{"Accept-Encoding", "gzip, br"}).require(t, 200)
	require.Equal(t, "gzip", zipped.header.Get("Content-Encoding"))
	z, err := gzip.NewReader(strings.NewReader(string(zipped.body)))
	require.NoError(t, err)
	plain, err := io.ReadAll(z)
	require.NoError(t, err)
	require.Equal(t, script.body, plain)
	require.NotEqual(t, script.header.Get("ETag"), zipped.header.Get("ETag"))
	visitor.root(t, "GET", "/assets/app-a1b2c3.js", nil, header{"If-None-Match", script.header.Get("ETag")}).require(t, 304)

	visitor.root(t, "GET", "/assets/gone.js", nil, html).require(t, 404)
	visitor.root(t, "GET", "/gone.png", nil, header{"Accept", "image/*"}).require(t, 404)
	visitor.root(t, "POST", "/mailings/7", fields{}, html).require(t, 404)
	require.Empty(t, visitor.root(t, "GET", "/.gitkeep", nil).header.Get("Set-Cookie"))

	unbuilt := one(t, func(d *api.Deps) { d.Frontend = fstest.MapFS{".gitkeep": {}} })
	require.Contains(t, string(unbuilt.anonymous().root(t, "GET", "/", nil, html).require(t, 404).body), "make build")
	require.Contains(t, string(unbuilt.anonymous().root(t, "GET", "/mailings", nil).require(t, 404).body), "make build")
}

func TestSwaggerPage(t *testing.T) {
	t.Parallel()
	visitor := one(t).anonymous()
	page := string(visitor.root(t, "GET", "/swagger/", nil).require(t, 200).body)
	require.NotRegexp(t, regexp.MustCompile(`<script>|<script [^>]*>[^<]|https?://`), page, "nothing inline, nothing from elsewhere")
	for _, file := range regexp.MustCompile(`(?:src|href)="([^/"]+)"`).FindAllStringSubmatch(page, -1) {
		visitor.root(t, "GET", "/swagger/"+file[1], nil).require(t, 200)
	}
	require.Equal(t, "/swagger/", visitor.root(t, "GET", "/swagger", nil).require(t, 301).header.Get("Location"))
	require.Contains(t, string(visitor.root(t, "GET", "/swagger/initialize.js", nil).body), `"/openapi.json"`)
	contract := visitor.root(t, "GET", "/openapi.json", nil).require(t, 200).object(t)
	require.Contains(t, contract["openapi"], "3.0")
	require.Equal(t, "2.0", visitor.root(t, "GET", "/swagger.json", nil).require(t, 200).object(t)["swagger"])
}

func TestProbes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		visitor := h.anonymous()
		require.Equal(t, "test", visitor.root(t, "GET", "/healthz", nil).require(t, 200).object(t)["version"])
		require.Equal(t, map[string]any{"status": "ok", "database": "ok", "redis": "degraded"}, visitor.root(t, "GET", "/readyz", nil).require(t, 200).object(t))
	}, func(d *api.Deps) { d.Redis = func(context.Context) error { return errors.New("away") } })
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	empty, err := store.Open("sqlite:" + t.TempDir() + "/empty.db")
	require.NoError(t, err)
	t.Cleanup(func() { _ = empty.Close() })
	h := newHarness(t, empty)
	h.anonymous().root(t, "GET", "/healthz", nil).require(t, 200)
	p := h.anonymous().root(t, "GET", "/readyz", nil).problem(t, 503, "unavailable")
	require.Contains(t, p.Detail, "postrider migrate")

	away, err := store.Open("postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
	require.NoError(t, err)
	t.Cleanup(func() { _ = away.Close() })
	h = newHarness(t, away)
	h.anonymous().root(t, "GET", "/healthz", nil).require(t, 200)
	h.anonymous().root(t, "GET", "/readyz", nil).problem(t, 503, "unavailable")
	h.anonymous().do(t, "POST", "/auth/login", fields{"email": "a@example.com", "password": password}).problem(t, 503, "unavailable")
}

func TestMetricsAreForSuperusers(t *testing.T) {
	t.Parallel()
	h := one(t)
	h.anonymous().root(t, "GET", "/metrics", nil).problem(t, 401, "unauthenticated")
	h.user(t).root(t, "GET", "/metrics", nil).problem(t, 403, "forbidden")
	h.manager(t).root(t, "GET", "/metrics", nil).problem(t, 403, "forbidden")
	a := h.superuser(t).root(t, "GET", "/metrics", nil).require(t, 200)
	require.Contains(t, string(a.body), `postrider_http_request_seconds_count{method="GET",route="/metrics",status="403"}`)

	elsewhere := one(t, func(d *api.Deps) { d.MetricsHere = false })
	elsewhere.superuser(t).root(t, "GET", "/metrics", nil).require(t, 404)
}

// A caller that goes before its answer is no outage.
func TestACallerThatGoesIsCountedApart(t *testing.T) {
	t.Parallel()
	h := one(t)
	gone, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(gone, "POST", "/api/v1/auth/login", strings.NewReader(`{"email":"a@example.com","password":"a guess"}`))
	r.Header.Set("Content-Type", "application/json")
	h.api.ServeHTTP(httptest.NewRecorder(), r)
	metrics := string(h.superuser(t).root(t, "GET", "/metrics", nil).require(t, 200).body)
	require.Contains(t, metrics, `postrider_http_request_seconds_count{method="POST",route="/api/v1/auth/login",status="499"} 1`)
	require.NotContains(t, metrics, `status="503"`)
	require.NotContains(t, h.log.String(), "level=ERROR")
}

// TestMethodsOfStrangersAreNotKept: neither in the metrics, where each would be
// a series for ever, nor in the log.
func TestMethodsOfStrangersAreNotKept(t *testing.T) {
	t.Parallel()
	h := one(t)
	for _, method := range []string{"ZZRANDOM1", "ZZRANDOM2", "get", "ZZ" + strings.Repeat("Z", 60_000)} {
		h.anonymous().root(t, method, "/healthz", nil).problem(t, 405, "method_not_allowed")
		h.anonymous().root(t, method, "/api/v1/me", nil).problem(t, 405, "method_not_allowed")
	}
	metrics := string(h.superuser(t).root(t, "GET", "/metrics", nil).require(t, 200).body)
	for _, route := range []string{"/healthz", "/api/v1/me"} {
		require.Contains(t, metrics, fmt.Sprintf(`postrider_http_request_seconds_count{method="other",route=%q,status="405"} 4`, route))
	}
	require.NotContains(t, metrics, "ZZ")
	require.NotContains(t, h.log.String(), "ZZ")
}

// TestOverSockets meets the surface as a client does, with the server's own
// limits.
func TestOverSockets(t *testing.T) {
	t.Parallel()
	h := one(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := api.HTTPServer(h.api, l.Addr().String())
	require.Equal(t, 10*time.Second, server.ReadHeaderTimeout)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Post("http://"+l.Addr().String()+"/api/v1/auth/login", "application/json", strings.NewReader(`{"email":"`+strings.Repeat("a", 2<<20)+`"}`))
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, 413, res.StatusCode)
	require.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
}

func proxies(networks ...string) (out []netip.Prefix) {
	for _, n := range networks {
		out = append(out, netip.MustParsePrefix(n))
	}
	return out
}

func TestAddressesOfCallers(t *testing.T) {
	t.Parallel()
	h := one(t, func(d *api.Deps) {
		d.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("fd00::/8")}
	})
	u := testkit.User(t, h.store)
	h.as(t, u)
	for _, from := range []struct{ peer, forwarded, want string }{
		{"127.0.0.1:99", "203.0.113.5", "127.0.0.1"}, // nor who only sits near by
		{"10.0.1.2:99", "203.0.113.5", "10.0.1.2"},
		{"[fd00::1]:99", "2001:db8::5, 10.0.0.9", "2001:db8::5"}, // through two of our proxies
		{"10.0.0.2:99", "nonsense", "10.0.0.2"},
		{"192.0.2.7:99", "203.0.113.5", "192.0.2.7"},           // a stranger may not say who it is
		{"10.0.0.2:99", "203.0.113.5", "203.0.113.5"},          // our proxy may
		{"10.0.0.2:99", "6.6.6.6, 203.0.113.5", "203.0.113.5"}, // and what it was told is not believed
	} {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/auth/login", strings.NewReader(`{"email":"`+u.Email+`","password":"`+password+`"}`))
		r.RemoteAddr = from.peer
		r.Header.Set("X-Forwarded-For", from.forwarded)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.api.ServeHTTP(w, r)
		require.Equal(t, 200, w.Code)
		list, err := h.store.Sessions(context.Background(), u.ID, store.Page{Limit: 1})
		require.NoError(t, err)
		require.Equal(t, from.want, list.Items[0].IP)
	}
}
