package server_test

import (
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/postrider/postrider/pkg/testkit/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServersStopCrashAndComeBack(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(string) (*server.Server, error){
		"postgres": server.StartPostgres,
		"redis":    server.StartRedis,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := server.TempDir()
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
			s, err := start(dir)
			require.NoError(t, err)
			for _, mode := range []string{"fast", "immediate"} {
				c, err := net.Dial("tcp", s.Addr)
				require.NoError(t, err)
				require.NoError(t, c.Close())
				require.NoError(t, s.Stop(mode))
				require.NoError(t, s.Stop(mode), "again")
				_, err = net.Dial("tcp", s.Addr)
				require.Error(t, err)
				require.NoError(t, s.Start())
			}
			require.ErrorContains(t, s.Stop("softly"), "softly")
			require.NoError(t, s.Stop("immediate"))
		})
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for _, name := range []string{"redis-server", "gcc"} {
		t.Setenv("PATH", t.TempDir())
		_, err := server.Find(name)
		require.ErrorContains(t, err, "install")
		require.Error(t, server.Install(os.Stderr, name), "without a package manager")
	}
	_, err := server.Find("rm")
	require.Error(t, err)
}
