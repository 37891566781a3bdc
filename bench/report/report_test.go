package report

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// A checkout may have turned line ends.
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s changed; look at it, and run the test with -update if it is right:\n%s", name, d)
	}
}

var goldenSynth = synth{strategies: 6, repetitions: 8, levels: []float64{0.5, 0.9}}

// Catches: any change of wording, numbers or drawing that nobody meant.
func TestGoldenReport(t *testing.T) {
	run := goldenSynth.run()
	golden(t, "report.md", Markdown(run))
	set := draw.NewTypesetter()
	for _, f := range newView(run).figures(set) {
		switch f.Name {
		case "matrix", "served", "cost", "repetitions-echo", "starved", "latency-echo", "load-echo-open":
			b, err := f.SVG(set)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, f.Name+".svg", b)
		}
	}
}

// Catches: map order, time or chance in what is written; files that are named and not written; a report that shows a
// picture which does not exist, without words for it, or leaves one out; temporary files left behind.
func TestWriteTwiceGivesTheSameBytes(t *testing.T) {
	run := synth{strategies: 3, repetitions: 1, levels: []float64{0.5}}.run()
	// One scenario of each loop has every kind of picture.
	run.Trials = slices.DeleteFunc(run.Trials, func(tr trial.Trial) bool { return tr.Workload != "echo" })
	dirs := []string{t.TempDir(), t.TempDir()}
	var names [2][]string
	for i, dir := range dirs {
		written, err := Write(run, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range written {
			rel, err := filepath.Rel(dir, name)
			if err != nil {
				t.Fatal(err)
			}
			names[i] = append(names[i], filepath.ToSlash(rel))
		}
	}
	if d := cmp.Diff(names[0], names[1]); d != "" {
		t.Fatal(d)
	}
	for _, name := range names[0] {
		a, err := os.ReadFile(filepath.Join(dirs[0], name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dirs[1], name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs from one time to the next", name)
		}
	}
	text, err := os.ReadFile(filepath.Join(dirs[0], "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{"report.md": true, "report.html": true}
	for _, m := range regexp.MustCompile(`\[!\[([^\]]*)\]\(([^)]*)\)\]\(([^)]*)\)`).FindAllStringSubmatch(string(text), -1) {
		if len(m[1]) < 20 {
			t.Errorf("%s has the alt text %q", m[2], m[1])
		}
		shown[m[2]], shown[m[3]] = true, true
	}
	for _, name := range names[0] {
		if !shown[name] {
			t.Errorf("report.md does not show %s", name)
		}
	}
	if len(shown) != len(names[0]) {
		t.Errorf("report.md shows %d files, %d were written", len(shown), len(names[0]))
	}
	entries, err := os.ReadDir(filepath.Join(dirs[0], plotsDir))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(names[0])-2 {
		t.Errorf("%d files in plots, want %d", len(entries), len(names[0])-2)
	}
}

// Catches: an error that is swallowed, or does not name the place.
func TestUnwritableFolderIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(synth{strategies: 1, repetitions: 1}.run(), file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error is %v, want one that names %s", err, file)
	}
}

// Catches: a panic, or NaN, Inf or a formatting error in print, for runs of any kind: empty, all invalid, one
// repetition, no baseline, no open loop, interrupted.
func TestNoRunBreaksTheReport(t *testing.T) {
	full := synth{strategies: 5, repetitions: 3, levels: []float64{0.9}}.run()
	bad := regexp.MustCompile(`NaN|\bInf\b|\+Inf|%!`)
	check := func(t *testing.T, run trial.Run, pictures bool) {
		t.Helper()
		text := string(Markdown(run))
		if m := bad.FindString(text); m != "" {
			t.Errorf("report.md says %q", m)
		}
		if !pictures {
			return
		}
		set := draw.NewTypesetter()
		for _, f := range newView(run).figures(set) {
			b, err := f.SVG(set)
			if err != nil {
				t.Fatal(err)
			}
			if m := bad.Find(b); m != nil {
				t.Errorf("%s.svg says %q", f.Name, m)
			}
		}
	}
	for name, run := range map[string]trial.Run{
		"empty":           {},
		"no open loop":    synth{strategies: 3, repetitions: 2, noOpen: true}.run(),
		"no twin":         synth{strategies: 3, repetitions: 2, noTwin: true}.run(),
		"one strategy":    synth{strategies: 1, repetitions: 1}.run(),
		"all invalid":     synth{strategies: 2, repetitions: 1, mutate: func(tr *trial.Trial) { tr.Invalid = "disturbed" }}.run(),
		"nothing at all":  synth{strategies: 2, repetitions: 8, mutate: silence}.run(),
		"only the twin":   synth{strategies: 1, repetitions: 1, mutate: func(tr *trial.Trial) { tr.Twin = true }}.run(),
		"hostile strings": synth{strategies: 2, repetitions: 1, mutate: hostile}.run(),
	} {
		t.Run(name, func(t *testing.T) { check(t, run, true) })
	}
	for round := range 15 {
		rng := rand.New(rand.NewPCG(uint64(round), 1))
		run := full
		run.Trials = nil
		share := rng.Float64() * rng.Float64()
		for _, tr := range full.Trials {
			if rng.Float64() > share {
				continue
			}
			switch rng.IntN(12) {
			case 0:
				tr.Invalid = "disturbed"
			case 1:
				silence(&tr)
			case 2:
				tr.Window, tr.TimeOut = 0, 0
			case 3:
				tr.Load.Rate = 0
			}
			run.Trials = append(run.Trials, tr)
		}
		run.Env.Interrupted = round%2 == 0
		t.Run(fmt.Sprint("subset ", round), func(t *testing.T) { check(t, run, round%5 == 0) })
	}
}

// silence makes a trial in which nobody was answered and nothing was recorded.
func silence(t *trial.Trial) {
	t.Counts = trial.Counts{}
	t.Clients = trial.Clients{Total: t.Clients.Total, Nothing: t.Clients.Total, Good: make([]int64, t.Clients.Total)}
	t.Latency = trial.Latency{}
	t.ServerUsage = trial.Usage{}
}

func hostile(t *trial.Trial) {
	t.Scenario = "a|b](x)\n# *bold* <script>`" + t.Scenario
	t.Strategy = "k|k<b>`" + t.Strategy
	t.Findings = []trial.Finding{{Code: "x", Text: "a]b\n[^9]: `"}}
}

// Catches: markup or structure that comes in with a name.
func TestNamesCannotChangeTheDocument(t *testing.T) {
	text := string(Markdown(synth{strategies: 2, repetitions: 1, mutate: hostile}.run()))
	for _, bad := range []string{"<script>", "\n# *bold*", "\n[^9]"} {
		if strings.Contains(text, bad) {
			t.Errorf("report.md contains %q", bad)
		}
	}
	columns := 0
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns != 0 && n != columns {
			t.Errorf("a row has %d bars and its table %d: %s", n, columns, line)
		}
		columns = n
	}
}

// summaryText is all of it, a point or a line of it in each line.
func summaryText(o overview) string {
	var all []string
	for _, p := range o.points() {
		all = append(all, p.String())
	}
	return strings.Join(all, "\n")
}

// Catches: a number of the summary that no comparison, trial or count backs, and findings that are left out.
func TestSummaryIsBackedByTheStatistics(t *testing.T) {
	run := goldenSynth.run()
	v := newView(run)
	text := summaryText(v.overview())
	bound := 0.0
	differs := map[string]bool{}
	// of is what a point says of a scenario, with its line's end.
	of := func(point, scenario string) string {
		_, rest, _ := strings.Cut(text+"\n", point)
		_, rest, _ = strings.Cut(rest, "\n")
		for line := range strings.SplitSeq(rest, "\n") {
			if said, ok := strings.CutPrefix(line, scenario+": "); ok {
				return said + "\n"
			}
			if strings.HasSuffix(line, ".") || strings.HasSuffix(line, ":") {
				break // the next point's
			}
		}
		return ""
	}
	for _, c := range stat.Comparisons(run.Trials, stat.Goodput, run.Env.Scenarios, run.Env.Design) {
		if c.Fraction != 0 {
			continue
		}
		label := v.labels[c.Strategy]
		remark := fmt.Sprintf("%s %s× %s", label, sense(c), sig(c.Ratio.Value))
		named := c.Outcome == stat.Different
		if named {
			differs[label] = true
		}
		if strings.Contains(of("goodput differs from goroutine's:", c.Scenario), remark) != named {
			t.Errorf("%s %s: differs is %v, and the summary says otherwise", label, remark, named)
		}
	}
	for _, c := range stat.Comparisons(run.Trials, stat.Goodput, run.Env.Scenarios, run.Env.Design) {
		if c.Fraction == 0 && !differs[v.labels[c.Strategy]] && c.Outcome == stat.Tied {
			bound = max(bound, c.Bound)
		}
	}
	if want := "larger than " + atMost(bound) + " was seen"; !strings.Contains(text, want) {
		t.Errorf("the summary lacks %q", want)
	}
	for _, s := range stat.Summaries(run.Trials) {
		short := s.Clients.Fewest < s.Clients.Total
		if remark := fmt.Sprintf("%s (%d of %d)", v.labels[s.Strategy], s.Clients.Fewest, s.Clients.Total); short && !strings.Contains(of("clients went without an answer", s.Scenario), remark) {
			t.Errorf("the summary lacks %q on %s", remark, s.Scenario)
		}
	}
	if !strings.Contains(of("clients went without an answer", "echo"), "tutorial (") {
		t.Error("the one who starves is not named")
	}
	if !regexp.MustCompile(`at 48k/s [^;]*tutorial \(3\.1 %\)`).MatchString(of("goodput fell under", "echo-open")) {
		t.Error("the first load at which tutorial falls behind is not named")
	}
	t.Log(text)
}

// Catches: totals that do not add up, or leave a trial out.
func TestTotalsAddUp(t *testing.T) {
	run := synth{strategies: 6, repetitions: 2, levels: []float64{0.5, 0.9}}.run()
	text := string(Markdown(run))
	tables := 0
	var sum, all []int64
	for line := range strings.SplitSeq(text, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		if len(cells) != 9 {
			continue
		}
		if strings.Contains(line, "intended") {
			tables++
			sum = make([]int64, 8)
			continue
		}
		var n []int64
		for _, c := range cells[1:] {
			v, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(c), ",", ""), 10, 64)
			if err == nil {
				n = append(n, v)
			}
		}
		if len(n) != 8 || sum == nil {
			continue
		}
		if n[0] != n[1]+n[2] || n[2] != n[3]+n[4]+n[5]+n[6]+n[7] {
			t.Errorf("does not add up: %s", line)
		}
		if strings.TrimSpace(cells[0]) == "all" {
			if !slices.Equal(n, sum) {
				t.Errorf("all is %v, the rows add up to %v", n, sum)
			}
			all = append(all, n[0])
			sum = nil
			continue
		}
		for i := range sum {
			sum[i] += n[i]
		}
	}
	if tables != 6 {
		t.Fatalf("%d tables of totals, want 6", tables)
	}
	var got, want int64
	for _, n := range all {
		got += n
	}
	for _, tr := range run.Trials {
		if !tr.Calibrates { // measured to fix rates, and compared with nothing
			want += tr.Counts.Intended
		}
	}
	if got != want {
		t.Errorf("the tables have %d intended, the trials %d", got, want)
	}
}

