package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// simulated is one worker of the simulation; times are in hundredths of a slot.
type simulated struct {
	slot, until int64
	left        int
}

// Several workers lease, use, lose and give back permits; some send as late as
// they may. No window of the span, wherever it begins, holds more than the limit.
func TestNoWindowOfAnyOffsetExceedsTheLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{1, 2, 7, 60, 61, 1000}).Draw(t, "limit")
		workers := make([]simulated, rapid.IntRange(1, 4).Draw(t, "workers"))
		var slots store.Slots
		var sent []int64
		const unit = 100
		now := int64(1_000_000 * unit)
		for range rapid.IntRange(50, 400).Draw(t, "steps") {
			now += rapid.SampledFrom([]int64{0, 1, 30, unit, 7 * unit, 60 * unit, 130 * unit}).Draw(t, "pass")
			w := &workers[rapid.IntRange(0, len(workers)-1).Draw(t, "worker")]
			switch rapid.IntRange(0, 9).Draw(t, "do") {
			case 0: // it dies, and its permits with it
				*w = simulated{}
				continue
			case 1: // it gives back what it has
				slots.Back(w.slot, w.left)
				w.left = 0
				continue
			}
			if w.left == 0 || now >= w.until {
				slots.Back(w.slot, w.left)
				var slot int64
				slot, w.left, _ = slots.Lease(now/unit, limit, rapid.IntRange(1, 500).Draw(t, "lot"))
				w.slot, w.until = slot, (slot+store.PermitSlots)*unit
			}
			for range min(w.left, rapid.IntRange(0, 100).Draw(t, "mails")) {
				w.left--
				late := rapid.SampledFrom([]int64{0, 1, store.LateSlots*unit - 1}).Draw(t, "late")
				sent = append(sent, min(w.until-1, now+rapid.Int64Range(0, 3*unit).Draw(t, "held"))+late)
			}
		}
		slices.Sort(sent)
		for i := range sent {
			if i+limit < len(sent) && sent[i+limit]-sent[i] < store.SpanSlots*unit {
				t.Fatalf("%d mails within a span from %d", limit+1, sent[i])
			}
		}
	})
}

// Whatever the limit, nine tenths of it are reached over long times.
func TestALimitIsReached(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 7, 60, 1000} {
		for _, lot := range []int{1, 40, 500} {
			var slots store.Slots
			sent, now := 0, int64(1000)
			const long = 1000 * store.SpanSlots
			for end := now + long; now < end; {
				_, n, next := slots.Lease(now, limit, lot)
				if sent += n; n == 0 {
					require.Greater(t, next, now)
					now = next
				}
			}
			require.GreaterOrEqual(t, sent, limit*long/store.SpanSlots*9/10, "limit %d, lot %d", limit, lot)
		}
	}
}

func TestPermitsAreShared(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		minute, hour := 10, 25
		limits := model.Limits{PerMinute: &minute, PerHour: &hour}
		lease := func(want int, back ...store.Permits) store.Permits {
			t.Helper()
			p, err := st.LeasePermits(ctx, "k", limits, want, back)
			require.NoError(t, err)
			return p
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		total := 0
		for range 8 {
			wg.Go(func() {
				p, err := st.LeasePermits(ctx, "k", limits, 3, nil)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				total += p.N
				mu.Unlock()
			})
		}
		wg.Wait()
		require.Equal(t, 10, total, "however many ask at once")
		other, err := st.LeasePermits(ctx, "other", limits, 100, nil)
		require.NoError(t, err)
		require.Equal(t, 10, other.N)

		now, err := st.Now(ctx)
		require.NoError(t, err)
		none := lease(5)
		require.Zero(t, none.N)
		require.WithinDuration(t, now.Add(65*time.Second), none.Until, 2*time.Second)
		st.MoveClock(none.Until.Sub(now) + 2*time.Second)
		got := lease(100)
		require.Equal(t, 10, got.N)
		require.Equal(t, 10, lease(10, got).N, "what comes back can be had again")
		lease(0, store.Permits{})
		st.MoveClock(66 * time.Second)
		require.Equal(t, 5, lease(100).N, "the hour")
		st.MoveClock(66 * time.Second)
		require.Zero(t, lease(100).N)
		st.MoveClock(-10 * time.Minute)
		require.Zero(t, lease(100).N, "a clock that was set back opens nothing")
		st.MoveClock(2 * time.Hour)
		require.Equal(t, 10, lease(100).N)
	})
}
