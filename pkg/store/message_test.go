package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func TestMessages(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx := context.Background()
		owner := testkit.User(t, st)
		v, other, boss := owner.Viewer(), testkit.User(t, st).Viewer(), testkit.Manager(t, st).Viewer()
		m := &model.Message{ID: 9, OwnerID: 8, Version: 7, Name: "Осень", Subject: "Скидки 100%", HTML: "<p>", Text: "t"}
		require.NoError(t, st.CreateMessage(ctx, v, m))
		got, err := st.Message(ctx, v, m.ID)
		require.NoError(t, err)
		require.Equal(t, m, got)
		require.Equal(t, int64(1), got.Version)
		require.Equal(t, v.UserID, got.OwnerID)

		for q, n := range map[string]int{"осень": 1, "СКИДКИ": 1, "%": 1, "_": 0} {
			list, err := st.Messages(ctx, v, store.MessageFilter{Q: q}, store.Page{WithTotal: true})
			require.NoError(t, err)
			require.Len(t, list.Items, n, q)
			require.Equal(t, int64(n), *list.Total)
		}
		_, err = st.Message(ctx, other, m.ID)
		requireKind(t, err, model.NotFound)
		seen, err := st.Message(ctx, boss, m.ID)
		require.NoError(t, err)
		require.Equal(t, owner.Email, seen.OwnerEmail)
		requireKind(t, updateMessage(st, boss, seen, 1), model.Forbidden)
		requireKind(t, updateMessage(st, other, seen, 1), model.NotFound)
		requireKind(t, st.DeleteMessage(ctx, boss, m.ID, nil), model.Forbidden)

		got.Subject, got.HTML = "new", ""
		require.NoError(t, updateMessage(st, v, got, 1))
		requireKind(t, updateMessage(st, v, got, 1), model.PreconditionFailed)
		again, err := st.Message(ctx, v, m.ID)
		require.NoError(t, err)
		require.Equal(t, got, again)
		list, err := st.Messages(ctx, v, store.MessageFilter{Q: "new"}, store.Page{})
		require.NoError(t, err)
		require.Len(t, list.Items, 1)
	})
}

// updateMessage keeps a message that was changed before, if it still has that
// version.
func updateMessage(st *store.Store, v model.Viewer, m *model.Message, version int64) error {
	kept, err := st.ChangeMessage(context.Background(), v, m.ID, model.IfMatch{version}, func(row *model.Message) error {
		*row = *m
		return nil
	})
	if err == nil {
		*m = *kept
	}
	return err
}

func TestMessagesInUseStay(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		ctx, v := context.Background(), testkit.User(t, st).Viewer()
		m := &model.Message{Name: "n", Subject: "s", Text: "t"}
		require.NoError(t, st.CreateMessage(ctx, v, m))
		mailing := &model.Mailing{OwnerID: v.UserID, MessageID: &m.ID, Name: "n", Timezone: "UTC", LatePolicy: model.LateSend, InDoubtPolicy: model.HoldInDoubt, Status: model.MailingDraft}
		require.NoError(t, st.Put(mailing))
		for _, status := range []model.MailingStatus{model.MailingDraft, model.MailingScheduled, model.MailingRunning, model.MailingPausing, model.MailingPaused, model.MailingCancelling} {
			require.NoError(t, st.Exec("UPDATE mailings SET status = ?", status))
			err := st.DeleteMessage(ctx, v, m.ID, nil)
			requireKind(t, err, model.Conflict)
			require.ErrorContains(t, err, ": “n”")
		}
		require.NoError(t, st.Exec("UPDATE mailings SET status = 'finished'"))
		requireKind(t, st.DeleteMessage(ctx, v, m.ID, model.IfMatch{3}), model.PreconditionFailed)
		require.NoError(t, st.DeleteMessage(ctx, v, m.ID, nil))
		kept, err := st.Mailing(ctx, v, mailing.ID)
		require.NoError(t, err)
		require.Nil(t, kept.MessageID)
	})
}
