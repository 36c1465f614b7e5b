// Package template turns a message's subject and bodies into one client's
// mail. The language is Liquid, with what a mailing needs and no more.
//
// # Safety
//
// In HTML mode every value is escaped for the place it stands in: text, a
// quoted or bare attribute, a style sheet. A value that begins an address
// (href, src …) and is not http, https, mailto, tel, sms or relative becomes
// "#". The line ends of newline_to_br are the one markup a value may bring.
// Where no escaping is safe (scripts, tag and attribute names, event
// handlers, srcdoc) a placeholder is refused by Parse. There is no way to
// switch escaping off.
//
// # Bounds
//
// Parse refuses what could run without bound: sources above MaxSource, more
// than 2 000 placeholders and tags or two loops inside each other, ranges,
// includes, captures, and tags and filters it does not know. Render gives up
// with an error when loops run through more than 256 KB of source, when a filter is given or makes more than
// 8 KB, and above MaxOutput. What a template renders depends on its source and
// the values alone, never on a clock or on chance, so that a mail sent again is
// byte-identical.
//
// # Speed
//
// Plain placeholders, with or without a default, are compiled to literals and
// slots of our own; sources with tags or other filters go through
// osteele/liquid. A Template may be rendered by any number of goroutines.
package template

import (
	"errors"
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode"

	"github.com/osteele/liquid"
)

// Bounds of a template, in bytes.
const (
	MaxSource = 256 << 10
	MaxOutput = 1 << 20

	maxMissing = 100
)

// Mode says what a source is, and with that how values are written.
type Mode int

// The modes.
const (
	HTML    Mode = iota // values are escaped for where they stand
	Text                // values are written as they are
	Subject             // one line: control characters in values become spaces
)

// Vars is what the placeholders stand for.
type Vars struct {
	Client         ClientVars
	MailingName    string
	SenderName     string
	SenderEmail    string
	UnsubscribeURL string
}

// ClientVars is the client a mail is for. Attributes hold strings, numbers,
// booleans and nil; they are read only.
type ClientVars struct {
	Email      string
	FullName   string
	Locale     string
	Attributes map[string]any
}

// Template is a parsed source. It is immutable and safe for concurrent use.
type Template struct {
	mode   Mode
	size   int    // of the source, to guess the output's
	parts  []part // the plain form, when the source has one
	slots  []slot // every placeholder in order
	engine *liquid.Template
	uses   map[string]bool // the paths that placeholders and assignments read
}

// part is a literal and, unless slot is negative, the placeholder after it.
type part struct {
	literal string
	slot    int
}

// slot is one placeholder: what it reads and where its value goes.
type slot struct {
	path     string // "client.attributes.city"; "" for an expression without one
	field    field
	key      string // of client.attributes
	fallback string // of a plain `default` filter
	defaults bool   // has a default
	local    bool   // the path begins with a name that the template itself assigns
	place    place
	lines    bool // ends in newline_to_br: its line ends are shown
}

// field is what a plain path stands for.
type field int

const (
	unknown field = iota
	clientEmail
	clientFullName
	clientLocale
	clientAttribute
	mailingName
	senderName
	senderEmail
	unsubscribeURL
)

var fields = map[string]field{
	"client.email": clientEmail, "client.full_name": clientFullName, "client.locale": clientLocale,
	"mailing.name": mailingName, "sender.name": senderName, "sender.email": senderEmail,
	"unsubscribe_url": unsubscribeURL,
}

const attributePrefix = "client.attributes."

func fieldOf(path string) (field, string) {
	if key, ok := strings.CutPrefix(path, attributePrefix); ok && !strings.Contains(key, ".") {
		return clientAttribute, key
	}
	return fields[path], ""
}

// Parse compiles a source. The error is a sentence for the person who wrote
// it, beginning with the line. A path that stands for nothing is no error: it
// renders empty, and Render says so.
func Parse(source string, mode Mode) (*Template, error) {
	if len(source) > MaxSource {
		return nil, fmt.Errorf("it is longer than %d KB", MaxSource>>10)
	}
	tokens, err := scan(source)
	if err != nil {
		return nil, err
	}
	c := compiler{mode: mode, assigned: assignedNames(tokens), uses: map[string]bool{}}
	if err := c.compile(tokens); err != nil {
		return nil, err
	}
	t := &Template{mode: mode, size: len(source), slots: c.slots, uses: c.uses}
	if c.plain {
		t.parts = c.parts
		return t, nil
	}
	if t.engine, err = engineParse(c.source.String()); err != nil {
		return nil, err
	}
	return t, nil
}

// Uses reports whether a placeholder or an assignment reads a path such as
// "unsubscribe_url", also in a branch that may not be taken.
func (t *Template) Uses(path string) bool { return t.uses[path] }

