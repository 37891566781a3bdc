package gate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The words before what a rule is about.
const (
	onWord  = "on"
	forWord = "for"
	atWord  = "at"
)

var words = []string{onWord, forWord, atWord}

// A SyntaxError says where an expression cannot be read.
type SyntaxError struct {
	Text     string // the expression
	From, To int    // the part that is wrong, in bytes; the same: something is missing there
	Problem  string
}

// Error is three lines: the problem, the expression, and carets under the part that is wrong.
func (e *SyntaxError) Error() string {
	// Each character has to take one column, or the carets stand elsewhere.
	line := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, e.Text)
	before, under := utf8.RuneCountInString(e.Text[:e.From]), utf8.RuneCountInString(e.Text[e.From:e.To])
	return fmt.Sprintf("%s\n  %s\n  %s%s", e.Problem, line, strings.Repeat(" ", before), strings.Repeat("^", max(under, 1)))
}

// Parse reads an expression; the package's comment has the grammar. The error is a [SyntaxError].
func Parse(text string) (Rule, error) {
	p := parser{text: text}
	r, problem := p.rule()
	if problem != "" {
		return Rule{}, &SyntaxError{Text: text, From: p.from, To: p.at, Problem: problem}
	}
	return r, nil
}

// A parser goes through text once. What it read last is text[from:at], which is what a problem is about.
type parser struct {
	text     string
	from, at int
}

func (p *parser) rule() (Rule, string) {
	var r Rule
	r.Metric = p.until(func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune("<>=!", c) })
	if r.Metric == "" {
		return r, "a metric is missing; write for example p99>10ms"
	}
	m, err := metricOf(r.Metric)
	if err != nil {
		return r, err.Error()
	}
	if r.Op = Op(p.until(func(c rune) bool { return !strings.ContainsRune("<>=!", c) })); !slices.Contains([]Op{Above, AtLeast, Below, AtMost}, r.Op) {
		return r, fmt.Sprintf("an operator has to follow %s: > >= < or <=", r.Metric)
	}
	value := p.word()
	if value == "" {
		return r, "a value is missing"
	}
	if r.Value, err = m.unit.read(value); err != nil {
		return r, fmt.Sprintf("%s: %s is %v", r.Metric, value, err)
	}
	seen := map[string]bool{}
	for {
		word := p.word()
		switch {
		case word == "":
			return r, ""
		case !slices.Contains(words, word):
			return r, fmt.Sprintf("unknown word %q; allowed: on SCENARIO, for STRATEGY, at LEVEL", word)
		case seen[word]:
			return r, fmt.Sprintf("%q is there twice", word)
		}
		seen[word] = true
		name, problem := p.name()
		if problem != "" {
			return r, problem
		}
		if name == "" {
			return r, fmt.Sprintf("a name is missing after %q", word)
		}
		switch word {
		case onWord:
			r.Scenario = name
		case forWord:
			r.Strategy = name
			if !isStrategy(name) {
				return r, fmt.Sprintf("%q is no strategy: write a kind such as ants, or with limits as in ants:workers=64", name)
			}
		case atWord:
			var err error
			if r.Level, err = number(name); err != nil || r.Level == 0 {
				return r, fmt.Sprintf("%q is no level: write the offered load over the capacity, such as 0.9", name)
			}
		}
	}
}

// until reads up to a character, or to the end, behind white space.
func (p *parser) until(ends func(rune) bool) string {
	rest := strings.TrimLeftFunc(p.text[p.at:], unicode.IsSpace)
	p.from = len(p.text) - len(rest)
	p.at = len(p.text)
	if n := strings.IndexFunc(rest, ends); n >= 0 {
		p.at = p.from + n
	}
	return p.text[p.from:p.at]
}

func (p *parser) word() string { return p.until(unicode.IsSpace) }

// name reads a word, or what stands in double quotes.
func (p *parser) name() (name, problem string) {
	name = p.word()
	if !strings.HasPrefix(name, `"`) {
		if slices.Contains(words, name) || strings.Contains(name, `"`) {
			return "", fmt.Sprintf("%q is no name: put it in double quotes if it is", name)
		}
		return name, ""
	}
	literal, err := strconv.QuotedPrefix(p.text[p.from:])
	if err != nil {
		p.at = len(p.text)
		return "", "the quotes do not end"
	}
	p.at = p.from + len(literal)
	if next, _ := utf8.DecodeRuneInString(p.text[p.at:]); p.at < len(p.text) && !unicode.IsSpace(next) {
		return "", "a space has to follow the quotes"
	}
	name, err = strconv.Unquote(literal)
	if err != nil {
		return "", err.Error()
	}
	return name, ""
}

// quoted writes a name as name reads it.
func quoted(name string) string {
	special := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '"' || r == utf8.RuneError }
	if slices.Contains(words, name) || strings.ContainsFunc(name, special) {
		return strconv.Quote(name)
	}
	return name
}

// isStrategy says whether a name has the form of a kind with or without limits.
func isStrategy(name string) bool {
	kind, limits, limited := strings.Cut(name, ":")
	if kind == "" || strings.ContainsAny(kind, "=,/") {
		return false
	}
	return !limited || !slices.ContainsFunc(strings.Split(limits, ","), func(limit string) bool {
		key, value, ok := strings.Cut(limit, "=")
		return !ok || key == "" || value == ""
	})
}
