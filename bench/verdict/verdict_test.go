package verdict

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	kinds "github.com/poolbench/poolbench/strategies/all"
)

var update = flag.Bool("update", false, "write the golden files anew")

// situations are those that a reader meets.
func situations() []struct {
	name   string
	scenes []scene
} {
	overload := []float64{0.5, 0.9, 1.4}
	collapsing := served{name: free, at: map[float64]float64{0.5: 250, 0.9: 450, 1.4: 18}, goodput: 450}
	bounded := closed("echo", served{bigA, 90_000, nil, driverBound}, served{bigB, 90_000, nil, driverBound}, served{slow, 40_000, nil, nil})
	slower := open("echo-open", []float64{0.5}, served{bigA, 45_000, nil, nil}, served{bigB, 45_000, nil, nil}, served{slow, 39_000, nil, nil})
	noisy := closed("noisy", served{bigA, 1000, nil, nil}, served{bigB, 1040, nil, nil})
	noisy.noise = 0.3
	return []struct {
		name   string
		scenes []scene
	}{
		{"all are tied", []scene{closed("echo", served{bigA, 90_000, nil, nil}, served{bigB, 90_000, nil, nil}, served{bigC, 90_000, nil, nil})}},
		{"one is behind", []scene{closed("echo", served{free, 90_000, nil, nil}, served{bigA, 90_000, nil, nil}, served{slow, 45_000, nil, func(t *trial.Trial) { t.ServerUsage.CPU = 960 * time.Millisecond }})}},
		{"a limit is too small and the server has time to spare", []scene{closed("wait", served{free, 30_000, nil, nil}, served{request, 11_500, nil, func(t *trial.Trial) { t.ServerUsage.CPU = 300 * time.Millisecond }})}},
		{"a small pool starves the crowd, and one that works on requests does not", []scene{closed("crowd",
			served{free, 80_000, nil, nil}, served{small, 106_000, nil, unserved(936)}, served{request, 80_000, nil, nil})}},
		{"the baseline collapses and refusing holds", []scene{open("overload", overload, collapsing,
			served{small, 280, map[float64]float64{0.5: 250, 0.9: 440}, nil}, served{reject, 430, map[float64]float64{0.5: 250, 0.9: 440}, atLevel(1.4, lost(300, rejected))})}},
		{"nothing is valid", []scene{closed("echo", served{bigA, 90_000, nil, invalid}, served{bigB, 90_000, nil, invalid})}},
		{"one could be measured once, and the other not at all", []scene{closed("echo", served{bigA, 90_000, nil, but(3, nil, spoilt)}, served{bigB, 90_000, nil, spoilt})}},
		{"one of three could not be measured", []scene{closed("echo", served{bigA, 90_000, nil, nil}, served{bigB, 90_000, nil, nil}, served{bigC, 90_000, nil, spoilt})}},
		{"nothing is decided", []scene{noisy}},
		{"one that was measured once is best there, and nothing else is decided", []scene{noisy, also("noise", noisy), also("din", noisy),
			open("overload", overload, collapsing, served{reject, 430, map[float64]float64{0.5: 250, 0.9: 440}, nil})}},
		{"a strategy is alone", []scene{closed("echo", served{bigA, 90_000, nil, nil})}},
		{"the driver was the bottleneck", []scene{bounded, slower}},
		{"nobody can be chosen", []scene{exactly(closed("crowd", served{small, 80_000, nil, unserved(936)}, served{reject, 80_000, nil, lost(800, rejected)}))}},
		{"a choice with exceptions", []scene{
			closed("echo", served{free, 90_000, nil, nil}, served{bigA, 90_000, nil, nil}, served{bigB, 90_000, nil, nil}),
			closed("crowd", served{free, 80_000, nil, nil}, served{small, 106_000, nil, unserved(936)}, served{request, 80_000, nil, nil}),
			closed("wait", served{free, 30_000, nil, nil}, served{request, 11_500, nil, nil}),
			closed("deep", served{free, 80_000, nil, nil}, served{bigA, 104_000, nil, nil}, served{bigB, 86_000, nil, nil}),
			open("overload", overload, collapsing, served{reject, 430, map[float64]float64{0.5: 250, 0.9: 440}, nil}),
		}},
	}
}

