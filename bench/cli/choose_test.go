package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/suitefile"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
	"github.com/spf13/pflag"
)

// notAsked are the parts of a suite that are no leaves of a file: the catalog, what has fields of its own, and what the run
// finds out.
var notAsked = []string{"Kinds", "Workloads", "Scenarios", "Load.Rate", "Load.Fraction", "Load.Ceiling"}

// leaves calls visit with each leaf of v, a struct in which every list has an item, and its name, such as
// "Load.Profile.From". A list's are those of its first item.
func leaves(v reflect.Value, name string, visit func(name string, leaf reflect.Value)) {
	switch {
	case slices.Contains(notAsked, name):
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), strings.TrimPrefix(name+"."+v.Type().Field(i).Name, "."), visit)
		}
	case v.Kind() == reflect.Slice:
		leaves(v.Index(0), name, visit)
	default:
		visit(name, v)
	}
}

// otherwise makes leaf another value that a file can hold.
func otherwise(t *testing.T, name string, leaf reflect.Value) {
	switch v := leaf.Addr().Interface().(type) {
	case *time.Duration:
		*v += time.Millisecond
	case *float64:
		*v += 0.125
	case *int:
		*v++
	case *bool:
		*v = !*v
	default:
		if leaf.Kind() != reflect.String {
			t.Fatalf("%s: a %s, which this test cannot change", name, leaf.Type())
		}
		leaf.SetString(leaf.String() + "-else")
	}
}

// full has something in every field, right or wrong.
func full() (bench.Suite, bench.Scenario) {
	sc := bench.Scenario{
		Name: "a", About: "b", Workload: "echo", Strategies: []string{"goroutine"},
		Load: trial.Load{
			Loop: trial.Open, Clients: 3, Think: time.Second, Arrivals: trial.Poisson,
			Profile: trial.Burst(2, time.Second, time.Second), Others: []trial.Share{{Behaviour: trial.Slow, Share: 0.1, Every: time.Second}},
		},
		Fractions: []float64{0.5}, DecideAt: 0.5, Question: trial.Compare, DecidedBy: "goodput", Objective: trial.Objective{Quantile: 0.5, Response: time.Second},
		Timing: bench.Timing{WarmUp: time.Second, Window: 2 * time.Second, Tail: time.Second, TimeOut: time.Second, BackOff: time.Second},
		Sketch: 2, Interleaved: time.Second, Drain: true,
	}
	return bench.Suite{Name: "c", About: "d", Repetitions: 3, Threshold: 0.1, Budget: time.Hour}, sc
}

// Catches: a field of a suite that can be said neither in a file nor by a flag, or only in one of them, or by a flag that
// sets another one.
func TestEveryLeafOfASuiteHasAFieldAndAFlag(t *testing.T) {
	_, sc := full()
	leaves(reflect.ValueOf(&sc).Elem(), "", func(name string, leaf reflect.Value) {
		before := reflect.ValueOf(leaf.Interface())
		otherwise(t, name, leaf)
		_, plain := full()
		checkSaid(t, name, suitefile.ScenarioFields(), func(c *choice) []fieldFlag[bench.Scenario] { return c.ofEach }, plain, sc)
		leaf.Set(before)
	})

	s, _ := full()
	leaves(reflect.ValueOf(&s).Elem(), "", func(name string, leaf reflect.Value) {
		before := reflect.ValueOf(leaf.Interface())
		otherwise(t, name, leaf)
		plain, _ := full()
		checkSaid(t, name, suitefile.SuiteFields(), func(c *choice) []fieldFlag[bench.Suite] { return c.ofSuite }, plain, s)
		leaf.Set(before)
	})
}

// checkSaid checks that one field says what is different in other, and that its flag makes other of plain.
func checkSaid[T any](t *testing.T, name string, fields []suitefile.Field[T], flags func(*choice) []fieldFlag[T], plain, other T) {
	t.Helper()
	var says []suitefile.Field[T]
	for _, f := range fields {
		if !slices.Equal(f.Get(plain), f.Get(other)) {
			says = append(says, f)
		}
	}
	if len(says) != 1 {
		t.Errorf("%s: %d fields say it", name, len(says))
		return
	}
	var args []string
	for _, text := range says[0].Get(other) {
		args = append(args, "--"+says[0].Flag+"="+text)
	}
	c, err := parseChoice(args...)
	if err == nil {
		err = apply(flags(&c), &plain)
	}
	if diff := cmp.Diff(other, plain, cmp.Comparer(func(a, b bench.Suite) bool { return reflect.DeepEqual(a, b) })); err != nil || diff != "" {
		t.Errorf("%s: %q makes something else (-want +got), %v:\n%s", name, args, err, diff)
	}
}

