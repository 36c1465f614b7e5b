package smtp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/smtp"
)

// certificate makes a self-signed one for a name and 127.0.0.1.
func certificate(t testing.TB, name string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server, roots := certificate(t, "mail.example.org")
	trusted := func(c *smtp.Config) { c.RootCAs, c.ServerName = roots, "mail.example.org" }
	for name, tc := range map[string]struct {
		opts   mailbox.SinkOptions
		change func(*smtp.Config)
		ok     bool
	}{
		"starttls":              {mailbox.SinkOptions{TLS: server}, trusted, true},
		"starttls, two flights": {mailbox.SinkOptions{TLS: server, NoChunking: true}, trusted, true},
		"implicit":              {mailbox.SinkOptions{TLS: server, Implicit: true}, trusted, true},
		"unknown authority":     {mailbox.SinkOptions{TLS: server}, func(c *smtp.Config) { c.ServerName = "mail.example.org" }, false},
		"another name": {mailbox.SinkOptions{TLS: server}, func(c *smtp.Config) {
			c.RootCAs, c.ServerName = roots, "other.example.org"
		}, false},
		"implicit, another name": {mailbox.SinkOptions{TLS: server, Implicit: true}, func(c *smtp.Config) { c.RootCAs = roots }, false},
		"stripped":               {mailbox.SinkOptions{}, func(c *smtp.Config) { c.TLS = smtp.TLSRequired }, false},
		"optional, not offered":  {mailbox.SinkOptions{}, func(c *smtp.Config) { c.TLS = smtp.TLSOptional }, true},
		"optional on loopback":   {mailbox.SinkOptions{TLS: server}, func(c *smtp.Config) { c.TLS = smtp.TLSOptional }, true},
		"refused": {mailbox.SinkOptions{TLS: server, Script: once(mailbox.SinkSTARTTLS,
			mailbox.Reply{Code: 454, Text: "4.7.0 not now"})}, trusted, false},
		"handshake dropped": {mailbox.SinkOptions{TLS: server, Script: once(mailbox.SinkSTARTTLS,
			mailbox.Reply{Code: 220, Text: "go", Action: mailbox.AnswerAndClose})}, trusted, false},
		"words put behind the 220": {mailbox.SinkOptions{TLS: server, Script: once(mailbox.SinkSTARTTLS,
			mailbox.Reply{Raw: "220 go\r\n250-evil\r\n250 CHUNKING\r\n"})}, trusted, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSink(t, tc.opts)
			p := newPool(t, s, tc.change)
			for i := range 3 {
				r := send(t, p, mail(i))
				if tc.ok {
					requireResult(t, r, model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
					continue
				}
				require.Equal(t, []any{model.OutcomeAborted, mailing.ClassConnection, model.PhaseTLS}, []any{r.Outcome, r.Class, r.Phase}, "%+v", r)
				require.False(t, r.Intended)
				return
			}
			require.EqualValues(t, 1, s.Connections())
		})
	}
}

func TestATLSConnectionClosedInIdlenessIsReplaced(t *testing.T) {
	t.Parallel()
	server, roots := certificate(t, "mail.example.org")
	s := startSink(t, mailbox.SinkOptions{TLS: server, Implicit: true})
	relay := startRelay(t, s.Addr())
	p := newPool(t, s, func(c *smtp.Config) {
		c.Host, c.Port, c.RootCAs, c.ServerName = relay.host, relay.port, roots, "mail.example.org"
	})
	require.Equal(t, model.OutcomeSent, send(t, p, mail(1)).Outcome)
	relay.closeClients("")
	require.Equal(t, model.OutcomeSent, send(t, p, mail(2)).Outcome)
	require.EqualValues(t, 2, s.Connections())
}

func TestAuth(t *testing.T) {
	t.Parallel()
	server, roots := certificate(t, "mail.example.org")
	for _, mechanisms := range []string{"AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5", "AUTH GSSAPI CRAM-MD5 PLAIN LOGIN", "AUTH=PLAIN"} {
		for name, over := range map[string]*tls.Config{" in clear": nil, " by tls": server} {
			t.Run(mechanisms+name, func(t *testing.T) {
				t.Parallel()
				s := startSink(t, mailbox.SinkOptions{TLS: over, Extensions: []string{mechanisms}, Username: "анна", Password: "p@ß\""})
				login := func(password string) func(*smtp.Config) {
					return func(c *smtp.Config) {
						c.RootCAs, c.ServerName, c.Username, c.Password = roots, "mail.example.org", "анна", password
					}
				}
				requireResult(t, send(t, newPool(t, s, login("p@ß\"")), mail(1)), model.OutcomeSent, mailing.ClassRecipient, model.PhaseResponse, 250)
				r := send(t, newPool(t, s, login("wrong")), mail(2))
				requireResult(t, r, model.OutcomeAborted, mailing.ClassAuth, model.PhaseAuth, 535)
				require.EqualValues(t, 1, s.Count())
			})
		}
	}
}

func TestAuthTroubles(t *testing.T) {
	t.Parallel()
	login := func(c *smtp.Config) { c.Username, c.Password = "u", "p" }
	for name, tc := range map[string]struct {
		opts  mailbox.SinkOptions
		class mailing.Class
		code  int
	}{
		"nothing offered":   {mailbox.SinkOptions{}, mailing.ClassAuth, 0},
		"unknown mechanism": {mailbox.SinkOptions{Extensions: []string{"AUTH GSSAPI"}}, mailing.ClassAuth, 0},
		"temporary": {mailbox.SinkOptions{Extensions: []string{"AUTH PLAIN"}, Script: once(mailbox.SinkAuth,
			mailbox.Reply{Code: 454, Text: "4.7.0 later"})}, mailing.ClassConnection, 454},
		"dropped": {mailbox.SinkOptions{Extensions: []string{"AUTH PLAIN"}, Script: once(mailbox.SinkAuth,
			mailbox.Reply{Action: mailbox.Drop})}, mailing.ClassConnection, 0},
		"a challenge of nonsense": {mailbox.SinkOptions{Extensions: []string{"AUTH CRAM-MD5"}, Script: once(mailbox.SinkAuth,
			mailbox.Reply{Code: 334, Text: "???"})}, mailing.ClassConnection, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := send(t, newPool(t, startSink(t, tc.opts), login), mail(1))
			requireResult(t, r, model.OutcomeAborted, tc.class, model.PhaseAuth, tc.code)
		})
	}
}

func TestThePasswordIsNotShownToTheNetwork(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	s := startSink(t, mailbox.SinkOptions{Extensions: []string{"AUTH PLAIN"}, Script: func(st mailbox.Step) mailbox.Reply {
		if st.Phase == mailbox.SinkAuth {
			asked <- struct{}{}
		}
		return mailbox.Reply{}
	}})
	p := newPool(t, s, func(c *smtp.Config) {
		dial := net.Dialer{}
		addr := s.Addr()
		c.Host, c.TLS, c.Username, c.Password = "mail.example.org", smtp.TLSOptional, "u", "p"
		c.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dial.DialContext(ctx, network, addr)
		}
	})
	r := send(t, p, mail(1))
	requireResult(t, r, model.OutcomeAborted, mailing.ClassAuth, model.PhaseAuth, 0)
	require.Empty(t, asked)
}

func TestLoginRequired(t *testing.T) {
	t.Parallel()
	s := startSink(t, mailbox.SinkOptions{Extensions: []string{"AUTH PLAIN"}, Username: "u", Password: "p"})
	r := send(t, newPool(t, s), mail(1))
	requireResult(t, r, model.OutcomeAborted, mailing.ClassSender, model.PhaseMail, 530)
}