// Render writes the template for one client. missing holds the paths, each
// once, in order and at most 100, of placeholders without a default that came out empty,
// because the client has no such value or nothing has that name. An error
// means that the template gave up on these values: a bound was reached, or a
// filter met what it cannot work on.
func (t *Template) Render(vars Vars) (out string, missing []string, err error) {
	if t.engine != nil {
		return t.renderEngine(vars)
	}
	var b strings.Builder
	b.Grow(t.size + 128)
	for _, p := range t.parts {
		b.WriteString(p.literal)
		if p.slot < 0 {
			continue
		}
		s := &t.slots[p.slot]
		value := vars.text(s)
		if value == "" {
			if !s.defaults {
				missing = note(missing, s.path)
			}
			value = s.fallback
		}
		t.write(&b, value, s)
	}
	if b.Len() > MaxOutput {
		return "", nil, errTooLong
	}
	return b.String(), missing, nil
}

var errTooLong = fmt.Errorf("the result is longer than %d KB", MaxOutput>>10)

func note(missing []string, path string) []string {
	if len(missing) == maxMissing {
		return missing
	}
	for _, m := range missing {
		if m == path {
			return missing
		}
	}
	return append(missing, path)
}

// text is what a plain path stands for, "" when there is nothing. A false is
// nothing too, as Liquid's default filter has it only there.
func (v *Vars) text(s *slot) string {
	switch s.field {
	case clientEmail:
		return v.Client.Email
	case clientFullName:
		return v.Client.FullName
	case clientLocale:
		return v.Client.Locale
	case clientAttribute:
		value := v.Client.Attributes[s.key]
		if value == false && s.defaults {
			return ""
		}
		return textOf(value)
	case mailingName:
		return v.MailingName
	case senderName:
		return v.SenderName
	case senderEmail:
		return v.SenderEmail
	case unsubscribeURL:
		return v.UnsubscribeURL
	}
	return ""
}

// textOf writes a value as people do: whole numbers without an exponent.
func textOf(value any) string {
	switch x := value.(type) {
	case nil:
		return ""
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case int:
		return strconv.Itoa(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case []any:
		var b strings.Builder
		for _, item := range x {
			b.WriteString(textOf(item))
		}
		return b.String()
	}
	return ""
}

// write puts a value where it goes, in the form that is safe there.
func (t *Template) write(b *strings.Builder, value string, s *slot) {
	switch t.mode {
	case HTML:
		s.place.write(b, value)
	case Subject:
		b.WriteString(strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
				return ' '
			}
			return r
		}, value))
	default:
		b.WriteString(value)
	}
}

// run is the state of one rendering by the engine, handed to our own filter
// and tag through the bindings.
type run struct {
	t       *Template
	left    int // bytes of source that loops may still run through
	written int
	missing []string
}

func (t *Template) renderEngine(vars Vars) (out string, missing []string, err error) {
	defer func() {
		if r := recover(); r != nil { // the engine panics on some values of the wrong type
			out, missing, err = "", nil, fmt.Errorf("the template cannot be rendered with these values: %s", firstLine(fmt.Sprint(r)))
		}
	}()
	attributes := vars.Client.Attributes
	if attributes == nil {
		attributes = map[string]any{}
	}
	r := &run{t: t, left: maxWork}
	raw, rerr := t.engine.Render(liquid.Bindings{
		// iterated by key, in order: a plain map would come in another order each time
		"client": liquid.IterationKeyedMap(map[string]any{
			"email": vars.Client.Email, "full_name": vars.Client.FullName, "locale": vars.Client.Locale,
			"attributes": liquid.IterationKeyedMap(attributes),
		}),
		"mailing":         liquid.IterationKeyedMap(map[string]any{"name": vars.MailingName}),
		"sender":          liquid.IterationKeyedMap(map[string]any{"name": vars.SenderName, "email": vars.SenderEmail}),
		"unsubscribe_url": vars.UnsubscribeURL,
		reserved:          r,
	})
	if rerr != nil {
		return "", nil, errors.New(sentence(rerr))
	}
	if len(raw) > MaxOutput {
		return "", nil, errTooLong
	}
	return string(raw), r.missing, nil
}

// output is what every placeholder of the engine's form ends in.
func (r *run) output(value any, n int) (string, error) {
	s := &r.t.slots[n]
	text := textOf(value)
	if text == "" {
		if s.path != "" && !s.defaults && !s.local {
			r.missing = note(r.missing, s.path)
		}
		return "", nil
	}
	var b strings.Builder
	if s.lines && r.t.mode == HTML && s.place.text {
		for i, line := range strings.Split(text, "\n") {
			if i > 0 {
				b.WriteString("<br />\n")
			}
			escape(&b, line)
		}
	} else {
		r.t.write(&b, text, s)
	}
	if r.written += b.Len(); r.written > MaxOutput {
		return "", errTooLong
	}
	return b.String(), nil
}

func escape(b *strings.Builder, value string) {
	if strings.ContainsAny(value, "&<>\"'\x00") {
		value = html.EscapeString(strings.ReplaceAll(value, "\x00", ""))
	}
	b.WriteString(value)
}
