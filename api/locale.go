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

func translated(en string) (string, bool) {
	for _, s := range sentences {
		m := s.pattern.FindStringSubmatch(en)
		if m == nil {
			continue
		}
		ru := s.ru
		for _, value := range m[1:] {
			ru = strings.Replace(ru, "{}", value, 1)
		}
		return ru, true
	}
	return "", false
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
