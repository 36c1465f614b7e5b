package limit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/pkg/limit"
	"github.com/postrider/postrider/pkg/queue"
	"github.com/postrider/postrider/pkg/testkit"
)

func TestMain(m *testing.M) {
	// go-redis sleeps out its pause between two dials after it was closed
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

var quiet = slog.New(slog.DiscardHandler)

// eval reaches a Redis.
func eval(t *testing.T, url string) limit.Eval {
	t.Helper()
	c, err := queue.NewClient(url, quiet)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	// a machine that stands still must not turn a test of Redis into one of the
	// time without it
	return func(ctx context.Context, script, key string, args ...any) (n int64, err error) {
		for range 20 {
			if n, err = c.Eval(ctx, script, key, args...); err == nil {
				return n, nil
			}
		}
		return n, err
	}
}

// each runs a test with counts in a real Redis, in the embedded one, and in
// this process.
func each(t *testing.T, test func(t *testing.T, l *limit.Limiter)) {
	t.Parallel()
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, limit.New(eval(t, testkit.RedisURL(t)), quiet))
	})
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		e, err := queue.StartEmbedded()
		require.NoError(t, err)
		t.Cleanup(e.Close)
		test(t, limit.New(eval(t, e.URL()), quiet))
	})
	t.Run("process", func(t *testing.T) {
		t.Parallel()
		test(t, limit.New(nil, quiet))
	})
}

var hourly = limit.Rate{Events: 1, Per: time.Hour, Burst: 3}

// spend takes the burst of hourly.
func spend(t *testing.T, l *limit.Limiter, key string) {
	t.Helper()
	for range hourly.Burst {
		ok, wait := l.Allow(t.Context(), key, hourly)
		require.True(t, ok)
		require.Zero(t, wait)
	}
}

func TestABurstThenTheRate(t *testing.T) {
	each(t, func(t *testing.T, l *limit.Limiter) {
		spend(t, l, "anna")
		ok, wait := l.Allow(t.Context(), "anna", hourly)
		require.False(t, ok)
		require.Greater(t, wait, 50*time.Minute)
		require.LessOrEqual(t, wait, time.Hour)
		_, again := l.Allow(t.Context(), "anna", hourly)
		require.LessOrEqual(t, again, wait, "a refusal costs nothing")

		spend(t, l, "boris") // has a burst of his own
		l.Forget(t.Context(), "anna")
		spend(t, l, "anna")
		l.TakeBack(t.Context(), "anna", hourly)
		ok, _ = l.Allow(t.Context(), "anna", hourly)
		require.True(t, ok)
		ok, _ = l.Allow(t.Context(), "anna", hourly)
		require.False(t, ok)
		l.TakeBack(t.Context(), "nobody", hourly)
	})
}

// TestRoomComesBack: after the time that was named there is room, and not much
// before it.
func TestRoomComesBack(t *testing.T) {
	each(t, func(t *testing.T, l *limit.Limiter) {
		rate := limit.Rate{Events: 5, Per: time.Second}
		ok, _ := l.Allow(t.Context(), "anna", rate)
		require.True(t, ok)
		for {
			ok, wait := l.Allow(t.Context(), "anna", rate)
			if ok { // the machine stood still
				continue
			}
			require.LessOrEqual(t, wait, 200*time.Millisecond)
			time.Sleep(wait + time.Millisecond) // the time is what is tested
			ok, _ = l.Allow(t.Context(), "anna", rate)
			require.True(t, ok)
			return
		}
	})
}

// TestManyAtOnce: of many events at the same instant exactly the burst passes.
func TestManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, l *limit.Limiter) {
		var passed atomic.Int32
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				if ok, _ := l.Allow(context.Background(), "anna", hourly); ok {
					passed.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, hourly.Burst, passed.Load())
	})
}

