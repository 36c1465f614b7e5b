package auth

import (
	"context"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/postrider/postrider/pkg/model"
)

// Letters writes the mails about accounts, when they are sent.
type Letters struct {
	Service   *Service
	PublicURL string // what links begin with
}

// letter is a mail as a person reads it.
type letter struct {
	subject string
	before  []string
	label   string // of the link
	url     string
	after   []string
}

// Write completes a mail about an account with its subject, bodies and the
// name of its recipient. It answers false where there is nobody to tell, or
// nothing any more.
func (l Letters) Write(ctx context.Context, m *model.SystemMail) (bool, error) {
	st := l.Service.store
	u, err := st.UserByEmail(ctx, m.ToEmail)
	if err != nil && !model.IsKind(err, model.NotFound) {
		return false, err
	}
	known := err == nil
	var out letter
	switch m.Kind {
	case model.MailConfirm, model.MailConfirmAgain:
		var r *model.Registration
		if m.Kind == model.MailConfirm && m.RefID != nil {
			r, err = st.Registration(ctx, *m.RefID)
		} else {
			r, err = st.LastRegistration(ctx, m.ToEmail)
		}
		switch {
		case err != nil && !model.IsKind(err, model.NotFound):
			return false, err
		case known:
			out = l.exists(u)
		case err != nil:
			return false, nil
		default:
			u = &model.User{Locale: r.Locale, // not the name: strangers could write into a mail by it
				Timezone: r.Timezone, Email: r.Email}
			token := l.Service.tokens.newMail(forConfirmation, r.ID, r.ExpiresAt, r.Nonce)
			out = l.confirm(u, l.PublicURL+"/confirm?token="+token, r.ExpiresAt)
		}
	case model.MailReset:
		if !known || !u.IsActive {
			return false, nil
		}
		now, err := st.Now(ctx)
		if err != nil {
			return false, err
		}
		until := now.Add(ResetLife)
		token := l.Service.tokens.newMail(forReset, u.ID, until, u.PasswordHash)
		out = l.reset(u, l.PublicURL+"/reset?token="+token, until)
	case model.MailPasswordChanged:
		out = l.changed(u, m.CreatedAt)
	case model.MailTokenReused:
		if !known || m.RefID == nil {
			return false, nil
		}
		s, err := st.Session(ctx, *m.RefID)
		if err != nil && !model.IsKind(err, model.NotFound) {
			return false, err
		}
		out = l.reused(u, s, m.CreatedAt)
	default:
		return false, fmt.Errorf("no letter of the kind %q", m.Kind)
	}
	if u == nil {
		return false, nil
	}
	m.ToName, m.Subject, m.Text, m.HTML = u.FullName, out.subject, out.text(), out.html(u.Locale)
	return true, nil
}

// in chooses the language of a person.
func in(u *model.User, en, ru string, args ...any) string {
	if u.Locale == "ru" {
		en = ru
	}
	return fmt.Sprintf(en, args...)
}

// at is an instant as its reader reads it, with the zone named.
func at(u *model.User, t time.Time) string {
	zone, err := time.LoadLocation(u.Timezone)
	if err != nil {
		zone = time.UTC
	}
	return t.In(zone).Format(in(u, "2 January 2006, 15:04", "02.01.2006, 15:04")) + " (" + zone.String() + ")"
}

func (l Letters) confirm(u *model.User, url string, until time.Time) letter {
	return letter{
		subject: in(u, "Confirm your address", "Подтвердите адрес"),
		before: []string{in(u, "Somebody, most likely you, asked for an account at %s with the address %s.",
			"Кто-то, скорее всего вы, регистрируется на %s с адресом %s.", l.PublicURL, u.Email)},
		label: in(u, "Confirm the address", "Подтвердить адрес"), url: url,
		after: []string{
			in(u, "The link works once, until %s.", "Ссылка сработает один раз, до %s.", at(u, until)),
			in(u, "If it was not you, do nothing: without the confirmation there will be no account.",
				"Если это были не вы, ничего не делайте: без подтверждения учётной записи не будет."),
		},
	}
}

