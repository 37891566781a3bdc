package finding

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/poolbench/poolbench/bench/trial"
)

// declared are the codes as finding.go has them: its exported string constants.
func declared(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "finding.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !spec.Names[0].IsExported() {
			return true
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, code)
		return true
	})
	return codes
}

// A row is one of the table in the package's comment.
type row struct{ code, invalid string }

func documented(t *testing.T) []row {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	columns := regexp.MustCompile(`\s{2,}`)
	for line := range strings.Lines(file.Doc.Text()) {
		if cells := columns.Split(strings.TrimSpace(line), -1); len(cells) == 4 && cells[0] != "code" {
			rows = append(rows, row{cells[0], cells[2]})
		}
	}
	return rows
}

func TestCodesAreUniqueAndKebabCase(t *testing.T) {
	codes := declared(t)
	if len(codes) != len(rules) {
		t.Errorf("%d codes and %d rules: each has one", len(codes), len(rules))
	}
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	for i, code := range codes {
		if !kebab.MatchString(code) {
			t.Errorf("%q is not kebab-case", code)
		}
		if slices.Contains(codes[:i], code) {
			t.Errorf("%q is there twice", code)
		}
	}
}

// Whoever adds a rule also shows where it fires, and says in the package's comment what it means and whether it costs a
// trial.
func TestThePackageCommentTellsOfEachCodeWhatTheRulesDo(t *testing.T) {
	type severity struct{ note, invalid bool }
	fired := map[string]severity{}
	for _, c := range ruleCases {
		for _, code := range c.want {
			bare, isInvalid := strings.CutSuffix(code, "!")
			s := fired[bare]
			fired[bare] = severity{s.note || !isInvalid, s.invalid || isInvalid}
		}
	}
	rows := documented(t)
	var codes []string
	for _, r := range rows {
		codes = append(codes, r.code)
		says := severity{note: r.invalid != "yes", invalid: !strings.HasPrefix(r.invalid, "no")}
		if got := fired[r.code]; got != says {
			t.Errorf("%s: the package's comment says invalid: %q; in the cases of these tests it is a note: %t, and invalid: %t", r.code, r.invalid, got.note, got.invalid)
		}
	}
	if want := declared(t); !slices.Equal(codes, want) {
		t.Errorf("the package's comment has %v, want %v", codes, want)
	}
	if got, want := slices.Sorted(maps.Keys(fired)), slices.Sorted(slices.Values(codes)); !slices.Equal(got, want) {
		t.Errorf("the cases of these tests have %v, want %v", got, want)
	}
}

// checkText says what is wrong with a footnote: what was seen, with a number, then what to do, and no full stop.
func checkText(text string) string {
	seen, do, ok := strings.Cut(text, "; ")
	switch {
	case !ok || do == "":
		return "does not say what to do"
	case !strings.ContainsAny(seen, "0123456789"):
		return "names no number"
	case strings.HasSuffix(text, "."):
		return "ends with a full stop"
	case strings.Contains(text, "%!") || strings.Contains(text, "NaN") || strings.Contains(text, "Inf"):
		return "is badly formatted"
	}
	return ""
}

func TestEachTextSaysWhatWasSeenAndWhatToDo(t *testing.T) {
	for _, c := range ruleCases {
		record := c.of()
		c.change(&record)
		for _, f := range Of(record) {
			if wrong := checkText(f.Text); wrong != "" {
				t.Errorf("%s: %q %s", c.name, f.Text, wrong)
			}
		}
	}
}

func TestTheReasonIsTheFirstFindingThatCostsATrial(t *testing.T) {
	late := trial.Finding{Code: DriverLate, Text: "3 were late; lower the rate"}
	paused := trial.Finding{Code: DriverPaused, Text: "paused for 3s; leave it alone; really", Invalid: true}
	edge := trial.Finding{Code: LateEdge, Text: "3s late; a longer window", Invalid: true}
	for name, c := range map[string]struct {
		t        trial.Trial
		code, do string
		invalid  bool
	}{
		"valid":        {trial.Trial{Findings: []trial.Finding{late}}, "", "", false},
		"two reasons":  {trial.Trial{Invalid: paused.Text, Findings: []trial.Finding{late, paused, edge}}, DriverPaused, "leave it alone; really", true},
		"no finding's": {trial.Trial{Invalid: "server died", Findings: []trial.Finding{late}}, "", "server died", true},
	} {
		if code, do, invalid := Reason(c.t); code != c.code || do != c.do || invalid != c.invalid {
			t.Errorf("%s: %q, %q, %v", name, code, do, invalid)
		}
	}
}

