package api

import (
	"cmp"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
)

// messageRequest is what a person may set of a message.
type messageRequest struct {
	Name    string `json:"name" validate:"required" example:"Autumn sale"`
	Subject string `json:"subject" validate:"required" example:"Hello {{ client.full_name }}"`
	HTML    string `json:"html" example:"<p>Hello {{ client.full_name }}</p>"`
	Text    string `json:"text" example:"Hello {{ client.full_name }}"`
} //	@name	MessageRequest

type message struct {
	ID         int64     `json:"id" validate:"required" example:"4"`
	OwnerID    int64     `json:"owner_id" validate:"required" example:"3"`
	OwnerEmail string    `json:"owner_email,omitempty" example:"ursula@example.com"`
	Name       string    `json:"name" validate:"required" example:"Autumn sale"`
	Subject    string    `json:"subject" validate:"required" example:"Hello {{ client.full_name }}"`
	HTML       string    `json:"html" validate:"required" example:"<p>Hello {{ client.full_name }}</p>"`
	Text       string    `json:"text" validate:"required" example:"Hello {{ client.full_name }}"`
	CreatedAt  time.Time `json:"created_at" validate:"required" example:"2026-12-01T07:00:05Z"`
	UpdatedAt  time.Time `json:"updated_at" validate:"required" example:"2026-12-01T07:00:05Z"`
} //	@name	Message

func messageOf(m *model.Message) message {
	return message{
		ID: m.ID, OwnerID: m.OwnerID, OwnerEmail: m.OwnerEmail, Name: m.Name, Subject: m.Subject, HTML: m.HTML, Text: m.Text,
		CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
}

func (in *messageRequest) apply(m *model.Message) {
	m.Name, m.Subject, m.HTML, m.Text = in.Name, in.Subject, in.HTML, in.Text
}

// messages lists messages.
//
//	@Summary		List messages
//	@Description	Newest first. Holders of messages.view_all see everyone's. With `Accept: text/csv` the whole list comes as CSV.
//	@Tags			messages
//	@Security		Bearer
//	@Produce		json,text/csv
//	@Param			q			query		string	false	"somewhere in the name or the subject, in any case"
//	@Param			owner_id	query		int		false	"owner; for holders of messages.view_all"
//	@Param			limit		query		int		false	"1 to 200"	default(50)
//	@Param			cursor		query		string	false	"next_cursor of the page before"
//	@Param			sort		query		string	false	"order"	Enums(id, -id, name, -name, subject, -subject, created_at, -created_at, updated_at, -updated_at)
//	@Param			with_total	query		bool	false	"count all"
//	@Success		200			{object}	list[message]
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem	"by an API key without the scope"
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/messages [get]
func (s *Server) messages(c echo.Context) error {
	q := queryOf(c, pageNames("q", "owner_id")...)
	f := store.MessageFilter{Q: q.text("q"), OwnerID: q.id("owner_id")}
	p := q.page()
	pages := func(p store.Page) (store.List[model.Message], error) {
		return s.Store.Messages(c.Request().Context(), viewerOf(c), f, p)
	}
	if wantsCSV(c) {
		return writeCSV(s, c, "messages", messageColumns, pages, p, messageCells)
	}
	page, err := pages(p)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(page, messageOf))
}

var messageColumns = []string{"id", "owner_id", "name", "subject", "html", "text", "created_at", "updated_at"}

func messageCells(m *model.Message) []string {
	return []string{number(m.ID), number(m.OwnerID), m.Name, m.Subject, m.HTML, m.Text, moment(&m.CreatedAt), moment(&m.UpdatedAt)}
}

