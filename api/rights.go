package api

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
)

// route is a row of the table of rights: a call, who may make it, whose rows it
// reaches, and what an API key must carry for it. A row without one of them
// does not compile, and one that says nothing in one of them does not start.
type route struct {
	method string
	path   string
	access access
	rows   rows
	scope  model.Scope
	handle echo.HandlerFunc
}

// access is who may make a call.
type access string

const (
	anybody   access = "anybody"   // also without an account; a token is not even read
	anyUser   access = "user"      // every active account
	superuser access = "superuser" // an active superuser
)

// holder is those who hold a permission, and superusers.
func holder(p model.Permission) access { return access(p) }

func (a access) admits(v model.Viewer) bool {
	switch a {
	case anybody, anyUser:
		return true
	case superuser:
		return v.Superuser
	}
	return v.Has(model.Permission(a))
}

// What stands instead of a scope.
const (
	noKey  model.Scope = "-" // not by an API key
	anyKey model.Scope = "*" // by any API key
)

// rows are whose rows a call reaches. The handler gets a viewer that can reach
// no others, whatever the store would show its account.
type rows struct {
	reach reach
	by    []model.Permission // with which one reaches those of others
}

type reach string

const (
	installation reach = "installation" // rows without an owner: access alone decides
	ownOnly      reach = "own"          // the caller's; a superuser's reach no further
	readable     reach = "read"         // the caller's; superusers and holders read everyone's
	changeable   reach = "change"       // the caller's; superusers change everyone's, holders see and are refused
	stoppable    reach = "stop"         // the caller's; superusers and holders of the first reach everyone's, of the others see and are refused
)

var (
	whole = rows{reach: installation}
	own   = rows{reach: ownOnly}
)

func reads(by ...model.Permission) rows   { return rows{readable, by} }
func changes(by ...model.Permission) rows { return rows{changeable, by} }
func stops(by ...model.Permission) rows   { return rows{stoppable, by} }

// narrow is the viewer that reaches these rows and no others. By an API key
// nobody administers the installation.
func (r rows) narrow(v model.Viewer, byKey bool) model.Viewer {
	switch r.reach {
	case installation:
		if byKey {
			return model.Viewer{UserID: v.UserID}
		}
		return v
	case ownOnly:
		return model.Viewer{UserID: v.UserID}
	}
	var granted []model.Permission
	for _, p := range v.Granted {
		if slices.Contains(r.by, p) {
			granted = append(granted, p)
		}
	}
	return model.Viewer{UserID: v.UserID, Superuser: v.Superuser, Granted: granted}
}

// check refuses a row that leaves a right open.
func (r route) check() error {
	var open []string
	if r.method == "" || !strings.HasPrefix(r.path, "/") {
		open = append(open, "call")
	}
	if r.access != anybody && r.access != anyUser && r.access != superuser && !slices.Contains(model.Permissions, model.Permission(r.access)) {
		open = append(open, "access")
	}
	switch r.rows.reach {
	case installation, ownOnly, readable, changeable, stoppable:
	default:
		open = append(open, "rows")
	}
	if r.scope != noKey && r.scope != anyKey && !slices.Contains(model.Scopes, r.scope) || r.access == anybody && r.scope != noKey {
		open = append(open, "scope")
	}
	if r.handle == nil {
		open = append(open, "handler")
	}
	if open != nil {
		return fmt.Errorf("the table of rights leaves open for %s %s: %s", r.method, r.path, strings.Join(open, ", "))
	}
	return nil
}

// mount makes a call answer, by the table and not otherwise.
func (s *Server) mount(prefix string, table []route) error {
	makes := s.onceOnly()
	for _, r := range table {
		if err := r.check(); err != nil {
			return err
		}
		if again, is := makes[r.path]; is && r.method == post && prefix == base {
			r.handle = s.once(again, r.handle)
		}
		r.path = prefix + r.path
		for _, method := range answered(r.method) {
			call := method + " " + r.path
			if s.mounted[call] {
				return fmt.Errorf("the table of rights has %s twice", call)
			}
			s.mounted[call] = true
			s.echo.Add(method, r.path, received(bounded(s.admit(r))))
		}
	}
	return nil
}

