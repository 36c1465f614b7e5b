package config_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/joho/godotenv"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/config"
)

// Fit for a secret: what openssl rand -base64 32 once said.
const secret = "q83XJ9t0bQ2mA7yVvJr0w1uZ5o6kXcP4n8hTfLsE3dY="

const hexSecret = "4a27a861e0c99ffab1ccf25f4cf6c2e0ca0a1ad1a57c1e3b8a3a0e5b5f0d92f7"

const everything = config.API | config.Worker | config.Up | config.Admin

// load runs Load in an empty folder with this environment and no other.
// Environment and folder belong to the process, so these tests are not
// parallel.
func load(t *testing.T, program config.Program, env map[string]string, args ...string) (*config.Config, error) {
	t.Helper()
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "POSTRIDER_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Flags(flags, program)
	require.NoError(t, flags.Parse(args))
	return config.Load(program, flags)
}

func server(extra map[string]string) map[string]string {
	env := map[string]string{"POSTRIDER_DATABASE_URL": "postgres://db/postrider", "POSTRIDER_SECRET_KEY": secret}
	for name, value := range extra {
		env[name] = value
	}
	return env
}

func TestDefaults(t *testing.T) {
	t.Chdir(t.TempDir())
	up, err := load(t, config.Up, nil)
	require.NoError(t, err)
	require.Equal(t, &config.Config{
		Program: config.Up, HTTPAddr: "127.0.0.1:8080", DatabaseURL: "sqlite:data/postrider.db", DataDir: "./data",
		PublicURL: "http://localhost:8080", MailFrom: "Postrider <postrider@localhost>", Registration: true, Limits: true,
		AdminEmail: "admin@example.com", LogFormat: "json",
	}, up)

	worker, err := load(t, config.Worker, server(nil))
	require.NoError(t, err)
	require.Equal(t, "redis://127.0.0.1:6379/0", worker.RedisURL)
	require.Len(t, worker.SecretKey, 32)
}

