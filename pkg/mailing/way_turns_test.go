package mailing_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
)

// A run with work for ever does not keep a thousand small ones waiting, nor
// they it; none is lost, and none has more pumps than it may.
func TestRunsTakeTurns(t *testing.T) {
	t.Parallel()
	const small, large = 1000, int64(9999)
	line := mailing.NewTurns()
	mailing.TurnsAdd(line, large)
	var mu sync.Mutex
	busy, done, rounds := map[int64]int{}, map[int64]int{}, 0
	var pumps sync.WaitGroup
	for range 8 {
		pumps.Go(func() {
			for {
				id, asked, ok := mailing.TurnsNext(line)
				if !ok {
					return
				}
				mu.Lock()
				busy[id]++
				if busy[id] > mailing.MaxPumps {
					t.Errorf("%d pumps at work on the run %d", busy[id], id)
				}
				mu.Unlock()
				mailing.TurnsMore(line, id)
				mu.Lock()
				busy[id]--
				found := id == large || done[id] == 0
				done[id]++
				if id == large {
					rounds++
				}
				over := len(done) > small
				mu.Unlock()
				mailing.TurnsDone(line, id, asked, found)
				if over {
					mailing.TurnsStop(line)
				}
			}
		})
	}
	for id := range int64(small) {
		mailing.TurnsAdd(line, id+1)
	}
	pumps.Wait()
	require.Len(t, done, small+1)
	require.Positive(t, rounds)
}

// Work that is told of while a pump finds nothing is looked for again.
func TestATurnThatWasAskedForMeanwhileIsNotLost(t *testing.T) {
	t.Parallel()
	line := mailing.NewTurns()
	mailing.TurnsAdd(line, 1)
	id, asked, ok := mailing.TurnsNext(line)
	require.True(t, ok)
	mailing.TurnsAdd(line, 1)
	require.False(t, mailing.TurnsDone(line, id, asked, false))
	id, asked, ok = mailing.TurnsNext(line)
	require.True(t, ok)
	require.True(t, mailing.TurnsDone(line, id, asked, false))
	mailing.TurnsStop(line)
	_, _, ok = mailing.TurnsNext(line)
	require.False(t, ok)
}
