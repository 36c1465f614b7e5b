package store_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/store"
)

// TestASQLiteDatabaseIsItsOwnersAlone: what is made is not for others to read;
// whoever has let them keeps it so.
func TestASQLiteDatabaseIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	fresh, shared := filepath.Join(t.TempDir(), "new one.db"), filepath.Join(t.TempDir(), "shared.db")
	require.NoError(t, os.WriteFile(shared, nil, 0o600))
	require.NoError(t, os.Chmod(shared, 0o640))
	for path, mode := range map[string]fs.FileMode{fresh: 0o600, shared: 0o640} {
		st, err := store.Open("sqlite:" + path)
		require.NoError(t, err)
		_, err = st.Migrate(t.Context())
		require.NoError(t, err)
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			info, err := os.Stat(name)
			require.NoError(t, err)
			require.Equal(t, mode, info.Mode().Perm(), name)
		}
		require.NoError(t, st.Close())
	}
	st, err := store.Open("sqlite:" + filepath.Join(t.TempDir(), "nowhere", "a.db"))
	require.NoError(t, err)
	require.Error(t, st.Ping(t.Context()))
	require.NoError(t, st.Close())
}
