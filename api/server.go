package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// Deps is what the door needs from the house. Fields without a remark must be
// there.
type Deps struct {
	Store    *store.Store
	Auth     *auth.Service
	Mailings *mailing.Service
	Sealer   *auth.Sealer     // of the passwords of transports
	BodyKeys [][]byte         // of the hashes by which the body of a repeated call is recognised: the present one, then former ones
	Inbox    *mailbox.Mailbox // the captured inbox of the embedded mode; nil: there is none

	// DefaultTransport is the way out of the settings, nil where they name none.
	DefaultTransport *DefaultTransport

	// CheckTransport tries a way out until ctx ends, with its password opened.
	CheckTransport func(ctx context.Context, t *model.Transport, password string) model.TransportCheck

	PublicURL      string         // scheme and host that people type; decides about secure cookies
	Registration   bool           // whether strangers may make accounts
	ConfirmEmail   bool           // whether those must show that their address is theirs
	Limiter        *limit.Limiter // how often something may happen; nil: without limits
	TrustedProxies []netip.Prefix // networks of proxies that are believed whom they speak for
	CORSOrigins    []string       // exact origins of other sites that may call; usually none
	Version        string         // of the program, shown by /healthz

	Frontend    fs.FS                                       // the built interface, index.html at its root; may be empty
	Redis       func(context.Context) error                 // asks Redis for a sign of life; nil: it lives in this process
	Queues      func(context.Context) ([]QueueState, error) // looks into the queues, for superusers
	Metrics     *prometheus.Registry                        // where requests are counted; nil: nowhere
	MetricsHere bool                                        // whether superusers see it at /metrics
	Log         *slog.Logger                                // nil: slog's default
}

// Server answers HTTP.
type Server struct {
	Deps
	echo     *echo.Echo
	progress *progress
	pages    map[string]*asset        // the web interface
	requests *prometheus.HistogramVec // nil without Metrics
	mounted  map[string]bool          // "GET /api/v1/me": what the table made answer
	wait     waitFirst
	calls    calls
}

// New makes the handler of the whole HTTP surface: the API below /api/v1, the
// pages and probes at the root, and the web interface for all else. It fails
// without BodyKeys, when the files that are built into the program cannot be read, and when a call
// has no full row in the table of rights.
func New(d Deps) (*Server, error) {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if len(d.BodyKeys) == 0 {
		return nil, errors.New("the hashes of bodies need a key")
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = callers(d.TrustedProxies, d.Log)
	s := &Server{
		Deps: d, echo: e, progress: newProgress(d.Store, d.Log), mounted: map[string]bool{},
		wait: waitFirst{10 * time.Second, 50 * time.Millisecond}, calls: usualCalls,
	}
	e.HTTPErrorHandler = s.fail
	if d.Metrics != nil {
		s.requests = observer(d.Metrics)
	}
	if d.Frontend != nil {
		var err error
		if s.pages, err = assets(d.Frontend); err != nil {
			return nil, fmt.Errorf("read the web interface: %w", err)
		}
	}
	e.Pre(s.identify, s.logRequest, s.recover, secure, straight)
	e.Use(s.cors, limitBody, s.unrouted)
	documentation, err := s.documentation()
	if err != nil {
		return nil, fmt.Errorf("read the API's documentation: %w", err)
	}
	err = errors.Join(s.mount(base, s.routes()), s.mount("", s.rootRoutes()), s.mount("", documentation), s.listed())
	return s, err
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// HTTPServer is a server with the time limits of this surface. There is no
// limit on writing, because event streams and downloads take their time, and
// have limits of their own; slow readers of ordinary answers are bounded by the
// kernel's buffers, and slow senders by the limits on reading. At its shutdown
// event streams end at once.
func HTTPServer(h http.Handler, addr string) *http.Server {
	server := &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	if s, is := h.(*Server); is {
		server.RegisterOnShutdown(s.progress.close)
	}
	return server
}

// answerWithin is how long a call may take, whatever the database does. What is
// streamed whole takes its time; an event stream finds the request's own end by
// wholeOf.
const answerWithin = 20 * time.Second

func bounded(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Set(wholeKey, c.Request().Context())
		if wantsCSV(c) {
			return next(c)
		}
		ctx, cancel := context.WithTimeout(c.Request().Context(), answerWithin)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// wholeOf ends with the request and not before.
func wholeOf(c echo.Context) context.Context { return c.Get(wholeKey).(context.Context) }

const (
	wholeKey   = "whole"
	idKey      = "request_id"
	userKey    = "user"
	sessionKey = "session"
	apiKeyKey  = "api_key"
	routeKey   = "route"
	viewerKey  = "viewer"
	linkedKey  = "linked"
)

var saneID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// identify gives the request its id: the caller's if it is sane, so that a
// chain of systems can speak of one request, else a random one.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !saneID.MatchString(id) {
			var raw [12]byte
			_, _ = rand.Read(raw[:]) // never fails (crypto/rand)
			id = hex.EncodeToString(raw[:])
		}
		c.Set(idKey, id)
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		actedBy(c, model.Actor{IP: c.RealIP(), RequestID: id})
		return next(c)
	}
}

// actedBy tells all that is done for the request who does it.
func actedBy(c echo.Context, a model.Actor) {
	c.SetRequest(c.Request().WithContext(model.WithActor(c.Request().Context(), a)))
}

func requestID(c echo.Context) string {
	id, _ := c.Get(idKey).(string)
	return id
}

// callerGone is logged and counted, in place of the status that nobody read,
// where the caller went before the answer. nginx has made it known.
const callerGone = 499

