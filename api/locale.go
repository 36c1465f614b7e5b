package api

import (
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"
	xlang "golang.org/x/text/language"

	"github.com/postrider/postrider/pkg/model"
)

// tongue is a language the API answers in: "en" or "ru".
type tongue string

const (
	english tongue = "en"
	russian tongue = "ru"
)

var tongues = xlang.NewMatcher([]xlang.Tag{xlang.English, xlang.Russian})

// language is what the request asks for (RFC 9110 §12.5.4); English when it
// does not say.
func language(c echo.Context) tongue {
	accept := c.Request().Header.Get("Accept-Language")
	if accept == "" || len(accept) > 200 {
		return english
	}
	if _, i := xlang.MatchStrings(tongues, accept); i == 1 {
		return russian
	}
	return english
}

// title is a few words for a kind.
func (t tongue) title(kind model.Kind) string {
	if t == russian {
		return titles[kind].ru
	}
	return titles[kind].en
}

// detail is the sentence of an error. The kind's own one stands in where the
// error brings none.
func (t tongue) detail(e *model.Error) string {
	en := e.Message
	if en == "" {
		en = titles[e.Kind].detailEN
	}
	if t != russian {
		return en
	}
	if e.Message == "" {
		return titles[e.Kind].detailRU
	}
	if ru, known := translated(en); known {
		return ru
	}
	return en
}

// field is the sentence of a field's breach, found by the sentence itself,
// else by its code.
func (t tongue) field(f model.FieldError) string {
	if t != russian {
		return f.Message
	}
	if ru, known := translated(f.Message); known {
		return ru
	}
	if ru, known := breaches[f.Code]; known {
		return ru
	}
	return f.Message
}

// translated finds the sentence that explains most of en: of "must be between
// 1 and 9" and "must be between 1 and 9, or null" the second is no number.
// What a sentence quotes as a text may be a sentence itself.
func translated(en string) (string, bool) {
	best, values := sentence{}, []string(nil)
	for _, s := range sentences {
		m := s.pattern.FindStringSubmatch(en)
		if m != nil && (best.pattern == nil || length(m[1:]) < length(values)) {
			best, values = s, m[1:]
		}
	}
	if best.pattern == nil {
		return "", false
	}
	var out strings.Builder
	rest := best.ru
	for i, value := range values {
		before, after, _ := strings.Cut(rest, "{}")
		if ru, known := translated(value); known && best.quotes[i] {
			value = ru
		}
		out.WriteString(before)
		out.WriteString(value)
		rest = after
	}
	return out.String() + rest, true
}

func length(values []string) int { return len(strings.Join(values, "")) }

// sentence is an English sentence, given as its format, and its translation
// with {} for each verb.
type sentence struct {
	pattern *regexp.Regexp
	quotes  []bool // which of the verbs are texts, and may be sentences
	ru      string
}

var verb = regexp.MustCompile(`%[a-z]`)

func say(format, ru string) sentence {
	s := sentence{ru: ru}
	parts := verb.Split(format, -1)
	pattern := "(?s)^" + regexp.QuoteMeta(parts[0])
	for i, v := range verb.FindAllString(format, -1) {
		value := "(.+?)"
		if v == "%q" {
			value = `("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`
		}
		pattern += value + regexp.QuoteMeta(parts[i+1])
		s.quotes = append(s.quotes, v == "%s")
	}
	s.pattern = regexp.MustCompile(pattern + "$")
	return s
}
