package template_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/postrider/postrider/pkg/template"
)

func anna() template.Vars {
	return template.Vars{
		Client: template.ClientVars{
			Email: "anna@example.com", FullName: "Анна <b>О'Нил</b>", Locale: "ru",
			Attributes: map[string]any{
				"city": "Тверь", "orders": 12.0, "sum": 1250000.5, "vip": true, "no": false, "nil": nil, "empty": "",
				"url": "https://example.com/?a=1&b=2", "bad": "javascript:alert(1)", "date": "2026-12-01",
				"list": "a,b,c", "break": "a\r\nBcc: x@example.com", "space": "x onload=alert(1)",
			},
		},
		MailingName: "Осень", SenderName: "Shop & Co", SenderEmail: "shop@example.com",
		UnsubscribeURL: "https://mail.example.com/u/abc",
	}
}

func render(t *testing.T, source string, mode template.Mode) (string, []string) {
	t.Helper()
	tpl, err := template.Parse(source, mode)
	require.NoError(t, err)
	out, missing, err := tpl.Render(anna())
	require.NoError(t, err)
	return out, missing
}

func TestRender(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, text, html string }{
		{"plain", "plain", "plain"},
		{"", "", ""},
		{"{{client.email}}", "anna@example.com", "anna@example.com"},
		{"Hi {{ client.full_name }}!", "Hi Анна <b>О'Нил</b>!", "Hi Анна &lt;b&gt;О&#39;Нил&lt;/b&gt;!"},
		{"{{ sender.name }} {{ sender.email }} {{ mailing.name }} {{ client.locale }}", "Shop & Co shop@example.com Осень ru", "Shop &amp; Co shop@example.com Осень ru"},
		{"{{ client.attributes.city }}{{ client.attributes.orders }}", "Тверь12", "Тверь12"},
		{`{{ client.attributes["city"] }}`, "Тверь", "Тверь"},
		{"{{ client.attributes.sum }} {{ client.attributes.vip }} {{ client.attributes.no }}", "1250000.5 true false", "1250000.5 true false"},
		{`{{ client.attributes.none | default: "<you>" }}`, "<you>", "&lt;you&gt;"},
		{`{{ client.attributes.empty | default: 'you' }}{{ client.attributes.no | default: "x" }}`, "youx", "youx"},
		{`{{ client.attributes.none | default: client.email }}`, "anna@example.com", "anna@example.com"},
		{"{{ client.full_name | upcase }}", "АННА <B>О'НИЛ</B>", "АННА &lt;B&gt;О&#39;НИЛ&lt;/B&gt;"},
		{"{{ client.full_name | escape }}", "Анна <b>О'Нил</b>", "Анна &lt;b&gt;О&#39;Нил&lt;/b&gt;"},
		{"{{ client.full_name | split: ' ' | first }}", "Анна", "Анна"},
		{"{{ client.attributes.date | date: '%-d.%m.%Y' }} {{ 'now' | date: '%Y' }}", "1.12.2026 now", "1.12.2026 now"},
		{"{{ client.attributes.orders | plus: 1 | times: 2 }} {{ 1 | divided_by: 0 }}", "26 ", "26 "},
		{"{% if client.attributes.orders > 10 %}many{% elsif client.attributes.vip %}vip{% else %}few{% endif %}", "many", "many"},
		{"{% unless client.attributes.vip %}a{% else %}b{% endunless %}", "b", "b"},
		{"{% case client.locale %}{% when 'ru' %}Привет{% else %}Hello{% endcase %}", "Привет", "Привет"},
		{"{% assign items = client.attributes.list | split: ',' %}{% for i in items %}{{ forloop.index }}{{ i }}{% unless forloop.last %},{% endunless %}{% endfor %}", "1a,2b,3c", "1a,2b,3c"},
		{"{% assign l = client.attributes.none | split: ',' %}{% for i in l %}x{% else %}none{% endfor %}", "none", "none"},
		{"a {%- if client.attributes.vip -%} b {%- endif -%} c", "abc", "abc"},
		{"a {{- client.locale -}} b", "arub", "arub"},
		{"{% raw %}{{ client.email }}{% endraw %}|{% comment %}{{ broken {% if %}{% endcomment %}|{{ client.locale }}", "{{ client.email }}||ru", "{{ client.email }}||ru"},
		{"{% raw %}{{ x }}{% endraw %}{% if true %}y{% endif %}", "{{ x }}y", "{{ x }}y"},
		{"{{ client\n.email\n}}", "anna@example.com", "anna@example.com"},
		{"100% { {{client.locale}} } }} %}", "100% { ru } }} %}", "100% { ru } }} %}"},
	} {
		out, _ := render(t, c.source, template.Text)
		require.Equal(t, c.text, out, c.source)
		out, _ = render(t, c.source, template.HTML)
		require.Equal(t, c.html, out, c.source)
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][]string{
		"{{ client.email }}": nil,
		"{{ client.attributes.none }}{{ client.attributes.empty }}{{ client.attributes.none }}": {"client.attributes.none", "client.attributes.empty"},
		"{{ client.foo }}{{ bar }}":                                  {"client.foo", "bar"},
		"{{ client.attributes.none | default: 'x' }}":                nil,
		"{{ client.attributes.none | default: '' }}":                 nil,
		"{{ client.attributes.none | upcase }}{{ client.foo }}":      {"client.attributes.none", "client.foo"},
		"{{ client.attributes['none'] }}":                            {"client.attributes.none"},
		"{% assign x = '' %}{{ x }}":                                 nil,
		"{% if client.attributes.none %}{{ client.foo }}{% endif %}": nil,
		"{% if true %}{{ client.foo }}{% endif %}":                   {"client.foo"},
		"{{ client.attributes.no }}{{ client.attributes.orders }}":   nil,
	} {
		out, missing := render(t, source, template.HTML)
		require.Equal(t, want, missing, source)
		require.NotContains(t, out, "{{")
	}
}

