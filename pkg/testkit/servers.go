// Package testkit gives tests the real things: PostgreSQL, Redis, databases of
// their own and rows in them. A server that is missing fails the test; nothing
// is skipped and nothing is faked.
//
// `make test` starts one PostgreSQL and one Redis for the whole run and names
// them in the environment; `make servers` does so for tests run by hand.
package testkit

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/testkit/server"
)

// The environment variables that name the shared servers.
const (
	PostgresEnv = server.PostgresEnv
	RedisEnv    = server.RedisEnv
)

// Server is a server process of a test's own.
type Server = server.Server

// PostgresURL returns the URL of the shared PostgreSQL server as a superuser.
// Tests make databases of their own on it.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return need(t, PostgresEnv)
}

// RedisURL returns the URL of an empty numbered database of the shared Redis,
// which no other test has, also not one of another package's test binary. It
// is emptied when the test ends. Pub/sub channels are not separated by Redis,
// and FLUSHALL would hit everybody: a test of those takes RedisServer.
func RedisURL(t testing.TB) string {
	t.Helper()
	base := need(t, RedisEnv)
	admin := redisClient(t, base)
	defer func() { _ = admin.Close() }()
	n, err := admin.Incr(context.Background(), "testkit:databases").Result()
	require.NoError(t, err, "the Redis of %s does not answer", RedisEnv)

	url := strings.TrimSuffix(base, "/0") + "/" + strconv.FormatInt(1+n%(server.RedisDatabases-1), 10)
	client := redisClient(t, url)
	flush := func() { require.NoError(t, client.FlushDB(context.Background()).Err()) }
	flush()
	t.Cleanup(func() {
		flush()
		_ = client.Close()
	})
	return url
}

// RedisServer starts a Redis of the test's own, on a free port and stopped at
// the end of the test, for tests that flush, stop or restart it.
func RedisServer(t testing.TB) *Server {
	t.Helper()
	return private(t, server.StartRedis)
}

// PostgresServer starts a PostgreSQL cluster of the test's own, on a free port
// and stopped at the end of the test, for tests that stop or crash it. It takes
// about two seconds.
func PostgresServer(t testing.TB) *Server {
	t.Helper()
	return private(t, server.StartPostgres)
}

func private(t testing.TB, start func(dir string) (*Server, error)) *Server {
	t.Helper()
	dir, err := server.TempDir()
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s, err := start(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop("immediate") })
	return s
}

func need(t testing.TB, env string) string {
	t.Helper()
	url := os.Getenv(env)
	if url == "" {
		t.Fatalf("%s is not set: run the tests by `make test`, or keep the servers running by `make servers` and export what it prints", env)
	}
	return url
}

func redisClient(t testing.TB, url string) *redis.Client {
	t.Helper()
	opt, err := redis.ParseURL(url)
	require.NoError(t, err)
	opt.DialTimeout = 5 * time.Second
	return redis.NewClient(opt)
}
