package pick

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// The scenarios' names.
const (
	probeName  = "capacity"
	choiceName = "choice"
	sizeName   = "size"
	beyondName = "beyond"
)

const (
	// beyond is as far over the capacity as a server comes that is a third too small for its peak.
	beyond = 1.4

	// nearly is the level that beyond is measured against: nearer to the capacity its own noise decides.
	nearly = 0.9

	// rounds of beyond are enough for a rule over medians, which no test of differences has to wait for; and too few for any to
	// tell one (stat.Repetitions), so that its pairs are not among the comparisons that those of choice have to share with.
	rounds = 3

	// repetitions are as many as decide what can be decided in minutes; what is decided earlier ends earlier.
	repetitions = 18

	// mostPackages: libraries differ little at equal limits, so that a few stand for all; each more is three comparisons more.
	mostPackages = 3

	// mostSizes keep a sweep as short as telling them apart allows.
	mostSizes = 6
)

// windows are those that a run is tried to be fitted into its budget with: long ones have less noise.
var windows = []time.Duration{time.Second, 700 * time.Millisecond, 500 * time.Millisecond, 300 * time.Millisecond, 200 * time.Millisecond, 100 * time.Millisecond}

// Probe is the suite that measures the capacity, which Suite needs: the first kind in closed loop. [Capacity] reads it from
// the trials. The catalog's kinds and workloads are the suite's.
func (s Situation) Probe(catalog bench.Suite) (bench.Suite, error) {
	if err := s.Check(catalog); err != nil {
		return bench.Suite{}, err
	}
	w, err := workload.Find(catalog.Workloads, s.Workload)
	if err != nil {
		return bench.Suite{}, err
	}
	load := trial.Load{Loop: trial.Closed, Clients: s.Connections}
	if w.Client.Measured() == workload.Session {
		load.Clients = min(load.Clients, mostAtCapacity)
	}
	window := windows[len(windows)-2]
	if s.Budget < enoughToProbe {
		window = windows[len(windows)-1]
	}
	probe := bench.Suite{
		Name: "pick: capacity", About: "What the rates are fractions of.", Kinds: catalog.Kinds, Workloads: catalog.Workloads, Repetitions: 1,
		Scenarios: []bench.Scenario{{Name: probeName, Workload: s.Workload, Strategies: []string{catalog.Kinds[0].Name}, Load: load, Timing: s.timing(window)}},
	}
	return probe, probe.Check()
}

const (
	// mostAtCapacity is what bench measures the capacity of sessions with, so that both mean the same.
	mostAtCapacity = 64

	// enoughToProbe is a budget of which longer windows are no noticeable part.
	enoughToProbe = 20 * time.Second
)

// Capacity is the rate per second that the trials of Probe's suite reached, the best because what disturbs takes away; 0: none
// answered anything. valid says that it is of a valid trial, as it is where there is one; otherwise it is a lower bound, good
// enough to find candidates by.
//
// The trials are no part of the run, whose record holds what its own suite plans, so that it can be gone on with: the suite says what
// they came to, and the run measures the capacities that its rates are fractions of by itself, three times each.
func Capacity(trials []trial.Trial) (best float64, valid bool) {
	for _, t := range trials {
		v, ok := stat.Goodput.Of(t)
		if own := t.Invalid == ""; ok && v > 0 && (own && !valid || own == valid && v > best) {
			best, valid = v, own
		}
	}
	return best, valid
}

// Suite is what has to be measured for a choice, fitted into the budget as far as a single repetition allows; capacity is what
// Probe's suite has found, per second, above 0. The errors are those of Check, and a rate that is far beyond the capacity.
func (s Situation) Suite(catalog bench.Suite, capacity float64) (bench.Suite, error) {
	if err := s.Check(catalog); err != nil {
		return bench.Suite{}, err
	}
	level, err := s.level(capacity)
	if err != nil {
		return bench.Suite{}, err
	}
	w, err := workload.Find(catalog.Workloads, s.Workload)
	if err != nil {
		return bench.Suite{}, err
	}
	c := s.candidates(catalog.Kinds, w, level*capacity)
	var suite bench.Suite
	for _, window := range windows {
		suite = bench.Suite{
			Name: "pick", About: fmt.Sprintf("Which strategy a server should use in one situation; its limits and rates follow from %s per second, measured first.", number(capacity)),
			Kinds: catalog.Kinds, Workloads: catalog.Workloads, Repetitions: repetitions, Scenarios: s.scenarios(c, w, level, window),
		}
		if err := suite.Check(); err != nil {
			return bench.Suite{}, err
		}
		if least, _ := suite.Duration(); least <= s.Budget {
			break
		}
	}
	suite.Budget = s.Budget
	return suite, nil
}

