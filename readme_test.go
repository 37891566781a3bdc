package poolbench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
)

// README says nothing about figures by itself. A part of it that begins with
//
//	<!-- from FILE -->  or  <!-- from FILE: KEY, KEY -->
//
// and ends with <!-- end --> is what render makes of the file, and one that begins with <!-- rests on FILE --> is a table
// each of whose rows says what the verdict in FILE says too. `go test . -run README -update` writes the figures in all of
// them anew. It never changes what a row advises: if a strategy is no longer what the row calls it, the test says so, and
// somebody has to think.
var update = flag.Bool("update", false, "write the figures in README.md anew, from the files that it quotes")

var (
	quoting = regexp.MustCompile(`(?s)(<!-- (from|rests on) ([a-z0-9./-]+)(?:: ([^\n]+?))? -->\n)(.*?)(<!-- end -->)`)

	// stated is what a row says of one strategy in one scenario.
	stated   = regexp.MustCompile("`([a-z0-9= -]+)` (is [^,;|]*?|[a-z]+)(, it [^;|]+?)?( *[;|])")
	scenario = regexp.MustCompile(`\[([a-z-]+)\]\(results/reference/report\.md#([a-z-]+)\): ([^|[]*\|?)`)
)

// Catches: figures in README that no committed result has, examples in it that are not those that the tests run, and advice
// that the reference run does not bear out.
func TestREADMEIsWhatItsSourcesSay(t *testing.T) {
	readme := read(t, "README.md")
	sources := map[string]int{}
	fresh := quoting.ReplaceAllStringFunc(readme, func(part string) string {
		m := quoting.FindStringSubmatch(part)
		head, how, file, keys, old, end := m[1], m[2], m[3], m[4], m[5], m[6]
		sources[file]++
		var text string
		var err error
		if how == "from" {
			text, err = render(file, keys, old)
		} else {
			text, err = borneOut(file, old)
		}
		if err != nil {
			t.Errorf("README quotes %s: %v", file, err)
			return part
		}
		return head + text + end
	})
	if n := strings.Count(readme, "<!-- from ") + strings.Count(readme, "<!-- rests on "); n != strings.Count(readme, "<!-- end -->") {
		t.Errorf("README begins %d quoted parts and ends %d", n, strings.Count(readme, "<!-- end -->"))
	}
	for _, file := range []string{"results/reference/verdict.json", "results/reference/env.json", "results/reference/driver.txt", "results/reference/crosscheck.md",
		"cmd/examples/handler/main.go", "cmd/examples/strategy/main.go"} {
		if sources[file] == 0 {
			t.Errorf("README quotes nothing from %s", file)
		}
	}
	if fresh == readme || t.Failed() {
		return
	}
	if !*update {
		t.Fatalf("README does not say what its sources say; write it anew with `go test . -run README -update`, and look at what changes:\n%s", difference(readme, fresh))
	}
	if err := os.WriteFile("README.md", []byte(fresh), 0o644); err != nil {
		t.Fatal(err)
	}
}

// render is what README shows of a file, whichever its kind:
//
//	main.go                the program, whole
//	verdict.json: overall  what to take, and what the scenarios have found that do not compare
//	verdict.json: NAME     a scenario's sentence
//	env.json               where and when the run was measured, and by which command
//	report.md: PICTURE     the first of these that the report has, with its caption
//	others                 the file's lines that begin as the old ones did; without any, the file, as a program printed it
func render(file, keys, old string) (string, error) {
	if filepath.Ext(file) == ".json" {
		return renderJSON(file, keys)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	text := string(raw)
	switch name := filepath.Base(file); {
	case strings.HasSuffix(name, ".go"):
		return "```go\n" + text + "```\n", nil
	case name == "report.md":
		for key := range strings.SplitSeq(keys, ", ") {
			picture := regexp.MustCompile(`(?m)^\[!\[(.*)\]\(plots/` + key + `\.png\)\]`)
			if m := picture.FindStringSubmatch(text); m != nil {
				dir := filepath.Dir(file)
				return fmt.Sprintf("[![%s](%s/plots/%s.png)](%s)\n", m[1], dir, key, file), nil
			}
		}
		return "", fmt.Errorf("it shows none of %s", keys)
	case strings.HasPrefix(file, "cmd/examples/"):
		return "```text\n" + text + "```\n", nil
	}
	lines := slices.Collect(strings.Lines(text))
	var b strings.Builder
	for line := range strings.Lines(old) {
		if key := leading(line); key != "" {
			fits := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return leading(l) != key })
			if len(fits) != 1 {
				return "", fmt.Errorf("%d of its lines begin with %q, not one", len(fits), key)
			}
			line = fits[0]
		}
		b.WriteString(line)
	}
	return b.String(), nil
}

