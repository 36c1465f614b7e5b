package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/postrider/postrider/pkg/address"
)

// defaultRedisURL is where api and worker look when they are told nothing;
// they start while nobody answers there.
const defaultRedisURL = "redis://127.0.0.1:6379/0"

// makeSecret is part of the sentence about every unfit secret key.
const makeSecret = "make one by: openssl rand -base64 32" //nolint:gosec // a sentence, not a secret

// reader turns values into a Config and gathers what is wrong with them.
type reader struct {
	values   map[string]string
	problems []string
}

func (r *reader) problem(env, format string, args ...any) {
	r.problems = append(r.problems, env+" "+fmt.Sprintf(format, args...))
}

func (r *reader) config(program Program) *Config {
	c := &Config{
		Program:          program,
		HTTPAddr:         r.listenAddr(envHTTPAddr),
		DataDir:          r.values[envDataDir],
		SMTPURL:          r.smtpURL(),
		MailFrom:         r.mailFrom(),
		SenderDomains:    r.senderDomains(),
		Registration:     r.switched(envRegistration),
		ConfirmEmail:     r.switched(envConfirmEmail),
		Limits:           r.switched(envLimits),
		TrustedProxies:   r.trustedProxies(),
		AdminEmail:       r.adminEmail(),
		AdminPassword:    r.values[envAdminPassword],
		LogLevel:         r.logLevel(),
		LogFormat:        r.logFormat(),
		MetricsAddr:      r.listenAddr(envMetricsAddr),
		CORSOrigins:      r.corsOrigins(),
		KeepAttemptsDays: r.days(envKeepAttempts),
	}
	embedded := program == Up && isLoopback(c.HTTPAddr)
	c.DatabaseURL = r.databaseURL(program, c.DataDir)
	c.RedisURL = r.redisURL(program)
	c.SecretKey = r.secretKey(program, embedded)
	c.SecretKeyPrevious = r.previousKeys()
	c.PublicURL = r.publicURL(program, c.HTTPAddr)
	if program == Up && !embedded && c.AdminPassword == "" {
		r.problem(envAdminPassword, "is needed, as %s is not an address of this machine alone: choose the superuser's password", c.HTTPAddr)
	}
	return c
}

func (r *reader) listenAddr(env string) string {
	s := r.values[env]
	if s == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(s)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n > 65535 {
		r.problem(env, "must look like 127.0.0.1:8080 or :8080, not %q", s)
	}
	return s
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// isLocal tells whether an address that links begin with leads to this machine
// alone, as it does when nothing is said.
func isLocal(publicURL string) bool {
	u, err := url.Parse(publicURL)
	return publicURL == "" || err == nil && isLoopback(net.JoinHostPort(u.Hostname(), u.Port()))
}

func (r *reader) databaseURL(program Program, dataDir string) string {
	s := r.values[envDatabaseURL]
	if s == "" {
		embedded := filepath.Join(dataDir, "postrider.db")
		switch {
		case program == Up, program == Admin && exists(embedded):
			return "sqlite:" + embedded
		case program == Admin:
			r.problem(envDatabaseURL, "is needed: postgres://user:password@host:5432/postrider or sqlite:PATH (no embedded database was found in %s)", dataDir)
		default:
			r.problem(envDatabaseURL, "is needed: postgres://user:password@host:5432/postrider or sqlite:PATH")
		}
		return ""
	}
	if path, ok := strings.CutPrefix(s, "sqlite:"); ok {
		if path == "" {
			r.problem(envDatabaseURL, "names no file: sqlite:PATH")
		}
		return s
	}
	// The URL is not quoted in problems: it mostly holds a password.
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		r.problem(envDatabaseURL, "must look like postgres://user:password@host:5432/postrider or sqlite:PATH (special characters of a password are written as %%40 for @ and so on)")
	}
	return s
}

func (r *reader) redisURL(program Program) string {
	s := r.values[envRedisURL]
	if s == "" {
		if program == API || program == Worker {
			return defaultRedisURL
		}
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || !slices.Contains([]string{"redis", "rediss", "redis-socket", "redis-sentinel"}, u.Scheme) {
		r.problem(envRedisURL, "must look like redis://:password@host:6379/0, rediss://…, redis-socket://… or redis-sentinel://host1,host2?master=name")
	}
	return s
}

func (r *reader) secretKey(program Program, embedded bool) []byte {
	s := r.values[envSecretKey]
	if s == "" {
		switch {
		case program == Up && !embedded:
			r.problem(envSecretKey, "is needed, as %s is not an address of this machine alone; %s", r.values[envHTTPAddr], makeSecret)
		case program == API, program == Worker:
			r.problem(envSecretKey, "is needed; %s", makeSecret)
		}
		return nil
	}
	key, err := decodeBase64(s)
	switch {
	case err != nil:
		r.problem(envSecretKey, "is not base64; %s", makeSecret)
	case len(key) < 32:
		r.problem(envSecretKey, "is too short: %d bytes of at least 32; %s", len(key), makeSecret)
	case !(embedded && isLocal(r.values[envPublicURL])) && isWeak(s):
		r.problem(envSecretKey, "is weak: a text, a pattern or a sample, not random bytes; %s", makeSecret)
	}
	return key
}

// previousKeys may be weak, as they sign nothing: who had one must get away from
// it.
func (r *reader) previousKeys() [][]byte {
	var keys [][]byte
	for i, s := range list(r.values[envPreviousKeys]) {
		key, err := decodeBase64(s)
		switch {
		case err != nil:
			r.problem(envPreviousKeys, "is not base64 in its key number %d: list what stood in %s before", i+1, envSecretKey)
		case len(key) < 32:
			r.problem(envPreviousKeys, "is too short in its key number %d: %d bytes of at least 32", i+1, len(key))
		}
		keys = append(keys, key)
	}
	return keys
}

func decodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if key, err := base64.RawStdEncoding.DecodeString(s); err == nil {
		return key, nil
	}
	return base64.RawURLEncoding.DecodeString(s)
}

