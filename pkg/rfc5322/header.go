package rfc5322

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ownNames are the fields this package writes; nobody else may.
var ownNames = map[string]bool{
	"from": true, "to": true, "reply-to": true, "subject": true, "date": true, "message-id": true,
	"mime-version": true, "content-type": true, "content-transfer-encoding": true, "list-id": true,
	"feedback-id": true, "list-unsubscribe": true, "list-unsubscribe-post": true,
	"sender": true, "cc": true, "bcc": true, "return-path": true,
}

func checkName(name string) error {
	if name == "" || len(name) > 60 {
		return fmt.Errorf("rfc5322: %q is not a header name of 1 to 60 characters", clip(name))
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; c <= ' ' || c >= 0x7f || c == ':' {
			return fmt.Errorf("rfc5322: %q is not a header name (RFC 5322 §2.2)", clip(name))
		}
	}
	if ownNames[strings.ToLower(name)] {
		return fmt.Errorf("rfc5322: the header %s cannot be set this way", name)
	}
	return nil
}

// checkValue refuses what could end a header line or confuse who shows it.
func checkValue(name, value string) (ascii bool, err error) {
	ascii = true
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c >= utf8.RuneSelf:
			ascii = false
		case c < ' ' || c == 0x7f:
			return false, fmt.Errorf("rfc5322: %s: control characters (line breaks, NUL, tabs) are not allowed", name)
		}
	}
	if !ascii {
		for _, r := range value {
			if r >= 0x80 && r < 0xa0 { // the C1 controls, NEL among them
				return false, fmt.Errorf("rfc5322: %s: control characters (line breaks, NUL, tabs) are not allowed", name)
			}
		}
		if !utf8.ValidString(value) {
			return false, fmt.Errorf("rfc5322: %s: the value is not valid UTF-8", name)
		}
	}
	return ascii, nil
}

// appendRaw writes a field of ASCII that is never encoded or folded.
func appendRaw(dst []byte, name, value string) ([]byte, error) {
	ascii, err := checkValue(name, value)
	if err != nil {
		return nil, err
	}
	if !ascii || len(value) > maxToken || value != strings.TrimSpace(value) || value == "" {
		return nil, fmt.Errorf("rfc5322: %s: only ASCII without surrounding spaces, up to %d octets, is allowed", name, maxToken)
	}
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...), nil
}

const (
	lineLimit = 78 // RFC 5322 §2.1.1, preferred
	wordLimit = 76 // RFC 2047 §2, of a line with encoded-words
)

// appendUnstructured writes a field of free text (RFC 5322 §3.2.5).
func appendUnstructured(dst []byte, name, value string) ([]byte, error) {
	ascii, err := checkValue(name, value)
	if err != nil {
		return nil, err
	}
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	col := len(name) + 2
	switch {
	case ascii && col+len(value) <= lineLimit && isPlain(value):
		dst = append(dst, value...)
	case ascii && isPlain(value):
		dst = appendFolded(dst, col, value)
	default:
		dst, _ = appendWords(dst, col, value)
	}
	return append(dst, "\r\n"...), nil
}

// isPlain reports whether ASCII text survives folding and unfolding as it is:
// readers differ in what they make of runs of spaces at a fold, and "=?"
// would be taken for an encoded-word.
func isPlain(s string) bool {
	if strings.Contains(s, "=?") {
		return false
	}
	word := 0
	for i := 0; i < len(s); i++ {
		if s[i] != ' ' {
			if word++; word > 60 {
				return false
			}
			continue
		}
		if i == 0 || i == len(s)-1 || s[i-1] == ' ' {
			return false
		}
		word = 0
	}
	return true
}

func appendFolded(dst []byte, col int, s string) []byte {
	for first := true; ; first = false {
		word, rest, more := strings.Cut(s, " ")
		if !first {
			if col+1+len(word) > lineLimit {
				dst = append(dst, "\r\n"...)
				col = 0
			}
			dst = append(dst, ' ')
			col++
		}
		dst = append(dst, word...)
		col += len(word)
		if !more {
			return dst
		}
		s = rest
	}
}

const (
	wordOpenB = "=?utf-8?B?"
	wordOpenQ = "=?utf-8?Q?"
	wordClose = "?="
	upperHex  = "0123456789ABCDEF"
)

