// Package limit counts how often something may happen: requests of a key,
// sign-ins of an address.
//
// A Rate is kept by GCRA (the generic cell rate algorithm): one instant per key,
// the one at which its burst would be whole again. Nothing has to be swept, no
// window has an edge at which twice the rate passes, and the time until the next
// event is known exactly.
//
// The instants are kept in Redis, so that all processes share them, and in this
// process while Redis is away: then each process allows the whole rate. A
// limiter never fails and never holds a request up for longer than one call of
// Redis may take.
package limit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Rate allows Events in Per, evenly, and Burst of them at once after a rest.
// A Burst below one is one.
type Rate struct {
	Events int
	Per    time.Duration
	Burst  int
}

// step is the time that one event costs, slack how much of it may be owed.
func (r Rate) step() time.Duration  { return r.Per / time.Duration(r.Events) }
func (r Rate) slack() time.Duration { return r.step() * time.Duration(max(r.Burst, 1)-1) }

// Eval runs a script in Redis on one key and answers the whole number it
// returns; it ends soon when Redis is away.
type Eval func(ctx context.Context, script, key string, args ...any) (int64, error)

// restAfterFailure is how long Redis is not asked again after a call that
// failed.
const restAfterFailure = time.Second

// Limiter limits. Its methods may be called by many goroutines. A nil Limiter
// allows everything.
type Limiter struct {
	redis Eval
	log   *slog.Logger
	away  atomic.Int64 // until when Redis is not asked, Unix nanoseconds
	local local
}

// New makes a limiter; without redis (nil) it counts in this process alone.
func New(redis Eval, log *slog.Logger) *Limiter {
	return &Limiter{redis: redis, log: log, local: local{tat: map[string]time.Time{}}}
}

// script moves a key's instant by one step, unless it is too far ahead; then it
// answers for how long, in microseconds. An instant that no sequence of events
// can have made, because a clock was set back, is cut to the furthest that one
// can.
const script = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local step, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = tonumber(redis.call('GET', KEYS[1]) or now)
tat = math.min(math.max(tat, now), now + slack + step)
if tat - now > slack then return tat - now - slack end
tat = tat + step
redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000))
return 0`

// takeBack moves a key's instant back by one step; one that has passed counts
// for nothing anyway.
const takeBack = `
local tat = redis.call('GET', KEYS[1])
if tat then redis.call('SET', KEYS[1], string.format('%.0f', tat - ARGV[1]), 'KEEPTTL') end
return 0`

// forget removes a key.
const forget = `return redis.call('DEL', KEYS[1])`

// Allow counts one event of a key, if the rate has room for it; if not, nothing
// is counted and it says when there will be room. Keys are kept as hashes, so
// that they may be long and may name people.
func (l *Limiter) Allow(ctx context.Context, key string, rate Rate) (ok bool, retryAfter time.Duration) {
	if l == nil {
		return true, 0
	}
	name := hashed(key)
	wait, asked := l.ask(ctx, script, name, rate.step().Microseconds(), rate.slack().Microseconds())
	if asked {
		return wait == 0, time.Duration(wait) * time.Microsecond
	}
	return l.local.allow(name, rate, time.Now())
}

// TakeBack undoes what Allow has counted.
func (l *Limiter) TakeBack(ctx context.Context, key string, rate Rate) {
	if l == nil {
		return
	}
	name := hashed(key)
	if _, asked := l.ask(ctx, takeBack, name, rate.step().Microseconds()); !asked {
		l.local.takeBack(name, rate)
	}
}

// Forget gives a key its whole burst back.
func (l *Limiter) Forget(ctx context.Context, key string) {
	if l == nil {
		return
	}
	name := hashed(key)
	l.ask(ctx, forget, name)
	l.local.forget(name)
}

func hashed(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "postrider:limit:" + hex.EncodeToString(sum[:16])
}

// ask runs a script in Redis, if it is there.
func (l *Limiter) ask(ctx context.Context, script, key string, args ...any) (answer int64, asked bool) {
	if l.redis == nil || time.Now().UnixNano() < l.away.Load() {
		return 0, false
	}
	answer, err := l.redis(ctx, script, key, args...)
	if err == nil {
		return answer, true
	}
	if ctx.Err() == nil {
		l.away.Store(time.Now().Add(restAfterFailure).UnixNano())
		l.log.DebugContext(ctx, "limits are counted in this process", "error", err)
	}
	return 0, false
}

// most is how many keys a process remembers at once; beyond it some are
// forgotten, those that have rested first.
const most = 100_000

// local is the same in this process.
type local struct {
	mu  sync.Mutex
	tat map[string]time.Time
}

func (l *local) allow(key string, rate Rate, now time.Time) (bool, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tat, known := l.tat[key]
	if tat.Before(now) {
		tat = now
	}
	if wait := tat.Sub(now) - rate.slack(); wait > 0 {
		return false, wait
	}
	if !known && len(l.tat) >= most {
		l.makeRoom(now)
	}
	l.tat[key] = tat.Add(rate.step())
	return true, 0
}

func (l *local) makeRoom(now time.Time) {
	for key, tat := range l.tat {
		if tat.Before(now) {
			delete(l.tat, key)
		}
	}
	for key := range l.tat { // in no order
		if len(l.tat) < most*9/10 {
			return
		}
		delete(l.tat, key)
	}
}

func (l *local) takeBack(key string, rate Rate) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if tat, known := l.tat[key]; known {
		l.tat[key] = tat.Add(-rate.step())
	}
}

func (l *local) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tat, key)
}
