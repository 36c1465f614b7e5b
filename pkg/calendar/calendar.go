package calendar

import (
	"time"
)

// What a Rule may repeat by.
const (
	Day   = "day"
	Week  = "week"
	Month = "month"
	Cron  = "cron"
)

// Why the wall time of an occurrence is not simply that of the rule.
const (
	Gap  = "gap"  // the zone skips it; this is the first instant after
	Fold = "fold" // the zone has it twice; of a fixed time this is the first
)

// Bounds of a rule.
const (
	MaxInterval = 366
	MaxTimes    = 100_000
	maxCron     = 200  // characters of a cron line
	lastYear    = 9998 // occurrences end with it, so that every one can be written (RFC 3339 §1)
)

// Rule says how a mailing repeats. Weekdays belong to Week, MonthDay to Month,
// and Cron, without an Interval above 1, to Cron.
type Rule struct {
	Every    string
	Interval int        // every so many days, weeks or months, counted from that of the start; from 1
	Weekdays []int      // 1 Monday … 7 Sunday; none: the weekday of the start
	MonthDay *int       // past the end of a month: its last day; nil: the day of the start
	Cron     *string    // minute, hour, day of month, month, day of week, in the zone
	Until    *time.Time // the last instant that may be an occurrence
	Times    *int       // how many occurrences there are, the first one counted
}

// Occurrence is one instant of a calendar.
type Occurrence struct {
	At      time.Time // UTC
	Ordinal int64     // which one it is, from 1
	Note    string    // Gap, Fold or ""
}

// Calendar is a rule that was found good, with its start and zone. It may be
// used by several goroutines at once.
type Calendar struct {
	walls
	zone    *time.Location
	start   time.Time
	anchor  wall // that of the start, where the rule repeats the start's own wall time
	anchors bool
	elapsed bool // the rule follows the clock as it is shown
	first   wall // of the first occurrence
	until   *time.Time
	times   int64 // 0 for no bound
}

// New holds a rule against the rules. What breaks them is Errors, with the
// fields of Rule in snake_case. The start gives the wall time, and the date
// that intervals are counted from.
func New(r Rule, start time.Time, zone *time.Location) (*Calendar, error) {
	start = start.UTC()
	c := &Calendar{zone: zone, start: start, until: r.Until}
	var bad Errors
	at := wallOf(start, zone)
	switch r.Every {
	case Day, Week, Month:
		if r.Interval < 1 || r.Interval > MaxInterval {
			bad.add("interval", "out_of_range", "must be between 1 and %d", MaxInterval)
		}
		c.anchor, c.anchors = at, true
		c.tods = []time.Duration{at.tod}
	case Cron:
		if r.Interval != 1 {
			bad.add("interval", "not_applicable", "a cron line has no interval; say it in the line")
		}
	default:
		bad.add("every", "invalid", "must be day, week, month or cron")
		return nil, bad
	}
	r.checkWeekdays(&bad)
	r.checkMonthDay(&bad)
	line := r.checkCron(&bad)
	if r.Times != nil {
		c.times = int64(*r.Times)
		if c.times < 1 || c.times > MaxTimes {
			bad.add("times", "out_of_range", "must be between 1 and %d", MaxTimes)
		}
	}
	if len(bad) > 0 {
		return nil, bad
	}
	switch r.Every {
	case Day:
		c.dates = everyDays{first: at.day, step: int64(r.Interval)}
	case Week:
		c.dates = newWeeks(at.day, int64(r.Interval), r.Weekdays)
	case Month:
		c.dates = newMonths(at.day, int64(r.Interval), r.MonthDay)
	case Cron:
		c.dates, c.tods = line, line.tods()
		c.elapsed = line.everyHour()
	}
	first, w, ok := c.next(start.Add(-1))
	switch {
	case !ok && r.Every == Cron:
		bad.add("cron", "never", "never comes to pass")
	case !ok || (r.Until != nil && first.At.After(*r.Until)):
		bad.add("until", "out_of_range", "comes before the first occurrence")
	}
	if len(bad) > 0 {
		return nil, bad
	}
	c.first = w
	return c, nil
}

