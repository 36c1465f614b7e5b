package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// life moves runs as a worker does.
func (h *harness) life() *mailing.Service {
	return mailing.New(h.store, nil, mailing.Options{FromEmail: "postrider@example.com", LinkKey: linkKey, Log: slog.New(slog.DiscardHandler)})
}

// claim takes a chunk of a run for a worker that lives.
func (o *office) claim(t *testing.T, run int64) *store.Claim {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, o.h.store.Beat(ctx, store.Worker{ID: "worker", Host: "test", PID: 1}))
	c, err := o.h.store.ClaimChunk(ctx, "worker", run)
	require.NoError(t, err)
	return c
}

// answers are what a server says to the mails of a run, by address.
var answers = []store.Outcome{
	{To: model.Sent, Attempt: model.Attempt{Outcome: model.OutcomeSent, Code: 250, Enhanced: "2.0.0", Response: "queued", Phase: model.PhaseResponse}},
	{To: model.Failed, Attempt: model.Attempt{Outcome: model.OutcomeFailed, Code: 550, Enhanced: "5.1.1", Response: "=cmd|unknown", Phase: model.PhaseRcpt}},
	{To: model.Deferred, Attempt: model.Attempt{Outcome: model.OutcomeDeferred, Code: 451, Enhanced: "4.7.1", Response: "later", Phase: model.PhaseRcpt}},
	{To: model.InDoubt, Attempt: model.Attempt{Outcome: model.OutcomeInDoubt, Response: "the connection was lost", Phase: model.PhaseResponse}},
}

// sent makes a run to five clients: one suppressed, the others each with one of
// the answers.
func (o *office) sent(t *testing.T) (run int64, emails []string) {
	t.Helper()
	ctx := context.Background()
	var ids []int64
	for i := range 5 {
		emails = append(emails, fmt.Sprintf("r%d@example.org", i))
		ids = append(ids, o.do(t, "POST", "/clients", object{"email": emails[i]}).require(t, 201).id(t))
	}
	o.do(t, "POST", "/suppressions", object{"email": emails[4], "reason": "complained"}).require(t, 201)
	_, made := o.make(t, object{"start_at": nil, "audience": object{"client_ids": ids}, "from_email": "news@example.com"})
	run = int64(made.object(t)["last_run_id"].(float64))
	life := o.h.life()
	_, err := life.Advance(ctx, run, nil)
	require.NoError(t, err)

	claim := o.claim(t, run)
	require.NotNil(t, claim)
	lots, err := o.h.store.Pending(ctx, claim)
	require.NoError(t, err)
	require.Len(t, lots, 4)
	now, err := o.h.store.Now(ctx)
	require.NoError(t, err)
	next := now.Add(time.Minute)
	var intents, outcomes []store.Entry
	for i, lot := range lots {
		intents = append(intents, store.Entry{Claim: claim, DeliveryID: lot.ID})
		out := answers[i]
		out.Intended, out.NextAt = true, &next
		out.Attempt.Transport, out.Attempt.StartedAt, out.Attempt.FinishedAt = "default", now, now.Add(120*time.Millisecond)
		outcomes = append(outcomes, store.Entry{Claim: claim, DeliveryID: lot.ID, Outcome: &out})
	}
	for _, entries := range [][]store.Entry{intents, outcomes} {
		verdicts, err := o.h.store.CommitLedger(ctx, entries)
		require.NoError(t, err)
		require.NotContains(t, verdicts, store.Refused)
	}
	require.NoError(t, o.h.store.ReleaseChunk(ctx, claim, 0))
	return run, emails
}

var zeroCounts = object{
	"planned": 0.0, "pending": 0.0, "sending": 0.0, "deferred": 0.0, "sent": 0.0, "failed": 0.0, "skipped": 0.0,
	"in_doubt": 0.0, "expired": 0.0, "cancelled": 0.0,
}

