package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/doctor"
	"github.com/spf13/cobra"
)

// Whatever this machine is like, what is printed and the exit code have to agree.
func TestDoctorSaysWhatItFoundHere(t *testing.T) {
	code, stdout, stderr := execute(t.Context(), "doctor", "--look", "20ms", "--json", "--results", t.TempDir())
	var r doctor.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || len(r.Findings) == 0 {
		t.Fatalf("exit code %d, %s: %v", code, stdout, err)
	}
	want := 0
	if r.Count(doctor.Bad) > 0 {
		want = 4
	}
	if code != want || want == 0 && stderr != "" {
		t.Errorf("exit code %d, want %d: %s", code, want, stderr)
	}
	if !slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool { return f.Name == "suite small" }) {
		t.Errorf("nothing is said about the suite: %s", stdout)
	}
}

func TestDoctorRefusesWhatItCannotDo(t *testing.T) {
	for _, args := range [][]string{{"--suite", "none"}, {"--look", "-1s"}, {"here"}} {
		if code, _, stderr := execute(t.Context(), append([]string{"doctor"}, args...)...); code != 2 || stderr == "" {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
}

func TestVersionIsALine(t *testing.T) {
	code, stdout, stderr := execute(t.Context(), "--version")
	form := regexp.MustCompile(`^poolbench \S+, commit \S+( with changes)?, ` + regexp.QuoteMeta(runtime.Version()) + ` \w+/\w+\n$`)
	if code != 0 || !form.MatchString(stdout) {
		t.Errorf("exit code %d: %q %s", code, stdout, stderr)
	}
	if code, stdout, _ := execute(t.Context()); code != 0 || !strings.Contains(stdout, "--version") || !strings.Contains(stdout, "completion bash") {
		t.Errorf("without arguments there is no help: exit code %d, %s", code, stdout)
	}
}

// complete asks for what a shell would offer.
func complete(t *testing.T, args ...string) (offered []string, how cobra.ShellCompDirective) {
	t.Helper()
	other := bench.Suite{Name: "other", About: "Another one.", Repetitions: 1, Scenarios: small().Scenarios[:1]}
	other.Scenarios[0].Name, other.Scenarios[0].Strategies = "elsewhere", []string{"channel:workers=7", "goroutine"}
	var stdout, stderr bytes.Buffer
	if code := cli.Execute(t.Context(), small(), append([]string{"__completeNoDesc"}, args...), &stdout, &stderr, other); code != 0 {
		t.Fatalf("%v: exit code %d, %s", args, code, &stderr)
	}
	lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
	last := lines[len(lines)-1]
	n, err := strconv.Atoi(strings.TrimPrefix(last, ":"))
	if err != nil {
		t.Fatalf("%v: the last line is %q", args, last)
	}
	return lines[:len(lines)-1], cobra.ShellCompDirective(n)
}

func TestCompletion(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"results/a", "results/b", "results/empty", "elsewhere/c"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if dir == "results/empty" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "trials.jsonl"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a, b, c := filepath.Join("results", "a"), filepath.Join("results", "b"), filepath.Join("elsewhere", "c")
	const names, files, dirs = cobra.ShellCompDirectiveNoFileComp, cobra.ShellCompDirectiveDefault, cobra.ShellCompDirectiveFilterDirs
	const runs = names | cobra.ShellCompDirectiveKeepOrder
	const more = names | cobra.ShellCompDirectiveNoSpace
	for _, test := range []struct {
		name string
		args string // with spaces between; the last one is what has been begun
		want []string
		how  cobra.ShellCompDirective
	}{
		{"commands", "doc", []string{"doctor"}, names},
		{"suites", "run --suite ", []string{"small", "other"}, files},
		{"a suite that is no name: a file", "run --suite mine", nil, files},
		{"scenarios of the first suite", "run --scenario ", []string{"echo", "wait-open"}, names},
		{"scenarios of the suite that was named", "run --suite other --scenario ", []string{"elsewhere"}, names},
		{"scenarios of a suite that there is not", "run --suite none --scenario ", nil, names},
		{"strategies", "run --strategy ", []string{"goroutine", "channel", "tutorial", "broken"}, names},
		{"strategies to serve", "serve --strategy g", []string{"goroutine", "goroutine:"}, names},
		{"strategies with limits", "run --suite other --strategy channel:", []string{"channel:workers=7"}, names},
		{"workloads", "drive --workload e", []string{"exchange", "echo"}, names},
		{"a workload without settings", "drive --workload ec", []string{"echo"}, names},
		{"a workload with settings", "run --workload wa", []string{"wait", "wait:hold="}, more},
		{"a workload's settings", "run --workload wait:", []string{"wait:hold="}, more},
		{"drivers", "run --driver ", bench.Drivers(), names},
		{"loops", "run --loop ", []string{"closed", "open", "sessions"}, names},
		{"arrivals", "drive --arrivals p", []string{"poisson"}, names},
		{"questions", "run --question c", []string{"compare", "capacity"}, names},
		{"metrics", "run --decided-by server-", []string{"server-cpu"}, names},
		{"formats", "export --format ", []string{"benchfmt", "json", "csv"}, names},
		{"numbers", "run --repetitions ", nil, names},
		{"files", "export --output ", nil, files},
		{"folders", "run --results ", nil, dirs},
		{"runs, the newest first", "report ", []string{b, a}, runs},
		{"a run that was begun", "report " + a, []string{a}, runs},
		{"one run is enough", "report " + a + " ", nil, names},
		{"two runs", "compare " + a + " ", []string{b}, runs},
		{"two runs are enough", "compare " + a + " " + b + " ", nil, names},
		{"a run to go on with", "run --resume ", []string{b, a}, runs},
		{"runs elsewhere", "claims --results elsewhere ", []string{c}, runs},
		{"a run that is nowhere: folders", "plot /", nil, dirs},
		{"a suite to write: files", "init ", nil, files},
		{"a folder for the pages", "man ", nil, dirs},
		{"a folder of runs to view", "view ", nil, dirs},
		{"shells", "completion ", []string{"bash", "zsh", "fish", "powershell"}, names},
		{"nothing", "list ", nil, names},
	} {
		t.Run(test.name, func(t *testing.T) {
			offered, how := complete(t, strings.Split(test.args, " ")...)
			if !slices.Equal(offered, test.want) || how != test.how {
				t.Errorf("%q is offered (%v), want %q (%v)", offered, how, test.want, test.how)
			}
		})
	}
}

func TestCompletionScripts(t *testing.T) {
	for shell, part := range map[string]string{"bash": "__start_poolbench", "zsh": "#compdef poolbench", "fish": "complete -c poolbench", "powershell": "Register-ArgumentCompleter"} {
		if code, stdout, stderr := execute(t.Context(), "completion", shell); code != 0 || !strings.Contains(stdout, part) {
			t.Errorf("%s: exit code %d, no %q in %d bytes: %s", shell, code, part, len(stdout), stderr)
		}
	}
	_, bash, _ := execute(t.Context(), "completion", "bash")
	colon, equals := strings.Index(bash, `special_char "$cur" :`), strings.Index(bash, `special_char "$cur" =`)
	if equals < 0 || colon < equals {
		t.Error("bash: the colon is taken off before the equals sign, which makes channel:workers=workers=64 of channel:workers=")
	}
	for _, args := range [][]string{{}, {"tcsh"}, {"bash", "zsh"}} {
		if code, _, _ := execute(t.Context(), append([]string{"completion"}, args...)...); code != 2 {
			t.Errorf("completion %v: exit code %d, want 2", args, code)
		}
	}
}

// pages are those that man writes.
func pages(t *testing.T) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "made", "for", "it")
	if code, _, stderr := execute(t.Context(), "man", dir); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

var (
	commandLine = regexp.MustCompile(`(?m)^  ([a-z]+) +\S`)
	flagLine    = regexp.MustCompile(`(?m)^ +(?:-\w, +)?--([a-z-]+)`)
)

func TestEachCommandHasAManualPage(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "")
	all := pages(t)
	_, help, _ := execute(t.Context(), "--help")
	_, listed, found := strings.Cut(help, "Available Commands:")
	if !found {
		t.Fatalf("no commands in %s", help)
	}
	listed, _, _ = strings.Cut(listed, "Flags:")
	want := map[string][]string{"poolbench.1": {"--help"}}
	for _, m := range commandLine.FindAllStringSubmatch(listed, -1) {
		if m[1] != "help" {
			want["poolbench-"+m[1]+".1"] = []string{m[1], "--help"}
		}
	}
	if len(want) != len(all) || len(want) < 10 {
		t.Errorf("%d pages for %d commands", len(all), len(want))
	}
	for file, args := range want {
		page := all[file]
		title := `.TH "` + strings.ToUpper(strings.TrimSuffix(file, ".1")) + `" "1" "" "poolbench" "poolbench"`
		if !strings.Contains(strings.ReplaceAll(page, `\-`, "-"), title) {
			t.Errorf("%s has no %s", file, title)
		}
		for _, section := range []string{".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH EXAMPLE", ".SH SEE ALSO"} {
			if !strings.Contains(page, section+"\n") {
				t.Errorf("%s has no %s", file, section)
			}
		}
		if strings.Contains(page, "Auto generated") {
			t.Errorf("%s says when it was made", file)
		}
		_, help, _ := execute(t.Context(), args...)
		_, flags, _ := strings.Cut(help, "\nFlags:")
		for _, m := range flagLine.FindAllStringSubmatch(flags, -1) {
			if !strings.Contains(strings.ReplaceAll(page, `\-`, "-"), `--`+m[1]+`\fP`) {
				t.Errorf("%s has no --%s", file, m[1])
			}
		}
	}
}