// TestWithoutRedis: what Redis cannot count is counted here, and Redis is asked
// again.
func TestWithoutRedis(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	var broken atomic.Bool
	broken.Store(true)
	l := limit.New(func(context.Context, string, string, ...any) (int64, error) {
		calls.Add(1)
		if broken.Load() {
			return 0, errors.New("away")
		}
		return 0, nil
	}, quiet)
	spend(t, l, "anna")
	ok, wait := l.Allow(t.Context(), "anna", hourly)
	require.False(t, ok)
	require.Positive(t, wait)
	require.LessOrEqual(t, calls.Load(), int32(4))

	broken.Store(false)
	require.Eventually(t, func() bool {
		ok, _ := l.Allow(t.Context(), "anna", hourly)
		return ok
	}, 20*time.Second, 50*time.Millisecond)
}

// TestRedisThatStops: with a real one.
func TestRedisThatStops(t *testing.T) {
	t.Parallel()
	server := testkit.RedisServer(t)
	l := limit.New(eval(t, server.URL), quiet)
	spend(t, l, "anna")
	require.NoError(t, server.Stop("immediate"))
	spend(t, l, "anna")
	ok, _ := l.Allow(t.Context(), "anna", hourly)
	require.False(t, ok)
}

// TestAStrangeValue: what stands in Redis under a key, or a clock that was set
// back, locks nobody out.
func TestAStrangeValue(t *testing.T) {
	t.Parallel()
	call := eval(t, testkit.RedisURL(t))
	var keys []string
	l := limit.New(func(ctx context.Context, script, key string, args ...any) (int64, error) {
		keys = append(keys, key)
		return call(ctx, script, key, args...)
	}, quiet)
	spend(t, l, "anna@example.com")
	require.NotContains(t, keys[0], "anna")
	_, err := call(t.Context(), `redis.call('SET', KEYS[1], ARGV[1]) return 0`, keys[0], "99999999999999999")
	require.NoError(t, err)
	ok, wait := l.Allow(t.Context(), "anna@example.com", hourly)
	require.False(t, ok)
	require.LessOrEqual(t, wait, time.Hour)
	_, err = call(t.Context(), `redis.call('SET', KEYS[1], 'x') return 0`, keys[0])
	require.NoError(t, err)
	spend(t, l, "anna@example.com")
}

func TestNoLimiterAllowsAll(t *testing.T) {
	t.Parallel()
	var l *limit.Limiter
	for range 10 {
		ok, _ := l.Allow(t.Context(), "anna", hourly)
		require.True(t, ok)
	}
	l.TakeBack(t.Context(), "anna", hourly)
	l.Forget(t.Context(), "anna")
}

// TestNoWindowHasMore: whatever the times of the events, no window of any
// offset sees more than the burst and what the rate gives in it.
func TestNoWindowHasMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rate := limit.Rate{
			Events: rapid.IntRange(1, 50).Draw(t, "events"),
			Per:    rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour}).Draw(t, "per"),
			Burst:  rapid.IntRange(0, 20).Draw(t, "burst"),
		}
		gaps := rapid.SliceOfN(rapid.Int64Range(0, int64(rate.Per)/4), 1, 120).Draw(t, "gaps")
		local, now := limit.NewLocal(), time.Unix(1e9, 0)
		var passed []time.Time
		for _, gap := range gaps {
			now = now.Add(time.Duration(gap))
			ok, wait := local.Allow("k", rate, now)
			if ok {
				passed = append(passed, now)
				continue
			}
			if after, _ := local.Copy().Allow("k", rate, now.Add(wait)); !after {
				t.Fatalf("no room after the time that was named (%s)", wait)
			}
			if before, _ := local.Copy().Allow("k", rate, now.Add(wait-1)); before {
				t.Fatal("room before the time that was named")
			}
		}
		step := rate.Per / time.Duration(rate.Events)
		for i := range passed {
			for j := i; j < len(passed); j++ {
				window := passed[j].Sub(passed[i])
				if n, room := j-i+1, max(rate.Burst, 1)+int(window/step); n > room {
					t.Fatalf("%d events in %s, room for %d", n, window, room)
				}
			}
		}
	})
}

// TestAProcessForgets: memory is bounded however many keys come.
func TestAProcessForgets(t *testing.T) {
	t.Parallel()
	local, now := limit.NewLocal(), time.Unix(1e9, 0)
	for i := range limit.Most + 1000 {
		ok, _ := local.Allow(fmt.Sprint(i), hourly, now)
		require.True(t, ok)
	}
	require.LessOrEqual(t, local.Len(), limit.Most)
}
