package mailing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/postrider/postrider/pkg/address"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/rfc5322"
	"github.com/postrider/postrider/pkg/template"
)

// Preview is a message as one client would get it.
type Preview struct {
	Subject string
	HTML    string
	Text    string
	Missing []string // placeholders that have no value for this client
}

// Sample is an invented client to preview with.
type Sample struct {
	Email      string
	FullName   string
	Locale     string
	Attributes map[string]any
}

// Preview renders a message the viewer sees with the sender's own renderer: as
// a client of the viewer, or as a sample, or as nobody in particular. A client
// that is unknown or not the viewer's is model.Invalid on client_id.
func (s *Service) Preview(ctx context.Context, v model.Viewer, messageID int64, clientID *int64, sample *Sample) (*Preview, error) {
	msg, err := s.store.Message(ctx, v, messageID)
	if err != nil {
		return nil, err
	}
	vars, err := s.sampleVars(ctx, v, clientID, sample)
	if err != nil {
		return nil, err
	}
	return s.preview(ctx, msg, msg.OwnerID, vars)
}

// PreviewDraft renders a message that is not kept anywhere, like Preview, with
// the viewer as its owner. Name, subject and bodies may still be missing; a
// source that could not be sent to anybody is model.Invalid on its field.
func (s *Service) PreviewDraft(ctx context.Context, v model.Viewer, msg *model.Message, clientID *int64, sample *Sample) (*Preview, error) {
	var bad model.Fields
	checkLine(&bad, "subject", msg.Subject, maxSubject)
	checkBodies(&bad, msg.Subject, checkLength(&bad, "html", msg.HTML), checkLength(&bad, "text", msg.Text))
	if err := bad.Err(); err != nil {
		return nil, err
	}
	vars, err := s.sampleVars(ctx, v, clientID, sample)
	if err != nil {
		return nil, err
	}
	return s.preview(ctx, msg, v.UserID, vars)
}

func (s *Service) preview(ctx context.Context, msg *model.Message, ownerID int64, vars template.Vars) (*Preview, error) {
	name, email, err := s.store.OwnerName(ctx, ownerID)
	if err != nil {
		return nil, err
	}
	s.signed(&vars, &model.Mailing{Name: msg.Name}, name, email)
	out, err := renderOnce(msg.Subject, msg.HTML, msg.Text, vars)
	if err != nil {
		return nil, err
	}
	return &Preview{Subject: out.Subject, HTML: out.HTML, Text: out.Text, Missing: out.Missing}, nil
}

// renderOnce renders what was checked when it was saved; what fails all the
// same is the message's fault and told so.
func renderOnce(subject, html, text string, vars template.Vars) (rendered, error) {
	c, err := parse(subject, html, text)
	if err != nil {
		return rendered{}, model.E(model.Conflict, "the message does not render: %w", err)
	}
	out, err := c.render(vars)
	if err != nil {
		return out, model.E(model.Conflict, "the message does not render: %w", err)
	}
	return out, nil
}

// signed fills in what the placeholders say of a mailing and its sender: who
// the mailing names, else its owner.
func (s *Service) signed(vars *template.Vars, m *model.Mailing, ownerName, ownerEmail string) {
	vars.MailingName = m.Name
	vars.SenderName = cmp.Or(m.FromName, ownerName, s.opt.FromName)
	vars.SenderEmail = cmp.Or(m.FromEmail, ownerEmail)
}

// sampleVars are the values of a client, or of a sample. The link to
// unsubscribe is one of a test, so that a preview has no effect.
func (s *Service) sampleVars(ctx context.Context, v model.Viewer, clientID *int64, sample *Sample) (template.Vars, error) {
	vars := template.Vars{UnsubscribeURL: s.testURL(v.UserID)}
	switch {
	case clientID != nil:
		c, err := s.store.Client(ctx, v, *clientID)
		if model.IsKind(err, model.NotFound) {
			var bad model.Fields
			bad.Add("client_id", "unknown", "there is no such client")
			return vars, bad.Err()
		}
		if err != nil {
			return vars, err
		}
		vars.Client = template.ClientVars{Email: c.Email, FullName: c.FullName, Locale: c.Locale, Attributes: c.Attributes}
	case sample != nil:
		vars.Client = template.ClientVars{Email: sample.Email, FullName: sample.FullName, Locale: sample.Locale, Attributes: sample.Attributes}
	}
	return vars, nil
}

// TestMessage mails a message to the viewer, or to one of the viewer's own
// clients: to the address `to`, else to the client, else to the viewer. With a
// client it is rendered as that client gets it, whoever the mail goes to. It is
// sent within seconds and appears in no report. An address that the viewer has
// suppressed is model.Invalid, with code suppressed, on to or client_id. It is one
// of the mails that the viewer may send a day: without one left it is
// model.Conflict. It answers the id of the mail, by which store.TestMail tells
// what becomes of it.
func (s *Service) TestMessage(ctx context.Context, v model.Viewer, id int64, to string, clientID *int64) (int64, error) {
	msg, err := s.store.Message(ctx, v, id)
	if err != nil {
		return 0, err
	}
	m := &model.Mailing{OwnerID: v.UserID, Name: msg.Name}
	return s.test(ctx, v, m, msg, to, clientID)
}

// TestMailing mails what a mailing would send, with its sender, like
// TestMessage.
func (s *Service) TestMailing(ctx context.Context, v model.Viewer, id int64, to string, clientID *int64) (int64, error) {
	m, err := s.store.Mailing(ctx, v, id)
	if err != nil {
		return 0, err
	}
	if !v.MayChange(m.OwnerID) {
		return 0, model.E(model.Forbidden, "you may look at this but not change it")
	}
	if m.MessageID == nil {
		return 0, model.E(model.Conflict, "the message of this mailing was deleted; choose another first")
	}
	msg, err := s.store.Message(ctx, v, *m.MessageID)
	if err != nil {
		return 0, err
	}
	return s.test(ctx, v, m, msg, to, clientID)
}