// builtIn are two suites, the second without a catalog of its own.
func builtIn() []bench.Suite {
	asked := func(strategies ...string) []bench.Scenario {
		timing := bench.Timing{Window: time.Second, TimeOut: time.Second, BackOff: time.Millisecond}
		closed, open := trial.Load{Loop: trial.Closed, Clients: 64}, trial.Load{Loop: trial.Open, Clients: 64, Arrivals: trial.Poisson}
		return []bench.Scenario{
			{Name: "exchange", Workload: "exchange", Load: closed, Timing: timing, Strategies: strategies},
			{Name: "wait", Workload: "wait", Load: closed, Timing: timing, Strategies: strategies},
			{Name: "echo-open", Workload: "echo", Load: open, Fractions: []float64{0.1, 0.25, 0.5}, Timing: timing, Strategies: strategies},
		}
	}
	quick := bench.Suite{Name: "quick", Kinds: all.Kinds(), Workloads: workload.All(), Repetitions: 12, Scenarios: asked("goroutine", "channel")}
	long := bench.Suite{Name: "long", Repetitions: 50, Scenarios: asked("channel:workers=3", "thread")[:2]}
	return []bench.Suite{quick, long}
}

func parseChoice(args ...string) (choice, error) {
	var c choice
	f := pflag.NewFlagSet("run", pflag.ContinueOnError)
	c.register(f, builtIn())
	return c, f.Parse(args)
}

// chosen is the suite that the flags choose.
func chosen(args ...string) (bench.Suite, error) {
	c, err := parseChoice(args...)
	if err != nil {
		return bench.Suite{}, flagFault(err) // as Execute has it
	}
	return c.choose(builtIn())
}

func TestSuiteIsANameOrAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte("name: mine\nrepetitions: 3\nscenarios: [{name: a, workload: echo, strategies: [pond]}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args        []string
		suite       string
		repetitions int
		scenarios   int
		baseline    string
	}{
		"nothing said":             {nil, "quick", 12, 3, "goroutine"},
		"the first":                {[]string{"--suite=quick"}, "quick", 12, 3, "goroutine"},
		"another":                  {[]string{"--suite=long"}, "long", 50, 2, "channel:workers=3"},
		"a file":                   {[]string{"--suite=" + file}, "mine", 3, 1, "pond"},
		"a file and flags":         {[]string{"--suite=" + file, "--repetitions=9", "--strategy=ants"}, "mine", 9, 1, "ants"},
		"a scenario":               {[]string{"--suite=long", "--scenario=wait"}, "long", 50, 1, "channel:workers=3"},
		"a scenario made of flags": {[]string{"--suite=long", "--workload=wait"}, "wait", 50, 1, "channel:workers=3"},
	} {
		s, err := chosen(c.args...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Name != c.suite || s.Repetitions != c.repetitions || len(s.Scenarios) != c.scenarios || s.Scenarios[0].Strategies[0] != c.baseline {
			t.Errorf("%s: suite %s, %d repetitions, %d scenarios, the first of %q", name, s.Name, s.Repetitions, len(s.Scenarios), s.Scenarios[0].Strategies)
		}
	}
}

func TestFlagsAloneMakeAScenario(t *testing.T) {
	got, err := chosen("--workload", "echo", "--loop", "open", "--clients", "200", "--offered", "50%,90%", "--offered", "0.25", "--decided-by", "response-p99",
		"--strategy", "goroutine", "--strategy", "ants:workers=64,queue=0", "--others", "slow:share=0.1,every=50ms", "--objective", "p99=10ms", "--window", "3s",
		"--rate-profile", "burst:factor=5,at=1s,for=1s", "--drain")
	if err != nil {
		t.Fatal(err)
	}
	_, want := suitefile.Default()
	want.Name, want.Workload, want.About = "echo", "echo", got.Scenarios[0].About
	want.Load = trial.Load{Loop: trial.Open, Clients: 200, Profile: trial.Burst(5, time.Second, time.Second), Others: []trial.Share{{Behaviour: trial.Slow, Share: 0.1, Every: 50 * time.Millisecond}}}
	want.Fractions, want.DecidedBy, want.Strategies = []float64{0.5, 0.9, 0.25}, "response-p99", []string{"goroutine", "ants:workers=64,queue=0"}
	want.Objective, want.Timing.Window, want.Drain = trial.Objective{Quantile: 0.99, Response: 10 * time.Millisecond}, 3*time.Second, true
	if diff := cmp.Diff([]bench.Scenario{want}, got.Scenarios); diff != "" {
		t.Error(diff)
	}
}

