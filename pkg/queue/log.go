package queue

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// repeatEvery is how often the same complaint is logged. asynq complains several
// times a second while Redis is away.
const repeatEvery = time.Minute

// go-redis writes to stderr unless told otherwise, and has one logger for the
// whole program. What it has to say also comes back as an error of the call.
func init() { redis.SetLogger(redisLogger{}) }

type redisLogger struct{}

func (redisLogger) Printf(ctx context.Context, format string, args ...any) {
	slog.Default().DebugContext(ctx, "redis client", "detail", fmt.Sprintf(format, args...))
}

// asynqLogger writes asynq's lines to slog: its chatter at debug level, each
// kind of complaint once per repeatEvery.
type asynqLogger struct {
	log *slog.Logger

	mu   sync.Mutex
	last map[string]time.Time
}

func newAsynqLogger(log *slog.Logger) *asynqLogger {
	return &asynqLogger{log: log, last: make(map[string]time.Time)}
}

func (l *asynqLogger) Debug(args ...any) { l.log.Debug("task queue", "detail", fmt.Sprint(args...)) }
func (l *asynqLogger) Info(args ...any)  { l.Debug(args...) }
func (l *asynqLogger) Warn(args ...any)  { l.complain(slog.LevelWarn, fmt.Sprint(args...)) }
func (l *asynqLogger) Error(args ...any) { l.complain(slog.LevelError, fmt.Sprint(args...)) }

// Fatal is never called by the library; ending the process is not for a logger.
func (l *asynqLogger) Fatal(args ...any) { l.Error(args...) }

func (l *asynqLogger) complain(level slog.Level, text string) {
	// The kind is what stands before the first value ("revoke task id=…"); all
	// that only says that Redis does not do its part is one kind.
	kind := text
	if strings.Contains(text, "redis") {
		kind = "redis"
	} else if i := strings.IndexAny(text, ":=["); i >= 0 {
		kind = text[:i]
	}
	l.mu.Lock()
	now := time.Now()
	quiet := now.Sub(l.last[kind]) < repeatEvery
	if !quiet {
		l.last[kind] = now
	}
	l.mu.Unlock()
	if quiet {
		level = slog.LevelDebug
	}
	l.log.Log(context.Background(), level, "task queue", "detail", text)
}