// logRequest writes one line per request, with the route and not the path:
// paths carry tokens. It is the one place where an error of ours is logged.
func (s *Server) logRequest(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		err := next(c)
		if err != nil {
			s.fail(err, c)
		}
		r, status, level := c.Request(), c.Response().Status, slog.LevelDebug
		if status >= 500 && errors.Is(r.Context().Err(), context.Canceled) {
			status = callerGone
		}
		attrs := []slog.Attr{
			slog.String("request_id", requestID(c)),
			slog.String("method", methodOf(r)),
			slog.String("route", c.Path()),
			slog.Int("status", status),
			slog.Int64("ms", time.Since(began).Milliseconds()),
		}
		if u := userOf(c); u != nil {
			attrs = append(attrs, slog.Int64("user", u.ID))
		}
		if k := keyOf(c); k != nil {
			attrs = append(attrs, slog.String("api_key", k.Prefix))
		}
		if strings.HasPrefix(c.Path(), "/api/") {
			level = slog.LevelInfo
		}
		if status >= 500 && err != nil {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", err.Error()))
		}
		if s.requests != nil && c.Path() != "" {
			s.requests.WithLabelValues(methodOf(r), c.Path(), strconv.Itoa(status)).Observe(time.Since(began).Seconds())
		}
		s.Log.LogAttrs(r.Context(), level, "request", attrs...)
		return nil
	}
}

// methodOf is the method as it is counted and logged. Others than these are a
// stranger's to invent, without end and of any length.
func methodOf(r *http.Request) string {
	switch r.Method {
	case get, head, post, patch, del, http.MethodPut, http.MethodOptions:
		return r.Method
	}
	return "other"
}

func (s *Server) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler: // how net/http is asked to cut the connection
				panic(v)
			default:
				err = &panicked{v, debug.Stack()}
			}
		}()
		return next(c)
	}
}

// straight refuses paths that two readers could take differently: an empty
// segment (a browser reads //host as another host), an encoded slash or
// backslash (decoded by some proxies and not by others), NUL.
func straight(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		if crooked(u) || !strings.HasPrefix(u.Path, "/") {
			return echo.ErrNotFound
		}
		return next(c)
	}
}

func crooked(u *url.URL) bool {
	raw := strings.ToLower(u.EscapedPath())
	return slices.ContainsFunc([]string{"//", "%2f", "%5c", `\`, "%00"}, func(part string) bool { return strings.Contains(raw, part) })
}

const apiPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// secure sets what no answer goes without. Pages with content of their own
// replace the policy and the caching.
func secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		// Not no-referrer: with it browsers send Origin: null on forms.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin") // says nothing of requests with CORS
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Content-Security-Policy", apiPolicy)
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// cors lets the listed origins call with a token. Cookies are not for them.
func (s *Server) cors(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, h := c.Request(), c.Response().Header()
		if len(s.CORSOrigins) == 0 || !strings.HasPrefix(r.URL.Path, base+"/") {
			return next(c)
		}
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if origin == "" || !slices.Contains(s.CORSOrigins, origin) {
			return next(c)
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "ETag, X-Request-ID, Retry-After, Location, Idempotency-Replayed")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match, Idempotency-Key, Accept-Language, X-Request-ID, Last-Event-ID")
			h.Set("Access-Control-Max-Age", "600")
			return c.NoContent(http.StatusNoContent)
		}
		return next(c)
	}
}

// unrouted hands on what no route takes. Echo's own way, a route for "not
// found", would also swallow the wrong methods of routes that exist.
func (s *Server) unrouted(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Path() == "" {
			return s.elsewhere(c)
		}
		return next(c)
	}
}

func limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		r.Body = http.MaxBytesReader(c.Response().Writer, r.Body, maxBody)
		return next(c)
	}
}

// authenticate finds the account of the bearer token (RFC 6750 §2.1): an access
// token, or an API key.
func (s *Server) authenticate(c echo.Context) error {
	token, ok := bearer(c)
	if !ok || !auth.IsKey(token) {
		return s.signedIn(c)
	}
	u, k, err := s.Auth.AuthenticateKey(c.Request().Context(), token)
	if err != nil {
		return err
	}
	c.Set(apiKeyKey, k)
	called(c, u, k.ID)
	return nil
}

// signedIn finds the account of an access token.
func (s *Server) signedIn(c echo.Context) error {
	token, ok := bearer(c)
	if !ok {
		return &model.Error{Kind: model.Unauthenticated}
	}
	u, session, err := s.Auth.Authenticate(c.Request().Context(), token)
	if err != nil {
		return err
	}
	c.Set(sessionKey, session)
	called(c, u, 0)
	return nil
}

// called notes who calls, by an API key or, where that is 0, signed in.
func called(c echo.Context, u *model.User, key int64) {
	c.Set(userKey, u)
	a := model.ActorOf(c.Request().Context())
	a.UserID, a.Email, a.KeyID = u.ID, u.Email, key
	actedBy(c, a)
}

func bearer(c echo.Context) (token string, ok bool) {
	scheme, token, _ := strings.Cut(c.Request().Header.Get(echo.HeaderAuthorization), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// userOf is the account that calls, nil on routes for anybody.
func userOf(c echo.Context) *model.User {
	u, _ := c.Get(userKey).(*model.User)
	return u
}

// keyOf is the API key that calls, nil without one.
func keyOf(c echo.Context) *model.APIKey {
	k, _ := c.Get(apiKeyKey).(*model.APIKey)
	return k
}

// sessionOf is the session that calls, 0 for an API key.
func sessionOf(c echo.Context) int64 {
	id, _ := c.Get(sessionKey).(int64)
	return id
}
