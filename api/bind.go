package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
)

const (
	maxBody  = 1 << 20 // bytes of a request's body
	maxDepth = 32      // of nested JSON

	noControl = "must not contain control characters or half characters"

	bodyKey = "body" // where the parsed body waits for a second bind
)

// bind reads the JSON object of the body into a struct that the handler has
// filled before: a POST with the defaults, a PATCH with the row. What the body
// leaves out stays, null clears, and an object inside is replaced whole. It
// never takes a key the struct does not name by a json tag, nor a value of
// another type; all such breaches come back together as model.Fields.
//
// No body at all is an empty object. Bound twice, the same body is used again.
//
// Fields may be strings, numbers, booleans, times (RFC 3339 with offset),
// structs, slices, pointers to these (null makes them nil), and map[string]any
// for free objects.
func bind(c echo.Context, into any) error {
	body, err := bodyOf(c)
	if err != nil {
		return err
	}
	var bad model.Fields
	fillStruct(reflect.ValueOf(into).Elem(), body, "", &bad)
	return bad.Err()
}

// bindAnd is bind and the rules for what was read: the breaches of both are
// told together, one a field. The rules read what bind could.
func bindAnd(c echo.Context, into any, rules func() error) error {
	err := bind(c, into)
	if err != nil && !model.IsKind(err, model.Invalid) {
		return err
	}
	return model.Together(err, rules())
}

// received takes the whole body in before anything is asked of whoever sends it:
// nobody acts by rights that were taken away while it came, and no row is locked
// for a sender who is slow.
func received(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		raw, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(raw), broken{err}))
		return next(c)
	}
}

// broken ends a body the way it ended when it was received.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, cmp.Or(b.err, io.EOF) }

// bodyOf parses the body once for a request.
func bodyOf(c echo.Context) (map[string]any, error) {
	switch read := c.Get(bodyKey).(type) {
	case map[string]any:
		return read, nil
	case error:
		return nil, read
	}
	body, err := readBody(c)
	if err != nil {
		c.Set(bodyKey, err)
		return nil, err
	}
	c.Set(bodyKey, body)
	return body, nil
}

func readBody(c echo.Context) (map[string]any, error) {
	r := c.Request()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		if kindOf(err).Kind == tooLarge {
			return nil, err
		}
		return nil, model.E(malformed, "the body broke off")
	}
	if kind := r.Header.Get(echo.HeaderContentType); len(raw) > 0 || kind != "" {
		if coding := r.Header.Get(echo.HeaderContentEncoding); coding != "" && !strings.EqualFold(coding, "identity") {
			return nil, model.E(unsupportedMedia, "send the body as it is, without a Content-Encoding")
		}
		if media, _, err := mime.ParseMediaType(kind); err != nil || media != echo.MIMEApplicationJSON {
			return nil, &model.Error{Kind: unsupportedMedia}
		}
	}
	body := map[string]any{}
	if len(raw) > 0 {
		if body, err = parseObject(raw); err != nil {
			return nil, &model.Error{Kind: malformed, Message: err.Error()}
		}
	}
	return body, nil
}

// parseObject reads one JSON object and nothing after it. It refuses what
// readers may understand differently: a key twice in one object, broken UTF-8.
func parseObject(raw []byte) (map[string]any, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("the body is not UTF-8")
	}
	voidHalves(raw)
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err != nil {
		return nil, err
	}
	object, is := v.(map[string]any)
	if !is {
		return nil, errors.New("the body must be a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return object, nil
}

// voidHalves makes a NUL, which is refused in every text, of each escape that
// is one half of a pair of surrogates alone: the decoder would make U+FFFD of
// it, and keep what nobody sent.
func voidHalves(raw []byte) {
	escaped := func(at int) rune { // after \u; 0 where there is no such escape
		if at+6 > len(raw) || raw[at] != '\\' || raw[at+1] != 'u' {
			return 0
		}
		n, _ := strconv.ParseUint(string(raw[at+2:at+6]), 16, 16) // the decoder tells
		return rune(n)
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		switch half := escaped(i); {
		case !utf16.IsSurrogate(half):
			i++ // what is escaped, perhaps a backslash
		case utf16.DecodeRune(half, escaped(i+6)) != utf8.RuneError:
			i += 11
		default:
			copy(raw[i+2:], "0000")
			i += 5
		}
	}
}

func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("the JSON is nested deeper than %d", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, errors.New("the body is not valid JSON")
	}
	switch t {
	case json.Delim('{'):
		object := map[string]any{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, errors.New("the body is not valid JSON")
			}
			key := k.(string) // the decoder allows nothing else here
			if _, twice := object[key]; twice {
				return nil, errors.New("the JSON names a key twice")
			}
			if object[key], err = parseValue(d, depth+1); err != nil {
				return nil, err
			}
		}
		if _, err = d.Token(); err != nil {
			return nil, errors.New("the body is not valid JSON")
		}
		return object, nil
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		if _, err = d.Token(); err != nil {
			return nil, errors.New("the body is not valid JSON")
		}
		return list, nil
	}
	return t, nil
}

// fieldsOf maps the JSON names of a struct to its fields; embedded structs
// count as written out.
func fieldsOf(t reflect.Type) map[string][]int {
	if known, ok := fieldCache.Load(t); ok {
		return known.(map[string][]int)
	}
	names := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "" && name != "-" {
			names[name] = f.Index
		}
	}
	fieldCache.Store(t, names)
	return names
}

var fieldCache sync.Map // reflect.Type → map[string][]int

func fillStruct(v reflect.Value, object map[string]any, path string, bad *model.Fields) {
	names := fieldsOf(v.Type())
	for key, value := range object {
		index, known := names[key]
		if !known {
			bad.Add(printable(path+key), "unknown_field", "there is no such field here, or it cannot be set")
			continue
		}
		fillValue(v.FieldByIndex(index), value, path+key, bad)
	}
}

