package api_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// office is a user with a message and two clients, one of them tagged "vip".
type office struct {
	*caller
	message int64
	clients []int64
}

func (h *harness) office(t *testing.T) *office {
	t.Helper()
	o := &office{caller: h.user(t)}
	o.message = o.do(t, "POST", "/messages", object{"name": "m", "subject": "Hi", "text": "Hello {{ client.full_name }}"}).require(t, 201).id(t)
	for i, tags := range [][]string{{"vip"}, {}} {
		c := object{"email": fmt.Sprintf("client%d@example.org", i), "full_name": fmt.Sprintf("Client %d", i), "tags": tags}
		o.clients = append(o.clients, o.do(t, "POST", "/clients", c).require(t, 201).id(t))
	}
	return o
}

// body is a mailing to all in an hour, with changes; a nil change takes a field
// away.
func (o *office) body(changes object) object {
	b := object{
		"name": "News", "message_id": o.message, "audience": object{"all": true},
		"start_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	}
	maps.Copy(b, changes)
	return b
}

func (o *office) make(t *testing.T, changes object) (string, *answer) {
	t.Helper()
	a := o.do(t, "POST", "/mailings", o.body(changes)).require(t, 201)
	return fmt.Sprintf("/mailings/%d", a.id(t)), a
}

func TestMailingLife(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		start := time.Date(time.Now().Year()+1, 12, 1, 10, 0, 0, 0, time.FixedZone("", 5*3600))
		path, made := o.make(t, object{
			"name": " Новости ", "start_at": start.Format(time.RFC3339), "timezone": "Europe/Moscow", "end_at": start.Add(time.Hour).Format(time.RFC3339),
			"audience": object{"tags": []string{"vip"}, "exclude_client_ids": []int64{o.clients[1]}},
			"window":   object{"weekdays": []int{1, 2}, "from": "09:00", "to": "18:00"}, "rate_per_minute": 60,
			"from_name": "Шоп", "from_email": "News@Example.com", "reply_to": "help@example.net",
		})
		require.Equal(t, "/api/v1"+path, made.header.Get("Location"))
		require.Equal(t, `"1"`, made.header.Get("ETag"))
		body := made.object(t)
		for field, want := range map[string]any{
			"name": "Новости", "owner_id": float64(o.user.ID), "message_id": float64(o.message), "timezone": "Europe/Moscow",
			"start_at": start.In(time.FixedZone("", 3*3600)).Format(time.RFC3339), "next_run_at": start.UTC().Format(time.RFC3339),
			"end_at":   start.Add(time.Hour).In(time.FixedZone("", 3*3600)).Format(time.RFC3339),
			"audience": object{"all": false, "client_ids": []any{}, "tags": []any{"vip"}, "exclude_tags": []any{}, "exclude_client_ids": []any{float64(o.clients[1])}},
			"window":   object{"weekdays": []any{1.0, 2.0}, "from": "09:00", "to": "18:00"},
			"repeat":   nil, "run_minutes": nil, "transport_id": nil, "rate_per_minute": 60.0, "late_policy": "send", "late_grace_minutes": 1440.0,
			"in_doubt_policy": "hold", "track_opens": false, "track_clicks": false, "draft": false, "status": "scheduled", "reason": "",
			"last_run_id": nil, "from_name": "Шоп", "from_email": "news@example.com", "reply_to": "help@example.net",
		} {
			require.Equal(t, want, body[field], field)
		}
		require.NotContains(t, body, "owner_email")
		require.JSONEq(t, string(made.body), string(o.do(t, "GET", path, nil).require(t, 200).body))

		require.Len(t, o.list(t, "/mailings?q=%D0%BD%D0%BE%D0%92&status=scheduled").Items, 1)
		require.Empty(t, o.list(t, "/mailings?status=draft").Items)
		o.do(t, "GET", "/mailings?status=nope&sort=nope&owner_id=1&x=1", nil).fields(t, "owner_id", "sort", "status", "x")
		o.do(t, "GET", "/mailings?owner_id=1", nil).fields(t, "owner_id")
		o.do(t, "GET", "/mailings?sort=status", nil).fields(t, "sort")
		for _, sort := range []string{"id", "-name", "created_at", "-next_run_at"} {
			require.Len(t, o.list(t, "/mailings?sort="+sort).Items, 1)
		}

		// PATCH: absent keeps, null clears, an object is replaced whole
		changed := o.do(t, "PATCH", path, object{"window": nil, "rate_per_minute": nil, "audience": object{"client_ids": o.clients}}, header{"If-Match", `"1"`}).require(t, 200)
		require.Equal(t, `"2"`, changed.header.Get("ETag"))
		now := changed.object(t)
		require.Nil(t, now["window"])
		require.Equal(t, []any{}, now["audience"].(object)["tags"])
		require.Equal(t, body["start_at"], now["start_at"])
		require.Equal(t, "Новости", now["name"])
		o.do(t, "PATCH", path, object{"name": "x"}, header{"If-Match", `"1"`}).problem(t, 412, "precondition_failed")
		o.do(t, "PATCH", path, object{"status": "finished", "id": 5, "owner_id": 1, "next_run_at": nil, "last_run_id": 1, "reason": "x"}).
			fields(t, "status:unknown_field", "id:unknown_field", "owner_id:unknown_field", "next_run_at:unknown_field", "last_run_id:unknown_field", "reason:unknown_field")

		copied := o.do(t, "POST", path+"/duplicate", nil).require(t, 201)
		require.NotEqual(t, made.id(t), copied.id(t))
		require.Equal(t, "draft", copied.object(t)["status"])
		require.Nil(t, copied.object(t)["start_at"])
		require.NotEmpty(t, copied.header.Get("Location"))

		o.do(t, "DELETE", path, nil, header{"If-Match", `"1"`}).problem(t, 412, "precondition_failed")
		o.do(t, "DELETE", path, nil).require(t, 204)
		o.do(t, "GET", path, nil).problem(t, 404, "not_found")
	})
}

func TestMailingTakesItsDefaultsFromTheUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		o.do(t, "PATCH", "/me", object{"timezone": "Asia/Tokyo"}).require(t, 200)
		start := time.Date(time.Now().Year()+1, 6, 1, 0, 0, 0, 0, time.UTC)
		path, made := o.make(t, object{"start_at": start.Format(time.RFC3339)})
		require.Equal(t, "Asia/Tokyo", made.object(t)["timezone"])
		require.Equal(t, start.Add(9*time.Hour).Format("2006-01-02T15:04:05")+"+09:00", made.object(t)["start_at"])
		require.Equal(t, []any{object{"planned_at": start.Format(time.RFC3339), "local": made.object(t)["start_at"], "note": nil}},
			o.do(t, "GET", path+"/occurrences?n=3", nil).require(t, 200).object(t)["items"])
		o.do(t, "GET", path+"/occurrences?n=201", nil).fields(t, "n")
	})
}

// long has n characters.
func long(n int) string { return strings.Repeat("я", n) }

func TestMailingNamesEveryBadField(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o, other := h.office(t), h.office(t)
		soon := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
		for name, c := range map[string]struct {
			changes object
			want    []string
		}{
			"empty name":              {object{"name": " "}, []string{"name:required"}},
			"no name":                 {object{"name": nil}, []string{"name:required"}},
			"name of another type":    {object{"name": 5}, []string{"name:wrong_type"}},
			"long name":               {object{"name": long(201)}, []string{"name:too_long"}},
			"name of two lines":       {object{"name": "a\nb"}, []string{"name"}},
			"name with NUL":           {object{"name": "a\x00b"}, []string{"name"}},
			"no message":              {object{"message_id": nil}, []string{"message_id:required"}},
			"message as text":         {object{"message_id": "1"}, []string{"message_id:wrong_type"}},
			"unknown message":         {object{"message_id": 999999}, []string{"message_id:unknown"}},
			"foreign message":         {object{"message_id": other.message}, []string{"message_id:unknown"}},
			"nobody":                  {object{"audience": object{}}, []string{"audience:required"}},
			"audience of exclusions":  {object{"audience": object{"exclude_tags": []string{"x"}}}, []string{"audience:required"}},
			"no audience":             {object{"audience": nil}, []string{"audience"}},
			"audience as list":        {object{"audience": []int{1}}, []string{"audience:wrong_type"}},
			"unknown audience field":  {object{"audience": object{"all": true, "segments": []int{1}}}, []string{"audience.segments:unknown_field"}},
			"clients as texts":        {object{"audience": object{"client_ids": []string{"1"}}}, []string{"audience.client_ids:wrong_type"}},
			"unknown client":          {object{"audience": object{"client_ids": []int64{o.clients[0], 999999}}}, []string{"audience.client_ids:unknown"}},
			"foreign client":          {object{"audience": object{"client_ids": []int64{other.clients[0]}}}, []string{"audience.client_ids:unknown"}},
			"foreign excluded client": {object{"audience": object{"all": true, "exclude_client_ids": []int64{other.clients[0]}}}, []string{"audience.exclude_client_ids:unknown"}},
			"client id below one":     {object{"audience": object{"client_ids": []int64{0}}}, []string{"audience.client_ids"}},
			"empty tag":               {object{"audience": object{"tags": []string{""}}}, []string{"audience.tags"}},
			"long tag":                {object{"audience": object{"all": true, "exclude_tags": []string{long(65)}}}, []string{"audience.exclude_tags"}},
			"naive start":             {object{"start_at": "2030-01-01T10:00:00"}, []string{"start_at:invalid_time"}},
			"start as number":         {object{"start_at": 5}, []string{"start_at:invalid_time"}},
			"start in a century":      {object{"start_at": "2199-01-01T10:00:00Z"}, []string{"start_at"}},
			"zone":                    {object{"timezone": "Moscow"}, []string{"timezone"}},
			"local zone":              {object{"timezone": "Local"}, []string{"timezone"}},
			"naive end":               {object{"end_at": "2030-01-01T10:00:00"}, []string{"end_at:invalid_time"}},
			"end before now":          {object{"start_at": nil, "end_at": soon(-time.Hour)}, []string{"end_at"}},
			"end at the start":        {object{"start_at": "2027-05-01T10:00:00+02:00", "end_at": "2027-05-01T08:00:00Z"}, []string{"end_at"}},
			"end before the start":    {object{"start_at": soon(2 * time.Hour), "end_at": soon(time.Hour)}, []string{"end_at"}},
			"length of a run":         {object{"run_minutes": 5}, []string{"run_minutes:not_applicable"}},
			"length of no run":        {object{"repeat": object{"every": "day"}, "run_minutes": 0}, []string{"run_minutes:out_of_range"}},
			"end of a repetition":     {object{"repeat": object{"every": "day"}, "end_at": soon(time.Hour)}, []string{"end_at:not_applicable"}},
			"repeat of nothing":       {object{"repeat": object{}}, []string{"repeat.every:invalid"}},
			"repeat by the year":      {object{"repeat": object{"every": "year", "yearly": 1}}, []string{"repeat.every:invalid", "repeat.yearly:unknown_field"}},
			"repeat of everything":    {object{"repeat": object{"every": "day", "interval": 0, "weekdays": []int{1}, "month_day": 1, "cron": "", "times": 0}}, []string{"repeat.interval", "repeat.weekdays", "repeat.month_day", "repeat.cron", "repeat.times"}},
			"weekdays":                {object{"repeat": object{"every": "week", "weekdays": []int{0, 8}}}, []string{"repeat.weekdays:invalid"}},
			"month day":               {object{"repeat": object{"every": "month", "month_day": 32}}, []string{"repeat.month_day:out_of_range"}},
			"repeat that is over":     {object{"repeat": object{"every": "day", "until": soon(-time.Hour)}, "start_at": soon(-2 * time.Hour)}, []string{"repeat.until:out_of_range"}},
			"until before the start":  {object{"repeat": object{"every": "day", "until": soon(time.Hour)}, "start_at": soon(2 * time.Hour)}, []string{"repeat.until:out_of_range"}},
			"naive until":             {object{"repeat": object{"every": "day", "until": "2030-01-01"}}, []string{"repeat.until:invalid_time"}},
			"cron that never fires":   {object{"repeat": object{"every": "cron", "cron": "0 0 30 2 *"}}, []string{"repeat.cron:never"}},
			"cron with seconds":       {object{"repeat": object{"every": "cron", "cron": "0 0 9 * * 1"}}, []string{"repeat.cron:invalid"}},
			"cron of a span":          {object{"repeat": object{"every": "cron", "cron": "@every 1h"}}, []string{"repeat.cron:invalid"}},
			"no cron":                 {object{"repeat": object{"every": "cron"}}, []string{"repeat.cron:required"}},
			"repeat as text":          {object{"repeat": "daily"}, []string{"repeat:wrong_type"}},
			"window without days":     {object{"window": object{"from": "09:00", "to": "18:00"}}, []string{"window.weekdays"}},
			"window of bad days":      {object{"window": object{"weekdays": []int{0, 8}, "from": "09:00", "to": "18:00"}}, []string{"window.weekdays"}},
			"window of a day twice":   {object{"window": object{"weekdays": []int{1, 1}, "from": "09:00", "to": "18:00"}}, []string{"window.weekdays"}},
			"window of bad hours":     {object{"window": object{"weekdays": []int{1}, "from": "9:00", "to": "24:00"}}, []string{"window.from", "window.to"}},
			"window of no length":     {object{"window": object{"weekdays": []int{1}, "from": "09:00", "to": "09:00"}}, []string{"window.to"}},
			"window of numbers":       {object{"window": object{"weekdays": []int{1}, "from": 9, "to": "18:00"}}, []string{"window.from:wrong_type"}},
			"header in from_name":     {object{"from_name": "x\r\nBcc: a@b.example"}, []string{"from_name"}},
			"long from_name":          {object{"from_name": long(201)}, []string{"from_name:too_long"}},
			"header in reply_to":      {object{"reply_to": "a@example.com\nBcc: b@example.com"}, []string{"reply_to"}},
			"two in reply_to":         {object{"reply_to": "a@example.com, b@example.com"}, []string{"reply_to"}},
			"name in reply_to":        {object{"reply_to": "Anna <a@example.com>"}, []string{"reply_to"}},
			"header in from_email":    {object{"from_email": "a@example.com\r\nX: y"}, []string{"from_email"}},
			"from_email of others":    {object{"from_email": "a@example.net"}, []string{"from_email:not_allowed"}},
			"from_email of a child":   {object{"from_email": "a@sub.example.com"}, []string{"from_email:not_allowed"}},
			"from_email is none":      {object{"from_email": "nobody"}, []string{"from_email"}},
			"transport":               {object{"transport_id": 1}, []string{"transport_id:unknown"}},
			"rate zero":               {object{"rate_per_minute": 0}, []string{"rate_per_minute"}},
			"rate broken":             {object{"rate_per_minute": 1.5}, []string{"rate_per_minute:wrong_type"}},
			"late policy":             {object{"late_policy": "maybe"}, []string{"late_policy"}},
			"late grace":              {object{"late_grace_minutes": -1}, []string{"late_grace_minutes"}},
			"in-doubt policy":         {object{"in_doubt_policy": "guess"}, []string{"in_doubt_policy"}},
			"tracking":                {object{"track_opens": "yes", "track_clicks": nil}, []string{"track_opens:wrong_type", "track_clicks:wrong_type"}},
			"read-only and unknown":   {object{"status": "finished", "id": 3, "nope": 1}, []string{"status:unknown_field", "id:unknown_field", "nope:unknown_field"}},
			"form and rules together": {
				object{"name": "", "start_at": "2030-01-01", "from_email": "a@example.net", "audience": object{"tags": 1}, "nope": 1},
				[]string{"name:required", "start_at:invalid_time", "from_email:not_allowed", "audience.tags:wrong_type", "nope:unknown_field"},
			},
		} {
			body := o.body(c.changes)
			p := o.do(t, "POST", "/mailings", body)
			require.Equal(t, 422, p.status, "%s: %s", name, p.body)
			p.fields(t, c.want...)
		}
		o.do(t, "POST", "/mailings", "{}").fields(t, "name:required", "message_id:required", "audience:required")
		o.do(t, "POST", "/mailings", "{").problem(t, 400, "malformed")
		o.do(t, "POST", "/mailings", "{}", header{"Content-Type", "text/plain"}).problem(t, 415, "unsupported_media_type")
		require.Empty(t, o.list(t, "/mailings").Items, "nothing was written")

		path, _ := o.make(t, nil)
		before := o.do(t, "GET", path, nil).body
		o.do(t, "PATCH", path, object{"name": "", "rate_per_minute": "x", "audience": object{"client_ids": other.clients}}).
			fields(t, "name:required", "rate_per_minute:wrong_type", "audience.client_ids:unknown")
		require.JSONEq(t, string(before), string(o.do(t, "GET", path, nil).body))
	})
}

