// Package queue is the task door: it carries hints that something is due from
// the process that knows to a worker that acts.
//
// A hint is a type and the id of a row, nothing else; the truth is in SQL. So a
// hint may be lost, come twice, late or up to 1.2 s early, and handlers must ask
// SQL what is to be done. In return nothing here has to be reliable: Redis may
// be empty, restarted or away at any time. A Client's call then fails quickly,
// a Server goes on trying, and what a lost hint would have done is done by the
// sweep of the workers.
//
// The package owns asynq and the in-process Redis of the embedded mode, and
// imports nothing of ours: handlers come in as functions.
package queue

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Task types, as they stand in Redis.
const (
	typeStart   = "run:start"
	typeDeliver = "run:deliver"
	typeMail    = "mail:system"
)

// Two queues with handlers of their own: a worker that is busy delivering still
// starts runs and sends system mails at once.
const (
	queueControl = "control" // run:start, mail:system
	queueDeliver = "deliver" // run:deliver
)

// payload is all a task carries.
type payload struct {
	ID int64 `json:"id"`
}

func encode(id int64) []byte {
	b, _ := json.Marshal(payload{ID: id}) // cannot fail
	return b
}

// Bounds of the connection to Redis. They are short because a hint that takes
// seconds is worth nothing, and because stopping waits for them.
const (
	dialTimeout = time.Second
	ioTimeout   = 2 * time.Second
)

// open makes a Redis client that honours the deadlines of its callers, which
// those made by asynq itself do not. It does not dial.
func open(url string) (redis.UniversalClient, error) {
	opt, err := asynq.ParseRedisURI(url)
	if err != nil {
		// The error may quote the URL, and the URL may hold a password.
		return nil, errors.New("the Redis URL must look like redis://:password@host:6379/0, rediss://…, redis-socket://… or redis-sentinel://host1,host2?master=name")
	}
	switch o := opt.(type) {
	case asynq.RedisClientOpt:
		if o.TLSConfig != nil {
			o.TLSConfig.MinVersion = tls.VersionTLS12
		}
		return redis.NewClient(&redis.Options{
			Network: o.Network, Addr: o.Addr, Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLSConfig,
			DialTimeout: dialTimeout, ReadTimeout: ioTimeout, WriteTimeout: ioTimeout, ContextTimeoutEnabled: true,
			DialerRetries: 1,
		}), nil
	case asynq.RedisFailoverClientOpt:
		return redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: o.MasterName, SentinelAddrs: o.SentinelAddrs, SentinelPassword: o.SentinelPassword,
			DialTimeout: dialTimeout, ReadTimeout: ioTimeout, WriteTimeout: ioTimeout, ContextTimeoutEnabled: true,
		}), nil
	default:
		return nil, fmt.Errorf("the Redis URL leads to an unknown kind of connection (%T)", opt)
	}
}
