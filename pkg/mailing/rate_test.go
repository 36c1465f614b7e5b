package mailing_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

// within is how far ahead a place may be that the tests take.
const within = 5 * time.Second

// places takes places while a span of the movable clock passes, as workers do
// that have nothing else to wait for.
func (g *ground) places(span time.Duration) (at []time.Time) {
	g.t.Helper()
	ctx := context.Background()
	begin, err := g.store.Now(ctx)
	require.NoError(g.t, err)
	for end := begin.Add(span); ; {
		p, err := g.store.TakePlaces(ctx, g.run, within)
		require.NoError(g.t, err)
		for i := range p.N {
			at = append(at, p.First.Add(time.Duration(i)*p.Step))
		}
		now, err := g.store.Now(ctx)
		require.NoError(g.t, err)
		if now.After(end) {
			return at
		}
		g.store.MoveClock(max(100*time.Millisecond, p.First.Sub(now)-within))
	}
}

// rate changes the rate of the mailing while it runs.
func (g *ground) rate(perMinute *int) {
	g.t.Helper()
	_, err := g.service.Update(context.Background(), g.user.Viewer(), g.mailing.ID, nil, func(in *mailing.Input) error {
		in.RatePerMinute = perMinute
		return nil
	})
	require.NoError(g.t, err)
}

// fullest is the most that any minute holds, wherever it begins.
func fullest(at []time.Time) (most int) {
	for i := range at {
		n := 0
		for _, x := range at[i:] {
			if x.Sub(at[i]) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// A rate that is changed while a mailing runs counts at once: the first place
// comes as soon as the new rate allows after the last one of the old, and no
// minute after the change holds more than the new rate.
func TestARateChangesWhileTheMailingRuns(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		rate := 90
		g := newGround(t, st, 1, func(in *mailing.Input) { in.RatePerMinute = &rate })
		var last []time.Time // place of the rate before
		for _, c := range []struct {
			rate int
			span time.Duration
		}{{90, 90 * time.Second}, {6000, 3 * time.Second}, {1, 3 * time.Minute}, {600, 30 * time.Second}, {2, 2 * time.Minute}, {90, 90 * time.Second}} {
			g.rate(&c.rate)
			changed, err := st.Now(context.Background())
			require.NoError(t, err)
			at := g.places(c.span)
			require.NotEmpty(t, at)
			require.LessOrEqual(t, fullest(append(last, at...)), c.rate, "to %d a minute", c.rate)
			step := 61 * time.Second / time.Duration(c.rate)
			soon := changed.Add(within + time.Second + step)
			require.True(t, at[0].Before(soon), "to %d a minute: the first place is %s away", c.rate, at[0].Sub(changed))
			require.GreaterOrEqual(t, len(at), int(c.span/step), "to %d a minute", c.rate)
			last = at[len(at)-1:]
		}
	})
}

// What waits for a place of the old rate is looked at again when the rate
// changes, and a place that is far ahead is nobody's.
func TestARaisedRateWakesWhatWaits(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, rate := context.Background(), 1
		g := newGround(t, st, 2, func(in *mailing.Input) { in.RatePerMinute = &rate })
		g.beat("w")
		p, err := st.TakePlaces(ctx, g.run, within)
		require.NoError(t, err)
		require.Equal(t, 1, p.N)
		for range 3 {
			none, err := st.TakePlaces(ctx, g.run, within)
			require.NoError(t, err)
			require.Zero(t, none.N)
			require.Equal(t, p.First.Add(61*time.Second), none.First, "asking moves nothing")
		}
		c, _ := g.claim("w")
		require.NoError(t, st.ReleaseChunk(ctx, c, time.Minute))
		none, err := st.ClaimChunk(ctx, "w", g.run)
		require.NoError(t, err)
		require.Nil(t, none)

		rate = 600
		g.rate(&rate)
		c, _ = g.claim("w")
		require.NotNil(t, c)
		p, err = st.TakePlaces(ctx, g.run, within)
		require.NoError(t, err)
		require.Equal(t, 9, p.N, "a second's worth")

		g.rate(nil)
		p, err = st.TakePlaces(ctx, g.run, within)
		require.NoError(t, err)
		require.Equal(t, store.Places{First: p.First, N: 1}, p)
		require.Nil(t, g.mailingNow().RatePerMinute)
	})
}

func (g *ground) mailingNow() *model.Mailing {
	g.t.Helper()
	m, err := g.store.Mailing(context.Background(), g.user.Viewer(), g.mailing.ID)
	require.NoError(g.t, err)
	return m
}