func TestMailingsAreTheirOwners(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o, stranger, boss := h.office(t), h.office(t), h.manager(t)
		path, _ := o.make(t, nil)
		id := header{"X-Request-ID", "request-0001"}
		calls := []struct {
			method, path string
			body         any
			manager      int
		}{
			{"GET", "", nil, 200},
			{"GET", "/audience", nil, 200},
			{"GET", "/occurrences", nil, 200},
			{"GET", "/runs", nil, 200},
			{"PATCH", "", object{"nope": 1}, 403},
			{"DELETE", "", nil, 403},
			{"POST", "/schedule", object{"nope": 1}, 403},
			{"POST", "/unschedule", object{"nope": 1}, 403},
			{"POST", "/start", nil, 403},
			{"POST", "/pause", nil, 403},
			{"POST", "/resume", nil, 403},
			{"POST", "/cancel", nil, 403},
			{"POST", "/duplicate", nil, 403},
			{"POST", "/test", object{"to": "nobody"}, 403},
		}
		for _, c := range calls {
			foreign := stranger.do(t, c.method, path+c.path, c.body, id)
			foreign.problem(t, 404, "not_found")
			unknown := stranger.do(t, c.method, "/mailings/999999"+c.path, c.body, id)
			require.Equal(t, strings.ReplaceAll(string(unknown.body), "999999", path[len("/mailings/"):]), string(foreign.body), c.path)
			stranger.do(t, c.method, "/mailings/none"+c.path, c.body).problem(t, 404, "not_found")
			boss.do(t, c.method, path+c.path, c.body).require(t, c.manager)
		}
		require.Empty(t, stranger.list(t, "/mailings").Items)
		seen := boss.list(t, "/mailings?owner_id="+fmt.Sprint(o.user.ID)).Items
		require.Equal(t, []any{o.user.Email}, values(seen, "owner_email"))
		require.Equal(t, "scheduled", o.do(t, "GET", path, nil).object(t)["status"])

		stranger.do(t, "POST", path+"/stop", nil).problem(t, 404, "not_found")
		boss.do(t, "POST", path+"/stop", nil).problem(t, 403, "forbidden")
		stopper := h.holder(t, model.MailingsStopAll)
		stopper.do(t, "GET", path, nil).problem(t, 404, "not_found")
		stopper.do(t, "POST", "/mailings/999999/stop", nil).problem(t, 404, "not_found")
		require.Equal(t, "cancelled", stopper.do(t, "POST", path+"/stop", nil).require(t, 202).object(t)["status"])
		own := fmt.Sprintf("/mailings/%d", makeMailing(t, stranger.caller, true))
		stranger.do(t, "PATCH", own, fields{"draft": false, "start_at": time.Now().Add(time.Hour).Format(time.RFC3339)}).require(t, 200)
		require.Equal(t, "cancelled", stranger.do(t, "POST", own+"/stop", nil).require(t, 202).object(t)["status"], "one's own needs no permission")
	})
}

