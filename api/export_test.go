package api

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/model"
)

// What tests see of the inside.
var (
	ParseObject = parseObject
	Bind        = bind
	IfMatch     = ifMatch
	Defused     = defused
)

// Row is a row of the table.
type Row struct {
	Method, Path, Access, Reach string
	By                          []model.Permission
	Scope                       model.Scope
}

// Table is the table of rights below /api/v1.
func (s *Server) Table() []Row { return rowsOf(s.routes()) }

// RootTable is the table of rights at the root, but for the files of the
// documentation.
func (s *Server) RootTable() []Row { return rowsOf(s.rootRoutes()) }

func rowsOf(table []route) []Row {
	var out []Row
	for _, r := range table {
		out = append(out, Row{r.method, r.path, string(r.access), string(r.rows.reach), r.rows.by, r.scope})
	}
	return out
}

// Echo is for tests of binding alone.
func (s *Server) Echo() *echo.Echo { return s.echo }

// Words says which sentences and codes have a translation.
func Words(detail, code, message string) (string, string) {
	return russian.detail(errorOf(detail)), russian.field(fieldOf(code, message))
}

// Says reports whether a sentence has a translation of its own that explains
// all of it but the numbers.
func Says(example string) bool {
	for _, s := range sentences {
		m := s.pattern.FindStringSubmatch(example)
		if m != nil && !slices.ContainsFunc(m[1:], func(v string) bool { return strings.Trim(v, `"0123456789`) != "" }) {
			return true
		}
	}
	return false
}

// HurryEvents makes the event streams, and lists as CSV, keep another time. It
// must be called before the first of them opens.
func (s *Server) HurryEvents(poll, beat, check, write time.Duration) {
	s.progress.pace = pace{poll, beat, check, write, write}
}

// MaxStreams is how many event streams an account may have open.
const MaxStreams = maxStreams

// AnswerBesideTheTable makes a call answer that is in no row, and says what the
// start of the server would.
func (s *Server) AnswerBesideTheTable(path string) error {
	s.echo.GET(path, func(echo.Context) error { return nil })
	return s.listed()
}

// Mount is the start with one row more: what it leaves open says the error.
func (s *Server) Mount(method, path, who, whose, scope string, handle echo.HandlerFunc) error {
	err := s.mount(base, []route{{method, path, access(who), rows{reach: reach(whose)}, model.Scope(scope), handle}})
	return errors.Join(err, s.listed())
}

// ViewerOf is on whose behalf a handler reads and writes.
func ViewerOf(c echo.Context) model.Viewer { return viewerOf(c) }

// HurryKeys makes a repeated call wait less for the first.
func (s *Server) HurryKeys(whole time.Duration) { s.wait = waitFirst{whole, 5 * time.Millisecond} }

// KeyOf is the name and the hash under which a call with an Idempotency-Key is
// kept, of an API key or, with nil, of somebody who signed in; the body must be
// canonical JSON.
func (s *Server) KeyOf(path, key, body string, by *model.APIKey) (name, hash string) {
	return receiptName(base+path, key, by), s.bodyHashes(body, "")[0]
}

// OnceOnly are the paths of the calls that take an Idempotency-Key.
func (s *Server) OnceOnly() []string { return slices.Collect(maps.Keys(s.onceOnly())) }

// LimitCalls makes users and keys call no more often than this.
func (s *Server) LimitCalls(user, key limit.Rate) { s.calls = calls{user, key} }

// Rates of what strangers may try.
var (
	AllSignInsOfAddress = allSignInsOfAddress
	AllSignInsOfBoth    = allSignInsOfBoth
	SignInsOfAddress    = signInsOfAddress
	SignInsOfAccount    = signInsOfAccount
	RegistersOfAddress  = registersOfAddress
)

// Spend takes all of a burst but one event: what is left is told by the answers
// to two calls, and a password need not be hashed for each.
func Spend(l *limit.Limiter, key string, rate limit.Rate) {
	for range rate.Burst - 1 {
		l.Allow(context.Background(), key, rate)
	}
}
