package suitefile_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/suitefile"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
	"pgregory.net/rapid"
)

func catalog() bench.Suite { return bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()} }

// bare is s without what is no part of a file: functions cannot be compared.
func bare(s bench.Suite) bench.Suite {
	s.Kinds, s.Workloads = nil, nil
	return s
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func checkRoundTrip(t fataler, s bench.Suite) {
	t.Helper()
	text := suitefile.Write(s)
	again, err := suitefile.Read("written.yaml", text, catalog())
	if err != nil {
		t.Fatalf("what was written is not read: %v\n%s", err, text)
	}
	if diff := cmp.Diff(bare(s), bare(again)); diff != "" {
		t.Fatalf("another suite is read (-written +read):\n%s\n%s", diff, text)
	}
}

func TestASuiteIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := suites().Draw(t, "suite")
		if err := s.Check(); err != nil {
			t.Fatalf("the generator made a suite that cannot be measured: %v", err)
		}
		checkRoundTrip(t, s)
	})
}

func TestABuiltInSuiteIsReadAsItWasWritten(t *testing.T) {
	quick := catalog()
	quick.Name, quick.Repetitions = "quick", 12
	quick.Scenarios = several("goroutine", "channel", "ants:workers=16,unit=request")
	checkRoundTrip(t, quick)
	quick.Scenarios = quick.Scenarios[4:5]
	checkRoundTrip(t, quick)
}

// line is text that a suite can have as a name.
func line() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"null", "~", "true", "No", "5", "1e3", "0x10", "- a", "a: b", "a #b", "#", "&a", "*a", "!a", " a ", "'", `"`, `\`, `\n`, "%", "@", "`", "{", "]", ",", "?", "---", "...", "é\u2028\ufeff\u00a0", "😀"}),
		rapid.StringN(1, 40, -1),
	).Filter(func(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) })
}

func span(least, most time.Duration) *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.Int64Range(int64(least), int64(most)), func(n int64) time.Duration { return time.Duration(n) })
}

// maybe is what g draws, or the zero value.
func maybe[V any](g *rapid.Generator[V]) *rapid.Generator[V] {
	return rapid.Custom(func(t *rapid.T) (v V) {
		if rapid.Bool().Draw(t, "said") {
			v = g.Draw(t, "value")
		}
		return v
	})
}

func suites() *rapid.Generator[bench.Suite] {
	return rapid.Custom(func(t *rapid.T) bench.Suite {
		s := catalog()
		s.Name, s.About = maybe(line()).Draw(t, "name"), maybe(line()).Draw(t, "about")
		s.Repetitions = rapid.IntRange(1, math.MaxInt).Draw(t, "repetitions")
		s.Threshold = maybe(rapid.Float64Range(1e-12, 0.999)).Draw(t, "threshold")
		s.Budget = maybe(span(0, math.MaxInt64)).Draw(t, "budget")
		names := rapid.SliceOfNDistinct(line(), 1, 4, rapid.ID[string]).Draw(t, "names")
		alike := scenarios().Draw(t, "scenario")
		for _, name := range names {
			sc := alike
			if rapid.Bool().Draw(t, "another") {
				sc = scenarios().Draw(t, "scenario")
			}
			sc.Name = name
			s.Scenarios = append(s.Scenarios, sc)
		}
		return s
	})
}

// shape is a loop with the workloads that it can ask.
type shape struct {
	loop      trial.Loop
	workloads []string
}

var shapes = []shape{
	{trial.Closed, []string{"exchange", "echo", "wait", "cpu", "http"}},
	{trial.Open, []string{"echo", "wait", "cpu", "http"}},
	{trial.Sessions, []string{"exchange"}},
}