// also is the scene under another name.
func also(name string, sc scene) scene {
	sc.Name = name
	return sc
}

// Catches: any change of what is said that nobody meant.
func TestSentencesAreWhatAReaderCanActOn(t *testing.T) {
	var b bytes.Buffer
	for _, s := range situations() {
		v := Of(runOf(s.scenes...))
		fmt.Fprintf(&b, "# %s\n\n", s.name)
		for _, text := range v.Overall.Sentences {
			fmt.Fprintf(&b, "%s\n", text)
		}
		for _, sc := range v.Scenarios {
			fmt.Fprintf(&b, "\n%s: %s\n", sc.Name, sc.Sentence)
			for _, c := range sc.Changes {
				fmt.Fprintf(&b, "- %s: %s\n", v.Labels[c.Strategy], c.Text)
			}
			for _, name := range strategiesOf(v) {
				fmt.Fprintf(&b, "| %s | %s |\n", v.Labels[name], sc.Word(name))
			}
		}
		b.WriteString("\n")
	}
	path := filepath.Join("testdata", "sentences.md")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("%s changed; look at it, and run the test with -update if it is right:\n%s", path, d)
	}
}

func strategiesOf(v Verdict) []string {
	var out []string
	for _, s := range v.Overall.Strategies {
		out = append(out, s.Name)
	}
	return out
}

// random is any run: strategies of all sorts, good and bad, in closed and open loops.
func random(rng *rand.Rand) trial.Run {
	names := []string{free, bigA, bigB, small, request, reject, slow, "no-full-name"}
	faults := []func(*trial.Trial){nil, nil, nil, nil, nil, invalid, driverBound, unserved(936), lost(400, rejected), lost(400, unanswered),
		inRepetition(1, invalid), func(t *trial.Trial) { t.Counts.Good = 0 }}
	var scenes []scene
	for i := range 1 + rng.IntN(4) {
		rng.Shuffle(len(names), func(a, b int) { names[a], names[b] = names[b], names[a] })
		var all []served
		for _, name := range names[:1+rng.IntN(len(names))] {
			s := served{name: name, goodput: []float64{1000, 1000, 1000, 1100, 500, 2000}[rng.IntN(6)], change: faults[rng.IntN(len(faults))]}
			if rng.IntN(4) == 0 {
				s.at = map[float64]float64{1.4: 100}
			}
			all = append(all, s)
		}
		sc := closed(fmt.Sprint("scene-", i), all...)
		if rng.IntN(2) == 0 {
			sc = open(sc.Name, []float64{0.5, 0.9, 1.4}, all...)
		}
		sc.repetitions, sc.noise = 1+rng.IntN(12), []float64{0, 0.005, 0.1}[rng.IntN(3)]
		scenes = append(scenes, sc)
	}
	return runOf(scenes...)
}

