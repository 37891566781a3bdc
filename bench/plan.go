package bench

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// A Step is one trial to come: one server process under one load.
type Step struct {
	Scenario   Scenario
	Strategy   string // full name
	Twin       bool   // the baseline for a second time
	Repetition int
	Load       trial.Load // an open loop's has its Fraction, and no Rate before the capacity is known
	Seed       uint64     // of the arrivals: the same for all strategies of a repetition, so that they face the same ones

	// Calibrates says that the trial measures what the open loops' rates are fractions of, or, with Null, what the driver
	// itself can do: its server is then the null server.
	Calibrates, Null bool
}

// calibrations is how often a capacity is measured; the median of three survives one disturbed trial.
const calibrations = 3

// Plan is what the suite measures if nothing is decided early, in its order, without the searches for capacities, whose next
// trial depends on the last one. seed decides the order within a repetition, and the arrivals.
func (s Suite) Plan(seed uint64) ([]Step, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	plan := s.calibration()
	for rep := range s.Repetitions {
		open := map[string][]string{}
		for name, all := range s.everything() {
			if i := slices.IndexFunc(s.Scenarios, func(sc Scenario) bool { return sc.Name == name }); rep < s.Repeats(s.Scenarios[i]) {
				open[name] = all
			}
		}
		plan = append(plan, slices.Concat(s.repetition(rep, open, seed)...)...)
	}
	return plan, nil
}

// calibration is what comes first: the measurements that open loops take their rates from.
func (s Suite) calibration() []Step {
	var plan []Step
	calibrated := map[capacityKey]bool{}
	bounded := map[int]bool{}
	for _, sc := range s.Scenarios {
		if n := sc.Load.Clients; sc.Load.Loop == trial.Open && !bounded[n] {
			bounded[n] = true
			plan = append(plan, ceiling(sc)...)
		}
		if key := keyOf(sc); sc.Load.Loop != trial.Closed && !calibrated[key] {
			calibrated[key] = true
			plan = append(plan, s.capacity(sc)...)
		}
	}
	return plan
}

// repetition is one round over the strategies of each scenario that have to go on, by their full names. Rounds are
// outermost, so that drift of the machine meets all strategies alike; within a round come the scenarios, within a scenario
// its levels of load, shuffled by seed, and within a level the strategies, the baseline and its twin among them, shuffled
// as well: what is compared was measured within seconds. Each block is one scenario at one level. Scenarios that search
// for a capacity have none: what they measure next depends on what came before.
func (s Suite) repetition(rep int, open map[string][]string, seed uint64) [][]Step {
	var blocks [][]Step
	for _, sc := range s.Scenarios {
		if sc.question() == trial.Capacity || len(open[sc.Name]) == 0 {
			continue
		}
		random := rand.New(rand.NewPCG(seed, mix(sc.Name, rep, 0)))
		levels := sc.levels(rep)
		shuffle(random, levels)
		for _, level := range levels {
			steps := s.level(sc, rep, level, open[sc.Name], seed)
			shuffle(random, steps)
			blocks = append(blocks, steps)
		}
	}
	return blocks
}

