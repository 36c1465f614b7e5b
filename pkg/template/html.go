package template

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// place is where in an HTML document a value goes.
type place struct {
	text    bool // between tags, where a line end may become one
	bare    bool // in an attribute without quotes: spaces end it
	style   bool // in a style sheet
	address bool // in href, src …, where the scheme may still come
}

// write puts a value in the form that is safe at this place. &, <, >, " and '
// are escaped everywhere, which suffices for text and quoted attributes (HTML
// Living Standard §13.2.5: only these, or the end of the attribute, change the
// tokeniser's state).
func (p place) write(b *strings.Builder, value string) {
	switch {
	case p.style:
		value = strings.Map(func(r rune) rune {
			if r >= utf8.RuneSelf || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("#%., -", r) {
				return r
			}
			return -1
		}, value)
	case p.address && !harmless(value):
		value = "#"
	}
	if !p.bare {
		escape(b, value)
		return
	}
	for _, r := range value { // an attribute without quotes ends at any of these
		if strings.ContainsRune(" \t\n\f\r&<>\"'=`/", r) || r < ' ' {
			if r != 0 {
				b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
			}
			continue
		}
		b.WriteRune(r)
	}
}

// harmless reports whether a value may stand where the scheme of an address is
// expected: it brings none (RFC 3986 §4.2), or one that runs nothing. What
// stands before it cannot make one of these another that does.
func harmless(value string) bool {
	value = strings.TrimSpace(value)
	colon := strings.IndexByte(value, ':')
	if colon < 0 || strings.ContainsAny(value[:colon], "/?#") {
		return true
	}
	switch strings.ToLower(value[:colon]) {
	case "http", "https", "mailto", "tel", "sms":
		return true
	}
	return false
}

var addressAttributes = map[string]bool{
	"href": true, "src": true, "action": true, "formaction": true, "background": true, "poster": true, "cite": true,
	"data": true, "longdesc": true, "usemap": true, "srcset": true, "xlink:href": true, "lowsrc": true, "dynsrc": true,
	"manifest": true, "icon": true, "codebase": true, "classid": true, "profile": true, "ping": true,
}

type htmlState int

const (
	inText   htmlState = iota
	inOpen             // after <
	inMarkup           // after <!, until it is known what it is
	inComment
	inCondition // <!--[if …]>
	inBogus     // <!…>, <?…>
	inTagName
	inTag
	inAttribute // its name
	afterName   // and the space after it
	beforeValue // after =
	inDouble    // "…"
	inSingle    // '…'
	inBare      // …
	inRaw       // script and style
)

// scanner follows an HTML source through its literals, to know where each
// placeholder stands. It reads on through branches as if all were taken; what
// a branch may change about an address is forgotten, on the safe side.
type scanner struct {
	state     htmlState
	tag, attr string // names, as far as they are read
	buf       string // what was read of a beginning or an end
	schemed   bool   // something was written after which no scheme can come
}

// slot tells where a placeholder stands that comes here, or why it must not.
func (s *scanner) slot() (place, error) {
	switch s.state {
	case inText, inComment:
		s.buf = ""
		return place{text: s.state == inText}, nil
	case inRaw:
		if s.tag == "style" {
			s.buf = ""
			return place{style: true}, nil
		}
		return place{}, errors.New("stands in a script, where no value is safe")
	case beforeValue:
		s.state = inBare
		fallthrough
	case inDouble, inSingle, inBare:
		if strings.HasPrefix(s.attr, "on") || s.attr == "srcdoc" {
			return place{}, fmt.Errorf("stands in %s, where no value is safe", s.attr)
		}
		return place{bare: s.state == inBare, address: addressAttributes[s.attr] && !s.schemed}, nil
	}
	return place{}, errors.New("stands inside a tag but not in the value of an attribute, where no value is safe")
}

// branch notes that what was written may not have been.
func (s *scanner) branch() { s.schemed = false }