// Catches: a strategy that is lost or told twice; a text that recommends one who is out, or leaves one out that is best;
// reasons without words or figures; what JSON cannot hold; an order of trials, of maps or of chance in what is said.
func TestTextsNeverContradictTheData(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		run := random(rng)
		v := Of(run)
		if len(v.Scenarios) != len(run.Env.Scenarios) {
			t.Fatalf("%d scenarios of %d", len(v.Scenarios), len(run.Env.Scenarios))
		}
		for i, s := range v.Scenarios {
			for _, name := range run.Env.Scenarios[i].Strategies {
				if n := classes(s, name); n != 1 {
					t.Fatalf("%s is in %d classes of %+v", name, n, s)
				}
				if w := s.Word(name); w == "–" {
					t.Errorf("%s has no word", name)
				}
			}
			checkSentence(t, v, s)
		}
		if len(v.Overall.Sentences) == 0 || len(v.Overall.Sentences) > 4 {
			t.Errorf("%d sentences", len(v.Overall.Sentences))
		}
		for _, s := range v.Scenarios {
			if len(s.Best) > 0 && v.Overall.Take == "" && !strings.HasPrefix(v.Overall.Sentences[0], "Nothing can be named") {
				t.Errorf("%q is best in %s, and yet: %s", s.Best, s.Name, v.Overall.Sentences[0])
			}
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte(":null")) && v.Overall.Libraries != nil {
			t.Errorf("a list is null in %s", text)
		}
		var again Verdict
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(v, again); d != "" {
			t.Fatalf("JSON does not hold all:\n%s", d)
		}
		rng.Shuffle(len(run.Trials), func(a, b int) { run.Trials[a], run.Trials[b] = run.Trials[b], run.Trials[a] })
		before := slices.Clone(run.Trials)
		if d := cmp.Diff(v, Of(run)); d != "" {
			t.Fatalf("in another order of trials:\n%s", d)
		}
		for i := range before {
			if before[i].Seq != run.Trials[i].Seq {
				t.Fatal("the caller's trials were put in another order")
			}
		}
	}
}

func checkSentence(t *testing.T, v Verdict, s Scenario) {
	t.Helper()
	recommended, _, _ := strings.Cut(s.Sentence, ";")
	takes := strings.HasPrefix(recommended, "Take ") || strings.HasPrefix(recommended, "It makes no difference")
	if takes && len(s.Best) == 0 {
		t.Errorf("nobody is best, and yet: %s", s.Sentence)
	}
	for _, name := range s.Best {
		if !mentions(recommended, v.Labels[name]) {
			t.Errorf("%s is best and not named first: %s", v.Labels[name], s.Sentence)
		}
	}
	for _, o := range s.Out {
		if takes && mentions(recommended, v.Labels[o.Strategy]) {
			t.Errorf("%s is out and recommended: %s", v.Labels[o.Strategy], s.Sentence)
		}
		if !mentions(s.Sentence, v.Labels[o.Strategy]) {
			t.Errorf("%s is out and not named: %s", v.Labels[o.Strategy], s.Sentence)
		}
		for _, r := range o.Reasons {
			if r.Code == "" || acts[r.Code] == [2]string{} || !regexp.MustCompile(`\d`).MatchString(r.Text) {
				t.Errorf("a reason without a code, words or figures: %+v", r)
			}
		}
	}
	if !strings.HasSuffix(s.Sentence, ".") || strings.Contains(s.Sentence, "%!") || strings.Contains(s.Sentence, "NaN") || strings.Contains(s.Sentence, "Inf") {
		t.Errorf("no sentence: %s", s.Sentence)
	}
}

// longer is how a label goes on that has another one as its beginning.
var longer = regexp.MustCompile(`^ [a-z]+=`)

// mentions looks for the whole label: "a" is in "a workers=64", and not meant there.
func mentions(text, label string) bool {
	for rest := text; ; {
		i := strings.Index(rest, label)
		if i < 0 {
			return false
		}
		before, after := rest[:i], rest[i+len(label):]
		if (before == "" || strings.HasSuffix(before, " ")) && (after == "" || strings.ContainsAny(after[:1], " ,;:.")) && !longer.MatchString(after) {
			return true
		}
		rest = rest[i+1:]
	}
}

