package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/model"
)

type inner struct {
	Every    string `json:"every"`
	Interval int    `json:"interval"`
	Weekdays []int  `json:"weekdays"`
}

type bound struct {
	Name    string         `json:"name"`
	Count   int            `json:"count"`
	Big     int64          `json:"big"`
	Share   float64        `json:"share"`
	Flag    bool           `json:"flag"`
	At      time.Time      `json:"at"`
	Maybe   *time.Time     `json:"maybe"`
	Rate    *int           `json:"rate"`
	IDs     []int64        `json:"ids"`
	Free    map[string]any `json:"free"`
	Repeat  *inner         `json:"repeat"`
	Window  inner          `json:"window"`
	Hidden  string         `json:"-"`
	Unnamed string
}

func bindBody(body string, into any) error {
	r := httptest.NewRequest(http.MethodPatch, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return api.Bind(echo.New().NewContext(r, httptest.NewRecorder()), into)
}

func TestBindFillsOverWhatIsThere(t *testing.T) {
	t.Parallel()
	seven, noon := 7, time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	full := func() bound {
		return bound{
			Name: "old", Count: 1, Flag: true, At: noon, Maybe: &noon, Rate: &seven, IDs: []int64{1}, Hidden: "h", Unnamed: "u",
			Free: map[string]any{"a": "b"}, Repeat: &inner{Every: "day", Interval: 3}, Window: inner{Every: "x", Interval: 2},
		}
	}
	v := full()
	require.NoError(t, bindBody(`{}`, &v))
	require.Equal(t, full(), v, "what is left out stays")

	require.NoError(t, bindBody(`{"name":null,"maybe":null,"rate":null,"ids":null,"free":null,"repeat":null}`, &v))
	want := full()
	want.Name, want.Maybe, want.Rate, want.IDs, want.Free, want.Repeat = "", nil, nil, []int64{}, map[string]any{}, nil
	require.Equal(t, want, v, "null clears")

	v = full()
	require.NoError(t, bindBody(`{"repeat":{"every":"week"},"window":{"interval":5},"at":"2026-12-01T15:00:00+03:00","big":9223372036854775807,
		"share":1e2,"free":{"n":1,"f":1.5,"s":"x","l":[1,null,true],"o":{"k":"v"}}}`, &v))
	require.Equal(t, &inner{Every: "week"}, v.Repeat, "an object is replaced whole")
	require.Equal(t, inner{Interval: 5}, v.Window)
	require.Equal(t, noon, v.At)
	require.EqualValues(t, 1<<63-1, v.Big)
	require.Equal(t, map[string]any{"n": int64(1), "f": 1.5, "s": "x", "l": []any{int64(1), nil, true}, "o": map[string]any{"k": "v"}}, v.Free)
}

func TestBindNamesEveryBreach(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"name":1,"count":"1","flag":null,"rate":1.5,"ids":[1,"x","y"],"free":[],"nope":1}`: {"name:wrong_type", "count:wrong_type", "flag:wrong_type", "rate:wrong_type", "ids:wrong_type", "free:wrong_type", "nope:unknown_field"},
		`{"repeat":{"every":1,"nope":2,"weekdays":[null]}}`:                                  {"repeat.every:wrong_type", "repeat.nope:unknown_field", "repeat.weekdays:wrong_type"},
		`{"window":null,"repeat":[]}`:                                                        {"window:wrong_type", "repeat:wrong_type"},
		`{"at":"2026-12-01T15:00:00","maybe":"2026-12-01"}`:                                  {"at:invalid_time", "maybe:invalid_time"},
		`{"at":1764590400,"maybe":"0001-01-01T00:00:00Z"}`:                                   {"at:invalid_time", "maybe:invalid_time"},
		`{"Unnamed":"x","Hidden":"x","-":"x","":1}`:                                          {"Unnamed:unknown_field", "Hidden:unknown_field", "-:unknown_field", ":unknown_field"},
		`{"count":9223372036854775808,"share":1e999}`:                                        {"count:wrong_type", "share:wrong_type"},
		`{"name":"\u0000","free":{"k":["\u0000"]}}`:                                          {"name:control_character", "free.k:control_character"},
		`{"free":{"k":1e400,"l":[{"m":-1e400}],"n":` + strings.Repeat("9", 9000) + `}}`:      {"free.k:out_of_range", "free.l:out_of_range", "free.n:out_of_range"},
	} {
		var v bound
		err := bindBody(body, &v)
		var e *model.Error
		require.ErrorAs(t, err, &e, body)
		var got []string
		for _, f := range e.Fields {
			got = append(got, f.Field+":"+f.Code)
		}
		require.ElementsMatch(t, want, got, body)
	}
}

// FuzzBind: whatever comes, there is an answer of a known kind, and what is
// taken is what encoding/json reads too.
func FuzzBind(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"name":"x","count":3,"ids":[1,2],"repeat":{"every":"day"},"free":{"a":[{}]}}`, `{"at":"2026-12-01T15:00:00Z"}`,
		`[`, `{"a":{"a":{}}}`, strings.Repeat(`{"a":`, 50), `{"name":"\ud800"}`, `{"share":-0.0}`, "\xef\xbb\xbf{}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var v bound
		err := bindBody(body, &v)
		var e *model.Error
		if err != nil {
			require.ErrorAs(t, err, &e)
			return
		}
		if body == "" {
			return
		}
		var plain bound
		require.NoError(t, json.Unmarshal([]byte(body), &plain), body)
		require.Equal(t, plain.Name, v.Name)
		require.Equal(t, plain.Count, v.Count)
		require.Equal(t, len(plain.IDs), len(v.IDs))
	})
}

func TestPairsOfSurrogatesAreWhole(t *testing.T) {
	t.Parallel()
	object, err := api.ParseObject([]byte(`{"a":"\ud83d\uDE00\\ud800 \\\\\ud83d\ude00","b":"\ufffd"}`))
	require.NoError(t, err)
	require.Equal(t, map[string]any{"a": `😀\ud800 \\😀`, "b": "\ufffd"}, object)
	for _, broken := range []string{`{"a":"\ud83d`, `{"a":"\ud8`, `{"a":"\`, `{"a":"\ud8zz"}`} {
		_, err := api.ParseObject([]byte(broken))
		require.Error(t, err, broken)
	}
}
