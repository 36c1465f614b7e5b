package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
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
	accessKey  []byte
	refreshKey []byte
	keyID      string
	parser     *jwt.Parser
}

type claims struct {
	jwt.RegisteredClaims
	Session int64 `json:"sid"`
}

func newTokens(keys Keys) *tokens {
	t := &tokens{accessKey: keys.Derive("access token"), refreshKey: keys.Derive("refresh token")}
	sum := sha256.Sum256(t.accessKey)
	t.keyID = hex.EncodeToString(sum[:4])
	t.parser = jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
	)
	return t
}

// access signs an access token (RFC 7519).
func (t *tokens) access(userID, sessionID int64) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: strconv.FormatInt(userID, 10),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(AccessLife)),
		},
		Session: sessionID,
	})
	token.Header["typ"], token.Header["kid"] = accessType, t.keyID
	out, err := token.SignedString(t.accessKey)
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
	token, err := t.parser.ParseWithClaims(text, &c, func(*jwt.Token) (any, error) { return t.accessKey, nil })
	if err != nil || token.Header["typ"] != accessType || token.Header["kid"] != t.keyID {
		return 0, 0, nobody()
	}
	userID, err = strconv.ParseInt(c.Subject, 10, 64)
	if err != nil || userID < 1 || c.Session < 1 {
		return 0, 0, nobody()
	}
	return userID, c.Session, nil
}

// refresh is the refresh token of a session's current generation. It is a
// function of the session alone, so that it can be given twice.
func (t *tokens) refresh(s *model.Session) string {
	raw := make([]byte, 0, refreshSize)
	raw = binary.BigEndian.AppendUint64(raw, uint64(s.ID))
	raw = binary.BigEndian.AppendUint64(raw, uint64(s.Generation))
	return base64.RawURLEncoding.EncodeToString(append(raw, t.mac(raw, s.Nonce)...))
}

func (t *tokens) mac(raw []byte, nonce string) []byte {
	m := hmac.New(sha256.New, t.refreshKey)
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
		session:    int64(binary.BigEndian.Uint64(raw)),
		generation: int64(binary.BigEndian.Uint64(raw[8:])),
		raw:        raw,
	}
	return out, out.session > 0 && out.generation > 0
}

func (t *tokens) genuine(r refreshToken, nonce string) bool {
	return hmac.Equal(r.raw[16:], t.mac(r.raw, nonce))
}

// nobody is the answer to every token that is not good, whatever is wrong
// with it.
func nobody() error {
	return model.E(model.Unauthenticated, "sign in first")
}