// answered are the methods of a row: whoever may GET may ask for the HEAD.
func answered(method string) []string {
	if method == get {
		return []string{get, head}
	}
	return []string{method}
}

// listed refuses calls that answer without standing in the table.
func (s *Server) listed() error {
	var errs []error
	for _, r := range s.echo.Routes() {
		if call := r.Method + " " + r.Path; !s.mounted[call] {
			errs = append(errs, fmt.Errorf("%s answers and is not in the table of rights", call))
		}
	}
	return errors.Join(errs...)
}

// admit lets those through whom the row is for.
func (s *Server) admit(r route) echo.HandlerFunc {
	if r.access == anybody {
		return r.handle
	}
	return func(c echo.Context) error {
		c.Set(routeKey, r)
		err := s.permit(c)
		if userOf(c) != nil { // also of what is forbidden
			if often := s.limitCalls(c); often != nil {
				return often
			}
		}
		if err != nil {
			return err
		}
		return r.handle(c)
	}
}

// permit finds out who calls and holds it against the row. The account and its
// rights are read anew each time: a block, a promotion, a sign-out count at
// once. What lasts or waits asks again: an event stream, and a call that waits for
// the first with its Idempotency-Key.
func (s *Server) permit(c echo.Context) error {
	if c.Get(linkedKey) == nil { // the link of a download has said who it is
		if err := s.authenticate(c); err != nil {
			return err
		}
	}
	r := c.Get(routeKey).(route)
	v := userOf(c).Viewer()
	if !r.access.admits(v) {
		return &model.Error{Kind: model.Forbidden}
	}
	if err := carries(c, r.scope); err != nil {
		return err
	}
	c.Set(viewerKey, r.rows.narrow(v, keyOf(c) != nil))
	return nil
}

// carries refuses an API key without a scope. Most calls need the one of their
// row; some ask for another when they have read what is wanted of them. Who
// signed in with a password needs none.
func carries(c echo.Context, scope model.Scope) error {
	switch {
	case mayAsk(c, scope):
		return nil
	case scope == noKey:
		return model.E(model.Forbidden, "this is not for API keys: sign in with the password")
	}
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, fmt.Sprintf(`Bearer realm="postrider", error="insufficient_scope", scope=%q`, scope)) // RFC 6750 §3.1
	return model.E(model.Forbidden, "this API key lacks the scope %s", scope)
}

// mayAsk reports whether what calls is no API key, or one with the scope.
func mayAsk(c echo.Context, scope model.Scope) bool {
	k := keyOf(c)
	return k == nil || scope == anyKey || k.Carries(scope)
}

// viewerOf is on whose behalf rows are read and written, no further than the
// row of the table reaches: nobody's on routes for anybody.
func viewerOf(c echo.Context) model.Viewer {
	v, _ := c.Get(viewerKey).(model.Viewer)
	return v
}

// Right is a row of the table of rights in words, for the pages that are made
// of it.
type Right struct {
	Method string
	Path   string             // from the root, as the contract writes it: /api/v1/clients/{id}
	Access string             // anybody, user, superuser, or the permission
	Reach  string             // whose rows: installation, own, read, change, stop
	By     []model.Permission // with which one reaches those of others
	Scope  model.Scope        // of an API key; "*": any key will do, "-": no key will
}

// Rights is the table of rights.
func Rights() ([]Right, error) {
	s := &Server{}
	documentation, err := s.documentation()
	if err != nil {
		return nil, err
	}
	var out []Right
	add := func(prefix string, table []route) {
		for _, r := range table {
			path := pathName.ReplaceAllString(prefix+r.path, "{$1}")
			out = append(out, Right{r.method, path, string(r.access), string(r.rows.reach), r.rows.by, r.scope})
		}
	}
	add(base, s.routes())
	add("", s.rootRoutes())
	add("", documentation)
	return out, nil
}

var pathName = regexp.MustCompile(`:(\w+)`)
