package api_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// makeTest has a test of a message sent.
func makeTest(t *testing.T, owner *caller) int64 {
	return owner.do(t, "POST", fmt.Sprintf("/messages/%d/test", makeMessage(t, owner)), fields{}).require(t, 202).id(t)
}

func TestWhoSendsATestIsToldWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h *harness) {
		ctx, anna := context.Background(), h.user(t)
		id := makeTest(t, anna)
		path := fmt.Sprintf("/test-mails/%d", id)
		told := func(want fields) {
			t.Helper()
			got := anna.do(t, "GET", path, nil).require(t, 200).object(t)
			require.Equal(t, anna.user.Email, got["to"])
			require.NotEmpty(t, got["created_at"])
			delete(got, "created_at")
			delete(got, "to")
			require.Equal(t, want, got)
		}
		base := func(more fields) fields {
			out := fields{
				"id": float64(id), "state": "waiting", "reason": "", "attempts": 0.0, "code": 0.0, "enhanced": "", "response": "",
				"next_at": nil, "ended_at": nil,
			}
			for k, v := range more {
				out[k] = v
			}
			return out
		}
		told(base(fields{"reason": "no_worker"}))
		require.NoError(t, h.store.Beat(ctx, store.Worker{ID: "w1", Host: "mail1", PID: 7}))
		told(base(nil))
		require.NoError(t, h.store.HoldSystemMail(ctx, id, model.ReasonTransportDown))
		told(base(fields{"reason": "transport_down"}))

		m, err := h.store.TakeSystemMail(ctx, id)
		require.NoError(t, err)
		told(base(fields{"attempts": 1.0}))
		at := time.Now().UTC().Add(-time.Second).Truncate(time.Millisecond)
		m.NextAt, m.LastAnswer, m.Code, m.Enhanced = at, "Try later", 451, "4.7.1"
		require.NoError(t, h.store.SettleSystemMail(ctx, m))
		told(base(fields{
			"attempts": 1.0, "code": 451.0, "enhanced": "4.7.1", "response": "Try later", "next_at": at.Format(time.RFC3339Nano),
		}))

		m, err = h.store.TakeSystemMail(ctx, id)
		require.NoError(t, err)
		m.FailedAt, m.LastAnswer, m.Code, m.Enhanced = &at, "No such mailbox", 550, "5.1.1"
		require.NoError(t, h.store.SettleSystemMail(ctx, m))
		refused := base(fields{
			"state": "failed", "attempts": 2.0, "code": 550.0, "enhanced": "5.1.1", "response": "No such mailbox", "ended_at": at.Format(time.RFC3339Nano),
		})
		told(refused)
		require.NoError(t, h.store.HoldSystemMail(ctx, id, model.ReasonTransportDown))
		told(refused) // what has ended waits for nothing

		m, err = h.store.TestMail(ctx, anna.user.Viewer(), makeTest(t, anna))
		require.NoError(t, err)
		id, path = m.ID, fmt.Sprintf("/test-mails/%d", m.ID)
		m.SentAt, m.LastAnswer, m.Code, m.Enhanced = &at, "Queued as 4F", 250, "2.0.0"
		require.NoError(t, h.store.SettleSystemMail(ctx, m))
		told(base(fields{"state": "sent", "code": 250.0, "enhanced": "2.0.0", "response": "Queued as 4F", "ended_at": at.Format(time.RFC3339Nano)}))

		// by a program as by a person, and by nobody else
		anna.key(t, model.MailingsSend).do(t, "GET", path, nil).require(t, 200)
		anna.key(t, model.MessagesRead).do(t, "GET", path, nil).problem(t, 403, "forbidden")
		for _, other := range []*caller{h.user(t), h.manager(t), h.superuser(t)} {
			other.do(t, "GET", path, nil).problem(t, 404, "not_found")
		}
		anna.do(t, "GET", path+"?x=1", nil).fields(t, "x")
		letter := &model.SystemMail{OwnerID: &anna.user.ID, Kind: model.MailPasswordChanged, ToEmail: "a@example.com"}
		require.NoError(t, h.store.CreateSystemMail(ctx, letter))
		anna.do(t, "GET", fmt.Sprintf("/test-mails/%d", letter.ID), nil).problem(t, 404, "not_found")
	})
}
