package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/postrider/postrider/pkg/config"
)

const root = "../.."

type service struct {
	Image       string
	Build       struct{ Target string }
	Command     []string
	Environment map[string]string
	Healthcheck struct{ Test []string }
	Container   string `yaml:"container_name"`
	Ports       []string
	DependsOn   map[string]any `yaml:"depends_on"`
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return string(b)
}

// TestCompose holds docker-compose.yml to what it names elsewhere: settings,
// programs, image targets, probes.
func TestCompose(t *testing.T) {
	t.Parallel()
	text := readFile(t, "docker-compose.yml")
	var compose struct {
		Services map[string]service
		Volumes  map[string]any
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &compose))
	for _, name := range []string{"postgres", "redis", "migrate", "api", "worker", "web"} {
		require.Contains(t, compose.Services, name)
	}

	flags := pflag.NewFlagSet("all", pflag.ContinueOnError)
	config.Flags(flags, everything)
	known := map[string]bool{"POSTRIDER_POSTGRES_PASSWORD": true} // compose's own, in .env.sample
	flags.VisitAll(func(f *pflag.Flag) {
		known["POSTRIDER_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))] = true
	})
	for _, name := range regexp.MustCompile(`POSTRIDER_[A-Z_]+`).FindAllString(text, -1) {
		require.True(t, known[name], "%s is no setting", name)
	}
	// What the sample lets one set is handed to the programs, or compose has its own.
	own := []string{"POSTRIDER_DATABASE_URL", "POSTRIDER_REDIS_URL", "POSTRIDER_HTTP_ADDR"}
	for _, name := range regexp.MustCompile(`(?m)^#?(POSTRIDER_[A-Z_]+)=`).FindAllStringSubmatch(readFile(t, ".env.sample"), -1) {
		switch name := name[1]; {
		case name == "POSTRIDER_DATA_DIR": // of the embedded mode
		case name == "POSTRIDER_POSTGRES_PASSWORD":
			require.Contains(t, text, "${"+name+":?")
		default:
			for _, program := range []string{"api", "worker"} {
				value, there := compose.Services[program].Environment[name]
				require.True(t, there, "%s does not reach %s", name, program)
				require.Equal(t, slices.Contains(own, name), !strings.HasPrefix(value, "${"+name+":"), "%s of %s is %q", name, program, value)
			}
		}
	}
	demanded := map[string]int{}
	for _, use := range regexp.MustCompile(`\$\{(POSTRIDER_\w+)(:?[-?]?)([^}]*)\}`).FindAllStringSubmatch(text, -1) {
		if name := use[1]; use[2] == ":?" {
			demanded[name]++
		} else if strings.Contains(name, "PASSWORD") || strings.Contains(name, "SECRET") {
			require.Empty(t, use[3], "%s has a sample", name)
		}
	}
	require.Equal(t, map[string]int{"POSTRIDER_SECRET_KEY": 1, "POSTRIDER_POSTGRES_PASSWORD": 2}, demanded)

	dockerfile := readFile(t, "Dockerfile")
	for name, s := range compose.Services {
		for other := range s.DependsOn {
			require.Contains(t, compose.Services, other, name)
		}
		require.Empty(t, s.Container, "%s could not be scaled", name)
		if s.Build.Target == "" {
			require.Regexp(t, `:[\w.-]+$`, s.Image, "%s has no version", name)
			continue
		}
		require.Regexp(t, `(?m)^FROM \S+ AS `+s.Build.Target+`$`, dockerfile)
		if s.Build.Target == "app" {
			require.Contains(t, dockerfile, "./cmd/"+s.Command[0])
			require.Equal(t, "0.0.0.0:8080", s.Environment["POSTRIDER_HTTP_ADDR"])
		}
	}
	require.Empty(t, compose.Services["api"].Ports)
	require.Empty(t, compose.Services["worker"].Ports)
	require.Contains(t, strings.Join(compose.Services["api"].Healthcheck.Test, " "), "http://127.0.0.1:8080/readyz")
	require.Contains(t, strings.Join(compose.Services["redis"].Command, " "), "--maxmemory-policy noeviction")
}

// TestDockerfile holds the images to their rules: nobody runs as root, every
// base has a version.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	stages := strings.Split(readFile(t, "Dockerfile"), "\nFROM ")[1:]
	require.Len(t, stages, 4)
	for _, stage := range stages {
		head, body, _ := strings.Cut(stage, "\n")
		require.Regexp(t, `^\w+:[\w.-]+ AS (spa|build|app|web)$`, head)
		if strings.HasSuffix(head, " app") || strings.HasSuffix(head, " web") {
			require.Contains(t, body, "\nUSER postrider\n")
		}
	}
}
