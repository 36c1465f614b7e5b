package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hibiken/asynq"
)

const (
	// pollEvery is the latency of a hint in an idle queue. asynq's default of
	// 1 s would cost half a second before the first mail of a mailing.
	pollEvery = 100 * time.Millisecond

	// forwardEvery is the latency of a hint for a later time.
	forwardEvery = 200 * time.Millisecond

	controlHandlers = 8
)

// Defaults of a Server.
const (
	// DefaultShutdownTimeout is above the 20 s that a mail server may take for
	// its answer and below the 30 s after which a supervisor kills.
	DefaultShutdownTimeout = 25 * time.Second

	// DefaultDeliveries is how many run:deliver handlers run at once.
	DefaultDeliveries = 4
)

// Handlers act on hints. Each must ask SQL what is to be done, may be called
// for the same row twice at the same time, and may be nil where a process does
// not serve that kind of task. An error is for our own trouble (a database that
// is away): the hint comes again after a while, a few times.
//
// The context ends when the server is told to stop and after the task's own
// time limit; it does not end because Redis is away. A handler that ends with
// the context's error has its hint given back at once, without counting a try.
type Handlers struct {
	Start   func(ctx context.Context, runID int64) error // run:start; up to 1.2 s before the time asked for
	Deliver func(ctx context.Context, runID int64) error // run:deliver
	Mail    func(ctx context.Context, id int64) error    // mail:system
}

// Server takes hints out of Redis and calls the handlers.
type Server struct {
	// ShutdownTimeout is how long Run waits for handlers when it is told to
	// stop. To be set before Run.
	ShutdownTimeout time.Duration

	// Deliveries is how many run:deliver handlers may run at once. To be set
	// before Run.
	Deliveries int

	url      string
	handlers Handlers
	log      *slog.Logger
	running  sync.WaitGroup
}

// NewServer makes a server for a URL as asynq's ParseRedisURI takes it. It
// fails on a malformed URL only; it does not connect.
func NewServer(redisURL string, h Handlers, log *slog.Logger) (*Server, error) {
	r, err := open(redisURL)
	if err != nil {
		return nil, err
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return &Server{
		ShutdownTimeout: DefaultShutdownTimeout, Deliveries: DefaultDeliveries,
		url: redisURL, handlers: h, log: log,
	}, nil
}

// Run serves hints until ctx ends, also while Redis is away. Then it takes no
// more, ends the context of the running handlers, waits for them up to
// ShutdownTimeout and gives back the hints of those that have not ended. It
// returns nil after such a stop and is to be called once.
func (s *Server) Run(ctx context.Context) error {
	r, err := open(s.url)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()

	log := newAsynqLogger(s.log)
	servers := []*asynq.Server{
		asynq.NewServerFromRedisClient(r, s.config(log, queueControl, controlHandlers)),
		asynq.NewServerFromRedisClient(r, s.config(log, queueDeliver, s.Deliveries)),
	}
	mux := asynq.NewServeMux()
	s.handle(ctx, mux, typeStart, s.handlers.Start)
	s.handle(ctx, mux, typeDeliver, s.handlers.Deliver)
	s.handle(ctx, mux, typeMail, s.handlers.Mail)

	for i, server := range servers {
		if err := server.Start(mux); err != nil {
			for _, started := range servers[:i] {
				started.Shutdown()
			}
			return fmt.Errorf("start the task server: %w", err)
		}
	}
	<-ctx.Done()
	s.log.Info("task server stops", "timeout", s.ShutdownTimeout.String())
	late := time.After(s.ShutdownTimeout)
	var stopped sync.WaitGroup
	for _, server := range servers {
		stopped.Go(server.Shutdown)
	}
	stopped.Wait()
	s.wait(late)
	return nil
}

// wait waits for the handlers that asynq has given up because it could not
// renew its lease on their task.
func (s *Server) wait(late <-chan time.Time) {
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-late:
		s.log.Warn("handlers have not ended in time", "timeout", s.ShutdownTimeout.String())
	}
}

func (s *Server) config(log asynq.Logger, queue string, handlers int) asynq.Config {
	return asynq.Config{
		Concurrency:              handlers,
		Queues:                   map[string]int{queue: 1},
		TaskCheckInterval:        pollEvery,
		DelayedTaskCheckInterval: forwardEvery,
		ShutdownTimeout:          s.ShutdownTimeout,
		Logger:                   log,
		LogLevel:                 asynq.InfoLevel,
		IsFailure:                func(err error) bool { return !errors.Is(err, errStopping) },
		RetryDelayFunc: func(n int, err error, _ *asynq.Task) time.Duration {
			if errors.Is(err, errStopping) {
				return 0
			}
			return min(time.Second<<min(n, 10), time.Minute)
		},
	}
}

// errFailed and errStopping are all that asynq hears of a handler's error, as it
// keeps the text in Redis, where nothing but ids belongs.
var (
	errFailed   = errors.New("failed, see the worker's log")
	errStopping = errors.New("given back by a stopping worker")
)

func (s *Server) handle(stop context.Context, mux *asynq.ServeMux, typ string, fn func(context.Context, int64) error) {
	if fn == nil {
		return
	}
	mux.HandleFunc(typ, func(task context.Context, t *asynq.Task) error {
		s.running.Add(1)
		defer s.running.Done()

		var p payload
		if err := json.Unmarshal(t.Payload(), &p); err != nil || p.ID <= 0 {
			s.log.Error("task with an unreadable payload dropped", "task", typ)
			return asynq.RevokeTask
		}
		ctx, cancel := handlerContext(stop, task)
		defer cancel()
		err := call(ctx, fn, p.ID)
		switch {
		case err == nil:
			return nil
		case stop.Err() != nil && errors.Is(err, context.Canceled):
			return errStopping
		}
		tried, _ := asynq.GetRetryCount(task)
		limit, _ := asynq.GetMaxRetry(task)
		s.log.Error("task failed", "task", typ, "id", p.ID, "try", tried+1, "error", err)
		if tried >= limit {
			// Nothing is lost with the hint, and an archive of them is of no use.
			return asynq.RevokeTask
		}
		return errFailed
	})
}

// handlerContext takes over a task's time limit, but not its end: asynq ends
// the context of a task when Redis has been away for the 30 s of its lease. Our
// leases are in SQL, so mails on the wire go on.
func handlerContext(stop, task context.Context) (context.Context, context.CancelFunc) {
	deadline, _ := task.Deadline() // every task has one, see Client
	ctx, cancel := context.WithDeadline(context.WithoutCancel(task), deadline)
	unhook := context.AfterFunc(stop, cancel)
	return ctx, func() {
		unhook()
		cancel()
	}
}

// call turns a panic of a handler into an error, so that one bad row does not
// end the worker.
func call(ctx context.Context, fn func(context.Context, int64) error, id int64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return fn(ctx, id)
}
