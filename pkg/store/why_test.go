package store_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

func TestWhyAClientDidOrDidNotGetTheMail(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		make := func(owner *model.User, email string, tags ...string) int64 {
			c := &model.Client{Email: email, Tags: tags}
			require.NoError(t, w.CreateClient(ctx, viewerOf(owner), c))
			return c.ID
		}
		client, other := make(w.anna, "client@example.org", "new", "vip"), make(w.anna, "other@example.org")
		foreign := make(w.boris, "client@example.org")
		run := func(a model.Audience, change func(*model.Run)) int64 {
			r := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
			if change != nil {
				change(r)
			}
			audience, err := json.Marshal(a)
			require.NoError(t, err)
			require.NoError(t, w.Exec("UPDATE runs SET status = ?, started_at = ?, finished_at = ?, materialised = ?, parent_run_id = ?, audience = ? WHERE id = ?",
				r.Status, r.StartedAt, r.FinishedAt, r.Materialised, r.ParentRunID, string(audience), r.ID))
			return r.ID
		}
		deliver := func(run int64) {
			c := &model.Chunk{RunID: run, NextAt: w.start, Done: true}
			require.NoError(t, w.Put(c))
			require.NoError(t, w.Put(&model.Delivery{RunID: run, ClientID: client, ChunkID: c.ID, Email: "client@example.org", State: model.Pending, UpdatedAt: w.start}))
		}
		vip := model.Audience{Tags: []string{"vip"}}
		some := run(vip, nil)
		for _, x := range []struct {
			want      store.Membership
			tag       string
			run       int64
			delivered bool
		}{
			{store.MemberAll, "", run(model.Audience{All: true}, nil), true},
			{store.MemberNamed, "", run(model.Audience{ClientIDs: []int64{client}}, nil), true},
			{store.MemberTag, "vip", run(vip, nil), true},
			{store.MemberRetry, "", run(vip, func(r *model.Run) { r.ParentRunID = &some }), true},
			{store.MemberChanged, "", run(model.Audience{Tags: []string{"old"}}, nil), true},
			{store.NotStarted, "", run(vip, func(r *model.Run) { r.Status, r.StartedAt = model.RunMissed, nil }), false},
			{store.NotYet, "", run(vip, func(r *model.Run) { r.Status, r.FinishedAt, r.Materialised = model.RunRunning, nil, false }), false},
			{store.NotReached, "", run(vip, func(r *model.Run) { r.Status, r.Materialised = model.RunCancelled, false }), false},
			{store.NotRetried, "", run(vip, func(r *model.Run) { r.ParentRunID = &some }), false},
			{store.NotAddressed, "", run(model.Audience{ClientIDs: []int64{other}, Tags: []string{"old"}}, nil), false},
			{store.ExcludedNamed, "", run(model.Audience{All: true, ExcludeClientIDs: []int64{client}}, nil), false},
			{store.ExcludedTag, "new", run(model.Audience{All: true, ExcludeTags: []string{"old", "new"}}, nil), false},
			{store.JoinedLater, "", run(vip, nil), false},
		} {
			if x.delivered {
				deliver(x.run)
			}
			got, err := w.Why(ctx, viewerOf(w.anna), x.run, client)
			require.NoError(t, err)
			require.Equal(t, x.want, got.Membership)
			require.Equal(t, x.tag, got.Tag, x.want)
			require.Equal(t, x.delivered, got.Delivery != nil, x.want)
			require.False(t, got.Deleted)
			require.Nil(t, got.Suppression)
			_, err = w.Why(ctx, viewerOf(w.boris), x.run, client)
			require.True(t, model.IsKind(err, model.NotFound), "not the viewer's")
			_, err = w.Why(ctx, viewerOf(w.anna), x.run, foreign)
			require.True(t, model.IsKind(err, model.NotFound), "not the owner's client")
			_, err = w.Why(ctx, manager(w.boris), x.run, client)
			require.NoError(t, err)
		}

		// What stands of a client that is gone is its delivery.
		deliver(some)
		require.NoError(t, w.Suppress(ctx, &model.Suppression{OwnerID: w.anna.ID, Email: "client@example.org", Reason: model.Bounced}))
		require.NoError(t, w.Exec("DELETE FROM client_tags WHERE client_id = ?", client))
		require.NoError(t, w.Exec("DELETE FROM clients WHERE id = ?", client))
		got := must(w.Why(ctx, viewerOf(w.anna), some, client))(t)
		require.True(t, got.Deleted)
		require.Equal(t, store.MemberChanged, got.Membership)
		require.Equal(t, model.Bounced, got.Suppression.Reason)
	})
}

func TestWhyTellsEveryAttemptInOrder(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		run := w.run(t, w.anna, model.RunRunning, w.start, 0)
		rows := w.fill(t, run, true, model.Failed, model.Sent, model.Skipped)
		got := must(w.Why(context.Background(), viewerOf(w.anna), run.ID, rows[0].ClientID))(t)
		require.Len(t, got.Attempts, 2)
		require.Equal(t, []model.Outcome{model.OutcomeDeferred, model.OutcomeFailed}, []model.Outcome{got.Attempts[0].Outcome, got.Attempts[1].Outcome})
		require.Equal(t, rows[0].Email, got.Attempts[0].Email)
		require.Empty(t, must(w.Why(context.Background(), viewerOf(w.anna), run.ID, rows[2].ClientID))(t).Attempts)
	})
}

func TestRowsOfAReasonAreThoseItCounts(t *testing.T) {
	t.Parallel()
	onBothDialects(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		run := w.run(t, w.anna, model.RunFinished, w.start, time.Second)
		w.fill(t, run, false, model.Sent, model.Failed, model.Failed, model.InDoubt, model.Skipped, model.Deferred, model.Failed)
		reasons := must(w.Reasons(ctx, viewerOf(w.anna), run.ID))(t)
		require.Len(t, reasons, 4)
		for _, r := range reasons {
			f := store.DeliveryFilter{State: r.State, Code: &r.Code, Enhanced: r.Enhanced, Answer: r.Text}
			require.Len(t, walk(t, w, run.ID, f, 50), int(r.Count), "%+v", r)
		}
		none := 250
		require.Empty(t, walk(t, w, run.ID, store.DeliveryFilter{State: model.Failed, Code: &none}, 50))
	})
}

func must[T any](got T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		require.NoError(t, err)
		return got
	}
}
