package mailing_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/template"
)

func eve() template.Vars {
	return template.Vars{
		Client: template.ClientVars{
			Email: "eve@example.com", FullName: "Eve <&> {{ x }} Ё", Locale: "en",
			Attributes: map[string]any{"n": 5.0, "city": "Tver"},
		},
		UnsubscribeURL: "https://mail.example.com/u/abc",
	}
}

func check(subject, html, text string) error {
	return mailing.CheckMessage(&model.Message{Name: "n", Subject: subject, HTML: html, Text: text})
}

func TestTheTextPartOfHTML(t *testing.T) {
	t.Parallel()
	const name = "Eve <&> {{ x }} Ё"
	for source, want := range map[string]string{
		`<p>Hi {{ client.full_name }}</p><p>Bye</p>`:                                          "Hi " + name + "\n\nBye",
		`{% if client.attributes.n > 3 %}<b>a</b>{% endif %}`:                                 "a",
		`{{ client.full_name | replace: "<","&lt;" }}`:                                        "Eve &lt;&> {{ x }} Ё",
		`<a href={{ client.attributes.city }}>x</a>`:                                          "x <Tver>",
		`<a href="{{ x | default: "http://x.com/>" }}">x</a>`:                                 "x <http://x.com/>>",
		`&#123;&#123; client.full_name }} {{ client.locale }}`:                                "{{ client.full_name }} en",
		`&#123;% if %} {<b>{{ client.locale }}</b>{<i>{ x }}</i>`:                             "{% if %} {en{{ x }}",
		`<style>{% if client.full_name %}</style>{% endif %}<p>a</p>`:                         "a",
		`<style>{% if client.full_name %}</style>{% endif %}`:                                 "",
		`<head><title>T {{ client.locale }}</title><style>p{}</style></head><body>b`:          "b",
		"a \n b<br>c<!-- > --><img alt='a > b' src=x>":                                        "a b\nca > b",
		"<a\nname='top'></a>a <a\n href='https://x.y/?a=1&amp;b=2'>l</a> b":                   "a l <https://x.y/?a=1&b=2> b",
		`<a href="{{ unsubscribe_url }}">{{ client.locale }}</a>`:                             "en <https://mail.example.com/u/abc>",
		`<a href="javascript:f('{{ client.locale }}')">x</a><a href="#a">y</a>`:               "xy",
		`<a href="http://x.y">http://x.y</a>`:                                                 "http://x.y",
		"<ul><li>one</li><li>two</li></ul><div>a</div><div>b</div>":                           "- one\n- two\n\na\nb",
		"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d":                    "a b\nc\n\nd",
		`<p title="{{ client.full_name }}">{{- client.locale }}</p>`:                          "en",
		"\uE0000\uE001{{ client.locale }}":                                                    "\uE0000\uE001en",
		`{% raw %}{{ client.locale }}{% endraw %}{% comment %}<b>{{ {% endcomment %}`:         "{{ client.locale }}",
		`{% for i in client.attributes %}<li>{{ i[0] }}{{ client.attributes.n }}{% endfor %}`: "",
	} {
		require.NoError(t, check("s", source, ""), source)
		html, text, err := mailing.Bodies("s", source, "", eve())
		require.NoError(t, err, source)
		if want == "" && !strings.Contains(source, "style") {
			require.NotContains(t, text, "{%", source)
			continue
		}
		if !strings.Contains(source, "unsubscribe_url") {
			require.Contains(t, html, eve().UnsubscribeURL)
			var found bool
			text, found = strings.CutSuffix(text, "\n\n-- \nUnsubscribe: "+eve().UnsubscribeURL+"\n")
			require.True(t, found, text)
		}
		require.Equal(t, want, text, source)
	}
}

