package rfc5322_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	gomail "github.com/emersion/go-message/mail"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/rfc5322"
)

var date = time.Date(2026, 11, 23, 9, 30, 0, 0, time.FixedZone("MSK", 3*3600))

func shared() rfc5322.Shared {
	return rfc5322.Shared{
		From:       rfc5322.Address{Name: "Школа № 5", Addr: "school@example.org"},
		ReplyTo:    rfc5322.Address{Addr: "office@example.org"},
		ListID:     "m12.lists.example.org",
		FeedbackID: "r7:m12:u3:postrider",
		Extra:      []rfc5322.Header{{Name: "X-Mailer", Value: "Postrider"}},
	}
}

func message() rfc5322.Message {
	return rfc5322.Message{
		To:             rfc5322.Address{Name: "Anna O'Neil", Addr: "anna@example.com"},
		Subject:        "Hello",
		Text:           "Hello Anna\nbye\n",
		HTML:           "<p>Hello <b>Anna</b></p>\r\n",
		MessageID:      "d1.r7@example.org",
		Date:           date,
		UnsubscribeURL: "https://example.org/u/abc?x=1",
	}
}

func compose(t testing.TB, s rfc5322.Shared, m rfc5322.Message) []byte {
	t.Helper()
	c, err := rfc5322.NewComposer(s)
	require.NoError(t, err)
	out, err := c.Append(nil, m)
	require.NoError(t, err)
	return out
}

// canonical is what a text is after the trip: line ends CRLF, valid UTF-8.
func canonical(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\n", "\r\n"), "\uFFFD")
}

// requireWire checks what must hold for every mail, whatever is in it.
func requireWire(t testing.TB, raw []byte) {
	t.Helper()
	require.True(t, bytes.HasSuffix(raw, []byte("\r\n")))
	header := true
	for l := range bytes.SplitSeq(raw[:len(raw)-2], []byte("\r\n")) {
		if len(l) > 998 || bytes.ContainsAny(l, "\r\n\x00") {
			t.Fatalf("not a line: %.2000q", l)
		}
		if len(l) == 0 {
			header = false
		}
		if header && l[0] != ' ' && bytes.IndexByte(l, ':') < 1 || header && len(bytes.TrimSpace(l)) == 0 {
			t.Fatalf("not a header line: %q", l)
		}
	}
}

type parsed struct {
	header     mail.Header
	text, html string
}

func decode(t testing.TB, enc string, r io.Reader) string {
	t.Helper()
	switch enc {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	default:
		require.Equal(t, "7bit", enc)
	}
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

func parse(t testing.TB, raw []byte) parsed {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	p := parsed{header: m.Header}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	if kind == "text/plain" {
		p.text = decode(t, m.Header.Get("Content-Transfer-Encoding"), m.Body)
		return p
	}
	require.Equal(t, "multipart/alternative", kind)
	mr := multipart.NewReader(m.Body, params["boundary"])
	for i, want := range []string{"text/plain", "text/html"} {
		part, err := mr.NextRawPart()
		require.NoError(t, err)
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		require.NoError(t, err)
		require.Equal(t, want, kind)
		require.Equal(t, "utf-8", params["charset"])
		body := decode(t, part.Header.Get("Content-Transfer-Encoding"), part)
		if i == 0 {
			p.text = body
		} else {
			p.html = body
		}
	}
	_, err = mr.NextRawPart()
	require.ErrorIs(t, err, io.EOF)
	return p
}

func subject(t testing.TB, h mail.Header) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	require.NoError(t, err)
	return s
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	raw := compose(t, shared(), message())
	requireWire(t, raw)
	p := parse(t, raw)
	for name, want := range map[string]string{
		"Subject":               "Hello",
		"Message-Id":            "<d1.r7@example.org>",
		"Mime-Version":          "1.0",
		"List-Unsubscribe":      "<https://example.org/u/abc?x=1>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"List-Id":               "<m12.lists.example.org>",
		"Feedback-Id":           "r7:m12:u3:postrider",
		"Reply-To":              "<office@example.org>",
		"X-Mailer":              "Postrider",
		"Date":                  "Mon, 23 Nov 2026 09:30:00 +0300",
		"To":                    "Anna O'Neil <anna@example.com>",
	} {
		require.Equal(t, []string{want}, p.header[name], name)
	}
	from, err := p.header.AddressList("From")
	require.NoError(t, err)
	require.Equal(t, []*mail.Address{{Name: "Школа № 5", Address: "school@example.org"}}, from)
	at, err := p.header.Date()
	require.NoError(t, err)
	require.True(t, at.Equal(date))
	require.Equal(t, "Hello Anna\r\nbye\r\n", p.text)
	require.Equal(t, "<p>Hello <b>Anna</b></p>\r\n", p.html)
}

