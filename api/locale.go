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
	for _, s := range sentences {
		if m := s.pattern.FindStringSubmatch(en); m != nil {
			return fill(s.ru, m[1:])
		}
	}
	return en
}

// field is the sentence of a field's breach, found by its code. Numbers of the
// English sentence are carried over.
func (t tongue) field(f model.FieldError) string {
	if t != russian {
		return f.Message
	}
	text, known := breaches[f.Code]
	if !known {
		return f.Message
	}
	for _, s := range text.exact {
		if m := s.pattern.FindStringSubmatch(f.Message); m != nil {
			return fill(s.ru, m[1:])
		}
	}
	return text.ru
}

func fill(text string, values []string) string {
	for _, v := range values {
		text = strings.Replace(text, "{}", v, 1)
	}
	return text
}

// sentence is an English sentence, given as its format, and its translation
// with {} for each verb.
type sentence struct {
	pattern *regexp.Regexp
	ru      string
}

var verb = regexp.MustCompile(`%[a-z]`)

func say(format, ru string) sentence {
	parts := verb.Split(format, -1)
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return sentence{regexp.MustCompile("(?s)^" + strings.Join(parts, "(.+?)") + "$"), ru}
}
