package smtp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/smtp"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]smtp.Config{
		"smtp://mail.example.org":                     {Host: "mail.example.org", Port: 25, TLS: smtp.TLSRequired, Connections: 10},
		"smtp://localhost:2525":                       {Host: "localhost", Port: 2525, TLS: smtp.TLSOptional, Connections: 10},
		"smtp://[::1]:25/":                            {Host: "::1", Port: 25, TLS: smtp.TLSOptional, Connections: 10},
		"smtps://mail.example.org":                    {Host: "mail.example.org", Port: 465, TLS: smtp.TLSImplicit, Connections: 10},
		"smtps://mail.example.org:4650?tls=implicit":  {Host: "mail.example.org", Port: 4650, TLS: smtp.TLSImplicit, Connections: 10},
		"smtp://mail.example.org?tls=implicit":        {Host: "mail.example.org", Port: 465, TLS: smtp.TLSImplicit, Connections: 10},
		"smtp://me%40x:p%3A%2F@h:587?connections=50":  {Host: "h", Port: 587, TLS: smtp.TLSRequired, Connections: 50, Username: "me@x", Password: "p:/"},
		"smtp://h:25?tls=none&per_minute=600&bounce=": {Host: "h", Port: 25, TLS: smtp.TLSNone, Connections: 10, PerMinute: 600},
		"smtp://h:25?tls=optional&bounce=b%40x.org":   {Host: "h", Port: 25, TLS: smtp.TLSOptional, Connections: 10, Bounce: "b@x.org"},
	} {
		got, err := smtp.ParseURL(raw)
		require.NoError(t, err, raw)
		require.Equal(t, want, got, raw)
	}
}

func TestParseURLRefuses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"", "mail.example.org:25", "http://h", "smtp://", "smtp://u:secret@", "smtp://u:secret@h:0", "smtp://u:secret@h:99999", "smtp://u:secret@h:x",
		"smtp://u:secret@h/path", "smtp://u:secret@h#f", "smtp://u:secret@h?tls=yes", "smtp://u:secret@h?tls=none&tls=required", "smtps://u:secret@h?tls=none",
		"smtp://u:secret@h?connections=0", "smtp://u:secret@h?connections=many", "smtp://u:secret@h?connections=1001", "smtp://u:secret@h?per_minute=-1",
		"smtp://u:secret@h?bounce=nobody", "smtp://u:secret@h?bounce=a%0d%0a@b", "smtp://u:secret@h?timeout=5", "smtp://u:sec%zzret@h", "smtp://u:se cret@h\x7f",
		"smtp://:secret@h", "smtp://u:secret%00@h", "smtp://u:secret@h?tls=%zz",
	} {
		_, err := smtp.ParseURL(raw)
		require.Error(t, err, raw)
		require.True(t, model.IsKind(err, model.Invalid), raw)
		require.NotContains(t, err.Error(), "secret", raw)
		require.NotContains(t, err.Error(), "cret@", raw)
	}
}
