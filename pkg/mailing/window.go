package mailing

import (
	"errors"
	"slices"
	"time"

	_ "time/tzdata" // zones are ours wherever we run

	"github.com/postrider/postrider/pkg/calendar"
	"github.com/postrider/postrider/pkg/model"
)

// Zone is the zone of an IANA name. "" and "Local" are not zones.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, errors.New("must be an IANA time zone such as Europe/Moscow")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, errors.New("is not an IANA time zone such as Europe/Moscow")
	}
	return zone, nil
}

// minutes reads "HH:MM" as minutes after midnight.
func minutes(text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return 0, errors.New("must be a time of day such as 09:00")
	}
	return t.Hour()*60 + t.Minute(), nil
}

// window is a sending window that was found good.
type window struct {
	days     []int
	from, to int // minutes after midnight; to is above from, beyond 1440 when it ends on the next day
	zone     *time.Location
}

func newWindow(w *model.Window, zone string) (*window, error) {
	if w == nil {
		return nil, nil
	}
	loc, err := Zone(zone)
	if err != nil {
		return nil, err
	}
	from, err := minutes(w.From)
	if err != nil {
		return nil, err
	}
	to, err := minutes(w.To)
	if err != nil {
		return nil, err
	}
	if to <= from {
		to += 24 * 60
	}
	return &window{days: w.Weekdays, from: from, to: to, zone: loc}, nil
}

// at tells whether mail may leave at a time, and when that changes next. A nil
// window is always open.
func (w *window) at(now time.Time) (open bool, until time.Time) {
	if w == nil {
		return true, now.Add(24 * time.Hour)
	}
	year, month, dom := now.In(w.zone).Date()
	// yesterday's window may reach into today; eight days on it comes round again
	for day := -1; day <= 8; day++ {
		date := time.Date(year, month, dom+day, 0, 0, 0, 0, time.UTC)
		weekday := int(date.Weekday()+6)%7 + 1
		if !slices.Contains(w.days, weekday) {
			continue
		}
		// an edge that the clocks skip is where they go on; one they show twice is the first
		opens, _ := calendar.Instant(date.Add(time.Duration(w.from)*time.Minute), w.zone)
		closes, _ := calendar.Instant(date.Add(time.Duration(w.to)*time.Minute), w.zone)
		switch {
		case !opens.Before(closes): // all of it is skipped
		case now.Before(opens):
			return false, opens
		case now.Before(closes):
			return true, closes
		}
	}
	return false, now.Add(24 * time.Hour)
}

// opens is the first time from now on at which mail may leave.
func (w *window) opens(now time.Time) time.Time {
	for range 15 { // clocks skip all of a window in one week at most
		open, until := w.at(now)
		if open {
			break
		}
		now = until
	}
	return now.UTC()
}

// open reports whether what was handed over in the window and on a day of the
// quota is still in them. A mail that waited for the one before it need not be;
// it stays pending.
func (b *batch) open(now time.Time) bool {
	open, _ := b.window.at(now)
	return open && (!b.quota.Limited || now.Before(b.quota.Until))
}
