package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/model"
)

// unsubscribePage is what a recipient meets. It needs no script and no file of
// ours, and a link scanner that opens it changes nothing.
var unsubscribePage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="{{ .Lang }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<title>{{ .Title }}</title>
<style>{{ .Style }}</style>
</head>
<body>
<main>
<h1>{{ .Title }}</h1>
<p>{{ .Text }}</p>
{{ if .Button }}<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>{{ .Button }}</button></form>{{ end }}
</main>
</body>
</html>
`))

const unsubscribeStyle template.CSS = `:root{color-scheme:light dark}` +
	`body{margin:0;font:16px/1.5 system-ui,sans-serif;display:grid;min-height:100vh;place-items:center}` +
	`main{max-width:32rem;margin:1rem;padding:2rem;border:1px solid #8884;border-radius:8px}` +
	`h1{font-size:1.25rem;margin:0 0 .5rem}p{overflow-wrap:anywhere}` +
	`button{font:inherit;padding:.5rem 1rem;border:0;border-radius:8px;background:#3b5bdb;color:#fff;cursor:pointer}` +
	`button:focus-visible{outline:3px solid #3b5bdb;outline-offset:2px}`

// unsubscribePolicy allows the one style by its hash, and the form.
var unsubscribePolicy = func() string {
	sum := sha256.Sum256([]byte(unsubscribeStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

var unsubscribeWords = map[tongue]struct{ ask, askText, button, done, doneText, wrong, wrongText, test, testText string }{
	english: {
		"Unsubscribe", "{email} will get no more mail from {sender}.", "Unsubscribe",
		"You are unsubscribed", "{email} will get no more mail from {sender}.",
		"This link does not work", "It is not complete, or what it belonged to is gone. Try the link in a newer mail.",
		"This is a test mail", "Nobody is unsubscribed: this link belongs to a preview or a test. In a mail of a mailing it leads to the page where one unsubscribes.",
	},
	russian: {
		"Отписаться", "На адрес {email} больше не будут приходить письма от {sender}.", "Отписаться",
		"Вы отписались", "На адрес {email} больше не будут приходить письма от {sender}.",
		"Ссылка не работает", "Она неполная, или того, к чему она относилась, больше нет. Попробуйте ссылку из письма поновее.",
		"Это пробное письмо", "Никто не отписан: эта ссылка — из предпросмотра или пробного письма. В письме рассылки она ведёт на страницу отписки.",
	},
}

// unsubscribeForm asks; it changes nothing, because mail programs and scanners
// open links by themselves.
func (s *Server) unsubscribeForm(c echo.Context) error { return s.unsubscription(c, false) }

// unsubscribe keeps the address from being mailed again. It is the one-click
// POST of RFC 8058 §3.2: no cookie, no redirect, whatever the body says, and
// the same answer the second time.
func (s *Server) unsubscribe(c echo.Context) error { return s.unsubscription(c, true) }

func (s *Server) unsubscription(c echo.Context, act bool) error {
	ctx, token := c.Request().Context(), c.Param("token")
	about, err := s.Mailings.Unsubscription(ctx, token)
	if err == nil && act {
		err = s.Mailings.Unsubscribe(ctx, token)
	}
	lang := language(c)
	words := unsubscribeWords[lang]
	page := struct {
		Lang, Title, Text, Button string
		Style                     template.CSS
	}{Lang: string(lang), Title: words.ask, Text: words.askText, Button: words.button, Style: unsubscribeStyle}
	status := http.StatusOK
	switch {
	case model.IsKind(err, model.NotFound):
		status, page.Title, page.Text, page.Button = http.StatusNotFound, words.wrong, words.wrongText, ""
	case err != nil:
		return err
	case about.Test:
		page.Title, page.Text, page.Button = words.test, words.testText, ""
	default:
		if act {
			page.Title, page.Text, page.Button = words.done, words.doneText, ""
		}
		page.Text = strings.NewReplacer("{email}", masked(about.Email), "{sender}", about.SenderName).Replace(page.Text)
	}
	var b bytes.Buffer
	if err := unsubscribePage.Execute(&b, page); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", unsubscribePolicy)
	h.Set("Referrer-Policy", "no-referrer") // the address of this page is a secret
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Content-Language", string(lang))
	h.Add("Vary", "Accept-Language")
	return c.HTMLBlob(status, b.Bytes())
}

// masked shows enough of an address for its owner to know it: forwarded mails
// carry the link too.
func masked(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 1 {
		return email
	}
	return email[:1] + "***" + email[at:]
}
