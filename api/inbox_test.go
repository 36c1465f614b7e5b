package api_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
	"github.com/postrider/postrider/pkg/mailbox"
)

func capture(t *testing.T, to, feedback, subject string, box *mailbox.Mailbox) {
	t.Helper()
	mail := "From: postrider@localhost\r\nTo: " + to + "\r\nSubject: " + subject + "\r\nFeedback-ID: " + feedback + "\r\n\r\nHello\r\n"
	c, err := gosmtp.Dial(box.Addr())
	require.NoError(t, err)
	require.NoError(t, c.SendMail("postrider@localhost", []string{to}, strings.NewReader(mail)))
	require.NoError(t, c.Quit())
}

func TestInbox(t *testing.T) {
	t.Parallel()
	box, err := mailbox.Open(t.TempDir(), mailbox.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, box.Close()) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	box.Serve(l)

	h := one(t, func(d *api.Deps) { d.Inbox = box })
	anna, boris, root := h.user(t), h.user(t), h.superuser(t)
	mine := func(c *caller, run int) string { return fmt.Sprintf("r%d:u%d:mailing:postrider", run, c.user.ID) }
	for i := range 5 {
		capture(t, fmt.Sprintf("a%d@example.com", i), mine(anna, 1), "=?utf-8?q?=D0=9F=D1=80=D0=B8=D0=B2=D0=B5=D1=82?=", box)
		capture(t, fmt.Sprintf("b%d@example.com", i), mine(boris, 2), "Hi", box)
	}
	capture(t, "odd@example.com", fmt.Sprintf("x:u%d", anna.user.ID), "odd", box)
	capture(t, "test@example.com", fmt.Sprintf("t0:u%d:test:postrider", anna.user.ID), "a test", box)

	page := anna.list(t, "/inbox?limit=4&with_total=true")
	require.Equal(t, []any{"test@example.com", "a4@example.com", "a3@example.com", "a2@example.com"}, values(page.Items, "to"))
	require.Equal(t, int64(6), *page.Total)
	capture(t, "late@example.com", mine(anna, 1), "Hi", box)
	rest := anna.list(t, "/inbox?limit=4&cursor="+*page.NextCursor)
	require.Equal(t, []any{"a1@example.com", "a0@example.com"}, values(rest.Items, "to"))
	require.Nil(t, rest.NextCursor)
	require.Len(t, root.list(t, "/inbox").Items, 13)
	require.Empty(t, h.manager(t).list(t, "/inbox").Items)
	require.Equal(t, []any{"a1@example.com"}, values(anna.list(t, "/inbox?to=A1@").Items, "to"))
	require.Len(t, anna.list(t, "/inbox?q=%D0%9F%D0%A0%D0%98").Items, 5) // ПРИ
	require.Len(t, root.list(t, "/inbox?q=hi&to=b").Items, 5)

	got := anna.do(t, "GET", fmt.Sprintf("/inbox/%v", page.Items[1]["id"]), nil).require(t, 200).object(t)
	require.Equal(t, "Привет", got["subject"])
	require.Contains(t, got["source"], "Feedback-ID: r1:")
	require.Contains(t, got["text"], "Hello")
	require.Contains(t, fmt.Sprint(got["headers"]), "Привет")
	boris.do(t, "GET", fmt.Sprintf("/inbox/%v", page.Items[1]["id"]), nil).problem(t, 404, "not_found")
	anna.do(t, "GET", "/inbox/999", nil).problem(t, 404, "not_found")
	anna.do(t, "GET", "/inbox?cursor=x&sort=to&what=1", nil).fields(t, "cursor", "sort", "what")
	h.anonymous().do(t, "GET", "/inbox", nil).problem(t, 401, "unauthenticated")

	without := one(t).user(t)
	without.do(t, "GET", "/inbox", nil).problem(t, 404, "not_found")
	without.do(t, "GET", "/inbox/1", nil).problem(t, 404, "not_found")
}