func TestNumbersAreShort(t *testing.T) {
	for share, want := range map[float64]string{0: "0 %", 0.0012: "0.12 %", 0.0123: "1.2 %", 0.5: "50 %", 1: "100 %", 1.234: "123 %"} {
		if got := percent(share); got != want {
			t.Errorf("percent(%v) is %q, want %q", share, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0s", 999: "999ns", 1_234: "1.23µs", 953_400_000: "953ms", 61_260_000_000: "1m1.3s", 1<<63 - 1: "2561111h6m40s"} {
		if got := short(d).String(); got != want {
			t.Errorf("short(%d) is %q, want %q", d, got, want)
		}
	}
}

// wild draws a record that no driver makes: nothing adds up in it, and any number may be 0, negative or enormous.
func wild(t *rapid.T) trial.Trial {
	count := func(name string) int64 {
		return rapid.OneOf(rapid.Int64Range(-2, 100_000), rapid.Int64()).Draw(t, name)
	}
	time := func(name string) time.Duration {
		return rapid.OneOf(rapid.Just(time.Duration(0)), rapid.Map(rapid.Int64Range(0, int64(10*time.Second)), func(n int64) time.Duration { return time.Duration(n) }),
			rapid.Map(rapid.Int64(), func(n int64) time.Duration { return time.Duration(n) })).Draw(t, name)
	}
	number := func(name string) float64 {
		return rapid.OneOf(rapid.Float64Range(0, 2), rapid.Float64Range(-1e9, 1e9)).Draw(t, name)
	}
	cpus := func(name string) []int { return rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, name) }
	usage := func(name string) trial.Usage {
		return trial.Usage{CPU: time(name), UserCPU: time(name), InvoluntarySwitches: count(name), GCPause: time(name)}
	}
	c := trial.Trial{
		Measured: rapid.SampledFrom([]string{"", "request", "session"}).Draw(t, "measured"),
		Load: trial.Load{
			Loop:     rapid.SampledFrom([]trial.Loop{"", trial.Closed, trial.Open, trial.Sessions}).Draw(t, "loop"),
			Arrivals: rapid.SampledFrom([]trial.Arrivals{"", trial.Poisson, trial.Constant}).Draw(t, "arrivals"),
			Clients:  int(count("clients")), Think: time("think"), Rate: number("rate"), Ceiling: number("ceiling"),
		},
		Server: trial.Process{Name: rapid.SampledFrom([]string{"", "ants"}).Draw(t, "name"), GOMAXPROCS: int(count("procs")), CPUs: cpus("server")},
		Driver: trial.Process{GOMAXPROCS: int(count("procs")), CPUs: cpus("driver")},
		Window: time("window"), TimeOut: time("timeout"),
		Counts: trial.Counts{Intended: count("intended"), Sent: count("sent"), Good: count("good"), OK: count("ok")},
		Driving: trial.Driving{
			Shards: int(count("shards")), Idle: time("idle"), LongestGap: time("gap"), LateEdge: time("late"), Missed: count("missed"),
			Exhausted: count("exhausted"), ArrivalError: number("error"), InFlight: number("inflight"), Whole: count("whole"), Partial: time("partial"),
		},
		ServerUsage: usage("server usage"), DriverUsage: usage("driver usage"),
		System: trial.System{
			ListenOverflows: count("overflows"), EarlyOverflows: count("early"), Steal: time("steal"), CPUPressure: time("pressure"),
			CPUBusy: time("busy"), TimeWait: count("timewait"), TimeWaitWait: time("wait"),
		},
	}
	slice := trial.Series{Slice: time("slice")}
	for range rapid.SampledFrom([]int{0, 1, 39, 40, 50}).Draw(t, "slices") {
		slice.Due, slice.OK, slice.Timed = append(slice.Due, count("due")), append(slice.OK, count("ok")), append(slice.Timed, count("timed"))
		slice.Good, slice.Response = append(slice.Good, count("good")), append(slice.Response, time("mean"))
	}
	c.Series = slice
	for range rapid.IntRange(0, 2).Draw(t, "segments") {
		c.Load.Profile = append(c.Load.Profile, trial.Segment{From: time("from"), To: time("to"), Begin: number("begin"), End: number("end")})
	}
	for _, h := range []*trial.Histogram{&c.Latency.Wait, &c.Latency.Lag, &c.Latency.Service, &c.Latency.Response} {
		for range rapid.IntRange(0, 2).Draw(t, "times") {
			h.RecordN(time("time"), rapid.Int64Range(0, 50_000).Draw(t, "n"))
		}
	}
	return c
}

func TestAnyRecordIsJudged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := wild(t)
		found := Of(record)
		Bound(record)
		codes := map[string]bool{}
		for _, f := range found {
			if wrong := checkText(f.Text); wrong != "" {
				t.Errorf("%q %s", f.Text, wrong)
			}
			if codes[f.Code] {
				t.Errorf("%s is there twice", f.Code)
			}
			codes[f.Code] = true
		}
		record.Findings, record.Invalid = found, Invalid(found)
		if again := Of(record); !slices.Equal(found, again) {
			t.Errorf("judged again, %+v became %+v", found, again)
		}
	})
}
