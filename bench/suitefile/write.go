package suitefile

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/poolbench/poolbench/bench"
)

const head = `# A suite of poolbench: what is measured, and how it is decided. Measure it with
#
#     poolbench run --suite FILE
#
# What is commented out is not said; above it stands what is taken instead. Each field is a flag of ` + "`poolbench run`" + ` as well.

`

const defaultsHead = `
# What all scenarios have in common. Each of them may say otherwise.
`

const scenariosHead = `
# Each scenario is one question, and can say all that stands above beside its name:
#
#   name   its name in records and reports: one that no other has
#   about  one sentence: what it decides
`

// Write writes s, but for Kinds and Workloads, so that [Read] reads the same again. What scenarios have in common stands in
// the block defaults, where each field is explained; what is as it would be without being said is commented out. s has
// passed Check.
func Write(s bench.Suite) []byte {
	suite, scenario := Default()
	var w writer
	w.WriteString(head)
	for _, f := range SuiteFields() {
		explained(&w, f, suite, f.Get(s), "")
	}
	w.WriteString(defaultsHead + defaultsKey + ":\n")
	base := map[string][]string{}
	for i, f := range shared() {
		if i > 0 {
			w.WriteString("\n")
		}
		base[f.Key] = common(f, s.Scenarios, scenario)
		explained(&w, f, scenario, base[f.Key], "  ")
	}
	w.WriteString(scenariosHead + scenariosKey + ":\n")
	for _, sc := range s.Scenarios {
		indent := "  - "
		for _, f := range ScenarioFields() {
			if texts := f.Get(sc); !slices.Equal(texts, base[f.Key]) {
				w.field(indent, f.Key, texts, f.Many, f.plain)
				indent = "    "
			}
		}
		w.WriteString("\n")
	}
	return []byte(strings.TrimRight(w.String(), "\n") + "\n")
}

// common is what all scenarios say in f, or what is taken where nothing is said: of one scenario nothing is common.
func common(f Field[bench.Scenario], all []bench.Scenario, unsaid bench.Scenario) []string {
	if len(all) < 2 {
		return f.Get(unsaid)
	}
	first := f.Get(all[0])
	for _, sc := range all {
		if !slices.Equal(f.Get(sc), first) {
			return f.Get(unsaid)
		}
	}
	return first
}

// explained writes a field with its meaning and its default; commented out if it says no more than that.
func explained[T any](w *writer, f Field[T], unsaid T, texts []string, indent string) {
	def := f.Get(unsaid)
	unset := f.Unset
	if unset == "" {
		unset = strings.Join(def, ", ")
	}
	about := f.About
	if unset != "" {
		about += " Default: " + unset + "."
	}
	const width = 110 // of a comment: lines that people read
	for _, line := range strings.Split(text.WrapSoft(about, width), "\n") {
		w.WriteString(indent + "# " + strings.TrimRight(line, " ") + "\n")
	}
	switch {
	case !slices.Equal(texts, def):
		w.field(indent, f.Key, texts, f.Many, f.plain)
	case f.example != "":
		w.WriteString(indent + "# " + f.Key + ": " + f.example + "\n")
	default:
		w.field(indent+"# ", f.Key, def, f.Many, f.plain)
	}
}

type writer struct{ strings.Builder }

// field writes one field of a mapping; a list in one line if it fits.
func (w *writer) field(indent, key string, texts []string, list, plain bool) {
	values := make([]string, len(texts))
	for i, t := range texts {
		if values[i] = t; !plain {
			values[i] = scalar(t)
		}
	}
	const width = 120 // of a line with values: as much as an editor shows
	line := indent + key + ": " + strings.Join(values, ", ")
	switch {
	case list && len(line) < width:
		w.WriteString(indent + key + ": [" + strings.Join(values, ", ") + "]\n")
	case list:
		w.WriteString(indent + key + ":\n")
		for _, v := range values {
			w.WriteString(strings.Repeat(" ", len(indent)) + "  - " + v + "\n")
		}
	default:
		w.WriteString(line + "\n")
	}
}

// bareWord is text that needs no quotes, alone or in a list, unless it is one of the words that mean something else.
var (
	bareWord  = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9 _./=-]*[A-Za-z0-9._/=-])?$`)
	otherWord = regexp.MustCompile(`(?i)^(true|false|null|yes|no|on|off|y|n)$`)
)

// scalar writes text as a YAML scalar.
func scalar(text string) string {
	if bareWord.MatchString(text) && !otherWord.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}
