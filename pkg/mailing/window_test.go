package mailing

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
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
		{"always", nil, "UTC", "2026-11-28T06:00:00Z", true, "2026-11-29T06:00:00Z"},
	} {
		w, err := newWindow(c.window, c.zone)
		require.NoError(t, err)
		open, until := w.at(parse(c.now))
		require.Equal(t, c.open, open, c.name)
		require.True(t, parse(c.until).Equal(until), "%s: %s", c.name, until)
	}
}