// statuses makes a mailing for each status, all with the same settings.
func (o *office) statuses(t *testing.T, life *mailing.Service) map[model.MailingStatus]func() string {
	ctx := context.Background()
	act := func(path, action string) string {
		o.do(t, "POST", path+action, nil).require(t, 202)
		return path
	}
	draft := func() string { path, _ := o.make(t, object{"draft": true, "start_at": nil}); return path }
	// A run whose chunk a worker holds does not come to rest.
	held := func() string {
		path := act(draft(), "/start")
		run := int64(o.do(t, "GET", path, nil).object(t)["last_run_id"].(float64))
		_, err := life.Advance(ctx, run, nil)
		require.NoError(t, err)
		require.NotNil(t, o.claim(t, run))
		return path
	}
	running := func() string { return act(draft(), "/start") }
	return map[model.MailingStatus]func() string{
		model.MailingDraft:      draft,
		model.MailingScheduled:  func() string { path, _ := o.make(t, nil); return path },
		model.MailingRunning:    running,
		model.MailingPausing:    func() string { return act(held(), "/pause") },
		model.MailingPaused:     func() string { return act(running(), "/pause") },
		model.MailingCancelling: func() string { return act(held(), "/cancel") },
		model.MailingFinished: func() string {
			path, _ := o.make(t, object{"audience": object{"tags": []string{"nobody"}}, "start_at": nil})
			run := int64(o.do(t, "GET", path, nil).object(t)["last_run_id"].(float64))
			_, err := life.Advance(ctx, run, nil)
			require.NoError(t, err)
			return path
		},
		model.MailingCancelled: func() string { path, _ := o.make(t, nil); return act(path, "/cancel") },
	}
}

