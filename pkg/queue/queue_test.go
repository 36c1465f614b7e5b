package queue_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/postrider/postrider/pkg/queue"
	"github.com/postrider/postrider/pkg/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds waits for what must come; never asserted as a speed.
const patience = 20 * time.Second

var quiet = slog.New(slog.DiscardHandler)

// each runs a test on a real Redis and on the embedded one.
func each(t *testing.T, test func(t *testing.T, url string)) {
	t.Parallel()
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, testkit.RedisURL(t))
	})
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		e, err := queue.StartEmbedded()
		require.NoError(t, err)
		t.Cleanup(e.Close)
		test(t, e.URL())
	})
}

func client(t *testing.T, url string) *queue.Client {
	t.Helper()
	c, err := queue.NewClient(url, quiet)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// serve runs a server until stop is called or the test ends; stop waits for
// its end.
func serve(t *testing.T, s *queue.Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(2 * patience):
			t.Error("the server did not stop")
		}
	})
	t.Cleanup(stop)
	return stop
}

func newServer(t *testing.T, url string, h queue.Handlers, log *slog.Logger) *queue.Server {
	t.Helper()
	s, err := queue.NewServer(url, h, log)
	require.NoError(t, err)
	return s
}

// into makes a handler that tells a channel the ids it gets.
func into(ids chan int64) func(context.Context, int64) error {
	return func(_ context.Context, id int64) error {
		ids <- id
		return nil
	}
}

func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestHintsReachTheirHandlers(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		starts, delivers, mails := make(chan int64, 9), make(chan int64, 9), make(chan int64, 9)
		serve(t, newServer(t, url, queue.Handlers{Start: into(starts), Deliver: into(delivers), Mail: into(mails)}, quiet))
		c := client(t, url)
		require.NoError(t, c.Ping(t.Context()))
		require.NoError(t, c.Start(t.Context(), 1, time.Now().Add(-time.Hour)))
		require.NoError(t, c.Deliver(t.Context(), 2, 3))
		require.NoError(t, c.Mail(t.Context(), 3))
		require.EqualValues(t, 1, next(t, starts))
		for range 3 {
			require.EqualValues(t, 2, next(t, delivers))
		}
		require.EqualValues(t, 3, next(t, mails))
	})
}

func TestDelayedHintComesNotMoreThanPromisedEarly(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		starts := make(chan int64, 1)
		serve(t, newServer(t, url, queue.Handlers{Start: into(starts)}, quiet))
		at := time.Now().Add(3 * time.Second)
		require.NoError(t, client(t, url).Start(t.Context(), 7, at))
		require.EqualValues(t, 7, next(t, starts))
		require.Less(t, time.Until(at), 1200*time.Millisecond)
	})
}

func TestFailedHandlerIsCalledAgainAndPanicIsAFailure(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		tries := make(chan int, 9)
		n := 0
		serve(t, newServer(t, url, queue.Handlers{Mail: func(context.Context, int64) error {
			n++
			tries <- n
			switch n {
			case 1:
				return errors.New("secret=hunter2")
			case 2:
				panic("boom")
			}
			return nil
		}}, quiet))
		require.NoError(t, client(t, url).Mail(t.Context(), 1))
		require.Equal(t, 1, next(t, tries))
		require.Equal(t, 2, next(t, tries))
		require.Equal(t, 3, next(t, tries))
	})
}

// Redis holds ids only: nothing of an error, which may quote addresses or
// passwords, gets there.
func TestErrorsStayOutOfRedis(t *testing.T) {
	t.Parallel()
	url := testkit.RedisURL(t)
	failed := make(chan struct{}, 9)
	stop := serve(t, newServer(t, url, queue.Handlers{Mail: func(context.Context, int64) error {
		failed <- struct{}{}
		return errors.New("secret=hunter2")
	}}, quiet))
	require.NoError(t, client(t, url).Mail(t.Context(), 1))
	next(t, failed)
	next(t, failed) // the second try has read what the first one left
	stop()
	require.NotContains(t, dump(t, url), "hunter2")
}