func TestUses(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]bool{
		"{{ unsubscribe_url }}": true,
		"{% if client.locale == 'ru' %}{{ unsubscribe_url | default: 'x' }}{% endif %}": true,
		"{% assign u = unsubscribe_url %}{{ u }}":                                       true,
		"{{ 'x' | append: unsubscribe_url }}":                                           true,
		"{{ 'unsubscribe_url' }} unsubscribe_url":                                       false,
		"{% comment %}{{ unsubscribe_url }}{% endcomment %}":                            false,
		"{% raw %}{{ unsubscribe_url }}{% endraw %}":                                    false,
	} {
		tpl, err := template.Parse(source, template.Text)
		require.NoError(t, err)
		require.Equal(t, want, tpl.Uses("unsubscribe_url"), source)
	}
}

func TestSubjectIsOneLine(t *testing.T) {
	t.Parallel()
	out, _ := render(t, "Hi {{ client.attributes.break }}", template.Subject)
	require.Equal(t, "Hi a  Bcc: x@example.com", out)
	out, _ = render(t, "Hi {{ client.attributes.break | upcase }}", template.Subject)
	require.Equal(t, "Hi A  BCC: X@EXAMPLE.COM", out)
}

func TestHTMLContexts(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`<a href="{{ client.attributes.url }}">`:                                                `<a href="https://example.com/?a=1&amp;b=2">`,
		`<a href="{{ client.attributes.bad }}">`:                                                `<a href="#">`,
		`<a href='{{ client.attributes.bad | downcase }}'>`:                                     `<a href='#'>`,
		`<a href={{ client.attributes.bad }}>`:                                                  `<a href=#>`,
		`<a href = "java{{ client.attributes.bad }}">`:                                          `<a href = "java#">`,
		`<img SRC="{{ client.attributes.bad }}">`:                                               `<img SRC="#">`,
		`<a href="https://x/?q={{ client.attributes.bad }}">`:                                   `<a href="https://x/?q=javascript:alert(1)">`,
		`<a href="{{ unsubscribe_url }}">`:                                                      `<a href="https://mail.example.com/u/abc">`,
		`<a href="mailto:{{ client.email }}">`:                                                  `<a href="mailto:anna@example.com">`,
		`<a href="{% if client.attributes.none %}x{% else %}{{ unsubscribe_url }}{% endif %}">`: `<a href="https://mail.example.com/u/abc">`,
		`<a href="{% if false %}https://{% endif %}{{ client.attributes.bad }}">`:               `<a href="#">`,
		`<a title={{ client.attributes.space }}>`:                                               `<a title=x&#32;onload&#61;alert(1)>`,
		`<a title="{{ client.full_name }}">`:                                                    `<a title="Анна &lt;b&gt;О&#39;Нил&lt;/b&gt;">`,
		`<!-- {{ client.full_name }} --><p>{{ client.locale }}`:                                 `<!-- Анна &lt;b&gt;О&#39;Нил&lt;/b&gt; --><p>ru`,
		`<!--[if mso]><a href="{{ client.attributes.bad }}"><![endif]-->{{ client.locale }}`:    `<!--[if mso]><a href="#"><![endif]-->ru`,
		`<style>p { color: {{ client.full_name }} }</style>{{ client.locale }}`:                 `<style>p { color: Анна bОНилb }</style>ru`,
		`a < b {{ client.locale }}`:                                                             `a < b ru`,
		`<script>if (a < b) {}</script><p>{{ client.locale }}`:                                  `<script>if (a < b) {}</script><p>ru`,
	} {
		out, _ := render(t, source, template.HTML)
		require.Equal(t, want, out, source)
	}
	for _, source := range []string{
		`<script>var x = "{{ client.email }}"</script>`, `<{{ client.email }}>`, `<p {{ client.email }}>`, `<p a{{ client.email }}="x">`,
		`<p onclick="f('{{ client.email }}')">`, `<iframe srcdoc="{{ client.email }}">`, `<!{{ client.email }}>`, `</{{ client.email }}>`,
		`<p title="x" {% if true %}{{ client.email }}{% endif %}>`,
	} {
		_, err := template.Parse(source, template.HTML)
		require.ErrorContains(t, err, "no value is safe", source)
		_, err = template.Parse(source, template.Text)
		require.NoError(t, err, source)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"a\nb {{ client.email }":     `line 2: the placeholder "{{ client.email }" is not closed by }}`,
		"{{ a {{ b }}":               "is not closed",
		"{% if x":                    "the tag",
		"{{}}":                       "the placeholder is empty",
		"{{ }}":                      "empty",
		"{% %}":                      "empty",
		"{{ a b }}":                  "cannot be understood",
		"{{ 'x }}":                   "cannot be understood",
		"{{ a | }}":                  "there is no filter",
		"{{ a | raw }}":              `there is no filter "raw"`,
		"{{ a | json }}":             `there is no filter "json"`,
		"{{ a) | upcase or (b }}":    "cannot be understood",
		"{{ a; b }}":                 "cannot be understood",
		"{{ 99999999999999999999 }}": "a number is too long",
		"{{ __postrider }}":          "not allowed",
		"\n\n{% for i in (1..1000000000) %}{% endfor %}": "line 3: ranges such as (1..10) are not allowed",
		"{{ (1..3) }}":                                         "ranges",
		"{% include 'x' %}":                                    `there is no tag "include"`,
		"{% layout 'x' %}":                                     `there is no tag "layout"`,
		"{% capture x %}{% endcapture %}":                      `there is no tag "capture"`,
		"{% tablerow i in a %}{% endtablerow %}":               "there is no tag",
		"{% cycle 'a', 'b' %}":                                 "stands outside a loop",
		"{% for i in a %}{% cycle a, b %}{% endfor %}":         "cannot be understood",
		"{% for i in a %}{% assign forloop = 1 %}{% endfor %}": "forloop cannot be assigned to",
		"{% for forloop in a %}{% endfor %}":                   "forloop cannot be assigned to",
		"{% if a %}":                                           "line 1: {% if %} is not closed by {% endif %}",
		"{% endif %}":                                          "closes nothing",
		"{% if a %}{% endfor %}{% endif %}":                    "closes nothing",
		"{% else %}":                                           "outside its block",
		"{% break %}":                                          "outside a loop",
		"{% when 1 %}":                                         "outside its block",
		"{% for a b %}{% endfor %}":                            "cannot be understood",
		"{% assign x %}":                                       "cannot be understood",
		"{% raw %}":                                            "is not closed by {% endraw %}",
		"{% comment %}":                                        "is not closed by {% endcomment %}",
		"{% if %}{% endif %}":                                  "cannot be understood",
		"{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}": "more than 2 loops",
		strings.Repeat("{% if a %}", 21) + strings.Repeat("{% endif %}", 21):                   "more than 20 tags",
		"{{ " + strings.Repeat("(", 30) + "a" + strings.Repeat(")", 30) + " }}":                "too many parentheses",
		strings.Repeat("{{ a }}", 2001):                                                        "more than 2000 placeholders",
		strings.Repeat("a", template.MaxSource+1):                                              "longer than 256 KB",
	} {
		for _, mode := range []template.Mode{template.HTML, template.Text, template.Subject} {
			_, err := template.Parse(source, mode)
			require.ErrorContains(t, err, want, source)
		}
	}
}