// After is the first occurrence later than t, and false when there is none.
func (c *Calendar) After(t time.Time) (Occurrence, bool) {
	o, w, ok := c.bounded(t)
	if ok {
		o.Ordinal = c.ordinal(o.At, w)
	}
	return o, ok
}

// Last is the last occurrence at or before t, and false when there is none.
func (c *Calendar) Last(t time.Time) (Occurrence, bool) {
	last, w, ok := c.bounded(c.start.Add(-1))
	if !ok || last.At.After(t) {
		return Occurrence{}, false
	}
	for beyond := t; ; {
		next, x, ok := c.bounded(last.At)
		if !ok || next.At.After(t) {
			last.Ordinal = c.ordinal(last.At, w)
			return last, true
		}
		last, w = next, x
		// halve what is left: looking at each occurrence could take for ever
		middle := last.At.Add(beyond.Sub(last.At) / 2)
		if next, x, ok = c.bounded(middle); ok && !next.At.After(t) {
			last, w = next, x
		} else {
			beyond = middle
		}
	}
}

// bounded is next within the bounds of the rule.
func (c *Calendar) bounded(t time.Time) (Occurrence, wall, bool) {
	o, w, ok := c.next(t)
	if !ok || (c.until != nil && o.At.After(*c.until)) || (c.times > 0 && c.ordinal(o.At, w) > c.times) {
		return Occurrence{}, wall{}, false
	}
	return o, w, true
}

// next is the first occurrence later than t, without its ordinal and the
// bounds of the rule, and the first wall time that falls on it.
func (c *Calendar) next(t time.Time) (Occurrence, wall, bool) {
	t = t.UTC()
	if t.Before(c.start) {
		t = c.start.Add(-1)
	}
	if c.elapsed {
		return c.nextShown(t.Add(1))
	}
	// No wall time before that of t can be later than t, but some after it can be
	// earlier: in the second pass of a fold, those of the first.
	for w := wallOf(t, c.zone); ; w.tod++ {
		var ok bool
		if w, ok = c.walls.next(w); !ok {
			return Occurrence{}, w, false
		}
		at, note := resolve(w, c.zone)
		if c.anchors && w == c.anchor {
			at = c.start // which may be in the second pass of a fold
		}
		if !at.After(t) {
			continue
		}
		if note == Gap && c.has(wallOf(at, c.zone)) {
			note = ""
		}
		return Occurrence{At: at, Note: note}, w, at.Year() <= lastYear
	}
}

// nextShown is the first instant from t on at which the clock shows a wall time
// of the rule.
func (c *Calendar) nextShown(t time.Time) (Occurrence, wall, bool) {
	for t.Year() <= lastYear {
		span := spanAt(t, c.zone)
		w, ok := c.walls.next(span.wall(t))
		if !ok {
			break
		}
		if at := span.instant(w); span.holds(at) {
			_, note := resolve(w, c.zone)
			return Occurrence{At: at, Note: note}, w, true
		}
		t = span.end
	}
	return Occurrence{}, wall{}, false
}

// ordinal counts the occurrences up to one: the wall times until then, without
// those the zone skipped and again those it repeated.
func (c *Calendar) ordinal(at time.Time, w wall) int64 {
	n := c.count(c.first, w) + 1
	for s := spanAt(c.start, c.zone); !s.holds(at); {
		next := s.following(c.zone)
		from, to := s.wall(s.end), next.wall(s.end)
		switch s = next; {
		case c.elapsed && from.before(to):
			n -= c.count(from, to)
		case c.elapsed:
			n += c.count(to, from)
		case c.first.before(to) && !w.before(to):
			// the wall times of a gap, and the one it ends with, are one occurrence
			if from.before(c.first) {
				from = c.first
			}
			if !from.before(to) {
				continue
			}
			if skipped := c.count(from, to); skipped > 0 {
				n -= skipped - 1
				if c.has(to) {
					n--
				}
			}
		}
	}
	return n
}