func TestEveryActionInEveryStatus(t *testing.T) {
	t.Parallel()
	allowed := map[model.MailingStatus]map[string]model.MailingStatus{
		model.MailingDraft:      {"schedule": "running", "start": "running"},
		model.MailingScheduled:  {"start": "running", "unschedule": "draft", "cancel": "cancelled"},
		model.MailingRunning:    {"pause": "paused", "cancel": "cancelled"},
		model.MailingPausing:    {"pause": "pausing", "cancel": "cancelling"},
		model.MailingPaused:     {"resume": "running", "cancel": "cancelled"},
		model.MailingCancelling: {"cancel": "cancelling"},
		model.MailingFinished:   {"start": "running"},
		model.MailingCancelled:  {"start": "running"},
	}
	// Asked last with this effect already: nothing changes, and 202 again.
	again := map[model.MailingStatus]string{
		model.MailingRunning: "start", model.MailingPaused: "pause", model.MailingCancelled: "cancel",
	}
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		life := h.life()
		for status, make := range o.statuses(t, life) {
			for _, action := range []string{"schedule", "unschedule", "start", "pause", "resume", "cancel"} {
				path := make()
				before := o.do(t, "GET", path, nil).require(t, 200)
				require.EqualValues(t, status, before.object(t)["status"])
				a := o.do(t, "POST", path+"/"+action, nil)
				want, may := allowed[status][action]
				switch {
				case may:
					require.Equal(t, 202, a.status, "%s %s: %s", status, action, a.body)
					got := model.MailingStatus(a.object(t)["status"].(string))
					if want == "cancelled" && got == "cancelling" || want == "paused" && got == "pausing" { // the workers do the rest
						got = want
					}
					require.Equal(t, want, got, "%s %s", status, action)
					require.Equal(t, before.header.Get("ETag"), a.header.Get("ETag"), "status is no setting")
				case again[status] == action:
					require.Equal(t, 202, a.status, "%s %s: %s", status, action, a.body)
					require.EqualValues(t, status, a.object(t)["status"])
				default:
					require.Equal(t, 409, a.status, "%s %s: %s", status, action, a.body)
					a.problem(t, 409, "conflict")
					require.JSONEq(t, string(before.body), string(o.do(t, "GET", path, nil).body))
				}
				o.do(t, "POST", path+"/"+action, object{"nope": 1}).fields(t, "nope:unknown_field")
			}
			path := make()
			live := status.Live()
			name := o.do(t, "PATCH", path, object{"name": "other"})
			rate := o.do(t, "PATCH", path, object{"rate_per_minute": 7})
			gone := o.do(t, "DELETE", path, nil)
			if live {
				name.problem(t, 409, "conflict")
				require.Equal(t, 7.0, rate.require(t, 200).object(t)["rate_per_minute"])
				gone.problem(t, 409, "conflict")
			} else {
				name.require(t, 200)
				rate.require(t, 200)
				gone.require(t, 204)
			}
		}
	})
}

