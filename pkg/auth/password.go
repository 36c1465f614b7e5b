package auth

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/postrider/postrider/pkg/model"
)

// Bounds of a password. The upper one only keeps hashing cheap to refuse.
const (
	MinPassword = 8    // characters
	MaxPassword = 1024 // bytes
)

// hashing follows OWASP's first choice for argon2id: 19 MiB, two passes.
var hashing = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// parallelHashes bounds the memory that hashing can take: a flood of sign-ins
// waits instead of taking the process down.
const parallelHashes = 3

// hasher hashes passwords, few at a time.
type hasher struct {
	slots chan struct{}
	dummy func() (string, error)
}

func newHasher() *hasher {
	h := &hasher{slots: make(chan struct{}, parallelHashes)}
	h.dummy = sync.OnceValues(func() (string, error) {
		return argon2id.CreateHash("nobody's password", hashing)
	})
	return h
}

func (h *hasher) turn(ctx context.Context) (func(), error) {
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	out, err := argon2id.CreateHash(password, hashing)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return out, nil
}

// matches compares with the hash of an account. Without one it compares with
// a dummy, so that an unknown account takes as long as a known one.
func (h *hasher) matches(ctx context.Context, password, hash string) (bool, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	known := hash != ""
	if !known {
		if hash, err = h.dummy(); err != nil {
			return false, fmt.Errorf("hash a password: %w", err)
		}
	}
	if len(password) > MaxPassword { // no account has one; hash something all the same
		password, known = "", false
	}
	same, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare a password: %w", err)
	}
	return same && known, nil
}

//go:embed common.txt
var commonText string

var common = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(commonText) {
		out[word] = true
	}
	return out
})

// checkPassword notes what speaks against a new password, at a field.
func checkPassword(bad *model.Fields, field, password, email string) {
	lower := strings.ToLower(password)
	switch {
	case password == "":
		bad.Add(field, "required", "must be given")
	case utf8.RuneCountInString(password) < MinPassword:
		bad.Add(field, "too_short", "must be at least %d characters long", MinPassword)
	case len(password) > MaxPassword:
		bad.Add(field, "too_long", "must be at most %d bytes long", MaxPassword)
	case common()[lower] || lower == email:
		bad.Add(field, "too_common", "is one of the first that anybody would try")
	}
}

// HashPassword is the hash that an account keeps of a password.
func HashPassword(ctx context.Context, password string) (string, error) {
	return newHasher().hash(ctx, password)
}