// Catches: a partial run that looks complete, one whose repeated trials make up for missing ones, and warnings that are
// not shown.
func TestPartialRunsAndWarningsAreSaid(t *testing.T) {
	run := synth{strategies: 2, repetitions: 2, idle: true, mutate: func(tr *trial.Trial) {
		if tr.Seq == 5 {
			tr.Invalid = "the child died\nwith a long trace"
		}
	}}.run()
	run.Env.Planned += 1
	run.Warnings = []trial.Warning{{Code: "torn-line", Text: "one trial less"}}
	again := run.Trials[len(run.Trials)-1]
	again.Attempt = 1
	measured := len(run.Trials)
	run.Trials = append(run.Trials, again)
	text := string(Markdown(run))
	for _, want := range []string{
		fmt.Sprintf("partial: %d of %d trials measured", measured, run.Env.Planned), fmt.Sprintf("%d of %d planned trials: %d recorded (", measured, run.Env.Planned, len(run.Trials)),
		"1 invalid and left out for good (failed 1 ×)", "torn-line: one trial less", "invalid, in 1 trial (", "the first: the child died\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("report.md lacks %q", want)
		}
	}
	if strings.Contains(text, "long trace") {
		t.Error("report.md has more than the first line of a reason")
	}
	if c := newView(run).caption(); !strings.Contains(c, "PARTIAL") {
		t.Errorf("the caption is %q", c)
	}
}
