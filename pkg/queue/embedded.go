package queue

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Embedded is a Redis inside this process, for the embedded mode: it listens on
// a free port of the loopback, keeps nothing on disk and is empty at each
// start, which costs nothing, as hints are all it holds.
type Embedded struct {
	redis *miniredis.Miniredis
	url   string
	stop  chan struct{}
	done  sync.WaitGroup
	once  sync.Once
}

// StartEmbedded starts it.
func StartEmbedded() (*Embedded, error) {
	e := &Embedded{redis: miniredis.NewMiniRedis(), stop: make(chan struct{})}
	if err := e.redis.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	// A random password keeps the other users of the machine out.
	password := rand.Text()
	e.redis.RequireAuth(password)
	e.url = "redis://:" + password + "@" + e.redis.Addr() + "/0"
	e.done.Go(e.clock)
	return e, nil
}

// clock lets keys expire. Time stands still in miniredis unless it is told, and
// locks and heartbeats would live for ever.
func (e *Embedded) clock() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-e.stop:
			return
		case now := <-tick.C:
			e.redis.FastForward(now.Sub(last))
			last = now
		}
	}
}

// URL is what NewClient and NewServer take. It holds a password and is not to be
// logged.
func (e *Embedded) URL() string { return e.url }

// Close ends it. It may be called again.
func (e *Embedded) Close() {
	e.once.Do(func() {
		close(e.stop)
		e.done.Wait()
		e.redis.Close()
	})
}