// createMessage makes a message.
//
//	@Summary		Create a message
//	@Description	An HTML or a text body is needed. Placeholders are Liquid: client.email, client.full_name, client.locale, client.attributes.X, mailing.name, sender.name, sender.email, unsubscribe_url.
//	@Description	A body that does not parse, or could run without bound, is a 422 on its field.
//	@Tags			messages
//	@Security		Bearer
//	@Param			message			body		messageRequest	true	"the message"
//	@Param			Idempotency-Key	header		string			false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success		201				{object}	message
//	@Header			201				{string}	ETag		"version"
//	@Header			201				{string}	Location	"where it is"
//	@Failure		400				{object}	problem
//	@Failure		401				{object}	problem
//	@Failure		403				{object}	problem	"by an API key without the scope"
//	@Failure		409				{object}	problem
//	@Failure		413				{object}	problem
//	@Failure		415				{object}	problem
//	@Failure		422				{object}	problem
//	@Failure		503				{object}	problem
//	@Router			/messages [post]
func (s *Server) createMessage(c echo.Context) error {
	if err := queryOf(c).err(); err != nil {
		return err
	}
	var in messageRequest
	var row model.Message
	if err := bindAnd(c, &in, func() error { in.apply(&row); return mailing.CheckMessage(&row) }); err != nil {
		return err
	}
	if err := s.Store.CreateMessage(c.Request().Context(), viewerOf(c), &row); err != nil {
		return err
	}
	return created(c, "/messages/", row.ID, row.Version, messageOf(&row))
}

// message shows a message.
//
//	@Summary	Show a message
//	@Tags		messages
//	@Security	Bearer
//	@Param		id	path		int	true	"id"
//	@Success	200	{object}	message
//	@Header		200	{string}	ETag	"version"
//	@Failure	401	{object}	problem
//	@Failure	403	{object}	problem	"by an API key without the scope"
//	@Failure	404	{object}	problem
//	@Failure	422	{object}	problem
//	@Failure	503	{object}	problem
//	@Router		/messages/{id} [get]
func (s *Server) message(c echo.Context) error {
	row, err := s.messageAt(c)
	if err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	setETag(c, row.Version)
	return c.JSON(http.StatusOK, messageOf(row))
}

func (s *Server) messageAt(c echo.Context) (*model.Message, error) {
	id, err := idOf(c, "id")
	if err != nil {
		return nil, err
	}
	return s.Store.Message(c.Request().Context(), viewerOf(c), id)
}

// updateMessage changes a message.
//
//	@Summary		Change a message
//	@Description	Fields left out stay. Runs that have started keep what they began with.
//	@Tags			messages
//	@Security		Bearer
//	@Param			id			path		int				true	"id"
//	@Param			If-Match	header		string			false	"the ETag that was read"
//	@Param			message		body		messageRequest	true	"what changes"
//	@Success		200			{object}	message
//	@Header			200			{string}	ETag	"version"
//	@Failure		400			{object}	problem
//	@Failure		401			{object}	problem
//	@Failure		403			{object}	problem
//	@Failure		404			{object}	problem
//	@Failure		412			{object}	problem
//	@Failure		413			{object}	problem
//	@Failure		415			{object}	problem
//	@Failure		422			{object}	problem
//	@Failure		503			{object}	problem
//	@Router			/messages/{id} [patch]
func (s *Server) updateMessage(c echo.Context) error {
	row, err := s.messageAt(c)
	if err != nil {
		return err
	}
	if err := mayChange(c, row.OwnerID); err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	row, err = s.Store.ChangeMessage(c.Request().Context(), viewerOf(c), row.ID, ifMatch(c), func(row *model.Message) error {
		in := messageRequest{Name: row.Name, Subject: row.Subject, HTML: row.HTML, Text: row.Text}
		return bindAnd(c, &in, func() error { in.apply(row); return mailing.CheckMessage(row) })
	})
	if err != nil {
		return err
	}
	setETag(c, row.Version)
	return c.JSON(http.StatusOK, messageOf(row))
}

