package smtp

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // CRAM-MD5 (RFC 2195) wants it, where a server offers nothing better
	"encoding/base64"
	"encoding/hex"
	"slices"

	"github.com/postrider/postrider/pkg/mailing"
	"github.com/postrider/postrider/pkg/model"
)

// login does AUTH (RFC 4954) with the simplest mechanism both sides know;
// in clear text CRAM-MD5 comes first, because it does not show the password.
func (c *conn) login() *trouble {
	order := []string{"PLAIN", "LOGIN", "CRAM-MD5"}
	if !c.isTLS() {
		if c.cfg.TLS != TLSNone && !model.IsLoopback(c.cfg.Host) {
			return aborted(mailing.ClassAuth, model.PhaseAuth, "the connection is not protected: the password is not sent")
		}
		order = []string{"CRAM-MD5", "PLAIN", "LOGIN"}
	}
	i := slices.IndexFunc(order, func(m string) bool { return slices.Contains(c.caps.auth, m) })
	if i < 0 {
		return aborted(mailing.ClassAuth, model.PhaseAuth, "the server offers none of the login mechanisms PLAIN, LOGIN and CRAM-MD5")
	}
	var rep reply
	var t *trouble
	switch order[i] {
	case "PLAIN": // RFC 4616
		rep, t = c.command(model.PhaseAuth, "AUTH PLAIN "+b64("\x00"+c.cfg.Username+"\x00"+c.cfg.Password))
	case "LOGIN": // draft-murchison-sasl-login
		rep, t = c.command(model.PhaseAuth, "AUTH LOGIN")
		for _, answer := range []string{c.cfg.Username, c.cfg.Password} {
			if t != nil || rep.code != 334 {
				break
			}
			rep, t = c.command(model.PhaseAuth, b64(answer))
		}
	case "CRAM-MD5": // RFC 2195
		rep, t = c.command(model.PhaseAuth, "AUTH CRAM-MD5")
		if t == nil && rep.code == 334 {
			challenge, err := base64.StdEncoding.DecodeString(string(rep.text[:len(rep.text)-1]))
			if err != nil {
				return aborted(mailing.ClassConnection, model.PhaseAuth, "the server's CRAM-MD5 challenge is not base64")
			}
			mac := hmac.New(md5.New, []byte(c.cfg.Password))
			mac.Write(challenge)
			rep, t = c.command(model.PhaseAuth, b64(c.cfg.Username+" "+hex.EncodeToString(mac.Sum(nil))))
		}
	}
	if t != nil {
		return t
	}
	if rep.code != 235 {
		return refused(model.PhaseAuth, rep)
	}
	return nil
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
