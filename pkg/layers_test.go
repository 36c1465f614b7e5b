package pkg_test

import (
	"encoding/json"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/postrider/postrider/"

// layers is who may import whom in this module. A package that is not here may
// not be; what is not listed may not be imported.
var layers = map[string][]string{
	"cmd/api":              {"pkg/app", "pkg/config"},
	"cmd/worker":           {"pkg/app", "pkg/config"},
	"cmd/postrider":        {"pkg/app", "pkg/config"},
	"api":                  {"pkg/mailing", "pkg/auth", "pkg/limit", "pkg/store", "pkg/model", "pkg/mailbox", "docs/openapi", "docs/openapi/ui"},
	"frontend":             {},
	"migrations":           {},
	"docs/authorization":   {"api", "pkg/model"},
	"docs/openapi":         {},
	"docs/openapi/convert": {"api", "pkg/model"},
	"docs/openapi/ui":      {},
	"pkg/model":            {},
	"pkg/address":          {},
	"pkg/calendar":         {},
	"pkg/rfc5322":          {},
	"pkg/template":         {},
	"pkg/mailbox":          {},
	"pkg/queue":            {},
	"pkg/limit":            {},
	"pkg/store":            {"pkg/model", "pkg/address", "migrations"},
	"pkg/auth":             {"pkg/store", "pkg/model", "pkg/address"},
	"pkg/failpoint":        {},
	"pkg/mailing":          {"pkg/store", "pkg/model", "pkg/address", "pkg/calendar", "pkg/rfc5322", "pkg/template", "pkg/failpoint"},
	"pkg/smtp":             {"pkg/mailing", "pkg/model", "pkg/failpoint"},
	"pkg/config":           {"pkg/address"},
	"pkg/app":              {"*"},
	"pkg/testkit":          {"*"},
	"pkg/testkit/bench":    {"pkg/mailbox", "pkg/rfc5322", "pkg/store", "pkg/testkit/server"},
	"pkg/testkit/fault":    {"pkg/failpoint", "pkg/testkit/server"},
	"pkg/testkit/server":   {},
	"pkg/testkit/servers":  {"pkg/testkit/server"},
}

// owners is the one package that may import a library outside its tests, so
// that exchanging it is one package's change.
var owners = map[string][]string{
	"gorm.io/":                        {"pkg/store"},
	"modernc.org/sqlite":              {"pkg/store", "pkg/testkit/fault"},
	"github.com/jackc/pgx/":           {"pkg/store", "pkg/testkit", "pkg/testkit/fault"},
	"github.com/pressly/goose/":       {"pkg/store"},
	"github.com/labstack/echo/":       {"api"},
	"github.com/golang-jwt/":          {"pkg/auth"},
	"github.com/alexedwards/argon2id": {"pkg/auth"},
	"github.com/hibiken/asynq":        {"pkg/queue"},
	"github.com/redis/":               {"pkg/queue", "pkg/testkit"},
	"github.com/alicebob/":            {"pkg/queue"},
	"github.com/spf13/viper":          {"pkg/config"},
	"github.com/joho/":                {"pkg/config"},
	"github.com/spf13/cobra":          {"pkg/app", "cmd/postrider"},
	"github.com/osteele/":             {"pkg/template"},
	"github.com/tidwall/":             {"pkg/mailing"},
	"github.com/robfig/":              {"pkg/calendar"},
	"golang.org/x/net/html":           {"pkg/mailing"},
	"github.com/emersion/go-smtp":     {"pkg/mailbox"},
	"github.com/emersion/go-message":  {"pkg/mailbox"},
	"github.com/getkin/":              {"docs/openapi/convert"},
	"github.com/stretchr/":            {"pkg/testkit", "pkg/testkit/server"},
	"golang.org/x/net/idna":           {"pkg/address"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// TestLayers holds every import of this module against the two tables. It reads
// the imports that go list tells, tests left out.
func TestLayers(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	require.NoError(t, err)
	seen := map[string]bool{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p goPackage
		require.NoError(t, dec.Decode(&p))
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == "pkg" || name == "cmd" { // tests only
			continue
		}
		seen[name] = true
		allowed, known := layers[name]
		if !known {
			t.Errorf("package %s stands in no layer: put it into the table, or its code elsewhere", name)
			continue
		}
		for _, imported := range p.Imports {
			if own, ok := strings.CutPrefix(imported, module); ok {
				if !slices.Contains(allowed, "*") && !slices.Contains(allowed, own) {
					t.Errorf("%s imports %s, which its layer may not", name, own)
				}
				continue
			}
			if name == "pkg/model" && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
				t.Errorf("%s imports %s: model stands on the standard library alone", name, imported)
			}
			for library, who := range owners {
				if strings.HasPrefix(imported+"/", library) || strings.HasPrefix(imported, library) {
					if !slices.Contains(who, name) {
						t.Errorf("%s imports %s, which belongs to %s", name, path.Clean(library), strings.Join(who, ", "))
					}
				}
			}
		}
	}
	for name := range layers {
		if !seen[name] {
			t.Errorf("the table names %s, which is not there", name)
		}
	}
}
