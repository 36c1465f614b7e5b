package store

import (
	"encoding/json"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postrider/postrider/pkg/address"
	"github.com/postrider/postrider/pkg/model"
)

// Bounds of a client, in characters unless said otherwise.
const (
	maxName           = 200
	maxComment        = 2000
	maxTags           = 50 // a client
	maxTag            = 64
	maxAttributes     = 100 // a client
	maxAttribute      = 1000
	maxAttributeBytes = 64 << 10 // all of a client's, as JSON
)

var (
	attributeName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)
	// localeName is the part of BCP 47 (RFC 5646 §2.1) that people use: a
	// language, perhaps a script and a region.
	localeName = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$`)
)

// CheckClient holds a client against the rules, tells all breaches at once
// (model.Invalid), and puts what was given into its one form.
func CheckClient(c *model.Client) error {
	var bad model.Fields
	c.Email = checkEmail(&bad, "email", c.Email)
	c.FullName = strings.TrimSpace(c.FullName)
	checkLine(&bad, "full_name", c.FullName, maxName)
	checkText(&bad, "comment", c.Comment, maxComment)
	c.Tags = checkTags(&bad, c.Tags)
	checkAttributes(&bad, c)
	c.Locale, c.Timezone = strings.TrimSpace(c.Locale), strings.TrimSpace(c.Timezone)
	if c.Locale != "" && !localeName.MatchString(c.Locale) {
		bad.Add("locale", "invalid", "must be a language as in ru or pt-BR")
	}
	if c.Timezone != "" {
		// "Local" would be the server's
		if _, err := time.LoadLocation(c.Timezone); err != nil || c.Timezone == "Local" {
			bad.Add("timezone", "invalid", "must be a time zone as in Europe/Moscow")
		}
	}
	return bad.Err()
}

// checkEmail answers the normalised address.
func checkEmail(bad *model.Fields, field, email string) string {
	if strings.TrimSpace(email) == "" {
		bad.Add(field, "required", "an e-mail is needed")
		return ""
	}
	// spaces around it are forgiven, line ends are an injection
	if strings.ContainsFunc(email, unicode.IsControl) {
		bad.Add(field, "control_character", "must not contain control characters")
		return ""
	}
	normal, err := address.Normalize(email)
	if err != nil {
		bad.Add(field, "invalid", "%s", err)
	}
	return normal
}

// breaksLine reports what ends a line or cannot be seen: what must not get into
// a header or a list.
func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

func checkLine(bad *model.Fields, field, text string, most int) {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, breaksLine):
		bad.Add(field, "control_character", "must not contain control characters")
	case utf8.RuneCountInString(text) > most:
		bad.Add(field, "too_long", "must have at most %d characters", most)
	}
}

// checkText is checkLine for several lines.
func checkText(bad *model.Fields, field, text string, most int) {
	checkLine(bad, field, strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(text), most)
}

// checkTags answers the tags trimmed, each once, sorted.
func checkTags(bad *model.Fields, tags []string) []string {
	out := make([]string, 0, len(tags))
	before := len(*bad)
	for _, tag := range tags {
		tag = strings.TrimSpace(tag)
		if tag == "" && len(*bad) == before {
			bad.Add("tags", "required", "a tag must not be empty")
		}
		if len(*bad) == before { // one breach names the list
			checkLine(bad, "tags", tag, maxTag)
		}
		out = append(out, tag)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > maxTags {
		bad.Add("tags", "too_many", "must be at most %d", maxTags)
	}
	return out
}

func checkAttributes(bad *model.Fields, c *model.Client) {
	c.Attributes = maps.Clone(c.Attributes)
	if c.Attributes == nil {
		c.Attributes = map[string]any{}
	}
	if len(c.Attributes) > maxAttributes {
		bad.Add("attributes", "too_many", "must be at most %d", maxAttributes)
		return
	}
	for name, value := range c.Attributes {
		field := "attributes." + printable(name)
		if !attributeName.MatchString(name) {
			bad.Add(field, "invalid", "a name is made of letters a to z, digits and _, begins with no digit and has at most 64 characters")
			continue
		}
		switch x := value.(type) {
		case nil: // no value is the same as no attribute
			delete(c.Attributes, name)
		case bool:
		case string:
			checkText(bad, field, x, maxAttribute)
		case int64:
			checkNumber(bad, field, float64(x))
		case float64:
			checkNumber(bad, field, x)
		default:
			bad.Add(field, "wrong_type", "must be a text, a number, true, false or null")
		}
	}
	if raw, err := json.Marshal(c.Attributes); err == nil && len(raw) > maxAttributeBytes {
		bad.Add("attributes", "too_long", "must have at most %d KB", maxAttributeBytes>>10)
	}
}

// checkNumber refuses what readers of JSON would round (RFC 8259 §6).
func checkNumber(bad *model.Fields, field string, n float64) {
	if math.IsNaN(n) || math.IsInf(n, 0) || n == math.Trunc(n) && math.Abs(n) > 1<<53-1 {
		bad.Add(field, "out_of_range", "must be between %d and %d", -(1<<53 - 1), 1<<53-1)
	}
}

// printable keeps a name that came from outside fit for an answer.
func printable(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(name, ""))
	if r := []rune(name); len(r) > 64 {
		name = string(r[:64]) + "…"
	}
	return name
}
