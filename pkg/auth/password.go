package auth

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
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

// dummy is a hash of that kind which no password of an account has: what is
// compared where there is no account, so that it takes as long.
const dummy = "$argon2id$v=19$m=19456,t=2,p=1$sIpo/Myksgpy1A8Rf+m5zw$gxzBqZF05KpfW9C+lG7PiQY1ydPUOo7oZxEC1EovxOc"

// Hashing costs 19 MiB and some 50 ms of a core. A flood of sign-ins neither
// takes the process down nor piles up: few hash at a time, some wait for their
// turn, and all others are told to come back.
const (
	parallelHashes = 3
	waitingHashes  = 64
	comeBack       = 2 * time.Second
)

// hasher hashes passwords, few at a time.
type hasher struct {
	places  chan struct{} // of those that hash or wait
	slots   chan struct{} // of those that hash
	compare func(password, hash string) (bool, error)
}

func newHasher() *hasher {
	return &hasher{
		places: make(chan struct{}, parallelHashes+waitingHashes), slots: make(chan struct{}, parallelHashes),
		compare: argon2id.ComparePasswordAndHash,
	}
}

func (h *hasher) turn(ctx context.Context) (func(), error) {
	select {
	case h.places <- struct{}{}:
	default:
		return nil, &model.Error{Kind: model.Unavailable, Message: "too many people sign in at this moment", Wait: comeBack}
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots; <-h.places }, nil
	case <-ctx.Done():
		<-h.places
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
		hash = dummy
	}
	if len(password) > MaxPassword { // no account has one; hash something all the same
		password, known = "", false
	}
	same, err := h.compare(password, hash)
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

// tried reports whether a password in lower case is a common one, also with
// separators between its letters or written several times.
func tried(lower string) bool {
	bare := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("-_.,:;/|+*", r) {
			return -1
		}
		return r
	}, lower)
	for n := 1; n <= len(bare); n++ {
		if word := bare[:n]; common()[word] && strings.Repeat(word, len(bare)/n) == bare {
			return true
		}
	}
	return common()[lower]
}

// checkPassword notes what speaks against a new password, at a field.
func checkPassword(bad *model.Fields, field, password, email string) {
	lower := strings.ToLower(strings.TrimSpace(password)) // who guesses tries it with spaces, too
	local, _, _ := strings.Cut(email, "@")
	switch {
	case password == "":
		bad.Add(field, "required", "must be given")
	case utf8.RuneCountInString(password) < MinPassword:
		bad.Add(field, "too_short", "must be at least %d characters long", MinPassword)
	case len(password) > MaxPassword:
		bad.Add(field, "too_long", "must be at most %d bytes long", MaxPassword)
	case lower == "", tried(lower), email != "" && (lower == email || lower == local):
		bad.Add(field, "too_common", "is one of the first that anybody would try")
	}
}

// CheckPassword says what speaks against a new password of nobody in particular
// (model.Invalid, at the field password).
func CheckPassword(password string) error {
	var bad model.Fields
	checkPassword(&bad, "password", password, "")
	return bad.Err()
}

// nobodysHash is a hash that was made of no password, and is compared with as
// any other.
func nobodysHash() string {
	var salt [16]byte
	var key [32]byte
	_, _ = rand.Read(salt[:]) // never fails (crypto/rand)
	_, _ = rand.Read(key[:])
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", hashing.Memory, hashing.Iterations, hashing.Parallelism, b64(salt[:]), b64(key[:]))
}

// HashPassword is the hash that an account keeps of a password.
func HashPassword(ctx context.Context, password string) (string, error) {
	return newHasher().hash(ctx, password)
}