// Catches: a run that ends with what its verdict leaves open, because it waited for other strategies than those that can be
// chosen; one that goes on for those that cannot.
func TestARunIsSettledWhenItsVerdictIs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	settled, waiting := 0, 0
	for range 80 {
		run := random(rng)
		run.Env.Design = stat.NewDesign(stat.Threshold, run.Env.Scenarios, 40) // there is time left
		v, unsettled := Of(run), Unsettled(run)
		for _, s := range v.Scenarios {
			names := unsettled[s.Name]
			if len(names) == 0 {
				settled++
			} else {
				waiting++
			}
			for _, o := range s.Undecided {
				// Who would take very many more is given up; package stat tests when.
				if len(s.Best)+len(s.Behind)+len(s.Undecided) > 1 && o.More < 40 && !slices.Contains(names, o.Strategy) {
					t.Errorf("%s is undecided (%s), and nothing more is measured of it; unsettled: %q", o.Strategy, o.Text, names)
				}
			}
			for _, o := range s.Out {
				if o.Reasons[0].Code != Memory && slices.Contains(names, o.Strategy) {
					t.Errorf("%s cannot be chosen (%s), and is waited for", o.Strategy, o.Reasons[0].Code)
				}
			}
		}
	}
	if settled < 20 || waiting < 20 {
		t.Errorf("%d settled and %d not: too few of either to say anything", settled, waiting)
	}

	// The leader of all starves its clients, and all that is known of the others is how much worse than it they are.
	sc := closed("crowd", served{small, 20_000, nil, unserved(936)}, served{bigA, 10_000, nil, nil}, served{bigB, 16_000, nil, nil}, served{bigC, 2_500, nil, nil})
	sc.repetitions = 7
	run := runOf(sc)
	run.Env.Repetitions, run.Env.Design = 18, stat.NewDesign(stat.Threshold, run.Env.Scenarios, 18)
	if got := Unsettled(run)["crowd"]; !slices.Equal(got, []string{bigA, bigB, bigC}) {
		t.Errorf("unsettled: %q", got)
	}
}

// Catches: a comparison that was decided asked again, and found undecided, because it is asked the other way round.
func TestWhatIsDecidedStaysSoWhicheverWayItIsAsked(t *testing.T) {
	run := runOf(repeated(3, closed("x", served{bigA, 1000, nil, nil}, served{bigB, 1300, nil, nil})))
	for _, c := range []struct{ strategy, against string }{{bigA, bigB}, {bigB, bigA}} {
		j := newJudge(run)
		j.decisions = []stat.Decision{{Scenario: "x", Strategy: c.strategy, Against: c.against, Metric: stat.Goodput, Outcome: stat.Different,
			Ratio: stat.Estimate{Value: 0.8, Lo: 0.75, Hi: 0.85, N: 9, Confidence: 0.9}, Repetitions: 9}}
		got := j.among(j.questions[0], []string{bigA, bigB})
		if len(got) != 1 || got[0].Strategy != bigB || got[0].Against != bigA || got[0].Outcome != stat.Different || got[0].Repetitions != 9 ||
			(got[0].Ratio.Value > 1) != (c.strategy == bigA) {
			t.Errorf("%s against %s: %+v", c.strategy, c.against, got)
		}
	}
}

// Catches: strategies that stay undecided because the one that all were compared with is out; a leader that is out; a bad
// strategy that stays a measure for the others.
func TestWhoIsOutIsNoMeasureForTheOthers(t *testing.T) {
	for _, c := range []struct {
		name   string
		served []served
		best   []string
		behind []string
	}{
		{"the baseline is out", []served{{small, 106_000, nil, unserved(936)}, {bigB, 80_000, nil, nil}, {bigC, 80_000, nil, nil}, {slow, 40_000, nil, nil}}, []string{bigB, bigC}, []string{slow}},
		{"the leader is out", []served{{free, 80_000, nil, nil}, {small, 106_000, nil, unserved(936)}, {bigB, 80_000, nil, nil}, {slow, 40_000, nil, nil}}, []string{free, bigB}, []string{slow}},
		{"the leader is out and the next is not the baseline", []served{{free, 40_000, nil, nil}, {small, 106_000, nil, unserved(936)}, {bigB, 80_000, nil, nil}, {bigC, 80_000, nil, nil}}, []string{bigB, bigC}, []string{free}},
		{"all but one are out", []served{{small, 106_000, nil, unserved(936)}, {bigB, 80_000, nil, nil}}, []string{bigB}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := Of(runOf(closed("x", c.served...))).Scenarios[0]
			best := slices.Sorted(slices.Values(s.Best))
			if d := cmp.Diff(slices.Sorted(slices.Values(c.best)), best); d != "" {
				t.Errorf("best: %s\n%+v", d, s)
			}
			var behind []string
			for _, b := range s.Behind {
				behind = append(behind, b.Strategy)
				if !slices.Contains(s.Best, b.Against) || b.Ratio.Value > 0.6 {
					t.Errorf("behind %+v", b)
				}
			}
			if d := cmp.Diff(c.behind, behind); d != "" {
				t.Errorf("behind: %s", d)
			}
			if got := outCodes(s, small); !slices.Equal(got, []Code{Starves}) {
				t.Errorf("out: %v", got)
			}
		})
	}
}