func TestOptionalHeadersAreAbsent(t *testing.T) {
	t.Parallel()
	m := message()
	m.UnsubscribeURL, m.HTML = "", ""
	p := parse(t, compose(t, rfc5322.Shared{From: rfc5322.Address{Addr: "a@example.org"}}, m))
	for _, name := range []string{"Reply-To", "List-Id", "Feedback-Id", "List-Unsubscribe", "List-Unsubscribe-Post"} {
		require.NotContains(t, p.header, name)
	}
	require.Equal(t, "Hello Anna\r\nbye\r\n", p.text)
}

func TestSameInputSameBytes(t *testing.T) {
	t.Parallel()
	a, b := compose(t, shared(), message()), compose(t, shared(), message())
	require.Equal(t, a, b)
	m := message()
	m.MessageID = "d2.r7@example.org"
	_, one, _ := strings.Cut(string(a), "boundary=")
	_, two, _ := strings.Cut(string(compose(t, shared(), m)), "boundary=")
	require.NotEqual(t, one[:36], two[:36])
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	c, err := rfc5322.NewComposer(shared())
	require.NoError(t, err)
	m := message()
	m.Text = strings.Repeat("Привет\n", 100)
	out, err := c.Append([]byte("before"), m)
	require.NoError(t, err)
	require.Equal(t, "before"+string(compose(t, shared(), m)), string(out))
	m.Subject = "a\nb"
	out, err = c.Append([]byte("before"), m)
	require.Error(t, err)
	require.Equal(t, "before", string(out))
}

var contents = map[string]string{
	"empty":              "",
	"ascii":              "Hello",
	"no line end":        "one\ntwo",
	"bare cr":            "one\rtwo\r\rthree\n\r",
	"cyrillic":           strings.Repeat("Здравствуйте, Анна! ", 40) + "\n\n",
	"some letters":       strings.Repeat("Dear Zoë, thank you for your order. ", 30) + "\n",
	"emoji":              "👩‍👩‍👧‍👦🎉\n😀",
	"long ascii":         strings.Repeat("x", 5000),
	"998":                strings.Repeat("y", 998),
	"999":                strings.Repeat("y", 999),
	"dots and from":      ".\n..\nFrom me\n.hidden",
	"trailing spaces":    "a \nb\t\nc ",
	"nul and controls":   "a\x00b\x01c\x7f",
	"equals":             "a=b=3D=\n=",
	"trailing equals qp": strings.Repeat("é=", 50) + strings.Repeat(" plain", 200),
	"invalid utf8":       "ab\xff\xfecd" + strings.Repeat("z", 40),
	"57 times":           strings.Repeat("ж", 57*3),
	"large":              strings.Repeat("<td>Привет &amp; hello</td>\n", 40000),
}

func TestBodiesComeBack(t *testing.T) {
	t.Parallel()
	for name, s := range contents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := message()
			m.Text, m.HTML = s, "<p>"+s+"</p>"
			raw := compose(t, shared(), m)
			requireWire(t, raw)
			require.Equal(t, -1, bytes.IndexFunc(raw, func(r rune) bool { return r >= 0x80 }))
			p := parse(t, raw)
			require.Equal(t, canonical(m.Text), p.text)
			require.Equal(t, canonical(m.HTML), p.html)

			m.HTML = ""
			raw = compose(t, shared(), m)
			requireWire(t, raw)
			require.Equal(t, strings.TrimSuffix(canonical(m.Text), "\r\n"), strings.TrimSuffix(parse(t, raw).text, "\r\n"))
		})
	}
}

