package mailing

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// A message that takes long to be read holds up no other run.
func TestOtherRunsGoOnWhileAMessageIsRead(t *testing.T) {
	t.Parallel()
	e := NewEngine(New(nil, nil, Options{Log: slog.New(slog.DiscardHandler)}), Ways{})
	reading, read := make(chan struct{}, 2), make(chan struct{})
	e.live(1).letter = func() (*letter, error) {
		reading <- struct{}{}
		<-read
		return &letter{}, nil
	}
	prepare := func(runID int64) chan error {
		done := make(chan error, 1)
		go func() {
			_, err := e.prepare(&way{}, &store.Claim{Chunk: model.Chunk{RunID: runID}, Run: model.Run{
				Subject: "Hello", Text: "Hello", FromEmail: "news@example.org", Timezone: "UTC",
			}})
			done <- err
		}()
		return done
	}
	slow := prepare(1)
	<-reading
	select {
	case err := <-prepare(2):
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Error("another run waits for it")
	}
	close(read)
	require.NoError(t, <-slow)
}

// A mail that makes this program panic keeps no leave of a way out with limits.
func TestAPanicGivesLeaveBack(t *testing.T) {
	t.Parallel()
	leased := 0
	w := &way{limit: &allowance{
		ahead: func() time.Duration { return 0 },
		lease: func(_ context.Context, want int, _ []store.Permits) (store.Permits, error) {
			leased += want
			return store.Permits{N: want, Until: time.Now().Add(time.Minute)}, nil
		},
	}}
	e := &Engine{}
	for range 10 {
		require.Panics(t, func() { e.sendBy(t.Context(), w, panicLine{}, &Mail{}, Granted{}, nil) })
	}
	require.Equal(t, 1, leased, "each had the leave of the one before")
}

type panicLine struct{}

func (panicLine) Send(context.Context, *Mail, Intent, func() *Mail) Result {
	panic("as a test wants it")
}
func (panicLine) Drop() {}
