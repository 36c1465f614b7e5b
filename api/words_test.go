package api_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/postrider/postrider/api"
)

// TestEverySentenceHasItsRussian reads the program for what it tells people:
// the codes given to Fields.Add, and the sentences of expected errors.
func TestEverySentenceHasItsRussian(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	for _, folder := range []string{".", "../pkg/auth", "../pkg/store", "../pkg/mailing", "../pkg/model", "../pkg/template"} {
		names, err := filepath.Glob(folder + "/*.go")
		require.NoError(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(files, name, nil, 0)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				at := func(e ast.Expr) string { return files.Position(e.Pos()).String() }
				switch n := n.(type) {
				case *ast.CallExpr:
					called := nameOf(n.Fun)
					switch {
					case strings.HasSuffix(called, ".Add") && len(n.Args) >= 3:
						code, isCode := text(n.Args[1])
						format, isText := text(n.Args[2])
						if isCode && isText {
							_, ru := api.Words("", code, example(format))
							assert.Regexp(t, cyrillic, ru, "%s: the code %q needs its Russian in words.go", at(n), code)
						}
					case called == "model.E" && len(n.Args) >= 2 && !strings.HasSuffix(nameOf(n.Args[0]), "malformed"):
						if format, is := text(n.Args[1]); is && format != "%v" && format != "%w" {
							ru, _ := api.Words(example(format), "", "")
							assert.Regexp(t, cyrillic, ru, "%s: %q needs its Russian in words.go", at(n), format)
						}
					}
				case *ast.KeyValueExpr:
					if key, is := n.Key.(*ast.Ident); is && key.Name == "Message" {
						if sentence, is := text(n.Value); is && sentence != "" {
							ru, _ := api.Words(sentence, "", "")
							assert.Regexp(t, cyrillic, ru, "%s: %q needs its Russian in words.go", at(n.Value), sentence)
						}
					}
				}
				return true
			})
		}
	}
}

var (
	cyrillic = regexp.MustCompile(`[а-яё]`)
	verbs    = regexp.MustCompile(`%[a-z]`)
)

func example(format string) string { return verbs.ReplaceAllString(format, "7") }

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return nameOf(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func text(e ast.Expr) (string, bool) {
	lit, is := e.(*ast.BasicLit)
	if !is || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}
