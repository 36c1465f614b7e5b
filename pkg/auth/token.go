package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postrider/postrider/pkg/model"
)

// AccessLife is how long an access token lives.
const AccessLife = 15 * time.Minute

const (
	issuer      = "postrider"
	audience    = "postrider-api"
	accessType  = "at+jwt" // RFC 9068 §2.1: no other kind of token can be taken for one
	maxToken    = 2048     // bytes; ours have some 300
	refreshSize = 8 + 8 + sha256.Size
)

// tokens makes and reads both kinds of tokens.
type tokens struct {
	access  []signing // the present key, then the former ones
	refresh [][]byte  // likewise
	mails   map[mailPurpose][][]byte
	parser  *jwt.Parser
}

// signing is a key of access tokens and the id by which they name it.
type signing struct {
	key []byte
	id  string
}

type claims struct {
	jwt.RegisteredClaims
	Session int64 `json:"sid"`
}

func newTokens(keys Keys) *tokens {
	t := &tokens{}
	for _, key := range append([][]byte{keys.Derive("access token")}, keys.DeriveFormer("access token")...) {
		sum := sha256.Sum256(key)
		t.access = append(t.access, signing{key, hex.EncodeToString(sum[:4])})
	}
	t.mails = map[mailPurpose][][]byte{}
	for _, p := range []mailPurpose{forConfirmation, forReset} {
		t.mails[p] = append([][]byte{keys.Derive(string(p))}, keys.DeriveFormer(string(p))...)
	}
	t.refresh = append([][]byte{keys.Derive("refresh token")}, keys.DeriveFormer("refresh token")...)
	t.parser = jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
	)
	return t
}

// newAccess signs an access token (RFC 7519).
func (t *tokens) newAccess(userID, sessionID int64) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: strconv.FormatInt(userID, 10),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(AccessLife)),
		},
		Session: sessionID,
	})
	token.Header["typ"], token.Header["kid"] = accessType, t.access[0].id
	out, err := token.SignedString(t.access[0].key)
	if err != nil {
		return "", fmt.Errorf("sign an access token: %w", err)
	}
	return out, nil
}

// readAccess checks an access token and says whom and which session it names.
func (t *tokens) readAccess(text string) (userID, sessionID int64, err error) {
	if len(text) > maxToken {
		return 0, 0, nobody()
	}
	var c claims
	token, err := t.parser.ParseWithClaims(text, &c, t.accessKey)
	if err != nil || token.Header["typ"] != accessType {
		return 0, 0, nobody()
	}
	userID, err = strconv.ParseInt(c.Subject, 10, 64)
	if err != nil || userID < 1 || c.Session < 1 {
		return 0, 0, nobody()
	}
	return userID, c.Session, nil
}

// accessKey is the key that a token names.
func (t *tokens) accessKey(token *jwt.Token) (any, error) {
	for _, s := range t.access {
		if token.Header["kid"] == s.id {
			return s.key, nil
		}
	}
	return nil, errors.New("no key of ours")
}

// newRefresh is the refresh token of a session's current generation. It is a
// function of the session alone, so that it can be given twice.
func (t *tokens) newRefresh(s *model.Session) string {
	raw := make([]byte, 0, refreshSize)
	raw = binary.BigEndian.AppendUint64(raw, uint64(s.ID))         //nolint:gosec // its bits, read back as they are
	raw = binary.BigEndian.AppendUint64(raw, uint64(s.Generation)) //nolint:gosec // its bits, read back as they are
	return base64.RawURLEncoding.EncodeToString(append(raw, mac(t.refresh[0], raw, s.Nonce)...))
}

func mac(key, raw []byte, nonce string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(raw[:16])
	m.Write([]byte(nonce))
	return m.Sum(nil)
}

// refreshToken is a refresh token taken apart, not yet checked.
type refreshToken struct {
	session, generation int64
	raw                 []byte
}

func parseRefresh(text string) (refreshToken, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != refreshSize {
		return refreshToken{}, false
	}
	out := refreshToken{
		session:    int64(binary.BigEndian.Uint64(raw)),     //nolint:gosec // a negative one is refused below
		generation: int64(binary.BigEndian.Uint64(raw[8:])), //nolint:gosec // a negative one is refused below
		raw:        raw,
	}
	return out, out.session > 0 && out.generation > 0
}

func (t *tokens) genuine(r refreshToken, nonce string) bool {
	return slices.ContainsFunc(t.refresh, func(key []byte) bool {
		return hmac.Equal(r.raw[16:], mac(key, r.raw, nonce))
	})
}

// nobody is the answer to every token that is not good, whatever is wrong
// with it.
func nobody() error {
	return model.E(model.Unauthenticated, "sign in first")
}
