package mailing

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

func TestWindow(t *testing.T) {
	t.Parallel()
	parse := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, s)
		require.NoError(t, err)
		return at
	}
	office := &model.Window{Weekdays: []int{1, 2, 3, 4, 5}, From: "09:00", To: "18:00"}
	night := &model.Window{Weekdays: []int{5}, From: "22:00", To: "06:00"}
	week := []int{1, 2, 3, 4, 5, 6, 7}
	early := &model.Window{Weekdays: week, From: "02:30", To: "05:00"}
	late := &model.Window{Weekdays: week, From: "20:00", To: "02:30"}
	lately := &model.Window{Weekdays: week, From: "00:00", To: "01:30"}
	gone := &model.Window{Weekdays: week, From: "02:10", To: "02:50"}
	for _, c := range []struct {
		name   string
		window *model.Window
		zone   string
		now    string
		open   bool
		until  string
	}{
		{"in it", office, "Europe/Moscow", "2026-11-23T09:00:00+03:00", true, "2026-11-23T18:00:00+03:00"},
		{"its end is outside", office, "Europe/Moscow", "2026-11-23T18:00:00+03:00", false, "2026-11-24T09:00:00+03:00"},
		{"before it", office, "Europe/Moscow", "2026-11-23T08:59:59+03:00", false, "2026-11-23T09:00:00+03:00"},
		{"over the weekend", office, "Europe/Moscow", "2026-11-27T18:30:00+03:00", false, "2026-11-30T09:00:00+03:00"},
		{"through midnight, before", night, "UTC", "2026-11-27T23:00:00Z", true, "2026-11-28T06:00:00Z"},
		{"through midnight, after", night, "UTC", "2026-11-28T05:59:00Z", true, "2026-11-28T06:00:00Z"},
		{"through midnight, over", night, "UTC", "2026-11-28T06:00:00Z", false, "2026-12-04T22:00:00Z"},
		{"the day the clocks go forward", office, "Europe/Berlin", "2026-03-30T07:30:00+02:00", false, "2026-03-30T09:00:00+02:00"},
		{"an opening that is skipped", early, "Europe/Berlin", "2026-03-29T01:59:59+01:00", false, "2026-03-29T03:00:00+02:00"},
		{"a window that opens at a gap", early, "Europe/Berlin", "2026-03-29T03:00:00+02:00", true, "2026-03-29T05:00:00+02:00"},
		{"an opening that is repeated", early, "Europe/Berlin", "2026-10-25T02:29:00+02:00", false, "2026-10-25T02:30:00+02:00"},
		{"stays open in the repeat", early, "Europe/Berlin", "2026-10-25T02:10:00+01:00", true, "2026-10-25T05:00:00+01:00"},
		{"a closing that is skipped", late, "America/New_York", "2026-03-08T01:59:00-05:00", true, "2026-03-08T03:00:00-04:00"},
		{"a closing that is repeated", lately, "America/New_York", "2026-11-01T01:20:00-04:00", true, "2026-11-01T01:30:00-04:00"},
		{"closed in the repeat", lately, "America/New_York", "2026-11-01T01:10:00-05:00", false, "2026-11-02T00:00:00-05:00"},
		{"a window inside a gap", gone, "Europe/Berlin", "2026-03-29T01:00:00+01:00", false, "2026-03-30T02:10:00+02:00"},
		{"midnight is skipped", lately, "Africa/Cairo", "2026-04-23T23:59:00+02:00", false, "2026-04-24T01:00:00+03:00"},
		{"a day that is skipped", office, "Pacific/Apia", "2011-12-29T18:00:00-10:00", false, "2012-01-02T09:00:00+14:00"},
		{"always", nil, "UTC", "2026-11-28T06:00:00Z", true, "2026-11-29T06:00:00Z"},
	} {
		w, err := newWindow(c.window, c.zone)
		require.NoError(t, err)
		open, until := w.at(parse(c.now))
		require.Equal(t, c.open, open, c.name)
		require.True(t, parse(c.until).Equal(until), "%s: %s", c.name, until)
	}
}

type named struct{ Transport }

func (named) Name() string { return "a" }

// sentLine keeps whether it was told to drop, and takes all that comes.
type sentLine struct{ sent, dropped int }

func (l *sentLine) Drop() { l.dropped++ }
func (l *sentLine) Send(context.Context, *Mail, Intent, func() *Mail) Result {
	l.sent++
	return Result{Outcome: model.OutcomeAborted, Class: ClassInterrupt}
}

// A mail that waited for the one before it does not leave when the window has
// closed meanwhile, or the day of its quota is over.
func TestWhatWaitedTooLongStaysPending(t *testing.T) {
	t.Parallel()
	noon := time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
	day := &model.Window{Weekdays: []int{1, 2, 3, 4, 5, 6, 7}, From: "09:00", To: "18:00"}
	for name, c := range map[string]struct {
		window  *model.Window
		leave   store.MailLeave
		at      time.Time
		sent    int
		dropped int
	}{
		"in time":             {day, store.MailLeave{Limited: true, Until: noon.Add(12 * time.Hour)}, noon, 1, 0},
		"neither":             {nil, store.MailLeave{}, noon, 1, 0},
		"the window closed":   {day, store.MailLeave{}, noon.Add(6 * time.Hour), 0, 1},
		"the day has turned":  {nil, store.MailLeave{Limited: true, Until: noon.Add(12 * time.Hour)}, noon.Add(12 * time.Hour), 0, 1},
		"a day without limit": {nil, store.MailLeave{Until: noon}, noon, 1, 0},
	} {
		window, err := newWindow(c.window, "UTC")
		require.NoError(t, err)
		w := &way{Transport: named{}, gone: make(chan struct{})}
		w.rest.calm.Store(true)
		e := &Engine{}
		e.offset.Store(int64(time.Until(c.at)))
		j := &job{batch: &batch{Claim: &store.Claim{}, way: w, window: window, quota: &quota{MailLeave: c.leave}}, mail: &Mail{}}
		j.wires.Add(1)
		l := &sentLine{}
		e.sendOne(&sender{line: l, seat: &seat{}}, j)
		j.wires.Wait()
		require.Equal(t, sentLine{c.sent, c.dropped}, *l, name)
		require.Equal(t, c.sent > 0, j.failed.Load(), name)
	}
}