func TestTheHTMLPartOfText(t *testing.T) {
	t.Parallel()
	html, text, err := mailing.Bodies("s", "", "Hi {{ client.full_name }},\r\n  see https://x.y/?a=1&b=\"2, (http://z.example/p).\n{{ unsubscribe_url }}\n", eve())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(text, "Hi Eve <&> {{ x }} Ё,\r\n  see"))
	require.Contains(t, html, "Hi Eve &lt;&amp;&gt; {{ x }} Ё,<br>\n&nbsp; see "+
		`<a href="https://x.y/?a=1&amp;b=">https://x.y/?a=1&amp;b=</a>&#34;2, (<a href="http://z.example/p">http://z.example/p</a>).<br>`+"\n"+
		`<a href="https://mail.example.com/u/abc">https://mail.example.com/u/abc</a></div>`)
	html, text, err = mailing.Bodies("s", "", "a", eve())
	require.NoError(t, err)
	require.Equal(t, "a\n\n-- \nUnsubscribe: https://mail.example.com/u/abc\n", text)
	require.Regexp(t, `(?s)>a</div>\n<p [^>]*><a href="https://mail.example.com/u/abc"[^>]*>Unsubscribe</a></p></body></html>`, html)
}

func TestWhatCannotBeSentIsNotSaved(t *testing.T) {
	t.Parallel()
	long := "{{ '" + strings.Repeat("a", 9000) + "' | upcase }}"
	for _, c := range []struct{ subject, html, text, field string }{
		{"s", "<p {{ client.email }}>", "", "html"},
		{"s", long, "", "html"},
		{"s", "<p>a", long, "text"},
		{"s", "", "{% if x %}", "text"},
		{"{{ a b }}", "<p>a", "", "subject"},
		{"s", "<p>&#123;% {% if x %}", "", "html"},
	} {
		err := check(c.subject, c.html, c.text)
		require.True(t, model.IsKind(err, model.Invalid), c.html)
		var e *model.Error
		require.ErrorAs(t, err, &e)
		require.Len(t, e.Fields, 1)
		require.Equal(t, c.field, e.Fields[0].Field)
		require.Equal(t, "invalid_template", e.Fields[0].Code)
	}
	var e *model.Error
	require.ErrorAs(t, check("{{", "{{", "{{"), &e)
	require.Len(t, e.Fields, 3, "all breaches at once")
}

// What is saved is sent: the parts that are derived never fail, and no Liquid
// of the HTML is left in the text.
func FuzzSavedIsSent(f *testing.F) {
	for _, source := range []string{
		`{% if client.attributes.n > 3 %}<b>a</b>{% endif %}`, `{{ client.full_name | replace: "<","&lt;" }}`,
		`<a href={{ client.attributes.city }}>`, `<a href="{{ x | default: "http://x.com/>" }}">`, `&#123;&#123; client.full_name`,
		`<style>{% if client.full_name %}</style>{% endif %}`, `{<b>{{ client.locale }}`, `<!--[if mso]>{{ client.email }}<![endif]-->`,
		`<p>{<b></b>{ x }}{{ client.email }}`, `<title>{{ client.email }}</title><textarea>{{ client.email }}`, "\uE0000\uE001{{ a }}",
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if check("s", source, "") != nil {
			return
		}
		vars := eve()
		vars.Client.FullName = "Eve <&>"
		_, text, err := mailing.Bodies("s", source, "", vars)
		if err != nil {
			bounded := strings.Contains(err.Error(), "KB") || strings.Contains(err.Error(), "too often")
			require.True(t, bounded, "%v of %q", err, source)
			return
		}
		literal := strings.Contains(source, "&") || strings.Contains(source, "raw") || strings.Contains(source, "<") || strings.Contains(source, "{%")
		if !literal { // what is written so that it is no Liquid may look like it
			require.NotContains(t, text, "{{")
		}
	})
}

// TestEachPartHasTheLink to unsubscribe: who reads one part does not see the other.
func TestEachPartHasTheLink(t *testing.T) {
	t.Parallel()
	const link, with = "https://mail.example.com/u/abc", `x {{ unsubscribe_url }}`
	for _, m := range []struct{ html, text string }{
		{"<p>x</p>", "x"},
		{"<p>x</p>", with},
		{with, "x"},
		{with, with},
		{"<p>x</p>", ""},
		{with, ""},
		{"", "x"},
		{"", with},
		{with + "{% if client.full_name %}y{% endif %}", ""},
	} {
		html, text, err := mailing.Bodies("s", m.html, m.text, eve())
		require.NoError(t, err)
		if m.html != "" && m.html != with && !strings.Contains(m.html, "{%") {
			require.Contains(t, html, `<a href="`+link+`"`, "a footer: %q", m)
		}
		require.Contains(t, html, link, "%q", m)
		require.Equal(t, 1, strings.Count(text, link), "%q: %s", m, text)
	}
}