// Catches: options in cobra's spelling, which is none of ours, or without their values; a hyphen that is no minus sign when it is
// copied; a name that is parted at the end of a line; a text that groff takes for a command, and does not show.
func TestPagesAreWrittenAsPeopleType(t *testing.T) {
	all := pages(t)
	for file, want := range map[string]string{
		"poolbench.1":         ".TP\n\\fBcompare\\fP\nSay what has changed from one run to another\n",
		"poolbench-run.1":     ".TP\n\\fB\\-\\-clients\\fP \\fIN\\fP\nconnections that are held at once\n",
		"poolbench-drive.1":   "\n\\fB\\-\\-clients\\fP \\fIint\\fP\nconnections held at once (default 64)\n",
		"poolbench-compare.1": "\n\\fB\\-h\\fP, \\fB\\-\\-help\\fP\nhelp for compare\n",
	} {
		if !strings.Contains(all[file], want) {
			t.Errorf("%s does not have %q:\n%s", file, want, all[file])
		}
	}
	for file, page := range all {
		if head := ".nr HY 0\n.TH "; !strings.HasPrefix(page, head) || strings.Count(page, ".SH OPTIONS\n") != 1 {
			t.Errorf("%s begins with %.40q, and has to with %q; options once", file, page, head)
		}
		for _, line := range strings.Split(page, "\n") {
			command, _, _ := strings.Cut(line, " ")
			known := slices.Contains([]string{".nr", ".TH", ".nh", ".ad", ".SH", ".PP", ".TP", ".EX", ".EE"}, command)
			if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !known {
				t.Errorf("%s: %q is no text", file, line)
			}
			if !strings.HasPrefix(line, ".") && strings.Contains(strings.ReplaceAll(line, `\-`, ""), "-") {
				t.Errorf("%s: a hyphen in %q", file, line)
			}
		}
	}
}

// Catches: a table in the help that Markdown makes a paragraph of.
func TestTablesOfTheHelpStayTablesInThePages(t *testing.T) {
	if page := pages(t)["poolbench-export.1"]; !regexp.MustCompile(`(?m)^\.EX\nseq .*\nstarted `).MatchString(page) {
		t.Errorf("the columns are no table: %.2000s", page)
	}
}

func TestPagesAreDatedWhereThatIsAskedFor(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1000000000")
	if page := pages(t)["poolbench-run.1"]; !strings.Contains(page, `"1" "Sep 2001" "poolbench"`) {
		t.Errorf("the page is not of September 2001: %.200s", page)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "today")
	if code, _, stderr := execute(t.Context(), "man", t.TempDir()); code != 2 || !strings.Contains(stderr, "SOURCE_DATE_EPOCH=today") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
