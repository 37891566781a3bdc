package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/poolbench/poolbench/bench/claims"
	"github.com/poolbench/poolbench/bench/report"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
)

// verdictFile is beside report.md.
const verdictFile = "verdict.json"

// withVerdict writes a run's report and its verdict, and shows the verdict on stderr: stdout holds names of files.
func withVerdict(stderr io.Writer) func(trial.Run, string) ([]string, error) {
	return func(run trial.Run, dir string) ([]string, error) {
		files, err := report.Write(run, dir)
		if err != nil {
			return files, err
		}
		if err := writeVerdict(dir, run); err != nil {
			return files, err
		}
		files = slices.Insert(files, 1, filepath.Join(dir, verdictFile)) // behind report.md
		if claims.Measured(run) {
			path, err := writeClaims(dir, claims.Of(run))
			if err != nil {
				return files, err
			}
			files = slices.Insert(files, 2, path)
		}
		printVerdict(stderr, verdict.Of(run))
		return files, nil
	}
}

// writeVerdict writes a run's verdict into dir. At any moment there is the old file or the new one.
func writeVerdict(dir string, run trial.Run) error {
	path := filepath.Join(dir, verdictFile)
	b, err := json.MarshalIndent(verdict.Of(run), "", "  ")
	if err == nil {
		err = trial.Replace(path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// The verdict fits a terminal of the usual size, with a prompt below it.
const (
	verdictLines = 24
	verdictWidth = 110
	verdictText  = 3 // lines for each sentence

	// The columns, which with their margins are as wide.
	scenarioWidth = 18
	bestWidth     = 34
	othersWidth   = 52
)

// printVerdict writes the verdict as a table of at most verdictLines lines: each scenario has one, and what has no room is
// counted.
func printVerdict(w io.Writer, v verdict.Verdict) {
	sentences := v.Overall.Sentences
	if len(v.Scenarios) == 0 {
		sentences = nil
	}
	for _, c := range v.Capacities {
		sentences = append(slices.Clone(sentences), c.Scenario+": "+c.Sentence)
	}
	for _, s := range v.Sizes {
		sentences = append(slices.Clone(sentences), s.Scenario+": "+s.Sentence)
	}
	var lines []string
	for _, s := range sentences {
		wrapped := strings.Split(text.WrapSoft(s, verdictWidth), "\n")
		if len(wrapped) > verdictText {
			wrapped = append(wrapped[:verdictText-1], text.Trim(wrapped[verdictText-1], verdictWidth-2)+" …")
		}
		lines = append(lines, wrapped...)
	}
	const around = 4 // the table's frame and head
	rows := v.Scenarios
	left := 0
	if room := verdictLines - len(lines) - around; len(rows) > room {
		left = len(rows) - (room - 1)
		rows = rows[:room-1]
	}
	for _, l := range lines {
		fmt.Fprintln(w, strings.TrimRight(l, " "))
	}
	if len(v.Scenarios) == 0 {
		return
	}
	t := newTable(w, "scenario", "best", "not")
	for _, s := range rows {
		t.AppendRow(table.Row{fit([]string{s.Name}, scenarioWidth), cmp.Or(fit(labelled(v, s.Best), bestWidth), "–"), fit(others(v, s), othersWidth)})
	}
	t.Render()
	if left > 0 {
		fmt.Fprintf(w, "%d more scenarios are in report.md\n", left)
	}
}

func labelled(v verdict.Verdict, names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, v.Labels[name])
	}
	return out
}

// others are the strategies that are not among the best, with what the report's matrix says of them; those of which it says
// the same come together, and more than two of them as a number.
func others(v verdict.Verdict, s verdict.Scenario) []string {
	var words []string
	by := map[string][]string{}
	add := func(name string) {
		word := s.Word(name)
		if by[word] == nil {
			words = append(words, word)
		}
		by[word] = append(by[word], v.Labels[name])
	}
	for _, o := range s.Out {
		add(o.Strategy)
	}
	for _, b := range s.Behind {
		add(b.Strategy)
	}
	for _, o := range s.Undecided {
		add(o.Strategy)
	}
	for _, name := range s.Unranked {
		add(name)
	}
	var out []string
	for _, word := range words {
		names := strings.Join(by[word], " and ")
		if n := len(by[word]); n > 2 {
			names = strconv.Itoa(n)
		}
		out = append(out, names+" "+word)
	}
	return out
}

// fit joins parts with commas as far as they have room, and counts the others.
func fit(parts []string, width int) string {
	all := strings.Join(parts, ", ")
	for n := len(parts) - 1; text.StringWidth(all) > width && n > 0; n-- {
		all = fmt.Sprintf("%s, %d more", strings.Join(parts[:n], ", "), len(parts)-n)
	}
	return text.Snip(all, width, "…")
}
