package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
)

// tables are the lists that come as CSV.
var tables = []string{
	"/clients", "/clients/:id/deliveries", "/suppressions", "/messages", "/mailings", "/reports",
	"/reports/:run_id/deliveries", "/reports/:run_id/attempts", "/users", "/audit",
}

// maxPath is how long the path of a download may be, in bytes.
const maxPath = 2000

type downloadRequest struct {
	Path string `json:"path" validate:"required" maxLength:"2000" example:"/clients?tag=vip"` // a list that comes as CSV, with its filters
} //	@name	DownloadRequest

type download struct {
	URL       string    `json:"url" validate:"required" example:"/api/v1/downloads/6nQ0vN3kq0hS9xJt2m1z"` // to be followed once
	ExpiresAt time.Time `json:"expires_at" validate:"required" example:"2026-12-01T07:01:05Z"`
} //	@name	Download

// createDownload makes a link that a browser can follow.
//
//	@Summary		Make a link to a list as CSV
//	@Description	For browsers, which send no token where they save a file: the address answers the list that `path` names as CSV to whoever asks first, within 60 seconds, as the one who made it would see it then.
//	@Description	What GET of the path would refuse is refused here, so that the link does not lead to an error.
//	@Tags			downloads
//	@Security		Bearer
//	@Param			body	body		downloadRequest	true	"which list"
//	@Success		201		{object}	download
//	@Failure		400		{object}	problem
//	@Failure		401		{object}	problem
//	@Failure		403		{object}	problem	"the list is not for this account"
//	@Failure		404		{object}	problem	"the list is of something that is not there"
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/downloads [post]
func (s *Server) createDownload(c echo.Context) error {
	if err := queryOf(c).err(); err != nil {
		return err
	}
	var in downloadRequest
	var target *url.URL
	rules := func() (err error) { target, err = s.tableAt(in.Path); return err }
	if err := bindAnd(c, &in, rules); err != nil {
		return err
	}
	if err := ofPath(s.table(c.Request().Context(), c, &headOnly{header: http.Header{}}, http.MethodHead, target)); err != nil {
		return err
	}
	var secret [24]byte
	_, _ = rand.Read(secret[:]) // never fails (crypto/rand)
	token := base64.RawURLEncoding.EncodeToString(secret[:])
	row := &model.Download{Hash: downloadHash(token), UserID: userOf(c).ID, SessionID: sessionOf(c), Path: target.String()}
	if err := s.Store.CreateDownload(c.Request().Context(), row); err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, download{URL: base + "/downloads/" + token, ExpiresAt: row.ExpiresAt})
}

// followDownload answers the list of a link, once.
//
//	@Summary	Take a list away
//	@Tags		downloads
//	@Produce	text/csv
//	@Param		token	path		string	true	"from the link"
//	@Success	200		{string}	string	"the list"
//	@Failure	403		{object}	problem	"the account may not see the list any more"
//	@Failure	404		{object}	problem	"there is no such link, or it was followed, or it expired, or its account signed out"
//	@Failure	429		{object}	problem	"whoever made the link calls too often; the link is used up"
//	@Failure	503		{object}	problem
//	@Router		/downloads/{token} [get]
func (s *Server) followDownload(c echo.Context) error {
	if c.Request().Method == http.MethodHead { // looking must not use it up
		return &model.Error{Kind: methodNotAllowed}
	}
	ctx := c.Request().Context()
	row, err := s.Store.TakeDownload(ctx, downloadHash(c.Param("token")))
	if err != nil {
		return err
	}
	u, err := s.Store.SessionUser(ctx, row.SessionID, row.UserID)
	if model.IsKind(err, model.Unauthenticated) {
		return notFound()
	}
	if err != nil {
		return err
	}
	target, err := s.tableAt(row.Path)
	if err != nil {
		return notFound()
	}
	c.Set(sessionKey, row.SessionID)
	called(c, u, 0) // an API key makes no links
	whole := model.WithActor(wholeOf(c), model.ActorOf(c.Request().Context()))
	return s.table(whole, c, c.Response(), http.MethodGet, target)
}

func downloadHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// tableAt finds the list that a path names, as "/clients?tag=vip", with the
// base or without it. What is none is model.Invalid on path.
func (s *Server) tableAt(path string) (*url.URL, error) {
	var bad model.Fields
	if path == "" {
		bad.Add("path", "required", "must be given")
		return nil, bad.Err()
	}
	if len(path) > maxPath {
		bad.Add("path", "too_long", "must be at most %d bytes long", maxPath)
		return nil, bad.Err()
	}
	target, err := url.ParseRequestURI(strings.TrimPrefix(path, base))
	if err == nil && target.Host == "" && strings.HasPrefix(target.Path, "/") && !crooked(target) {
		found := s.echo.NewContext(nil, nil)
		s.echo.Router().Find(http.MethodGet, base+target.Path, found)
		if slices.Contains(tables, strings.TrimPrefix(found.Path(), base)) {
			return target, nil
		}
	}
	bad.Add("path", "unknown", "must be a list that comes as CSV, as /clients?tag=vip")
	return nil, bad.Err()
}

// table answers a list as CSV to w, as if its own address had been asked by the
// one who is recognised in c.
func (s *Server) table(ctx context.Context, c echo.Context, w http.ResponseWriter, method string, target *url.URL) error {
	r := c.Request().Clone(ctx)
	r.Method, r.Body, r.ContentLength = method, http.NoBody, 0
	r.URL = &url.URL{Path: base + target.Path, RawQuery: target.RawQuery}
	r.Header.Set("Accept", "text/csv")
	inner := s.echo.NewContext(r, w)
	inner.Set(idKey, requestID(c))
	inner.Set(userKey, userOf(c))
	inner.Set(sessionKey, sessionOf(c))
	inner.Set(linkedKey, true)
	s.echo.Router().Find(http.MethodGet, r.URL.Path, inner)
	return inner.Handler()(inner)
}

// ofPath makes the breaches of a list's address those of the field that named
// it.
func ofPath(err error) error {
	var e *model.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	out := *e
	out.Fields = make(model.Fields, len(e.Fields))
	for i, f := range e.Fields {
		f.Field = "path." + f.Field
		out.Fields[i] = f
	}
	return &out
}

// headOnly is an answer that nobody reads.
type headOnly struct{ header http.Header }

func (w *headOnly) Header() http.Header         { return w.header }
func (w *headOnly) Write(b []byte) (int, error) { return len(b), nil }
func (*headOnly) WriteHeader(int)               {}
