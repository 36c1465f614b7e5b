package mailing_test

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func requireField(t *testing.T, err error, field, code string) {
	t.Helper()
	var e *model.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, model.Invalid, e.Kind)
	require.Len(t, e.Fields, 1)
	require.Equal(t, []string{field, code}, []string{e.Fields[0].Field, e.Fields[0].Code})
}

func TestATestMailIsLikeTheMailItStandsFor(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 2)
		ctx, v := context.Background(), h.user.Viewer()
		h.message = &model.Message{Name: "Text", Subject: "{{ client.full_name }} from {{ sender.name }} {{ sender.email }}", Text: "Bye: {{ unsubscribe_url }}"}
		require.NoError(t, st.CreateMessage(ctx, v, h.message))
		out := newFake(nil)
		h.engine(out)
		first, err := st.Clients(ctx, v, store.ClientFilter{Q: address(0)}, store.Page{})
		require.NoError(t, err)
		m := h.create(func(in *mailing.Input) { in.FromName, in.FromEmail = "Shop", "shop@localhost" })
		h.until(m.ID, model.MailingFinished)

		// as the first client, to the second
		_, err = h.service.TestMailing(ctx, v, m.ID, address(1), &first.Items[0].ID)
		require.NoError(t, err)
		out.wait(3)
		mails := out.mails[address(1)]
		require.Len(t, mails, 2)
		real, test := read(t, mails[0]), read(t, mails[1])
		require.Equal(t, "Client <0> from Shop shop@localhost", test.Header.Get("Subject"))
		require.Equal(t, "Client <1> from Shop shop@localhost", real.Header.Get("Subject"))
		for name := range real.Header {
			require.NotEmpty(t, test.Header.Get(name), name)
		}
		require.Equal(t, fmt.Sprintf("<test.u%d.localhost>", h.user.ID), test.Header.Get("List-ID"))
		require.Equal(t, "List-Unsubscribe=One-Click", test.Header.Get("List-Unsubscribe-Post"))
		for _, data := range mails {
			require.Contains(t, data, "Content-Type: multipart/alternative")
			require.Contains(t, data, "Content-Type: text/plain")
			require.Contains(t, data, "Content-Type: text/html")
		}

		link := strings.Trim(test.Header.Get("List-Unsubscribe"), "<>")
		require.Contains(t, mails[1], "Bye: "+link, "the link of the body is the one of the header")
		token := strings.TrimPrefix(link, "http://localhost:8080/u/")
		about, err := h.service.Unsubscription(ctx, token)
		require.NoError(t, err)
		require.Equal(t, &mailing.Unsubscription{Test: true}, about)
		require.NoError(t, h.service.Unsubscribe(ctx, token))
		require.NoError(t, h.service.Unsubscribe(ctx, token))
		gone, err := st.Suppressions(ctx, v, store.SuppressionFilter{}, store.Page{})
		require.NoError(t, err)
		require.Empty(t, gone.Items)
		forged := token[:5] + map[bool]string{true: "B", false: "A"}[token[5] == 'A'] + token[6:]
		require.True(t, model.IsKind(h.service.Unsubscribe(ctx, forged), model.NotFound))
	})
}

func read(t *testing.T, data string) *mail.Message {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	require.NoError(t, err)
	return m
}

func TestATestMailSparesTheSuppressed(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 2)
		ctx, v := context.Background(), h.user.Viewer()
		list, err := st.Clients(ctx, v, store.ClientFilter{Q: address(0)}, store.Page{})
		require.NoError(t, err)
		id := list.Items[0].ID
		m := h.create()
		require.NoError(t, st.Suppress(ctx, &model.Suppression{OwnerID: h.user.ID, Email: address(0), Reason: model.Complained}))
		require.NoError(t, st.Suppress(ctx, &model.Suppression{OwnerID: h.user.ID, Email: h.user.Email, Reason: model.Blocked}))
		require.NoError(t, st.Suppress(ctx, &model.Suppression{OwnerID: testkit.User(t, st).ID, Email: address(1), Reason: model.Blocked}))

		_, err = h.service.TestMessage(ctx, v, h.message.ID, "", &id)
		requireField(t, err, "client_id", "suppressed")
		_, err = h.service.TestMailing(ctx, v, m.ID, strings.ToUpper(address(0)), nil)
		requireField(t, err, "to", "suppressed")
		_, err = h.service.TestMessage(ctx, v, h.message.ID, "", nil)
		requireField(t, err, "to", "suppressed")
		due, err := st.DueSystemMails(ctx, 10)
		require.NoError(t, err)
		require.Empty(t, due, "nothing is sent")
		_, err = h.service.TestMessage(ctx, v, h.message.ID, address(1), &id)
		require.NoError(t, err, "nothing goes to the client it is rendered for")
	})
}