func TestReportTellsWhatBecameOfEveryMail(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		run, emails := o.sent(t)
		path := fmt.Sprintf("/reports/%d", run)

		report := o.do(t, "GET", path, nil).require(t, 200).object(t)
		require.Equal(t, object{
			"planned": 5.0, "pending": 0.0, "sending": 0.0, "deferred": 1.0, "sent": 1.0, "failed": 1.0, "skipped": 1.0,
			"in_doubt": 1.0, "expired": 0.0, "cancelled": 0.0,
		}, report["counts"], "exactly the ten")
		for field, want := range map[string]any{
			"run_id": float64(run), "mailing_name": "News", "owner_id": float64(o.user.ID), "status": "running", "finished_at": nil,
			"reason": "", "parent_run_id": nil,
		} {
			require.Equal(t, want, report[field], field)
		}
		require.Len(t, report, 12)

		rows := o.list(t, path+"/deliveries?with_total=true")
		require.EqualValues(t, 5, *rows.Total)
		require.Equal(t, []any{"sent", "failed", "deferred", "in_doubt", "skipped"}, values(rows.Items, "state"))
		require.Equal(t, []any{emails[0], emails[1], emails[2], emails[3], emails[4]}, values(rows.Items, "email"))
		require.Equal(t, []any{250.0, 550.0, 451.0, 0.0, 0.0}, values(rows.Items, "last_code"))
		require.Equal(t, []any{"", "", "", "", "complained"}, values(rows.Items, "reason"))
		for i, d := range rows.Items {
			require.Len(t, d, 16)
			require.Equal(t, i == 2, d["next_at"] != nil)
			require.Regexp(t, fmt.Sprintf(`^d%.0f\.[0-9a-f]{16}@example\.com$`, d["id"]), d["message_id"])
		}
		for state, want := range map[string]int{"failed": 1, "pending": 0, "skipped": 1} {
			require.Len(t, o.list(t, path+"/deliveries?state="+state).Items, want, state)
		}
		require.Len(t, o.list(t, path+"/deliveries?q=R1@").Items, 1)
		require.Len(t, o.list(t, path+"/deliveries?reason=complained").Items, 1)
		o.do(t, "GET", path+"/deliveries?state=lost&outcome=sent&limit=0", nil).fields(t, "state", "outcome:unknown_parameter", "limit")
		o.do(t, "GET", path+"/deliveries?cursor=xyz", nil).fields(t, "cursor")

		log := o.list(t, path+"/attempts?limit=3")
		require.Equal(t, []any{"sent", "failed", "deferred"}, values(log.Items, "outcome"))
		require.NotNil(t, log.NextCursor)
		require.Equal(t, []any{"in_doubt"}, values(o.list(t, path+"/attempts?cursor="+*log.NextCursor).Items, "outcome"))
		first := log.Items[0]
		require.Len(t, first, 12)
		require.Equal(t, []any{emails[0], 1.0, 250.0, "2.0.0", "queued", "response", "default", 120.0},
			[]any{first["email"], first["number"], first["code"], first["enhanced"], first["response"], first["phase"], first["transport"], first["duration_ms"]})
		require.Len(t, o.list(t, path+"/attempts?outcome=failed&q=r1").Items, 1)
		o.do(t, "GET", path+"/attempts?outcome=lost&state=lost&code=x", nil).fields(t, "outcome", "state", "code")
		for filter, want := range map[string][]any{
			"state=failed": {emails[1]}, "state=failed&outcome=sent": {}, "state=skipped": {}, "q=r1": {emails[1]}, "code=550": {emails[1]},
			"code=0": {emails[3]}, "enhanced=4.7.1": {emails[2]}, "answer=later": {emails[2]}, "reason=complained": {}, "state=deferred&outcome=deferred": {emails[2]},
		} {
			require.ElementsMatch(t, want, values(o.list(t, path+"/attempts?with_total=true&"+filter).Items, "email"), filter)
		}
		for _, method := range []string{"POST", "PATCH", "DELETE", "PUT"} {
			o.do(t, method, path+"/attempts", nil).problem(t, 405, "method_not_allowed")
		}

		line := o.do(t, "GET", path+"/timeline", nil).require(t, 200).object(t)
		require.Equal(t, 1.0, line["bucket_seconds"])
		sums := map[string]float64{}
		for _, p := range line["points"].([]any) {
			for _, k := range []string{"sent", "failed", "deferred", "in_doubt"} {
				sums[k] += p.(object)[k].(float64)
			}
		}
		require.Equal(t, map[string]float64{"sent": 1, "failed": 1, "deferred": 1, "in_doubt": 1}, sums)

		reasons := o.do(t, "GET", path+"/reasons", nil).require(t, 200).object(t)["items"].([]any)
		require.ElementsMatch(t, []any{
			object{"state": "failed", "code": 550.0, "enhanced": "5.1.1", "text": "=cmd|unknown", "count": 1.0},
			object{"state": "deferred", "code": 451.0, "enhanced": "4.7.1", "text": "later", "count": 1.0},
			object{"state": "in_doubt", "code": 0.0, "enhanced": "", "text": "the connection was lost", "count": 1.0},
			object{"state": "skipped", "code": 0.0, "enhanced": "", "text": "complained", "count": 1.0},
		}, reasons)

		sum := o.do(t, "GET", "/reports/summary?days=2", nil).require(t, 200).object(t)
		days := sum["days"].([]any)
		require.Len(t, days, 2)
		require.Equal(t, []any{float64(1), float64(1), float64(1)}, []any{days[1].(object)["sent"], days[1].(object)["failed"], days[1].(object)["in_doubt"]})
		require.Len(t, sum["running"], 1)
		require.Len(t, sum["attention"], 1)
		o.do(t, "GET", "/reports/summary?days=0", nil).fields(t, "days")

		client := int64(rows.Items[1]["client_id"].(float64))
		history := o.list(t, fmt.Sprintf("/clients/%d/deliveries", client))
		require.Len(t, history.Items, 1)
		require.Equal(t, "News", history.Items[0]["mailing_name"])
		require.Equal(t, report["mailing_id"], history.Items[0]["mailing_id"])
		require.Equal(t, rows.Items[1]["message_id"], history.Items[0]["message_id"])

		why := fmt.Sprintf("%s/clients/%d", path, client)
		told := o.do(t, "GET", why, nil).require(t, 200).object(t)
		require.Equal(t, rows.Items[1], told["delivery"])
		require.Equal(t, []any{log.Items[1]}, told["attempts"])
		require.Equal(t, []any{"named", "", emails[1], false, nil, "running"},
			[]any{told["membership"], told["tag"], told["email"], told["client_deleted"], told["suppression"], told["run_status"]})
		skipped := o.do(t, "GET", fmt.Sprintf("%s/clients/%.0f", path, rows.Items[4]["client_id"]), nil).require(t, 200).object(t)
		require.Equal(t, "complained", skipped["suppression"].(object)["reason"])
		require.Empty(t, skipped["attempts"])
		for query, want := range map[string]int{"code=550": 1, "code=0": 2, "code=451&enhanced=4.7.1&answer=later": 1, "answer=never": 0} {
			require.Len(t, o.list(t, path+"/deliveries?"+query).Items, want, query)
		}
		o.do(t, "GET", path+"/deliveries?code=1000", nil).fields(t, "code")
		require.Empty(t, o.list(t, fmt.Sprintf("/reports?parent_run_id=%d", run)).Items)

		// a deleted client's report stays
		o.do(t, "DELETE", fmt.Sprintf("/clients/%d", client), nil).require(t, 204)
		require.True(t, o.do(t, "GET", why, nil).require(t, 200).object(t)["client_deleted"].(bool))
		require.Len(t, o.list(t, path+"/deliveries").Items, 5)
		o.do(t, "GET", fmt.Sprintf("/clients/%d/deliveries", client), nil).problem(t, 404, "not_found")
	})
}

