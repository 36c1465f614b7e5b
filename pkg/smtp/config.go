// Package smtp is the way out for mail: a pool of connections to one SMTP
// server, which implements mailing.Transport.
//
// It owns the SMTP dialogue (RFC 5321) and what can be known of a mail's
// fate from it. The rule behind everything: a mail is in doubt when its last
// octet may have left and no answer was read, and only then. Everything else
// has a known outcome, and what is the server's trouble never looks like the
// recipient's.
//
// Three dialogues, by what the server offers: with CHUNKING (RFC 3030) and
// PIPELINING (RFC 2920) a mail is one flight of MAIL, RCPT and BDAT LAST;
// with PIPELINING alone MAIL, RCPT and DATA are one flight and the mail is a
// second one, which takes along the first of the next mail of its line; else it
// goes step by step. The intent is asked for before the first flight in the
// first, and waited for after 354 in the others.
package smtp

import (
	"context"
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postrider/postrider/pkg/model"
)

// TLSMode is model.TLSMode. With TLSOptional the certificate is not checked on
// loopback only, and it never falls back after a failed handshake.
type TLSMode = model.TLSMode

// The modes.
const (
	TLSRequired = model.TLSRequired
	TLSOptional = model.TLSOptional
	TLSNone     = model.TLSNone
	TLSImplicit = model.TLSImplicit
)

// Config is one way out. ParseURL makes it; a zero field is its default.
type Config struct {
	Name        string // what reports show; host:port
	Host        string
	Port        int
	TLS         TLSMode
	Username    string // "" for no AUTH
	Password    string
	Connections int    // at once, in this process; 10
	PerMinute   int    // mails; 0 for no limit. It is for the engine, which keeps limits; the Pool does not look at it
	Bounce      string // envelope sender of every mail, "" for the mail's own

	// MessagesPerConnection is after how many mails a connection is given up;
	// 0 for no limit but what a server's 421s teach.
	MessagesPerConnection int

	HELO       string         // how we introduce ourselves; the host's name
	RootCAs    *x509.CertPool // nil for the system's
	ServerName string         // the name in the certificate; Host
	Timeouts   Timeouts

	// Dial opens a connection; nil for a net.Dialer. A caller that must keep
	// some addresses out of reach does it here.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Timeouts are those of RFC 5321 §4.5.3.2 and our own. A zero one is its
// default.
type Timeouts struct {
	Connect  time.Duration // TCP and the TLS handshake, 30 s
	Greeting time.Duration // 5 min
	Command  time.Duration // EHLO, AUTH, MAIL, RCPT, 5 min
	Reset    time.Duration // RSET, 30 s: another connection is quicker than waiting
	Data     time.Duration // from DATA to 354, 2 min
	Block    time.Duration // for each write of the mail, 3 min
	Response time.Duration // from the last octet to the answer, 10 min
	Drain    time.Duration // of Response, once the context has ended, 25 s
	Idle     time.Duration // until an unused connection is closed, 30 s
	Quit     time.Duration // for the answer to QUIT, 2 s
}

func (c Config) withDefaults() Config {
	t := &c.Timeouts
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Connect, 30 * time.Second},
		{&t.Greeting, 5 * time.Minute},
		{&t.Command, 5 * time.Minute},
		{&t.Reset, 30 * time.Second},
		{&t.Data, 2 * time.Minute},
		{&t.Block, 3 * time.Minute},
		{&t.Response, 10 * time.Minute},
		{&t.Drain, 25 * time.Second},
		{&t.Idle, 30 * time.Second},
		{&t.Quit, 2 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if c.Connections <= 0 {
		c.Connections = 10
	}
	if c.TLS == "" {
		c.TLS = model.DefaultTLS(c.Host)
	}
	if c.Name == "" {
		c.Name = c.address()
	}
	if c.ServerName == "" {
		c.ServerName = c.Host
	}
	if c.HELO == "" {
		c.HELO = "localhost"
		if name, err := os.Hostname(); err == nil && isDomain(name) {
			c.HELO = name
		}
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	return c
}

func (c *Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

func isDomain(s string) bool {
	return s != "" && len(s) <= 255 && strings.IndexFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}

// ParseURL reads
//
//	smtp://[user:pass@]host[:port]?tls=required|optional|none|implicit&connections=10&per_minute=0&bounce=
//
// or smtps:// for implicit TLS. Without a port it is 25, or 465 with implicit
// TLS; without tls it is required, on loopback optional. Errors are of the
// kind model.Invalid and never show the password.
func ParseURL(raw string) (Config, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// url.Error repeats its input, and that holds the password.
		return Config{}, model.E(model.Invalid, "SMTP URL: it cannot be read as a URL (is a special character in the password percent-encoded?)")
	}
	fail := func(format string, args ...any) (Config, error) {
		return Config{}, model.E(model.Invalid, "SMTP URL: "+format, args...)
	}
	c := Config{Host: u.Hostname(), Username: u.User.Username(), Connections: 10}
	c.Password, _ = u.User.Password()
	if u.Scheme != "smtp" && u.Scheme != "smtps" {
		return fail("it must begin with smtp:// or smtps://")
	}
	if c.Host == "" || strings.ContainsAny(c.Host, " \t\r\n\x00") {
		return fail("the host is missing")
	}
	if u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return fail("nothing may follow the host but ?parameters")
	}
	if c.Username == "" && c.Password != "" {
		return fail("a password needs a user name")
	}
	if strings.ContainsRune(c.Username+c.Password, 0) {
		return fail("user name and password cannot have a NUL (RFC 4616)")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fail("the parameters cannot be read")
	}
	names := make([]string, 0, len(q))
	for name := range q {
		names = append(names, name)
	}
	slices.Sort(names) // of several mistakes always the same is told
	for _, name := range names {
		if len(q[name]) != 1 {
			return fail("the parameter %s is given more than once", name)
		}
		value := q.Get(name)
		switch name {
		case "tls":
			c.TLS = TLSMode(value)
			if !slices.Contains(model.TLSModes, c.TLS) {
				return fail("tls=%q must be required, optional, none or implicit", value)
			}
		case "connections":
			if c.Connections, err = strconv.Atoi(value); err != nil || c.Connections < 1 || c.Connections > 1000 {
				return fail("connections=%q must be a number from 1 to 1000", value)
			}
		case "per_minute":
			if c.PerMinute, err = strconv.Atoi(value); err != nil || c.PerMinute < 0 {
				return fail("per_minute=%q must be a number of mails, 0 for no limit", value)
			}
		case "bounce":
			if value != "" && (checkPath(value) != nil || !strings.Contains(value, "@")) {
				return fail("bounce=%q is not a mail address", value)
			}
			c.Bounce = value
		default:
			return fail("the parameter %q is not known; there are tls, connections, per_minute and bounce", name)
		}
	}
	if u.Scheme == "smtps" {
		if c.TLS != "" && c.TLS != TLSImplicit {
			return fail("smtps:// is implicit TLS, tls=%s contradicts it", c.TLS)
		}
		c.TLS = TLSImplicit
	}
	if c.TLS == "" {
		c.TLS = model.DefaultTLS(c.Host)
	}
	c.Port = model.DefaultPort(c.TLS)
	if p := u.Port(); p != "" {
		if c.Port, err = strconv.Atoi(p); err != nil || c.Port < 1 || c.Port > 65535 {
			return fail("the port must be a number from 1 to 65535")
		}
	}
	return c, nil
}
