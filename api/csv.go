package api

import (
	"encoding/csv"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// accepted are the weights of the media ranges that a request names (RFC 9110
// §12.5.1); empty when it names none.
func accepted(c echo.Context) map[string]float64 {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(strings.Join(c.Request().Header.Values("Accept"), ","), ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			weight = q
		}
		weights[media] = max(weights[media], weight)
	}
	return weights
}

// wantsCSV reports whether the request would rather have CSV than JSON. JSON
// wins a tie, and when nothing is said.
func wantsCSV(c echo.Context) bool {
	weights := accepted(c)
	json := max(weights[echo.MIMEApplicationJSON], weights["application/*"], weights["*/*"])
	if _, named := weights[echo.MIMEApplicationJSON]; !named && weights["text/csv"] > 0 {
		return weights["text/csv"] >= json
	}
	return weights["text/csv"] > json
}

// writeCSV answers a whole list as CSV (RFC 4180), page by page, so that its
// length costs no memory. The audit log tells of it first. Cells that a spreadsheet would take for a formula
// begin with an apostrophe. What goes wrong before the first row is an ordinary
// error; after it the connection is cut, so that nobody takes a part for the
// whole. So it is when the caller may not read on, or takes a page too slowly.
func writeCSV[T any](s *Server, c echo.Context, name string, columns []string, pages func(store.Page) (store.List[T], error), p store.Page, cells func(*T) []string) error {
	p.Limit, p.Cursor, p.WithTotal = store.MaxLimit, "", false
	page, err := pages(p)
	if err != nil {
		return err
	}
	asksOnly := c.Request().Method == http.MethodHead
	if !asksOnly {
		if err := s.auditExport(c, name); err != nil {
			return err
		}
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8; header=present")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`.csv"`)
	h.Add("Vary", "Accept")
	c.Response().WriteHeader(http.StatusOK)
	if asksOnly {
		return nil
	}
	w := csv.NewWriter(c.Response())
	w.UseCRLF = true
	_ = w.Write(columns) // errors stay in w
	to, asked := http.NewResponseController(c.Response()), time.Now()
	for {
		// Not every writer has deadlines (tests' have none); then the reader has time.
		_ = to.SetWriteDeadline(time.Now().Add(s.progress.pace.page))
		for i := range page.Items {
			row := cells(&page.Items[i])
			for j := range row {
				row[j] = defused(row[j])
			}
			_ = w.Write(row)
		}
		w.Flush()
		if err := w.Error(); err != nil {
			return err // the reader is gone
		}
		c.Response().Flush()
		if page.Next == "" {
			return nil
		}
		if time.Since(asked) >= s.progress.pace.check {
			asked, err = time.Now(), s.mayReadOn(c)
		}
		if err == nil {
			p.Cursor = page.Next
			page, err = pages(p)
		}
		if err != nil {
			s.Log.WarnContext(c.Request().Context(), "a CSV broke off", "request_id", requestID(c), "error", err)
			panic(http.ErrAbortHandler)
		}
	}
}

// mayReadOn reads the account behind a list anew, and what it sees. The end of
// an access token ends no list that was begun with it; that of its session does.
func (s *Server) mayReadOn(c echo.Context) error {
	saw := viewerOf(c)
	if keyOf(c) == nil {
		u, err := s.Store.SessionUser(c.Request().Context(), sessionOf(c), userOf(c).ID)
		if err != nil {
			return err
		}
		c.Set(userKey, u)
		c.Set(linkedKey, true)
	}
	if err := s.permit(c); err != nil {
		return err
	}
	if !reflect.DeepEqual(saw, viewerOf(c)) { // it would go on as another list
		return &model.Error{Kind: model.Forbidden}
	}
	return nil
}

// defused keeps a cell from being a formula (OWASP, CSV injection), and each
// part of it that a spreadsheet whose list separator is no comma takes for a
// cell: to such a one quotes in the middle of a line say nothing.
func defused(cell string) string {
	var b strings.Builder
	if formula(cell, "\t\r\n") {
		b.WriteByte('\'')
	}
	for {
		i := strings.IndexAny(cell, ";\t\r\n") + 1
		if i == 0 {
			return b.String() + cell
		}
		b.WriteString(cell[:i])
		if cell = cell[i:]; formula(cell, "") {
			b.WriteByte('\'')
		}
	}
}

// formula reports whether a text begins with what makes it a formula, in the
// usual, the full-width or the small form, or with one of also. What nobody
// sees may stand before it, as spreadsheets leave some of it out, and quotes.
func formula(text, also string) bool {
	visible := strings.TrimLeftFunc(text, func(r rune) bool { return r == '"' || unseen(r) && !strings.ContainsRune("\t\r\n", r) })
	first, size := utf8.DecodeRuneInString(visible)
	return size > 0 && strings.ContainsRune("=+-@＝＋－＠﹦﹢﹣﹫"+also, first)
}

func unseen(r rune) bool {
	return unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
