package calendar_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/calendar"
)

// rule is a Rule as testdata/instants.tsv writes it.
type rule struct {
	Every    string  `json:"every"`
	Interval int     `json:"interval"`
	Weekdays []int   `json:"weekdays"`
	MonthDay *int    `json:"month_day"`
	Cron     *string `json:"cron"`
}

func (r rule) rule() calendar.Rule {
	return calendar.Rule{Every: r.Every, Interval: max(1, r.Interval), Weekdays: r.Weekdays, MonthDay: r.MonthDay, Cron: r.Cron}
}

func zoneOf(t require.TestingT, name string) *time.Location {
	zone, err := time.LoadLocation(name)
	require.NoError(t, err)
	return zone
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err)
	return n
}

// instants unfolds a line of the table.
func instants(t *testing.T, first, gaps, notes string) (at []int64, note map[int]string) {
	t.Helper()
	note = map[int]string{}
	for _, n := range strings.Fields(notes) {
		place := strings.TrimRight(n, "abcdefghijklmnopqrstuvwxyz")
		note[int(number(t, place))] = n[len(place):]
	}
	if first == "" {
		return nil, note
	}
	at = []int64{number(t, first)}
	for _, g := range strings.Fields(gaps) {
		seconds, times, many := strings.Cut(g, "*")
		n := int64(1)
		if many {
			n = number(t, times)
		}
		for range n {
			at = append(at, at[len(at)-1]+number(t, seconds))
		}
	}
	return at, note
}

// Every instant of rules in zones is the one that testdata/instants.py found by
// looking at each date.
func TestEveryInstantIsAsTheClocksShow(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/instants.tsv")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimRight(string(raw), "\n"), "\n")
	require.Greater(t, len(lines), 700)
	for _, line := range lines {
		cells := strings.Split(line, "\t")
		require.Len(t, cells, 7)
		name := cells[0] + " " + cells[3]
		var r rule
		require.NoError(t, json.Unmarshal([]byte(cells[3]), &r))
		start, end := time.Unix(number(t, cells[1]), 0), time.Unix(number(t, cells[2]), 0)
		want, notes := instants(t, cells[4], cells[5], cells[6])
		c, err := calendar.New(r.rule(), start, zoneOf(t, cells[0]))
		require.NoError(t, err, name)
		at := start.Add(-time.Second)
		for i, w := range want {
			o, ok := c.After(at)
			require.True(t, ok, name)
			if o.At.Unix() != w || o.Note != notes[i] || o.Ordinal != int64(i+1) {
				require.Equal(t, calendar.Occurrence{At: time.Unix(w, 0).UTC(), Ordinal: int64(i + 1), Note: notes[i]}, o, name)
			}
			at = o.At
		}
		o, ok := c.After(at)
		require.True(t, ok && !o.At.Before(end), "%s: %v is one too many", name, o)
		if len(want) > 0 {
			last, ok := c.Last(end.Add(-time.Second))
			require.True(t, ok, name)
			require.Equal(t, int64(len(want)), last.Ordinal, name)
		}
	}
}

func at(t require.TestingT, text string) time.Time {
	x, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return x
}

func ptr[T any](v T) *T { return &v }

func TestUntilIsInclusiveAndTimesCountsTheFirst(t *testing.T) {
	t.Parallel()
	berlin := zoneOf(t, "Europe/Berlin")
	start := at(t, "2026-12-01T10:00:00+01:00")
	for _, r := range []calendar.Rule{
		{Every: calendar.Day, Interval: 1, Until: ptr(at(t, "2026-12-03T10:00:00+01:00"))},
		{Every: calendar.Day, Interval: 1, Until: ptr(at(t, "2026-12-04T09:59:59+01:00"))},
		{Every: calendar.Day, Interval: 1, Times: ptr(3)},
		{Every: calendar.Cron, Interval: 1, Cron: ptr("0 10 * * *"), Times: ptr(3)},
	} {
		c, err := calendar.New(r, start, berlin)
		require.NoError(t, err)
		var n int64
		for x, ok := c.After(time.Time{}); ok; x, ok = c.After(x.At) {
			n++
			require.Equal(t, n, x.Ordinal)
		}
		require.EqualValues(t, 3, n)
		last, ok := c.Last(start.AddDate(50, 0, 0))
		require.True(t, ok)
		require.True(t, last.At.Equal(start.AddDate(0, 0, 2)))
		_, ok = c.Last(start.Add(-1))
		require.False(t, ok)
	}
}

// The next one is found from its neighbourhood, however long ago it all began.
func TestDecadesAreNoWork(t *testing.T) {
	t.Parallel()
	berlin := zoneOf(t, "Europe/Berlin")
	start := at(t, "1970-01-05T02:30:00+01:00")
	for _, r := range []calendar.Rule{
		{Every: calendar.Day, Interval: 1},
		{Every: calendar.Week, Interval: 1},
		{Every: calendar.Month, Interval: 1},
		{Every: calendar.Cron, Interval: 1, Cron: ptr("* * * * *")},
		{Every: calendar.Cron, Interval: 1, Cron: ptr("30 2 * * *")},
	} {
		c, err := calendar.New(r, start, berlin)
		require.NoError(t, err)
		_, ok := c.After(at(t, "2070-01-01T00:00:00Z"))
		require.True(t, ok)
		_, ok = c.Last(at(t, "2070-01-01T00:00:00Z"))
		require.True(t, ok)
	}
	c, err := calendar.New(calendar.Rule{Every: calendar.Month, Interval: calendar.MaxInterval}, start, berlin)
	require.NoError(t, err)
	_, ok := c.After(at(t, "9998-12-31T00:00:00Z"))
	require.False(t, ok, "the years that can be written end")
}