func scenarios() *rapid.Generator[bench.Scenario] {
	return rapid.Custom(func(t *rapid.T) bench.Scenario {
		_, sc := suitefile.Default()
		sc.About = maybe(line()).Draw(t, "about")
		if rapid.Bool().Draw(t, "timed") {
			sc.Timing = bench.Timing{
				WarmUp: span(0, math.MaxInt64).Draw(t, "warm-up"), Window: span(10, math.MaxInt64).Draw(t, "window"), Tail: span(0, math.MaxInt64).Draw(t, "tail"),
				TimeOut: span(2, math.MaxInt64).Draw(t, "time-out"), BackOff: span(1, math.MaxInt64).Draw(t, "back-off"),
			}
		}
		shape := rapid.SampledFrom(shapes).Draw(t, "shape")
		sc.Workload = rapid.SampledFrom(shape.workloads).Draw(t, "workload")
		sc.Load.Loop = shape.loop
		sc.Load.Clients = rapid.IntRange(10, math.MaxInt32).Draw(t, "clients")
		sc.Load.Others = maybe(others()).Draw(t, "others")
		if shape.loop == trial.Closed {
			sc.Load.Think = maybe(span(1, math.MaxInt64)).Draw(t, "think")
		} else {
			sc.Load.Arrivals = rapid.SampledFrom([]trial.Arrivals{"", trial.Poisson, trial.Constant}).Draw(t, "arrivals")
			sc.Load.Profile = maybe(profiles(sc.Timing.Window)).Draw(t, "profile")
			sc.Fractions = rapid.SliceOfNDistinct(rapid.Float64Range(1e-9, 20), 1, 5, rapid.ID[float64]).Draw(t, "offered")
			sc.DecideAt = maybe(rapid.SampledFrom(sc.Fractions)).Draw(t, "decide-at")
			sc.Sketch = maybe(rapid.IntRange(1, 100)).Draw(t, "sketch")
		}
		sc.DecidedBy = rapid.SampledFrom([]string{"", "goodput", "server-cpu", "response-p99"}).Draw(t, "decided-by")
		sc.Objective = maybe(objectives(sc.Timing.TimeOut)).Draw(t, "objective")
		sc.Drain = rapid.Bool().Draw(t, "drain")
		const most = 21 // trials of a repetition: twenty strategies at most, and the baseline again
		if longest := min(sc.Timing.Window/most, time.Hour); !sc.Drain && len(sc.Load.Profile) == 0 && longest >= time.Millisecond {
			sc.Interleaved = maybe(span(time.Millisecond, longest)).Draw(t, "interleaved")
		}
		sc.Strategies = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{
			"goroutine", "channel", "thread", "tutorial", "pond:workers=7,unit=request", "ants:workers=64,queue=0,full=wait,unit=conn",
		}), 1, 6, rapid.ID[string]).Draw(t, "strategies")
		ask(t, &sc)
		return sc
	})
}

// ask gives sc a question, and what it needs.
func ask(t *rapid.T, sc *bench.Scenario) {
	questions := []trial.Question{"", trial.Compare, trial.Size}
	if sc.Load.Loop != trial.Closed && sc.Objective != (trial.Objective{}) {
		questions = append(questions, trial.Capacity)
	}
	sc.Question = rapid.SampledFrom(questions).Draw(t, "question")
	switch sc.Question {
	case trial.Size:
		sc.Strategies = nil
		for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, 1000), 2, 20, rapid.ID[int]).Draw(t, "workers") {
			sc.Strategies = append(sc.Strategies, fmt.Sprintf("semaphore:workers=%d", n))
		}
	case trial.Capacity:
		sc.Fractions, sc.DecideAt = []float64{0.2, 1.5}, 0
	}
}

func objectives(below time.Duration) *rapid.Generator[trial.Objective] {
	return rapid.Custom(func(t *rapid.T) trial.Objective {
		quantile := rapid.OneOf(rapid.SampledFrom([]float64{0.5, 0.9, 0.99, 0.999, 0.9999}), rapid.Float64Range(1e-9, 0.9999999)).Draw(t, "quantile")
		return trial.Objective{Quantile: quantile, Response: span(1, below-1).Draw(t, "response")}
	})
}

func others() *rapid.Generator[[]trial.Share] {
	return rapid.Custom(func(t *rapid.T) []trial.Share {
		behaviours := rapid.SliceOfNDistinct(rapid.SampledFrom([]trial.Behaviour{trial.Slow, trial.Idle, trial.NeverReads, trial.Resets}), 1, 4, rapid.ID[trial.Behaviour]).Draw(t, "behaviours")
		var all []trial.Share
		for _, b := range behaviours {
			s := trial.Share{Behaviour: b, Share: rapid.Float64Range(1e-9, 0.2).Draw(t, "share")}
			if b != trial.Idle {
				s.Every = maybe(span(1, math.MaxInt64)).Draw(t, "every")
			}
			all = append(all, s)
		}
		return all
	})
}

