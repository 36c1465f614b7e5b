package mailbox

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/charset"
	"github.com/emersion/go-message/textproto"
)

// Header is one header field, its value decoded (RFC 2047) and unfolded.
type Header struct{ Name, Value string }

// Parsed is the content of a mail, all of it valid UTF-8. A part that cannot
// be read is empty; the source always shows what came.
type Parsed struct {
	Headers []Header // in the order of the mail
	HTML    string   // the first text/html part
	Text    string   // the first text/plain part
	Source  string
}

var words = mime.WordDecoder{CharsetReader: charset.Reader}

func decodeWords(s string) string {
	if out, err := words.DecodeHeader(s); err == nil {
		s = out
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// describe reads what an Entry keeps of a mail's header.
func describe(data []byte) Entry {
	e := Entry{Size: int64(len(data))}
	h, err := textproto.ReadHeader(bufio.NewReader(bytes.NewReader(data)))
	if err != nil {
		return e // no header is no reason to refuse a mail here
	}
	const most = 4 << 10 // an entry lives in memory, and its record is bounded
	cut := func(s string) string { return strings.ToValidUTF8(s[:min(len(s), most)], "") }
	e.Subject = cut(decodeWords(h.Get("Subject")))
	e.FeedbackID = cut(h.Get("Feedback-ID"))
	e.MessageID = cut(strings.Trim(strings.TrimSpace(h.Get("Message-ID")), "<>"))
	return e
}

func parse(data []byte) Parsed {
	p := Parsed{Source: strings.ToValidUTF8(string(data), "\uFFFD")}
	entity, err := message.Read(bytes.NewReader(data))
	if entity == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return p
	}
	for f := entity.Header.Fields(); f.Next(); {
		name := f.Key()
		if raw, err := f.Raw(); err == nil {
			if i := bytes.IndexByte(raw, ':'); i > 0 {
				name = string(bytes.TrimSpace(raw[:i])) // as written: Message-ID, not Message-Id
			}
		}
		p.Headers = append(p.Headers, Header{Name: strings.ToValidUTF8(name, "\uFFFD"), Value: decodeWords(f.Value())})
	}
	// What is wrong with a part ends the walk with what was found before it.
	_ = entity.Walk(func(_ []int, part *message.Entity, err error) error {
		if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			return err
		}
		kind, _, err := part.Header.ContentType()
		if err != nil {
			kind = "text/plain" // RFC 2045 §5.2
		}
		into := map[string]*string{"text/plain": &p.Text, "text/html": &p.HTML}[kind]
		if into == nil || *into != "" {
			return nil
		}
		body, err := io.ReadAll(part.Body)
		*into = strings.ToValidUTF8(string(body), "\uFFFD")
		return err
	})
	return p
}
