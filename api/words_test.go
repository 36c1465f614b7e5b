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
// the codes and messages given to Fields.Add and to the errors of a calendar,
// the sentences of expected errors, and those that messages quote.
func TestEverySentenceHasItsRussian(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	for _, folder := range []string{".", "../pkg/auth", "../pkg/store", "../pkg/mailing", "../pkg/model", "../pkg/template", "../pkg/calendar", "../pkg/address"} {
		names, err := filepath.Glob(folder + "/*.go")
		require.NoError(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			quoted := quotedBy.MatchString(name)
			file, err := parser.ParseFile(files, name, nil, 0)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				at := func(e ast.Expr) string { return files.Position(e.Pos()).String() }
				says := func(at string, e ast.Expr) {
					format, is := text(e)
					if is && verbs.ReplaceAllString(format, "") != "" && format != "must be %s" { // with words that are known
						assert.True(t, api.Says(example(format)), "%s: %q needs its Russian in words.go", at, format)
					}
				}
				switch n := n.(type) {
				case *ast.CallExpr:
					called := nameOf(n.Fun)
					switch {
					case strings.HasSuffix(strings.ToLower(called), ".add") && len(n.Args) >= 3:
						code, isCode := text(n.Args[1])
						format, isText := text(n.Args[2])
						if isCode && isText {
							_, ru := api.Words("", code, example(format))
							assert.Regexp(t, cyrillic, ru, "%s: the code %q needs its Russian in words.go", at(n), code)
						}
						says(at(n), n.Args[2])
					case quoted && (called == "errors.New" || called == "fmt.Errorf" || called == "wrong") && len(n.Args) >= 1:
						says(at(n), n.Args[0])
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

// quotedBy are the files whose errors become a part of what people are told.
var quotedBy = regexp.MustCompile(`pkg/(template|calendar|address)/|mailing/window\.go`)

func example(format string) string {
	return strings.ReplaceAll(verbs.ReplaceAllString(strings.ReplaceAll(format, "%q", `"7"`), "7"), "%%", "%")
}

func TestASentenceIsTranslatedWhole(t *testing.T) {
	t.Parallel()
	for en, want := range map[string]string{
		"must be between 1 and 1000000, or null for no limit":                               "должно быть от 1 до 1000000 или null, если без ограничения",
		"must be between 1 and 9":                                                           "должно быть от 1 до 9",
		`line 1: there is no filter "nofilter"`:                                             `строка 1: фильтра "nofilter" не существует`,
		"line 2: the placeholder \"{{ name }}\" stands in a script, where no value is safe": `строка 2: подстановка "{{ name }}" стоит в скрипте, где никакое значение не безопасно`,
		`is not a cron line of five fields: the hour must be from 0 to 23, not "24"`:        `это не строка cron из пяти полей: час должен быть от 0 до 23, а не "24"`,
		"line 3: the placeholder is empty":                                                  "строка 3: внутри подстановки ничего нет",
		`line 4: there is no tag "line 1: no"`:                                              `строка 4: тега "line 1: no" не существует`,
	} {
		_, ru := api.Words("", "invalid", en)
		assert.Equal(t, want, ru)
	}
}

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