// leading is what a line is known by: a table's row by its first cell, another by its first word. Lines that are layout have
// none.
func leading(line string) string {
	if cells := strings.SplitN(line, "|", 3); len(cells) == 3 {
		return "| " + strings.TrimSpace(cells[1]) + " |"
	}
	if fields := strings.Fields(line); len(fields) > 0 && !strings.HasPrefix(line, "```") {
		return fields[0]
	}
	return ""
}

func renderJSON(file, keys string) (string, error) {
	if filepath.Base(file) == "env.json" {
		var e trial.Env
		if err := decode(file, &e); err != nil {
			return "", err
		}
		p := e.Platform
		name := 1 + slices.Index(e.Command, "--suite")
		if name == 0 || name >= len(e.Command) {
			return "", errors.New("the run was of no named suite")
		}
		return fmt.Sprintf("Measured on %s with %d logical CPUs (%d for the server), %s %s, %s, on %s, in %.0f minutes, by `poolbench run --suite %s`.\n",
			p.CPUModel, p.CPUs, len(e.Server.CPUs), p.GOOS, p.Kernel, p.GoVersion, e.Started.Format("2006-01-02"), e.Finished.Sub(e.Started).Minutes(), e.Command[name]), nil
	}
	var v verdict.Verdict
	if err := decode(file, &v); err != nil {
		return "", err
	}
	var b strings.Builder
	for key := range strings.SplitSeq(keys, ", ") {
		if key == "overall" {
			for _, s := range v.Overall.Sentences {
				fmt.Fprintf(&b, "- %s\n", s)
			}
			for _, c := range v.Capacities {
				fmt.Fprintf(&b, "- **%s:** %s\n", c.Scenario, c.Sentence)
			}
			for _, s := range v.Sizes {
				fmt.Fprintf(&b, "- **%s:** %s\n", s.Scenario, s.Sentence)
			}
			continue
		}
		s, err := scenarioOf(v, key)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "- **%s:** %s\n", key, s.Sentence)
	}
	return b.String(), nil
}

// borneOut is a table with the figures of the verdict, or an error where a row rests on what the verdict does not say.
func borneOut(file, table string) (string, error) {
	var v verdict.Verdict
	if err := decode(file, &v); err != nil {
		return "", err
	}
	var wrong []error
	rows := 0
	var b strings.Builder
	for line := range strings.Lines(table) {
		if rest, ok := strings.CutPrefix(line, "| "); ok && !strings.HasPrefix(rest, "your connections") {
			rows++
			said := 0
			line = scenario.ReplaceAllStringFunc(line, func(part string) string {
				m := scenario.FindStringSubmatch(part)
				s, err := asked(v, m[1])
				if err != nil || m[1] != m[2] {
					wrong = append(wrong, fmt.Errorf("the link [%s] to #%s: %v", m[1], m[2], err))
					return part
				}
				text := stated.ReplaceAllStringFunc(m[3], func(statement string) string {
					said++
					f := stated.FindStringSubmatch(statement)
					now, err := standing(v, s, f[1], f[2])
					if err != nil {
						wrong = append(wrong, err)
						return statement
					}
					return "`" + f[1] + "` " + now + f[4]
				})
				if left := strings.Trim(stated.ReplaceAllString(m[3], ""), " |"); left != "" {
					wrong = append(wrong, fmt.Errorf("%s: cannot read %q", s.Name, left))
				}
				return strings.TrimSuffix(part, m[3]) + text
			})
			if said == 0 {
				wrong = append(wrong, fmt.Errorf("the row rests on nothing: %s", line))
			}
		}
		b.WriteString(line)
	}
	if rows == 0 {
		wrong = append(wrong, errors.New("there is no row that rests on it"))
	}
	return b.String(), errors.Join(wrong...)
}

// asked is a scenario of the verdict; one that asks for a size chooses nobody.
func asked(v verdict.Verdict, name string) (verdict.Scenario, error) {
	if slices.ContainsFunc(v.Sizes, func(z verdict.Size) bool { return z.Scenario == name }) {
		return verdict.Scenario{Name: name}, nil
	}
	return scenarioOf(v, name)
}

