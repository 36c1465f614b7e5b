package api_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ended is the run of sent, cancelled: one sent, failed, in doubt, cancelled
// and skipped.
func (o *office) ended(t *testing.T) (path string, run int64) {
	t.Helper()
	run, _ = o.sent(t)
	path = fmt.Sprintf("/reports/%d", run)
	mailing := o.do(t, "GET", path, nil).require(t, 200).object(t)["mailing_id"]
	o.comesToRest(t, fmt.Sprintf("/mailings/%.0f", mailing))
	require.Equal(t, "cancelled", o.do(t, "GET", path, nil).object(t)["status"])
	return path, run
}

// comesToRest cancels a mailing and asks again, as no worker is here, until its
// run has ended: an answer does not wait for that longer than a moment.
func (o *office) comesToRest(t *testing.T, mailing string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return o.do(t, "POST", mailing+"/cancel", nil).require(t, 202).object(t)["status"] == "cancelled"
	}, time.Minute, 10*time.Millisecond)
}

func TestRetryMakesALinkedRun(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		live, _ := o.sent(t)
		o.do(t, "POST", fmt.Sprintf("/reports/%d/retry", live), object{"states": []string{"failed"}}).problem(t, 409, "conflict")

		o = h.office(t)
		path, run := o.ended(t)
		for _, c := range []struct {
			body   object
			fields []string
		}{
			{object{}, []string{"states"}},
			{object{"states": []string{}}, []string{"states"}},
			{object{"states": []string{"failed", "sent"}, "codes": []int{250}}, []string{"states", "codes"}},
			{object{"states": "failed"}, []string{"states"}},
			{object{"states": []string{"failed"}, "codes": []int{600}, "all": true}, []string{"all", "codes"}},
		} {
			o.do(t, "POST", path+"/retry", c.body).fields(t, c.fields...)
		}
		o.do(t, "POST", path+"/retry", object{"states": []string{"failed"}, "codes": []int{451}}).problem(t, 409, "conflict")
		body := object{"states": []string{"failed", "in_doubt"}}
		linked := o.do(t, "POST", path+"/retry", body).require(t, 202).object(t)
		require.Len(t, linked, 1)
		o.do(t, "POST", path+"/retry", body).problem(t, 409, "conflict")

		_, err := h.life().Advance(context.Background(), int64(linked["run_id"].(float64)), nil)
		require.NoError(t, err)
		report := o.do(t, "GET", fmt.Sprintf("/reports/%.0f", linked["run_id"]), nil).require(t, 200).object(t)
		require.Equal(t, []any{float64(run), "running", 2.0}, []any{report["parent_run_id"], report["status"], report["counts"].(object)["pending"]})
		first := o.list(t, path+"/deliveries").Items
		again := o.list(t, fmt.Sprintf("/reports/%.0f/deliveries", linked["run_id"])).Items
		for i, from := range []int{1, 3} {
			require.Equal(t, []any{first[from]["id"], first[from]["message_id"], first[from]["email"], i == 1},
				[]any{again[i]["origin_id"], again[i]["message_id"], again[i]["email"], again[i]["possible_duplicate"]})
			require.Equal(t, again[i]["id"], first[from]["retried_by"])
		}
	})
}

func TestResolveSettlesDoubts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		o := h.office(t)
		path, _ := o.ended(t)
		var ids []any
		for _, d := range o.list(t, path+"/deliveries").Items {
			ids = append(ids, d["id"])
		}
		many := make([]int, 10_001)
		for _, c := range []struct {
			body   object
			fields []string
		}{
			{object{}, []string{"delivery_ids", "as"}},
			{object{"delivery_ids": many, "as": "deferred"}, []string{"delivery_ids", "as"}},
			{object{"delivery_ids": append([]any{99999999}, ids...), "as": "sent"}, []string{"delivery_ids"}},
			{object{"delivery_ids": ids, "as": "sent", "why": "phone"}, []string{"why"}},
		} {
			o.do(t, "POST", path+"/resolve", c.body).fields(t, c.fields...)
		}
		for _, n := range []float64{1, 0} {
			require.Equal(t, object{"resolved": n}, o.do(t, "POST", path+"/resolve", object{"delivery_ids": ids, "as": "sent"}).require(t, 200).object(t))
		}
		doubt := o.list(t, path+"/deliveries").Items[3]
		require.Equal(t, []any{"sent", float64(o.user.ID)}, []any{doubt["state"], doubt["resolved_by"]})
		counts := o.do(t, "GET", path, nil).object(t)["counts"].(object)
		require.Equal(t, []any{2.0, 0.0}, []any{counts["sent"], counts["in_doubt"]})
	})
}
