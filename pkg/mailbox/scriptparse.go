package mailbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxScriptText bounds what the texts of a script may come to with their
// repetitions.
const maxScriptText = 64 << 20

var sinkPhases = []SinkPhase{
	SinkGreeting, SinkEHLO, SinkHELO, SinkSTARTTLS, SinkAuth, SinkMail,
	SinkRcpt, SinkData, SinkContent, SinkBody, SinkReset, SinkQuit,
}

// ParseScript reads a script, as Script describes it. The error names the line
// and what is wrong with it.
func ParseScript(text string) (*Script, error) {
	s := &Script{seed: 1}
	budget := maxScriptText
	number := 0
	for line := range strings.Lines(text) {
		number++
		p := &scriptLine{rest: strings.TrimSpace(line), budget: &budget}
		if err := p.into(s); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	s.dice = rand.New(rand.NewPCG(s.seed, s.seed)) //nolint:gosec // the same for a seed each time, on purpose
	return s, nil
}

// scriptLine is what is left of a line.
type scriptLine struct {
	rest   string
	budget *int
}

// word takes the next word; "" at the end of the line.
func (p *scriptLine) word() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r")
	if strings.HasPrefix(p.rest, "#") {
		p.rest = ""
	}
	end := strings.IndexAny(p.rest, " \t\r")
	if end < 0 {
		end = len(p.rest)
	}
	w := p.rest[:end]
	p.rest = p.rest[end:]
	return w
}

// need takes a word that must be there.
func (p *scriptLine) need(what, of string) (string, error) {
	w := p.word()
	if w == "" {
		return "", fmt.Errorf("%s wants %s", of, what)
	}
	return w, nil
}

func (p *scriptLine) end() error {
	if w := p.word(); w != "" {
		return fmt.Errorf("%q is too much", w)
	}
	return nil
}

func (p *scriptLine) into(s *Script) error {
	switch w := p.word(); w {
	case "":
		return nil
	case "at":
		r, err := p.rule()
		if err == nil {
			s.rules = append(s.rules, r)
		}
		return err
	case "seed":
		n, err := p.count(w)
		s.seed = uint64(n) //nolint:gosec // any bits do
		return errors.Join(err, p.end())
	case "offer":
		line, _, _ := strings.Cut(p.rest, "#")
		if line = strings.TrimSpace(line); line == "" || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			return errors.New("offer wants a line of EHLO, as SIZE 1000")
		}
		s.extensions = append(s.extensions, line)
		return nil
	case "strip":
		name, err := p.need("PIPELINING, CHUNKING or STARTTLS", w)
		if err != nil {
			return err
		}
		if name = strings.ToUpper(name); !slices.Contains([]string{"PIPELINING", "CHUNKING", "STARTTLS"}, name) {
			return fmt.Errorf("strip knows PIPELINING, CHUNKING and STARTTLS, not %q", name)
		}
		s.stripped = append(s.stripped, name)
		return p.end()
	case "login":
		var err error
		if s.user, err = p.need("a name and a password", w); err != nil {
			return err
		}
		if s.phrase, err = p.need("a password behind the name", w); err != nil {
			return err
		}
		return p.end()
	default:
		return fmt.Errorf("%q is none of at, seed, offer, strip, login", w)
	}
}

func (p *scriptLine) rule() (*rule, error) {
	r := &rule{}
	phases, err := p.need("phases, as mail,rcpt", "at")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(phases, ",") {
		if !slices.Contains(sinkPhases, SinkPhase(name)) {
			return nil, fmt.Errorf("%q is no phase; there are %v", name, sinkPhases)
		}
		r.phases = append(r.phases, SinkPhase(name))
	}
	for {
		w, err := p.need("what to do, behind do", "at")
		if err != nil {
			return nil, err
		}
		if w == "do" {
			return r, p.effects(r)
		}
		if err := p.condition(r, w); err != nil {
			return nil, err
		}
	}
}

func (p *scriptLine) condition(r *rule, name string) (err error) {
	switch name {
	case "to":
		if r.pattern, err = p.need("a pattern, as *@example.org", name); err != nil {
			return err
		}
		r.pattern = strings.ToLower(r.pattern)
		if _, bad := path.Match(r.pattern, ""); bad != nil {
			return fmt.Errorf("%q is no pattern", r.pattern)
		}
	case "share":
		r.share, err = p.percent(name)
	case "chance":
		r.chance, err = p.percent(name)
	case "after":
		r.after, err = p.count(name)
	case "for":
		r.during, err = p.duration(name)
	case "first-try":
		r.firstTry, r.seen = true, map[string]struct{}{}
	case "every":
		r.every, err = p.count(name)
	case "times":
		r.times, err = p.count(name)
	default:
		err = fmt.Errorf("%q is no condition; there are to, share, chance, after, for, first-try, every, times, and do ends them", name)
	}
	return err
}

