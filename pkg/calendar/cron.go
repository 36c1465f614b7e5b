package calendar

import (
	"errors"
	"fmt"
	"strconv"
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
	fields := strings.Fields(text)
	if len(fields) != len(cronFields) {
		return cronLine{}, errCron
	}
	fields[4] = sundays(fields[4])
	s, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(strings.Join(fields, " "))
	if err != nil {
		return cronLine{}, whyNot(strings.Fields(text))
	}
	return cronLine{s.(*cron.SpecSchedule)}, nil
}

// sundays writes a Sunday that is called 7 as 0, the only name by number that
// robfig/cron knows: alone, or as the end of a range.
func sundays(field string) string {
	parts := strings.Split(field, ",")
	for i, part := range parts {
		days, every, stepped := strings.Cut(part, "/")
		first, last, isRange := strings.Cut(days, "-")
		if !isRange {
			last = first
		}
		if last != "7" {
			continue
		}
		step := 1
		from, err := cronFields[4].number(first)
		if stepped && err == nil {
			step, err = strconv.Atoi(every)
		}
		if err != nil || from > 7 || step < 1 {
			continue
		}
		var named []string
		for day := from; day <= 7; day += step {
			named = append(named, strconv.Itoa(day%7))
		}
		parts[i] = strings.Join(named, ",")
	}
	return strings.Join(parts, ",")
}

// cronField is one of the five fields of a line.
type cronField struct {
	wrong       string // what is said of a value that is none, with the bounds and the value
	least, most int
	names       []string // in the place of numbers, from least on
}

var cronFields = [5]cronField{
	{"the minute must be from %d to %d, not %q", 0, 59, nil},
	{"the hour must be from %d to %d, not %q", 0, 23, nil},
	{"the day of the month must be from %d to %d, not %q", 1, 31, nil},
	{"the month must be from %d to %d, not %q", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"the day of the week must be from %d to %d, not %q", 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

func (f cronField) number(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.least + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.least || n > f.most {
		return 0, fmt.Errorf(f.wrong, f.least, f.most, text)
	}
	return n, nil
}

// whyNot finds what is wrong with a line that was refused.
func whyNot(fields []string) error {
	for i, f := range cronFields {
		for part := range strings.SplitSeq(fields[i], ",") {
			values, every, stepped := strings.Cut(part, "/")
			if step, err := strconv.Atoi(every); stepped && (err != nil || step < 1) {
				return fmt.Errorf("a step is a number from 1, not %q", every)
			}
			first, last, isRange := strings.Cut(values, "-")
			if first == "*" || first == "?" || part == "" {
				continue
			}
			from, err := f.number(first)
			if err != nil {
				return err
			}
			if !isRange {
				continue
			}
			to, err := f.number(last)
			if err != nil {
				return err
			}
			if to < from {
				return fmt.Errorf("the range %q ends before it begins", values)
			}
		}
	}
	return errors.New("it cannot be read")
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