// appendWords writes encoded-words (RFC 2047), B or Q, whichever is shorter,
// folded between the words and never inside a character. It answers the
// column it ends in.
func appendWords(dst []byte, col int, s string) ([]byte, int) {
	qLen := 0
	for i := 0; i < len(s); i++ {
		qLen += qWidth(s[i])
	}
	b := (len(s)+2)/3*4 < qLen
	for first := true; s != ""; first = false {
		if !first {
			dst = append(dst, "\r\n "...)
			col = 1
		}
		room := min(wordLimit-col, 75) - len(wordOpenB) - len(wordClose)
		n, width := 0, 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			w := width
			if b {
				w = (n + size + 2) / 3 * 4
			} else {
				for i := n; i < n+size; i++ {
					w += qWidth(s[i])
				}
			}
			if w > room {
				break
			}
			n, width = n+size, w
		}
		if n == 0 {
			continue // no room behind a long field name: begin on the next line
		}
		if b {
			dst = append(dst, wordOpenB...)
			dst = base64.StdEncoding.AppendEncode(dst, []byte(s[:n]))
		} else {
			dst = append(dst, wordOpenQ...)
			dst = appendQ(dst, s[:n])
		}
		dst = append(dst, wordClose...)
		col += len(wordOpenB) + width + len(wordClose)
		s = s[n:]
	}
	return dst, col
}

// qWidth is what a byte costs in the Q encoding. The narrow alphabet is that
// of a phrase (RFC 2047 §5 (3)), good everywhere.
func qWidth(c byte) int {
	if c == ' ' || isAlnum(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/' {
		return 1
	}
	return 3
}

func appendQ(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			dst = append(dst, '_')
		case qWidth(c) == 1:
			dst = append(dst, c)
		default:
			dst = append(dst, '=', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

// appendAddress writes a field of one mailbox (RFC 5322 §3.4).
func appendAddress(dst []byte, field string, a Address) ([]byte, error) {
	ascii, err := checkValue(field, a.Name)
	if err != nil {
		return nil, err
	}
	if err := checkAddr(a.Addr); err != nil {
		return nil, fmt.Errorf("rfc5322: %s: %q %w", field, clip(a.Addr), err)
	}
	dst = append(dst, field...)
	dst = append(dst, ": "...)
	col := len(field) + 2
	if a.Name == "" {
		// Without a name brackets are not needed, yet they keep the
		// address apart from everything else for simple readers.
		dst = append(dst, '<')
		dst = append(dst, a.Addr...)
		return append(dst, ">\r\n"...), nil
	}
	switch {
	case !ascii || len(a.Name) > 60 || strings.Contains(a.Name, "=?"):
		dst, col = appendWords(dst, col, a.Name)
	case isPhrase(a.Name):
		dst = append(dst, a.Name...)
		col += len(a.Name)
	default:
		start := len(dst)
		dst = append(dst, '"')
		for i := 0; i < len(a.Name); i++ {
			if c := a.Name[i]; c == '"' || c == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, a.Name[i])
		}
		dst = append(dst, '"')
		col += len(dst) - start
	}
	if col+len(a.Addr)+3 > lineLimit {
		dst = append(dst, "\r\n"...)
	}
	dst = append(dst, " <"...)
	dst = append(dst, a.Addr...)
	return append(dst, ">\r\n"...), nil
}

// isPhrase reports whether a name may stand unquoted: atoms with single
// spaces between them.
func isPhrase(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' {
			if i == 0 || i == len(s)-1 || s[i-1] == ' ' {
				return false
			}
		} else if !isAtext(s[i]) {
			return false
		}
	}
	return true
}

// checkAddr wants local@domain, both dot-atoms; the local part may be UTF-8
// (RFC 6532), 64 and 255 octets at most (RFC 5321 §4.5.3.1).
func checkAddr(addr string) error {
	at := strings.LastIndexByte(addr, '@')
	if at < 0 || !isDotAtom(addr[:at], true) || !isDotAtom(addr[at+1:], true) {
		return errors.New("is not an address of the form local@domain")
	}
	if at > 64 || len(addr)-at-1 > 255 {
		return errors.New("is too long for an address")
	}
	if _, err := checkValue("address", addr); err != nil {
		return errors.New("has characters that an address cannot have")
	}
	return nil
}

// isDotAtom is dot-atom-text of RFC 5322 §3.2.3; with utf8ok, of RFC 6532 §3.2.
func isDotAtom(s string, utf8ok bool) bool {
	prev := byte('.')
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.':
			if prev == '.' {
				return false
			}
		case c >= utf8.RuneSelf:
			if !utf8ok {
				return false
			}
		case !isAtext(c):
			return false
		}
		prev = c
	}
	return prev != '.'
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isAtext(c byte) bool {
	return isAlnum(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// clip keeps a bad value short in an error.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
