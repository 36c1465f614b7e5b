package app

import (
	"context"
	"fmt"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/smtp"
)

// ways are the ways out of this house: the transports of the database, the one
// of the settings, and the captured inbox at inboxAddr where there is one.
func (h *house) ways(inboxAddr string) (mailing.Ways, error) {
	out := mailing.Ways{Open: h.openTransport}
	if h.cfg.SMTPURL != "" {
		c, err := smtp.ParseURL(h.cfg.SMTPURL)
		if err != nil {
			return out, fmt.Errorf("settings: POSTRIDER_SMTP_URL: %w", err)
		}
		if c.PerMinute > 0 {
			out.Limits.PerMinute = &c.PerMinute
		}
		out.Default = smtp.New(c, h.log)
	}
	if inboxAddr != "" {
		c, err := smtp.ParseURL("smtp://" + inboxAddr + "?tls=none&connections=20")
		if err != nil {
			return out, err
		}
		out.Inbox = smtp.New(c, h.log)
	}
	return out, nil
}

// hasTransports reports whether mail can leave by a transport of the database.
func (h *house) hasTransports(ctx context.Context) bool {
	all, err := h.store.EnabledTransports(ctx)
	return err == nil && len(all) > 0
}

// openTransport makes a way out of a transport of the database.
func (h *house) openTransport(t *model.Transport) (mailing.Transport, error) {
	password := ""
	if t.PasswordSealed != "" {
		var err error
		if password, err = h.sealer.OpenPassword(t); err != nil {
			return nil, fmt.Errorf("its password cannot be read: %w", err)
		}
	}
	return smtp.New(smtpConfig(t, password), h.log), nil
}

// smtpConfig is how a transport of the database is reached.
func smtpConfig(t *model.Transport, password string) smtp.Config {
	return smtp.Config{
		Name: t.Name, Host: t.Host, Port: t.Port, TLS: t.TLS, Username: t.Username, Password: password,
		Connections: t.Connections, Bounce: t.Bounce, Dial: dialOut,
	}
}

// checkTransport tries a transport for a superuser.
func checkTransport(ctx context.Context, t *model.Transport, password string) model.TransportCheck {
	return smtp.Check(ctx, smtpConfig(t, password))
}