func TestRenderIsBounded(t *testing.T) {
	t.Parallel()
	letters := strings.Repeat("a,", 2000)
	for source, want := range map[string]string{
		"{% assign s = 'aaaaaaaaaaaaaaaa' %}" + strings.Repeat("{% assign s = s | append: s %}", 40) + "{{ s }}":                             "8 KB",
		"{% assign l = '" + letters + "' | split: ',' %}{% for a in l %}{% for b in l %}{% endfor %}{% endfor %}":                            "too often",
		"{% assign l = '" + letters + "' | split: ',' %}{% for a in l %}{% for b in l %}{% if a == b %}x{% endif %}{% endfor %}{% endfor %}": "too often",
		"{% assign s = '" + strings.Repeat("a", 8000) + "' %}" + strings.Repeat("{{ s }}", 200):                                              "longer than 1024 KB",
		"{{ '" + strings.Repeat("a", 9000) + "' | upcase }}":                                                                                 "8 KB",
		"{{ '" + letters + "' | replace: 'a', '" + letters + "' }}":                                                                          "8 KB",
		"{{ '" + letters + "' | split: ',' | join: '" + letters + "' }}":                                                                     "8 KB",
	} {
		tpl, err := template.Parse(source, template.HTML)
		require.NoError(t, err)
		_, _, err = tpl.Render(anna())
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "__postrider")
	}
	tpl, err := template.Parse(strings.Repeat("{{ client.attributes.x }}", 2000), template.HTML)
	require.NoError(t, err)
	_, _, err = tpl.Render(template.Vars{Client: template.ClientVars{Attributes: map[string]any{"x": strings.Repeat("a", 2000)}}})
	require.ErrorContains(t, err, "longer than 1024 KB")
}

