package api

import (
	"encoding/base64"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/mailbox"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

type capturedMail struct {
	ID         int64     `json:"id" validate:"required" example:"8"`
	From       string    `json:"from" validate:"required" example:"postrider@localhost"`
	To         string    `json:"to" validate:"required" example:"anna@example.com"`
	Subject    string    `json:"subject" validate:"required" example:"Hello Anna"`
	ReceivedAt time.Time `json:"received_at" validate:"required" example:"2026-12-01T07:00:05Z"`
	Size       int64     `json:"size" validate:"required" example:"2143"`
} //	@name	CapturedMail

type mailHeader struct {
	Name  string `json:"name" validate:"required" example:"Subject"`
	Value string `json:"value" validate:"required" example:"Hello Anna"`
} //	@name	MailHeader

type capturedContent struct {
	capturedMail
	Headers []mailHeader `json:"headers" validate:"required"`
	HTML    string       `json:"html" validate:"required"`
	Text    string       `json:"text" validate:"required"`
	Source  string       `json:"source" validate:"required"`
} //	@name	CapturedMailContent

func capturedOf(e *mailbox.Entry) capturedMail {
	return capturedMail{ID: e.ID, From: e.From, To: e.To, Subject: e.Subject, ReceivedAt: e.ReceivedAt.UTC(), Size: e.Size}
}

// seesMail reports whether a captured mail belongs to the viewer. The second
// part of the Feedback-ID of every mail that is ours names the owner.
func seesMail(v model.Viewer, e *mailbox.Entry) bool {
	if v.Superuser {
		return true
	}
	parts := strings.Split(e.FeedbackID, ":")
	return len(parts) == 4 && parts[3] == "postrider" && parts[1] == "u"+strconv.FormatInt(v.UserID, 10)
}

// inbox lists the captured mails.
//
//	@Summary		List captured mails
//	@Description	Embedded mode only, else 404. Newest first; superusers see all, others those of their own runs and tests.
//	@Tags			inbox
//	@Security		Bearer
//	@Param			q			query		string	false	"somewhere in the addresses or the subject, in any case"
//	@Param			to			query		string	false	"part of the recipient's address"
//	@Param			limit		query		int		false	"1 to 200"	default(50)
//	@Param			cursor		query		string	false	"next_cursor of the page before"
//	@Param			sort		query		string	false	"order"	Enums(-id)
//	@Param			with_total	query		bool	false	"count all"
//	@Success		200			{object}	list[capturedMail]
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem	"by an API key without the scope"
//	@Failure		404			{object}	problem
//	@Failure		422			{object}	problem
//	@Router			/inbox [get]
func (s *Server) inbox(c echo.Context) error {
	if s.Inbox == nil {
		return notFound()
	}
	q := queryOf(c, pageNames("q", "to")...)
	words, to, p := strings.ToLower(q.text("q")), strings.ToLower(q.text("to")), q.page()
	oneOf(q, "sort", []string{"-id"})
	before := mailBefore(q, p.Cursor)
	if err := q.err(); err != nil {
		return err
	}
	v := viewerOf(c)
	wanted := func(e mailbox.Entry) bool {
		return seesMail(v, &e) &&
			strings.Contains(strings.ToLower(e.To), to) &&
			(words == "" || strings.Contains(strings.ToLower(e.From+"\n"+e.To+"\n"+e.Subject), words))
	}
	page := store.List[mailbox.Entry]{Items: s.Inbox.List(wanted, before, p.Limit+1)}
	if len(page.Items) > p.Limit {
		page.Items = page.Items[:p.Limit]
		page.Next = base64.RawURLEncoding.EncodeToString([]byte(mailCursor + strconv.FormatInt(page.Items[p.Limit-1].ID, 10)))
	}
	if p.WithTotal {
		n := int64(len(s.Inbox.List(wanted, 0, math.MaxInt)))
		page.Total = &n
	}
	return c.JSON(http.StatusOK, listOf(page, capturedOf))
}

const mailCursor = "inbox:"

// mailBefore reads a cursor, 0 without one.
func mailBefore(q *query, cursor string) int64 {
	if cursor == "" {
		return 0
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	text, ours := strings.CutPrefix(string(raw), mailCursor)
	id, bad := strconv.ParseInt(text, 10, 64)
	if err != nil || !ours || bad != nil || id < 1 {
		q.bad.Add("cursor", "invalid", "the cursor is broken or belongs to another list, filter or order")
	}
	return id
}

// inboxMail shows a captured mail.
//
//	@Summary		Show a captured mail
//	@Description	Embedded mode only, else 404. The HTML is as it was sent: show it in a sandboxed frame.
//	@Tags			inbox
//	@Security		Bearer
//	@Param			id	path		int	true	"id"
//	@Success		200	{object}	capturedContent
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem	"by an API key without the scope"
//	@Failure		404	{object}	problem
//	@Failure		422	{object}	problem
//	@Router			/inbox/{id} [get]
func (s *Server) inboxMail(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if s.Inbox == nil {
		return notFound()
	}
	e, mail, there := s.Inbox.Mail(id)
	if !there || !seesMail(viewerOf(c), &e) {
		return notFound()
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	out := capturedContent{capturedMail: capturedOf(&e), Headers: make([]mailHeader, len(mail.Headers)), HTML: mail.HTML, Text: mail.Text, Source: mail.Source}
	for i, h := range mail.Headers {
		out.Headers[i] = mailHeader(h)
	}
	return c.JSON(http.StatusOK, out)
}