// profiles are such as end within the window, by their short names and without.
func profiles(window time.Duration) *rapid.Generator[[]trial.Segment] {
	factor := rapid.OneOf(rapid.SampledFrom([]float64{0, 0.5, 1, 5}), rapid.Float64Range(0, 100))
	return rapid.Custom(func(t *rapid.T) []trial.Segment {
		ends := rapid.SliceOfNDistinct(span(1, window), 2, 6, rapid.ID[time.Duration]).Draw(t, "ends")
		slices.Sort(ends)
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 0:
			return trial.Burst(factor.Draw(t, "factor"), ends[0], ends[1]-ends[0])
		case 1:
			return trial.Ramp(factor.Draw(t, "from"), factor.Draw(t, "to"), ends[1])
		case 2:
			return trial.Steps(max(1, window/8), rapid.SliceOfN(factor, 1, 8).Draw(t, "factors")...)
		}
		var all []trial.Segment
		for i := range len(ends) - 1 {
			all = append(all, trial.Segment{From: ends[i], To: ends[i+1], Begin: factor.Draw(t, "begin"), End: factor.Draw(t, "end")})
		}
		return all
	})
}

func TestWhatIsWrongInAFileIsPlaced(t *testing.T) {
	const scenario = "scenarios:\n  - name: a\n    workload: echo\n    strategies: [goroutine]\n"
	for name, c := range map[string]struct{ text, under, says string }{
		"an unknown field":               {"name: a\nwidnow: 3s\n", "widnow", `unknown field "widnow"; allowed: name, about`},
		"an unknown field of a scenario": {scenario + "    widnow: 3s\n", "widnow", `unknown field "widnow"; did you mean window?; allowed: name, about, question`},
		"a field that is no default":     {"defaults:\n  name: a\n" + scenario, "name: a\nscen", `unknown field "name"`},
		"a field twice":                  {"name: a\nname: b\n", "name: b", "already defined"},
		"a field twice, once in quotes":  {scenario + "    drain: true\n    \"drain\": false\n", `"drain"`, "already defined"},
		"a number that is none":          {"repetitions: many\n", "many", `"many": has to be a whole number`},
		"a number in quotes":             {"repetitions: \"8\"\n", `"8"`, "quotes"},
		"a number with a fraction":       {"repetitions: 8.5\n", "8.5", "whole number"},
		"a time without unit":            {"budget: 10\n", "10", "its unit: 10s, or 10ms"},
		"a percentage without sign":      {scenario + "    loop: open\n    offered: [50%, 90]\n", "90", "a percentage such as 50%"},
		"yes and no":                     {scenario + "    drain: yes\n", "yes", "true or false"},
		"an objective":                   {scenario + "    objective: q99=1s\n", "q99=1s", "p99=10ms"},
		"a profile":                      {scenario + "    loop: open\n    offered: [50%]\n    rate-profile: wave\n", "wave", "burst:factor=5"},
		"a share":                        {scenario + "    others:\n      - \"idle:share=0.1\"\n      - slow\n", "slow", "slow:share=0.1"},
		"one where a list is wanted":     {strings.Replace(scenario, "[goroutine]", "goroutine", 1), "goroutine", "wanted is a list"},
		"a list where one is wanted":     {"name: [a]\n", "[a]", "wanted is one value"},
		"fields where one is wanted":     {"name: {a: b}\n", "{a: b}", "wanted is one value"},
		"no value":                       {"name: a\nabout:\n", "about", "no value"},
		"an empty item":                  {strings.Replace(scenario, "[goroutine]", "[goroutine, ~]", 1), "~", "is empty"},
		"a scenario that is a word":      {"scenarios: [a]\n", "a]", "wanted are fields"},
		"scenarios that are no list":     {"scenarios:\n  name: a\n", "name", "wanted is a list"},
		"a suite that is a word":         {"quick\n", "quick", "wanted are fields"},
		"an anchor":                      {"name: &a b\n", "&a", "anchors"},
		"an alias":                       {"name: &a b\nabout: *a\n", "&a", "anchors"},
		"a merge":                        {scenario + "    <<: {clients: 3}\n", "<<", "wanted is the name of a field"},
		"a tag":                          {"name: !!str 5\n", "!!str", "tags"},
		"a key that is a number":         {"5: a\n", "5", "wanted is the name"},
		"a second document":              {scenario + "---\nname: b\n", "name: b", "second document"},
		"an open bracket":                {"name: [a\n", "[a", ""},
		"a tab":                          {"name: a\n\tabout: b\n", "\tabout", ""},

		"an unknown strategy":               {strings.Replace(scenario, "goroutine", `goroutine, "swarm:workers=1"`, 1), `"swarm`, `scenario "a": unknown strategy "swarm"; allowed`},
		"an unknown strategy of a list":     {strings.Replace(scenario, "[goroutine]", "\n      - goroutine\n      - swarm", 1), "swarm", "unknown strategy"},
		"an unknown strategy for all":       {"defaults:\n  strategies: [swarm]\nscenarios:\n  - name: a\n    workload: echo\n", "swarm", "unknown strategy"},
		"an unknown workload":               {strings.Replace(scenario, "echo", "opera", 1), "opera", `unknown workload "opera"; allowed: exchange`},
		"no workload":                       {"scenarios:\n  - name: aria\n", "aria", "unknown workload"},
		"no name":                           {"scenarios:\n  - workload: echo\n", "workload", "no name"},
		"no strategies":                     {"scenarios:\n  - name: aria\n    workload: echo\n", "aria", "no strategy"},
		"an unknown question":               {scenario + "    question: why\n", "why", "allowed: compare, size, capacity"},
		"an unknown metric":                 {scenario + "    decided-by: beauty\n", "beauty", "allowed: goodput"},
		"an unknown loop":                   {scenario + "    loop: round\n", "round", "must be closed, open or sessions"},
		"unknown arrivals":                  {scenario + "    loop: open\n    offered: [50%]\n    arrivals: bursts\n", "bursts", "poisson or constant"},
		"an unknown behaviour":              {scenario + "    others: [\"rude:share=0.1\"]\n", "[\"rude", "never-reads"},
		"a scenario twice":                  {scenario + "  - name: a\n    workload: wait\n    strategies: [goroutine]\n", "a\n    workload: wait", "twice"},
		"a closed loop with levels for all": {"defaults:\n  offered: [50%]\n" + scenario, "[50%]", "open loops"},
		"a level of nothing":                {scenario + "    loop: open\n    offered: [50%, 0%]\n", "0%]", "above 0"},
		"a level that is not offered":       {scenario + "    loop: open\n    offered: [50%]\n    decide-at: 90%\n", "90%", "one of the offered loads"},
		"a window of nothing":               {scenario + "    window: 0s\n", "0s", "window"},
		"no repetitions":                    {"repetitions: 0\n" + scenario, "0", "at least 1"},
		"capacity without an objective":     {scenario + "    loop: open\n    question: capacity\n    offered: [20%, 150%]\n", "a\n    workload", "needs an objective"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := suitefile.Read("mine.yaml", []byte(c.text), catalog())
			var placed *suitefile.Error
			if !errors.As(err, &placed) {
				t.Fatalf("got %v, want an error with its place", err)
			}
			first, _, _ := strings.Cut(err.Error(), "\n")
			if want := fmt.Sprintf("mine.yaml:%d:%d: ", placed.Line, placed.Column); !strings.HasPrefix(first, want) || !strings.Contains(first, c.says) {
				t.Errorf("the first line is %q; want it to begin with %q and to say %q", first, want, c.says)
			}
			rest := c.text[min(offset(c.text, placed.Line, placed.Column), len(c.text)):]
			if !strings.HasPrefix(rest, c.under) {
				t.Errorf("it points at %q, want %q\n%v", rest, c.under, err)
			}
		})
	}
}