func TestScheduleTakesATime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		path, made := o.make(t, object{"draft": true, "start_at": nil, "timezone": "Europe/Moscow"})
		require.Equal(t, "draft", made.object(t)["status"])
		require.Empty(t, o.do(t, "GET", path+"/occurrences", nil).require(t, 200).object(t)["items"])
		o.do(t, "POST", path+"/schedule", object{"start_at": "2027-01-01T10:00:00"}).fields(t, "start_at:invalid_time")
		at := time.Date(time.Now().Year()+1, 1, 10, 7, 0, 0, 0, time.UTC)
		done := o.do(t, "POST", path+"/schedule", object{"start_at": at.Format(time.RFC3339)}).require(t, 202).object(t)
		require.Equal(t, "scheduled", done["status"])
		require.Equal(t, at.Format(time.RFC3339), done["next_run_at"])
		require.Equal(t, at.Add(3*time.Hour).Format("2006-01-02T15:04:05")+"+03:00", done["start_at"])
		require.Equal(t, "draft", o.do(t, "POST", path+"/unschedule", nil).require(t, 202).object(t)["status"])
		require.Empty(t, o.list(t, path+"/runs").Items)
	})
}

func TestMailingSavedForAPastTimeRunsAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		for _, start := range []any{nil, "2020-01-01T00:00:00Z"} {
			path, made := o.make(t, object{"start_at": start})
			require.Equal(t, "running", made.object(t)["status"])
			require.NotNil(t, made.object(t)["last_run_id"])
			runs := o.list(t, path+"/runs").Items
			require.Equal(t, []any{made.object(t)["last_run_id"]}, values(runs, "run_id"))
			require.Equal(t, "running", runs[0]["status"])
			o.do(t, "GET", path+"/runs?mailing_id=1", nil).fields(t, "mailing_id:unknown_parameter")
		}
	})
}

