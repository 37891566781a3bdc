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

// trialsFile is what everything else is drawn from.
const trialsFile = "trials.jsonl"

// writeReport writes a run's report and its verdict into its folder, and returns the folder and those of its files that one begins to
// read with: there are dozens of plots, and the report shows them.
func writeReport(run trial.Run) ([]string, error) {
	written, err := report.Write(run, run.Dir)
	if err != nil {
		return nil, err
	}
	files := []string{run.Dir}
	for _, path := range written {
		if filepath.Dir(path) == run.Dir { // plots have a folder of their own
			files = append(files, path)
		}
	}
	if err := writeVerdict(run.Dir, run); err != nil {
		return nil, err
	}
	files = append(files, filepath.Join(run.Dir, verdictFile))
	if claims.Measured(run) {
		path, err := writeClaims(run.Dir, claims.Of(run))
		if err != nil {
			return nil, err
		}
		files = append(files, path)
	}
	return append(files, filepath.Join(run.Dir, trialsFile)), nil
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

// The verdict fits a terminal of the usual size.
const (
	verdictLines = 24 // with warnings
	verdictWidth = 110
	verdictText  = 3  // lines for each sentence
	verdictRows  = 14 // of the table, that the sentences leave room for,
	verdictLeast = 4  // if so many lines are left for them
	warningLines = 6  // of all warnings
	verdictFirst = 2  // sentences that say what to take, and where not

	// The columns, which with their margins are as wide.
	scenarioWidth = 18
	bestWidth     = 34
	othersWidth   = 52
)

// wrap cuts a sentence into lines, and shortens it to as many as one may have.
func wrap(sentence string) []string {
	lines := strings.Split(text.WrapSoft(sentence, verdictWidth), "\n")
	if len(lines) > verdictText {
		lines = append(lines[:verdictText-1], text.Trim(lines[verdictText-1], verdictWidth-2)+" …")
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// fill is as many of the sentences, in lines, as have room; the others are counted as what they are.
func fill(sentences []string, room int, what string) []string {
	var lines []string
	for i, s := range sentences {
		wrapped := wrap(s)
		rest := 1 // for the line that counts
		if i == len(sentences)-1 {
			rest = 0
		}
		if len(lines)+len(wrapped)+rest > room {
			return append(lines, fmt.Sprintf("%d more %s are in report.md", len(sentences)-i, what))
		}
		lines = append(lines, wrapped...)
	}
	return lines
}

// printWarnings writes warnings in few lines.
func printWarnings(w io.Writer, warnings []string) int {
	var marked []string
	for _, text := range warnings {
		marked = append(marked, "poolbench: warning: "+text)
	}
	lines := fill(marked, warningLines, "warnings")
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
	return len(lines)
}

// printVerdict writes warnings, and the verdict as a table, in at most verdictLines lines: each scenario has one, and what has no room
// is counted.
func printVerdict(w io.Writer, v verdict.Verdict, warnings []string) {
	room := verdictLines - printWarnings(w, warnings)
	sentences := v.Overall.Sentences
	if len(v.Scenarios) == 0 {
		sentences = nil
	}
	var found []string
	for _, c := range v.Capacities {
		found = append(found, c.Scenario+": "+c.Sentence)
	}
	for _, s := range v.Sizes {
		found = append(found, s.Scenario+": "+s.Sentence)
	}
	sentences = slices.Insert(slices.Clone(sentences), min(len(sentences), verdictFirst), found...)
	rows := v.Scenarios
	if len(rows) > 0 {
		const around = 4 // the table's frame and head
		room -= around
	}
	lines := fill(sentences, max(room-min(len(rows), verdictRows), verdictLeast), "answers")
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
	left := 0
	if room -= len(lines); len(rows) > room {
		left = len(rows) - (room - 1)
		rows = rows[:room-1]
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
	add := func(name, word string) {
		if by[word] == nil {
			words = append(words, word)
		}
		by[word] = append(by[word], v.Labels[name])
	}
	for _, o := range s.Out {
		add(o.Strategy, s.Word(o.Strategy))
	}
	for _, b := range s.Behind {
		add(b.Strategy, s.Word(b.Strategy))
	}
	for _, o := range s.Undecided {
		add(o.Strategy, s.Word(o.Strategy))
	}
	for _, name := range s.Unranked {
		add(name, s.Word(name))
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
