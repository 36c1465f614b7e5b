package failpoint_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/failpoint"
)

// A build with the tag ends at the armed hit, one without never.
func TestHitKillsAtItsTurnInTestBuildsAlone(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	for _, c := range []struct {
		name, tags, arm string
		killed          bool
		code            int
		says            string
	}{
		{"armed", "failpoints", "there:3", true, -1, ".."},
		{"elsewhere", "failpoints", "nowhere:1", false, 0, "....."},
		{"not armed", "failpoints", "", false, 0, "....."},
		{"nonsense", "failpoints", "there", false, 2, ""},
		{"ordinary", "none", "there:3", false, 0, "....."},
	} {
		bin := filepath.Join(out, c.tags)
		if _, err := os.Stat(bin); err != nil {
			said, err := exec.Command("go", "build", "-tags", c.tags, "-o", bin, "./testdata/hit").CombinedOutput()
			require.NoError(t, err, "%s", said)
		}
		cmd := exec.Command(bin)
		cmd.Env = append(os.Environ(), failpoint.Env+"="+c.arm)
		said, _ := cmd.CombinedOutput()
		status := cmd.ProcessState.Sys().(syscall.WaitStatus)
		require.Equal(t, c.killed, status.Signaled() && status.Signal() == syscall.SIGKILL, c.name)
		require.Equal(t, c.code, cmd.ProcessState.ExitCode(), c.name)
		if c.code != 2 {
			require.Equal(t, c.says, string(said), c.name)
		} else {
			require.Contains(t, string(said), failpoint.Env, c.name)
		}
	}
}
