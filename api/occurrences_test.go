package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOccurrencesOfAnUnsavedMailing(t *testing.T) {
	t.Parallel()
	h := one(t)
	u := h.user(t)
	got := u.do(t, "POST", "/mailings/occurrences?n=5", object{"start_at": "2099-06-01T10:00:00+02:00", "timezone": "Europe/Berlin"}).require(t, 200).object(t)
	require.Equal(t, object{"items": []any{object{"planned_at": "2099-06-01T08:00:00Z", "local": "2099-06-01T10:00:00+02:00", "note": nil}}}, got)
	require.Len(t, u.do(t, "POST", "/mailings/occurrences", object{}).require(t, 200).object(t)["items"], 1, "now")
	u.do(t, "POST", "/mailings/occurrences", object{"timezone": "Nowhere", "repeat": object{"every": "day"}}).fields(t, "timezone")
	u.do(t, "POST", "/mailings/occurrences", object{"timezone": "Nowhere", "repeat": object{"every": "hour"}}).fields(t, "timezone", "repeat.every")

	// over the night the clocks go forward
	start := object{"start_at": "2099-03-27T02:30:00+01:00", "timezone": "Europe/Berlin", "repeat": object{"every": "day", "times": 4}}
	require.Equal(t, object{"items": []any{
		object{"planned_at": "2099-03-27T01:30:00Z", "local": "2099-03-27T02:30:00+01:00", "note": nil},
		object{"planned_at": "2099-03-28T01:30:00Z", "local": "2099-03-28T02:30:00+01:00", "note": nil},
		object{"planned_at": "2099-03-29T01:00:00Z", "local": "2099-03-29T03:00:00+02:00", "note": "gap"},
		object{"planned_at": "2099-03-30T00:30:00Z", "local": "2099-03-30T02:30:00+02:00", "note": nil},
	}}, u.do(t, "POST", "/mailings/occurrences", start).require(t, 200).object(t))
	require.Len(t, u.do(t, "POST", "/mailings/occurrences", object{"repeat": object{"every": "cron", "cron": "* * * * *"}}).require(t, 200).object(t)["items"], 10)
}

// A start whose window is closed says when it opens, and whether that is too
// late.
func TestOccurrencesTellOfTheWindow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		ask := func(body object) []any {
			return o.do(t, "POST", "/mailings/occurrences?n=3", body).require(t, 200).object(t)["items"].([]any)
		}
		// a Friday
		once := object{"start_at": "2031-06-06T19:00:00+02:00", "timezone": "Europe/Berlin", "window": object{"weekdays": []int{1, 2, 3, 4, 5}, "from": "09:00", "to": "18:00"}}
		start := object{"planned_at": "2031-06-06T17:00:00Z", "local": "2031-06-06T19:00:00+02:00", "note": nil, "opens_at": "2031-06-09T07:00:00Z"}
		require.Equal(t, []any{start}, ask(once))
		once["end_at"] = "2031-06-09T09:00:01+02:00"
		require.Equal(t, []any{start}, ask(once), "a second is time")
		once["end_at"] = "2031-06-09T09:00:00+02:00"
		start["never_opens"] = true
		require.Equal(t, []any{start}, ask(once))
		path, _ := o.make(t, once)
		require.Equal(t, []any{start}, o.do(t, "GET", path+"/occurrences", nil).require(t, 200).object(t)["items"], "saved all the same")
		once["start_at"] = "2031-06-06T17:59:00+02:00"
		require.NotContains(t, ask(once)[0], "opens_at", "open at the start")
		once["window"] = object{"weekdays": []int{}, "from": "09:00", "to": "9"}
		require.NotContains(t, ask(once)[0], "opens_at", "no window")

		daily := object{"start_at": "2031-06-05T08:00:00+02:00", "timezone": "Europe/Berlin", "repeat": object{"every": "day"}, "run_minutes": 120, "window": object{"weekdays": []int{4, 5}, "from": "09:00", "to": "18:00"}}
		var opens, never []any
		for _, at := range ask(daily) {
			opens, never = append(opens, at.(object)["opens_at"]), append(never, at.(object)["never_opens"])
		}
		require.Equal(t, []any{"2031-06-05T07:00:00Z", "2031-06-06T07:00:00Z", "2031-06-12T07:00:00Z"}, opens)
		require.Equal(t, []any{nil, nil, true}, never)
	})
}
