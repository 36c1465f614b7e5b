package template_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/template"
)

func TestLinesAndMarkup(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, text, html string }{
		{"{{ client.attributes.break | newline_to_br }}", "a\nBcc: x@example.com", "a<br />\nBcc: x@example.com"},
		{"{{ client.full_name | append: client.attributes.break | newline_to_br }}", "Анна <b>О'Нил</b>a\nBcc: x@example.com", "Анна &lt;b&gt;О&#39;Нил&lt;/b&gt;a<br />\nBcc: x@example.com"},
		{"{% assign x = client.attributes.break | newline_to_br %}{{ x }}", "a\nBcc: x@example.com", "a\nBcc: x@example.com"},
		{"{{ client.attributes.break | newline_to_br | upcase }}", "A\nBCC: X@EXAMPLE.COM", "A\nBCC: X@EXAMPLE.COM"},
		{"{{ client.attributes.none | newline_to_br }}", "", ""},
		{`<p title="{{ client.attributes.break | newline_to_br }}">`, "<p title=\"a\nBcc: x@example.com\">", "<p title=\"a\nBcc: x@example.com\">"},
		{"{{ client.full_name | strip_html }}", "Анна О'Нил", "Анна О&#39;Нил"},
		{"{{ 'a<script>b</script><!-- <c> --><style>d</style><i\n>e' | strip_html }}", "ae", "ae"},
		{"{{ client.attributes.break | strip_newlines | url_encode }}", "aBcc%3A+x%40example.com", "aBcc%3A+x%40example.com"},
		{
			"{% assign l = client.attributes.list | split: ',' %}{% for i in l %}<i class=\"{% cycle 'x', '\">&' %}\">{% cycle 'g': '1', \"'2\" %}</i>{% endfor %}",
			"<i class=\"x\">1</i><i class=\"\">&\">'2</i><i class=\"x\">1</i>",
			"<i class=\"x\">1</i><i class=\"&#34;&gt;&amp;\">&#39;2</i><i class=\"x\">1</i>",
		},
	} {
		out, _ := render(t, c.source, template.Text)
		require.Equal(t, c.text, out, c.source)
		out, _ = render(t, c.source, template.HTML)
		require.Equal(t, c.html, out, c.source)
	}
	out, _ := render(t, "{{ client.attributes.break | newline_to_br }}", template.Subject)
	require.Equal(t, "a Bcc: x@example.com", out)
	_, err := template.Parse("{% for i in client %}<p {% cycle 'a', 'b' %}>{% endfor %}", template.HTML)
	require.ErrorContains(t, err, "no value is safe")
}

// The engine panics on some comparisons. What it says then is shown to a
// person, without the stack.
func TestAPanicOfTheEngineIsASentence(t *testing.T) {
	t.Parallel()
	for _, source := range []string{
		"{% if client == client.attributes %}{% endif %}",
	} {
		tpl, err := template.Parse(source, template.Text)
		require.NoError(t, err)
		_, _, err = tpl.Render(anna())
		require.ErrorContains(t, err, "with these values")
		require.NotContains(t, err.Error(), "\n")
	}
}

func TestLinesAreComparedAsTexts(t *testing.T) {
	t.Parallel()
	out, _ := render(t, "{% assign x = client.locale | newline_to_br %}{% if x contains 'r' %}c{% endif %}{% if x == 'ru' %}e{% endif %}{% case x %}{% when 'ru' %}w{% endcase %}{{ x | default: 'd' }}", template.HTML)
	require.Equal(t, "cewru", out)
}
