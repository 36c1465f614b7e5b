package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	gosmtp "github.com/emersion/go-smtp"
)

// MaxMailBytes is the SIZE (RFC 1870) that the captured inbox advertises.
const MaxMailBytes = 25 << 20

func newServer(b *Mailbox) *gosmtp.Server {
	s := gosmtp.NewServer(gosmtp.BackendFunc(func(*gosmtp.Conn) (gosmtp.Session, error) {
		return &session{box: b}, nil
	}))
	s.Domain = "inbox.localhost"
	s.MaxMessageBytes = MaxMailBytes
	s.MaxRecipients = 100
	s.EnableSMTPUTF8 = true
	s.ReadTimeout = 5 * time.Minute // RFC 5321 §4.5.3.2.7
	s.WriteTimeout = 5 * time.Minute
	s.ErrorLog = serverLog{b.log}
	return s
}

// session is the dialogue of one connection.
type session struct {
	box  *Mailbox
	from string
	to   []string
	buf  bytes.Buffer
}

func (s *session) Mail(from string, _ *gosmtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	s.buf.Reset()
	s.buf.Write(make([]byte, recordHeader))
	if _, err := s.buf.ReadFrom(r); err != nil {
		return err
	}
	record := s.buf.Bytes()
	e := describe(record[recordHeader:])
	e.From, e.To = s.from, strings.Join(s.to, ", ")
	e.ReceivedAt = time.Now().UTC().Truncate(time.Microsecond)
	err := s.box.add(record, e)
	if s.buf.Cap() > 1<<20 {
		s.buf = bytes.Buffer{} // one large mail is no reason to hold its memory
	}
	switch {
	case errors.Is(err, errClosed):
		return &gosmtp.SMTPError{Code: 421, EnhancedCode: gosmtp.EnhancedCode{4, 3, 2}, Message: "The inbox is closing"}
	case err != nil:
		s.box.log.Error("captured inbox: a mail could not be kept", "error", err)
		return &gosmtp.SMTPError{Code: 452, EnhancedCode: gosmtp.EnhancedCode{4, 3, 1}, Message: "The mail could not be kept"}
	}
	return nil
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error { return nil }

// serverLog brings go-smtp's lines into ours. They tell of what clients do
// wrong, which is not the operator's trouble.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Printf(format string, v ...any) {
	l.log.Debug("captured inbox", "detail", fmt.Sprintf(format, v...))
}

func (l serverLog) Println(v ...any) {
	l.log.Debug("captured inbox", "detail", strings.TrimSpace(fmt.Sprintln(v...)))
}