func TestReportsAreTheirOwners(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o, stranger, boss := h.office(t), h.user(t), h.manager(t)
		run, _ := o.sent(t)
		id := header{"X-Request-ID", "request-0001"}
		for _, path := range []string{"", "/deliveries?nope=1", "/attempts?nope=1", "/timeline", "/reasons"} {
			foreign := stranger.do(t, "GET", fmt.Sprintf("/reports/%d%s", run, path), nil, id)
			foreign.problem(t, 404, "not_found")
			unknown := stranger.do(t, "GET", "/reports/999999"+path, nil, id)
			require.Equal(t, strings.ReplaceAll(string(unknown.body), "999999", fmt.Sprint(run)), string(foreign.body))
			path, _, _ = strings.Cut(path, "?")
			boss.do(t, "GET", fmt.Sprintf("/reports/%d%s", run, path), nil).require(t, 200)
		}
		require.Empty(t, stranger.list(t, "/reports").Items)
		stranger.do(t, "GET", fmt.Sprintf("/reports?owner_id=%d", o.user.ID), nil).fields(t, "owner_id")
		seen := boss.list(t, fmt.Sprintf("/reports?owner_id=%d", o.user.ID)).Items
		require.Equal(t, []any{o.user.Email}, values(seen, "owner_email"))
		require.Empty(t, boss.do(t, "GET", "/reports/summary", nil).require(t, 200).object(t)["running"], "one's own only")
	})
}

