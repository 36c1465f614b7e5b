package address_test

import (
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/address"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64)
	for in, want := range map[string]string{
		"anna@example.com":                  "anna@example.com",
		"  Anna.B@Example.COM ":             "anna.b@example.com",
		"\u00a0anna@example.com":            "anna@example.com",
		"o'neil+tag=x/y@a-b.example":        "o'neil+tag=x/y@a-b.example",
		"почта@пример.рф":                   "", // local part not ASCII
		"info@пример.рф":                    "info@xn--e1afmkfd.xn--p1ai",
		"info@ПРИМЕР.РФ":                    "info@xn--e1afmkfd.xn--p1ai",
		"info@xn--e1afmkfd.xn--p1ai":        "info@xn--e1afmkfd.xn--p1ai",
		"info@bücher.example":               "info@xn--bcher-kva.example",
		"info@straße.example":               "info@xn--strae-oqa.example",
		"info@example。com":                  "info@example.com", // ideographic full stop, UTS 46
		long + "@example.com":               long + "@example.com",
		"a@r3---sn.example.com":             "a@r3---sn.example.com",
		"1@2.example":                       "1@2.example",
		long + "a@example.com":              "",
		"a@" + long + ".com":                "",
		"a@" + long[:63] + ".com":           "a@" + long[:63] + ".com",
		"":                                  "",
		"   ":                               "",
		"anna":                              "",
		"@example.com":                      "",
		"anna@":                             "",
		"anna@localhost":                    "",
		"anna@example.":                     "",
		"anna@example.com.":                 "",
		"anna@.example.com":                 "",
		"anna@example..com":                 "",
		"anna@-a.com":                       "",
		"anna@a-.com":                       "",
		"anna@a_b.com":                      "",
		"anna@[127.0.0.1]":                  "",
		"anna@127.0.0.1":                    "",
		".anna@example.com":                 "",
		"anna.@example.com":                 "",
		"an..na@example.com":                "",
		`"an na"@example.com`:               "",
		"an na@example.com":                 "",
		"anna@exam ple.com":                 "",
		"anna(comment)@example.com":         "",
		"anna@example.com (Anna)":           "",
		"Anna <anna@example.com>":           "",
		"<anna@example.com>":                "",
		"a@b@example.com":                   "",
		"a,b@example.com":                   "",
		"a@example.com,b@example.com":       "",
		"a@example.com\r\nBcc: b@example.c": "",
		"a\x00@example.com":                 "",
		"a@exa\tmple.com":                   "",
		"\nanna@example.com":                "",
		"a\u0085@example.com":               "",
		"a@example.com\xff":                 "",
		"a@xn--.com":                        "",
		"a@xn--a-ecp.ru":                    "",
		strings.Repeat("a.", 3000) + "@b.c": "",
		"a@" + strings.Repeat("ы", 100000) + ".example": "",
	} {
		got, err := address.Normalize(in)
		if want == "" {
			require.Error(t, err, "%.80q gave %q", in, got)
			require.Empty(t, got)
			continue
		}
		require.NoError(t, err, "%q", in)
		require.Equal(t, want, got)
	}
}

func TestNormalizeWholeLength(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("d", 60)
	domain := strings.Join([]string{label, label, label}, ".") // 182
	fits := strings.Repeat("a", 64) + "@" + domain + ".abcdef" // 254
	require.Len(t, fits, address.MaxAddress)
	_, err := address.Normalize(fits)
	require.NoError(t, err)
	_, err = address.Normalize(fits + "g")
	require.ErrorContains(t, err, "longer than 254")
}

func TestParseMailbox(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][2]string{
		"Postrider <postrider@localhost>":     {"Postrider", "postrider@localhost"},
		"postrider@localhost":                 {"", "postrider@localhost"},
		" <a@Example.com> ":                   {"", "a@example.com"},
		`"Rider, Post" <a@example.com>`:       {"Rider, Post", "a@example.com"},
		"Почта России <a@пример.рф>":          {"Почта России", "a@xn--e1afmkfd.xn--p1ai"},
		"=?utf-8?q?Caf=C3=A9?= <a@localhost>": {"Café", "a@localhost"},
		"St. John's Shop <a@example.com>":     {"St. John's Shop", "a@example.com"},
	} {
		name, addr, err := address.ParseMailbox(in)
		require.NoError(t, err, in)
		require.Equal(t, want, [2]string{name, addr}, in)
	}
	for _, in := range []string{
		"", "Postrider", "Postrider <>", "Postrider <a@b", "a <b> <c@localhost>", "A\r\nBcc: x <a@b.c>",
		"=?utf-8?q?A=0D=0ABcc:_x?= <a@b.c>", `"A <a@b.c>`, "a@b.c, d@e.f",
	} {
		_, _, err := address.ParseMailbox(in)
		require.Error(t, err, in)
	}
}

func TestDomain(t *testing.T) {
	t.Parallel()
	require.Equal(t, "example.com", address.Domain("a@example.com"))
	require.Empty(t, address.Domain("a"))
	require.Empty(t, address.Domain(""))
}

// FuzzNormalize holds that a normal form is stable, within its bounds, safe in
// an SMTP command and read the same by net/mail.
func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"a@b.c", "Info@Пример.рф", "o'n+t@x-y.example", "a@xn--e1afmkfd.xn--p1ai", "a@b.c\r\n", `"x"@y.z`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := address.Normalize(s)
		if err != nil {
			require.Empty(t, got)
			return
		}
		again, err := address.Normalize(got)
		require.NoError(t, err)
		require.Equal(t, got, again)
		require.LessOrEqual(t, len(got), address.MaxAddress)
		require.NotContains(t, address.Domain(got), "@")
		for i := range len(got) {
			require.True(t, got[i] > ' ' && got[i] < 0x7f, "%q", got)
		}
		parsed, err := mail.ParseAddress(got)
		require.NoError(t, err)
		require.Equal(t, got, parsed.Address)
	})
}
