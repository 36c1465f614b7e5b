package rfc5322

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A simple text is judged as the look at each octet judges it.
func TestSimpleTextsAreJudgedAlike(t *testing.T) {
	t.Parallel()
	pieces := []string{"a", "word ", "seven77", "eight888", "~", " ", "\n", "\r\n", "\r\n", "\n"}
	odd := []string{"\r", "\t", "\x00", "\x1f", "\x7f", "\x80", "\xff", "é", "Ж", strings.Repeat("x", 998), strings.Repeat("x", 999)}
	r := rand.New(rand.NewPCG(1, 2))
	simple := 0
	for range 20_000 {
		var b strings.Builder
		from := pieces
		if r.IntN(2) == 0 {
			from = append(from[:len(from):len(from)], odd[r.IntN(len(odd))])
		}
		for range r.IntN(40) {
			b.WriteString(from[r.IntN(len(from))])
		}
		if _, ok := isSimple(b.String()); ok {
			simple++
		}
		require.Equal(t, oddPart(b.String()), newPart(b.String()), "%q", b.String())
	}
	require.Greater(t, simple, 8_000)
}