func TestCronTakesSevenForSunday(t *testing.T) {
	t.Parallel()
	for line, days := range map[string]string{
		"0 9 * * 7":     "0 9 * * 0",
		"0 9 * * 5-7":   "0 9 * * 5,6,0",
		"0 9 * * 1-7/2": "0 9 * * 1,3,5,0",
		"0 9 * * fri-7": "0 9 * * 5,6,0",
		"0 9 * * 1,7":   "0 9 * * 0,1",
		"0 9 * * 7/2":   "0 9 * * 0",
		"0 9 * * */7":   "0 9 * * 0",
		"7 7 7 7 7":     "7 7 7 7 0",
	} {
		from := at(t, "2026-12-01T10:00:00Z")
		one, err := calendar.New(calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: &line}, from, time.UTC)
		require.NoError(t, err, line)
		other, err := calendar.New(calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: &days}, from, time.UTC)
		require.NoError(t, err, days)
		for a, b := from, from; a.Before(from.AddDate(0, 1, 0)); {
			x, _ := one.After(a)
			y, _ := other.After(b)
			require.Equal(t, y, x, line)
			a, b = x.At, y.At
		}
	}
}

func TestAWrongCronLineIsToldInOurWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"0 0 L * *":     `the day of the month must be from 1 to 31, not "L"`,
		"61 * * * *":    `the minute must be from 0 to 59, not "61"`,
		"0 24 * * *":    `the hour must be from 0 to 23, not "24"`,
		"0 0 * dez *":   `the month must be from 1 to 12, not "dez"`,
		"0 0 * * 8":     `the day of the week must be from 0 to 7, not "8"`,
		"0 0 * * 1#2":   `the day of the week must be from 0 to 7, not "1#2"`,
		"0 0 * * 7-9":   `the day of the week must be from 0 to 7, not "9"`,
		"0 18-9 * * *":  `the range "18-9" ends before it begins`,
		"0 0 * * 7-1":   `the range "7-1" ends before it begins`,
		"*/0 * * * *":   `a step is a number from 1, not "0"`,
		"*/x * * * *":   `a step is a number from 1, not "x"`,
		"1/2/3 * * * *": `a step is a number from 1, not "2/3"`,
		"1-2-3 * * * *": `the minute must be from 0 to 59, not "2-3"`,
		"0 9 * *":       "name minute, hour, day of month, month and day of week, without seconds, a zone or @every",
	} {
		_, err := calendar.New(calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: &line}, at(t, "2026-12-01T10:00:00Z"), time.UTC)
		require.EqualError(t, err, "cron: is not a cron line of five fields: "+want, line)
	}
}

func TestWrongRulesTellAllTheirFields(t *testing.T) {
	t.Parallel()
	start := at(t, "2026-12-01T10:00:00Z")
	for _, c := range []struct {
		rule   calendar.Rule
		fields []string
	}{
		{calendar.Rule{Every: "year", Interval: 1}, []string{"every"}},
		{calendar.Rule{Every: calendar.Day}, []string{"interval"}},
		{calendar.Rule{Every: calendar.Day, Interval: 367}, []string{"interval"}},
		{calendar.Rule{Every: calendar.Day, Interval: 1, Weekdays: []int{1}, MonthDay: ptr(3), Cron: ptr("* * * * *")}, []string{"weekdays", "month_day", "cron"}},
		{calendar.Rule{Every: calendar.Week, Interval: 1, Weekdays: []int{1, 1}, Times: ptr(0)}, []string{"weekdays", "times"}},
		{calendar.Rule{Every: calendar.Week, Interval: 1, Weekdays: []int{0}}, []string{"weekdays"}},
		{calendar.Rule{Every: calendar.Month, Interval: 1, MonthDay: ptr(32)}, []string{"month_day"}},
		{calendar.Rule{Every: calendar.Month, Interval: 1, Until: ptr(at(t, "2026-11-30T00:00:00Z"))}, []string{"until"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 1}, []string{"cron"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 2, Cron: ptr("* * * * *")}, []string{"interval"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: ptr("0 0 30 2 *")}, []string{"cron"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: ptr("0 0 0 * * *")}, []string{"cron"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: ptr("@every 1h")}, []string{"cron"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: ptr("@daily")}, []string{"cron"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: ptr("TZ=UTC")}, []string{"cron"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: ptr("CRON_TZ=UTC * * * * *")}, []string{"cron"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: ptr(", , , , ,")}, []string{"cron"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: ptr("61 * * * *")}, []string{"cron"}},
		{calendar.Rule{Every: calendar.Cron, Interval: 1, Cron: ptr("")}, []string{"cron"}},
	} {
		_, err := calendar.New(c.rule, start, time.UTC)
		var bad calendar.Errors
		require.ErrorAs(t, err, &bad, "%+v", c.rule)
		var fields []string
		for _, f := range bad {
			fields = append(fields, f.Field)
		}
		require.Equal(t, c.fields, fields, bad.Error())
	}
}
