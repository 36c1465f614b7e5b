package mailing

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/postrider/postrider/pkg/calendar"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// Bounds of repeating mailings.
const (
	maxRunMinutes = 527_040 // a leap year
	maxMissed     = 1000    // runs told as missed in one go
)

// MissedReasons are why runs are missed, in the order of Service.Missed.
var MissedReasons = []string{model.ReasonLate, model.ReasonStillRunning, model.ReasonEnded, model.ReasonBadMessage}

// missed counts the runs that were missed, by the place of their reason in
// MissedReasons.
type missed [4]atomic.Int64

// Missed is how many runs this process found to be missed for a reason.
func (s *Service) Missed(reason string) int64 {
	return s.missed[slices.Index(MissedReasons, reason)].Load()
}

// calendarOf is the calendar of a repeating mailing that has a start.
func calendarOf(r *model.Repeat, start time.Time, timezone string) (*calendar.Calendar, error) {
	zone, err := Zone(timezone)
	if err != nil {
		return nil, err
	}
	return calendar.New(calendar.Rule(*r), start, zone)
}

// firstSlot is when a mailing that is scheduled now begins: at its start, or
// now when that has come. Of a repeating one it is an occurrence, and now when
// one has come.
func firstSlot(m *model.Mailing, now time.Time) (store.Slot, error) {
	if m.Repeat == nil {
		return store.Slot{At: later(m.StartAt, now)}, nil
	}
	c, err := calendarOf(m.Repeat, *m.StartAt, m.Timezone)
	if err != nil {
		return store.Slot{}, err
	}
	over := m.Repeat.Until != nil && m.Repeat.Until.Before(now)
	if o, ok := c.Last(now); ok && !over {
		return store.Slot{At: now, Occurrence: o.Ordinal}, nil
	}
	return nextSlot(c, now)
}

func nextSlot(c *calendar.Calendar, now time.Time) (store.Slot, error) {
	o, ok := c.After(now)
	if !ok {
		return store.Slot{}, model.Fields{{Field: "repeat", Code: "over", Message: "has no occurrence left"}}.Err()
	}
	return store.Slot{At: o.At, Occurrence: o.Ordinal}, nil
}

// movedSlot is when a scheduled mailing begins after a change of its settings.
// A new start counts like that of a new mailing; any other change of the rule
// looks ahead only, so that nothing starts at once because of it; and what
// leaves the schedule alone leaves the plan alone.
func movedSlot(t *store.MailingTx, before Input) (store.Slot, error) {
	planned, err := t.PlannedRun()
	if err != nil {
		return store.Slot{}, err
	}
	after := InputOf(t.Mailing)
	repeats := before.Repeat != nil || after.Repeat != nil
	if planned == nil || !repeats || !sameTime(before.StartAt, after.StartAt) {
		return firstSlot(t.Mailing, t.Now)
	}
	if before.Timezone == after.Timezone && sameRepeat(before.Repeat, after.Repeat) {
		return store.Slot{At: planned.PlannedAt, Occurrence: planned.Occurrence}, nil
	}
	c, err := calendarOf(after.Repeat, *after.StartAt, after.Timezone)
	if err != nil {
		return store.Slot{}, err
	}
	return nextSlot(c, t.Now)
}

