package calendar

import (
	"strings"
	"time"
	"unicode"

	"github.com/robfig/cron/v3"
)

// star is the bit robfig/cron sets for a field that is a bare * or ?.
const star = 1 << 63

// searched bounds the search for a date. The rarest, 29 February, has eight
// years between two of it where a century is no leap year.
const searched = 9 * 366

// cronLine is a cron line, read by robfig/cron, which is left to that: its own
// search skips gaps and fires twice in folds.
type cronLine struct{ *cron.SpecSchedule }

// parseCron reads a line of five fields. Seconds, zones and descriptors such as
// @every are no part of it.
func parseCron(text string) (cronLine, error) {
	if strings.ContainsAny(text, "=@") || strings.ContainsFunc(text, unicode.IsControl) || len(text) > maxCron {
		return cronLine{}, errCron
	}
	s, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		return cronLine{}, err
	}
	return cronLine{s.(*cron.SpecSchedule)}, nil
}

// tods are the times of day of the line.
func (l cronLine) tods() []time.Duration {
	var out []time.Duration
	for h := range 24 {
		for m := range 60 {
			if l.Hour>>h&1 == 1 && l.Minute>>m&1 == 1 {
				out = append(out, time.Duration(h)*time.Hour+time.Duration(m)*time.Minute)
			}
		}
	}
	return out
}

// everyHour reports whether the line names each hour of the day.
func (l cronLine) everyHour() bool {
	const all = 1<<24 - 1
	return l.Hour&all == all
}

// on reports whether a date is one of the line's. As cron(8) has it, of a day
// of the month and a day of the week that are both named, one is enough.
func (l cronLine) on(month time.Month, dom int, weekday int64) bool {
	if l.Month>>month&1 == 0 {
		return false
	}
	d, w := l.Dom>>dom&1 == 1, l.Dow>>((weekday+1)%7)&1 == 1 // 0 is Sunday here
	if l.Dom&star != 0 || l.Dow&star != 0 {
		return d && w
	}
	return d || w
}

func (l cronLine) from(day int64) (int64, bool) {
	for end := day + searched; day < end; day++ {
		_, month, dom := dateOf(day)
		if l.on(month, dom, weekday(day)) {
			return day, true
		}
	}
	return 0, false
}

func (l cronLine) count(a, b int64) int64 {
	var n int64
	for d := a; d < b; {
		year, month, dom := dateOf(d)
		end := min(b, dayOf(year, month+1, 1))
		if l.Month>>month&1 == 0 {
			d = end
			continue
		}
		for w := weekday(d); d < end; d++ {
			if l.on(month, dom, w) {
				n++
			}
			dom, w = dom+1, (w+1)%7
		}
	}
	return n
}
