package bench

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

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

// Plan puts the suite in order. First comes what open loops take their rates from. Then repetitions are outermost, so
// that drift of the machine meets all strategies alike; within a repetition come the scenarios, within a scenario its
// levels of load, shuffled by seed, and within a level the strategies, the baseline's twin among them, shuffled as
// well: what is compared was measured within seconds.
func (s Suite) Plan(seed uint64) ([]Step, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
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
			plan = append(plan, s.calibration(sc)...)
		}
	}
	for rep := range s.Repetitions {
		for _, sc := range s.Scenarios {
			random := rand.New(rand.NewPCG(seed, mix(sc.Name, rep, 0)))
			levels := sc.levels()
			shuffle(random, levels)
			for _, level := range levels {
				steps := s.level(sc, rep, level, seed)
				shuffle(random, steps)
				plan = append(plan, steps...)
			}
		}
	}
	return plan, nil
}

func shuffle[T any](random *rand.Rand, s []T) {
	random.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

// levels are the loads of a scenario; a closed loop has one.
func (sc Scenario) levels() []trial.Load {
	if sc.Load.Loop == trial.Closed {
		return []trial.Load{sc.Load}
	}
	out := make([]trial.Load, len(sc.Fractions))
	for i, f := range sc.Fractions {
		out[i] = sc.Load
		out[i].Fraction = f
	}
	return out
}

// level lists one repetition's trials of one scenario at one level, not yet shuffled.
func (s Suite) level(sc Scenario, rep int, load trial.Load, seed uint64) []Step {
	var steps []Step
	for i, name := range sc.Strategies {
		step := Step{
			Scenario: sc, Strategy: s.fullName(name), Repetition: rep, Load: load,
			Seed: mix(sc.Name, rep, load.Fraction) ^ seed,
		}
		steps = append(steps, step)
		if i == 0 {
			step.Twin = true
			steps = append(steps, step)
		}
	}
	return steps
}

// calibration measures the baseline of an open-loop scenario in closed loop.
func (s Suite) calibration(sc Scenario) []Step {
	var steps []Step
	name := s.fullName(sc.Strategies[0])
	load := trial.Load{Loop: trial.Closed, Clients: sc.Load.Clients}
	sc.Name = capacityName(sc)
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
		Name:     fmt.Sprintf("ceiling of the driver (%d clients)", sc.Load.Clients),
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

// capacityName is the scenario under which a capacity is recorded: a different one for each that is measured.
func capacityName(sc Scenario) string {
	return fmt.Sprintf("capacity of %s (%s, %d clients)", sc.Workload, sc.Strategies[0], sc.Load.Clients)
}

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
	return capacityKey{sc.Workload, sc.Strategies[0], sc.Load.Clients}
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
