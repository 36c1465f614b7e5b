package cmd_test

import (
	"crypto/tls"
	"net/smtp"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/testkit"
)

func TestCommandsCanBeRunAgain(t *testing.T) {
	t.Parallel()
	env := []string{"POSTRIDER_DATABASE_URL=sqlite:" + t.TempDir() + "/p.db", "POSTRIDER_ADMIN_EMAIL=root@example.com", "POSTRIDER_ADMIN_PASSWORD=" + password}
	for _, step := range []struct{ command, first, second string }{
		{"migrate", "up to date: ", "up to date already"},
		{"create-superuser", "root@example.com was created", "left as it is"},
		{"create-managers", "was created", "left as it is"},
		{"seed-demo", "Demo account: demo@example.com", "left as it is"},
		{"run-mailings", "Nothing is due", "Nothing is due"},
		{"check", "drifts=0", "drifts=0"},
	} {
		code, out := run(t, env, step.command)
		require.Zero(t, code, out)
		require.Contains(t, out, step.first)
		code, out = run(t, env, step.command)
		require.Zero(t, code, out)
		require.Contains(t, out, step.second)
	}
}

func TestBadArgumentsEndWithASentence(t *testing.T) {
	t.Parallel()
	db := "POSTRIDER_DATABASE_URL=sqlite:" + t.TempDir() + "/p.db"
	nonsense := filepath.Join(t.TempDir(), "nonsense")
	require.NoError(t, os.WriteFile(nonsense, []byte("dance"), 0o600))
	code, out := run(t, []string{db}, "create-managers")
	require.NotZero(t, code)
	require.Contains(t, out, "run `postrider migrate`", "an older schema is refused with the command to run")
	code, _ = run(t, []string{db}, "migrate")
	require.Zero(t, code)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"no-such-command"}, "unknown command"},
		{[]string{"migrate", "--no-such-flag"}, "unknown flag"},
		{[]string{"migrate", "extra"}, "unknown command"},
		{[]string{"run-mailings", "--mailing", "x"}, `invalid argument "x" for "--mailing" flag: it wants the id of a mailing, a positive number`},
		{[]string{"run-mailings", "--mailing", "12345"}, "there is no mailing 12345"},
		{[]string{"check", "--run", "0"}, "it wants the id of a run"},
		{[]string{"check", "--run", "12345"}, "there is no run 12345"},
		{[]string{"create-superuser", "--admin-email", "nobody", "--admin-password", password}, "POSTRIDER_ADMIN_EMAIL"},
		{[]string{"create-superuser", "--admin-email", "a@example.com", "--admin-password", "short"}, "password"},
		{[]string{"migrate", "--database-url", "mysql://x"}, "POSTRIDER_DATABASE_URL"},
		{[]string{"sink", "--script", "no-such-file"}, "--script: open no-such-file"},
		{[]string{"sink", "--script", nonsense}, `line 1: "dance" is none of`},
		{[]string{"sink", "--listen", "nowhere"}, "missing port"},
	} {
		code, out := run(t, []string{db}, c.args...)
		require.NotZero(t, code, "%v: %s", c.args, out)
		require.Contains(t, out, c.says, "%v", c.args)
		require.NotContains(t, out, "goroutine", "%v", c.args)
	}
}

func TestHelpEverywhere(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"up", "--help"}, {"migrate", "--help"}, {"create-superuser", "--help"}, {"create-managers", "--help"}, {"run-mailings", "--help"}, {"check", "--help"}, {"seed-demo", "--help"}, {"sink", "--help"}, {"version"}} {
		code, out := run(t, []string{"POSTRIDER_ADMIN_PASSWORD=a-very-secret-one"}, args...)
		require.Zero(t, code, out)
		require.NotEmpty(t, out)
		require.NotContains(t, out, "a-very-secret-one")
	}
	for _, program := range []string{"api", "worker"} {
		p := start(t, nil, program, "--help")
		<-p.done
		require.Zero(t, p.cmd.ProcessState.ExitCode())
		require.Contains(t, p.output(), "POSTRIDER_DATABASE_URL")
	}
}

