package auth_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/auth"
)

func TestSealer(t *testing.T) {
	t.Parallel()
	sealer := func(secret, purpose string) *auth.Sealer {
		keys, err := auth.NewKeys(bytes.Repeat([]byte(secret), auth.MinSecret))
		require.NoError(t, err)
		return keys.Sealer(purpose)
	}
	s := sealer("a", "passwords")
	sealed := s.Seal("hush", "mail.example.com")
	require.NotContains(t, sealed, "hush")
	require.NotEqual(t, sealed, s.Seal("hush", "mail.example.com"))
	text, err := sealer("a", "passwords").Open(sealed, "mail.example.com")
	require.NoError(t, err)
	require.Equal(t, "hush", text)
	for _, again := range []func() (string, error){
		func() (string, error) { return s.Open(sealed, "other.example.com") },
		func() (string, error) { return sealer("b", "passwords").Open(sealed, "mail.example.com") },
		func() (string, error) { return sealer("a", "hooks").Open(sealed, "mail.example.com") },
		func() (string, error) { return s.Open(sealed[:len(sealed)-4], "mail.example.com") },
		func() (string, error) { return s.Open(sealed[:9]+"AAAA"+sealed[13:], "mail.example.com") },
		func() (string, error) { return s.Open("", "mail.example.com") },
		func() (string, error) { return s.Open("hush", "mail.example.com") },
	} {
		_, err := again()
		require.ErrorIs(t, err, auth.ErrSealed)
	}
}
