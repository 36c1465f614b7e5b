package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a reply. RFC 5321 §4.5.3.1.5 allows 512 octets a line; servers
// take more, but a server must not be able to fill our memory.
const (
	maxReplyLine  = 2 << 10  // kept of a line, the rest is dropped
	maxReplyTotal = 64 << 10 // read of a reply
	maxReplyLines = 128
	maxResponse   = 1 << 10 // kept of the words in a Result
)

// errGarbage is what a server says that is no SMTP.
var errGarbage = errors.New("the server does not speak SMTP")

// reply is a server's answer (RFC 5321 §4.2). Its text holds the words of all
// lines, each ending in LF, and is valid until the next reply is read.
type reply struct {
	code int
	text []byte
}

// readReply reads one reply; text is a buffer to use again. An error that is
// not of the connection wraps errGarbage.
func readReply(r *bufio.Reader, text []byte) (reply, error) {
	rep := reply{text: text[:0]}
	total := 0
	for n := 0; n < maxReplyLines; n++ {
		line, err := readLine(r, &total)
		if err != nil {
			return reply{}, err
		}
		code, more, words, ok := splitLine(line)
		if !ok {
			return reply{}, fmt.Errorf("%w: %q", errGarbage, line[:min(len(line), 80)])
		}
		if n > 0 && code != rep.code {
			return reply{}, fmt.Errorf("%w: a reply of both %d and %d", errGarbage, rep.code, code)
		}
		rep.code = code
		rep.text = append(rep.text, words...)
		rep.text = append(rep.text, '\n')
		if !more {
			return rep, nil
		}
	}
	return reply{}, fmt.Errorf("%w: a reply of more than %d lines", errGarbage, maxReplyLines)
}

// readLine reads a line up to LF, keeps its begin without the line end and
// counts what it read in total. The line is valid until the next read.
func readLine(r *bufio.Reader, total *int) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	*total += len(line)
	if err == nil && *total <= maxReplyTotal && len(line) <= maxReplyLine {
		return bytes.TrimRight(line, "\r\n"), nil // all but always
	}
	kept := append([]byte(nil), line[:min(len(line), maxReplyLine)]...)
	for errors.Is(err, bufio.ErrBufferFull) && *total <= maxReplyTotal {
		line, err = r.ReadSlice('\n')
		*total += len(line)
	}
	if *total > maxReplyTotal {
		return nil, fmt.Errorf("%w: a reply of more than %d octets", errGarbage, maxReplyTotal)
	}
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(kept, "\r\n"), nil
}

// splitLine takes a reply line apart. The code must be one of RFC 5321 §4.2.1.
func splitLine(line []byte) (code int, more bool, words []byte, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !isDigit(line[1]) || !isDigit(line[2]) {
		return 0, false, nil, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, false, nil, true
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, false, nil, false
	}
	return code, line[3] == '-', line[4:], true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// words answers the enhanced status code (RFC 2034 §4: on every line) and the
// text without it, cleaned for a Result.
func (r reply) words() (enhanced, text string) {
	var b strings.Builder
	for line := range bytes.Lines(r.text) {
		line = bytes.TrimRight(line, "\n")
		if code := enhancedCode(line); code > 0 && line[0] == byte('0'+r.code/100) { //nolint:gosec // a code has three digits
			if enhanced == "" {
				enhanced = string(line[:code])
			}
			line = bytes.TrimLeft(line[code:], " ")
		}
		if b.Len() > 0 && len(line) > 0 {
			b.WriteByte(' ')
		}
		b.Write(line)
	}
	return enhanced, clean(b.String())
}

// enhancedCode is the length of the RFC 3463 §2 code a line begins with, or 0.
func enhancedCode(line []byte) int {
	dots, digits, i := 0, 0, 0
	for ; i < len(line) && line[i] != ' '; i++ {
		switch c := line[i]; {
		case isDigit(c) && digits < 3:
			digits++
		case c == '.' && digits > 0 && dots < 2:
			dots++
			digits = 0
		default:
			return 0
		}
	}
	if dots != 2 || digits == 0 || line[1] != '.' || line[0] != '2' && line[0] != '4' && line[0] != '5' {
		return 0
	}
	return i
}

// clean makes words fit for storing: valid UTF-8, no controls, at most 1 KB,
// cut between characters.
func clean(s string) string {
	if s = strings.TrimSpace(s); isClean(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s { // an invalid octet comes as U+FFFD
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			if r != '\t' && r != '\n' {
				continue
			}
			r = ' '
		}
		if b.Len()+utf8.RuneLen(r) > maxResponse {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

func isClean(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return len(s) <= maxResponse
}
