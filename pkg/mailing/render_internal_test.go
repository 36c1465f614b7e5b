package mailing

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAttributesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for _, value := range []any{
		nil, true, false, 0.0, -1.5, 1e21, 0.1, 9007199254740993.0, "", "Tver", "Тверь", "👩‍👧", `"\/` + "\b\f\n\r\t\x00\u2028",
		"<a href='x'>&amp;</a>", "\ufffd",
		[]any{},
		[]any{"a", 1.0, nil},
		map[string]any{},
		map[string]any{"b": map[string]any{"c": "d"}},
	} {
		written := map[string]any{"value": value, "": "empty", "a.b": 1.0, "a*?|#@": "x", `q"\`: true, "ключ": "ё"}
		for _, indent := range []string{"", " "} {
			stored, err := json.MarshalIndent(written, "", indent)
			require.NoError(t, err)
			got, err := readAttributes(string(stored))
			require.NoError(t, err)
			var same map[string]any
			require.NoError(t, json.Unmarshal(stored, &same))
			require.Equal(t, same, got)
		}
	}
	for _, none := range []string{"", "{}", "null"} {
		got, err := readAttributes(none)
		require.NoError(t, err)
		require.Empty(t, got)
	}
	for _, broken := range []string{"[]", "1", `"x"`, "nonsense"} {
		_, err := readAttributes(broken)
		require.Error(t, err, broken)
	}
}