func TestFlagWinsOverEnvironmentOverFile(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile(".env", []byte("POSTRIDER_HTTP_ADDR=127.0.0.1:1\nPOSTRIDER_LOG_LEVEL=warn\nexport POSTRIDER_DATA_DIR='my data'\n"), 0o600))
	env := map[string]string{"POSTRIDER_HTTP_ADDR": "127.0.0.1:2", "POSTRIDER_DATA_DIR": ""}
	c, err := load(t, config.Up, env)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:2", c.HTTPAddr)
	require.Equal(t, slog.LevelWarn, c.LogLevel)
	require.Equal(t, "sqlite:my data/postrider.db", c.DatabaseURL)

	c, err = load(t, config.Up, env, "--http-addr=127.0.0.1:3", "--confirm-email", "--registration=false")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:3", c.HTTPAddr)
	require.Equal(t, "http://localhost:3", c.PublicURL)
	require.True(t, c.ConfirmEmail)
	require.False(t, c.Registration)

	require.NoError(t, os.WriteFile(".env", []byte("POSTRIDER_SECRET_KEY hunter2\n"), 0o600))
	_, err = load(t, config.Up, nil)
	require.ErrorContains(t, err, ".env")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestValues(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := load(t, config.API, server(map[string]string{
		"POSTRIDER_PUBLIC_URL":          "https://mail.example.com/",
		"POSTRIDER_SENDER_DOMAINS":      "Example.com, пример.рф ,",
		"POSTRIDER_CORS_ORIGINS":        "https://a.example, http://localhost:5173",
		"POSTRIDER_LIMITS":              "off",
		"POSTRIDER_TRUSTED_PROXIES":     "10.1.2.3/8, fd00::/8,192.0.2.7",
		"POSTRIDER_SECRET_KEY_PREVIOUS": strings.Repeat("A", 43) + "=, " + secret,
		"POSTRIDER_LOG_LEVEL":           "DEBUG",
		"POSTRIDER_LOG_FORMAT":          "text",
		"POSTRIDER_METRICS_ADDR":        ":9090",
		"POSTRIDER_REDIS_URL":           "redis-sentinel://a:1,b:2?master=m",
		"POSTRIDER_SMTP_URL":            "smtp://u:p@mx.example.com:587?tls=required",
		// Not a setting of this program, so nobody minds it here.
		"POSTRIDER_ADMIN_EMAIL": "nobody",
	}))
	require.NoError(t, err)
	require.Equal(t, "https://mail.example.com", c.PublicURL)
	require.Equal(t, []string{"example.com", "xn--e1afmkfd.xn--p1ai"}, c.SenderDomains)
	require.Equal(t, []string{"https://a.example", "http://localhost:5173"}, c.CORSOrigins)
	require.False(t, c.Limits)
	require.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("192.0.2.7/32"),
	}, c.TrustedProxies)
	require.Len(t, c.SecretKeyPrevious, 2)
	require.Equal(t, c.SecretKey, c.SecretKeyPrevious[1])
	require.Equal(t, slog.LevelDebug, c.LogLevel)
	require.Equal(t, "text", c.LogFormat)
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := load(t, config.Up, map[string]string{
		"POSTRIDER_HTTP_ADDR":           "8080",
		"POSTRIDER_DATABASE_URL":        "mysql://u:hunter2@db/x",
		"POSTRIDER_REDIS_URL":           "http://:hunter2@x",
		"POSTRIDER_SECRET_KEY":          "!hunter2!",
		"POSTRIDER_SECRET_KEY_PREVIOUS": "aHVudGVyMg==",
		"POSTRIDER_TRUSTED_PROXIES":     "0.0.0.0/0",
		"POSTRIDER_PUBLIC_URL":          "mail.example.com",
		"POSTRIDER_SMTP_URL":            "mx:25",
		"POSTRIDER_MAIL_FROM":           "nobody",
		"POSTRIDER_SENDER_DOMAINS":      "a b",
		"POSTRIDER_REGISTRATION":        "maybe",
		"POSTRIDER_CONFIRM_EMAIL":       "maybe",
		"POSTRIDER_LIMITS":              "maybe",
		"POSTRIDER_ADMIN_EMAIL":         "root",
		"POSTRIDER_LOG_LEVEL":           "loud",
		"POSTRIDER_LOG_FORMAT":          "xml",
		"POSTRIDER_METRICS_ADDR":        "host:99999",
		"POSTRIDER_CORS_ORIGINS":        "*",
		"POSTRIDER_KEEP_ATTEMPTS_DAYS":  "-1",
	})
	var problems *config.Error
	require.ErrorAs(t, err, &problems)
	named := make(map[string]bool)
	for _, p := range problems.Problems {
		name, _, _ := strings.Cut(p, " ")
		named[name] = true
	}
	// The password is missing, too: an address that cannot be read is not loopback.
	require.Len(t, named, 20, err)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestDemands(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, program := range []config.Program{config.API, config.Worker} {
		_, err := load(t, program, nil)
		require.ErrorContains(t, err, "2 problems")
		require.ErrorContains(t, err, "POSTRIDER_DATABASE_URL is needed")
		require.ErrorContains(t, err, "POSTRIDER_SECRET_KEY is needed; make one by: openssl rand -base64 32")
	}
	for _, addr := range []string{"0.0.0.0:8080", ":8080", "[::]:8080", "192.0.2.1:80", "mail.example.com:80"} {
		_, err := load(t, config.Up, nil, "--http-addr", addr)
		require.ErrorContains(t, err, "POSTRIDER_SECRET_KEY is needed", addr)
		require.ErrorContains(t, err, "POSTRIDER_ADMIN_PASSWORD is needed", addr)
		_, err = load(t, config.Up, map[string]string{"POSTRIDER_SECRET_KEY": secret, "POSTRIDER_ADMIN_PASSWORD": "correct horse"}, "--http-addr", addr)
		require.NoError(t, err, addr)
	}
	for _, addr := range []string{"127.0.0.1:0", "127.9.9.9:1", "[::1]:8080", "localhost:8080"} {
		_, err := load(t, config.Up, nil, "--http-addr", addr)
		require.NoError(t, err, addr)
	}

	// Administration finds the embedded database, and makes none by mistake.
	_, err := load(t, config.Admin, nil)
	require.ErrorContains(t, err, "POSTRIDER_DATABASE_URL is needed")
	require.NoError(t, os.Mkdir("data", 0o700))
	require.NoError(t, os.WriteFile("data/postrider.db", nil, 0o600))
	c, err := load(t, config.Admin, nil)
	require.NoError(t, err)
	require.Equal(t, "sqlite:data/postrider.db", c.DatabaseURL)
}

