package cmd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/testkit"
	"github.com/postrider/postrider/pkg/testkit/server"
)

// installation is bin/api and bin/worker on a PostgreSQL and a Redis.
type installation struct {
	t    *testing.T
	env  []string
	base string
	sink *mailbox.Sink
}

func install(t *testing.T, redisURL string, connections int, opt mailbox.SinkOptions) *installation {
	t.Helper()
	return installOn(t, testkit.DatabaseURL(t, testkit.Postgres), redisURL, connections, opt)
}

func installOn(t *testing.T, databaseURL, redisURL string, connections int, opt mailbox.SinkOptions) *installation {
	t.Helper()
	sink, err := mailbox.StartSink(opt)
	require.NoError(t, err)
	t.Cleanup(func() { _ = sink.Close() })
	addr := freeAddr(t)
	in := &installation{t: t, base: "http://" + addr, sink: sink, env: []string{
		"POSTRIDER_DATABASE_URL=" + databaseURL,
		"POSTRIDER_REDIS_URL=" + redisURL,
		"POSTRIDER_SECRET_KEY=" + secretKey(),
		"POSTRIDER_HTTP_ADDR=" + addr,
		fmt.Sprintf("POSTRIDER_SMTP_URL=%s&connections=%d", sink.URL(), connections),
	}}
	start(t, in.env, "api")
	in.ready(http.StatusOK)
	return in
}

func freeAddr(t *testing.T) string {
	t.Helper()
	addr, _, err := server.FreePort()
	require.NoError(t, err)
	return addr
}

// ready waits for /readyz to answer a status and gives its body.
func (in *installation) ready(status int) map[string]any {
	in.t.Helper()
	var body map[string]any
	require.Eventually(in.t, func() bool {
		res, err := http.Get(in.base + "/readyz")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		body = nil
		return res.StatusCode == status && json.NewDecoder(res.Body).Decode(&body) == nil
	}, 30*time.Second, 20*time.Millisecond)
	return body
}

func (in *installation) worker() *process {
	in.t.Helper()
	p := start(in.t, in.env, "worker")
	p.shows("worker is ready")
	return p
}

func TestTwoWorkersSendEachClientOnce(t *testing.T) {
	t.Parallel()
	const clients = 1100
	in := install(t, testkit.RedisURL(t), 10, mailbox.SinkOptions{})
	in.worker()
	in.worker()
	u := register(t, in.base, "anna@example.com")
	u.clients(clients)
	m := u.until(u.mail(nil).ID, "finished")
	accounted(t, u, m, in.sink.Accepted(), clients, 0)
	require.EqualValues(t, clients, in.sink.Count())
}

func TestAWorkerKilledInTheMiddleLosesNobody(t *testing.T) {
	t.Parallel()
	const clients, connections = 1500, 10
	in := install(t, testkit.RedisURL(t), connections, mailbox.SinkOptions{Latency: 20 * time.Millisecond})
	first, second := in.worker(), in.worker()
	u := register(t, in.base, "anna@example.com")
	u.clients(clients)
	m := u.mail(nil)
	require.NoError(t, in.sink.Wait(context.Background(), clients/4))
	first.kill()
	m = u.until(m.ID, "finished")
	accounted(t, u, m, in.sink.Accepted(), clients, connections)
	require.Zero(t, second.stop())
}

func TestAWorkerThatIsToldToStopLeavesNoDoubt(t *testing.T) {
	t.Parallel()
	const clients = 800
	in := install(t, testkit.RedisURL(t), 10, mailbox.SinkOptions{Latency: 20 * time.Millisecond})
	first := in.worker()
	u := register(t, in.base, "anna@example.com")
	u.clients(clients)
	m := u.mail(nil)
	require.NoError(t, in.sink.Wait(context.Background(), clients/4))
	require.Zero(t, first.stop())
	require.EqualValues(t, 0, u.report(u.until(m.ID, "running")).Counts["sending"])
	in.worker()
	m = u.until(m.ID, "finished")
	accounted(t, u, m, in.sink.Accepted(), clients, 0)
}

func TestARedisThatForgetsBeforeTheStartDelaysNothing(t *testing.T) {
	t.Parallel()
	redis := testkit.RedisServer(t)
	in := install(t, redis.URL, 5, mailbox.SinkOptions{})
	in.worker()
	u := register(t, in.base, "anna@example.com")
	u.clients(3)
	at := time.Now().Add(3 * time.Second)
	m := u.mail(map[string]any{"start_at": at.Format(time.RFC3339Nano)})
	redis.Stop("immediate")
	redis.Start() // comes back empty
	m = u.until(m.ID, "finished")
	accounted(t, u, m, in.sink.Accepted(), 3, 0)
	require.False(t, u.report(m).StartedAt.Before(at))
}

func TestARedisThatIsAwayStopsNothing(t *testing.T) {
	t.Parallel()
	redis := testkit.RedisServer(t)
	in := install(t, redis.URL, 5, mailbox.SinkOptions{})
	in.worker()
	redis.Stop("immediate")
	require.Equal(t, "degraded", in.ready(http.StatusOK)["redis"])
	u := register(t, in.base, "anna@example.com")
	u.clients(3)
	now := u.mail(nil)
	soon := u.mail(map[string]any{"start_at": time.Now().Add(2 * time.Second).Format(time.RFC3339Nano)})
	u.until(now.ID, "finished")
	u.until(soon.ID, "finished")
	redis.Start()
	again := u.until(u.mail(nil).ID, "finished")
	require.EqualValues(t, 3, u.report(again).Counts["sent"])
	for i := range 3 {
		require.Equal(t, 3, in.sink.Accepted()[address(i)])
	}
}

// A database that falls over twice while mails are on the wire costs nobody:
// answers that came meanwhile are recorded when it is back, and the API says
// that it is not available.
func TestADatabaseThatFallsOverLosesNobody(t *testing.T) {
	t.Parallel()
	const clients = 600
	postgres := testkit.PostgresServer(t)
	code, out := run(t, []string{"POSTRIDER_DATABASE_URL=" + postgres.URL}, "migrate")
	require.Zero(t, code, out)
	in := installOn(t, postgres.URL, testkit.RedisURL(t), 10, mailbox.SinkOptions{Latency: 20 * time.Millisecond})
	worker := in.worker()
	u := register(t, in.base, "anna@example.com")
	u.clients(clients)
	m := u.mail(nil)
	for fall := range 2 {
		require.NoError(t, in.sink.Wait(context.Background(), int64(clients/4*(fall+1))))
		require.NoError(t, postgres.Stop("immediate"))
		in.ready(http.StatusServiceUnavailable)
		status, body, err := u.call("GET", "/clients", nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusServiceUnavailable, status, "%s", body)
		require.NoError(t, postgres.Start())
	}
	m = u.until(m.ID, "finished")
	accounted(t, u, m, in.sink.Accepted(), clients, 0)
	require.Zero(t, worker.stop())
}