func (s Situation) scenarios(c candidates, w workload.Workload, level float64, window time.Duration) []bench.Scenario {
	load := trial.Load{Loop: trial.Open, Clients: s.Connections}
	if w.Client.Measured() == workload.Session {
		load.Loop = trial.Sessions
	}
	common := bench.Scenario{Workload: s.Workload, Load: load, Fractions: []float64{level}, Timing: s.timing(window)}

	choice := common
	choice.Name, choice.About = choiceName, "All candidates at the rate that is expected: who keeps up, and what an answer costs."
	choice.Strategies, choice.Objective, choice.DecidedBy = c.all, s.Objective, stat.ServerCPU.Key
	if level > 1 { // an answer costs more where others were begun in vain
		choice.DecidedBy = stat.Goodput.Key
	}
	out := []bench.Scenario{choice}
	if len(c.sweep) > 1 {
		size := common
		size.Name, size.About, size.Question = sizeName, "How many workers the rate that is expected needs.", trial.Size
		size.Strategies, size.DecidedBy = c.sweep, stat.ResponseP50.Key
		if level > 1 {
			size.DecidedBy = stat.Goodput.Key
		}
		out = append(out, size)
	}
	if level < nearly && len(c.groups) > 1 {
		over := common
		over.Name, over.About = beyondName, "The same requests at 1.4 times of what the machine can do, on connections that stay: who collapses, and who holds."
		if load.Loop == trial.Sessions {
			over.About = "New connections at 1.4 times of what the machine can do: who collapses, and who holds."
		}
		over.Strategies, over.DecidedBy, over.Fractions = c.groups, stat.Goodput.Key, []float64{nearly, beyond}
		over.Repetitions, over.Timing = rounds, s.impatient(window)
		out = append(out, over)
	}
	return out
}

// timing leaves room in each part of a trial for whole answers, and in the warm-up for everybody to have been asked.
func (s Situation) timing(window time.Duration) bench.Timing {
	const perConnection = 100 * time.Microsecond // a request each at 10,000 per second
	least := max(s.Hold, s.Objective.Response)
	return bench.Timing{
		WarmUp: max(100*time.Millisecond, 2*s.Hold, min(time.Duration(s.Connections)*perConnection, time.Second)), Window: max(window, 4*least), Tail: max(100*time.Millisecond, 2*least),
		TimeOut: max(time.Second, 4*least), BackOff: 20 * time.Millisecond,
	}
}

// impatient is for loads that nobody keeps up with: clients that give up soon, and a warm-up in which the first have.
func (s Situation) impatient(window time.Duration) bench.Timing {
	t := s.timing(window)
	t.TimeOut = max(200*time.Millisecond, 4*max(s.Hold, s.Objective.Response))
	t.Tail = t.TimeOut + 50*time.Millisecond
	t.WarmUp = max(t.WarmUp, 2*t.TimeOut)
	return t
}

// candidates are full names, the simplest first: without a limit, then pools that need none but this module, then others.
type candidates struct {
	all    []string
	groups []string // one for each unit, policy and size of limit, of all
	sweep  []string // falling limits of one pool, where a limit below the connections can serve everybody; fewer than two: none
}