func TestSecretKey(t *testing.T) {
	t.Chdir(t.TempDir())
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	series := make([]byte, 32)
	for i := range series {
		series[i] = byte(3 * i)
	}
	for key, want := range map[string]string{
		"changeme": "too short",
		encode("thirty-one bytes are not enough")[:40]: "too short",
		"not base64 at all, no, not, not, not":         "not base64",
		encode(strings.Repeat("\x00", 32)):             "weak",
		encode(string(series)):                         "weak",
		encode("0123456789abcdef0123456789abcdef"):     "weak",
		encode("change-me-this-is-no-random-key!"):     "weak",
		encode("an example of a key, 32 bytes ..."):    "weak",

		encode("my-super-secret-key-for-postrider-2026!"):               "weak",
		encode("insecure-dev-key-do-not-use-in-production"):             "weak",
		encode("postrider-development-secret-key-0123456789"):           "weak",
		encode("this is a secret key, keep it private please"):          "weak",
		encode("abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"):            "weak",
		encode("шла Саша по шоссе и сосала сушку\n"):                    "weak",
		encode("The quick brown fox jumps over the lazy dog"):           "weak",
		"mysecretkeymysecretkeymysecretkeymysecretkeyABCD":              "weak",
		"ourInstallationHasThisAndourInstallationHasThisAnd":            "weak",
		"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL":              "weak",
		"thequickbrownfoxjumpsoverthelazydog0011998877665544":           "weak",
		strings.Repeat("0123456789abcdef", 4):                           "weak",
		encode(strings.Repeat("0123456789abcdef", 4)):                   "weak",
		hex.EncodeToString([]byte("the quick brown fox jumps over it")): "weak",

		// openssl rand -hex 32, and both forms once more in base64, as secrets of Kubernetes are.
		hexSecret:                      "",
		encode(hexSecret):              "",
		encode(secret + "\n"):          "",
		secret:                         "",
		strings.TrimRight(secret, "="): "",
		strings.NewReplacer("+", "-", "/", "_").Replace(secret): "",
	} {
		_, err := load(t, config.Worker, server(map[string]string{"POSTRIDER_SECRET_KEY": key}))
		if want == "" {
			require.NoError(t, err, key)
			continue
		}
		require.ErrorContains(t, err, want, key)
		require.ErrorContains(t, err, "openssl rand -base64 32")
		require.NotContains(t, err.Error(), key)
	}
}

// TestNoRandomSecretIsWeak: a refusal of what openssl makes would be no help.
func TestNoRandomSecretIsWeak(t *testing.T) {
	t.Chdir(t.TempDir())
	random := rand.NewChaCha8([32]byte{1})
	for range 200 {
		key := make([]byte, 32)
		_, err := random.Read(key)
		require.NoError(t, err)
		for _, text := range []string{base64.StdEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(key), hex.EncodeToString(key)} {
			_, err = load(t, config.Worker, server(map[string]string{"POSTRIDER_SECRET_KEY": text}))
			require.NoError(t, err, text)
		}
	}
}