func TestReportsAreListed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		var runs []any
		for range 5 {
			_, made := o.make(t, object{"start_at": nil})
			runs = append(runs, made.object(t)["last_run_id"])
		}
		planned, _ := o.make(t, nil)
		slices.Reverse(runs)
		var got []any
		cursor := ""
		for {
			page := o.list(t, "/reports?status=running&limit=2"+cursor)
			got = append(got, values(page.Items, "run_id")...)
			if page.NextCursor == nil {
				break
			}
			cursor = "&cursor=" + *page.NextCursor
			o.make(t, object{"start_at": nil}) // a newer run does not move the page
		}
		require.Equal(t, runs, got)

		ahead := o.list(t, "/reports?status=planned").Items
		require.Len(t, ahead, 1)
		require.Equal(t, zeroCounts, ahead[0]["counts"])
		require.Nil(t, ahead[0]["started_at"])
		require.Equal(t, ahead, o.list(t, "/reports?mailing_id="+planned[len("/mailings/"):]).Items)
		now := strings.ReplaceAll(time.Now().Add(time.Minute).UTC().Format(time.RFC3339), ":", "%3A")
		require.Equal(t, ahead, o.list(t, "/reports?from="+now).Items)
		require.Equal(t, runs[4], o.list(t, "/reports?sort=planned_at&limit=1&to="+now).Items[0]["run_id"])
		o.do(t, "GET", "/reports?from=2026-01-01&status=lost&mailing_id=x&sort=status", nil).fields(t, "sort:unknown", "from:invalid_time", "status", "mailing_id")
		o.do(t, "GET", "/reports?sort=status", nil).fields(t, "sort")
	})
}

func TestReportsAsCSV(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		run, emails := o.sent(t)
		read := func(path string) []map[string]string {
			w, lines := o.csvOf(t, path, "text/csv")
			require.Equal(t, 200, w.Code)
			require.Contains(t, w.Header().Get("Content-Disposition"), ".csv")
			var out []map[string]string
			for _, line := range lines[1:] {
				row := map[string]string{}
				for i, name := range lines[0] {
					row[name] = line[i]
				}
				out = append(out, row)
			}
			return out
		}
		reports := read("/reports")
		require.Len(t, reports, 1)
		require.Equal(t, []string{fmt.Sprint(run), "5", "1", "running", ""}, []string{
			reports[0]["run_id"], reports[0]["planned"], reports[0]["failed"], reports[0]["status"], reports[0]["finished_at"],
		})
		rows := read(fmt.Sprintf("/reports/%d/deliveries?limit=1", run))
		require.Len(t, rows, 5, "whole, whatever the limit")
		require.Equal(t, emails[1], rows[1]["email"])
		require.Equal(t, "'=cmd|unknown", rows[1]["last_response"], "no formula")
		require.NotEmpty(t, rows[1]["message_id"])
		log := read(fmt.Sprintf("/reports/%d/attempts?state=failed&code=550", run))
		require.Len(t, log, 1)
		require.Equal(t, "120", log[0]["duration_ms"])
		o.root(t, "GET", "/api/v1/reports?status=lost", nil, header{"Accept", "text/csv"}).fields(t, "status")
	})
}