func TestAFlagChangesEveryScenarioAndNoBuiltInSuite(t *testing.T) {
	suites := builtIn()
	c, err := parseChoice("--window=9s", "--strategy=pond")
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.choose(suites)
	if err != nil {
		t.Fatal(err)
	}
	for i, sc := range s.Scenarios {
		was := suites[0].Scenarios[i]
		if sc.Timing.Window != 9*time.Second || !slices.Equal(sc.Strategies, []string{"pond"}) {
			t.Errorf("%s: window %v, strategies %q", sc.Name, sc.Timing.Window, sc.Strategies)
		}
		if was.Timing.Window == 9*time.Second || len(was.Strategies) != 2 {
			t.Errorf("%s: the built-in suite has changed: window %v, strategies %q", sc.Name, was.Timing.Window, was.Strategies)
		}
		sc.Timing.Window, sc.Strategies = was.Timing.Window, was.Strategies
		if diff := cmp.Diff(was, sc); diff != "" {
			t.Errorf("%s: more has changed: %s", sc.Name, diff)
		}
	}
}

func TestAnEmptyListCanBeSaid(t *testing.T) {
	s, err := chosen("--scenario=echo-open", "--loop=closed", "--arrivals=", "--offered=")
	if err != nil {
		t.Fatal(err)
	}
	if sc := s.Scenarios[0]; sc.Load.Loop != trial.Closed || sc.Fractions != nil {
		t.Errorf("got %+v", sc)
	}
}

func TestAFlagThatMakesNoSenseIsNamedWithTheScenario(t *testing.T) {
	for args, want := range map[string]string{
		"--offered 50%":                                `--offered: scenario "exchange": offered loads`,
		"--scenario echo-open --think 1s":              `--think: scenario "echo-open": think time 1s`,
		"--scenario wait --decide-at 50%":              `--decide-at: scenario "wait"`,
		"--scenario wait --sketch 2":                   `--sketch: scenario "wait"`,
		"--scenario wait --arrivals poisson":           `--arrivals: scenario "wait"`,
		"--decide-at 33%":                              `--decide-at: scenario "exchange"`,
		"--scenario echo-open --decide-at 33%":         "one of the offered loads",
		"--loop open --offered 50%":                    `--loop: scenario "exchange"`,
		"--strategy swarm":                             `--strategy: unknown strategy "swarm"`,
		"--question size":                              `scenario "exchange": question size`,
		"--scenario echo-open --question capacity":     `scenario "echo-open": question capacity needs an objective`,
		"--objective p99=10s":                          `--objective: objective p99=10s: has to be below the time-out, 1s`,
		"--interleaved 1us":                            "--interleaved: ",
		"--interleaved 1s --drain":                     "--interleaved: ",
		"--scenario-name x":                            `--scenario-name: scenario "x": is there twice`,
		"--threshold 1":                                "--threshold: suite: threshold 1",
		"--budget -1s":                                 "--budget: suite: budget -1s",
		"--repetitions 0":                              "--repetitions: suite: repetitions 0",
		"--workload opera":                             "--workload: unknown workload",
		"--strategy gorutine":                          `unknown strategy "gorutine"; did you mean goroutine?; allowed: goroutine, `,
		"--strategy channel:worker=4":                  `unknown key "worker"; did you mean workers?; allowed: workers, `,
		"--workload ehco":                              `--workload: unknown workload "ehco"; did you mean echo?; allowed: exchange, `,
		"--suite qiuck":                                "--suite qiuck: there is no suite and no file of that name; did you mean quick?; allowed: quick, long",
		"--decided-by goodputt":                        `unknown metric "goodputt"; did you mean goodput?; allowed: goodput`,
		"--workload echo --scenario wait":              "leave one out",
		"--suite nobody":                               "--suite nobody: there is no suite and no file of that name; allowed: quick, long",
		"--suite .":                                    "--suite: ",
		"--decided-by beauty":                          "allowed: goodput",
		"--workload echo --rate-profile steps:each=1s": `--rate-profile: steps: `,
		"--offered 50%,ninety":                         `--offered "ninety"`,
		"--window 3":                                   `--window "3": has to be a time`,
	} {
		s, err := chosen(strings.Fields(args)...)
		if err == nil {
			t.Errorf("%s: no error, and scenarios %+v", args, s.Scenarios)
		} else if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q does not say %q in one line", args, err, want)
		}
	}
}

func TestAFaultOfAFileIsNotBlamedOnAFlag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(file, []byte("repetitions: 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := chosen("--suite", file, "--repetitions", "8")
	if want := fmt.Sprintf("%s:1:14: suite: no scenario", file); err == nil || strings.Contains(err.Error(), "--") {
		t.Errorf("got %v, want something like %s", err, want)
	}
}