// standing is what the verdict says of a strategy, in the words of the table, if that is of the kind that the row says.
func standing(v verdict.Verdict, s verdict.Scenario, label, said string) (string, error) {
	name := ""
	for full, short := range v.Labels {
		if short == label {
			name = full
		}
	}
	var now []string // of the same kind as said, or else what there is
	if slices.Contains(s.Best, name) {
		now = append(now, "is best")
	}
	if slices.Contains(s.Holds, name) {
		now = append(now, "holds")
	}
	for _, b := range s.Behind {
		if b.Strategy == name {
			now = append(now, fmt.Sprintf("is behind ×%.2g", b.Ratio.Value))
		}
	}
	for _, o := range s.Out {
		if o.Strategy == name {
			text := o.Reasons[0].Text
			for _, more := range []string{": ", " (", ", in "} { // why, of what kind, and in how many trials: the report's business
				text, _, _ = strings.Cut(text, more)
			}
			now = append(now, string(o.Reasons[0].Code)+", it "+text)
		}
	}
	for _, u := range s.Undecided {
		if u.Strategy == name {
			now = append(now, "is not decided")
		}
	}
	for _, z := range v.Sizes {
		if z.Scenario == s.Name && z.Sure && label == fmt.Sprintf("%s=%d", z.Setting, z.Smallest) {
			now = append(now, "is enough")
		}
	}
	kind := func(text string) string {
		text, _, _ = strings.Cut(text, ",")
		text, _, _ = strings.Cut(text, " ×")
		return text
	}
	for _, n := range now {
		if kind(n) == kind(said) {
			return n, nil
		}
	}
	return "", fmt.Errorf("README's advice rests on %q being one that %s in %s, where the verdict has: %s; write the row anew", label, said, s.Name, strings.Join(now, ", or "))
}

func scenarioOf(v verdict.Verdict, name string) (verdict.Scenario, error) {
	i := slices.IndexFunc(v.Scenarios, func(s verdict.Scenario) bool { return s.Name == name })
	if i < 0 {
		return verdict.Scenario{}, fmt.Errorf("it has no verdict on scenario %q", name)
	}
	return v.Scenarios[i], nil
}

func decode(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func difference(old, fresh string) string {
	o, f := strings.Split(old, "\n"), strings.Split(fresh, "\n")
	for i := range min(len(o), len(f)) {
		if o[i] != f[i] {
			return "README:  " + o[i] + "\nsources: " + f[i]
		}
	}
	return "one of them ends early"
}

// Catches: advice that stays when the measurement that it rests on is another one.
func TestREADMEsAdviceFallsWithTheVerdict(t *testing.T) {
	const ok = "| any | a pool | [crowd](results/reference/report.md#crowd): `pool 4` starves, it left 1 of 9; `free` is behind ×7; [size](results/reference/report.md#size): `workers=8` is enough |\n"
	crowd := verdict.Scenario{Name: "crowd",
		Out:    []verdict.Out{{Strategy: "pool:4", Reasons: []verdict.Reason{{Code: verdict.Starves, Text: "left 6 of 10: because"}}}},
		Behind: []verdict.Behind{{Strategy: "free:1", Ratio: verdict.Ratio{Value: 1.26}}}}
	v := verdict.Verdict{Scenarios: []verdict.Scenario{crowd}, Labels: map[string]string{"pool:4": "pool 4", "free:1": "free"},
		Sizes: []verdict.Size{{Scenario: "size", Setting: "workers", Smallest: 8, Sure: true}}}
	file := filepath.Join(t.TempDir(), "verdict.json")
	text, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := borneOut(file, ok)
	if want := strings.NewReplacer("1 of 9", "6 of 10", "×7", "×1.3").Replace(ok); got != want || err != nil {
		t.Errorf("the figures become\n%s, want\n%s (%v)", got, want, err)
	}
	for what, row := range map[string]string{
		"another code":          strings.Replace(ok, "starves", "fails", 1),
		"no longer behind":      strings.Replace(ok, "is behind ×7", "is best", 1),
		"an unknown strategy":   strings.Replace(ok, "`free`", "`swarm`", 1),
		"an unknown scenario":   strings.ReplaceAll(ok, "crowd", "mob"),
		"a link to another one": strings.Replace(ok, "#crowd", "#echo", 1),
		"another size":          strings.Replace(ok, "workers=8", "workers=4", 1),
		"what nobody can check": strings.Replace(ok, "; `free`", "; mostly harmless; `free`", 1),
		"nothing":               "| any | a pool | because |\n",
		"no rows":               "\n",
	} {
		if _, err := borneOut(file, row); err == nil {
			t.Errorf("a row that rests on %s is let through: %s", what, row)
		}
	}
}

var (
	shell   = regexp.MustCompile("(?s)```sh\n(.*?)```")
	command = regexp.MustCompile(`(?:go run \./cmd/poolbench|go run \./cmd/examples/([a-z]+)|poolbench)(?: ([a-z]+))?([^\n#]*)`)
	flags   = regexp.MustCompile(`--[a-z-]+`)
	local   = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
)

// Catches: commands in README that do not exist, flags that they do not have, and links to files that are not there.
func TestREADMEsCommandsAndLinksExist(t *testing.T) {
	readme := read(t, "README.md")
	makefile := read(t, "Makefile")
	lines := 0
	for _, block := range shell.FindAllStringSubmatch(readme, -1) {
		for line := range strings.Lines(block[1]) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			lines++
			if target, ok := strings.CutPrefix(line, "make "); ok {
				if target = strings.Fields(target)[0]; !strings.Contains(makefile, "\n"+target+":") {
					t.Errorf("README says %q, and the Makefile has no %s", line, target)
				}
				continue
			}
			m := command.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			if m[1] != "" {
				if _, err := os.Stat(filepath.Join("cmd", "examples", m[1], "main.go")); err != nil {
					t.Errorf("README says %q: %v", line, err)
				}
			}
			if wrong := misused(m[2], m[3]); wrong != "" {
				t.Errorf("README says %q, and %s", line, wrong)
			}
		}
	}
	if lines < 10 {
		t.Errorf("README has %d commands", lines)
	}
	for _, m := range local.FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat(m[1]); err != nil {
			t.Errorf("README links to %s: %v", m[1], err)
		}
	}
}