func TestAudienceIsCounted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o, other := h.office(t), h.office(t)
		o.do(t, "POST", "/suppressions", object{"email": "client1@example.org", "reason": "blocked"}).require(t, 201)
		path, _ := o.make(t, nil)
		want := object{
			"count": 2.0, "skipped": object{"blocked": 1.0},
			"sample": []any{
				object{"id": float64(o.clients[0]), "email": "client0@example.org", "full_name": "Client 0"},
				object{"id": float64(o.clients[1]), "email": "client1@example.org", "full_name": "Client 1"},
			},
		}
		require.Equal(t, want, o.do(t, "GET", path+"/audience", nil).require(t, 200).object(t))
		require.Equal(t, want, o.do(t, "POST", "/mailings/audience", object{"audience": object{"all": true}}).require(t, 200).object(t))
		require.Equal(t, 1.0, o.do(t, "POST", "/mailings/audience", object{"audience": object{"tags": []string{"vip"}}}).require(t, 200).object(t)["count"])
		require.Equal(t, object{"count": 0.0, "sample": []any{}, "skipped": object{}},
			o.do(t, "POST", "/mailings/audience", object{"audience": object{"client_ids": other.clients}}).require(t, 200).object(t))
		o.do(t, "POST", "/mailings/audience", object{"audience": object{}}).fields(t, "audience:required")
		o.do(t, "POST", "/mailings/audience", object{"audience": object{"all": 1}}).fields(t, "audience.all:wrong_type")

		peeper := h.holder(t, model.MailingsViewAll)
		require.Equal(t, []any{}, peeper.do(t, "GET", path+"/audience", nil).require(t, 200).object(t)["sample"], "a mailing may be seen without its clients")
	})
}

