package store

import (
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"maps"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 200
)

// Page asks for one page of a list. The zero Page is the first one, of
// DefaultLimit rows, in the list's own order.
type Page struct {
	Limit     int    // 1 … MaxLimit; 0 means DefaultLimit
	Cursor    string // what the page before gave as Next
	Sort      string // a name the list allows, "-" before it for descending
	WithTotal bool   // count all rows of the filter too
	Scope     string // whose list it is and by which filters: a cursor is good in its own alone

	// Breaches were found by the caller while it read the question. Nothing is
	// read then, and the answer tells them together with what the list finds.
	Breaches model.Fields
}

// List is one page. Next is "" on the last one.
type List[T any] struct {
	Items []T
	Next  string
	Total *int64
}

// sortKey is one order a list may have. The column is an SQL expression that
// is never NULL; ties are broken by the id.
type sortKey[T any] struct {
	column string
	value  func(*T) any // an int64, a string or a time.Time: what the cursor keeps
}

type listing[T any] struct {
	name    string // tells this list's cursors from those of others
	id      string // the id's column, with its table
	rowID   func(*T) int64
	sorts   map[string]sortKey[T]
	natural string // the order without a sort
}

// inOrderOf is the list with another column that always equals its id, for the
// order by id: SQLite does not see that the index of that column has the order
// already and sorts all rows for each page.
func (l listing[T]) inOrderOf(column string) listing[T] {
	l.sorts = maps.Clone(l.sorts)
	byID := l.sorts["id"]
	byID.column = column
	l.sorts["id"] = byID
	return l
}

type cursor struct {
	List string          `json:"l"`
	Sort string          `json:"s"`
	At   json.RawMessage `json:"v"`
	ID   int64           `json:"i"`
	Home uint32          `json:"h"` // of the scope
}

// page runs q, which must carry the conditions and the joins of the list, for
// one page of it.
func (l listing[T]) page(q *gorm.DB, p Page) (List[T], error) {
	var out List[T]
	if p.Limit == 0 {
		p.Limit = DefaultLimit
	}
	if p.Sort == "" {
		p.Sort = l.natural
	}
	var bad model.Fields
	if p.Limit < 1 || p.Limit > MaxLimit {
		bad.Add("limit", "out_of_range", "must be between 1 and %d", MaxLimit)
	}
	name, direction, compare := strings.TrimPrefix(p.Sort, "-"), "", ">"
	if strings.HasPrefix(p.Sort, "-") {
		direction, compare = " DESC", "<"
	}
	key, known := l.sorts[name]
	byID := name == "id" || key.column == l.id
	if !known {
		bad.Add("sort", "unknown", "this list cannot be sorted by %q", name)
	}
	var at any
	var c cursor
	if p.Cursor != "" {
		var ok bool
		if c, ok = l.open(p); ok && known {
			at, ok = c.value(p.Sort, key.value(new(T)))
		}
		if !ok {
			bad.Add("cursor", "invalid", "the cursor is broken or belongs to another list, filter or order")
		}
	}
	if err := model.Together(p.Breaches.Err(), bad.Err()); err != nil {
		return out, err
	}

	q = q.Session(&gorm.Session{})
	if p.WithTotal {
		var n int64
		if err := q.Select("COUNT(*)").Scan(&n).Error; err != nil {
			return out, err
		}
		out.Total = &n
	}
	if p.Cursor != "" {
		if byID {
			q = q.Where(key.column+" "+compare+" ?", c.ID)
		} else {
			q = q.Where("("+key.column+", "+l.id+") "+compare+" (?, ?)", at, c.ID)
		}
	}
	order := key.column + direction
	if !byID {
		order += ", " + l.id + direction
	}
	if err := q.Order(order).Limit(p.Limit + 1).Find(&out.Items).Error; err != nil {
		return out, err
	}
	if len(out.Items) > p.Limit {
		out.Items = out.Items[:p.Limit]
		last := &out.Items[p.Limit-1]
		out.Next = l.encode(p, key.value(last), l.rowID(last))
	}
	return out, nil
}

func (l listing[T]) encode(p Page, at any, id int64) string {
	v, _ := json.Marshal(at)
	raw, _ := json.Marshal(cursor{List: l.name, Sort: p.Sort, At: v, ID: id, Home: crc32.ChecksumIEEE([]byte(p.Scope))})
	return base64.RawURLEncoding.EncodeToString(raw)
}

// open reads a cursor of this list, whatever its order.
func (l listing[T]) open(p Page) (cursor, bool) {
	var c cursor
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil || json.Unmarshal(raw, &c) != nil {
		return c, false
	}
	return c, c.List == l.name && c.Home == crc32.ChecksumIEEE([]byte(p.Scope))
}

// value is where the page before ended in that order, of the type that like is
// of.
func (c cursor) value(sort string, like any) (any, bool) {
	if c.Sort != sort {
		return nil, false
	}
	switch like.(type) {
	case time.Time:
		var t time.Time
		err := json.Unmarshal(c.At, &t)
		return t.UTC(), err == nil
	case string:
		var s string
		err := json.Unmarshal(c.At, &s)
		return s, err == nil
	default:
		var n int64
		err := json.Unmarshal(c.At, &n)
		return n, err == nil
	}
}

// contains is a LIKE pattern for rows that hold text anywhere; the wildcards
// in it are taken literally (with ESCAPE '\').
func contains(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// searchText is what a row is looked up by: its words in lower case, whatever
// their alphabet; SQLite's own lower() knows ASCII only.
func searchText(words ...string) string { return strings.ToLower(strings.Join(words, "\n")) }