// misused is what is wrong with a command of poolbench and its flags; an empty name is poolbench alone.
func misused(name, rest string) string {
	args, usage := []string{"--help"}, "  poolbench"
	if name != "" {
		args, usage = []string{name, "--help"}, "  poolbench "+name
	}
	var help, stderr bytes.Buffer
	code := cli.Execute(context.Background(), suite, args, &help, &stderr)
	if code != 0 || !regexp.MustCompile(`(?m)^`+usage+`\b.*$`).Match(help.Bytes()) {
		return fmt.Sprintf("poolbench knows no %q: %s", name, stderr.String())
	}
	for _, f := range flags.FindAllString(rest, -1) {
		if !regexp.MustCompile(regexp.QuoteMeta(f) + `\b`).Match(help.Bytes()) {
			return fmt.Sprintf("poolbench %s has no %s", name, f)
		}
	}
	return ""
}

// Catches: a check of README's commands that lets everything through.
func TestAWrongCommandInREADMEIsSeen(t *testing.T) {
	for line, wrong := range map[string]bool{"./poolbench lst": true, "./poolbench list --budgett 2m": true, "./poolbench list": false, "./poolbench": false, "./poolbench run --budget 2m": false} {
		m := command.FindStringSubmatch(line)
		if got := misused(m[2], m[3]); (got != "") != wrong {
			t.Errorf("%q: %q", line, got)
		}
	}
}

// Catches: commands that somebody who has cloned cannot type, because there is no poolbench in PATH; and those whose exit codes go run makes
// 1 of, where README promises 3 and 4.
func TestREADMEsCommandsAreThoseThatMakeBuildMakes(t *testing.T) {
	readme := read(t, "README.md")
	first, _, _ := strings.Cut(readme, "## ")
	build, doctor, plots := strings.Index(first, "make build"), strings.Index(first, "./poolbench doctor"), strings.Index(first, "make plots")
	if build < 0 || doctor < build || plots < doctor {
		t.Error("the first screen has not how to get the command, then doctor, then make plots")
	}
	bare := regexp.MustCompile("go run \\./cmd/poolbench|(?:`|<\\()poolbench [a-z]+")
	for line := range strings.Lines(readme) {
		if strings.HasPrefix(line, "Measured on ") || strings.Contains(line, "where poolbench itself says") {
			continue
		}
		if m := bare.FindString(line); m != "" {
			t.Errorf("README says %q, and what make build makes is ./poolbench: %s", m, line)
		}
	}
}
