package auth

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
)

// MinSecret is how many bytes a secret key has at least.
const MinSecret = 32

// Keys gives each purpose a key of its own, all out of the installation's one
// secret (HKDF, RFC 5869): whoever breaks one learns nothing of another, and
// what is signed for one purpose is worth nothing for another.
type Keys struct{ secret []byte }

// NewKeys takes the secret key, of MinSecret bytes at least.
func NewKeys(secret []byte) (Keys, error) {
	if len(secret) < MinSecret {
		return Keys{}, errors.New("the secret key must have at least 32 bytes")
	}
	return Keys{secret: append([]byte(nil), secret...)}, nil
}

// Derive is the key of a purpose, 32 bytes, always the same for a secret.
func (k Keys) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.secret, []byte("postrider"), purpose, 32)
	if err != nil {
		panic(err) // only for a length that SHA-256 cannot give
	}
	return key
}
