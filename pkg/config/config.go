// Package config turns flags, the environment and a .env file into one typed
// and validated Config. A flag wins over the environment, the environment over
// the file .env of the working folder, and that over the default; an empty
// value counts as not set.
//
// It reports all problems at once, in sentences for the operator, and never
// shows a secret. It owns viper and decides nothing but what the settings mean.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/joho/godotenv"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// Program says who asks for settings, as each has its own and demands others.
type Program uint8

// The programs.
const (
	API    Program = 1 << iota // the HTTP server
	Worker                     // the task server
	Up                         // everything in one process, the embedded mode
	Admin                      // migrate, create-superuser and the like: what needs the database only

	all = API | Worker | Up | Admin
)

// Config is what a program was told. Settings that its Program does not have
// stand at their defaults.
type Config struct {
	Program Program

	HTTPAddr          string         // host:port to listen on
	DatabaseURL       string         // postgres://… or sqlite:PATH
	RedisURL          string         // "" in the embedded mode: run one in process
	DataDir           string         // folder of the embedded mode
	SecretKey         []byte         // 32 bytes or more; nil in the embedded mode: the program keeps one in DataDir
	SecretKeyPrevious [][]byte       // former secret keys, the newest first
	PublicURL         string         // what links in mails begin with, without a slash at the end
	SMTPURL           string         // default transport; "" in the embedded mode: the captured inbox
	MailFrom          string         // default sender, valid for address.ParseMailbox
	SenderDomains     []string       // further domains a mail may come from, lower-case ASCII
	Registration      bool           // visitors may register
	ConfirmEmail      bool           // new accounts must confirm their address
	Limits            bool           // limits of requests and sign-ins are on
	TrustedProxies    []netip.Prefix // networks of proxies whose X-Forwarded-For is believed
	AdminEmail        string         // normalised address of the first superuser
	AdminPassword     string         // "": a random one, printed once
	LogLevel          slog.Level     // least level that is logged
	LogFormat         string         // "text" or "json"
	MetricsAddr       string         // host:port of a listener for metrics; "": /metrics on the API
	CORSOrigins       []string       // origins of other sites whose pages may call the API
	KeepAttemptsDays  int            // days after the end of a run that its attempt log is kept; 0 is for ever
}

// Error is all that is wrong with the settings.
type Error struct {
	Problems []string // one sentence each, beginning with the name of the setting
}

// Error lists the problems, one a line.
func (e *Error) Error() string {
	if len(e.Problems) == 1 {
		return "settings: " + e.Problems[0]
	}
	return fmt.Sprintf("settings: %d problems:\n  - %s", len(e.Problems), strings.Join(e.Problems, "\n  - "))
}

// Flags registers the flags of a program: --http-addr for POSTRIDER_HTTP_ADDR
// and so on. Their help shows defaults, never what the environment says.
func Flags(flags *pflag.FlagSet, program Program) {
	for _, s := range settings {
		if s.programs&program == 0 {
			continue
		}
		flags.String(s.flag(), s.value, s.usage+" ["+s.env+"]")
		if s.isSwitch {
			flags.Lookup(s.flag()).NoOptDefVal = "on"
		}
	}
}

// Load reads the settings of a program. flags are those that Flags registered,
// parsed; nil when there are none. The error is an *Error, or says why .env
// could not be read.
func Load(program Program, flags *pflag.FlagSet) (*Config, error) {
	v := viper.New()
	if err := readDotEnv(v); err != nil {
		return nil, err
	}
	r := reader{values: make(map[string]string, len(settings))}
	for _, s := range settings {
		v.SetDefault(s.env, s.value)
		if s.programs&program == 0 {
			r.values[s.env] = s.value
			continue
		}
		if err := v.BindEnv(s.env, s.env); err != nil {
			return nil, err
		}
		if flags != nil {
			if flag := flags.Lookup(s.flag()); flag != nil {
				if err := v.BindPFlag(s.env, flag); err != nil {
					return nil, err
				}
			}
		}
		r.values[s.env] = strings.TrimSpace(v.GetString(s.env))
		if r.values[s.env] == "" {
			r.values[s.env] = s.value
		}
	}
	c := r.config(program)
	if len(r.problems) > 0 {
		for _, v := range Unheard() { // which may be why
			r.problem(v.Name, "is no setting; the nearest is %s", v.Nearest)
		}
		return nil, &Error{Problems: r.problems}
	}
	return c, nil
}

// readDotEnv puts the file .env below the environment. godotenv reads it, and
// not viper, whose reader knows neither quotes nor export.
func readDotEnv(v *viper.Viper) error {
	file, err := godotenv.Read(".env")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		// The error quotes the line, and the line may hold a secret.
		return errors.New("the file .env could not be read: each line must look like NAME=value")
	}
	values := make(map[string]any, len(file))
	for name, value := range file {
		if value != "" {
			values[strings.ToLower(name)] = value
		}
	}
	return v.MergeConfigMap(values)
}

// String shows the settings with secrets masked.
func (c Config) String() string {
	var b strings.Builder
	for _, a := range c.attrs() {
		fmt.Fprintf(&b, "%s=%v ", a.Key, a.Value)
	}
	return strings.TrimSpace(b.String())
}

// GoString is String, so that %#v shows no secret either.
func (c Config) GoString() string { return c.String() }

// LogValue shows the settings in a log with secrets masked.
func (c Config) LogValue() slog.Value { return slog.GroupValue(c.attrs()...) }

func (c Config) attrs() []slog.Attr {
	return []slog.Attr{
		slog.String("http_addr", c.HTTPAddr),
		slog.String("database_url", maskURL(c.DatabaseURL)),
		slog.String("redis_url", maskURL(c.RedisURL)),
		slog.String("data_dir", c.DataDir),
		slog.String("secret_key", mask(string(c.SecretKey))),
		slog.Int("secret_key_previous", len(c.SecretKeyPrevious)),
		slog.String("public_url", c.PublicURL),
		slog.String("smtp_url", maskURL(c.SMTPURL)),
		slog.String("mail_from", c.MailFrom),
		slog.String("sender_domains", strings.Join(c.SenderDomains, ",")),
		slog.Bool("registration", c.Registration),
		slog.Bool("confirm_email", c.ConfirmEmail),
		slog.Bool("limits", c.Limits),
		slog.Any("trusted_proxies", c.TrustedProxies),
		slog.String("admin_email", c.AdminEmail),
		slog.String("admin_password", mask(c.AdminPassword)),
		slog.String("log_level", strings.ToLower(c.LogLevel.String())),
		slog.String("log_format", c.LogFormat),
		slog.String("metrics_addr", c.MetricsAddr),
		slog.String("cors_origins", strings.Join(c.CORSOrigins, ",")),
		slog.Int("keep_attempts_days", c.KeepAttemptsDays),
	}
}

func mask(s string) string {
	if s == "" {
		return ""
	}
	return "***"
}

// maskURL hides what stands before the @ and the values after the ?, as a
// password may stand in either.
func maskURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return mask(s)
	}
	if u.User != nil {
		u.User = url.User("***")
	}
	if q := u.Query(); len(q) > 0 {
		for name := range q {
			if strings.Contains(strings.ToLower(name), "pass") {
				q.Set(name, "***")
			}
		}
		u.RawQuery = q.Encode()
	}
	return strings.ReplaceAll(u.String(), "%2A%2A%2A", "***")
}

// exists tells whether a file is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