func TestTheSenderOfAPreview(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 0)
		ctx, v := context.Background(), h.user.Viewer()
		m := &model.Message{Name: "Text", Subject: "{{ sender.name }} {{ sender.email }} {{ mailing.name }}", Text: "{{ unsubscribe_url }}"}
		require.NoError(t, st.CreateMessage(ctx, v, m))
		p, err := h.service.Preview(ctx, v, m.ID, nil, nil)
		require.NoError(t, err)
		name := h.user.FullName
		if name == "" {
			name = "Postrider"
		}
		require.Equal(t, name+" "+h.user.Email+" Text", p.Subject)
		require.Contains(t, p.HTML, `<a href="`+p.Text+`">`)
		about, err := h.service.Unsubscription(ctx, strings.TrimPrefix(p.Text, "http://localhost:8080/u/"))
		require.NoError(t, err)
		require.True(t, about.Test)

		// the links of mails that were sent outlive an exchange of the key
		key := []byte("another key of thirty-two bytes!")
		for former, counts := range map[string]bool{"0123456789abcdef0123456789abcdef": true, "0123456789abcdef0123456789abcdeX": false} {
			exchanged := mailing.New(st, nil, mailing.Options{LinkKey: key, FormerLinkKeys: [][]byte{[]byte(former)}})
			_, err = exchanged.Unsubscription(ctx, strings.TrimPrefix(p.Text, "http://localhost:8080/u/"))
			require.Equal(t, counts, err == nil, "%v", err)
		}
	})
}

// told waits until a test mail is as its sender should see it.
func (h *house) told(id int64, is func(*model.SystemMail) bool) *model.SystemMail {
	h.t.Helper()
	var m *model.SystemMail
	require.Eventually(h.t, func() bool {
		var err error
		m, err = h.store.TestMail(context.Background(), h.user.Viewer(), id)
		return err == nil && is(m)
	}, time.Minute, 10*time.Millisecond)
	return m
}

func TestATestMailKeepsWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, st *store.Store) {
		h := newHouse(t, st, 0)
		send := func() int64 {
			id, err := h.service.TestMessage(context.Background(), h.user.Viewer(), h.message.ID, "", nil)
			require.NoError(t, err)
			return id
		}
		waits := send()
		stop := h.engineBy(mailing.Ways{})
		m := h.told(waits, func(m *model.SystemMail) bool { return m.WaitsFor != "" })
		require.Equal(t, []any{model.ReasonNoTransport, 0}, []any{m.WaitsFor, m.Attempts})
		stop()

		stop = h.engine(newFake(nil))
		m = h.told(waits, func(m *model.SystemMail) bool { return m.SentAt != nil })
		require.Equal(t, []any{"", 250, "2.0.0", "queued"}, []any{m.WaitsFor, m.Code, m.Enhanced, m.LastAnswer})
		stop()

		stop = h.engine(newFake(func(*mailing.Mail, func() error) mailing.Result {
			return mailing.Result{Outcome: model.OutcomeFailed, Class: mailing.ClassRecipient, Phase: model.PhaseRcpt, Code: 550, Enhanced: "5.1.1", Response: "No such mailbox"}
		}))
		m = h.told(send(), func(m *model.SystemMail) bool { return m.FailedAt != nil })
		require.Equal(t, []any{550, "5.1.1", "No such mailbox"}, []any{m.Code, m.Enhanced, m.LastAnswer})
		stop()

		// the first is tried, and lets the server rest; the next waits for its rest
		away := newFake(func(*mailing.Mail, func() error) mailing.Result { return trouble(mailing.ClassAuth, model.PhaseAuth) })
		away.probe = func() *mailing.Result { r := trouble(mailing.ClassAuth, model.PhaseAuth); return &r }
		h.engine(away)
		m = h.told(send(), func(m *model.SystemMail) bool { return m.LastAnswer != "" })
		require.Equal(t, []any{0, "no", true}, []any{m.Code, m.LastAnswer, m.NextAt.After(m.CreatedAt)})
		m = h.told(send(), func(m *model.SystemMail) bool { return m.WaitsFor != "" })
		require.Equal(t, []any{model.ReasonSMTPAuth, 0}, []any{m.WaitsFor, m.Attempts})
	})
}
