// Package rfc5322 composes one mail: header and MIME body, ready for the wire.
//
// It owns the text format alone (RFC 5322, MIME of RFC 2045 to 2047, the list
// headers of RFC 2919, 2369 and 8058) and knows nothing of recipients' states,
// templates or SMTP. A Composer is made once per run, so that what all mails
// of the run share is checked and encoded once; Append then adds what is the
// client's.
//
// The same input gives the same bytes, always: a mail that is repeated is
// byte-identical to the first one. The output is 7-bit, with CRLF line ends,
// unless an address itself has non-ASCII letters (RFC 6532). What would break
// a header (CR, LF, NUL, other controls, invalid UTF-8) is an error and is
// never repaired in silence.
package rfc5322

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Address is a mailbox: a display name, which may be empty, and an addr-spec
// whose local part is a dot-atom (RFC 5322 §3.4.1).
type Address struct{ Name, Addr string }

// Header is one additional header field.
type Header struct{ Name, Value string }

// Shared is what all mails of a run have in common.
type Shared struct {
	From       Address
	ReplyTo    Address  // the zero Address: no Reply-To
	ListID     string   // RFC 2919, with or without the angle brackets; "" for none
	FeedbackID string   // colon-separated fields, as mailbox providers read them; "" for none
	Extra      []Header // further fields; the names this package writes itself are refused
}

// Message is what belongs to one recipient.
type Message struct {
	To        Address
	Subject   string
	Text      string // the text part, always there, even if empty
	HTML      string // "" makes a mail of the text part alone
	MessageID string // without angle brackets, as the function MessageID makes it
	Date      time.Time

	// UnsubscribeURL adds List-Unsubscribe and List-Unsubscribe-Post (RFC 8058).
	// RFC 8058 §3.1 wants https; http is let through because an installation
	// on loopback has nothing else. "" for none.
	UnsubscribeURL string
}

// Composer makes the mails of one run. It is immutable: any number of
// goroutines may use it at once.
type Composer struct {
	head []byte // fields before the recipient's own
	tail []byte // fields after them
}

// NewComposer checks and encodes the shared fields.
func NewComposer(shared Shared) (*Composer, error) {
	c := &Composer{}
	var err error
	if c.head, err = appendAddress(c.head, "From", shared.From); err != nil {
		return nil, err
	}
	if shared.ReplyTo != (Address{}) {
		if c.head, err = appendAddress(c.head, "Reply-To", shared.ReplyTo); err != nil {
			return nil, err
		}
	}
	if id := shared.ListID; id != "" {
		if !strings.Contains(id, "<") {
			id = "<" + id + ">"
		}
		if c.tail, err = appendRaw(c.tail, "List-ID", id); err != nil {
			return nil, err
		}
	}
	if shared.FeedbackID != "" {
		if c.tail, err = appendRaw(c.tail, "Feedback-ID", shared.FeedbackID); err != nil {
			return nil, err
		}
	}
	for _, h := range shared.Extra {
		if err := checkName(h.Name); err != nil {
			return nil, err
		}
		if c.tail, err = appendUnstructured(c.tail, h.Name, h.Value); err != nil {
			return nil, err
		}
	}
	c.tail = append(c.tail, "MIME-Version: 1.0\r\n"...)
	return c, nil
}

// Append adds the whole mail to dst and answers the extended slice; it ends
// in CRLF and is not dot-stuffed. On an error dst is answered as it came.
func (c *Composer) Append(dst []byte, m Message) ([]byte, error) {
	out, err := c.appendHeader(dst, &m)
	if err != nil {
		return dst, err
	}
	text := newPart(m.Text)
	if m.HTML == "" {
		out = text.append(out, "text/plain")
		if n := len(out); out[n-1] != '\n' || out[n-2] != '\r' {
			out = append(out, "\r\n"...)
		}
		return out, nil
	}
	html := newPart(m.HTML)
	b := boundary(m.MessageID, text, html)
	out = append(out, "Content-Type: multipart/alternative;\r\n boundary=\""...)
	out = append(out, b[:]...)
	out = append(out, "\"\r\n\r\n--"...)
	out = append(out, b[:]...)
	out = append(out, "\r\n"...)
	out = text.append(out, "text/plain")
	out = append(out, "\r\n--"...)
	out = append(out, b[:]...)
	out = append(out, "\r\n"...)
	out = html.append(out, "text/html")
	out = append(out, "\r\n--"...)
	out = append(out, b[:]...)
	return append(out, "--\r\n"...), nil
}

func (c *Composer) appendHeader(dst []byte, m *Message) ([]byte, error) {
	if y := m.Date.UTC().Year(); y < 1900 || y > 9998 {
		return nil, errors.New("rfc5322: Date: the year is out of range")
	}
	if err := checkMessageID(m.MessageID); err != nil {
		return nil, err
	}
	out := append(dst, c.head...)
	out, err := appendAddress(out, "To", m.To)
	if err != nil {
		return nil, err
	}
	if out, err = appendUnstructured(out, "Subject", m.Subject); err != nil {
		return nil, err
	}
	out = append(out, "Date: "...)
	out = m.Date.AppendFormat(out, "Mon, 02 Jan 2006 15:04:05 -0700")
	out = append(out, "\r\nMessage-ID: <"...)
	out = append(out, m.MessageID...)
	out = append(out, ">\r\n"...)
	if m.UnsubscribeURL != "" {
		if err := checkURL(m.UnsubscribeURL); err != nil {
			return nil, err
		}
		out = append(out, "List-Unsubscribe: <"...)
		out = append(out, m.UnsubscribeURL...)
		out = append(out, ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
	}
	return append(out, c.tail...), nil
}

// MessageID joins a local part and a domain to what Message.MessageID wants,
// or says what is wrong with them (RFC 5322 §3.6.4, without the quoted and
// obsolete forms).
func MessageID(local, domain string) (string, error) {
	id := local + "@" + domain
	return id, checkMessageID(id)
}

// maxToken bounds what must stand on one line undivided, so that its line
// stays below the 998 octets of RFC 5322 §2.1.1.
const maxToken = 900

func checkMessageID(id string) error {
	at := strings.IndexByte(id, '@')
	if at < 0 || len(id) > maxToken || !isDotAtom(id[:at], false) || !isDotAtom(id[at+1:], false) {
		return fmt.Errorf("rfc5322: Message-ID: %q is not of the form local@domain", clip(id))
	}
	return nil
}

func checkURL(raw string) error {
	rest, ok := strings.CutPrefix(raw, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(raw, "http://")
	}
	if !ok || rest == "" || len(raw) > maxToken {
		return errors.New("rfc5322: List-Unsubscribe: the address must begin with https:// and stay below 900 octets")
	}
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c <= ' ', c >= 0x7f, c == '<', c == '>', c == '"', c == '\\':
			return errors.New("rfc5322: List-Unsubscribe: the address has a character that must be percent-encoded")
		case c == '%' && (i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2])):
			return errors.New("rfc5322: List-Unsubscribe: the address has a percent sign that encodes nothing")
		}
	}
	return nil
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }
