package calendar

import (
	"slices"
	"time"
)

const oneDay = 24 * time.Hour

// wall is what a calendar and a clock on a wall show.
type wall struct {
	day int64         // days since 1970-01-01
	tod time.Duration // since midnight, by the hands of the clock
}

func (w wall) before(x wall) bool { return w.day < x.day || (w.day == x.day && w.tod < x.tod) }

// naive is the wall time as if it were one of UTC.
func (w wall) naive() time.Time { return time.Unix(w.day*86_400, int64(w.tod)).UTC() }

// wallIn is the wall time of an instant under an offset from UTC.
func wallIn(t time.Time, offset time.Duration) wall {
	t = t.UTC().Add(offset)
	day := t.Unix() / 86_400
	if t.Unix()%86_400 < 0 {
		day--
	}
	return wall{day, t.Sub(time.Unix(day*86_400, 0))}
}

func wallOf(t time.Time, zone *time.Location) wall { return spanAt(t, zone).wall(t) }

// span is a time in which a zone keeps one offset, not always the whole of it;
// a zero begin or end is open.
type span struct {
	begin, end time.Time
	offset     time.Duration
}

func spanAt(t time.Time, zone *time.Location) span {
	local := t.In(zone)
	_, seconds := local.Zone()
	begin, end := local.ZoneBounds()
	if !end.IsZero() && !end.After(t) {
		// Where a zone's file gives a rule for all years to come, package time ends
		// a span with the 365th day, and so on the last day of a leap year before t.
		end = t.UTC().Truncate(oneDay).Add(oneDay)
	}
	return span{begin.UTC(), end.UTC(), time.Duration(seconds) * time.Second}
}

// following is the span that a span ends with.
func (s span) following(zone *time.Location) span {
	n := spanAt(s.end, zone)
	n.begin = s.end
	return n
}

func (s span) wall(t time.Time) wall { return wallIn(t, s.offset) }

func (s span) instant(w wall) time.Time { return w.naive().Add(-s.offset) }

// holds reports whether the span has not ended at t.
func (s span) holds(t time.Time) bool { return s.end.IsZero() || t.Before(s.end) }

// begun reports whether the span has begun at t.
func (s span) begun(t time.Time) bool { return s.begin.IsZero() || !t.Before(s.begin) }

// widest is above any offset a zone ever had: those of local mean time at the
// date line reach 15 h 56 min.
const widest = 16 * time.Hour

// Instant is when a zone's clocks show what a time of UTC says, with Gap where
// they skip it, which makes it the first instant after, and with Fold where they
// show it twice, which makes it the first time. time.Date promises neither.
func Instant(shown time.Time, zone *time.Location) (time.Time, string) {
	return resolve(wallIn(shown, 0), zone)
}

// resolve is the instant of a wall time: the first of two, and the first one
// after where there is none.
func resolve(w wall, zone *time.Location) (time.Time, string) {
	s := spanAt(w.naive().Add(-widest), zone)
	for !s.holds(s.instant(w)) {
		s = s.following(zone)
	}
	at := s.instant(w)
	if !s.begun(at) {
		return s.begin, Gap
	}
	if !s.end.IsZero() {
		if again := s.following(zone); again.begun(again.instant(w)) {
			return at, Fold
		}
	}
	return at, ""
}

// walls are the wall times of a rule: all times of day on each of its dates.
type walls struct {
	dates
	tods []time.Duration // in order, not empty
}

// dates are the dates of a rule, as days since 1970-01-01.
type dates interface {
	// from is the first date at or after a day.
	from(day int64) (int64, bool)
	// count is how many dates there are from day a on and before day b, which is
	// not before a.
	count(a, b int64) int64
}

// next is the first wall time at or after w.
func (r walls) next(w wall) (wall, bool) {
	day, ok := r.from(w.day)
	if !ok || day > w.day {
		return wall{day, r.tods[0]}, ok
	}
	if i, _ := slices.BinarySearch(r.tods, w.tod); i < len(r.tods) {
		return wall{day, r.tods[i]}, true
	}
	day, ok = r.from(w.day + 1)
	return wall{day, r.tods[0]}, ok
}

func (r walls) has(w wall) bool {
	x, ok := r.next(w)
	return ok && x == w
}

// count is how many wall times there are from a on and before b, which is not
// before a.
func (r walls) count(a, b wall) int64 {
	return r.dates.count(a.day, b.day)*int64(len(r.tods)) - r.onDayBefore(a) + r.onDayBefore(b)
}

// onDayBefore is how many of the wall times of w's day are before w.
func (r walls) onDayBefore(w wall) int64 {
	if day, ok := r.from(w.day); !ok || day != w.day {
		return 0
	}
	n, _ := slices.BinarySearch(r.tods, w.tod)
	return int64(n)
}