var timeType = reflect.TypeFor[time.Time]()

// fillValue sets v to a parsed JSON value. Null is allowed where there is a
// way to be empty: not for numbers and booleans that are no pointers.
func fillValue(v reflect.Value, value any, path string, bad *model.Fields) {
	wrong := func(want string) { bad.Add(path, "wrong_type", "must be %s", want) }
	if v.Kind() == reflect.Pointer {
		if value == nil {
			v.SetZero()
			return
		}
		fresh := reflect.New(v.Type().Elem())
		fillValue(fresh.Elem(), value, path, bad)
		v.Set(fresh)
		return
	}
	if v.Type() == timeType {
		text, is := value.(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		if !is || err != nil || at.Year() < 1970 || at.Year() > 9999 {
			bad.Add(path, "invalid_time", "must be a time as in RFC 3339, with its offset")
			return
		}
		v.Set(reflect.ValueOf(at.UTC().Truncate(time.Microsecond)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		text, is := value.(string)
		switch {
		case !is && value != nil:
			wrong("a text")
		case strings.ContainsRune(text, 0): // PostgreSQL cannot keep it
			bad.Add(path, "control_character", noControl)
		default:
			v.SetString(text)
		}
	case reflect.Bool:
		if b, is := value.(bool); is {
			v.SetBool(b)
		} else {
			wrong("true or false")
		}
	case reflect.Int, reflect.Int64:
		n, is := value.(json.Number)
		i, err := strconv.ParseInt(string(n), 10, v.Type().Bits())
		if !is || err != nil {
			wrong("a whole number")
			return
		}
		v.SetInt(i)
	case reflect.Float64:
		n, is := value.(json.Number)
		f, err := n.Float64()
		if !is || err != nil || math.IsInf(f, 0) {
			wrong("a number")
			return
		}
		v.SetFloat(f)
	case reflect.Struct:
		object, is := value.(map[string]any)
		if !is {
			wrong("an object")
			return
		}
		v.SetZero()
		fillStruct(v, object, path+".", bad)
	case reflect.Slice:
		list, is := value.([]any)
		if !is && value != nil {
			wrong("a list")
			return
		}
		fresh := reflect.MakeSlice(v.Type(), len(list), len(list))
		var inside model.Fields
		for i, x := range list {
			fillValue(fresh.Index(i), x, path, &inside)
			if len(inside) > 0 { // one breach names the list; a thousand would say no more
				*bad = append(*bad, inside[0])
				return
			}
		}
		v.Set(fresh)
	case reflect.Map:
		object, is := value.(map[string]any)
		if !is && value != nil {
			wrong("an object")
			return
		}
		fillMap(v, object, path, bad)
	default:
		panic("bind: " + path + " is a " + v.Type().String()) // a mistake of the program
	}
}

// fillMap sets a map[string]any. Numbers become int64 where they are whole and
// fit, else float64.
func fillMap(v reflect.Value, object map[string]any, path string, bad *model.Fields) {
	fresh := make(map[string]any, len(object))
	for key, x := range object {
		clean, err := freeValue(x)
		switch {
		case errors.Is(err, errControl) || strings.ContainsRune(key, 0):
			bad.Add(printable(path+"."+key), "control_character", noControl)
		case err != nil:
			bad.Add(printable(path+"."+key), "out_of_range", "is too large a number")
		default:
			fresh[key] = clean
		}
	}
	v.Set(reflect.ValueOf(fresh))
}

var errControl = errors.New("a control character")

// freeValue fails with errControl, or because a number is too large.
func freeValue(x any) (any, error) {
	switch x := x.(type) {
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return i, nil
		}
		return x.Float64()
	case string:
		if strings.ContainsRune(x, 0) {
			return nil, errControl
		}
	case []any:
		for i := range x {
			var err error
			if x[i], err = freeValue(x[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range x {
			var err error
			if x[k], err = freeValue(x[k]); err != nil {
				return nil, err
			}
			if strings.ContainsRune(k, 0) {
				return nil, errControl
			}
		}
	}
	return x, nil
}

// printable keeps a key that came from outside fit for an answer and a log.
func printable(name string) string {
	name = strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return -1
	}, name)
	if r := []rune(name); len(r) > 100 {
		name = string(r[:100]) + "…"
	}
	return name
}

// setETag names the version of a resource's settings (RFC 9110 §8.8.3).
func setETag(c echo.Context, version int64) {
	c.Response().Header().Set("ETag", `"`+strconv.FormatInt(version, 10)+`"`)
}

// ifMatch are the versions that the request demands (RFC 9110 §13.1.1). The
// comparison is the strong one, so a weak tag matches nothing; neither does a
// tag that is none of ours, nor what is no tag at all.
func ifMatch(c echo.Context) model.IfMatch {
	text := strings.TrimSpace(strings.Join(c.Request().Header.Values("If-Match"), ","))
	if text == "" || text == "*" {
		return nil
	}
	versions := model.IfMatch{}
	for tag := range strings.SplitSeq(text, ",") { // none of our tags has a comma inside
		var version int64
		tag = strings.TrimSpace(tag)
		if bare := strings.Trim(tag, `"`); tag == `"`+bare+`"` {
			if n, err := strconv.ParseInt(bare, 10, 64); err == nil && strconv.FormatInt(n, 10) == bare {
				version = n
			}
		}
		if version > 0 {
			versions = append(versions, version)
		}
	}
	return versions
}

// idOf is a path parameter that is an id. What cannot be one is not found.
func idOf(c echo.Context, name string) (int64, error) {
	text := c.Param(name)
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || text[0] == '+' {
		return 0, notFound()
	}
	return id, nil
}