func (p *scriptLine) effects(r *rule) error {
	deed := "" // what was said or done; one of these
	w := p.word()
	if w == "" {
		return errors.New("do wants an effect: reply, raw, drop, hang, down, wait, accept")
	}
	for ; w != ""; w = p.word() {
		var err error
		switch w {
		case "wait":
			r.reply.Wait, err = p.duration(w)
		case "accept":
			r.reply.Accept = true
		case "close":
			if deed != "reply" && deed != "raw" {
				return errors.New("close stands behind reply or raw")
			}
			r.reply.Action = AnswerAndClose
		case "reply", "raw", "drop", "hang", "down":
			if deed != "" {
				return fmt.Errorf("%s and %s cannot both be done", deed, w)
			}
			deed = w
			err = p.deed(r, w)
		default:
			err = fmt.Errorf("%q is no effect; there are reply, raw, close, drop, hang, down, wait, accept", w)
		}
		if err != nil {
			return err
		}
	}
	for _, phase := range r.phases {
		if r.reply.Accept && phase != SinkBody {
			return errors.New("accept is for body alone: there is no mail before")
		}
		if phase == SinkContent && (r.reply.Action != Drop && r.reply.Action != Hang || r.reply.Wait > 0) {
			return errors.New("at content nothing is answered: only drop, hang and down are possible")
		}
	}
	return nil
}

func (p *scriptLine) deed(r *rule, name string) (err error) {
	switch name {
	case "drop":
		r.reply.Action = Drop
	case "hang":
		r.reply.Action = Hang
	case "down":
		r.reply.Action = Drop
		r.reply.Away, err = p.duration(name)
	case "raw":
		if r.reply.Raw, err = p.texts(name); err == nil && r.reply.Raw == "" {
			err = errors.New("raw wants at least one octet")
		}
	case "reply":
		var w string
		if w, err = p.need("a code", name); err != nil {
			return err
		}
		r.reply.Code, err = strconv.Atoi(w)
		if err != nil || len(w) != 3 || r.reply.Code < 200 || r.reply.Code > 599 {
			return fmt.Errorf("reply wants a code from 200 to 599, not %q", w)
		}
		r.reply.Text, err = p.texts(name)
	}
	return err
}

// texts takes all quoted texts that come next, as one.
func (p *scriptLine) texts(of string) (string, error) {
	var b strings.Builder
	for n := 0; ; n++ {
		p.rest = strings.TrimLeft(p.rest, " \t\r")
		if !strings.HasPrefix(p.rest, `"`) {
			if n == 0 {
				return "", fmt.Errorf("%s wants a text in double quotes", of)
			}
			return b.String(), nil
		}
		quoted, err := strconv.QuotedPrefix(p.rest)
		if err != nil {
			return "", fmt.Errorf("%s has a text that is not as Go writes them, or does not end", of)
		}
		p.rest = p.rest[len(quoted):]
		text, err := strconv.Unquote(quoted)
		if err != nil {
			return "", fmt.Errorf("%s: %w", of, err)
		}
		times := 1
		if strings.HasPrefix(p.rest, "*") {
			if times, err = repetitions(p.word()[1:]); err != nil {
				return "", err
			}
		}
		if times > *p.budget || len(text)*times > *p.budget {
			return "", fmt.Errorf("the texts of a script may come to %d octets", maxScriptText)
		}
		*p.budget -= len(text) * times
		b.WriteString(strings.Repeat(text, times))
	}
}

func repetitions(w string) (int, error) {
	unit := 1
	digits := w
	switch {
	case strings.HasSuffix(w, "k"):
		digits, unit = w[:len(w)-1], 1000
	case strings.HasSuffix(w, "M"):
		digits, unit = w[:len(w)-1], 1000_000
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > maxScriptText/unit {
		return 0, fmt.Errorf("* wants how often, as 100, 10k or 10M, not %q", w)
	}
	return n * unit, nil
}

func (p *scriptLine) percent(of string) (float64, error) {
	w, err := p.need("a percentage, as 10%", of)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(w, "%"), 64)
	if err != nil || !strings.HasSuffix(w, "%") || !(n > 0 && n <= 100) {
		return 0, fmt.Errorf("%s wants a percentage from above 0%% to 100%%, not %q", of, w)
	}
	return n / 100, nil
}

func (p *scriptLine) count(of string) (int64, error) {
	w, err := p.need("a number", of)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(w, 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s wants a number from 1, not %q", of, w)
	}
	return n, nil
}

func (p *scriptLine) duration(of string) (time.Duration, error) {
	w, err := p.need("a time, as 20s", of)
	if err != nil {
		return 0, err
	}
	d, err := time.ParseDuration(w)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s wants a time as 300ms, 20s or 2m, not %q", of, w)
	}
	return d, nil
}
