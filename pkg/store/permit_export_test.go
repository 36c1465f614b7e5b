package store

// Slots is the rule of limits without its rows, for many simulated workers.
type Slots struct{ rows []usedSlot }

// The measures of the rule.
const (
	SpanSlots   = spanSlots
	PermitSlots = permitSlots
	LateSlots   = lateSlots
)

// Lease gives up to want permits at a slot, and says when to ask again when it
// gives none.
func (s *Slots) Lease(now int64, limit, want int) (slot int64, n int, next int64) {
	slot, n, next = room(s.rows, now, limit)
	if n = min(n, want); n > 0 {
		if k := len(s.rows); k > 0 && s.rows[k-1].Slot == slot {
			s.rows[k-1].Used += n
		} else {
			s.rows = append(s.rows, usedSlot{slot, n})
		}
	}
	for len(s.rows) > 0 && s.rows[0].Slot <= slot-windowSlots {
		s.rows = s.rows[1:]
	}
	return slot, n, next
}

// Back takes permits back that were not used.
func (s *Slots) Back(slot int64, n int) {
	for i := range s.rows {
		if s.rows[i].Slot == slot {
			s.rows[i].Used -= n
		}
	}
}
