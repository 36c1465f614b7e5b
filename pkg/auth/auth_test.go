package auth_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/postrider/postrider/pkg/auth"
	"github.com/postrider/postrider/pkg/model"
	"github.com/postrider/postrider/pkg/store"
	"github.com/postrider/postrider/pkg/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "a long enough password"

func keysOf(t testing.TB, letter string) auth.Keys {
	t.Helper()
	keys, err := auth.NewKeys(bytes.Repeat([]byte(letter), auth.MinSecret))
	require.NoError(t, err)
	return keys
}

func TestKeys(t *testing.T) {
	t.Parallel()
	a, b := keysOf(t, "a"), keysOf(t, "b")
	require.Len(t, a.Derive("x"), 32)
	require.Equal(t, a.Derive("x"), a.Derive("x"))
	require.NotEqual(t, a.Derive("x"), a.Derive("y"))
	require.NotEqual(t, a.Derive("x"), b.Derive("x"))
	_, err := auth.NewKeys(make([]byte, auth.MinSecret-1))
	require.Error(t, err)
}

func register(t testing.TB, s *auth.Service, email string) *model.User {
	t.Helper()
	u, err := s.Register(context.Background(), auth.Registration{Email: email, Password: password})
	require.NoError(t, err)
	return u
}

// TestOtherKeysOpenNothing: a session outlives a restart, and not a change of
// the secret key.
func TestOtherKeysOpenNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	st := testkit.Store(t, testkit.SQLite)
	before, same, other := auth.New(st, keysOf(t, "a")), auth.New(st, keysOf(t, "a")), auth.New(st, keysOf(t, "b"))
	u := register(t, before, "anna@example.com")
	tokens, err := before.Login(ctx, u.Email, password, auth.Device{})
	require.NoError(t, err)

	_, _, err = other.Authenticate(ctx, tokens.Access)
	require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
	_, err = other.Refresh(ctx, tokens.Refresh)
	require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
	_, _, err = same.Authenticate(ctx, tokens.Access)
	require.NoError(t, err)
	_, err = same.Refresh(ctx, tokens.Refresh)
	require.NoError(t, err)
}

// TestTheSecretKeyIsExchanged: what was made under the former secret counts
// while that is named, and what is made now needs it no more.
func TestTheSecretKeyIsExchanged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	st := testkit.Store(t, testkit.SQLite)
	a, b := bytes.Repeat([]byte("a"), auth.MinSecret), bytes.Repeat([]byte("b"), auth.MinSecret)
	exchanged, err := auth.NewKeys(b, bytes.Repeat([]byte("c"), auth.MinSecret), a)
	require.NoError(t, err)
	before, between, after := auth.New(st, keysOf(t, "a")), auth.New(st, exchanged), auth.New(st, keysOf(t, "b"))
	u := register(t, before, "anna@example.com")
	old, err := before.Login(ctx, u.Email, password, auth.Device{})
	require.NoError(t, err)

	_, _, err = between.Authenticate(ctx, old.Access)
	require.NoError(t, err)
	young, err := between.Refresh(ctx, old.Refresh)
	require.NoError(t, err)
	_, _, err = after.Authenticate(ctx, young.Access)
	require.NoError(t, err)
	_, err = after.Refresh(ctx, young.Refresh)
	require.NoError(t, err)
	_, _, err = after.Authenticate(ctx, old.Access)
	require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
	text, err := exchanged.Sealer("x").Open(keysOf(t, "a").Sealer("x").Seal("hush", "o"), "o")
	require.NoError(t, err)
	require.Equal(t, "hush", text)
	text, err = keysOf(t, "b").Sealer("x").Open(exchanged.Sealer("x").Seal("hush", "o"), "o")
	require.NoError(t, err)
	require.Equal(t, "hush", text)
	_, err = auth.NewKeys(a, []byte("short"))
	require.Error(t, err)
}