// Catches: a strategy named best, and to be taken, by a trial or two of its own, because those of all others are spoilt or tell that they
// cannot be chosen; a run that ends before it has more of it; and one that goes on for what the last look comes too early for.
func TestWhoIsLeftAloneIsNotBestByFewTrials(t *testing.T) {
	others := map[string]served{"cannot be measured": {bigB, 90_000, nil, spoilt}, "cannot be chosen": {small, 90_000, nil, unserved(936)}}
	for name, other := range others {
		for repetitions := range 12 {
			sc := repeated(repetitions+1, closed("x", served{bigA, 90_000, nil, nil}, other))
			run := runOf(sc)
			run.Env.Design = trial.Design{Alpha: 0.05, Threshold: 0.05, Family: 1, Looks: []int{5, 12}}
			v := Of(run)
			s := v.Scenarios[0]
			enough := repetitions+1 >= 5
			if best := slices.Equal(s.Best, []string{bigA}); best != enough || strings.HasPrefix(s.Sentence, "Take") && !enough || (v.Overall.Take != "") != enough {
				t.Errorf("the other %s, and %d trials: best %q; %s; %q", name, repetitions+1, s.Best, s.Sentence, v.Overall.Sentences)
			}
			if !enough && (s.Word(bigA) != "undecided" || s.Undecided[0].More != 4-repetitions) {
				t.Errorf("the other %s, and %d trials: %s; %+v", name, repetitions+1, s.Word(bigA), s.Undecided)
			}
			if open := slices.Contains(Unsettled(run)["x"], bigA); open == enough && other.name == small {
				t.Errorf("the other %s, and %d trials: waited for: %v", name, repetitions+1, open)
			}
		}
	}
	late := runOf(repeated(12, closed("x", served{bigA, 90_000, nil, but(3, nil, spoilt)}, others["cannot be chosen"])))
	late.Env.Design = trial.Design{Alpha: 0.05, Threshold: 0.05, Family: 1, Looks: []int{5, 12}}
	if open := Unsettled(late)["x"]; len(open) > 0 {
		t.Errorf("all repetitions were measured, and %q are waited for", open)
	}
	short := runOf(repeated(1, closed("x", served{bigA, 90_000, nil, nil}, others["cannot be measured"]))) // its only look can tell no difference at all
	if s := Of(short).Scenarios[0]; len(s.Best) > 0 {
		t.Errorf("by one repetition: %+v", s)
	}
}

