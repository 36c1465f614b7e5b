package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The reply parser is what a hostile server talks to: it is tested from
// within, without a socket between.

func TestReadReply(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]struct {
		code            int
		enhanced, words string
	}{
		"250 OK\r\n":                 {250, "", "OK"},
		"250\r\n":                    {250, "", ""},
		"250 \n":                     {250, "", ""},
		"550 5.1.1 no such user\r\n": {550, "5.1.1", "no such user"},
		"550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 three\r\n": {550, "5.7.1", "one two three"},
		"250-a\r\n250-\r\n250 b\r\n":                            {250, "", "a b"},
		"550 4.1.1 classes differ\r\n":                          {550, "", "4.1.1 classes differ"},
		"550 5.1.1234 too long\r\n":                             {550, "", "5.1.1234 too long"},
		"250 2.0.0\r\n":                                         {250, "2.0.0", ""},
		"250 10.0.0.1 is you\r\n":                               {250, "", "10.0.0.1 is you"},
		"550 " + strings.Repeat("x", 5000) + "\r\n":             {550, "", strings.Repeat("x", 1024)},
	} {
		r, err := readReply(bufio.NewReader(strings.NewReader(raw)), nil)
		require.NoError(t, err, raw)
		require.Equal(t, want.code, r.code)
		enhanced, words := r.words()
		require.Equal(t, want.enhanced, enhanced)
		require.Equal(t, want.words, words)
	}
}

func TestReadReplyRefuses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"hello\r\n", "\r\n", "25\r\n", "199 x\r\n", "650 x\r\n", "25x x\r\n", "250x\r\n", "250_x\r\n", "250-a\r\n251 b\r\n", "2\u0665\u0660 x\r\n",
		strings.Repeat("250-x\r\n", 129), strings.Repeat("x", 1<<20), "250 " + strings.Repeat("x", 1<<20) + "\r\n",
	} {
		_, err := readReply(bufio.NewReader(strings.NewReader(raw)), nil)
		require.ErrorIs(t, err, errGarbage, raw[:min(len(raw), 40)])
	}
	for _, raw := range []string{"", "250", "250 x", "250-x\r\n"} {
		_, err := readReply(bufio.NewReader(strings.NewReader(raw)), nil)
		require.ErrorIs(t, err, io.EOF, raw)
	}
}

func FuzzReadReply(f *testing.F) {
	for _, s := range []string{"250 OK\r\n", "550-5.1.1 a\r\n550 5.1.1 b\r\n", "250\n", "421 \xff\x00\x1b\r\n", "250-\r\n", "xyz", "250-a\r\n251 b\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		br := bufio.NewReaderSize(bytes.NewReader(raw), 16)
		var text []byte
		for {
			r, err := readReply(br, text)
			if err != nil {
				require.True(t, errors.Is(err, errGarbage) || errors.Is(err, io.EOF), err)
				return
			}
			text = r.text
			require.True(t, r.code >= 200 && r.code < 600)
			require.LessOrEqual(t, len(r.text), maxReplyTotal)
			enhanced, words := r.words()
			require.True(t, utf8.ValidString(words) && len(words) <= maxResponse)
			require.False(t, strings.ContainsFunc(words, unicode.IsControl))
			require.True(t, enhanced == "" || len(enhanced) <= 9 && enhanced[0] == byte('0'+r.code/100), enhanced)
		}
	})
}