// deleteMessage removes a message.
//
//	@Summary		Delete a message
//	@Description	A message that a mailing which has not ended uses stays (409).
//	@Tags			messages
//	@Security		Bearer
//	@Param			id			path	int		true	"id"
//	@Param			If-Match	header	string	false	"the ETag that was read"
//	@Success		204
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem
//	@Failure		404	{object}	problem
//	@Failure		409	{object}	problem
//	@Failure		412	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/messages/{id} [delete]
func (s *Server) deleteMessage(c echo.Context) error {
	id, err := idOf(c, "id")
	if err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	if err := s.Store.DeleteMessage(c.Request().Context(), viewerOf(c), id, ifMatch(c)); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// sampleClient is an invented client.
type sampleClient struct {
	Email      string         `json:"email" example:"anna@example.com"`
	FullName   string         `json:"full_name" example:"Anna Ivanova"`
	Locale     string         `json:"locale" example:"ru"`
	Attributes map[string]any `json:"attributes"`
} //	@name	SampleClient

// sampleRequest is an invented client, flat or as the placeholders name it.
type sampleRequest struct {
	sampleClient
	Client *sampleClient `json:"client" extensions:"x-nullable"`
} //	@name	Sample

// sample is what both forms say; what is under client goes before.
func (in *sampleRequest) sample() *mailing.Sample {
	out := mailing.Sample(in.sampleClient)
	if c := in.Client; c != nil {
		out.Email, out.FullName = cmp.Or(c.Email, out.Email), cmp.Or(c.FullName, out.FullName)
		out.Locale = cmp.Or(c.Locale, out.Locale)
		if c.Attributes != nil {
			out.Attributes = c.Attributes
		}
	}
	return &out
}

type previewRequest struct {
	ClientID *int64         `json:"client_id" extensions:"x-nullable" example:"17"`
	Sample   *sampleRequest `json:"sample" extensions:"x-nullable"`
} //	@name	PreviewRequest

type preview struct {
	Subject string   `json:"subject" validate:"required" example:"Hello Anna"`
	HTML    string   `json:"html" validate:"required" example:"<p>Hello Anna</p>"`
	Text    string   `json:"text" validate:"required" example:"Hello Anna"`
	Missing []string `json:"missing" validate:"required" example:"client.attributes.city"`
} //	@name	Preview

// previewMessage shows a message as somebody would get it.
//
//	@Summary		Preview a message
//	@Description	As a client, as an invented one (sample, or sample.client as the placeholders are written), or as nobody in particular; client_id and sample together are a 422. With client_id an API key also needs clients:read.
//	@Description	missing names the placeholders that came out empty. Both bodies are there, as in the mail: the one that was not written is made of the other. The link to unsubscribe does nothing. Nothing is sent.
//	@Tags			messages
//	@Security		Bearer
//	@Param			id	path		int				true	"id"
//	@Param			as	body		previewRequest	false	"as whom"
//	@Success		200	{object}	preview
//	@Failure		400	{object}	problem
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem	"by an API key without the scope"
//	@Failure		404	{object}	problem
//	@Failure		409	{object}	problem
//	@Failure		413	{object}	problem
//	@Failure		415	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/messages/{id}/preview [post]
func (s *Server) previewMessage(c echo.Context) error {
	row, err := s.messageAt(c)
	if err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	var in previewRequest
	if err := bind(c, &in); err != nil {
		return err
	}
	sample, err := in.as()
	if err != nil {
		return err
	}
	if err := in.mayRead(c); err != nil {
		return err
	}
	out, err := s.Mailings.Preview(c.Request().Context(), viewerOf(c), row.ID, in.ClientID, sample)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, previewOf(out))
}

// as is the invented client, nil without one.
func (in *previewRequest) as() (*mailing.Sample, error) {
	if in.ClientID != nil && in.Sample != nil {
		var bad model.Fields
		bad.Add("sample", "invalid", "give a client or a sample, not both")
		return nil, bad.Err()
	}
	if in.Sample == nil {
		return nil, nil
	}
	return in.Sample.sample(), nil
}

// mayRead refuses an API key that would see a client by way of a message.
func (in *previewRequest) mayRead(c echo.Context) error {
	if in.ClientID == nil {
		return nil
	}
	return carries(c, model.ClientsRead)
}

