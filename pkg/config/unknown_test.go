package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/pkg/config"
)

func TestMisspeltVariablesAreFound(t *testing.T) {
	t.Chdir(t.TempDir())
	dotEnv := "POSTRIDER_SMPT_URL=smtp://mail:25\nPOSTRIDER_POSTGRES_PASSWORD=x\nPOSTRIDER_LIMITS=on\nOTHER=x\nPOSTRIDER_NOTHING=\npostrider_http_addr=:80\n"
	require.NoError(t, os.WriteFile(".env", []byte(dotEnv), 0o600))
	_, err := load(t, config.Worker, server(map[string]string{
		"POSTRIDER_TRUSTED_PROXYS": "10.0.0.0/8", "postrider_mail_from": "a@example.com", "POSTRIDER_FAILPOINT": "x:1",
		"POSTRIDER_SERVICE_HOST": "10.0.0.1", "POSTRIDER_SERVICE_PORT_HTTP": "80", "POSTRIDER_PORT": "tcp://10.0.0.1:80", "POSTRIDER_PORT_80_TCP_ADDR": "10.0.0.1",
	}))
	require.NoError(t, err)
	require.Equal(t, []config.Unknown{
		{Name: "POSTRIDER_SMPT_URL", Nearest: "POSTRIDER_SMTP_URL"},
		{Name: "POSTRIDER_TRUSTED_PROXYS", Nearest: "POSTRIDER_TRUSTED_PROXIES"},
		{Name: "postrider_mail_from", Nearest: "POSTRIDER_MAIL_FROM"},
	}, config.Unheard())

	_, err = load(t, config.Worker, map[string]string{"POSTRIDER_DATABSE_URL": "sqlite:x", "POSTRIDER_SECRET_KEY": secret})
	require.ErrorContains(t, err, "POSTRIDER_DATABSE_URL is no setting; the nearest is POSTRIDER_DATABASE_URL")
}

// No variable that a part of Postrider names is taken for a slip.
func TestVariablesOfOurOwnAreKnown(t *testing.T) {
	name := regexp.MustCompile(`\bPOSTRIDER_[A-Z_]*[A-Z]\b`)
	var found []string
	for _, top := range []string{"Makefile", "Dockerfile", "docker-compose.yml", ".env.sample", ".ci", "api", "docs", "pkg", "frontend/src", "frontend/journeys"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Base(path) == "unknown_test.go" {
				return err
			}
			text, err := os.ReadFile(path)
			for _, n := range name.FindAll(text, -1) {
				found = append(found, string(n))
			}
			return err
		}))
	}
	slices.Sort(found)
	found = slices.Compact(found)
	require.Greater(t, len(found), 20)
	t.Chdir(t.TempDir())
	env := server(nil)
	for _, n := range found {
		if _, there := env[n]; !there {
			t.Setenv(n, "x")
		}
	}
	require.Empty(t, config.Unheard())
}
