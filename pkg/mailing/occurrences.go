package mailing

import (
	"time"

	"github.com/postrider/postrider/pkg/model"
)

// Occurrence is a time at which a mailing starts.
type Occurrence struct {
	PlannedAt time.Time // UTC
	Local     string    // the same in the mailing's zone, RFC 3339
	Note      *string   // why the wall time is not the one of the rule; nil when it is
}

// Occurrences are the next up to n starts of a mailing with these settings.
// One without a repeat rule has one: its start, or now when that is absent or
// past.
func (s *Service) Occurrences(in Input, n int) ([]Occurrence, error) {
	var bad model.Fields
	zone, err := Zone(in.Timezone)
	if err != nil {
		bad.Add("timezone", "invalid", "%s", err)
	}
	checkRepeat(&bad, &in)
	if err := bad.Err(); err != nil || n < 1 {
		return nil, err
	}
	at := later(in.StartAt, time.Now()).UTC().Truncate(time.Microsecond)
	return []Occurrence{{PlannedAt: at, Local: at.In(zone).Format(time.RFC3339)}}, nil
}