// dump is all that a database holds.
func dump(t *testing.T, url string) string {
	t.Helper()
	r := raw(t, url)
	ctx := context.Background()
	keys, err := r.Keys(ctx, "*").Result()
	require.NoError(t, err)
	require.NotEmpty(t, keys)
	var all strings.Builder
	for _, key := range keys {
		b, err := r.Dump(ctx, key).Result()
		require.NoError(t, err)
		all.WriteString(key + "\n" + b + "\n")
	}
	return all.String()
}

func raw(t *testing.T, url string) *redis.Client {
	t.Helper()
	opt, err := redis.ParseURL(url)
	require.NoError(t, err)
	r := redis.NewClient(opt)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestFlushInTheMiddle(t *testing.T) {
	t.Parallel()
	redisServer := testkit.RedisServer(t)
	url := redisServer.URL
	ids := make(chan int64, 9)
	serve(t, newServer(t, url, queue.Handlers{Deliver: into(ids), Start: into(ids)}, quiet))
	c, r := client(t, url), raw(t, url)

	require.NoError(t, c.Start(t.Context(), 1, time.Now()))
	require.EqualValues(t, 1, next(t, ids))
	require.NoError(t, r.FlushAll(t.Context()).Err())
	require.NoError(t, c.Start(t.Context(), 2, time.Now()))
	require.EqualValues(t, 2, next(t, ids))

	// The client has registered its queue once and does not do it again.
	known, err := r.SMembers(t.Context(), "asynq:queues").Result()
	require.NoError(t, err)
	require.Empty(t, known)
	require.NoError(t, c.Repair(t.Context()))
	known, err = r.SMembers(t.Context(), "asynq:queues").Result()
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"control", "deliver"}, known)

	// Restarted empty while it is served.
	require.NoError(t, redisServer.Stop("immediate"))
	require.Error(t, c.Ping(t.Context()))
	require.NoError(t, redisServer.Start())
	require.Eventually(t, func() bool { return c.Deliver(t.Context(), 3, 1) == nil }, patience, 50*time.Millisecond)
	require.EqualValues(t, 3, next(t, ids))
}

func TestServerStartedBeforeRedis(t *testing.T) {
	t.Parallel()
	redisServer := testkit.RedisServer(t)
	require.NoError(t, redisServer.Stop("fast"))

	var lines lockedBuffer
	tried := make(chan struct{})
	log := slog.New(slog.NewTextHandler(io.MultiWriter(&lines, once(tried)), &slog.HandlerOptions{Level: slog.LevelWarn}))
	ids := make(chan int64, 9)
	stop := serve(t, newServer(t, redisServer.URL, queue.Handlers{Mail: into(ids)}, log))
	next(t, tried) // it has complained, so it has tried

	require.NoError(t, redisServer.Start())
	c := client(t, redisServer.URL)
	require.NoError(t, c.Mail(t.Context(), 5))
	require.EqualValues(t, 5, next(t, ids))
	stop()
	require.Equal(t, 1, strings.Count(lines.String(), "level=ERROR"), "one complaint a minute:\n%s", &lines)
}

func TestClientFailsInTimeWhenRedisIsAway(t *testing.T) {
	t.Parallel()
	// One refuses, one takes the connection and never answers.
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, refusing.Close())
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })

	for name, addr := range map[string]net.Addr{"refusing": refusing.Addr(), "silent": silent.Addr()} {
		t.Run(name, func(t *testing.T) {
			c := client(t, "redis://"+addr.String()+"/0")
			for _, call := range []func(context.Context) error{
				c.Ping, c.Repair,
				func(ctx context.Context) error { return c.Start(ctx, 1, time.Now()) },
				func(ctx context.Context) error { return c.Deliver(ctx, 1, 1000) },
				func(ctx context.Context) error { return c.Mail(ctx, 1) },
			} {
				failed := make(chan error, 1)
				go func() { failed <- call(context.Background()) }()
				select {
				case err := <-failed:
					require.Error(t, err)
				case <-time.After(5 * queue.CallTimeout):
					t.Fatal("the call hangs")
				}
			}
		})
	}
}

