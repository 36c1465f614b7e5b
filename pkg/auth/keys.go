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
//
// A secret can be exchanged: with the former ones at hand, what was made under
// them still counts, and what is made is made under the present one.
type Keys struct {
	secret []byte
	former []Keys
}

// NewKeys takes the secret key and those it had before, each of MinSecret bytes
// at least.
func NewKeys(secret []byte, former ...[]byte) (Keys, error) {
	if len(secret) < MinSecret {
		return Keys{}, errors.New("the secret key must have at least 32 bytes")
	}
	k := Keys{secret: append([]byte(nil), secret...)}
	for _, f := range former {
		one, err := NewKeys(f)
		if err != nil {
			return Keys{}, err
		}
		k.former = append(k.former, one)
	}
	return k, nil
}

// Derive is the key of a purpose, 32 bytes, always the same for a secret.
func (k Keys) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.secret, []byte("postrider"), purpose, 32)
	if err != nil {
		panic(err) // only for a length that SHA-256 cannot give
	}
	return key
}

// DeriveFormer is what Derive gave under the former secrets.
func (k Keys) DeriveFormer(purpose string) [][]byte {
	var out [][]byte
	for _, f := range k.former {
		out = append(out, f.Derive(purpose))
	}
	return out
}
