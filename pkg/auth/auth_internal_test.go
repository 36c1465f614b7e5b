package auth

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/model"
)

// TestThereIsAlwaysSomethingToCompare: where there is no account, or a password
// that none can have, a hash of the same cost is compared all the same, and
// never fits.
func TestThereIsAlwaysSomethingToCompare(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	h := newHasher()
	var compared []string
	h.compare = func(_, hash string) (bool, error) {
		compared = append(compared, hash)
		return true, nil
	}
	known, err := argon2id.CreateHash("the password of an account", hashing)
	require.NoError(t, err)
	for _, try := range []struct {
		password, hash string
		same           bool
	}{
		{"a guess", known, true}, // as the comparison said
		{"a guess", "", false},
		{strings.Repeat("x", MaxPassword+1), known, false},
		{strings.Repeat("x", MaxPassword+1), "", false},
	} {
		compared = nil
		same, err := h.matches(ctx, try.password, try.hash)
		require.NoError(t, err)
		require.Equal(t, try.same, same)
		require.Len(t, compared, 1)
		params, salt, key, err := argon2id.DecodeHash(compared[0])
		require.NoError(t, err)
		require.Equal(t, hashing, params)
		require.Len(t, salt, int(hashing.SaltLength))
		require.Len(t, key, int(hashing.KeyLength))
	}
}

// TestTheQueueOfHashesIsBounded: three hash, 64 wait, and whoever comes on top
// is told at once when to come back. A place that is left is a place.
func TestTheQueueOfHashesIsBounded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	h := newHasher()
	began, goOn := make(chan struct{}, parallelHashes+waitingHashes), make(chan struct{})
	release := sync.OnceFunc(func() { close(goOn) })
	defer release()
	h.compare = func(string, string) (bool, error) {
		began <- struct{}{}
		<-goOn
		return true, nil
	}
	matches := func(ctx context.Context) error {
		_, err := h.matches(ctx, "a guess", dummy)
		return err
	}
	full := func() {
		for len(h.places) < parallelHashes+waitingHashes { // none can go
			time.Sleep(time.Millisecond)
		}
	}
	var all sync.WaitGroup
	come := func() { all.Go(func() { require.NoError(t, matches(ctx)) }) }
	for range parallelHashes {
		come()
	}
	for range parallelHashes {
		<-began
	}
	for range waitingHashes - 1 {
		come()
	}
	impatient, leave := context.WithCancel(ctx)
	left := make(chan error)
	go func() { left <- matches(impatient) }()
	full()
	require.Empty(t, began, "no more than these hash at once")
	patience, end := context.WithTimeout(ctx, 20*time.Second) // who has to wait for a place waits in vain
	defer end()
	for _, call := range []func() error{
		func() error { return matches(patience) },
		func() error { _, err := h.hash(patience, "a new password"); return err },
	} {
		var e *model.Error
		require.ErrorAs(t, call(), &e)
		require.Equal(t, model.Unavailable, e.Kind)
		require.Equal(t, 2*time.Second, e.Wait)
	}

	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	come() // who gave up has left a place
	full()
	release()
	all.Wait()
	require.Empty(t, h.places)
	require.NoError(t, matches(ctx))
}

// TestATokenIsForOnePurpose: even where all else of two rows is the same, what
// confirms an address sets no password, and the other way round.
func TestATokenIsForOnePurpose(t *testing.T) {
	t.Parallel()
	keys, err := NewKeys([]byte(strings.Repeat("k", MinSecret)))
	require.NoError(t, err)
	tokens := newTokens(keys)
	purposes := []mailPurpose{forConfirmation, forReset}
	for _, made := range purposes {
		text := tokens.newMail(made, 7, time.Now().Add(time.Hour), "the same")
		for _, read := range purposes {
			m, ok := parseMail(read, text)
			require.True(t, ok)
			require.Equal(t, made == read, tokens.genuineMail(m, "the same"), "made for %s, read for %s", made, read)
		}
	}
}