func TestSubjectsAndNamesComeBack(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "Hello", "two  spaces", " led", "trailed ", "=?utf-8?Q?fake?=", `"quoted" \ and, (comment) <x>`, "a.b@c",
		strings.Repeat("word ", 60) + "end", strings.Repeat("w", 2000), "Скидки на всё: только до пятницы, 27 ноября — не пропустите! " + strings.Repeat("ж", 90),
		"Zoë", strings.Repeat("🎉", 70), "naïve café " + strings.Repeat("plain words ", 20),
	} {
		t.Run(s[:min(len(s), 20)], func(t *testing.T) {
			t.Parallel()
			m := message()
			m.Subject, m.To.Name = s, s
			raw := compose(t, shared(), m)
			requireWire(t, raw)
			head, _, _ := strings.Cut(string(raw), "\r\n\r\n")
			for l := range strings.Lines(head) {
				require.LessOrEqual(t, len(strings.TrimRight(l, "\r\n")), 78)
			}
			p := parse(t, raw)
			require.Equal(t, s, subject(t, p.header))
			to, err := p.header.AddressList("To")
			require.NoError(t, err)
			require.Equal(t, []*mail.Address{{Name: s, Address: "anna@example.com"}}, to)

			r, err := gomail.CreateReader(bytes.NewReader(raw))
			require.NoError(t, err)
			got, err := r.Header.Subject()
			require.NoError(t, err)
			require.Equal(t, s, got)
			id, err := r.Header.MessageID()
			require.NoError(t, err)
			require.Equal(t, m.MessageID, id)
			for _, want := range []string{m.Text, m.HTML} {
				part, err := r.NextPart()
				require.NoError(t, err)
				b, err := io.ReadAll(part.Body)
				require.NoError(t, err)
				require.Equal(t, canonical(want), string(b))
			}
		})
	}
}

func TestLongFieldNameLeavesRoom(t *testing.T) {
	t.Parallel()
	s := shared()
	name := "X-" + strings.Repeat("N", 58)
	s.Extra = []rfc5322.Header{{Name: name, Value: "Привет"}}
	raw := compose(t, s, message())
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	got, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get(name))
	require.NoError(t, err)
	require.Equal(t, "Привет", got)
	require.NotContains(t, string(raw), "?B??=")
}

func TestInjectionIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"a\r\nBcc: x@example.org", "a\nb", "a\rb", "a\x00b", "a\tb", "a\x7fb", "a\u0085b", "a\xffb"} {
		for field, set := range map[string]func(*rfc5322.Shared, *rfc5322.Message){
			"subject":     func(_ *rfc5322.Shared, m *rfc5322.Message) { m.Subject = bad },
			"to name":     func(_ *rfc5322.Shared, m *rfc5322.Message) { m.To.Name = bad },
			"to":          func(_ *rfc5322.Shared, m *rfc5322.Message) { m.To.Addr = bad + "@example.org" },
			"message-id":  func(_ *rfc5322.Shared, m *rfc5322.Message) { m.MessageID = bad + "@example.org" },
			"unsubscribe": func(_ *rfc5322.Shared, m *rfc5322.Message) { m.UnsubscribeURL = "https://example.org/" + bad },
			"from name":   func(s *rfc5322.Shared, _ *rfc5322.Message) { s.From.Name = bad },
			"from":        func(s *rfc5322.Shared, _ *rfc5322.Message) { s.From.Addr = "x@" + bad },
			"reply-to":    func(s *rfc5322.Shared, _ *rfc5322.Message) { s.ReplyTo.Name = bad },
			"list-id":     func(s *rfc5322.Shared, _ *rfc5322.Message) { s.ListID = bad },
			"feedback-id": func(s *rfc5322.Shared, _ *rfc5322.Message) { s.FeedbackID = bad },
			"extra value": func(s *rfc5322.Shared, _ *rfc5322.Message) { s.Extra[0].Value = bad },
			"extra name":  func(s *rfc5322.Shared, _ *rfc5322.Message) { s.Extra[0].Name = bad },
		} {
			s, m := shared(), message()
			set(&s, &m)
			c, err := rfc5322.NewComposer(s)
			if err == nil {
				_, err = c.Append(nil, m)
			}
			require.Error(t, err, "%s %q", field, bad)
		}
	}
}