func (l Letters) exists(u *model.User) letter {
	return letter{
		subject: in(u, "You have an account already", "У вас уже есть учётная запись"),
		before: []string{in(u, "Somebody, most likely you, tried to register at %s with the address %s. There is an account with it already, and nothing was changed.",
			"Кто-то, скорее всего вы, пытался зарегистрироваться на %s с адресом %s. Учётная запись с ним уже есть, ничего не изменилось.", l.PublicURL, u.Email)},
		label: in(u, "Sign in", "Войти"), url: l.PublicURL + "/sign-in",
		after: []string{in(u, "If you have forgotten the password, choose a new one: %s", "Если вы забыли пароль, задайте новый: %s", l.PublicURL+"/forgot")},
	}
}

func (l Letters) reset(u *model.User, url string, until time.Time) letter {
	return letter{
		subject: in(u, "Choose a new password", "Задайте новый пароль"),
		before: []string{in(u, "Somebody, most likely you, asked for a new password of the account %s at %s.",
			"Кто-то, скорее всего вы, просит новый пароль для учётной записи %s на %s.", u.Email, l.PublicURL)},
		label: in(u, "Choose a new password", "Задать новый пароль"), url: url,
		after: []string{
			in(u, "The link works once, until %s. All sessions end with it.", "Ссылка сработает один раз, до %s. Все сеансы при этом завершатся.", at(u, until)),
			in(u, "If it was not you, do nothing: your password stays as it is.", "Если это были не вы, ничего не делайте: пароль останется прежним."),
		},
	}
}

func (l Letters) changed(u *model.User, when time.Time) letter {
	if u == nil {
		return letter{}
	}
	return letter{
		subject: in(u, "Your password was changed", "Ваш пароль изменён"),
		before: []string{in(u, "The password of your account %s at %s was changed on %s. Other sessions have ended.",
			"Пароль вашей учётной записи %s на %s изменён %s. Остальные сеансы завершены.", u.Email, l.PublicURL, at(u, when))},
		label: in(u, "It was not me: choose a new password", "Это был не я: задать новый пароль"), url: l.PublicURL + "/forgot",
		after: []string{in(u, "If it was you, there is nothing to do.", "Если это были вы, делать ничего не нужно.")},
	}
}

func (l Letters) reused(u *model.User, s *model.Session, when time.Time) letter {
	return letter{
		subject: in(u, "A session of yours was ended", "Один из ваших сеансов завершён"),
		before: []string{
			in(u, "A used sign-in token of your account %s at %s came back on %s. It may have been copied, so the session that it belonged to was ended:",
				"Использованный ключ входа в вашу учётную запись %s на %s пришёл ещё раз: %s. Возможно, его скопировали, поэтому сеанс, к которому он относился, завершён:",
				u.Email, l.PublicURL, at(u, when)),
			s.UserAgent + " · " + s.IP,
			in(u, "If you restored a browser or a program from a copy, just sign in again.",
				"Если вы восстановили браузер или программу из копии, просто войдите снова."),
		},
		label: in(u, "Look at the sessions", "Посмотреть сеансы"), url: l.PublicURL + "/account",
		after: []string{in(u, "If you do not know how that could be, change your password: all other sessions end with it.",
			"Если вы не знаете, как это могло случиться, смените пароль: остальные сеансы завершатся.")},
	}
}

func (l letter) text() string {
	parts := append([]string{}, l.before...)
	parts = append(parts, l.label+":\n"+l.url)
	parts = append(parts, l.after...)
	return strings.Join(parts, "\n\n") + "\n"
}

// html is plain on purpose: mail programs in the dark and in the light, with
// and without pictures, show it alike.
func (l letter) html(locale string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<!doctype html><html lang="%s"><head><meta charset="utf-8"><title>%s</title></head>`+
		`<body style="font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;max-width:36em;margin:0 auto;padding:16px">`,
		locale, html.EscapeString(l.subject))
	for _, p := range l.before {
		fmt.Fprintf(&b, "<p>%s</p>", html.EscapeString(p))
	}
	fmt.Fprintf(&b, `<p><a href="%s" style="display:inline-block;padding:10px 18px;border-radius:8px;background:#4263eb;color:#ffffff;text-decoration:none">%s</a></p>`,
		html.EscapeString(l.url), html.EscapeString(l.label))
	for _, p := range l.after {
		fmt.Fprintf(&b, "<p>%s</p>", html.EscapeString(p))
	}
	b.WriteString("</body></html>\n")
	return b.String()
}