// offset is where a line and column are in text, in bytes.
func offset(text string, line, column int) int {
	at := 0
	for range line - 1 {
		at += strings.Index(text[at:], "\n") + 1
	}
	for range column - 1 {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

func TestTheCaretStandsUnderWhatIsMeant(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"among others":       {"# one\nname: a\nabout: b\nrepetitions: many\nbudget: 1s\n", "    2 | name: a\n    3 | about: b\n    4 | repetitions: many\n      |              ^"},
		"in the first line":  {"repetitions: many", "    1 | repetitions: many\n      |              ^"},
		"behind wide runes":  {"name: \"é😀\nrepetitions: many\n", ""},
		"lines of CR and LF": {"name: a\r\nrepetitions: many\r\n", "    1 | name: a\n    2 | repetitions: many\n      |              ^"},
		"far to the right":   {"scenarios: [{about: \"" + strings.Repeat("x", 500) + "\", drain: 3}]", "drain: 3}]\n      |" + strings.Repeat(" ", 60) + "^"},
	} {
		_, err := suitefile.Read("mine.yaml", []byte(c.text), catalog())
		var placed *suitefile.Error
		if !errors.As(err, &placed) || !strings.HasSuffix(placed.Source, c.want) {
			t.Errorf("%s: got\n%v\nwant it to end in\n%s", name, err, c.want)
		}
	}
}

func TestScenariosTakeOverDefaultsAndMaySayOtherwise(t *testing.T) {
	s, err := suitefile.Read("mine.yaml", []byte(`
scenarios:
  - {name: a, think: 0s}
  - {name: b, strategies: [channel], window: 3s, objective: ""}
defaults:
  workload: echo
  strategies: [goroutine, thread]
  think: 5ms
  objective: p99=10ms
`), catalog())
	if err != nil {
		t.Fatal(err)
	}
	suite, a := suitefile.Default()
	a.Workload = "echo"
	b := a
	a.Name, a.Strategies, a.Objective = "a", []string{"goroutine", "thread"}, trial.Objective{Quantile: 0.99, Response: 10 * time.Millisecond}
	b.Name, b.Strategies, b.Load.Think, b.Timing.Window = "b", []string{"channel"}, 5*time.Millisecond, 3*time.Second
	suite.Scenarios = []bench.Scenario{a, b}
	if diff := cmp.Diff(suite, bare(s)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatScenariosHaveInCommonIsWrittenOnce(t *testing.T) {
	s := catalog()
	s.Name, s.Repetitions, s.Scenarios = "quick", 8, several("goroutine", "channel")
	text := string(suitefile.Write(s))
	for _, once := range []string{"\n  window: 200ms\n", "\n  strategies: [goroutine, channel]\n", "\n  # think: 0s\n"} {
		if strings.Count(text, once) != 1 || strings.Count(text, strings.TrimLeft(once, "\n #")) != 1 {
			t.Errorf("%q is not there just once:\n%s", once, text)
		}
	}
}

// Catches: a field that is added to the table and that people who read a file are not told of.
func TestAFileExplainsEveryField(t *testing.T) {
	suite, _ := suitefile.Default()
	text := string(suitefile.Write(suite))
	for _, f := range suitefile.ScenarioFields() {
		if f.Key != "name" && f.Key != "about" && !strings.Contains(text, "\n  # "+f.Key+": ") {
			t.Errorf("%s is not there", f.Key)
		}
	}
	for _, f := range suitefile.SuiteFields() {
		if !strings.Contains(text, "\n# "+f.Key+": ") {
			t.Errorf("%s is not there", f.Key)
		}
	}
}

func TestWhatIsCommentedOutCanBeRead(t *testing.T) {
	suite, _ := suitefile.Default()
	for line := range strings.Lines(string(suitefile.Write(suite))) {
		field, ok := strings.CutPrefix(line, "  # ")
		key, _, isField := strings.Cut(field, ": ")
		if !ok || !isField || !slices.ContainsFunc(suitefile.ScenarioFields(), func(f suitefile.Field[bench.Scenario]) bool { return f.Key == key }) {
			continue
		}
		_, closed := suitefile.Read("closed.yaml", []byte(withField(field, "workload: echo", "strategies: [goroutine]")), catalog())
		_, open := suitefile.Read("open.yaml", []byte(withField(field, "workload: echo", "strategies: [goroutine]", "loop: open", "offered: [50%, 90%]", "window: 2s")), catalog())
		if closed != nil && open != nil {
			t.Errorf("neither in a closed nor in an open loop can %q be read: %v, %v", field, closed, open)
		}
	}
}

// withField is a suite of one scenario with these fields, and field in place of the one of that name.
func withField(field string, others ...string) string {
	key, _, _ := strings.Cut(field, ":")
	text := "scenarios:\n  - name: a\n    " + strings.TrimSpace(field) + "\n"
	for _, other := range others {
		if !strings.HasPrefix(other, key+":") {
			text += "    " + other + "\n"
		}
	}
	return text
}

func TestAFileIsAsLargeAsAllowed(t *testing.T) {
	suite := "scenarios: [{name: a, workload: echo, strategies: [thread]}]\n#"
	fits := suite + strings.Repeat("x", suitefile.MaxSize-len(suite))
	if _, err := suitefile.Read("large.yaml", []byte(fits), catalog()); err != nil {
		t.Errorf("of the largest size: %v", err)
	}
	if _, err := suitefile.Read("large.yaml", []byte(fits+"x"), catalog()); err == nil || !strings.Contains(err.Error(), "allowed are 1048576") {
		t.Errorf("of one byte more: %v", err)
	}
}

func TestWhatOneScenarioAloneSaysStandsInIt(t *testing.T) {
	s := catalog()
	s.Name, s.Repetitions, s.Scenarios = "own", 8, []bench.Scenario{{Name: "a", Workload: "echo", Strategies: []string{"thread"}, Load: trial.Load{Loop: trial.Closed, Clients: 3}}}
	for _, others := range []string{"no other", "another"} {
		if text := string(suitefile.Write(s)); !strings.Contains(text, "\n    clients: 3\n") || !strings.Contains(text, "\n  # clients: 64\n") {
			t.Errorf("with %s beside it:\n%s", others, text)
		}
		more := s.Scenarios[0]
		more.Name, more.Load.Clients = "b", 64
		s.Scenarios = append(s.Scenarios, more)
	}
}

func TestAFileThatIsABombIsRefused(t *testing.T) {
	laughs := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		laughs += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	var keys strings.Builder
	for i := range suitefile.MaxSize / 12 {
		fmt.Fprintf(&keys, "k%d: v\n", i)
	}
	for name, text := range map[string]string{
		"aliases of aliases":   laughs,
		"deep lists":           strings.Repeat("[", suitefile.MaxSize),
		"deep mappings":        strings.Repeat("{a: ", suitefile.MaxSize/4),
		"deep blocks":          strings.Repeat("- ", suitefile.MaxSize/2),
		"many anchors":         strings.Repeat("&a ", suitefile.MaxSize/3),
		"many keys":            keys.String(),
		"many blank lines":     "a: |\n" + strings.Repeat("\n", suitefile.MaxSize/2),
		"blank lines enough":   "a: |\n" + strings.Repeat("\n", 4900),
		"many documents":       strings.Repeat("--- a\n", suitefile.MaxSize/6),
		"nothing but comments": "# " + strings.Repeat("x", suitefile.MaxSize-2),
		"nothing at all":       "",
		"no text":              "name: \xff",
	} {
		_, err := suitefile.Read("bomb.yaml", []byte(text), catalog())
		var placed *suitefile.Error
		if !errors.As(err, &placed) {
			t.Errorf("%s: got %v, want an error of the file", name, err)
		} else if len(err.Error()) > 2000 {
			t.Errorf("%s: an error of %d bytes: %.2000s", name, len(err.Error()), err)
		}
	}
}

func FuzzRead(f *testing.F) {
	quick := catalog()
	quick.Name, quick.Repetitions, quick.Scenarios = "quick", 12, several("goroutine", "channel:workers=4")
	f.Add(suitefile.Write(quick))
	f.Add([]byte("name: a\nscenarios:\n- {name: b, workload: echo, strategies: [goroutine], loop: open, offered: [50%, 0.9], others: [\"slow:share=0.1\"]}\n"))
	f.Add([]byte("defaults: &a {window: |\n  1s\n}\nscenarios: [*a, <<: *a, !!str x, ? y]\n---\n%YAML 1.2\n"))
	f.Add([]byte("scenarios:\n  - name: >-\n      a\n      b\n    workload: 'echo'\n    strategies:\n    - thread\n    rate-profile: \"segments:0s..1s=1..2\"\n    objective: p99=1ms\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := suitefile.Read("fuzz.yaml", text, catalog())
		if err == nil {
			checkRoundTrip(t, s)
			return
		}
		var placed *suitefile.Error
		if !errors.As(err, &placed) {
			t.Fatalf("%v has no place", err)
		}
		first, rest, _ := strings.Cut(err.Error(), "\n")
		if !strings.HasPrefix(first, "fuzz.yaml") || strings.ContainsFunc(first+strings.ReplaceAll(rest, "\n", ""), func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
			t.Fatalf("%q is not one line and an excerpt that can be printed", err)
		}
		if placed.Line > 0 && !strings.HasSuffix(placed.Source, "^") {
			t.Fatalf("no caret: %v", err)
		}
	})
}