func (s *Service) test(ctx context.Context, v model.Viewer, m *model.Mailing, msg *model.Message, to string, clientID *int64) (int64, error) {
	vars, err := s.sampleVars(ctx, v, clientID, nil)
	if err != nil {
		return 0, err
	}
	if clientID != nil { // those who see everyone's clients must not mail them
		own, err := s.store.OwnsAddress(ctx, v.UserID, vars.Client.Email)
		if err != nil {
			return 0, err
		}
		if !own {
			var bad model.Fields
			bad.Add("client_id", "unknown", "there is no such client")
			return 0, bad.Err()
		}
	}
	ownName, own, err := s.store.OwnerName(ctx, v.UserID)
	if err != nil {
		return 0, err
	}
	field, toName := "to", ""
	switch {
	case to != "":
		if to, err = s.testAddress(ctx, v, to, own); err != nil {
			return 0, err
		}
	case clientID != nil:
		field, to, toName = "client_id", vars.Client.Email, vars.Client.FullName
	default:
		to, toName = own, ownName
	}
	suppressed, err := s.store.Suppressed(ctx, v.UserID, to)
	if err != nil {
		return 0, err
	}
	if suppressed {
		var bad model.Fields
		bad.Add(field, "suppressed", "%s is suppressed and gets no mail", to)
		return 0, bad.Err()
	}
	if clientID == nil {
		vars.Client = template.ClientVars{Email: to, FullName: ownName}
	}
	senderName, senderEmail := ownName, own
	if m.OwnerID != v.UserID {
		if senderName, senderEmail, err = s.store.OwnerName(ctx, m.OwnerID); err != nil {
			return 0, err
		}
	}
	s.signed(&vars, m, senderName, senderEmail)
	out, err := renderOnce(msg.Subject, msg.HTML, msg.Text, vars)
	if err != nil {
		return 0, err
	}
	from, name := s.sender(m)
	mail := &model.SystemMail{
		OwnerID: &v.UserID, Kind: model.MailTest, FromName: name, FromEmail: from, ReplyTo: m.ReplyTo,
		ToEmail: to, ToName: toName, Subject: out.Subject, HTML: out.HTML, Text: out.Text,
	}
	leave, err := s.store.LeaseMails(ctx, v.UserID, 1)
	if err != nil {
		return 0, err
	}
	if leave.Limited && leave.N == 0 {
		return 0, model.E(model.Conflict, "your mails of today have all left: they are counted anew from %s", leave.Until.Format("15:04 UTC"))
	}
	if err := s.store.CreateSystemMail(ctx, mail); err != nil {
		return 0, errors.Join(err, s.store.ReturnMails(ctx, leave, leave.N))
	}
	s.SendSoon(ctx, mail.ID)
	return mail.ID, nil
}

// testAddress holds that tests go to oneself or to one's own clients only.
func (s *Service) testAddress(ctx context.Context, v model.Viewer, to, own string) (string, error) {
	var bad model.Fields
	addr, err := address.Normalize(to)
	if err != nil {
		bad.Add("to", "invalid", "%s", err)
		return "", bad.Err()
	}
	if addr == own {
		return addr, nil
	}
	known, err := s.store.OwnsAddress(ctx, v.UserID, addr)
	if err == nil && !known {
		bad.Add("to", "not_allowed", "a test goes to yourself or to one of your own clients")
		err = bad.Err()
	}
	return addr, err
}

// sender is who a mailing's mail comes from.
func (s *Service) sender(m *model.Mailing) (email, name string) {
	email, name = m.FromEmail, m.FromName
	if email == "" {
		email = s.opt.FromEmail
	}
	if name == "" {
		name = s.opt.FromName
	}
	return email, name
}

// account completes a mail about an account.
func (s *Service) account(ctx context.Context, m *model.SystemMail) (bool, error) {
	m.FromName, m.FromEmail = s.opt.FromName, s.opt.FromEmail
	if s.opt.Account == nil {
		return false, nil
	}
	return s.opt.Account(ctx, m)
}

// systemMail is a kept mail as it goes over the wire.
func (s *Service) systemMail(m *model.SystemMail) (*Mail, error) {
	owner := int64(0) // nobody's
	if m.OwnerID != nil {
		owner = *m.OwnerID
	}
	shared := rfc5322.Shared{
		From:       rfc5322.Address{Name: m.FromName, Addr: m.FromEmail},
		FeedbackID: "t0:u" + strconv.FormatInt(owner, 10) + ":" + string(m.Kind) + ":postrider",
	}
	unsubscribe := ""
	if m.Kind == model.MailTest { // like the mail it stands for
		shared.ListID = fmt.Sprintf("test.u%d.%s", owner, s.listHost())
		unsubscribe = s.testURL(owner)
	}
	if m.ReplyTo != "" {
		shared.ReplyTo = rfc5322.Address{Addr: m.ReplyTo}
	}
	composer, err := rfc5322.NewComposer(shared)
	if err != nil {
		return nil, err
	}
	data, err := composer.Append(nil, rfc5322.Message{
		To: rfc5322.Address{Name: m.ToName, Addr: m.ToEmail}, Subject: m.Subject, Text: m.Text, HTML: m.HTML,
		MessageID: s.messageID(m.FromEmail, "s", m.ID), Date: m.CreatedAt.UTC().Truncate(time.Second),
		UnsubscribeURL: unsubscribe,
	})
	if err != nil {
		return nil, err
	}
	return &Mail{From: m.FromEmail, To: m.ToEmail, Data: data}, nil
}
