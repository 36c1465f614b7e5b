package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postrider/postrider/pkg/model"
)

// An API key is prk_ID_SECRETSUM: an id of 8 characters, by which it is found
// and which may be shown, a secret of 256 random bits, and a sum over all before
// it, so that a typing error and a scanner for leaked secrets need no database.
// All three are letters and digits alone: one click marks the whole key.
const (
	keyMark    = "prk_"
	keyID      = 8
	keySecret  = 43 // digits that 256 bits need
	keySum     = 6  // digits that 32 bits need
	keyDigits  = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	maxKeyName = 100
)

var keyForm = regexp.MustCompile(`^prk_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$`)

// IsKey reports whether a bearer token means to be an API key.
func IsKey(token string) bool { return strings.HasPrefix(token, keyMark) }

// NewKey is what an API key is made of.
type NewKey struct {
	Name      string
	Scopes    []model.Scope
	ExpiresAt *time.Time // nil: never
}

// CheckKey holds a new key of a user against the rules, tells all breaches at
// once (model.Invalid), and puts it into its one form.
func CheckKey(u *model.User, in *NewKey) error {
	var bad model.Fields
	in.Name = strings.TrimSpace(in.Name)
	switch {
	case in.Name == "":
		bad.Add("name", "required", "must be given")
	case utf8.RuneCountInString(in.Name) > maxKeyName:
		bad.Add("name", "too_long", "must be at most %d characters long", maxKeyName)
	case strings.ContainsFunc(in.Name, unicode.IsControl):
		bad.Add("name", "control_character", "must not contain control characters")
	}
	switch unknown := slices.IndexFunc(in.Scopes, func(s model.Scope) bool { return !slices.Contains(model.Scopes, s) }); {
	case len(in.Scopes) == 0:
		bad.Add("scopes", "required", "name at least one scope")
	case unknown >= 0:
		bad.Add("scopes", "unknown", "there is no scope %q", clean(string(in.Scopes[unknown]), maxKeyName))
	case slices.Contains(in.Scopes, model.SystemRead) && !u.IsSuperuser:
		bad.Add("scopes", "not_allowed", "system:read is for superusers")
	}
	if in.ExpiresAt != nil && !in.ExpiresAt.After(time.Now()) {
		bad.Add("expires_at", "out_of_range", "must be in the future")
	}
	return bad.Err()
}

// CreateKey makes an API key of a user. The key itself is told here and never
// again: what is kept is its hash.
func (s *Service) CreateKey(ctx context.Context, u *model.User, in NewKey) (*model.APIKey, string, error) {
	if err := CheckKey(u, &in); err != nil {
		return nil, "", err
	}
	prefix, key := makeKey()
	row := &model.APIKey{UserID: u.ID, Name: in.Name, Prefix: prefix, Hash: hashKey(key), ExpiresAt: in.ExpiresAt}
	for _, scope := range model.Scopes { // each once, in order
		if slices.Contains(in.Scopes, scope) {
			row.Scopes = append(row.Scopes, scope)
		}
	}
	return row, key, s.store.CreateAPIKey(ctx, row)
}

// AuthenticateKey finds an API key and its owner, with the owner's rights as
// they are now. What is no key of ours, was revoked, has expired or belongs to
// a blocked account is model.Unauthenticated, and in the audit log where it is a
// whole key.
func (s *Service) AuthenticateKey(ctx context.Context, key string) (*model.User, *model.APIKey, error) {
	if !keyForm.MatchString(key) || key[len(key)-keySum:] != sumOf(key[:len(key)-keySum]) {
		return nil, nil, model.E(model.Unauthenticated, "this is not a whole API key: some of it is missing or mistyped")
	}
	prefix := key[:len(keyMark)+keyID]
	row, u, err := s.store.APIKey(ctx, prefix)
	if err == nil && subtle.ConstantTimeCompare([]byte(row.Hash), []byte(hashKey(key))) != 1 {
		err = &model.Error{Kind: model.Unauthenticated}
	}
	reason := "unknown"
	if err == nil {
		reason, err = "expired", s.store.UseAPIKey(ctx, row)
	} else if model.IsKind(err, model.Unauthenticated) {
		err = model.E(model.Unauthenticated, "this API key is unknown, was revoked, or belongs to a blocked account")
	}
	if model.IsKind(err, model.Unauthenticated) {
		e := model.AuditEvent{Action: model.AuditKeyRefused, Details: model.Details{"prefix": prefix, "reason": reason}}
		err = errors.Join(s.store.AuditOften(ctx, model.ActorOf(ctx).IP+" "+prefix, e), err)
	}
	return u, row, err
}

func makeKey() (prefix, key string) {
	prefix = keyMark + randomDigits(keyID, 6)
	body := prefix + "_" + randomDigits(keySecret, 32)
	return prefix, body + sumOf(body)
}

// hashKey needs no salt and no slow function: nobody guesses 256 random bits.
func hashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func sumOf(text string) string {
	return digits(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(text)))), keySum)
}

// randomDigits writes random bytes in so many digits of ours, as far as they
// have room.
func randomDigits(n, size int) string {
	raw := make([]byte, size)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return digits(new(big.Int).SetBytes(raw), n)
}

func digits(x *big.Int, n int) string {
	out, base, digit := make([]byte, n), big.NewInt(int64(len(keyDigits))), new(big.Int)
	for i := n - 1; i >= 0; i-- {
		x.DivMod(x, base, digit)
		out[i] = keyDigits[digit.Int64()]
	}
	return string(out)
}
