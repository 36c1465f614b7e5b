package calendar_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/postrider/postrider/pkg/calendar"
)

var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Havana", "America/Santiago", "Asia/Beirut",
	"Africa/Cairo", "Africa/Casablanca", "Asia/Tehran", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia",
	"Pacific/Chatham", "Pacific/Kiritimati", "Antarctica/Troll",
}

func anyRule(t *rapid.T) calendar.Rule {
	r := calendar.Rule{Every: rapid.SampledFrom([]string{calendar.Day, calendar.Week, calendar.Month, calendar.Cron}).Draw(t, "every"), Interval: 1}
	switch r.Every {
	case calendar.Week:
		r.Weekdays = rapid.SliceOfNDistinct(rapid.IntRange(1, 7), 0, 7, rapid.ID).Draw(t, "weekdays")
	case calendar.Month:
		if rapid.Bool().Draw(t, "named") {
			r.MonthDay = ptr(rapid.IntRange(1, 31).Draw(t, "month_day"))
		}
	case calendar.Cron:
		minute := rapid.SampledFrom([]string{"*", "0", "30", "*/15", "59", "0,45"}).Draw(t, "minute")
		hour := rapid.SampledFrom([]string{"*", "0", "2", "1-3", "*/6", "23"}).Draw(t, "hour")
		date := rapid.SampledFrom([]string{"* * *", "31 * *", "29 2 *", "* * 0", "13 * 5", "* 3,10 *"}).Draw(t, "date")
		r.Cron = ptr(minute + " " + hour + " " + date)
	}
	if r.Every != calendar.Cron {
		r.Interval = rapid.IntRange(1, 40).Draw(t, "interval")
	}
	return r
}

func TestPropertiesOfEveryCalendar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := zoneOf(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		start := time.Unix(rapid.Int64Range(0, 2_200_000_000).Draw(t, "start"), 0)
		r := anyRule(t)
		c, err := calendar.New(r, start, zone)
		require.NoError(t, err)
		o, ok := c.After(time.Time{})
		require.True(t, ok)
		require.EqualValues(t, 1, o.Ordinal)
		require.False(t, o.At.Before(start), "never before the start")

		// the same from any starting point
		point := start.Add(time.Duration(rapid.Int64Range(0, 40*365*24*3600).Draw(t, "later")) * time.Second)
		o, ok = c.After(point)
		require.True(t, ok)
		require.True(t, o.At.After(point))
		between := point.Add(time.Duration(rapid.Int64Range(0, int64(o.At.Sub(point))-1).Draw(t, "between")))
		again, ok := c.After(between)
		require.True(t, ok)
		require.Equal(t, o, again)
		last, ok := c.Last(o.At)
		require.True(t, ok)
		require.Equal(t, o, last)

		for range 5 {
			next, ok := c.After(o.At)
			require.True(t, ok)
			require.True(t, next.At.After(o.At), "strictly increasing")
			require.Equal(t, o.Ordinal+1, next.Ordinal)
			if local := next.At.In(zone); r.Every != calendar.Cron && next.Note == "" {
				require.Equal(t, start.In(zone).Format(time.TimeOnly), local.Format(time.TimeOnly), "the wall time of the start")
			}
			if next.Note == calendar.Gap {
				_, before := next.At.Add(-1).In(zone).Zone()
				_, after := next.At.In(zone).Zone()
				require.Greater(t, after, before, "the clocks went forward here")
			}
			o = next
		}
		n := int(o.Ordinal)
		if n > calendar.MaxTimes {
			return
		}
		r.Times = &n
		c, err = calendar.New(r, start, zone)
		require.NoError(t, err)
		_, ok = c.After(o.At)
		require.False(t, ok, "that was the last of its times")
		last, ok = c.Last(o.At.AddDate(3, 0, 0))
		require.True(t, ok)
		require.Equal(t, o, last)
	})
}

func FuzzCronLine(f *testing.F) {
	for _, s := range []string{
		"* * * * *", "0 9 * * 1", "*/15 0-6/2 1,15 jan-mar mon", "0 0 30 2 *", "@every 1s", "TZ=", "CRON_TZ=X", ", * * * *",
		"*/9223372036854775807 * * * *", "0 0 29 2 *", "? ? ? ? ?", "-1 * * * *", "5/0 * * * *", "1-5/18446744073709551615 * * * *",
	} {
		f.Add(s)
	}
	lord, err := time.LoadLocation("Australia/Lord_Howe")
	require.NoError(f, err)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, line string) {
		c, err := calendar.New(calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: &line}, start, lord)
		if err != nil {
			return
		}
		require.False(t, strings.HasPrefix(line, "@"))
		at := start.Add(-1)
		for i := range 10 {
			o, ok := c.After(at)
			require.True(t, ok)
			require.True(t, o.At.After(at), fmt.Sprint(i, o, at))
			at = o.At
		}
	})
}
