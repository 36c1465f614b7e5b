package rfc5322

import (
	"encoding/base64"
	"encoding/hex"
	"hash/fnv"
	"strings"
	"unicode/utf8"
)

type encoding int

const (
	sevenBit encoding = iota
	quotedPrintable
	base64Lines
)

// part is a body with what one look over it taught.
type part struct {
	text      string
	encoding  encoding
	canonical bool // every line end is CRLF already
}

// newPart chooses the transfer encoding: 7bit when the text can go as it is,
// else the shorter of quoted-printable and base64.
func newPart(text string) part {
	if canonical, ok := isSimple(text); ok {
		return part{text: text, canonical: canonical}
	}
	return oddPart(text)
}

// isSimple finds in a third of the time what nearly all texts in ASCII are: lines
// without controls that end in LF or CRLF, which go as they are. Canonical they
// are when it is CRLF everywhere.
func isSimple(text string) (canonical, ok bool) {
	canonical = true
	for len(text) > 0 {
		line := text
		if end := strings.IndexByte(text, '\n'); end < 0 {
			text = ""
		} else {
			line, text = text[:end], text[end+1:]
			if end > 0 && line[end-1] == '\r' {
				line = line[:end-1]
			} else {
				canonical = false
			}
		}
		if len(line) > 998 || !isPrintable(line) {
			return false, false
		}
	}
	return canonical, true
}

// isPrintable reports whether a line is ASCII without controls. It looks at eight
// octets at a time: the highest bit of one is set when it is beyond ASCII, when
// it is below a space, or when it is 0x7f.
func isPrintable(s string) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	odd := uint64(0)
	for ; len(s) >= 8; s = s[8:] {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		odd |= w | (w - ' '*each) | (w + each)
	}
	for i := 0; i < len(s); i++ {
		w := uint64(s[i])
		odd |= w | (w - ' ') | (w + 1)
	}
	return odd&high == 0
}

// oddPart is newPart for every other text.
func oddPart(text string) part {
	p := part{text: text, canonical: true}
	high, odd, line, longest := 0, false, 0, 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c < 0x7f {
			line++
			continue
		}
		switch {
		case c == '\n':
			if i == 0 || text[i-1] != '\r' {
				p.canonical = false
			}
			longest, line = max(longest, line), 0
		case c == '\r':
			if i+1 == len(text) || text[i+1] != '\n' {
				p.canonical = false
			}
			longest, line = max(longest, line), 0
		case c >= utf8.RuneSelf:
			high++
			line++
		default:
			// NUL may not stand in 7bit (RFC 2045 §2.7); other controls but
			// tab are better not tried on the servers on the way.
			odd = odd || c != '\t'
			line++
		}
	}
	longest = max(longest, line)
	switch {
	case high == 0 && !odd && longest <= 998:
		p.encoding = sevenBit
	case high*6 > len(text): // three for one beats four for three from here on
		p.encoding = base64Lines
	default:
		p.encoding = quotedPrintable
	}
	if high > 0 && !utf8.ValidString(text) {
		p.text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return p
}

func (p part) append(dst []byte, mediaType string) []byte {
	dst = append(dst, "Content-Type: "...)
	dst = append(dst, mediaType...)
	dst = append(dst, "; charset=utf-8\r\nContent-Transfer-Encoding: "...)
	switch p.encoding {
	case sevenBit:
		dst = append(dst, "7bit\r\n\r\n"...)
		return p.appendCanonical(dst)
	case quotedPrintable:
		dst = append(dst, "quoted-printable\r\n\r\n"...)
		return appendQuotedPrintable(dst, p.text)
	default:
		dst = append(dst, "base64\r\n\r\n"...)
		return p.appendBase64(dst)
	}
}

// appendCanonical writes the text with every CR, LF or CRLF as CRLF.
func (p part) appendCanonical(dst []byte) []byte {
	s := p.text
	if p.canonical {
		return append(dst, s...)
	}
	if strings.IndexByte(s, '\r') < 0 { // as templates are written: a search is faster than a look at each byte
		for {
			i := strings.IndexByte(s, '\n')
			if i < 0 {
				return append(dst, s...)
			}
			dst = append(dst, s[:i]...)
			dst = append(dst, "\r\n"...)
			s = s[i+1:]
		}
	}
	start := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != '\r' && c != '\n' {
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = append(dst, "\r\n"...)
		if s[i] == '\r' && i+1 < len(s) && s[i+1] == '\n' {
			i++
		}
		start = i + 1
	}
	return append(dst, s[start:]...)
}

// appendBase64 writes lines of 76 characters (RFC 2045 §6.8). The canonical
// text stands for a moment behind the place it will be encoded to, so that
// no second buffer is needed.
func (p part) appendBase64(dst []byte) []byte {
	const raw, line = 57, 76
	start := len(dst)
	dst = p.appendCanonical(dst)
	n := len(dst) - start
	if n == 0 {
		return dst
	}
	lines := (n + raw - 1) / raw
	size := (n+2)/3*4 + 2*(lines-1)
	dst = append(dst, make([]byte, size)...)
	src := dst[start+size : start+size+n]
	copy(src, dst[start:start+n])
	out := dst[start : start+size]
	for len(src) > raw {
		base64.StdEncoding.Encode(out, src[:raw])
		out[line], out[line+1] = '\r', '\n'
		src, out = src[raw:], out[line+2:]
	}
	base64.StdEncoding.Encode(out, src)
	return dst[:start+size]
}

// appendQuotedPrintable is RFC 2045 §6.7 for text: line ends stay line ends.
func appendQuotedPrintable(dst []byte, s string) []byte {
	col := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\r' || c == '\n' {
			if c == '\r' && i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
			dst = append(dst, "\r\n"...)
			col = 0
			continue
		}
		width := 3
		if c > ' ' && c < 0x7f && c != '=' {
			width = 1
		} else if (c == ' ' || c == '\t') && i+1 < len(s) && s[i+1] != '\r' && s[i+1] != '\n' {
			width = 1
		}
		if col+width > 75 {
			dst = append(dst, "=\r\n"...)
			col = 0
		}
		if width == 1 {
			dst = append(dst, c)
		} else {
			dst = append(dst, '=', upperHex[c>>4], upperHex[c&15])
		}
		col += width
	}
	return dst
}

const boundaryLen = 2 + 32

// boundary is derived from the Message-ID, so that a repeat is byte-identical.
// "=_" can stand in neither quoted-printable nor base64 (RFC 2045 §6.7); in
// a 7bit part the unlikely is looked for.
func boundary(messageID string, parts ...part) [boundaryLen]byte {
	h := fnv.New128a()
	h.Write([]byte(messageID))
	for {
		var b [boundaryLen]byte
		var sum [16]byte
		b[0], b[1] = '=', '_'
		hex.Encode(b[2:], h.Sum(sum[:0]))
		clash := false
		for _, p := range parts {
			if p.encoding == sevenBit && strings.Contains(p.text, string(b[:])) {
				clash = true
			}
		}
		if !clash {
			return b
		}
		h.Write([]byte{'+'})
	}
}
