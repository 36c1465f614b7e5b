package mailing

import (
	"strings"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/template"
)

const (
	maxMessageName = 200
	maxSubject     = 500
)

// CheckMessage holds a message against the rules, tells all breaches at once
// (model.Invalid), and puts the name and the subject into their one form. A
// body that does not parse, or could run without bound, is a breach of its
// field.
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
	if len(bad) == before {
		checkTemplate(&bad, "subject", m.Subject, template.Subject)
	}
	if strings.TrimSpace(m.HTML) == "" && strings.TrimSpace(m.Text) == "" {
		bad.Add("html", "required", "a message needs an HTML or a text body")
		bad.Add("text", "required", "a message needs an HTML or a text body")
	}
	checkTemplate(&bad, "html", m.HTML, template.HTML)
	checkTemplate(&bad, "text", m.Text, template.Text)
	return bad.Err()
}

func checkTemplate(bad *model.Fields, field, source string, mode template.Mode) {
	if len(source) > template.MaxSource {
		bad.Add(field, "too_long", "must have at most %d KB", template.MaxSource>>10)
		return
	}
	if _, err := template.Parse(source, mode); err != nil {
		bad.Add(field, "invalid_template", "%s", err)
	}
}
