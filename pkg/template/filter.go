package template

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/osteele/liquid"
	"github.com/osteele/liquid/expressions"
	"github.com/osteele/liquid/render"
	"github.com/osteele/liquid/tags"
)

// maxFiltered bounds what a filter takes and makes, in bytes.
const maxFiltered = 8 << 10

var errFiltered = fmt.Errorf("a filter met more than %d KB", maxFiltered>>10)

// filters are the ones a source may use: Liquid's own names and meanings, each
// total over all values and bounded in what it makes. Those of the engine are
// not used: some of them panic or grow without bound.
var filters = map[string]func(value any, args []any) (any, error){
	"default": func(v any, args []any) (any, error) {
		if v == nil || v == false || v == "" {
			return arg(args, 0), nil
		}
		if list, ok := v.([]any); ok && len(list) == 0 {
			return arg(args, 0), nil
		}
		return v, nil
	},
	// every value is escaped where it is written; to do it here too would do it twice
	"escape":      func(v any, _ []any) (any, error) { return v, nil },
	"escape_once": func(v any, _ []any) (any, error) { return v, nil },

	"append":         text(func(s string, args []any) any { return s + str(args, 0) }),
	"prepend":        text(func(s string, args []any) any { return str(args, 0) + s }),
	"upcase":         text(func(s string, _ []any) any { return strings.ToUpper(s) }),
	"downcase":       text(func(s string, _ []any) any { return strings.ToLower(s) }),
	"capitalize":     text(capitalize),
	"strip":          text(func(s string, _ []any) any { return strings.TrimSpace(s) }),
	"lstrip":         text(func(s string, _ []any) any { return strings.TrimLeftFunc(s, unicode.IsSpace) }),
	"rstrip":         text(func(s string, _ []any) any { return strings.TrimRightFunc(s, unicode.IsSpace) }),
	"strip_newlines": text(func(s string, _ []any) any { return strings.NewReplacer("\r", "", "\n", "").Replace(s) }),
	"replace":        text(func(s string, args []any) any { return replace(s, str(args, 0), str(args, 1), -1) }),
	"replace_first":  text(func(s string, args []any) any { return replace(s, str(args, 0), str(args, 1), 1) }),
	"remove":         text(func(s string, args []any) any { return replace(s, str(args, 0), "", -1) }),
	"remove_first":   text(func(s string, args []any) any { return replace(s, str(args, 0), "", 1) }),
	"strip_html":     text(func(s string, _ []any) any { return markup.ReplaceAllString(s, "") }),
	"newline_to_br":  text(func(s string, _ []any) any { return newlineForms.Replace(s) }), // the tags come where it is written,
	"url_encode":     text(func(s string, _ []any) any { return url.QueryEscape(s) }),
	"truncate":       text(truncate),
	"truncatewords":  text(truncateWords),
	"slice":          text(slice),
	"split":          text(split),
	"date":           date,

	"size": func(v any, _ []any) (any, error) {
		switch x := v.(type) {
		case []any:
			return len(x), nil
		case tags.IterationKeyedMap:
			return len(x), nil
		}
		return utf8.RuneCountInString(textOf(v)), nil
	},
	"join": func(v any, args []any) (any, error) {
		list, ok := v.([]any)
		if !ok {
			return v, nil
		}
		parts := make([]string, len(list))
		for i, item := range list {
			parts[i] = textOf(item)
		}
		separator := " "
		if len(args) > 0 {
			separator = str(args, 0)
		}
		if len(parts)*len(separator) > maxFiltered {
			return nil, errFiltered
		}
		return bounded(strings.Join(parts, separator))
	},
	"first": item(func(list []any) any { return list[0] }),
	"last":  item(func(list []any) any { return list[len(list)-1] }),

	"plus":       number(func(a, b float64) float64 { return a + b }),
	"minus":      number(func(a, b float64) float64 { return a - b }),
	"times":      number(func(a, b float64) float64 { return a * b }),
	"divided_by": number(func(a, b float64) float64 { return a / b }),
	"modulo":     number(math.Mod),
	"abs":        number(func(a, _ float64) float64 { return math.Abs(a) }),
	"ceil":       number(func(a, _ float64) float64 { return math.Ceil(a) }),
	"floor":      number(func(a, _ float64) float64 { return math.Floor(a) }),
	"round": number(func(a, places float64) float64 {
		unit := math.Pow10(int(math.Max(0, math.Min(places, 12))))
		return math.Round(a*unit) / unit
	}),
}

// theEngine knows our filters, the harmless tags, and the two words that the
// compiler puts in.
var theEngine = newEngine()

func newEngine() *liquid.Engine {
	e := liquid.NewEngine()
	for name, f := range filters {
		e.RegisterFilter(name, func(v any, args ...any) (any, error) { return f(v, args) })
	}
	e.RegisterFilter(reserved, func(v, n, r any) (any, error) {
		return r.(*run).output(v, n.(int))
	})
	e.RegisterTag(reserved, func(ctx render.Context) (string, error) {
		cost, err := strconv.Atoi(ctx.TagArgs())
		if err != nil {
			return "", err
		}
		r := ctx.Get(reserved).(*run)
		if r.left -= cost; r.left < 0 {
			return "", errors.New("the loops run too often")
		}
		return "", nil
	})
	return e
}

func engineParse(source string) (t *liquid.Template, err error) {
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, errors.New("it cannot be understood")
		}
	}()
	t, perr := theEngine.ParseString(source)
	if perr != nil {
		return nil, errors.New(sentence(perr))
	}
	return t, nil
}

