package main_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheHarnessWorks sends little and looks at no time.
func TestTheHarnessWorks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+"/", ".", "../../../cmd/api", "../../../cmd/worker", "../../../cmd/postrider")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, database := range []string{"postgres", "sqlite"} {
		var said, failed bytes.Buffer
		bench := exec.Command(dir+"/bench", "send", "-bin", dir, "-n", "200", "-connections", "5", "-runs", "1", "-bare", "100ms",
			"-ehlo", "chunking", "-database", database)
		bench.Stdout, bench.Stderr = &said, &failed
		require.NoError(t, bench.Run(), "%s", &failed)
		var got map[string]any
		require.NoError(t, json.NewDecoder(&said).Decode(&got))
		require.EqualValues(t, 400, got["rows"])
		require.Equal(t, database, got["database"])
		for _, figure := range []string{"sent_per_s", "bare_per_s", "bare_bdat_per_s", "share", "worker_peak_mb", "first_mail_ms", "seconds"} {
			require.Positive(t, got[figure], figure)
		}
	}
}
