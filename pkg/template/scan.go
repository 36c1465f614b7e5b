package template

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/osteele/liquid/expressions"
)

const (
	maxNesting = 20
	maxLoops   = 2         // inside each other
	maxMarks   = 2000      // placeholders and tags
	maxWork    = 256 << 10 // bytes of source that the loops of one rendering may run through
	// reserved begins the names of our own filter, tag and binding.
	reserved = "__postrider"
)

type kind int

const (
	literal kind = iota
	object       // {{ … }}
	tag          // {% … %}
)

type token struct {
	kind        kind
	text        string // of a literal; else what stands between the delimiters
	name        string // of a tag
	line        int
	left, right bool // {{- and -}}
	at, end     int  // where it stands in the source
}

// scan splits a source. The content of raw is a literal, that of comment is
// gone, so that nobody behind it needs to know the two.
func scan(source string) ([]token, error) {
	var tokens []token
	line, at, marks := 1, 0, 0
	add := func(to int) {
		if to > at {
			tokens = append(tokens, token{kind: literal, text: source[at:to], line: line, at: at, end: to})
			line += strings.Count(source[at:to], "\n")
			at = to
		}
	}
	for {
		open := nextOpen(source, at)
		if open < 0 {
			add(len(source))
			return tokens, nil
		}
		add(open)
		t, end, err := scanMark(source, open, line)
		if err != nil {
			return nil, err
		}
		if marks++; marks > maxMarks {
			return nil, fmt.Errorf("line %d: more than %d placeholders and tags", line, maxMarks)
		}
		line += strings.Count(source[open:end], "\n")
		at = end
		if t.kind != tag || t.name != "raw" && t.name != "comment" {
			tokens = append(tokens, t)
			continue
		}
		stop := regexp.MustCompile(`\{%-?\s*end` + t.name + `\s*-?%\}`).FindStringIndex(source[end:])
		if stop == nil {
			return nil, fmt.Errorf("line %d: {%% %s %%} is not closed by {%% end%s %%}", t.line, t.name, t.name)
		}
		if t.name == "raw" {
			add(end + stop[0])
		}
		line += strings.Count(source[at:end+stop[1]], "\n")
		at = end + stop[1]
	}
}

func nextOpen(source string, from int) int {
	for i := from; i+1 < len(source); i++ {
		if source[i] == '{' && (source[i+1] == '{' || source[i+1] == '%') {
			return i
		}
	}
	return -1
}

var newlines = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

func scanMark(source string, open, line int) (token, int, error) {
	t := token{kind: object, line: line, at: open}
	unclosed, empty, closing := "line %d: the placeholder %q is not closed by }}", "line %d: the placeholder is empty", "}}"
	if source[open+1] == '%' {
		t.kind, closing = tag, "%}"
		unclosed, empty = "line %d: the tag %q is not closed by %%}", "line %d: the tag is empty"
	}
	length := strings.Index(source[open+2:], closing)
	if length < 0 || strings.Contains(source[open+2:open+2+length], "{{") || strings.Contains(source[open+2:open+2+length], "{%") {
		return t, 0, fmt.Errorf(unclosed, line, excerpt(source[open:]))
	}
	t.end = open + 2 + length + 2
	text := source[open+2 : open+2+length]
	if strings.HasPrefix(text, "-") {
		t.left, text = true, text[1:]
	}
	if strings.HasSuffix(text, "-") {
		t.right, text = true, text[:len(text)-1]
	}
	t.text = strings.TrimSpace(newlines.Replace(text))
	if t.text == "" {
		return t, 0, fmt.Errorf(empty, line)
	}
	if t.kind == tag {
		name := tagName.FindString(t.text)
		if name == "" {
			return t, 0, fmt.Errorf("line %d: the tag %q has no name", line, excerpt(t.text))
		}
		t.name, t.text = name, strings.TrimSpace(t.text[len(name):])
	}
	return t, t.end, nil
}

var tagName = regexp.MustCompile(`^[A-Za-z_]+`)

func excerpt(s string) string {
	runes := []rune(strings.ToValidUTF8(newlines.Replace(s), "?"))
	if len(runes) > 30 {
		return string(runes[:30]) + "…"
	}
	return string(runes)
}

// blocks says which clauses a block may have; tags which stand alone are in
// checkTag.
var blocks = map[string][]string{
	"if": {"elsif", "else"}, "unless": {"elsif", "else"}, "case": {"when", "else"}, "for": {"else"},
}

type block struct {
	token
	tick int // where the cost of a loop's body goes
}

// nesting follows the blocks of a source.
type nesting struct {
	open  []block
	loops int
}