// TestAForgedTokenDoesNotEndASession: only a genuine old token does.
func TestAForgedTokenDoesNotEndASession(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	st := testkit.Store(t, testkit.SQLite)
	s := auth.New(st, keysOf(t, "a"))
	u := register(t, s, "anna@example.com")
	first, err := s.Login(ctx, u.Email, password, auth.Device{})
	require.NoError(t, err)
	second, err := s.Refresh(ctx, first.Refresh)
	require.NoError(t, err)
	third, err := s.Refresh(ctx, second.Refresh)
	require.NoError(t, err)

	raw, err := base64.RawURLEncoding.DecodeString(third.Refresh)
	require.NoError(t, err)
	binary.BigEndian.PutUint64(raw[8:], 1) // claims to be the first
	_, err = s.Refresh(ctx, base64.RawURLEncoding.EncodeToString(raw))
	require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
	_, _, err = s.Authenticate(ctx, third.Access)
	require.NoError(t, err)

	_, err = s.Refresh(ctx, first.Refresh) // is the first
	require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
	_, _, err = s.Authenticate(ctx, third.Access)
	require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
}

func TestRefreshTokensSayWhenTheyEnd(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	st := testkit.Store(t, testkit.SQLite)
	s := auth.New(st, keysOf(t, "a"))
	u := register(t, s, "anna@example.com")
	tokens, err := s.Login(ctx, u.Email, password, auth.Device{})
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(store.SessionIdle), tokens.RefreshExpiresAt, time.Minute)
	require.GreaterOrEqual(t, tokens.ExpiresIn, 900*time.Second)
}

// TestManyLoginsAtOnce: hashing waits for its turn, and gives up with the
// caller.
func TestManyLoginsAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	st := testkit.Store(t, testkit.SQLite)
	s := auth.New(st, keysOf(t, "a"))
	u := register(t, s, "anna@example.com")
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = s.Login(ctx, u.Email, password, auth.Device{UserAgent: strings.Repeat("x", 5000)})
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, err := s.Login(gone, u.Email, password, auth.Device{})
	require.ErrorIs(t, err, context.Canceled)
}

func FuzzTokens(f *testing.F) {
	st := testkit.Store(f, testkit.SQLite)
	s := auth.New(st, keysOf(f, "a"))
	u := register(f, s, "anna@example.com")
	tokens, err := s.Login(context.Background(), u.Email, password, auth.Device{})
	require.NoError(f, err)
	f.Add(tokens.Access[:40])
	f.Add(tokens.Refresh[:40])
	f.Add("")
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		if text == tokens.Access || text == tokens.Refresh {
			return
		}
		_, _, err := s.Authenticate(context.Background(), text)
		require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
		_, err = s.Refresh(context.Background(), text)
		require.True(t, model.IsKind(err, model.Unauthenticated), "%v", err)
	})
}

// TestCommonPasswordsInDisguise: a common word stays one when it is written
// several times or with something between its letters; words that only contain
// one, or look like that, are left alone.
func TestCommonPasswordsInDisguise(t *testing.T) {
	t.Parallel()
	for _, password := range []string{
		"passwordpassword", "PasswordPASSWORDpassword", "ghbdtnghbdtn", "приветприветпривет", "1234512345", "example1", "abcabcabc",
		"p a s s w o r d", "P-a-s-s-w-o-r-d", "pass word", "p.a_s,s/w o\u00a0r d", "1 2 3 4 5 6", "q w e r t y", "pass-word pass-word", "password-password",
		"password!password!",
	} {
		var e *model.Error
		require.ErrorAs(t, auth.CheckPassword(password), &e, password)
		require.Equal(t, "too_common", e.Fields[0].Code, password)
	}
	for _, password := range []string{
		"correct horse 9", "passwordpasswords", "password of mine", "abcabcabcx", "p a s s w 0 r d s", "ghbdtn-ghbdtn-9",
	} {
		require.NoError(t, auth.CheckPassword(password), password)
	}
}
