package mailing

import (
	"html"
	"regexp"
	"strconv"
	"strings"

	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/postrider/postrider/pkg/template"
)

// Every mail has a text and an HTML part (RFC 2046 §5.1.4). Who wrote one of
// them gets the other one made here.

// derivedText is the template of the text part of an HTML source that parses.
// It answers nil where the text can only be made of what the HTML renders to:
// when tags decide what is there, and when the text of the document itself
// would be read as Liquid, such as &#123;&#123;.
func derivedText(source string) *template.Template {
	if strings.Contains(source, "{%") || strings.Contains(source, shieldOpen) {
		return nil
	}
	// a placeholder may hold what is markup outside of it
	var marks []string
	shielded := placeholder.ReplaceAllStringFunc(source, func(mark string) string {
		marks = append(marks, mark)
		return shieldOpen + strconv.Itoa(len(marks)-1) + shieldClose
	})
	plain := textOf(shielded)
	var b strings.Builder
	at := 0
	for _, m := range shield.FindAllStringSubmatchIndex(plain, -1) {
		n, err := strconv.Atoi(plain[m[2]:m[3]])
		if err != nil || n >= len(marks) || strings.HasSuffix(plain[at:m[0]], "{") || isLiquid(plain[at:m[0]]) {
			return nil
		}
		b.WriteString(plain[at:m[0]])
		b.WriteString(marks[n])
		at = m[1]
	}
	if isLiquid(plain[at:]) {
		return nil
	}
	b.WriteString(plain[at:])
	t, err := template.Parse(b.String(), template.Text)
	if err != nil {
		return nil
	}
	return t
}

// What stands for a placeholder while the text is taken out of HTML: letters
// for private use, which mean nothing in HTML.
const shieldOpen, shieldClose = "\uE000", "\uE001"

var (
	placeholder = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	shield      = regexp.MustCompile(shieldOpen + `([0-9]+)` + shieldClose)
)

func isLiquid(s string) bool { return strings.Contains(s, "{{") || strings.Contains(s, "{%") }

// textOf is what a person reads of an HTML document, with the addresses of
// links in angle brackets (RFC 3986 appendix C).
func textOf(source string) string {
	var w textWriter
	z := nethtml.NewTokenizer(strings.NewReader(source))
	for {
		switch z.Next() {
		case nethtml.ErrorToken: // a reader of a string has no other error than its end
			return w.b.String()
		case nethtml.TextToken:
			if w.skip == 0 {
				w.text(string(z.Text()))
			}
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			w.open(z.Token())
		case nethtml.EndTagToken:
			w.close(z.Token().DataAtom)
		}
	}
}

// textWriter lays text out: spaces run together, blocks begin on their own line.
type textWriter struct {
	b      strings.Builder
	breaks int       // line ends that are due before the next word
	space  bool      // a space is due
	skip   atom.Atom // the element whose content is not shown
	links  []textLink
}

type textLink struct {
	address string
	from    int // where the text of the link begins
}

func (w *textWriter) text(s string) {
	for i, word := range strings.FieldsFunc(s, isBlank) {
		w.space = w.space || i > 0 || !strings.HasPrefix(s, word)
		w.word(word)
	}
	w.space = w.space || s != "" && isBlank(rune(s[len(s)-1]))
}

// isBlank reports what HTML runs together; a no-break space is not among it.
func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

func (w *textWriter) word(s string) {
	switch {
	case w.b.Len() == 0:
	case w.breaks > 0:
		w.b.WriteString("\n\n\n"[:min(w.breaks, 3)])
	case w.space:
		w.b.WriteByte(' ')
	}
	w.breaks, w.space = 0, false
	w.b.WriteString(s)
}

func (w *textWriter) block(a atom.Atom) {
	switch a {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Dl, atom.Table, atom.Blockquote, atom.Pre, atom.Hr:
		w.breaks = max(w.breaks, 2)
	case atom.Div, atom.Tr, atom.Li, atom.Dt, atom.Dd, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Center, atom.Address:
		w.breaks = max(w.breaks, 1)
	case atom.Td, atom.Th:
		w.space = true
	}
}

func (w *textWriter) open(t nethtml.Token) {
	if w.skip != 0 {
		return
	}
	w.block(t.DataAtom)
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Title:
		if t.Type == nethtml.StartTagToken {
			w.skip = t.DataAtom
		}
	case atom.Br:
		w.breaks++
	case atom.Li:
		w.word("-")
		w.space = true
	case atom.Img:
		w.text(attribute(t, "alt"))
	case atom.A:
		w.links = append(w.links, textLink{address: linkOf(t), from: w.b.Len()})
	}
}

func (w *textWriter) close(a atom.Atom) {
	if w.skip != 0 {
		if a == w.skip {
			w.skip = 0
		}
		return
	}
	w.block(a)
	if n := len(w.links); a == atom.A && n > 0 {
		link := w.links[n-1]
		w.links = w.links[:n-1]
		if link.address != "" && strings.TrimSpace(w.b.String()[link.from:]) != link.address {
			w.space = true
			w.word("<" + link.address + ">")
		}
	}
}

func attribute(t nethtml.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// linkOf is where a link leads, "" when that is of no use outside the document.
func linkOf(t nethtml.Token) string {
	address := strings.TrimSpace(attribute(t, "href"))
	lower := strings.ToLower(address)
	if strings.HasPrefix(address, "#") || strings.HasPrefix(lower, "javascript:") || strings.HasPrefix(lower, "data:") {
		return ""
	}
	return address
}

const (
	htmlHead = `<!doctype html>` + "\n" + `<html><head><meta charset="utf-8"></head>` + "\n" +
		`<body style="margin:0;padding:16px;font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:1.5">` + "\n<div>"
	htmlTail = "</div>\n</body></html>\n"
)

// link is an address in plain text; what ends a sentence is not part of it.
var link = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?'’”»)\]}]`)

// htmlOf shows plain text as HTML: escaped, with its line breaks and its
// indentation, and with links to the addresses in it.
func htmlOf(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimRight(text, "\r\n "))
	var b strings.Builder
	b.Grow(len(htmlHead) + len(htmlTail) + len(text)*5/4)
	b.WriteString(htmlHead)
	at := 0
	for _, m := range link.FindAllStringIndex(text, -1) {
		address := html.EscapeString(text[m[0]:m[1]])
		b.WriteString(laidOut.Replace(html.EscapeString(text[at:m[0]])))
		b.WriteString(`<a href="` + address + `">` + address + `</a>`)
		at = m[1]
	}
	b.WriteString(laidOut.Replace(html.EscapeString(text[at:])))
	b.WriteString(htmlTail)
	return b.String()
}

var laidOut = strings.NewReplacer("\n ", "<br>\n&nbsp;", "\n", "<br>\n", "  ", " &nbsp;", "\t", " &nbsp; &nbsp;")
