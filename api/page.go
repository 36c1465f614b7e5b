package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// list is the body of every list.
type list[T any] struct {
	Items      []T     `json:"items" validate:"required"`
	NextCursor *string `json:"next_cursor" validate:"required" extensions:"x-nullable"`
	Total      *int64  `json:"total,omitempty"`
}

// listOf turns a page of rows into a body.
func listOf[T, R any](page store.List[T], item func(*T) R) list[R] {
	out := list[R]{Items: make([]R, len(page.Items)), Total: page.Total}
	for i := range page.Items {
		out.Items[i] = item(&page.Items[i])
	}
	if page.Next != "" {
		out.NextCursor = &page.Next
	}
	return out
}

// query reads the query string and gathers what is wrong with it.
type query struct {
	values map[string][]string
	scope  string // whose list it is, of what, and by which filters
	bad    model.Fields
}

// queryOf starts reading. Names are all parameters the call takes; another
// one, one given twice and one with control characters is a breach.
func queryOf(c echo.Context, names ...string) *query {
	values, err := url.ParseQuery(c.Request().URL.RawQuery)
	q := &query{values: values}
	if err != nil { // what cannot be read would be left out
		q.bad.Add("query", "invalid", "the query string cannot be read")
	}
	filters := url.Values{}
	for name, value := range values {
		if !pageName(name) {
			filters[name] = value
		}
	}
	q.scope = fmt.Sprintf("%d %s?%s", viewerOf(c).UserID, c.Request().URL.Path, filters.Encode())
	for name, values := range q.values {
		switch {
		case !slices.Contains(names, name):
			q.bad.Add(printable(name), "unknown_parameter", "there is no such parameter here")
		case len(values) > 1:
			q.bad.Add(name, "repeated", "may be given only once")
		case strings.ContainsRune(values[0], 0) || !utf8.ValidString(values[0]):
			q.bad.Add(name, "control_character", "must not contain control characters")
		}
	}
	return q
}

// pageNames are the parameters of every list; pass them to queryOf with those
// of the filters.
func pageNames(filters ...string) []string {
	return append(filters, "limit", "cursor", "sort", "with_total")
}

// pageName reports whether a parameter says which page is asked for, and not of
// which list.
func pageName(name string) bool { return slices.Contains(pageNames(), name) }

// text is a parameter as it is, "" without it.
func (q *query) text(name string) string {
	if v := q.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// oneOf is one of the allowed words, "" without the parameter.
func oneOf[T ~string](q *query, name string, allowed []T) T {
	text := T(q.text(name))
	if _, given := q.values[name]; given && !slices.Contains(allowed, text) {
		words := make([]string, len(allowed))
		for i, a := range allowed {
			words[i] = string(a)
		}
		q.bad.Add(name, "unknown", "must be one of %s", strings.Join(words, ", "))
	}
	return text
}

// id is a positive number, nil without the parameter.
func (q *query) id(name string) *int64 {
	if _, given := q.values[name]; !given {
		return nil
	}
	n, err := strconv.ParseInt(q.text(name), 10, 64)
	if err != nil || n < 1 {
		q.bad.Add(name, "wrong_type", "must be an id")
	}
	return &n
}

// number is a whole number between least and most, or the fallback.
func (q *query) number(name string, fallback, least, most int) int {
	if _, given := q.values[name]; !given {
		return fallback
	}
	n, err := strconv.Atoi(q.text(name))
	if err != nil {
		q.bad.Add(name, "wrong_type", "must be a whole number")
	} else if n < least || n > most {
		q.bad.Add(name, "out_of_range", "must be between %d and %d", least, most)
	}
	return n
}

// flag is true or false, false without the parameter.
func (q *query) flag(name string) bool {
	switch q.text(name) {
	case "true":
		return true
	case "false":
		return false
	}
	if _, given := q.values[name]; given {
		q.bad.Add(name, "wrong_type", "must be true or false")
	}
	return false
}

// maybe is true or false, nil without the parameter.
func (q *query) maybe(name string) *bool {
	if _, given := q.values[name]; !given {
		return nil
	}
	value := q.flag(name)
	return &value
}

// time is an instant, nil without the parameter.
func (q *query) time(name string) *time.Time {
	if _, given := q.values[name]; !given {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, q.text(name))
	if err != nil || at.Year() < 1970 || at.Year() > 9999 {
		q.bad.Add(name, "invalid_time", "must be a time as in RFC 3339, with its offset")
		return nil
	}
	at = at.UTC().Truncate(time.Microsecond)
	return &at
}

// page is the part that every list has, with all breaches so far: read the
// filters before it. Whether the list knows the sort and the cursor is the
// store's to say, which tells it together with those.
func (q *query) page() store.Page {
	p := store.Page{
		Limit:     q.number("limit", store.DefaultLimit, 1, store.MaxLimit),
		Cursor:    q.text("cursor"),
		Sort:      q.text("sort"),
		WithTotal: q.flag("with_total"),
		Scope:     q.scope,
	}
	p.Breaches = slices.Clone(q.bad)
	return p
}

// err is nil, or all breaches at once.
func (q *query) err() error { return model.Together(q.bad.Err()) }