func TestRepeatingMailings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		path, made := o.make(t, object{"timezone": "Europe/Berlin", "start_at": "2030-10-26T02:30:00+02:00", "run_minutes": 120, "repeat": object{"every": "day"}, "draft": false})
		m := made.object(t)
		whole := object{"every": "day", "interval": 1.0, "weekdays": nil, "month_day": nil, "cron": nil, "until": nil, "times": nil}
		require.Equal(t, whole, m["repeat"])
		require.Equal(t, 120.0, m["run_minutes"])
		require.Equal(t, "2030-10-26T00:30:00Z", m["next_run_at"])
		require.Equal(t, object{"items": []any{
			object{"planned_at": "2030-10-26T00:30:00Z", "local": "2030-10-26T02:30:00+02:00", "note": nil},
			object{"planned_at": "2030-10-27T00:30:00Z", "local": "2030-10-27T02:30:00+02:00", "note": "fold"},
		}}, o.do(t, "GET", path+"/occurrences?n=2", nil).require(t, 200).object(t))

		m = o.do(t, "PATCH", path, object{"repeat": object{"every": "week", "weekdays": []int{1, 5}, "until": "2031-01-01T00:00:00+01:00"}}).require(t, 200).object(t)
		require.Equal(t, object{"every": "week", "interval": 1.0, "weekdays": []any{1.0, 5.0}, "month_day": nil, "cron": nil, "until": "2031-01-01T00:00:00+01:00", "times": nil}, m["repeat"])
		require.Equal(t, "2030-10-28T01:30:00Z", m["next_run_at"])
		require.Equal(t, m["repeat"], o.do(t, "POST", path+"/duplicate", nil).require(t, 201).object(t)["repeat"])
		m = o.do(t, "PATCH", path, object{"repeat": nil, "run_minutes": nil}).require(t, 200).object(t)
		require.Nil(t, m["repeat"])
		require.Equal(t, "2030-10-28T01:30:00Z", m["next_run_at"], "it happens once, when it would have next")

		m = o.do(t, "PATCH", path, object{"repeat": whole}).require(t, 200).object(t)
		require.Equal(t, whole, m["repeat"], "what was read can be written")
		o.do(t, "POST", path+"/cancel", nil).require(t, 202)
		require.Empty(t, o.do(t, "GET", path+"/occurrences", nil).require(t, 200).object(t)["items"])
	})
}

func TestMailingTestMail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		path, _ := o.make(t, nil)
		o.do(t, "POST", path+"/test", nil).require(t, 202)
		o.do(t, "POST", path+"/test", object{"to": o.user.Email}).require(t, 202)
		o.do(t, "POST", path+"/test", object{"client_id": o.clients[0]}).require(t, 202)
		o.do(t, "POST", path+"/test", object{"to": "stranger@example.net"}).fields(t, "to:not_allowed")
		o.do(t, "POST", path+"/test", object{"client_id": 999999}).fields(t, "client_id:unknown")
		o.do(t, "POST", path+"/test", object{"to": 5, "nope": 1}).fields(t, "to:wrong_type", "nope:unknown_field")
		require.Empty(t, o.list(t, "/reports?status=running").Items, "a test is in no report")
	})
}
