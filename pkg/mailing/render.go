package mailing

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/tidwall/gjson"

	"github.com/postrider/postrider/pkg/address"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/rfc5322"
	"github.com/postrider/postrider/pkg/template"
)

// content is a subject and bodies that are parsed and ready to be rendered for
// many. A nil body is made of the other one.
type content struct {
	subject, html, text *template.Template
	footer              struct{ html, text bool } // the part does not have the link to unsubscribe, and it is added
	russian             bool                      // the footer is in Russian for clients whose language is not known
}

// sourceError says which field of a message cannot be sent, and why.
type sourceError struct {
	field string
	err   error
}

func (e *sourceError) Error() string { return e.field + ": " + e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// parse reads a message's templates. Its error is the first of parseAll's.
func parse(subject, html, text string) (*content, error) {
	c, bad := parseAll(subject, html, text)
	if len(bad) > 0 {
		return nil, bad[0]
	}
	return c, nil
}

// parseAll reads a message's templates and tells what is wrong with each. The
// part that is not written is derived, which cannot fail.
func parseAll(subject, html, text string) (*content, []*sourceError) {
	c := &content{}
	var bad []*sourceError
	read := func(field, source string, mode template.Mode) *template.Template {
		t, err := template.Parse(source, mode)
		if err != nil {
			bad = append(bad, &sourceError{field, err})
		}
		return t
	}
	c.subject = read("subject", subject, template.Subject)
	hasHTML := strings.TrimSpace(html) != ""
	if hasHTML {
		c.html = read("html", html, template.HTML)
	}
	switch {
	case strings.TrimSpace(text) != "" || !hasHTML:
		c.text = read("text", text, template.Text)
	case c.html != nil:
		c.text = derivedText(html)
	}
	if len(bad) > 0 {
		return nil, bad
	}
	const link = "unsubscribe_url"
	lacks := func(part, other *template.Template) bool { // a part that is made of the other one has what that has
		return !cmp.Or(part, other).Uses(link)
	}
	c.footer.html, c.footer.text = lacks(c.html, c.text), lacks(c.text, c.html)
	c.russian = (c.footer.html || c.footer.text) && mostlyCyrillic(subject+"\n"+text+"\n"+textOf(html))
	return c, nil
}

// rendered is a message as one client gets it.
type rendered struct {
	Subject, HTML, Text string
	Missing             []string // placeholders without a value
}

// render makes both bodies for one client. Its error is a *sourceError.
func (c *content) render(vars template.Vars) (rendered, error) {
	var out rendered
	write := func(field string, t *template.Template) (string, error) {
		text, missing, err := t.Render(vars)
		if err != nil {
			return "", &sourceError{field, err}
		}
		for _, m := range missing {
			out.Missing = appendNew(out.Missing, m)
		}
		return text, nil
	}
	var err error
	if out.Subject, err = write("subject", c.subject); err != nil {
		return out, err
	}
	if c.html != nil {
		if out.HTML, err = write("html", c.html); err != nil {
			return out, err
		}
	}
	if c.text != nil {
		if out.Text, err = write("text", c.text); err != nil {
			return out, err
		}
	} else {
		out.Text = textOf(out.HTML)
	}
	if c.html == nil {
		out.HTML = htmlOf(out.Text)
	}
	if vars.UnsubscribeURL != "" {
		words := "Unsubscribe"
		if locale := vars.Client.Locale; strings.HasPrefix(locale, "ru") || locale == "" && c.russian {
			words = "Отписаться"
		}
		if c.footer.text {
			out.Text = strings.TrimRight(out.Text, "\r\n ") + "\n\n-- \n" + words + ": " + vars.UnsubscribeURL + "\n"
		}
		if c.footer.html {
			out.HTML = withFooter(out.HTML, words, vars.UnsubscribeURL)
		}
	}
	return out, nil
}

// mostlyCyrillic reports whether a source has more Cyrillic letters than Latin
// ones, its tags and links apart.
func mostlyCyrillic(source string) bool {
	cyrillic, latin := 0, 0
	for _, r := range noWords.ReplaceAllString(source, "") {
		switch {
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic++
		case unicode.Is(unicode.Latin, r):
			latin++
		}
	}
	return cyrillic > latin
}

var noWords = regexp.MustCompile(`(?s)\{\{.*?\}\}|\{%.*?%\}|https?://\S+`)

func appendNew(list []string, s string) []string {
	for _, x := range list {
		if x == s {
			return list
		}
	}
	return append(list, s)
}

// withFooter puts the link before the end of the body.
func withFooter(html, words, link string) string {
	footer := `<p style="margin-top:24px;font-size:12px;color:#6b7280"><a href="` + link + `" style="color:#6b7280">` + words + `</a></p>`
	at := strings.LastIndex(html, "</body>")
	if at < 0 {
		at = strings.LastIndex(html, "</BODY>")
	}
	if at < 0 {
		return html + footer
	}
	return html[:at] + footer + html[at:]
}

func contentHash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// MessageID is the Message-ID of a delivery, without angle brackets: the same
// for every attempt, and for what retries it. firstID is that of the first of
// a chain of retries, nil for what is no retry.
func (s *Service) MessageID(fromEmail string, deliveryID int64, firstID *int64) string {
	if firstID != nil {
		deliveryID = *firstID
	}
	return s.messageID(fromEmail, "d", deliveryID)
}

// messageID names a mail of a kind: its number, and a part that nobody guesses.
func (s *Service) messageID(fromEmail, kind string, id int64) string {
	local := strconv.AppendInt(append(make([]byte, 0, 64), kind...), id, 10)
	mac := s.macOf(append([]byte("message-id:"), local...))
	return string(hex.AppendEncode(append(local, '.'), mac[:8])) + "@" + address.Domain(fromEmail)
}

// letter is all that the mails of one run share, ready for the wire.
type letter struct {
	content  *content
	composer *rfc5322.Composer
	from     string // envelope sender
	date     time.Time
	vars     template.Vars
}

func (s *Service) newLetter(r *model.Run) (*letter, error) {
	c, err := parse(r.Subject, r.HTML, r.Text)
	if err != nil {
		return nil, err
	}
	shared := rfc5322.Shared{
		From:       rfc5322.Address{Name: r.FromName, Addr: r.FromEmail},
		ListID:     fmt.Sprintf("m%d.u%d.%s", r.MailingID, r.OwnerID, s.listHost()),
		FeedbackID: fmt.Sprintf("r%d:u%d:mailing:postrider", r.First(), r.OwnerID),
	}
	if r.ReplyTo != "" {
		shared.ReplyTo = rfc5322.Address{Addr: r.ReplyTo}
	}
	composer, err := rfc5322.NewComposer(shared)
	if err != nil {
		return nil, err
	}
	l := &letter{content: c, composer: composer, from: r.FromEmail, vars: template.Vars{
		MailingName: r.MailingName, SenderName: r.SenderName, SenderEmail: r.SenderEmail,
	}}
	date := r.StartedAt
	if r.DatedAt != nil {
		date = r.DatedAt
	}
	if date != nil {
		l.date = date.UTC().Truncate(time.Second)
	}
	return l, nil
}

// listHost ends the List-ID of what this installation sends (RFC 2919 §3).
func (s *Service) listHost() string {
	if u, err := url.Parse(s.opt.PublicURL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "localhost"
}

// recipient is what a letter needs to know of a client.
type recipient struct {
	deliveryID int64
	firstID    *int64 // of a retry, the first of its chain
	linkID     *int64 // the same, if that went to this address: the link must unsubscribe the one who follows it
	email      string
	name       string
	locale     string
	attributes string // JSON
}

// mail makes the mail of one recipient. The same input gives the same bytes.
func (s *Service) mail(l *letter, to recipient) (*Mail, error) {
	vars := l.vars
	vars.Client = template.ClientVars{Email: to.email, FullName: to.name, Locale: to.locale}
	var err error
	if vars.Client.Attributes, err = readAttributes(to.attributes); err != nil {
		return nil, err
	}
	link := to.deliveryID
	if to.linkID != nil {
		link = *to.linkID
	}
	vars.UnsubscribeURL = s.unsubscribeURL(link)
	out, err := l.content.render(vars)
	if err != nil {
		return nil, err
	}
	data, err := l.composer.Append(mailBuffer(), rfc5322.Message{
		To:             rfc5322.Address{Name: to.name, Addr: to.email},
		Subject:        out.Subject,
		Text:           out.Text,
		HTML:           out.HTML,
		MessageID:      s.MessageID(l.from, to.deliveryID, to.firstID),
		Date:           l.date,
		UnsubscribeURL: vars.UnsubscribeURL,
	})
	if err != nil {
		return nil, err
	}
	return &Mail{From: l.from, To: to.email, Data: data}, nil
}

// readAttributes reads what the database keeps of a client, which was valid when
// it was written: in a fifth of the time of encoding/json, and to the same values.
func readAttributes(object string) (map[string]any, error) {
	if object == "" || object == "{}" || object == "null" {
		return nil, nil
	}
	attributes, ok := gjson.Parse(object).Value().(map[string]any)
	if !ok {
		return nil, errors.New("attributes: not a JSON object")
	}
	return attributes, nil
}

// mailBuffers keep the memory of mails that were sent for those that follow:
// it is most of what a mail costs the garbage collector.
var mailBuffers sync.Pool

func mailBuffer() []byte {
	if b, ok := mailBuffers.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, 8<<10)
}

// free ends a mail that no way out holds any more.
func (m *Mail) free() {
	if cap(m.Data) <= 256<<10 {
		mailBuffers.Put(&m.Data)
	}
}