func (r *reader) publicURL(program Program, httpAddr string) string {
	s := r.values[envPublicURL]
	if s == "" {
		// Nobody else than this machine reaches `up` by default, and this is
		// how it does, whatever the port.
		if _, port, err := net.SplitHostPort(httpAddr); program == Up && err == nil && port != "0" {
			return "http://localhost:" + port
		}
		return "http://localhost:8080"
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		r.problem(envPublicURL, "must look like https://mail.example.com, not %q", s)
	}
	return strings.TrimRight(s, "/")
}

// smtpURL looks at the form only; the transport knows the parameters.
func (r *reader) smtpURL() string {
	s := r.values[envSMTPURL]
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		r.problem(envSMTPURL, "must look like smtp://user:password@host:587?tls=required")
	}
	return s
}

func (r *reader) mailFrom() string {
	s := r.values[envMailFrom]
	if _, _, err := address.ParseMailbox(s); err != nil {
		r.problem(envMailFrom, "must look like Postrider <postrider@example.com>: %v", err)
	}
	return s
}

func (r *reader) senderDomains() []string {
	var domains []string
	for _, s := range list(r.values[envSenderDomains]) {
		a, err := address.Normalize("x@" + strings.TrimPrefix(s, "@"))
		if err != nil {
			r.problem(envSenderDomains, "has %q, which is no domain", s)
			continue
		}
		domains = append(domains, address.Domain(a))
	}
	return domains
}

func (r *reader) adminEmail() string {
	a, err := address.Normalize(r.values[envAdminEmail])
	if err != nil {
		r.problem(envAdminEmail, "is no address: %v", err)
	}
	return a
}

func (r *reader) corsOrigins() []string {
	origins := list(r.values[envCORSOrigins])
	for _, s := range origins {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || s != u.Scheme+"://"+u.Host {
			r.problem(envCORSOrigins, "must list origins like https://shop.example.com, in full and without a path, not %q", s)
		}
	}
	return origins
}

func (r *reader) trustedProxies() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list(r.values[envTrusted]) {
		p, err := netip.ParsePrefix(s)
		if ip, bad := netip.ParseAddr(s); bad == nil && ip.Zone() == "" {
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil || p.Bits() == 0 {
			r.problem(envTrusted, "must list addresses or networks like 10.0.0.0/8 or fd00::/8, and not all of the world, not %q", s)
			continue
		}
		out = append(out, p.Masked())
	}
	return out
}

func (r *reader) switched(env string) bool {
	switch strings.ToLower(r.values[env]) {
	case "on", "true", "1", "yes":
		return true
	case "off", "false", "0", "no":
		return false
	}
	r.problem(env, "must be on (true) or off (false), not %q", r.values[env])
	return false
}

func (r *reader) days(env string) int {
	const most = 36_500
	n, err := strconv.Atoi(r.values[env])
	if err != nil || n < 0 || n > most {
		r.problem(env, "must be a number of days from 0 to %d, not %q", most, r.values[env])
	}
	return n
}

func (r *reader) logLevel() slog.Level {
	var level slog.Level
	s := strings.ToLower(r.values[envLogLevel])
	err := level.UnmarshalText([]byte(s))
	if strings.ContainsAny(s, "+-") {
		err = errors.New("an offset is not a level of ours")
	}
	if err != nil {
		r.problem(envLogLevel, "must be debug, info, warn or error, not %q", s)
	}
	return level
}

func (r *reader) logFormat() string {
	switch s := strings.ToLower(r.values[envLogFormat]); s {
	case "text", "json":
		return s
	case "":
		if term.IsTerminal(int(os.Stderr.Fd())) {
			return "text"
		}
		return "json"
	default:
		r.problem(envLogFormat, "must be text or json, not %q", s)
		return ""
	}
}

// list splits at commas and leaves empty parts out.
func list(s string) []string {
	var parts []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