// TestWhereAWeakSecretMayBe: on the loopback nobody else comes near, unless a
// proxy stands in front of it, which the public address tells.
func TestWhereAWeakSecretMayBe(t *testing.T) {
	t.Chdir(t.TempDir())
	weak := strings.Repeat("a", 44)
	for _, public := range []string{"", "http://localhost:8080", "https://127.0.0.1", "http://[::1]:8080/"} {
		_, err := load(t, config.Up, map[string]string{"POSTRIDER_SECRET_KEY": weak, "POSTRIDER_PUBLIC_URL": public})
		require.NoError(t, err, public)
	}
	for _, public := range []string{"https://mail.example.com", "http://192.168.1.7:8080", "https://localhost.example.com"} {
		_, err := load(t, config.Up, map[string]string{"POSTRIDER_SECRET_KEY": weak, "POSTRIDER_PUBLIC_URL": public})
		require.ErrorContains(t, err, "POSTRIDER_SECRET_KEY is weak", public)
		_, err = load(t, config.Up, map[string]string{"POSTRIDER_SECRET_KEY": secret, "POSTRIDER_PUBLIC_URL": public})
		require.NoError(t, err, public)
		_, err = load(t, config.Up, map[string]string{"POSTRIDER_PUBLIC_URL": public}) // makes its own
		require.NoError(t, err, public)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := load(t, config.Up, map[string]string{
		"POSTRIDER_DATABASE_URL":   "postgres://u:hunter2@db/x?password=hunter2",
		"POSTRIDER_REDIS_URL":      "redis://:hunter2@r:6379/0",
		"POSTRIDER_SMTP_URL":       "smtp://u:hunter2@mx:25",
		"POSTRIDER_ADMIN_PASSWORD": "hunter2 hunter2",
		"POSTRIDER_SECRET_KEY":     secret,
	})
	require.NoError(t, err)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("settings", "config", c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("settings", "config", *c)
	for _, shown := range []string{c.String(), fmt.Sprintf("%v %+v %#v %s", c, c, c, *c), fmt.Sprintf("%+v %#v", *c, *c), log.String()} {
		require.Contains(t, shown, "mx:25")
		require.Contains(t, shown, "***")
		require.NotContains(t, shown, "hunter2")
		require.NotContains(t, shown, secret[:20])
		require.NotContains(t, shown, fmt.Sprintf("%d %d %d", c.SecretKey[0], c.SecretKey[1], c.SecretKey[2]))
	}
	require.True(t, json.Valid([]byte(strings.SplitN(log.String(), "\n", 2)[0])))

	flags := pflag.NewFlagSet("help", pflag.ContinueOnError)
	config.Flags(flags, config.Up)
	require.NotContains(t, flags.FlagUsages(), "hunter2")
}

// TestSampleIsTheTable holds .env.sample, the flags and the struct together.
func TestSampleIsTheTable(t *testing.T) {
	sample, err := os.ReadFile(filepath.Join("..", "..", ".env.sample"))
	require.NoError(t, err)
	flags := pflag.NewFlagSet("all", pflag.ContinueOnError)
	config.Flags(flags, everything)

	// Read by docker compose alone.
	want := map[string]string{"POSTRIDER_POSTGRES_PASSWORD": ""}
	fields := make(map[string]bool)
	flags.VisitAll(func(f *pflag.Flag) {
		want["POSTRIDER_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))] = f.DefValue
		fields[strings.ReplaceAll(f.Name, "-", "")] = true
	})
	want["POSTRIDER_PUBLIC_URL"] = "http://localhost:8080" // a default that depends on the program

	got := make(map[string]string)
	explained := false
	lines := bufio.NewScanner(bytes.NewReader(sample))
	for lines.Scan() {
		name, value, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "#"), "=")
		if !ok || !strings.HasPrefix(name, "POSTRIDER_") || strings.Contains(name, " ") {
			explained = strings.HasPrefix(lines.Text(), "# ")
			continue
		}
		require.NotContains(t, got, name, "twice")
		require.True(t, explained, "%s has no comment", name)
		got[name] = value
	}
	require.Equal(t, want, got)

	typ := reflect.TypeFor[config.Config]()
	for i := range typ.NumField() {
		if name := typ.Field(i).Name; name != "Program" {
			require.True(t, fields[strings.ToLower(name)], "%s has no setting", name)
		}
	}
	require.Len(t, fields, typ.NumField()-1)

	// As it is, it is a valid .env that sets nothing.
	values, err := godotenv.UnmarshalBytes(sample)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"POSTRIDER_SECRET_KEY": "", "POSTRIDER_POSTGRES_PASSWORD": ""}, values)
}
