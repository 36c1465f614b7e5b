package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"github.com/postrider/postrider/pkg/address"
	"github.com/postrider/postrider/pkg/model"
)

// ResetLife is how long the link of a mail about a forgotten password works.
const ResetLife = time.Hour

// mailPurpose is what the token of a mail is for; one is never taken for the
// other, as each has a key of its own.
type mailPurpose string

const (
	forConfirmation mailPurpose = "mail token: confirm an address"
	forReset        mailPurpose = "mail token: reset a password"
)

// mailToken is what stands in the link of a mail: the row it is for, until when,
// and an HMAC over both and something of the row that its use changes: the nonce
// of a registration, which goes with it, or the hash of the password. So a token
// works once, and nothing of it is kept.
type mailToken struct {
	purpose mailPurpose
	id      int64
	until   time.Time
	raw     []byte
}

const mailTokenSize = 8 + 8 + sha256.Size

func (t *tokens) newMail(purpose mailPurpose, id int64, until time.Time, changes string) string {
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, mailTokenSize), uint64(id)) //nolint:gosec // its bits, read back as they are
	raw = binary.BigEndian.AppendUint64(raw, uint64(until.Unix()))                   //nolint:gosec // its bits, read back as they are
	return base64.RawURLEncoding.EncodeToString(append(raw, mailMAC(t.mails[purpose][0], raw, changes)...))
}

func mailMAC(key, raw []byte, changes string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(raw[:16])
	m.Write([]byte(changes))
	return m.Sum(nil)
}

// parseMail takes a token apart. Whether it is genuine shows with its row.
func parseMail(purpose mailPurpose, text string) (mailToken, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != mailTokenSize {
		return mailToken{}, false
	}
	m := mailToken{
		purpose: purpose, raw: raw,
		id:    int64(binary.BigEndian.Uint64(raw)),                   //nolint:gosec // a negative one is refused below
		until: time.Unix(int64(binary.BigEndian.Uint64(raw[8:])), 0), //nolint:gosec // no genuine one is beyond
	}
	return m, m.id > 0
}

func (t *tokens) genuineMail(m mailToken, changes string) bool {
	return slices.ContainsFunc(t.mails[m.purpose], func(key []byte) bool {
		return hmac.Equal(m.raw[16:], mailMAC(key, m.raw, changes))
	})
}

// deadLink is the answer to every token of a mail that is not good, whatever
// is wrong with it.
func deadLink() error {
	var bad model.Fields
	bad.Add("token", "expired", "the link has been used, is too old, or is not whole")
	return bad.Err()
}

// AskToRegister keeps a registration until its address is confirmed, and
// answers the mail about it, which is to be sent. It does the same, and takes as
// long, whether there is such an account or not.
func (s *Service) AskToRegister(ctx context.Context, in Registration) (email string, mailID int64, err error) {
	u, err := newUser(in)
	if err != nil {
		return "", 0, err
	}
	hash, err := s.hasher.hash(ctx, in.Password)
	if err != nil {
		return "", 0, err
	}
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails (crypto/rand)
	mailID, err = s.store.KeepRegistration(ctx, &model.Registration{
		Email: u.Email, PasswordHash: hash, FullName: u.FullName, Locale: u.Locale, Timezone: u.Timezone, Nonce: hex.EncodeToString(nonce[:]),
	})
	return u.Email, mailID, err
}

// Confirm makes the account of a confirmed registration. Where others wait for
// the same address, the account has a password that nobody knows, and mailID is
// the mail by which its owner chooses one, which is to be sent; else it is 0.
func (s *Service) Confirm(ctx context.Context, token string) (u *model.User, mailID int64, err error) {
	m, ok := parseMail(forConfirmation, token)
	if !ok {
		return nil, 0, deadLink()
	}
	r, err := s.store.Registration(ctx, m.id)
	if err == nil && !s.tokens.genuineMail(m, r.Nonce) {
		return nil, 0, deadLink()
	}
	if err == nil {
		u, mailID, err = s.store.ConfirmRegistration(ctx, m.id, nobodysHash())
	}
	if model.IsKind(err, model.NotFound) {
		return nil, 0, deadLink()
	}
	return u, mailID, err
}

// AskForMail keeps a mail to the owner of an account, MailReset or
// MailConfirmAgain, and answers it, as it is to be sent. It does the same
// whether there is such an account or not.
func (s *Service) AskForMail(ctx context.Context, kind model.MailKind, email string) (normal string, mailID int64, err error) {
	normal, err = checkEmail(email)
	if err != nil {
		return "", 0, err
	}
	mailID, err = s.store.KeepAccountMail(ctx, kind, normal)
	return normal, mailID, err
}

// CheckEmail says what is wrong with an address (model.Invalid).
func CheckEmail(email string) error {
	_, err := checkEmail(email)
	return err
}

// NormalEmail is an address in the one form in which accounts are known, or,
// when it is none, what was given.
func NormalEmail(email string) string {
	if normal, err := address.Normalize(email); err == nil {
		return normal
	}
	return email
}

func checkEmail(email string) (string, error) {
	var bad model.Fields
	normal, err := address.Normalize(email)
	switch {
	case email == "":
		bad.Add("email", "required", "must be given")
	case err != nil:
		bad.Add("email", "invalid_email", "%v", err)
	}
	return normal, bad.Err()
}

// Reset sets a new password by the token of a mail and ends all sessions. It
// answers whose it was.
func (s *Service) Reset(ctx context.Context, token, password string) (*model.User, error) {
	u, err := s.resets(ctx, token)
	if err != nil {
		return nil, err
	}
	var bad model.Fields
	checkPassword(&bad, "password", password, u.Email)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	err = s.store.SetPassword(ctx, u.ID, u.PasswordHash, hash, 0, model.AuditPasswordReset)
	if model.IsKind(err, model.NotFound) { // the token was used meanwhile
		return nil, deadLink()
	}
	return u, err
}

// resets is the account whose password a token may set.
func (s *Service) resets(ctx context.Context, token string) (*model.User, error) {
	m, ok := parseMail(forReset, token)
	if !ok {
		return nil, deadLink()
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return nil, err
	}
	u, err := s.store.User(ctx, m.id)
	switch {
	case model.IsKind(err, model.NotFound):
		return nil, deadLink()
	case err != nil:
		return nil, err
	case !s.tokens.genuineMail(m, u.PasswordHash), !u.IsActive, !now.Before(m.until):
		return nil, deadLink()
	}
	return u, nil
}
