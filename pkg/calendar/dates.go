package calendar

import "time"

// dateOf is the date of a day since 1970-01-01.
func dateOf(day int64) (year int, month time.Month, dom int) {
	return time.Unix(day*86_400, 0).UTC().Date()
}

// dayOf is its opposite; months and days beyond their ends run over.
func dayOf(year int, month time.Month, dom int) int64 {
	return time.Date(year, month, dom, 0, 0, 0, 0, time.UTC).Unix() / 86_400
}

// weekday is 0 Monday … 6 Sunday. 1970-01-01 was a Thursday.
func weekday(day int64) int64 { return ((day+3)%7 + 7) % 7 }

// ceil is a/b rounded up, for b above 0.
func ceil(a, b int64) int64 {
	n := a / b
	if a%b > 0 {
		n++
	}
	return n
}

// everyDays is each step-th day from the first on.
type everyDays struct{ first, step int64 }

// index is how many of the days are before one.
func (d everyDays) index(day int64) int64 { return max(0, ceil(day-d.first, d.step)) }

func (d everyDays) count(a, b int64) int64 { return d.index(b) - d.index(a) }

func (d everyDays) from(day int64) (int64, bool) { return d.first + d.index(day)*d.step, true }

// weeks is some days of each step-th week, counted from that of the first day.
type weeks struct {
	first, step int64
	days        [7]bool // by weekday
	a           int64   // how many days there are in a week
}

func newWeeks(first, step int64, weekdays []int) weeks {
	w := weeks{first: first, step: step, a: int64(len(weekdays))}
	for _, d := range weekdays {
		w.days[d-1] = true
	}
	if len(weekdays) == 0 {
		w.days[weekday(first)], w.a = true, 1
	}
	return w
}

func (w weeks) monday() int64 { return w.first - weekday(w.first) }

func (w weeks) count(a, b int64) int64 {
	return w.fromMonday(max(b, w.first)) - w.fromMonday(max(a, w.first))
}

// fromMonday counts the days since the Monday of the first week.
func (w weeks) fromMonday(day int64) int64 {
	past := (day - w.monday()) / 7
	n := ceil(past, w.step) * w.a
	if past%w.step == 0 {
		for d := range weekday(day) {
			if w.days[d] {
				n++
			}
		}
	}
	return n
}

func (w weeks) from(day int64) (int64, bool) {
	day = max(day, w.first)
	for {
		past := (day - w.monday()) / 7
		if rest := past % w.step; rest != 0 {
			day = w.monday() + (past+w.step-rest)*7
		}
		if w.days[weekday(day)] {
			return day, true
		}
		day++
	}
}

// months is one day of each step-th month, counted from that of the first day.
type months struct {
	first, step int64
	begin       int64 // the month of the first day, as months since the year 0
	dom         int
}

func newMonths(first, step int64, dom *int) months {
	year, month, day := dateOf(first)
	m := months{first: first, step: step, begin: monthOf(year, month), dom: day}
	if dom != nil {
		m.dom = *dom
	}
	return m
}

func monthOf(year int, month time.Month) int64 { return int64(year)*12 + int64(month) - 1 }

// date is the one of the n-th counted month.
func (m months) date(n int64) int64 {
	month := m.begin + n*m.step
	year := int(month / 12)
	end := dayOf(year, time.Month(month%12+2), 0) // the last day of the month
	return min(dayOf(year, time.Month(month%12+1), m.dom), end)
}

// index is how many of the counted months have their date before a day.
func (m months) index(day int64) int64 {
	year, month, _ := dateOf(day)
	n := max(0, ceil(monthOf(year, month)-m.begin, m.step))
	if m.date(n) < day {
		n++
	}
	return n
}

func (m months) count(a, b int64) int64 { return m.index(max(b, m.first)) - m.index(max(a, m.first)) }

func (m months) from(day int64) (int64, bool) { return m.date(m.index(max(day, m.first))), true }
