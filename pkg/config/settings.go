package config

import "strings"

// setting is one row of the table of settings. Its flag has the name of the
// environment variable: POSTRIDER_HTTP_ADDR and --http-addr.
type setting struct {
	env      string
	programs Program
	value    string // default
	usage    string
	isSwitch bool
}

func (s setting) flag() string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(s.env, "POSTRIDER_")), "_", "-")
}

const (
	envHTTPAddr      = "POSTRIDER_HTTP_ADDR"
	envDatabaseURL   = "POSTRIDER_DATABASE_URL"
	envRedisURL      = "POSTRIDER_REDIS_URL"
	envDataDir       = "POSTRIDER_DATA_DIR"
	envSecretKey     = "POSTRIDER_SECRET_KEY"
	envPreviousKeys  = "POSTRIDER_SECRET_KEY_PREVIOUS"
	envPublicURL     = "POSTRIDER_PUBLIC_URL"
	envSMTPURL       = "POSTRIDER_SMTP_URL"
	envMailFrom      = "POSTRIDER_MAIL_FROM"
	envSenderDomains = "POSTRIDER_SENDER_DOMAINS"
	envRegistration  = "POSTRIDER_REGISTRATION"
	envConfirmEmail  = "POSTRIDER_CONFIRM_EMAIL"
	envLimits        = "POSTRIDER_LIMITS"
	envTrusted       = "POSTRIDER_TRUSTED_PROXIES"
	envAdminEmail    = "POSTRIDER_ADMIN_EMAIL"
	envAdminPassword = "POSTRIDER_ADMIN_PASSWORD"
	envLogLevel      = "POSTRIDER_LOG_LEVEL"
	envLogFormat     = "POSTRIDER_LOG_FORMAT"
	envMetricsAddr   = "POSTRIDER_METRICS_ADDR"
	envCORSOrigins   = "POSTRIDER_CORS_ORIGINS"
	envKeepAttempts  = "POSTRIDER_KEEP_ATTEMPTS_DAYS"
)

// settings is the table; .env.sample and docs/operations.md explain each row,
// and a test compares the sample with it.
var settings = []setting{
	{env: envHTTPAddr, programs: API | Up, value: "127.0.0.1:8080", usage: "listen on `host:port`"},
	{env: envDatabaseURL, programs: all, usage: "database `URL`: postgres://… or sqlite:PATH"},
	{env: envRedisURL, programs: all, usage: "Redis `URL`: redis://…, rediss://…, redis-sentinel://…"},
	{env: envDataDir, programs: Up | Admin, value: "./data", usage: "`folder` of the embedded mode"},
	{env: envSecretKey, programs: all, usage: "32 random bytes in `base64`, as `openssl rand -base64 32` makes them"},
	{env: envPreviousKeys, programs: all, usage: "former secret `keys`, comma separated, whose tokens and links still count"},
	{env: envPublicURL, programs: all, usage: "`URL` that links in mails begin with (default \"http://localhost:8080\")"},
	{env: envSMTPURL, programs: all, usage: "default transport `URL`: smtp://[user:pass@]host:port?tls=…"},
	{env: envMailFrom, programs: all, value: "Postrider <postrider@localhost>", usage: "default `sender` of mails"},
	{env: envSenderDomains, programs: all, usage: "further `domains` mails may come from, comma separated"},
	{env: envRegistration, programs: API | Up, value: "true", usage: "whether visitors may register (`bool`)", isSwitch: true},
	{env: envConfirmEmail, programs: API | Up, value: "false", usage: "whether new accounts must confirm their address (`bool`)", isSwitch: true},
	{env: envLimits, programs: API | Up, value: "on", usage: "limits of requests and sign-ins, `on|off`", isSwitch: true},
	{env: envTrusted, programs: API | Up, usage: "`networks` of proxies whose X-Forwarded-For is believed, comma separated, like 10.0.0.0/8"},
	{env: envAdminEmail, programs: Up | Admin, value: "admin@example.com", usage: "`address` of the first superuser"},
	{env: envAdminPassword, programs: Up | Admin, usage: "`password` of the first superuser; without it a random one is printed once"},
	{env: envLogLevel, programs: all, value: "info", usage: "least `level` to log: debug, info, warn, error"},
	{env: envLogFormat, programs: all, usage: "`format` of the log: text or json (default text at a terminal, json otherwise)"},
	{env: envMetricsAddr, programs: API | Worker | Up, usage: "listen on `host:port` for metrics; without it /metrics is on the API"},
	{env: envCORSOrigins, programs: API | Up, usage: "`origins` of other sites whose pages may call the API, comma separated"},
	{env: envKeepAttempts, programs: Worker | Up, value: "0", usage: "`days` after the end of a run that its attempt log is kept; 0 is for ever"},
}
