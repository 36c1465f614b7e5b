package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/postrider/postrider/pkg/model"
)

// Limits are kept by slots of time. A span (a second, a minute, an hour, a day)
// has spanSlots slots, and permits are counted in the slot in which they were
// given. They are good until permitSlots slots have begun, and the mail may
// need lateSlots more to leave. So the mails of any window of the span were
// given leave within windowSlots slots in a row, and those never hold more than
// the limit: one slot more than the span for a window that begins inside of
// one, and those that the permit and the mail may be late.
const (
	spanSlots   = 100
	permitSlots = 6
	lateSlots   = 3
	windowSlots = spanSlots + 1 + permitSlots - 1 + lateSlots
)

// span is a length of time for which there may be a limit.
type span struct {
	name  string
	width time.Duration // of a slot
	limit func(model.Limits) *int
}

var spans = []span{
	{"second", time.Second / spanSlots, func(l model.Limits) *int { return l.PerSecond }},
	{"minute", time.Minute / spanSlots, func(l model.Limits) *int { return l.PerMinute }},
	{"hour", time.Hour / spanSlots, func(l model.Limits) *int { return l.PerHour }},
	{"day", 24 * time.Hour / spanSlots, func(l model.Limits) *int { return l.PerDay }},
}

func (s span) slot(at time.Time) int64 { return at.UnixNano() / int64(s.width) }

func (s span) begin(slot int64) time.Time { return time.Unix(0, slot*int64(s.width)).UTC() }

// Permits are leave for N mails to go by a limited way out until Until, by the
// database's clock. With N zero none is to be had until then.
type Permits struct {
	N     int
	Until time.Time

	slots map[string]int64 // by span, where they are counted
}

// LeasePermits gives a worker leave for up to want mails by the way out of a
// key, over all its limits. What is left of earlier leases goes back first:
// those mails never left.
func (s *Store) LeasePermits(ctx context.Context, key string, limits model.Limits, want int, back []Permits) (Permits, error) {
	var out Permits
	err := s.tx(ctx, func(tx *gorm.DB) error {
		out = Permits{N: want, slots: map[string]int64{}}
		// whoever leases for a key holds this row: a slot that begins has no row to hold
		if err := tx.Exec("INSERT INTO permits (key, span, slot, used) VALUES (?, '', 0, 0) ON CONFLICT DO NOTHING", key).Error; err != nil {
			return err
		}
		var held int
		if err := tx.Raw("SELECT used FROM permits WHERE key = ? AND span = ''"+s.locking("FOR UPDATE"), key).Row().Scan(&held); err != nil {
			return err
		}
		for _, p := range back {
			for name, slot := range p.slots {
				if err := tx.Exec("UPDATE permits SET used = used - ? WHERE key = ? AND span = ? AND slot = ?", p.N, key, name, slot).Error; err != nil {
					return err
				}
			}
		}
		if want == 0 {
			return nil
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		return s.leasePermits(tx, key, limits, now, &out)
	})
	return out, kindOf(err, "lease permits")
}

func (s *Store) leasePermits(tx *gorm.DB, key string, limits model.Limits, now time.Time, out *Permits) error {
	var opens time.Time
	for _, sp := range spans {
		limit := sp.limit(limits)
		if limit == nil {
			continue
		}
		var rows []usedSlot
		if err := tx.Raw("SELECT slot, used FROM permits WHERE key = ? AND span = ? ORDER BY slot", key, sp.name).Scan(&rows).Error; err != nil {
			return err
		}
		slot, n, next := room(rows, sp.slot(now), *limit)
		if err := tx.Exec("DELETE FROM permits WHERE key = ? AND span = ? AND slot <= ?", key, sp.name, slot-windowSlots).Error; err != nil {
			return err
		}
		if n == 0 {
			if at := sp.begin(next); at.After(opens) {
				opens = at
			}
		}
		if end := sp.begin(slot + permitSlots); out.Until.IsZero() || end.Before(out.Until) {
			out.Until = end
		}
		out.N = min(out.N, n)
		out.slots[sp.name] = slot
	}
	if out.N == 0 {
		out.Until = opens
		return nil
	}
	for name, slot := range out.slots {
		err := tx.Exec("INSERT INTO permits (key, span, slot, used) VALUES (?, ?, ?, ?)"+
			" ON CONFLICT (key, span, slot) DO UPDATE SET used = permits.used + excluded.used", key, name, slot, out.N).Error
		if err != nil {
			return err
		}
	}
	return nil
}

type usedSlot struct {
	Slot int64
	Used int
}

// room is how many mails have leave in a slot, given what was used, by slots
// in their order; when it is none, next is the first slot in which one has. A
// clock that was set back does not open slots again.
func room(rows []usedSlot, now int64, limit int) (slot int64, n int, next int64) {
	slot = now
	if len(rows) > 0 {
		slot = max(slot, rows[len(rows)-1].Slot)
	}
	sum := 0
	for _, r := range rows {
		if r.Slot > slot-windowSlots {
			sum += r.Used
		}
	}
	if sum < limit {
		return slot, limit - sum, slot
	}
	for _, r := range rows {
		if r.Slot > slot-windowSlots {
			if sum -= r.Used; sum < limit {
				return slot, 0, r.Slot + windowSlots
			}
		}
	}
	return slot, 0, slot + 1 // the limit is less than one
}