// Catches: repetitions advised for what no repetition was good for, a reason that is not the most frequent one's, and one of another strategy.
func TestWhatCouldNotBeMeasuredSaysWhy(t *testing.T) {
	by := func(code string) func(*trial.Trial) {
		return func(t *trial.Trial) {
			t.Invalid, t.Findings = "x", []trial.Finding{{Code: code, Text: "seen; do", Invalid: true}}
		}
	}
	broken := func(t *trial.Trial) { t.Invalid = "start:\nno such pool" }
	sc := closed("x", served{bigA, 90_000, nil, nil}, served{bigB, 90_000, nil, but(3, by("late-edge"), by("driver-paused"))}, served{bigC, 90_000, nil, broken})
	run := runOf(sc)
	run.Env.Scenarios[0].Strategies = append(run.Env.Scenarios[0].Strategies, slow)
	s := Of(run).Scenarios[0]
	for name, want := range map[string]string{bigA: "best", bigB: "not measured: driver-paused", bigC: "not measured: start: no such pool", slow: "not measured"} {
		if got := s.Word(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(s.Sentence, "; not measured: b, c and slow (not one of their trials can be used)") || strings.Contains(s.Sentence, "not decided") {
		t.Error(s.Sentence)
	}
}

// Catches: a ratio of nothing told for strategies that were never measured in the same repetition.
func TestStrategiesThatHaveNoRepetitionInCommonAreUndecided(t *testing.T) {
	run := runOf(closed("x", served{bigA, 90_000, nil, inRepetition(0, invalid)}, served{bigB, 90_000, nil, nil}))
	run.Trials = slices.DeleteFunc(run.Trials, func(t trial.Trial) bool { return (t.Repetition == 0) != (t.Strategy == bigB) && !t.Twin || t.Twin })
	s := Of(run).Scenarios[0]
	if classes(s, bigA) != 1 || classes(s, bigB) != 1 || len(s.Undecided) == 0 {
		t.Fatalf("%+v", s)
	}
	for _, o := range s.Undecided {
		if strings.Contains(o.Text, "times") {
			t.Errorf("%+v", o)
		}
	}
}

// Catches: a choice that turns with one scenario more or less that a run has decided; one that cannot be chosen somewhere
// taken before one that can; somebody taken who was hardly asked, or who is best nowhere; somebody as good left out.
func TestTheChoiceDoesNotTurnWithOneScenario(t *testing.T) {
	tally := func(name, places string) Tally { // a letter for each scenario
		g := newTally(name)
		for i, p := range places {
			if at := strings.IndexRune("bu?<x", p); at >= 0 {
				g.add(fmt.Sprint(i), place(at), Starves)
			}
		}
		return g
	}
	groups := func(places ...string) (all []Tally) {
		for i, p := range places {
			all = append(all, tally(string(rune('a'+i)), p))
		}
		return all
	}
	for _, c := range []struct {
		name   string
		groups []Tally
		take   string
		asGood []string
	}{
		{"nothing between two", groups("bb", "bb"), "a", []string{"b"}},
		{"best in more because more is decided", groups("b?????", "bbbbb?"), "a", []string{"b"}},
		{"one of five", groups("bbbb<", "bbbbb"), "a", []string{"b"}},
		{"two of five", groups("bbb<<", "bbbbb"), "b", nil},
		{"one of one", groups("<", "b"), "b", nil},
		{"ahead here and behind there", groups("bbb<<", "<<bbb"), "a", []string{"b"}},
		{"out in one of five", groups("bbbbx", "bbbbb"), "b", nil},
		{"out in one, where the other is not shown to be best", groups("bbbbx", "bbbb<"), "b", nil},
		{"out in one, and ahead in most", groups("bbbbx", "<<<<b"), "a", nil},
		{"out where the other was not measured", groups("bbbbx", "bbbb"), "a", []string{"b"}},
		{"hardly asked", groups("bbbbx", "....b"), "a", nil},
		{"never tied, because nothing is decided", groups("bb??", "??bb"), "a", nil},
		{"never in one scenario", groups("bb", "..bb"), "a", nil},
		{"out in one, and better in another", groups("bbb<b", "bbbbx"), "a", nil},
		{"best nowhere", groups("????", "bb??", "????"), "b", nil},
		{"two, and one that is worse", groups("bbbb", "<<<<", "b?b?"), "a", []string{"c"}},
		{"in a circle", groups("b<?", "?b<", "<?b"), "a", nil},
		{"nobody is best", groups("x<", "??"), "", nil},
		{"nobody", nil, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			take, others, ahead, found := choose(c.groups)
			var asGood []string
			for _, g := range others {
				asGood = append(asGood, g.Group)
				if g.Tied == 0 || g.Both < g.Tied+g.Better+g.Worse {
					t.Errorf("%+v", g)
				}
			}
			if (len(ahead) > 0) != (c.name == "in a circle") {
				t.Errorf("%q is ahead", ahead)
			}
			if take.Name != c.take || found != (c.take != "") || !slices.Equal(asGood, c.asGood) {
				t.Errorf("%q with %q, want %q with %q", take.Name, asGood, c.take, c.asGood)
			}
		})
	}
}

// Catches: a difference between libraries hidden in "no difference", one of unequal limits called one of libraries, kinds
// without limits called libraries.
func TestLibrariesAreComparedAtEqualLimitsAlone(t *testing.T) {
	pools := []served{{bigA, 90_000, nil, nil}, {bigB, 90_000, nil, nil}, {bigC, 90_000, nil, nil}}
	none := Of(runOf(closed("x", served{free, 90_000, nil, nil}, served{slow, 45_000, nil, nil}, served{small, 50_000, nil, nil}, served{bigB, 50_000, nil, nil})))
	if none.Overall.Libraries != nil {
		t.Errorf("no two have equal limits: %+v", none.Overall.Libraries)
	}
	same := Of(runOf(closed("x", append([]served{{free, 45_000, nil, nil}}, pools...)...))).Overall.Libraries
	if same == nil || same.Tied != 3 || len(same.Different) != 0 || same.Largest > 0.05 || same.Largest <= 0 || !slices.Equal(same.Kinds, []string{"a", "b", "c"}) {
		t.Errorf("%+v", same)
	}
	pools[2].goodput = 45_000
	differ := Of(runOf(closed("x", append([]served{{free, 45_000, nil, nil}}, pools...)...))).Overall
	if l := differ.Libraries; l == nil || l.Tied != 1 || len(l.Different) != 2 || !strings.Contains(strings.Join(differ.Sentences, " "), "(1 comparison of a and b); in x c has 0.50 times the goodput of a") {
		t.Errorf("%+v", differ)
	}
}

// Catches: an old run, whose record does not say what it asks, refused or judged beyond the capacity.
func TestARunThatDoesNotSayWhatItAsksIsJudgedByWhatSuitesTake(t *testing.T) {
	run := runOf(closed("echo", served{bigB, 90_000, nil, nil}, served{bigA, 90_000, nil, nil}),
		open("wait-open", []float64{0.5, 0.9, 1.2}, served{bigB, 90_000, nil, slowest(0, 0)}, served{bigA, 90_000, nil, slowest(0, 0)}))
	want := []trial.Scenario{run.Env.Scenarios[0], run.Env.Scenarios[1]}
	for i, sc := range run.Env.Scenarios {
		run.Env.Scenarios[i] = trial.Scenario{Name: sc.Name, About: "About it."}
	}
	want[1].DecidedBy, want[1].DecideAt = "response-p50", 0.9
	for i, q := range questions(run) {
		if q.Name != want[i].Name || q.DecidedBy != want[i].DecidedBy || q.DecideAt != want[i].DecideAt || q.Load.Loop != want[i].Load.Loop ||
			q.About != "About it." || !slices.Equal(q.Strategies, want[i].Strategies) || q.Workload != "echo" {
			t.Errorf("%+v", q.Scenario)
		}
	}
	// Scenarios that ask something else are no business of a comparison, and those that calibrate are none at all.
	run.Env.Scenarios[0].Question = trial.Size
	run.Trials = append(run.Trials, trial.Trial{Scenario: "capacity", Strategy: bigA, Calibrates: true})
	if qs := questions(run); len(qs) != 1 || qs[0].Name != "wait-open" {
		t.Errorf("%d questions", len(qs))
	}
}

// Catches: a rule that knows a strategy.
func TestNoStrategyIsNamedInTheCode(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			text := ""
			switch n := n.(type) {
			case *ast.BasicLit:
				text = n.Value
			case *ast.Ident:
				text = n.Name
			}
			for _, k := range kinds.Kinds() {
				if regexp.MustCompile(`(?i)\b` + regexp.QuoteMeta(k.Name) + `s?\b`).MatchString(text) {
					t.Errorf("%s: %s names %s", set.Position(n.Pos()), text, k.Name)
				}
			}
			return true
		})
	}
}
