package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// A sized suite is a pool whose workers are held for a time by each answer, up to a ceiling of the machine's.
type sized struct {
	workers     []int
	unit        string
	model       func(n float64) float64 // goodput per second
	noise       float64
	repetitions int
	clients     int
	change      func(*trial.Trial, int) // with the number of workers
}

func (s sized) name(n int) string {
	return fmt.Sprintf("pool:workers=%d,queue=0,full=wait,unit=%s", n, s.unit)
}

func (s sized) scenario() trial.Scenario {
	sc := trial.Scenario{Name: "size", Question: trial.Size, DecidedBy: Goodput.Key, Load: trial.Load{Loop: trial.Closed, Clients: s.clients}}
	for _, n := range s.workers {
		sc.Strategies = append(sc.Strategies, s.name(n))
	}
	return sc
}

func (s sized) run(rng *rand.Rand) []trial.Trial {
	var all []trial.Trial
	for repetition := range s.repetitions {
		for _, n := range s.workers {
			good := int64(s.model(float64(n)) * math.Exp(s.noise*rng.NormFloat64()))
			x := trial.Trial{
				Scenario: "size", Strategy: s.name(n), Measured: "request", Repetition: repetition, Seq: len(all), Window: time.Second,
				Load:        trial.Load{Loop: trial.Closed, Clients: s.clients},
				Counts:      trial.Counts{Intended: good, Sent: good, OK: good, Good: good},
				Clients:     trial.Clients{Total: s.clients, Served: s.clients},
				ServerUsage: trial.Usage{PeakRSS: int64(n) << 20},
			}
			if s.change != nil {
				s.change(&x, n)
			}
			all = append(all, x)
		}
	}
	return all
}