func previewOf(p *mailing.Preview) preview {
	out := preview{Subject: p.Subject, HTML: p.HTML, Text: p.Text, Missing: p.Missing}
	if out.Missing == nil {
		out.Missing = []string{}
	}
	return out
}

type draftPreviewRequest struct {
	previewRequest
	Name    string `json:"name" example:"Autumn sale"`
	Subject string `json:"subject" example:"Hello {{ client.full_name }}"`
	HTML    string `json:"html" example:"<p>Hello {{ client.full_name }}</p>"`
	Text    string `json:"text" example:"Hello {{ client.full_name }}"`
} //	@name	DraftPreviewRequest

// previewDraft shows a message that is still being written.
//
//	@Summary		Preview an unsaved message
//	@Description	Like the preview of a message, of what the body says; oneself is its owner. Everything may be missing; what could not be sent to anybody is a 422 with code invalid_template on its field. Nothing is kept.
//	@Tags			messages
//	@Security		Bearer
//	@Param			message	body		draftPreviewRequest	true	"the message, and as whom"
//	@Success		200		{object}	preview
//	@Failure		400		{object}	problem
//	@Failure		401		{object}	problem
//	@Failure		403		{object}	problem	"by an API key without the scope"
//	@Failure		409		{object}	problem
//	@Failure		413		{object}	problem
//	@Failure		415		{object}	problem
//	@Failure		422		{object}	problem
//	@Failure		503		{object}	problem
//	@Router			/messages/preview [post]
func (s *Server) previewDraft(c echo.Context) error {
	if err := queryOf(c).err(); err != nil {
		return err
	}
	var in draftPreviewRequest
	if err := bind(c, &in); err != nil {
		return err
	}
	sample, err := in.as()
	if err != nil {
		return err
	}
	msg := &model.Message{Name: in.Name, Subject: in.Subject, HTML: in.HTML, Text: in.Text}
	if err := in.mayRead(c); err != nil {
		return err
	}
	out, err := s.Mailings.PreviewDraft(c.Request().Context(), viewerOf(c), msg, in.ClientID, sample)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, previewOf(out))
}

type testRequest struct {
	To       string `json:"to" example:"me@example.com"`
	ClientID *int64 `json:"client_id" extensions:"x-nullable" example:"17"`
} //	@name	TestRequest

// testMessage mails a message to oneself.
//
//	@Summary		Send a test mail
//	@Description	To oneself, or to one of one's own clients. It appears in no report, and its link to unsubscribe does nothing.
//	@Description	With client_id it is rendered as that client gets it; with to it goes there, whoever it is rendered for. An address that is suppressed is a 422 with code suppressed.
//	@Description	GET /test-mails/{id} tells what becomes of it.
//	@Tags			messages
//	@Security		Bearer
//	@Param			id				path	int			true	"id"
//	@Param			to				body	testRequest	false	"to whom, and as whom"
//	@Param			Idempotency-Key	header	string		false	"makes a repeat within 24 hours answer the same and make nothing more"	maxlength(255)
//	@Success		202	{object}	testSent
//	@Failure		400	{object}	problem
//	@Failure		401	{object}	problem
//	@Failure		403	{object}	problem
//	@Failure		404	{object}	problem
//	@Failure		409	{object}	problem
//	@Failure		413	{object}	problem
//	@Failure		415	{object}	problem
//	@Failure		422	{object}	problem
//	@Failure		503	{object}	problem
//	@Router			/messages/{id}/test [post]
func (s *Server) testMessage(c echo.Context) error {
	row, err := s.messageAt(c)
	if err != nil {
		return err
	}
	if err := mayChange(c, row.OwnerID); err != nil {
		return err
	}
	if err := queryOf(c).err(); err != nil {
		return err
	}
	var in testRequest
	if err := bind(c, &in); err != nil {
		return err
	}
	id, err := s.Mailings.TestMessage(c.Request().Context(), viewerOf(c), row.ID, in.To, in.ClientID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, testSent{ID: id})
}
