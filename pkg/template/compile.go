package template

import (
	"fmt"
	"regexp"
	"strings"
)

// plainObject is a placeholder that needs no engine: a path, perhaps with a
// default that is a string.
var plainObject = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)(?:\s*\|\s*default\s*:\s*(?:"([^"]*)"|'([^']*)'))?$`)

// compiler makes both forms at once: the plain one, as long as the source
// allows it, and the source for the engine, in which every placeholder ends in
// our output filter and every loop's body begins with our counter.
type compiler struct {
	mode     Mode
	assigned map[string]bool
	uses     map[string]bool

	plain  bool
	parts  []part
	slots  []slot
	source strings.Builder

	nesting nesting
	html    scanner
	chunks  []string // of the engine's source; a loop's cost is filled in at its end
}

func (c *compiler) compile(tokens []token) error {
	c.plain = true
	for _, t := range tokens {
		if t.left || t.right {
			c.plain = false
		}
		var err error
		switch t.kind {
		case literal:
			c.literal(t)
		case object:
			err = c.object(t)
		case tag:
			err = c.tag(t)
		}
		if err != nil {
			return err
		}
	}
	if n := len(c.nesting.open); n > 0 {
		b := c.nesting.open[n-1]
		return fmt.Errorf("line %d: {%% %s %%} is not closed by {%% end%s %%}", b.line, b.name, b.name)
	}
	for _, s := range c.chunks {
		c.source.WriteString(s)
	}
	return nil
}

func (c *compiler) literal(t token) {
	if c.mode == HTML {
		c.html.literal(t.text)
	}
	c.parts = append(c.parts, part{literal: t.text, slot: -1})
	if nextOpen(t.text, 0) >= 0 { // out of a raw tag
		c.chunks = append(c.chunks, "{% raw %}"+t.text+"{% endraw %}")
		return
	}
	c.chunks = append(c.chunks, t.text)
}

func (c *compiler) object(t token) error {
	if err := checkExpression(t); err != nil {
		return fmt.Errorf("line %d: %w", t.line, err)
	}
	s := slot{path: pathOf(t.text)}
	c.reads(t)
	if c.mode == HTML {
		where, err := c.html.slot()
		if err != nil {
			return fmt.Errorf("line %d: the placeholder %q %w", t.line, excerpt(t.text), err)
		}
		s.place = where
	}
	root, _, _ := strings.Cut(s.path, ".")
	s.local = c.assigned[root]
	s.field, s.key = fieldOf(s.path)
	s.lines = endsInLines.MatchString(t.text)
	s.defaults = hasDefault.MatchString(strs.ReplaceAllString(t.text, `""`))
	m := plainObject.FindStringSubmatch(t.text)
	switch {
	case m == nil, s.local, s.path == "true", s.path == "false", s.path == "nil":
		c.plain = false
	default:
		s.fallback = m[2] + m[3]
	}
	if s.path == "true" || s.path == "false" || s.path == "nil" {
		s.path = ""
	}
	if len(c.parts) == 0 || c.parts[len(c.parts)-1].slot >= 0 {
		c.parts = append(c.parts, part{slot: -1})
	}
	c.parts[len(c.parts)-1].slot = len(c.slots)
	c.chunks = append(c.chunks, delimit(t, "{{", fmt.Sprintf("(%s) | %s: %d, %s", t.text, reserved, len(c.slots), reserved), "}}"))
	c.slots = append(c.slots, s)
	return nil
}

// pathOf is the path an expression begins with; client.attributes["x"] is
// another way to write client.attributes.x.
func pathOf(text string) string {
	if m := indexed.FindStringSubmatch(text); m != nil {
		return attributePrefix + m[1] + m[2]
	}
	return pathAt.FindString(text)
}

var (
	indexed = regexp.MustCompile(`^client\.attributes\[\s*(?:"([^"]*)"|'([^']*)')\s*\]`)
	paths   = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_.-]*`)
)

func (c *compiler) reads(t token) {
	for _, path := range paths.FindAllString(strs.ReplaceAllString(t.text, `""`), -1) {
		c.uses[path] = true
	}
}

var endsInLines = regexp.MustCompile(`\|\s*newline_to_br\s*$`)

var hasDefault = regexp.MustCompile(`\|\s*default\s*:`)

func (c *compiler) tag(t token) error {
	c.plain = false
	c.html.branch()
	loops := c.nesting.loops
	depth := len(c.nesting.open)
	var closed block
	if depth > 0 {
		closed = c.nesting.open[depth-1]
	}
	if err := c.nesting.check(t); err != nil {
		return err
	}
	if t.name == "assign" {
		c.reads(t)
	}
	if t.name == "cycle" {
		var err error
		if t.text, err = c.cycle(t); err != nil {
			return err
		}
	}
	text := t.name
	if t.text != "" && t.name != "else" {
		text += " " + t.text
	}
	c.chunks = append(c.chunks, delimit(t, "{%", text, "%}"))
	switch {
	case c.nesting.loops > loops:
		c.nesting.open[len(c.nesting.open)-1].tick = len(c.chunks)
		c.chunks = append(c.chunks, "")
	case c.nesting.loops < loops:
		c.chunks[closed.tick] = fmt.Sprintf("{%% %s %d %%}", reserved, t.end-closed.at)
	}
	return nil
}

// cycle writes the texts that a cycle goes through in the form that is safe
// where it stands: the engine puts them out as they are.
func (c *compiler) cycle(t token) (string, error) {
	if c.mode != HTML {
		return t.text, nil
	}
	where, err := c.html.slot()
	if err != nil {
		return "", fmt.Errorf("line %d: the tag %q %w", t.line, excerpt(t.name+" "+t.text), err)
	}
	return strs.ReplaceAllStringFunc(t.text, func(quoted string) string {
		var b strings.Builder
		where.write(&b, quoted[1:len(quoted)-1])
		return `"` + b.String() + `"`
	}), nil
}

func delimit(t token, open, text, closing string) string {
	if t.left {
		open += "-"
	}
	if t.right {
		closing = "-" + closing
	}
	return open + " " + text + " " + closing
}
