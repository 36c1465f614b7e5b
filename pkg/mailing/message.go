package mailing

import (
	"errors"
	"strings"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/template"
)

const (
	maxMessageName = 200
	maxSubject     = 500
)

// CheckMessage holds a message against the rules, tells all breaches at once
// (model.Invalid), and puts the name and the subject into their one form. It
// reads the bodies as the sender does and renders them for a client of whom
// nothing is known, so that what could not be sent to anybody is a breach of
// its field.
func CheckMessage(m *model.Message) error {
	var bad model.Fields
	m.Name, m.Subject = strings.TrimSpace(m.Name), strings.TrimSpace(m.Subject)
	if m.Name == "" {
		bad.Add("name", "required", "a message needs a name")
	}
	checkLine(&bad, "name", m.Name, maxMessageName)
	if m.Subject == "" {
		bad.Add("subject", "required", "a message needs a subject")
	}
	before := len(bad)
	checkLine(&bad, "subject", m.Subject, maxSubject)
	subject := m.Subject
	if len(bad) > before {
		subject = ""
	}
	if strings.TrimSpace(m.HTML) == "" && strings.TrimSpace(m.Text) == "" {
		bad.Add("html", "required", "a message needs an HTML or a text body")
		bad.Add("text", "required", "a message needs an HTML or a text body")
	}
	checkBodies(&bad, subject, checkLength(&bad, "html", m.HTML), checkLength(&bad, "text", m.Text))
	return bad.Err()
}

// checkLength answers the source, or nothing when it is too long to be read.
func checkLength(bad *model.Fields, field, source string) string {
	if len(source) > template.MaxSource {
		bad.Add(field, "too_long", "must have at most %d KB", template.MaxSource>>10)
		return ""
	}
	return source
}

func checkBodies(bad *model.Fields, subject, html, text string) {
	const code = "invalid_template"
	c, wrong := parseAll(subject, html, text)
	for _, w := range wrong {
		bad.Add(w.field, code, "%s", w.err)
	}
	if len(wrong) > 0 {
		return
	}
	var broken *sourceError
	if _, err := c.render(template.Vars{}); errors.As(err, &broken) {
		bad.Add(broken.field, code, "%s", broken.err)
	}
}