func shuffle[T any](random *rand.Rand, s []T) {
	random.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

// levels are the loads of a scenario in one repetition; a closed loop has one.
func (sc Scenario) levels(rep int) []trial.Load {
	if sc.Load.Loop == trial.Closed {
		return []trial.Load{sc.Load}
	}
	var out []trial.Load
	for _, f := range sc.Fractions {
		if f == sc.decideAt() || sc.Sketch == 0 || rep < sc.Sketch {
			l := sc.Load
			l.Fraction = f
			out = append(out, l)
		}
	}
	return out
}

// level lists one repetition's trials of one scenario at one level, not yet shuffled: of the baseline, its twin, and the
// others that have to go on.
func (s Suite) level(sc Scenario, rep int, load trial.Load, open []string, seed uint64) []Step {
	var steps []Step
	for i, name := range sc.Strategies {
		full := s.fullName(name)
		if i > 0 && !slices.Contains(open, full) {
			continue
		}
		step := Step{
			Scenario: sc, Strategy: full, Repetition: rep, Load: load,
			Seed: mix(sc.Name, rep, load.Fraction) ^ seed,
		}
		steps = append(steps, step)
		if i == 0 && sc.question() == trial.Compare {
			step.Twin = true
			steps = append(steps, step)
		}
	}
	return steps
}

// search is for the capacity of one strategy.
func (sc Scenario) search() stat.Search { return stat.Search{Lo: sc.Fractions[0], Hi: sc.Fractions[1]} }

// probes is about how many trials a search takes: what halving the grid would, and the searches that begin near the last
// answer take no more as a rule.
func (sc Scenario) probes() int {
	grid := stat.Grid(sc.Fractions[0], sc.Fractions[1])
	return int(math.Ceil(math.Log2(float64(len(grid) + 1))))
}

// probe is one trial of a search for a capacity.
func (s Suite) probe(sc Scenario, strategy string, rep int, fraction float64, seed uint64) Step {
	load := sc.Load
	load.Fraction = fraction
	return Step{Scenario: sc, Strategy: strategy, Repetition: rep, Load: load, Seed: mix(sc.Name, rep, fraction) ^ seed}
}

// searchers are a repetition's strategies of a scenario that searches, in the order of their turn.
func (s Suite) searchers(sc Scenario, rep int, seed uint64) []string {
	var names []string
	for _, name := range sc.Strategies {
		names = append(names, s.fullName(name))
	}
	shuffle(rand.New(rand.NewPCG(seed, mix(sc.Name, rep, 0))), names)
	return names
}

// atMost is how many steps are left from a repetition on if those that are open are never decided.
func (s Suite) atMost(rep int, open map[string][]string) int {
	n := 0
	for ; rep < s.Repetitions; rep++ {
		for _, sc := range s.Scenarios {
			switch {
			case rep >= s.Repeats(sc):
			case sc.question() == trial.Capacity:
				n += len(open[sc.Name]) * sc.probes()
			case len(open[sc.Name]) > 0:
				n += len(sc.levels(rep)) * len(s.level(sc, rep, sc.Load, open[sc.Name], 0))
			}
		}
	}
	return n
}

// everything is all strategies of all scenarios, which is what is open before the first repetition.
func (s Suite) everything() map[string][]string {
	open := map[string][]string{}
	for _, sc := range s.Scenarios {
		for _, name := range sc.Strategies {
			open[sc.Name] = append(open[sc.Name], s.fullName(name))
		}
	}
	return open
}

// Trials is how many trials the suite takes at most, if nothing is decided early and none has to be measured again.
func (s Suite) Trials() int { return len(s.calibration()) + s.atMost(0, s.everything()) }

// capacity measures the baseline of an open-loop scenario in closed loop.
func (s Suite) capacity(sc Scenario) []Step {
	var steps []Step
	name := s.fullName(sc.Strategies[0])
	load := trial.Load{Loop: trial.Closed, Clients: sc.capacityClients()}
	sc.Name, sc.Interleaved, sc.Drain = capacityName(sc), 0, false
	sc.About = "What the offered loads of the open loops are fractions of: the baseline in closed loop."
	for rep := range calibrations {
		steps = append(steps, Step{Scenario: sc, Strategy: name, Repetition: rep, Load: load, Calibrates: true})
	}
	return steps
}

// ceiling measures the driver: echo in closed loop against the null server. What it can do beyond that depends little on
// what is asked, because the sockets cost it far more than anything it does itself.
func ceiling(sc Scenario) []Step {
	var steps []Step
	null := Scenario{
		Name:     fmt.Sprintf("ceiling of the driver (%s)", clientsText(sc.Load.Clients)),
		About:    "What the driver itself can do, when the server does next to nothing: equality is judged below half of it.",
		Workload: "echo",
		Timing:   sc.Timing,
	}
	load := trial.Load{Loop: trial.Closed, Clients: sc.Load.Clients}
	for rep := range calibrations {
		steps = append(steps, Step{Scenario: null, Strategy: trial.NullServer, Repetition: rep, Load: load, Calibrates: true, Null: true})
	}
	return steps
}

// mostAtCapacity is how many clients ask when the capacity of sessions is measured: enough to keep every CPU busy, and not
// so many that the queue of those that are waiting is what is measured. Sessions have far more slots than that, for those
// that wait beyond capacity.
const mostAtCapacity = 64

func (sc Scenario) capacityClients() int {
	if sc.Load.Loop == trial.Sessions {
		return min(sc.Load.Clients, mostAtCapacity)
	}
	return sc.Load.Clients
}

// capacityName is the scenario under which a capacity is recorded: a different one for each that is measured.
func capacityName(sc Scenario) string {
	return fmt.Sprintf("capacity of %s (%s, %s)", sc.Workload, sc.Strategies[0], clientsText(sc.capacityClients()))
}

// clientsText is a part of names, which have no separators of thousands.
func clientsText(n int) string { return fmt.Sprintf("%d %s", n, figures.Noun(n, "client")) }

// fullName completes a name that Check has parsed.
func (s Suite) fullName(name string) string {
	spec, err := s.Kinds.Spec(name)
	if err != nil {
		panic("bench: a checked name does not parse: " + err.Error())
	}
	return spec.String()
}

// capacityKey is what scenarios have to share to share a measured capacity.
type capacityKey struct {
	workload, baseline string
	clients            int
}

func keyOf(sc Scenario) capacityKey {
	return capacityKey{sc.Workload, sc.Strategies[0], sc.capacityClients()}
}

// mix hashes a place in the plan, so that adding a scenario or a level leaves the order and the arrivals of the others as
// they are.
func mix(scenario string, rep int, fraction float64) uint64 {
	h := fnv.New64a()
	h.Write([]byte(scenario))
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(rep)))
	h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(fraction)))
	return h.Sum64()
}
