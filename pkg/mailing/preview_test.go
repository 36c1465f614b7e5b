package mailing_test

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"testing"

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
		require.NoError(t, h.service.TestMailing(ctx, v, m.ID, address(1), &first.Items[0].ID))
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

		requireField(t, h.service.TestMessage(ctx, v, h.message.ID, "", &id), "client_id", "suppressed")
		requireField(t, h.service.TestMailing(ctx, v, m.ID, strings.ToUpper(address(0)), nil), "to", "suppressed")
		requireField(t, h.service.TestMessage(ctx, v, h.message.ID, "", nil), "to", "suppressed")
		due, err := st.DueSystemMails(ctx, 10)
		require.NoError(t, err)
		require.Empty(t, due, "nothing is sent")
		require.NoError(t, h.service.TestMessage(ctx, v, h.message.ID, address(1), &id), "nothing goes to the client it is rendered for")
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