func TestWrongValuesAreRefused(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{
		"", "a", "@b", "a@", "a b@c", "a@b>", "<a@b>", "a@b, c@d", "a..b@c", ".a@c", `"a b"@c`,
		strings.Repeat("a", 65) + "@c", "a@" + strings.Repeat("b", 256),
	} {
		_, err := rfc5322.NewComposer(rfc5322.Shared{From: rfc5322.Address{Addr: addr}})
		require.Error(t, err, addr)
	}
	for _, name := range []string{"", "Bcc", "to", "SUBJECT", "Content-Type", "a b", "a:", "é"} {
		s := shared()
		s.Extra = []rfc5322.Header{{Name: name, Value: "x"}}
		_, err := rfc5322.NewComposer(s)
		require.Error(t, err, name)
	}
	c, err := rfc5322.NewComposer(shared())
	require.NoError(t, err)
	for _, change := range []func(*rfc5322.Message){
		func(m *rfc5322.Message) { m.Date = time.Time{} },
		func(m *rfc5322.Message) { m.MessageID = "" },
		func(m *rfc5322.Message) { m.MessageID = "<a@b>" },
		func(m *rfc5322.Message) { m.UnsubscribeURL = "mailto:x@example.org" },
		func(m *rfc5322.Message) { m.UnsubscribeURL = "https://example.org/%zz" },
		func(m *rfc5322.Message) { m.UnsubscribeURL = "https://example.org/" + strings.Repeat("a", 900) },
	} {
		m := message()
		change(&m)
		_, err := c.Append(nil, m)
		require.Error(t, err)
	}
	_, err = rfc5322.MessageID("d1", "bad domain")
	require.Error(t, err)
	id, err := rfc5322.MessageID("d1", "example.org")
	require.NoError(t, err)
	require.Equal(t, "d1@example.org", id)
}

func TestUTF8AddressStandsAsItIs(t *testing.T) {
	t.Parallel()
	m := message()
	m.To = rfc5322.Address{Name: "Анна", Addr: "анна@example.org"}
	p := parse(t, compose(t, shared(), m))
	to, err := p.header.AddressList("To")
	require.NoError(t, err)
	require.Equal(t, []*mail.Address{{Name: "Анна", Address: "анна@example.org"}}, to)
}

func TestBoundaryNeverStandsInABody(t *testing.T) {
	t.Parallel()
	m := message()
	_, rest, _ := strings.Cut(string(compose(t, shared(), m)), `boundary="`)
	m.HTML = "x\n--" + rest[:34] + "\ny"
	raw := compose(t, shared(), m)
	require.Equal(t, canonical(m.HTML), parse(t, raw).html)
}

func FuzzCompose(f *testing.F) {
	for _, s := range contents {
		if len(s) < 10000 {
			f.Add("Анна", "Subject", s, s)
			f.Add(s, s, "text", "<p>")
		}
	}
	c, err := rfc5322.NewComposer(shared())
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, name, subj, text, html string) {
		m := message()
		m.To.Name, m.Subject, m.Text, m.HTML = name, subj, text, html
		raw, err := c.Append(nil, m)
		if err != nil {
			bad := func(s string) bool {
				return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 })
			}
			require.True(t, bad(name) || bad(subj), "%v", err)
			return
		}
		requireWire(t, raw)
		p := parse(t, raw)
		fields := 13 // nothing was injected
		if html == "" {
			fields++ // Content-Transfer-Encoding stands in the header then
		}
		require.Len(t, p.header, fields)
		require.Equal(t, subj, subject(t, p.header))
		to, err := p.header.AddressList("To")
		require.NoError(t, err)
		require.Equal(t, []*mail.Address{{Name: name, Address: m.To.Addr}}, to)
		if html == "" {
			require.Equal(t, strings.TrimSuffix(canonical(text), "\r\n"), strings.TrimSuffix(p.text, "\r\n"))
			return
		}
		require.Equal(t, canonical(text), p.text)
		require.Equal(t, canonical(html), p.html)
	})
}

func BenchmarkAppend(b *testing.B) {
	for name, line := range map[string]string{
		"ascii":    "<p style=\"margin:0\">Dear client %d, your order is on its way.</p>\n",
		"cyrillic": "<p style=\"margin:0\">Уважаемый клиент %d, Ваш заказ в пути.</p>\n",
	} {
		b.Run(name, func(b *testing.B) {
			c, err := rfc5322.NewComposer(shared())
			require.NoError(b, err)
			m := message()
			m.HTML = strings.Repeat(fmt.Sprintf(line, 17), 30)
			m.Text = strings.Repeat("Dear client, your order is on its way.\n", 10)
			buf, err := c.Append(nil, m)
			require.NoError(b, err)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				if buf, err = c.Append(buf[:0], m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