func sizes(t *testing.T, trials []trial.Trial, sc trial.Scenario) Sizing {
	t.Helper()
	s, err := Sizes(trials, sc, trial.Design{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func waiting(n float64) float64 { return min(n/0.005, 25_000) } // 125 workers are enough

var waits = sized{workers: []int{4, 8, 16, 32, 64, 128, 256, 512}, unit: "request", model: waiting, noise: 0.015, repetitions: 12, clients: 512}

func TestTheSmallestLimitThatIsEnoughIsNamed(t *testing.T) {
	rng := rand.New(rand.NewPCG(71, 72))
	right, sure := 0, 0
	const suites = 100
	for range suites {
		s := sizes(t, waits.run(rng), waits.scenario())
		if got := s.Limits[s.Smallest].N; got == 128 {
			right++
		} else if got < 128 {
			t.Errorf("%d workers are said to be enough, and they do not reach the ceiling", got)
		}
		if s.Sure {
			sure++
			if s.Limits[s.From].N < 128 || s.Open != (s.To == 7) {
				t.Errorf("safe from %d to %d workers (open %v)", s.Limits[s.From].N, s.Limits[s.To].N, s.Open)
			}
		}
		if l := s.Little; l.Why != "" || l.Workers < 115 || l.Workers > 136 || l.From != 0 || math.Abs(l.Held.Seconds()/0.005-1) > 0.03 {
			t.Errorf("%+v, want 125 workers, each held for 5 ms", l)
		}
		if s.Law.Why != "" || s.Law.Fits || s.Law.Plateau.Off > Poor {
			t.Errorf("%+v: a bend is no smooth curve", s.Law)
		}
	}
	if right < suites*95/100 || sure < suites*9/10 {
		t.Errorf("right in %d of %d suites, sure in %d", right, suites, sure)
	}
}

// Catches: small limits called enough because nothing is certain, or large ones because nothing is equal.
func TestWhereNoiseHidesTheAnswerItIsUndecided(t *testing.T) {
	rng := rand.New(rand.NewPCG(73, 74))
	loud := waits
	loud.noise, loud.workers = 0.2, []int{16, 128, 256, 512}
	unsure := 0
	for range 100 {
		s := sizes(t, loud.run(rng), loud.scenario())
		if s.Limits[s.Smallest].N < 128 {
			t.Errorf("%d workers are an eighth of enough", s.Limits[s.Smallest].N)
		}
		if !s.Sure {
			unsure++
			if s.Smallest != s.Possible || s.From != s.Best {
				t.Errorf("smallest %d, possible %d, safe from %d, best %d", s.Smallest, s.Possible, s.From, s.Best)
			}
		}
	}
	if unsure < 50 {
		t.Errorf("undecided in %d of 100 suites with a noise of 20 %%", unsure)
	}
	many := waits // eight pairs are enough for six others, not for eight
	many.repetitions, many.workers = 8, []int{4, 8, 16, 32, 64, 128, 256, 384, 512}
	if s := sizes(t, many.run(rng), many.scenario()); s.Sure || s.Limits[0].Ratio.Confidence != 0 {
		t.Errorf("eight repetitions of nine limits: %+v", s.Limits[0].Ratio)
	}
	few := waits
	few.repetitions = 3
	if s := sizes(t, few.run(rng), few.scenario()); s.Sure || s.Limits[s.Smallest].Outcome != Undecided {
		t.Errorf("three repetitions: %+v", s)
	}
}

// Catches: a limit that serves a few clients well and is named for it.
func TestALimitThatStarvesIsNeverEnough(t *testing.T) {
	rng := rand.New(rand.NewPCG(75, 76))
	crowd := sized{workers: []int{64, 256, 1000, 2000}, unit: "conn", noise: 0.01, repetitions: 10, clients: 1000,
		model: func(n float64) float64 { return 100_000 - 5*n }, // the fewer it serves, the better it looks
		change: func(x *trial.Trial, n int) {
			if n < 1000 {
				x.Clients.Served, x.Clients.Nothing = n, 1000-n
			}
		}}
	s := sizes(t, crowd.run(rng), crowd.scenario())
	if s.Limits[s.Smallest].N != 1000 || s.Limits[s.Best].Starves() || s.Limits[s.From].N != 1000 || !s.Keeps {
		t.Errorf("%d workers, best %d, keeps %v", s.Limits[s.Smallest].N, s.Limits[s.Best].N, s.Keeps)
	}
	if !s.Limits[0].Starves() || s.Limits[0].Clients.Fewest != 64 {
		t.Errorf("%+v", s.Limits[0].Clients)
	}
	crowd.change = func(x *trial.Trial, n int) { x.Clients.Served, x.Clients.Nothing = 999, 1 }
	if s := sizes(t, crowd.run(rng), crowd.scenario()); s.Best != -1 || s.Smallest != -1 || s.From != -1 || s.To != -1 || s.Possible != -1 || s.Little.Why == "" {
		t.Errorf("all starve somebody: %+v", s)
	}
}

func TestAnsweringSlowerIsWorseWhereTimeDecides(t *testing.T) {
	rng := rand.New(rand.NewPCG(77, 78))
	slow := waits
	slow.workers, slow.repetitions = []int{8, 64, 128}, 10
	slow.model = func(float64) float64 { return 2000 }
	slow.change = func(x *trial.Trial, n int) {
		x.Load.Loop, x.Load.Fraction = trial.Open, 0.5
		x.Latency.Response = trial.Histogram{}
		x.Latency.Response.RecordN(time.Duration(10+max(0, 64-n))*time.Millisecond, x.Counts.OK)
		if n == 8 {
			x.Counts.Intended *= 2
		}
	}
	sc := slow.scenario()
	sc.DecidedBy, sc.DecideAt, sc.Load.Loop = ResponseP99.Key, 0.5, trial.Open
	trials := slow.run(rng)
	for _, x := range trials { // at another level the smallest is the best
		x.Load.Fraction = 0.9
		x.Latency.Response = trial.Histogram{}
		x.Latency.Response.RecordN(time.Second, x.Counts.OK)
		if strings.Contains(x.Strategy, "=8,") {
			x.Latency.Response = trial.Histogram{}
			x.Latency.Response.RecordN(time.Microsecond, x.Counts.OK)
		}
		trials = append(trials, x)
	}
	s := sizes(t, trials, sc)
	if s.Limits[s.Smallest].N != 64 || !s.Sure || s.Limits[0].Outcome != Different || s.Limits[0].Ratio.Value < 6 || !s.Open {
		t.Errorf("%+v", s)
	}
	if p99, ok := s.Limits[1].Response(0.99); !ok || p99 < 9*time.Millisecond || p99 > 11*time.Millisecond {
		t.Errorf("p99 %v (%v)", p99, ok)
	}
	if s.Law.Why == "" || s.Law.USL != (USL{}) {
		t.Errorf("a law of workers that are always busy, from an open loop: %+v", s.Law)
	}
	if s.Little.Why != "" || math.Abs(s.Little.Held.Seconds()/(8.0/2000)-1) > 0.05 {
		t.Errorf("the smallest limit fell behind what was offered, so all its workers were busy: %+v", s.Little)
	}
	sc.DecidedBy = ""
	if s := sizes(t, trials, sc); s.Metric.Key != ResponseP50.Key {
		t.Errorf("decided by %s", s.Metric.Key)
	}
}

// Catches: a figure of Little's law from workers that were idle, or that held a connection which asked nothing.
func TestLittleIsSilentWhereWorkersWereNotBusy(t *testing.T) {
	rng := rand.New(rand.NewPCG(79, 80))
	for name, change := range map[string]func(*sized, *trial.Scenario){
		"fewer clients than workers": func(s *sized, sc *trial.Scenario) { s.clients = 4 },
		"clients that think":         func(s *sized, sc *trial.Scenario) { sc.Load.Think = time.Millisecond },
		"the smallest is enough":     func(s *sized, sc *trial.Scenario) { s.model = func(float64) float64 { return 5000 } },
		"an open loop that kept up":  func(s *sized, sc *trial.Scenario) { sc.Load.Loop = trial.Open },
		"connections keep their worker": func(s *sized, sc *trial.Scenario) {
			s.unit, sc.Load.Loop = "conn", trial.Open
			s.change = func(x *trial.Trial, n int) { x.Counts.Intended *= 2 }
			*sc = func() trial.Scenario { again := s.scenario(); again.Load.Loop = trial.Open; return again }()
		},
		"the driver's ceiling": func(s *sized, sc *trial.Scenario) {
			s.change = func(x *trial.Trial, n int) {
				if n > 64 {
					x.Findings = []trial.Finding{{Code: finding.DriverBound}}
				}
			}
		},
		"nothing answered": func(s *sized, sc *trial.Scenario) { s.model = func(float64) float64 { return 0 } },
	} {
		s := waits
		sc := s.scenario()
		change(&s, &sc)
		if l := sizes(t, s.run(rng), sc).Little; l.Why == "" || l.Workers != 0 {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

// Catches: equality that is concluded from the driver's ceiling.
func TestLimitsThatTheDriverBoundsAreNotCalledEnough(t *testing.T) {
	bounded := waits
	bounded.change = func(x *trial.Trial, n int) {
		if n >= 128 {
			x.Findings = []trial.Finding{{Code: finding.DriverBound}}
		}
	}
	s := sizes(t, bounded.run(rand.New(rand.NewPCG(81, 82))), bounded.scenario())
	if s.Sure || s.Limits[s.Smallest].N != 128 || s.Limits[s.Smallest].Outcome == Tied && s.Smallest != s.Best {
		t.Errorf("%d workers, sure %v: %s", s.Limits[s.Smallest].N, s.Sure, s.Limits[s.Smallest].Outcome)
	}
	if s.Limits[0].Outcome != Different {
		t.Errorf("a server that is worse than the driver's ceiling is worse: %+v", s.Limits[0])
	}
	if s.Law.USL.Points != 5 {
		t.Errorf("the law is fitted to %d points, and 5 are the server's", s.Law.USL.Points)
	}
	bounded.change = func(x *trial.Trial, n int) {
		if n == 4 {
			x.Findings = []trial.Finding{{Code: finding.DriverBound}}
		}
	}
	if s := sizes(t, bounded.run(rand.New(rand.NewPCG(81, 82))), bounded.scenario()); s.Limits[0].Outcome != Unranked {
		t.Errorf("what the driver held back is not worse: %s", s.Limits[0].Outcome)
	}
}

func TestALawThatFitsIsSaidTo(t *testing.T) {
	truth := USL{Lambda: 900, Sigma: 0.03, Kappa: 0.0004}
	smooth := waits
	smooth.model, smooth.workers = truth.At, []int{1, 2, 4, 8, 16, 32, 64, 128, 1024}
	s := sizes(t, smooth.run(rand.New(rand.NewPCG(83, 84))), smooth.scenario())
	if !s.Law.Fits || math.Abs(s.Law.USL.Lambda/900-1) > 0.03 || s.Law.USL.Points != 8 { // 1024 workers have nothing to do for 512 clients
		t.Errorf("%+v", s.Law)
	}
	if peak, ok := s.Law.USL.Peak(); !ok || math.Abs(peak/math.Sqrt(0.97/0.0004)-1) > 0.1 {
		t.Errorf("peak at %v (%v)", peak, ok)
	}
	if s.Open || s.Limits[s.Smallest].N > 64 || s.Limits[s.To].N > 64 {
		t.Errorf("%d to %d workers, open %v", s.Limits[s.From].N, s.Limits[s.To].N, s.Open)
	}
}

func TestSizingOfLittleOrNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(85, 86))
	one := waits
	one.workers = []int{64}
	s := sizes(t, one.run(rng), one.scenario())
	if s.Smallest != 0 || !s.Sure || !s.Open || s.Little.Why == "" || s.Law.Why == "" {
		t.Errorf("one limit: %+v", s)
	}
	zero := waits
	zero.model = func(float64) float64 { return 0 }
	if s := sizes(t, zero.run(rng), zero.scenario()); s.Smallest != -1 || s.Best != -1 {
		t.Errorf("all zero: %+v", s)
	}
	if s := sizes(t, nil, waits.scenario()); s.Smallest != -1 || len(s.Limits) != 8 || s.Limits[0].N != 4 || s.Limits[0].Trials != 0 {
		t.Errorf("no trials: %+v", s)
	}
	trials := waits.run(rng)
	sc := waits.scenario()
	for _, spoil := range []func(*trial.Trial){
		func(x *trial.Trial) { x.Invalid = "steal" },
		func(x *trial.Trial) { x.Twin = true },
		func(x *trial.Trial) { x.Scenario = "other" },
	} {
		more := slices.Clone(trials)
		for _, x := range trials {
			x.Counts.Good = 1
			spoil(&x)
			more = append(more, x)
		}
		if got, want := sizes(t, more, sc), sizes(t, trials, sc); got.Smallest != want.Smallest || got.Limits[0].Goodput != want.Limits[0].Goodput {
			t.Errorf("trials that do not count do: %+v", got)
		}
	}
}

func TestAQueueIsSizedByItsPlaces(t *testing.T) {
	sc := trial.Scenario{Name: "size", Load: trial.Load{Loop: trial.Closed, Clients: 64}}
	for _, q := range []string{"unbounded", "0", "16"} {
		sc.Strategies = append(sc.Strategies, "pool:workers=4,queue="+q+",full=wait,unit=conn")
	}
	s := sizes(t, nil, sc)
	if s.Setting != "queue" || s.Limits[0].N != 0 || s.Limits[1].N != 16 || !strings.Contains(s.Limits[2].Strategy, "unbounded") {
		t.Errorf("%s: %+v", s.Setting, s.Limits)
	}
	if s.Metric.Key != Goodput.Key {
		t.Errorf("decided by %s", s.Metric.Key)
	}
}

func TestWhatCannotBeSizedIsNamed(t *testing.T) {
	sc := waits.scenario()
	sc.DecidedBy = "beauty"
	if _, err := Sizes(nil, sc, trial.Design{}); err == nil || !strings.Contains(err.Error(), "size") || !strings.Contains(err.Error(), "beauty") {
		t.Errorf("error is %v", err)
	}
	sc = waits.scenario()
	sc.Strategies[1] = "pool"
	if _, err := Sizes(nil, sc, trial.Design{}); err == nil || !strings.Contains(err.Error(), `"pool"`) {
		t.Errorf("error is %v", err)
	}
}