func TestStopsInGrace(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		begun, ended := make(chan int64, 1), make(chan int64, 1)
		stop := serve(t, newServer(t, url, queue.Handlers{Deliver: func(ctx context.Context, id int64) error {
			begun <- id
			<-ctx.Done() // told at once
			ended <- id
			return ctx.Err()
		}}, quiet))
		require.NoError(t, client(t, url).Deliver(t.Context(), 9, 1))
		next(t, begun)
		stop()
		require.Len(t, ended, 1, "Run returned before its handler")

		// What was given back is taken by the next one, at once.
		again := make(chan int64, 1)
		serve(t, newServer(t, url, queue.Handlers{Deliver: into(again)}, quiet))
		require.EqualValues(t, 9, next(t, again))
	})
}

func TestStopDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	url := testkit.RedisURL(t)
	begun, release := make(chan int64, 1), make(chan struct{})
	s := newServer(t, url, queue.Handlers{Mail: func(_ context.Context, id int64) error {
		begun <- id
		<-release
		return nil
	}}, quiet)
	s.ShutdownTimeout = 100 * time.Millisecond
	stop := serve(t, s)
	require.NoError(t, client(t, url).Mail(t.Context(), 4))
	next(t, begun)
	stop()
	close(release)

	again := make(chan int64, 1)
	serve(t, newServer(t, url, queue.Handlers{Mail: into(again)}, quiet))
	require.EqualValues(t, 4, next(t, again))
}

func TestStopsWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	redisServer := testkit.RedisServer(t)
	begun := make(chan int64, 1)
	stop := serve(t, newServer(t, redisServer.URL, queue.Handlers{Mail: func(ctx context.Context, id int64) error {
		begun <- id
		<-ctx.Done()
		return ctx.Err()
	}}, quiet))
	require.NoError(t, client(t, redisServer.URL).Mail(t.Context(), 1))
	next(t, begun)
	require.NoError(t, redisServer.Stop("immediate"))
	stop()
}

func TestMalformedURLIsRefusedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "http://:hunter2@x", "redis://:hunter2@host/db\x7f"} {
		_, err := queue.NewClient(url, quiet)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "hunter2")
		_, err = queue.NewServer(url, queue.Handlers{}, quiet)
		require.Error(t, err)
	}
}

func TestEmbeddedWantsItsPassword(t *testing.T) {
	t.Parallel()
	e, err := queue.StartEmbedded()
	require.NoError(t, err)
	t.Cleanup(e.Close)
	at := strings.LastIndexByte(e.URL(), '@')
	require.Error(t, client(t, "redis://"+e.URL()[at+1:]).Ping(t.Context()))
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type onceWriter func()

func (w onceWriter) Write(p []byte) (int, error) {
	w()
	return len(p), nil
}

// once is a log that closes a channel at its first line.
func once(c chan struct{}) io.Writer { return onceWriter(sync.OnceFunc(func() { close(c) })) }

func TestStatesTellWhatTheQueuesHold(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, c := context.Background(), client(t, url)
		before, err := c.States(ctx)
		require.NoError(t, err)
		require.Len(t, before, 2)
		require.NoError(t, c.Deliver(ctx, 1, 3))
		require.NoError(t, c.Start(ctx, 2, time.Now().Add(time.Hour)))
		after, err := c.States(ctx)
		require.NoError(t, err)
		for i, s := range after {
			switch s.Name {
			case "control":
				require.Equal(t, before[i].Scheduled+1, s.Scheduled)
			case "deliver":
				require.Equal(t, before[i].Waiting+3, s.Waiting)
			}
		}
	})
}

func TestStatesFailWhenRedisIsAway(t *testing.T) {
	t.Parallel()
	_, err := client(t, "redis://127.0.0.1:1/0").States(context.Background())
	require.Error(t, err)
}
