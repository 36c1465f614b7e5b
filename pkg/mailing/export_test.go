package mailing

import "github.com/postrider/postrider/pkg/template"

// Bodies renders a message as the sender does.
func Bodies(subject, html, text string, vars template.Vars) (htmlPart, textPart string, err error) {
	c, err := parse(subject, html, text)
	if err != nil {
		return "", "", err
	}
	out, err := c.render(vars)
	return out.HTML, out.Text, err
}
