package limit

import (
	"maps"
	"time"
)

// Most is how many keys a process remembers.
const Most = most

// Local is the counting in a process, with a clock that a test moves.
type Local struct{ local }

func NewLocal() *Local { return &Local{local{tat: map[string]time.Time{}}} }

func (l *Local) Allow(key string, rate Rate, now time.Time) (bool, time.Duration) {
	return l.allow(key, rate, now)
}

func (l *Local) Copy() *Local { return &Local{local{tat: maps.Clone(l.tat)}} }

func (l *Local) Len() int { return len(l.tat) }