// sentence is what the engine says, without our own words in it.
func sentence(err liquid.SourceError) string {
	cause := error(err)
	for {
		with, ok := cause.(interface{ Cause() error })
		if !ok || with.Cause() == nil {
			break
		}
		cause = with.Cause()
	}
	var filter expressions.FilterError
	if errors.As(cause, &filter) {
		cause = filter.Err
	}
	return firstLine(cause.Error())
}

// firstLine leaves out the stack that the engine adds to a panic.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func bounded(s string) (any, error) {
	if len(s) > maxFiltered {
		return nil, errFiltered
	}
	return s, nil
}

func arg(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return nil
}

func str(args []any, i int) string { return textOf(arg(args, i)) }

var (
	newlineForms = strings.NewReplacer("\r\n", "\n", "\r", "\n")
	// markup is what strip_html takes away, with the content of what is no text
	markup = regexp.MustCompile(`(?is)<script.*?</script>|<!--.*?-->|<style.*?</style>|<[^>]*>`)
)

// text makes a filter of a function over strings.
func text(f func(s string, args []any) any) func(any, []any) (any, error) {
	return func(v any, args []any) (any, error) {
		in := textOf(v)
		total := len(in)
		for i := range args {
			total += len(str(args, i))
		}
		if total > maxFiltered {
			return nil, errFiltered
		}
		out := f(in, args)
		if s, ok := out.(string); ok {
			return bounded(s)
		}
		return out, nil
	}
}

// number makes a filter of a function over numbers. What is no number counts
// as 0, and what has no result (a division by zero) is nothing.
func number(f func(a, b float64) float64) func(any, []any) (any, error) {
	return func(v any, args []any) (any, error) {
		out := f(toNumber(v), toNumber(arg(args, 0)))
		if math.IsNaN(out) || math.IsInf(out, 0) {
			return nil, nil
		}
		if out == math.Trunc(out) && math.Abs(out) < 1<<53 {
			return int(out), nil
		}
		return out, nil
	}
}

func toNumber(v any) float64 {
	switch x := v.(type) {
	case float64:
		return x
	case int:
		return float64(x)
	case int64:
		return float64(x)
	case string:
		n, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		if err == nil {
			return n
		}
	}
	return 0
}

func item(f func([]any) any) func(any, []any) (any, error) {
	return func(v any, _ []any) (any, error) {
		if list, ok := v.([]any); ok && len(list) > 0 {
			return f(list), nil
		}
		return nil, nil
	}
}

// replace leaves alone what is so long that its growth could not be bounded.
func replace(s, old, with string, n int) any {
	if old == "" {
		return s
	}
	count := strings.Count(s, old)
	if n >= 0 && count > n {
		count = n
	}
	if len(s)+count*len(with) > 4*maxFiltered {
		return strings.Repeat("-", maxFiltered+1) // refused by bounded
	}
	return strings.Replace(s, old, with, n)
}

func capitalize(s string, _ []any) any {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[size:]
}

func truncate(s string, args []any) any {
	limit, ellipsis := 50, "..."
	if len(args) > 0 {
		limit = int(toNumber(args[0]))
	}
	if len(args) > 1 {
		ellipsis = str(args, 1)
	}
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	keep := limit - utf8.RuneCountInString(ellipsis)
	if keep < 0 {
		keep = 0
	}
	return string(runes[:keep]) + ellipsis
}

func truncateWords(s string, args []any) any {
	limit, ellipsis := 15, "..."
	if len(args) > 0 {
		limit = int(toNumber(args[0]))
	}
	if len(args) > 1 {
		ellipsis = str(args, 1)
	}
	words := strings.Fields(s)
	if limit < 1 {
		limit = 1
	}
	if len(words) <= limit {
		return s
	}
	return strings.Join(words[:limit], " ") + ellipsis
}

func slice(s string, args []any) any {
	runes := []rune(s)
	from, length := int(toNumber(arg(args, 0))), 1
	if len(args) > 1 {
		length = int(toNumber(args[1]))
	}
	if from < 0 {
		from += len(runes)
	}
	if from < 0 || from >= len(runes) || length <= 0 {
		return ""
	}
	if length > len(runes)-from {
		length = len(runes) - from
	}
	return string(runes[from : from+length])
}

func split(s string, args []any) any {
	parts := strings.Split(s, str(args, 0))
	if str(args, 0) == " " {
		parts = strings.Fields(s)
	}
	for len(parts) > 0 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}

var dateVerbs = map[byte]string{
	'd': "02", 'e': "_2", 'm': "01", 'Y': "2006", 'y': "06", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM",
	'b': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'F': "2006-01-02", 'T': "15:04:05", 'z': "-0700", '%': "%",
}

// date writes a date out of an attribute: 2026-12-01 or RFC 3339, in the zone
// it was given in. Anything else, "now" too, is written as it is: a mail that
// is sent again must come out the same.
func date(v any, args []any) (any, error) {
	in := textOf(v)
	at, err := time.Parse(time.RFC3339, in)
	if err != nil {
		if at, err = time.Parse(time.DateOnly, in); err != nil {
			return v, nil
		}
	}
	layout := str(args, 0)
	if len(layout) > 200 {
		return nil, errFiltered
	}
	var b strings.Builder
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' || i+1 == len(layout) {
			b.WriteByte(layout[i])
			continue
		}
		i++
		short := layout[i] == '-' && i+1 < len(layout)
		if short {
			i++
		}
		out := "%" + string(rune(layout[i]))
		if verb, ok := dateVerbs[layout[i]]; ok {
			out = at.Format(verb)
		}
		if short {
			out = strings.TrimLeft(out, "0 ")
		}
		b.WriteString(out)
	}
	return b.String(), nil
}