func (s *scanner) literal(text string) {
	for i := 0; i < len(text); i++ {
		s.next(text[i])
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }

func lower(c byte) string { return strings.ToLower(string(rune(c))) }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func (s *scanner) next(c byte) {
	switch s.state {
	case inText:
		if c == '<' {
			s.state, s.buf = inOpen, ""
		}
	case inOpen:
		switch {
		case isLetter(c):
			s.state, s.tag = inTagName, s.buf+lower(c)
		case c == '/' && s.buf == "":
			s.buf = "/"
		case c == '!' && s.buf == "":
			s.state, s.buf = inMarkup, ""
		case c == '?' || s.buf == "/" && c != '>':
			s.state = inBogus
		case c == '<':
			s.buf = ""
		default:
			s.state = inText
		}
	case inMarkup:
		switch s.buf += string(rune(c)); {
		case s.buf == "--":
			s.state, s.buf = inComment, "<"
		case s.buf != "-":
			s.state = inBogus
			s.next(c)
		}
	case inBogus, inCondition:
		if c == '>' {
			s.state = inText
		}
	case inComment:
		s.comment(c)
	case inRaw:
		s.raw(c)
	default:
		s.inside(c)
	}
}

// comment waits for --> (or the > and -> that end an empty one). A conditional
// comment is Outlook's HTML: what is in it is read on.
func (s *scanner) comment(c byte) {
	s.buf += string(rune(c))
	switch {
	case s.buf == "<[":
		return
	case strings.EqualFold(s.buf, "<[if"):
		s.state, s.buf = inCondition, ""
		return
	case strings.HasPrefix("<[if", strings.ToLower(s.buf)):
		return
	case c == '>' && (strings.HasSuffix(s.buf, "-->") || s.buf == "<>" || s.buf == "<->" || strings.HasSuffix(s.buf, "--!>")):
		s.state, s.buf = inText, ""
		return
	}
	if len(s.buf) > 4 {
		s.buf = s.buf[len(s.buf)-4:]
	}
}

// raw waits for the end tag of a script or style.
func (s *scanner) raw(c byte) {
	s.buf += lower(c)
	end := "</" + s.tag
	if n := len(s.buf) - len(end) - 1; n >= 0 {
		s.buf = s.buf[n:]
		if strings.HasPrefix(s.buf, end) && (isSpace(c) || c == '/' || c == '>') {
			s.state, s.tag, s.buf = inTag, "/", ""
			if c == '>' {
				s.state = inText
			}
		}
	}
}

// inside reads what stands between < and >.
func (s *scanner) inside(c byte) {
	switch {
	case s.state == inDouble && c == '"', s.state == inSingle && c == '\'', s.state == inBare && isSpace(c):
		s.state = inTag
	case s.state == inDouble, s.state == inSingle:
		s.value(c)
	case c == '>':
		s.state, s.buf = inText, ""
		if s.tag == "script" || s.tag == "style" {
			s.state = inRaw
		}
	case s.state == inBare:
		s.value(c)
	case s.state == beforeValue:
		switch {
		case isSpace(c):
		case c == '"':
			s.state = inDouble
		case c == '\'':
			s.state = inSingle
		default:
			s.state = inBare
			s.value(c)
		}
	case isSpace(c):
		switch s.state {
		case inTagName:
			s.state = inTag
		case inAttribute:
			s.state = afterName
		}
	case c == '/':
		s.state = inTag
	case s.state == inTagName:
		s.tag = extend(s.tag, c)
	case c == '=' && s.state != inTag:
		s.state, s.schemed = beforeValue, false
	case s.state == inAttribute:
		s.attr = extend(s.attr, c)
	default:
		s.state, s.attr = inAttribute, lower(c)
	}
}

// extend reads on in a name; only the short ones mean anything here.
func extend(name string, c byte) string {
	if len(name) > 16 {
		return name
	}
	return name + lower(c)
}

func (s *scanner) value(c byte) {
	if strings.IndexByte(":/?#", c) >= 0 {
		s.schemed = true
	}
}
