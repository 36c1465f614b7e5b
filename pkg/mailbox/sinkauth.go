package mailbox

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // CRAM-MD5 (RFC 2195) wants it
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// onAuth speaks PLAIN, LOGIN and CRAM-MD5 (RFC 4954, 4616, 2195) as far as a
// client can be tested with it.
func (c *sinkConn) onAuth(line []byte, rest string) error {
	if r := c.ask(SinkAuth, line); r != (Reply{}) {
		code, err := c.obey(r, SinkAuth, 535, "5.7.8 no")
		c.authed = c.authed || code == 235
		return err
	}
	mechanism, initial, _ := strings.Cut(rest, " ")
	var user, password string
	var err error
	switch {
	case !c.sink.opts.offers("AUTH"):
		c.say(502, "5.5.1 no AUTH here")
		return nil
	case strings.EqualFold(mechanism, "PLAIN"):
		if initial == "" {
			if initial, err = c.challenge(""); err != nil {
				return err
			}
		}
		raw, _ := base64.StdEncoding.DecodeString(initial)
		if f := strings.Split(string(raw), "\x00"); len(f) == 3 {
			user, password = f[1], f[2]
		}
	case strings.EqualFold(mechanism, "LOGIN"):
		for _, ask := range []struct {
			words string
			into  *string
		}{{"Username:", &user}, {"Password:", &password}} {
			answer := initial // some clients send the name at once
			if initial = ""; answer == "" {
				if answer, err = c.challenge(ask.words); err != nil {
					return err
				}
			}
			raw, _ := base64.StdEncoding.DecodeString(answer)
			*ask.into = string(raw)
		}
	case strings.EqualFold(mechanism, "CRAM-MD5"):
		const challenge = "<1.2@sink.localhost>"
		answer, err := c.challenge(challenge)
		if err != nil {
			return err
		}
		raw, _ := base64.StdEncoding.DecodeString(answer)
		name, digest, _ := strings.Cut(string(raw), " ")
		mac := hmac.New(md5.New, []byte(c.sink.opts.Password))
		mac.Write([]byte(challenge))
		if digest == hex.EncodeToString(mac.Sum(nil)) {
			user, password = name, c.sink.opts.Password
		}
	default:
		c.say(504, "5.5.4 no such mechanism")
		return nil
	}
	if user != c.sink.opts.Username || password != c.sink.opts.Password {
		c.say(535, "5.7.8 wrong user name or password")
		return nil
	}
	c.authed = true
	c.say(235, "2.7.0 welcome")
	return nil
}

func (c *sinkConn) challenge(words string) (string, error) {
	c.say(334, base64.StdEncoding.EncodeToString([]byte(words)))
	line, err := c.line()
	return string(line), err
}