// checkRepeat holds a rule and what goes with it against the rules. now stands
// for a start that is absent.
func checkRepeat(bad *model.Fields, in *Input, now time.Time) {
	if in.Repeat == nil {
		if in.RunMinutes != nil {
			bad.Add("run_minutes", "not_applicable", "is for repeating mailings; one that happens once has end_at")
		}
		return
	}
	if in.EndAt != nil {
		bad.Add("end_at", "not_applicable", "is for mailings that happen once; a repeating one has run_minutes, and repeat.until")
	}
	if in.RunMinutes != nil && (*in.RunMinutes < 1 || *in.RunMinutes > maxRunMinutes) {
		bad.Add("run_minutes", "out_of_range", "must be between 1 and %d", maxRunMinutes)
	}
	rule := *in.Repeat
	if rule.Until != nil {
		until := rule.Until.UTC()
		rule.Until = &until
	}
	in.Repeat = &rule
	start, zone := now, in.Timezone
	if in.StartAt != nil {
		start = *in.StartAt
	}
	if _, err := Zone(zone); err != nil {
		zone = "UTC" // told where the zone is checked; the rule is looked at all the same
	}
	if _, err := calendarOf(&rule, start, zone); err != nil {
		var wrong calendar.Errors
		if errors.As(err, &wrong) {
			for _, f := range wrong {
				bad.Add("repeat."+f.Field, f.Code, "%s", f.Message)
			}
		}
		return
	}
	if rule.Until != nil && !rule.Until.After(now) {
		bad.Add("repeat.until", "out_of_range", "must be in the future")
	}
}

// sameRepeat reports whether two rules that may be absent are one.
func sameRepeat(a, b *model.Repeat) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Every == b.Every && a.Interval == b.Interval && slices.Equal(a.Weekdays, b.Weekdays) &&
		sameValue(a.MonthDay, b.MonthDay) && sameValue(a.Cron, b.Cron) && sameValue(a.Times, b.Times) && sameTime(a.Until, b.Until)
}

func sameValue[T comparable](a, b *T) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

// anchor gives a repeating mailing that is scheduled without a start its own:
// its days, weeks and months are counted from now.
func anchor(start *time.Time, r *model.Repeat, now time.Time) *time.Time {
	if r == nil || start != nil {
		return start
	}
	now = now.Truncate(time.Second)
	return &now
}

// repeats decides for a run that its mailing's rule made: which of the
// occurrences that have come it is, which were missed, and when the next one
// is. What came while nothing ran is caught up with once at most: the latest
// occurrence is the run, all others are missed.
func (s *Service) repeats(b *store.Beginning) {
	m := b.Mailing
	if m.Repeat == nil || b.Run.Occurrence == 0 {
		return
	}
	c, err := calendarOf(m.Repeat, *m.StartAt, m.Timezone)
	if err != nil { // it was good when it was saved; whom it is to reach is not held up
		s.log.Error("a rule cannot be read any more; the mailing does not repeat", "mailing_id", m.ID, "error", err)
		return
	}
	if next, ok := c.After(b.Now); ok {
		b.Next = &store.Slot{At: next.At, Occurrence: next.Ordinal}
	}
	latest, ok := c.Last(b.Now)
	if !ok || latest.Ordinal <= b.Run.Occurrence {
		return
	}
	b.Reason = model.ReasonLate
	if b.Busy {
		b.Reason = model.ReasonStillRunning
	}
	slot := store.Slot{At: b.Run.PlannedAt, Occurrence: b.Run.Occurrence}
	for slot.Occurrence < latest.Ordinal && len(b.Missed) < maxMissed {
		b.Missed = append(b.Missed, slot)
		o, _ := c.After(slot.At)
		slot = store.Slot{At: o.At, Occurrence: o.Ordinal}
	}
	b.Run.PlannedAt, b.Run.Occurrence = latest.At, latest.Ordinal
}

// tellMissed logs and counts runs that were missed.
func (s *Service) tellMissed(ctx context.Context, started store.Started, b *store.Beginning, first int64) {
	n, reason := int64(started.Missed), b.Reason
	if n > 0 {
		all := started.Run.Occurrence - first // more than are written when there were very many
		s.missed[slices.Index(MissedReasons, reason)].Add(all)
		s.log.WarnContext(ctx, "occurrences were missed", "mailing_id", started.Run.MailingID, "reason", reason,
			"count", all, "recorded", n)
	}
	if r := started.Run; r.Status == model.RunMissed {
		s.missed[slices.Index(MissedReasons, r.Reason)].Add(1)
		s.log.WarnContext(ctx, "run is missed", "run_id", r.ID, "mailing_id", r.MailingID, "planned_at", r.PlannedAt, "reason", r.Reason)
	}
}
