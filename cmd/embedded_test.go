package cmd_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
)

func embedded(t *testing.T, dir string, env ...string) (*process, string) {
	t.Helper()
	p := start(t, append([]string{"POSTRIDER_DATA_DIR=" + dir, "POSTRIDER_HTTP_ADDR=127.0.0.1:0"}, env...), "postrider", "up")
	return p, p.says("ready: ")
}

// The main path: from registration to the report, by the API alone.
func TestEmbeddedFromRegistrationToReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, base := embedded(t, dir)
	require.NotEmpty(t, p.says("Password: "))
	u := register(t, base, "anna@example.com")
	u.clients(3)

	now := u.mail(nil)
	require.Equal(t, "running", now.Status)
	at := time.Now().Add(3 * time.Second).Truncate(time.Millisecond)
	later := u.mail(map[string]any{"start_at": at.Format(time.RFC3339Nano)})
	require.Equal(t, "scheduled", later.Status)

	for _, m := range []mailing{u.until(now.ID, "finished"), u.until(later.ID, "finished")} {
		r := u.report(m)
		require.EqualValues(t, 3, r.Counts["planned"])
		require.EqualValues(t, 3, r.Counts["sent"])
		attempts := all[attempt](u, fmt.Sprintf("/reports/%d/attempts", r.RunID))
		require.Len(t, attempts, 3)
		for _, a := range attempts {
			require.Equal(t, 1, a.Number)
			require.Equal(t, "sent", a.Outcome)
			require.Equal(t, 250, a.Code)
			require.NotEmpty(t, a.Response)
		}
		if m.ID == later.ID {
			require.True(t, at.Equal(r.PlannedAt))
			require.False(t, r.StartedAt.Before(at), "never early")
		}
	}
	type inboxItem struct {
		ID      int64  `json:"id"`
		To      string `json:"to"`
		Subject string `json:"subject"`
	}
	seen := map[string]int{}
	for _, item := range all[inboxItem](u, "/inbox") {
		seen[item.To+" "+item.Subject]++
		var mail struct {
			HTML string `json:"html"`
		}
		u.must(http.StatusOK, "GET", fmt.Sprintf("/inbox/%d", item.ID), nil, &mail)
		require.Contains(t, mail.HTML, strings.TrimPrefix(item.Subject, "Привет, ")+" из города Псков")
	}
	for i := range 3 {
		require.Equal(t, 2, seen[fmt.Sprintf("%s Привет, Клиент %d", address(i), i)])
	}

	// a second start keeps everything and prints no password
	require.Zero(t, p.stop())
	p, base = embedded(t, dir)
	require.NotContains(t, p.output(), "Password")
	u.base = base
	u.must(http.StatusOK, "GET", "/me", nil, nil) // even the session
	require.EqualValues(t, 3, u.report(u.until(now.ID, "finished")).Counts["sent"])
	require.Len(t, all[inboxItem](u, "/inbox"), 6)

	// nor does a secret key in the settings end what the folder's own has signed
	require.Zero(t, p.stop())
	p, u.base = embedded(t, dir, "POSTRIDER_SECRET_KEY="+secretKey())
	p.shows("counts as a former one")
	u.must(http.StatusOK, "GET", "/me", nil, nil)
}

// A secret key of the data folder that is damaged is told; it keeps from
// starting only where it is the one that counts.
func TestADamagedSecretKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret.key"), []byte("half of\n"), 0o600))
	code, out := run(t, []string{"POSTRIDER_DATA_DIR=" + dir, "POSTRIDER_HTTP_ADDR=127.0.0.1:0"}, "up")
	require.NotZero(t, code)
	require.Contains(t, out, "does not hold a secret key")
	p, _ := embedded(t, dir, "POSTRIDER_SECRET_KEY="+secretKey())
	p.shows("does not hold a secret key")
}

func TestASecondProcessIsKeptOutOfTheDataFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	embedded(t, dir)
	code, out := run(t, []string{"POSTRIDER_DATA_DIR=" + dir, "POSTRIDER_HTTP_ADDR=127.0.0.1:0"}, "up")
	require.NotZero(t, code)
	require.Contains(t, out, "another Postrider works in this data folder")
}

// Killed in the middle and started again it goes on where it was: nobody is
// lost, nobody is mailed twice, and what cannot be known is listed.
func TestEmbeddedKilledInTheMiddleGoesOn(t *testing.T) {
	t.Parallel()
	const clients, connections = 400, 5
	sink, err := mailbox.StartSink(mailbox.SinkOptions{Latency: 10 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { _ = sink.Close() })
	dir := t.TempDir()
	smtp := fmt.Sprintf("POSTRIDER_SMTP_URL=%s&connections=%d", sink.URL(), connections)
	p, base := embedded(t, dir, smtp)
	u := register(t, base, "anna@example.com")
	u.clients(clients)
	m := u.mail(nil)
	for kill := range 2 {
		require.NoError(t, sink.Wait(context.Background(), int64(60*(kill+1))))
		p.kill()
		p, u.base = embedded(t, dir, smtp)
	}
	m = u.until(m.ID, "finished")
	accounted(t, u, m, sink.Accepted(), clients, 2*connections)
}

// accounted holds a finished run against the promise: every client has one
// delivery, what the report calls sent was taken exactly once, what is in doubt
// at most once, and at most so many are in doubt.
func accounted(t *testing.T, u *person, m mailing, taken map[string]int, clients, doubts int) {
	t.Helper()
	r := u.report(m)
	require.EqualValues(t, clients, r.Counts["planned"])
	require.EqualValues(t, clients, r.Counts["sent"]+r.Counts["in_doubt"], "%v", r.Counts)
	require.LessOrEqual(t, r.Counts["in_doubt"], int64(doubts))
	rows := all[delivery](u, fmt.Sprintf("/reports/%d/deliveries", r.RunID))
	require.Len(t, rows, clients)
	states := map[string]int64{}
	for _, d := range rows {
		states[d.State]++
		switch d.State {
		case "sent":
			require.Equal(t, 1, taken[d.Email], d.Email)
		case "in_doubt":
			require.LessOrEqual(t, taken[d.Email], 1, d.Email)
		}
	}
	require.Equal(t, r.Counts["sent"], states["sent"])
	require.Equal(t, r.Counts["in_doubt"], states["in_doubt"])
}

// TestWhatTheAuditLogWasSparedOutlivesTheProcess: of refusals a few are
// recorded, and how many more there were is told before the process ends.
func TestWhatTheAuditLogWasSparedOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const refusals = 30
	p, base := embedded(t, dir, "POSTRIDER_ADMIN_EMAIL=root@example.com", "POSTRIDER_ADMIN_PASSWORD="+password)
	anna := register(t, base, "anna@example.com")
	for range refusals {
		anna.must(http.StatusForbidden, "GET", "/users", nil, nil)
	}
	require.Zero(t, p.stop())

	_, base = embedded(t, dir)
	root := &person{t: t, base: base, email: "root@example.com"}
	root.login()
	var events struct {
		Items []struct {
			Action  string
			Details map[string]any
		}
	}
	root.must(http.StatusOK, "GET", "/audit?limit=200", nil, &events)
	recorded, told := 0, 0
	for _, e := range events.Items {
		switch e.Action {
		case "auth.denied":
			recorded++
		case "audit.left_out":
			told += int(e.Details["auth.denied"].(float64))
		}
	}
	require.Positive(t, told)
	require.Equal(t, refusals, recorded+told)
}
