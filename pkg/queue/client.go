package queue

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// CallTimeout bounds every call of a Client, whatever the caller's own
// deadline: a hint is not worth waiting for, as the sweep does its work anyway.
const CallTimeout = 300 * time.Millisecond

// lead is how much earlier than asked a task is scheduled. asynq keeps whole
// seconds, rounded down, and looks every forwardEvery; with this lead a task is
// never late by design, and at most one second and the lead early.
const lead = forwardEvery

// retries is never 0: after a kill -9 asynq counts the recovery of a task as a
// retry and would archive one that has none.
const retries = 5

// Client sends hints. Its methods may be called by many goroutines; each fails
// within CallTimeout when Redis is away, and that failure costs latency, never
// a mail.
type Client struct {
	redis redis.UniversalClient
	asynq *asynq.Client
	log   *slog.Logger
}

// NewClient makes a client for a URL as asynq's ParseRedisURI takes it. It
// fails on a malformed URL only; it does not connect.
func NewClient(redisURL string, log *slog.Logger) (*Client, error) {
	r, err := open(redisURL)
	if err != nil {
		return nil, err
	}
	return &Client{redis: r, asynq: asynq.NewClientFromRedisClient(r), log: log}, nil
}

// Start hints that a run is due at an instant; now, if it is past. The handler
// is called up to 1.2 s before it.
func (c *Client) Start(ctx context.Context, runID int64, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	return c.enqueue(ctx, typeStart, runID,
		asynq.Queue(queueControl), asynq.ProcessAt(at.Add(-lead)), asynq.Timeout(10*time.Minute))
}

// Deliver sends n hints that a run has chunks to be delivered. It stops at the
// first that fails.
func (c *Client) Deliver(ctx context.Context, runID int64, n int) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	for range n {
		if err := c.enqueue(ctx, typeDeliver, runID, asynq.Queue(queueDeliver), asynq.Timeout(time.Hour)); err != nil {
			return err
		}
	}
	return nil
}

// Mail hints that a system mail waits to be sent.
func (c *Client) Mail(ctx context.Context, id int64) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	return c.enqueue(ctx, typeMail, id, asynq.Queue(queueControl), asynq.Timeout(5*time.Minute))
}

func (c *Client) enqueue(ctx context.Context, typ string, id int64, opts ...asynq.Option) error {
	opts = append(opts, asynq.MaxRetry(retries))
	if _, err := c.asynq.EnqueueContext(ctx, asynq.NewTask(typ, encode(id)), opts...); err != nil {
		return fmt.Errorf("send hint %s %d: %w", typ, id, err)
	}
	c.log.DebugContext(ctx, "hint sent", "task", typ, "id", id)
	return nil
}

// Repair makes the queues known again to asynq's own tools. A client registers
// a queue once in its life, so after a FLUSHALL it would stay unknown; the sweep
// calls this.
func (c *Client) Repair(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	if err := c.redis.SAdd(ctx, "asynq:queues", queueControl, queueDeliver).Err(); err != nil {
		return fmt.Errorf("register the queues: %w", err)
	}
	return nil
}

// Ping tells whether Redis answers.
func (c *Client) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	if err := c.redis.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping Redis: %w", err)
	}
	return nil
}

// State is what a queue holds at this instant.
type State struct {
	Name      string
	Waiting   int // ready to be taken
	Active    int // at a worker
	Scheduled int // for later
	Retrying  int // failed, and waiting for another try
	Lag       time.Duration
}

// States looks into the queues; Lag is how long the oldest ready hint has
// waited.
func (c *Client) States(ctx context.Context) ([]State, error) {
	// the inspector knows no deadline, so that Redis must have answered just
	// before, and refuses queues that are not registered
	if err := c.Repair(ctx); err != nil {
		return nil, err
	}
	inspector := asynq.NewInspectorFromRedisClient(c.redis)
	out := []State{{Name: queueControl}, {Name: queueDeliver}}
	for i := range out {
		info, err := inspector.GetQueueInfo(out[i].Name)
		if err != nil {
			return nil, fmt.Errorf("look into the queue %s: %w", out[i].Name, err)
		}
		out[i].Waiting, out[i].Active, out[i].Scheduled, out[i].Retrying = info.Pending, info.Active, info.Scheduled, info.Retry
		out[i].Lag = info.Latency
	}
	return out, nil
}

// Close closes the connections to Redis.
func (c *Client) Close() error { return c.redis.Close() }

// Eval runs a script on one key and answers the whole number it returns. What
// it keeps must be as good as a hint: Redis may lose it.
func (c *Client) Eval(ctx context.Context, script, key string, args ...any) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	n, err := redis.NewScript(script).Run(ctx, c.redis, []string{key}, args...).Int64()
	if err != nil {
		return 0, fmt.Errorf("run a script in Redis: %w", err)
	}
	return n, nil
}