func TestProgramsTellAllThatIsMissing(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"api", "worker"} {
		p := start(t, []string{"POSTRIDER_LOG_LEVEL=loud"}, program)
		<-p.done
		require.Equal(t, 1, p.cmd.ProcessState.ExitCode())
		for _, name := range []string{"POSTRIDER_DATABASE_URL", "POSTRIDER_SECRET_KEY", "POSTRIDER_LOG_LEVEL"} {
			require.Contains(t, p.output(), name)
		}
	}
}

// run-mailings starts what is due and tells how each ended, also where no
// worker runs.
func TestAMisspeltVariableIsWarnedOf(t *testing.T) {
	t.Parallel()
	code, out := run(t, []string{"POSTRIDER_DATABASE_URL=sqlite:" + t.TempDir() + "/x.db", "POSTRIDER_LOGLEVEL=debug"}, "migrate")
	require.Zero(t, code, out)
	require.Regexp(t, `WARN.*POSTRIDER_LOGLEVEL.*POSTRIDER_LOG_LEVEL`, out)
}

func TestRunMailings(t *testing.T) {
	t.Parallel()
	in := install(t, testkit.RedisURL(t), 5, mailbox.SinkOptions{})
	u := register(t, in.base, "anna@example.com")
	u.clients(4)
	later := u.mail(map[string]any{"start_at": "2030-01-01T00:00:00Z"})
	code, out := run(t, in.env, "run-mailings")
	require.Zero(t, code, out)
	require.Contains(t, out, "Nothing is due")
	code, out = run(t, in.env, "run-mailings", "--mailing", strconv.FormatInt(later.ID, 10))
	require.Zero(t, code, out)
	require.Contains(t, out, "started: run ")
	require.Contains(t, out, "finished: run ")
	require.Contains(t, out, "planned 4, sent 4, failed 0")
	require.NotContains(t, out, "another run")
	accounted(t, u, u.until(later.ID, "finished"), in.sink.Accepted(), 4, 0)

	code, out = run(t, in.env, "run-mailings", "--mailing", strconv.FormatInt(later.ID, 10))
	require.Zero(t, code, out)
	require.Contains(t, out, "was finished: this is another run of it, which mails its whole audience")
}

// The sink behaves by its script, says where it is, and has written down what
// it took before it answers.
func TestSink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script, log := filepath.Join(dir, "script"), filepath.Join(dir, "log")
	require.NoError(t, os.WriteFile(script, []byte(`at rcpt to *@example.net do reply 550 "5.1.1 no such user"`), 0o600))
	p := start(t, nil, "postrider", "sink", "--listen", "127.0.0.1:0", "--script", script, "--log", log, "--tls")
	c, err := smtp.Dial(p.says("listening: "))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.StartTLS(&tls.Config{InsecureSkipVerify: true}))
	require.NoError(t, c.Mail("a@example.com"))
	require.ErrorContains(t, c.Rcpt("b@example.net"), "no such user")
	require.NoError(t, c.Rcpt("b@example.org"))
	w, err := c.Data()
	require.NoError(t, err)
	_, err = w.Write([]byte("Message-ID: <1@example.com>\r\n\r\nHello\r\n"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	written, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Regexp(t, `^\S+Z 1 b@example\.org 1@example\.com\n$`, string(written))
	require.Zero(t, p.stop())
	require.Contains(t, p.output(), "taken: 1, connections: 1")
}

// A database that answers and refuses is not waited for.
func TestADatabaseThatRefusesIsToldAtOnce(t *testing.T) {
	t.Parallel()
	server, err := url.Parse(testkit.PostgresURL(t))
	require.NoError(t, err)
	nobody, nowhere := *server, *server
	nobody.User = url.UserPassword("nobody_here", "wrong")
	nowhere.Path = "/nowhere"
	for _, u := range []url.URL{nobody, nowhere} {
		code, out := run(t, []string{"POSTRIDER_DATABASE_URL=" + u.String()}, "migrate")
		require.NotZero(t, code)
		require.Contains(t, out, "the database refuses the connection")
		require.Contains(t, out, "POSTRIDER_DATABASE_URL")
		require.NotContains(t, out, "waiting for the database")
		require.NotContains(t, out, "wrong")
	}
}