// A mail that is sent again must be byte-identical, so nothing may come out in
// the order of a Go map, and rendering must not leave traces in the template.
func TestRenderIsDeterministicAndConcurrent(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		"{{ client.full_name }} {{ client.attributes.city | default: 'x' }}",
		"{% assign a = client.email %}{% for k in client.attributes %}{{ k }}={{ client.attributes[k] }};{{ a }}{% assign a = k %}{% endfor %}{% for k in client %}{{ k }}{% endfor %}",
	} {
		tpl, err := template.Parse(source, template.HTML)
		require.NoError(t, err)
		want, _, err := tpl.Render(anna())
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 100 {
					out, _, err := tpl.Render(anna())
					if err != nil || out != want {
						t.Errorf("got %q, %v", out, err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

// shape is what a value must never change: the tags and the names of their
// attributes.
func shape(doc string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(doc))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		if kind == html.TextToken {
			continue
		}
		tok := z.Token()
		fmt.Fprintf(&b, "%v %q", kind, tok.DataAtom)
		for _, a := range tok.Attr {
			fmt.Fprintf(&b, " %q", a.Key)
		}
		b.WriteByte('\n')
	}
}

func FuzzHTML(f *testing.F) {
	f.Add(`<p title="{{ client.email }}">{{ client.full_name }}</p>`, `"><script>alert(1)</script>`)
	f.Add(`<a href={{ client.email }}>x</a><!-- {{ client.email }} -->`, ` onclick=alert(1) -->`)
	f.Add(`<style>{{ client.email }}</style>{{ client.email }}`, `</style><b>`)
	f.Add(`{% if client.email %}<b>{{ client.email | upcase }}{% endif %}`, `'"<&>`)
	f.Add("{{ client.email | truncate: 5 | append: 'x' | split: ',' | first }}", "\x00\r\n")
	f.Add(`<!--[if mso]><td width={{ client.email }}><![endif]-->`, "`=/")
	f.Fuzz(func(t *testing.T, source, value string) {
		tpl, err := template.Parse(source, template.HTML)
		if err != nil || value == "" {
			return
		}
		with := func(v string) string {
			out, _, err := tpl.Render(template.Vars{
				Client:      template.ClientVars{Email: v, FullName: v, Locale: v, Attributes: map[string]any{"a": v}},
				MailingName: v, SenderName: v, SenderEmail: v, UnsubscribeURL: v,
			})
			if err != nil {
				return ""
			}
			return out
		}
		hostile := with(value)
		if strings.Contains(source, "{%") || strings.Contains(source, "|") || strings.Contains(source, "\x00") {
			return // what it renders may depend on the value, but it came back
		}
		if got, want := shape(hostile), shape(with("v")); got != want {
			t.Fatalf("the value %q changes the document:\n%s\ninto\n%s\n%s", value, want, got, hostile)
		}
	})
}

var body = strings.Repeat("<p>Осенняя распродажа: всё, что осталось, отдаём дешевле.</p>\n", 20)

func BenchmarkRenderPlain(b *testing.B) {
	benchmark(b, "<p>Hi {{ client.full_name | default: \"friend\" }}</p>"+body+"<p>{{ client.attributes.city }}</p><a href=\"{{ unsubscribe_url }}\">x</a>")
}

func BenchmarkRenderWithTags(b *testing.B) {
	benchmark(b, "{% if client.locale == 'ru' %}<p>Hi {{ client.full_name | upcase }}</p>{% endif %}"+body+"<p>{{ client.attributes.city }}</p><a href=\"{{ unsubscribe_url }}\">x</a>")
}

func benchmark(b *testing.B, source string) {
	tpl, err := template.Parse(source, template.HTML)
	require.NoError(b, err)
	vars := anna()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := tpl.Render(vars); err != nil {
			b.Fatal(err)
		}
	}
}
