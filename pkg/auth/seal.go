package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/postrider/postrider/pkg/model"
)

// Sealer encrypts small secrets that are kept in the database, with
// AES-256-GCM (NIST SP 800-38D) under a key of their purpose. What it makes
// begins with the id of its key, so that a later key can tell what is not its
// own.
type Sealer struct {
	id     string
	aead   cipher.AEAD
	former []*Sealer
}

// ErrSealed says that a text cannot be opened: it was sealed under another
// key, for another owner, or is broken. The three are told apart nowhere.
var ErrSealed = errors.New("it was encrypted with another secret key, or for something else")

// Sealer makes the sealer of a purpose.
func (k Keys) Sealer(purpose string) *Sealer {
	block, err := aes.NewCipher(k.Derive(purpose))
	if err != nil {
		panic(err) // only for a key of another length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for another block size
	}
	s := &Sealer{id: hex.EncodeToString(k.Derive(purpose + " id")[:4]), aead: aead}
	for _, f := range k.former {
		s.former = append(s.former, f.Sealer(purpose))
	}
	return s
}

// Seal encrypts a text for an owner: for no other one can it be opened.
func (s *Sealer) Seal(text, owner string) string {
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return s.id + "." + base64.RawStdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(text), []byte(owner)))
}

// SealPassword encrypts a password for the server of a transport, and for how
// it is reached.
func (s *Sealer) SealPassword(t *model.Transport, password string) string {
	return s.Seal(password, serverOf(t))
}

// OpenPassword decrypts the password of a transport. Those that were sealed
// before ports and TLS modes were part of it open by their host.
func (s *Sealer) OpenPassword(t *model.Transport) (string, error) {
	password, err := s.Open(t.PasswordSealed, serverOf(t))
	if err != nil {
		return s.Open(t.PasswordSealed, strings.ToLower(t.Host))
	}
	return password, nil
}

func serverOf(t *model.Transport) string {
	return fmt.Sprintf("%s:%d %s", strings.ToLower(t.Host), t.Port, t.TLS)
}

// Open decrypts what Seal has made for an owner, under this or a former secret,
// or answers ErrSealed.
func (s *Sealer) Open(sealed, owner string) (string, error) {
	id, body, _ := strings.Cut(sealed, ".")
	for _, f := range s.former {
		if f.id == id {
			return f.Open(sealed, owner)
		}
	}
	raw, err := base64.RawStdEncoding.DecodeString(body)
	if err != nil || id != s.id || len(raw) < s.aead.NonceSize() {
		return "", ErrSealed
	}
	n := s.aead.NonceSize()
	text, err := s.aead.Open(nil, raw[:n], raw[n:], []byte(owner))
	if err != nil {
		return "", ErrSealed
	}
	return string(text), nil
}
