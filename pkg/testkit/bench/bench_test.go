package main_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheHarnessWorks sends and asks little, and looks at no time.
func TestTheHarnessWorks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+"/", ".", "../../../cmd/api", "../../../cmd/worker", "../../../cmd/postrider")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Run("send", func(t *testing.T) { sendsLittle(t, dir) })
	t.Run("accounts", func(t *testing.T) { asksLittle(t, dir) })
}

func sendsLittle(t *testing.T, dir string) {
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

// asksLittle wants all that is compared to answer alike, else the run fails.
func asksLittle(t *testing.T, dir string) {
	for _, database := range []string{"postgres", "sqlite"} {
		var said, failed bytes.Buffer
		bench := exec.Command(dir+"/bench", "accounts", "-bin", dir, "-times", "2", "-database", database)
		bench.Stdout, bench.Stderr = &said, &failed
		require.NoError(t, bench.Run(), "%s", &failed)
		lines := json.NewDecoder(&said)
		for range 5 {
			var got struct {
				Request        string
				Known, Unknown struct {
					P50 float64 `json:"p50_ms"`
				}
			}
			require.NoError(t, lines.Decode(&got))
			require.NotEmpty(t, got.Request)
			require.Positive(t, got.Known.P50, got.Request)
			require.Positive(t, got.Unknown.P50, got.Request)
		}
	}
}