// check looks at one tag: known, in its place, its expression right.
func (n *nesting) check(t token) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("line %d: "+format, append([]any{t.line}, args...)...)
	}
	start, isEnd := strings.CutPrefix(t.name, "end")
	_, isBlock := blocks[t.name]
	switch {
	case isBlock:
		if t.name == "for" {
			if names.FindString(t.text) == "forloop" {
				return wrong("forloop cannot be assigned to")
			}
			if n.loops++; n.loops > maxLoops {
				return wrong("more than %d loops inside each other", maxLoops)
			}
		}
		if n.open = append(n.open, block{token: t}); len(n.open) > maxNesting {
			return wrong("more than %d tags inside each other", maxNesting)
		}
	case isEnd && blocks[start] != nil:
		if len(n.open) == 0 || n.open[len(n.open)-1].name != start {
			return wrong("{%% %s %%} closes nothing", t.name)
		}
		if start == "for" {
			n.loops--
		}
		n.open = n.open[:len(n.open)-1]
	case t.name == "else", t.name == "elsif", t.name == "when":
		if !n.inside(t.name) {
			return wrong("{%% %s %%} stands outside its block", t.name)
		}
	case t.name == "break", t.name == "continue", t.name == "cycle":
		if n.loops == 0 {
			return wrong("{%% %s %%} stands outside a loop", t.name)
		}
	case t.name == "assign":
		if names.FindString(t.text) == "forloop" { // the engine keeps its own there
			return wrong("forloop cannot be assigned to")
		}
	default:
		return wrong("there is no tag %q", t.name)
	}
	if err := checkExpression(t); err != nil {
		return wrong("%v", err)
	}
	return nil
}

func (n *nesting) inside(clause string) bool {
	if len(n.open) == 0 {
		return false
	}
	for _, c := range blocks[n.open[len(n.open)-1].name] {
		if c == clause {
			return true
		}
	}
	return false
}

// selectors are the words by which the engine's grammar knows what is parsed.
var selectors = map[string]string{
	"if": "", "unless": "", "elsif": "", "case": "", "assign": expressions.AssignStatementSelector,
	"cycle": expressions.CycleStatementSelector, "for": expressions.LoopStatementSelector, "when": expressions.WhenStatementSelector,
}

var (
	strs    = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	filter  = regexp.MustCompile(`\|\s*([A-Za-z0-9_-]*)`)
	names   = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_-]*\??`)
	pathAt  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*\??(?:\.[A-Za-z_][A-Za-z0-9_-]*\??)*`)
	numbers = regexp.MustCompile(`[0-9]{16,}`)
)

// checkExpression refuses what the engine would take and must not, and what it
// would only refuse when a mail is due.
func checkExpression(t token) (err error) {
	selector, takes := selectors[t.name]
	if t.kind == object {
		selector, takes = "", true
	}
	if !takes {
		if t.text != "" && t.name != "else" {
			return fmt.Errorf("{%% %s %%} takes nothing", t.name)
		}
		return nil
	}
	bare := strs.ReplaceAllString(t.text, `""`)
	switch {
	case strings.Contains(bare, ".."):
		return errors.New("ranges such as (1..10) are not allowed")
	case strings.Contains(bare, reserved):
		return fmt.Errorf("names that begin with %s are not allowed", reserved)
	case strings.Contains(bare, ";"), strings.ContainsAny(bare, "%{}"), strings.Contains(bare, "\x00"):
		return fmt.Errorf("%q cannot be understood", excerpt(t.text))
	case numbers.MatchString(bare):
		return errors.New("a number is too long")
	case strings.Count(bare, "(")+strings.Count(bare, "[") > 20:
		return errors.New("too many parentheses")
	}
	for _, m := range filter.FindAllStringSubmatch(bare, -1) {
		if filters[m[1]] == nil {
			return fmt.Errorf("there is no filter %q", m[1])
		}
	}
	defer func() {
		if recover() != nil { // the engine's scanner panics on some numbers
			err = fmt.Errorf("%q cannot be understood", excerpt(t.text))
		}
	}()
	if selector == "" {
		_, err = expressions.Parse(t.text)
	} else {
		_, err = expressions.ParseStatement(selector, t.text)
	}
	if err != nil {
		return fmt.Errorf("%q cannot be understood", excerpt(t.text))
	}
	return nil
}

// assignedNames are the names that the template makes itself; that they are
// empty says nothing about the client.
func assignedNames(tokens []token) map[string]bool {
	out := map[string]bool{"forloop": true}
	for _, t := range tokens {
		if t.kind == tag && (t.name == "assign" || t.name == "for") {
			out[names.FindString(t.text)] = true
		}
	}
	return out
}