func (s Situation) candidates(kinds strategies.Kinds, w workload.Workload, rate float64) candidates {
	var c candidates
	able := func(name string) (strategies.Spec, bool) {
		spec, err := kinds.Spec(name)
		return spec, err == nil && kinds.CanRun(name, w.Handler()) == nil
	}
	add := func(spec strategies.Spec, standsForGroup bool) {
		full, can := able(spec.String())
		if !can || slices.Contains(c.all, full.String()) {
			return
		}
		c.all = append(c.all, full.String())
		if standsForGroup {
			c.groups = append(c.groups, full.String())
		}
	}
	if base, can := able(kinds[0].Name); can {
		add(base, true)
	}
	// A worker keeps a connection that stays; only of those that end can fewer workers serve all.
	unit := strategies.RequestUnit
	if w.Client.Measured() == workload.Session {
		unit = strategies.ConnUnit
	}
	var packages []string
	swept := false
	for _, k := range kinds[1:] {
		if k.EventLoop || k.Default.Workers == strategies.Unbounded || !slices.Contains(k.Units, strategies.ConnUnit) || !slices.Contains(k.Units, unit) {
			continue
		}
		if slices.Contains(packages, k.Constructor.Import) || len(packages) == mostPackages {
			continue
		}
		pool := strategies.Spec{Kind: k.Name, Limits: k.Default, Unit: strategies.ConnUnit}
		pool.Limits.Workers = Spare(s.Connections)
		refusing := pool
		refusing.Limits.WhenFull = strategies.Reject
		_, can := able(pool.String())
		if _, both := able(refusing.String()); !can || !both { // one that can only wait has nothing to offer that others have not
			continue
		}
		packages = append(packages, k.Constructor.Import)
		add(pool, len(packages) == 1)
		pool.Unit = unit
		if _, can := able(pool.String()); !can || swept {
			continue
		}
		swept = true
		sizes, enough := s.sizes(rate)
		for _, n := range slices.Backward(sizes) { // the first one's capacity is what the rates are fractions of
			pool.Limits.Workers = n
			if full, can := able(pool.String()); can {
				c.sweep = append(c.sweep, full.String())
			}
		}
		pool.Limits.Workers = min(Spare(enough), s.Connections)
		add(pool, true)
		pool.Limits.Workers = s.Connections
		add(pool, false)
		pool.Limits.Workers, pool.Limits.WhenFull = min(2*Spare(enough), s.Connections), strategies.Reject
		add(pool, true)
	}
	for _, k := range kinds {
		if !k.EventLoop || w.Blocks { // one that blocks holds up all who share its loop
			continue
		}
		loop, can := able(k.Name)
		if !can {
			continue
		}
		loop.Limits.Workers = max(s.CPUs, 1)
		add(loop, true)
		break
	}
	return c
}

// sizes are the limits to sweep, rising and at most the connections, and the one that is about enough: what Little's law asks
// for, or where nothing is known of how long a worker is held, the middle.
func (s Situation) sizes(rate float64) (sizes []int, enough int) {
	n := s.Connections
	if s.Hold > 0 {
		enough = min(Little(rate, s.Hold), n)
		for _, size := range []int{(enough + 1) / 2, enough, 2 * enough, 4 * enough, n} {
			if size = min(size, n); !slices.Contains(sizes, size) {
				sizes = append(sizes, size)
			}
		}
		return sizes, enough
	}
	first := min(max(s.CPUs, 1), n) // fewer workers than CPUs leave CPUs idle
	step := max(2, math.Pow(float64(n)/float64(first), 1/float64(mostSizes-1)))
	for i := 0; ; i++ {
		size := int(math.Round(float64(first) * math.Pow(step, float64(i))))
		if size >= n || i == mostSizes-1 {
			break
		}
		sizes = append(sizes, size)
	}
	sizes = append(sizes, n)
	return sizes, sizes[len(sizes)/2]
}

// Little is how many workers are busy on average if each of rate answers per second holds one for so long, rounded up and at
// least 1: L = λ·W (J. D. C. Little, A Proof for the Queuing Formula L = λW, Operations Research 9, 1961).
func Little(rate float64, hold time.Duration) int {
	return int(max(1, min(math.Ceil(rate*hold.Seconds()-1e-9), mostConnections)))
}

// Spare is n with headroom, n + 3·√n rounded up. What arrives at random and stays for a while is there in a number with a
// Poisson distribution, whose standard deviation is the root of its mean: three of them hold 99.9 % of the time (square-root
// staffing; S. Halfin, W. Whitt, Heavy-Traffic Limits for Queues with Many Exponential Servers, Operations Research 29, 1981).
func Spare(n int) int { return n + int(math.Ceil(3*math.Sqrt(float64(n)))) }
