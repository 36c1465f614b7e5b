package mailing

import (
	"time"

	"github.com/postrider/postrider/pkg/calendar"
	"github.com/postrider/postrider/pkg/model"
)

// Occurrence is a time at which a mailing starts.
type Occurrence struct {
	PlannedAt time.Time // UTC
	Local     string    // the same in the mailing's zone, RFC 3339
	Note      *string   // why the wall time is not simply that of the rule: calendar.Gap, calendar.Fold or nil

	// OpensAt is when the sending window opens, nil when it is open at the start
	// or there is none; NeverOpens is that this is not before the run's end, so
	// that nobody is mailed.
	OpensAt    *time.Time
	NeverOpens bool
}

// Occurrences are the first up to n starts of a mailing that would be saved
// with these settings: its start, or now when that is absent or past, and those
// of its rule.
func (s *Service) Occurrences(in Input, n int) ([]Occurrence, error) {
	var bad model.Fields
	zone, err := Zone(in.Timezone)
	if err != nil {
		bad.Add("timezone", "invalid", "%s", err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	checkRepeat(&bad, &in, now)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	m := &model.Mailing{StartAt: anchor(in.StartAt, in.Repeat, now), Timezone: in.Timezone, Repeat: in.Repeat, EndAt: in.EndAt, RunMinutes: in.RunMinutes}
	var unfit model.Fields
	if checkWindow(&unfit, in.Window); len(unfit) == 0 { // saving tells of it
		m.Window = in.Window
	}
	slot, err := firstSlot(m, now)
	if err != nil {
		return nil, err
	}
	return occurrences(m, slot.At, zone, n)
}

// Upcoming are the next up to n starts of a mailing as it stands. A draft with
// a start has those it would have if it were scheduled now; one without, and
// what has ended, has none.
func (s *Service) Upcoming(m *model.Mailing, n int) ([]Occurrence, error) {
	zone, err := Zone(m.Timezone)
	if err != nil {
		return nil, err
	}
	first := m.NextRunAt
	if m.Status == model.MailingDraft && m.StartAt != nil {
		slot, err := firstSlot(m, time.Now().UTC().Truncate(time.Microsecond))
		if model.IsKind(err, model.Invalid) {
			return nil, nil // its rule is over, which scheduling it will tell
		}
		if err != nil {
			return nil, err
		}
		first = &slot.At
	}
	if first == nil {
		return nil, nil
	}
	return occurrences(m, *first, zone, n)
}

// occurrences are the planned start of a mailing and those of its rule after
// it.
func occurrences(m *model.Mailing, first time.Time, zone *time.Location, n int) ([]Occurrence, error) {
	next := calendar.Occurrence{At: first}
	window, err := newWindow(m.Window, m.Timezone)
	if err != nil {
		return nil, err
	}
	show := func(o calendar.Occurrence) Occurrence {
		out := Occurrence{PlannedAt: o.At, Local: o.At.In(zone).Format(time.RFC3339)}
		if o.Note != "" {
			out.Note = &o.Note
		}
		if opens := window.opens(o.At); opens.After(o.At) {
			end := endOf(m, o.At)
			out.OpensAt, out.NeverOpens = &opens, end != nil && !opens.Before(*end)
		}
		return out
	}
	if m.Repeat == nil {
		return []Occurrence{show(next)}, nil
	}
	c, err := calendarOf(m.Repeat, *m.StartAt, m.Timezone)
	if err != nil {
		return nil, err
	}
	if o, ok := c.After(first.Add(-1)); ok && o.At.Equal(first) {
		next = o // with its note; else a person or a start that has passed gave the time
	}
	out := make([]Occurrence, 0, n)
	for ok := true; ok && len(out) < n; next, ok = c.After(next.At) {
		out = append(out, show(next))
	}
	return out, nil
}

// endOf is when a run that starts at a time ends at the latest, nil without a
// limit.
func endOf(m *model.Mailing, start time.Time) *time.Time {
	if m.RunMinutes == nil {
		return m.EndAt
	}
	end := start.Add(time.Duration(*m.RunMinutes) * time.Minute)
	return &end
}
