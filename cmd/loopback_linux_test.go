package cmd_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEmbeddedListensOnTheLoopbackAlone: neither the interface nor the queue
// nor the captured inbox is there for anybody else than this machine.
func TestEmbeddedListensOnTheLoopbackAlone(t *testing.T) {
	t.Parallel()
	p, _ := embedded(t, t.TempDir())
	all := listening(t, p.cmd.Process.Pid)
	require.GreaterOrEqual(t, len(all), 3, "the API, the queue and the captured inbox")
	for _, at := range all {
		// little-endian words: 127.0.0.1, ::1 and ::ffff:127.0.0.1
		address, _, _ := strings.Cut(at, ":")
		require.Contains(t, []string{"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}, address)
	}
}

// listening are the addresses on which a process listens, as /proc/net/tcp has
// them.
func listening(t *testing.T, pid int) (out []string) {
	t.Helper()
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	own := map[string]bool{}
	for _, f := range files {
		if to, err := os.Readlink(folder + "/" + f.Name()); err == nil { // it may be closed by now
			own[to] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if table == "tcp6" && os.IsNotExist(err) { // a machine without IPv6
			continue
		}
		require.NoError(t, err)
		for line := range strings.Lines(string(raw)) {
			const listens = "0A"
			if f := strings.Fields(line); len(f) > 9 && f[3] == listens && own["socket:["+f[9]+"]"] {
				out = append(out, f[1])
			}
		}
	}
	return out
}
