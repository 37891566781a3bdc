package bench

import (
	"slices"
	"strconv"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// capacities are what a run has measured to offer fractions of.
type capacities struct {
	capacity map[capacityKey][]float64 // requests (or sessions) per second, one for each calibration
	ceiling  map[capacityKey][]float64 // those of them that were limited by the driver
	null     map[int][]float64         // by the number of clients: requests per second of the driver with the null server
}

func newCapacities() capacities {
	return capacities{capacity: map[capacityKey][]float64{}, ceiling: map[capacityKey][]float64{}, null: map[int][]float64{}}
}

// calibrate takes what t has measured: a capacity, or what the driver can do.
func (c capacities) calibrate(step Step, t trial.Trial) {
	perSecond := float64(t.Counts.Good) / t.Window.Seconds()
	if step.Null {
		n := step.Load.Clients
		c.null[n] = append(c.null[n], perSecond)
		return
	}
	key := keyOf(step.Scenario)
	c.capacity[key] = append(c.capacity[key], perSecond)
	if t.Has(finding.DriverBound) {
		c.ceiling[key] = append(c.ceiling[key], perSecond)
	}
}

// measurable are the scenarios that there is a rate for or that need none, those that are left out, and the calibrations that would
// have told their rates.
func (s Suite) measurable(c capacities) (scenarios []Scenario, out, spoilt []string) {
	for _, sc := range s.Scenarios {
		if sc.Load.Loop == trial.Closed || middle(c.capacity[keyOf(sc)]) > 0 {
			scenarios = append(scenarios, sc)
			continue
		}
		out = append(out, sc.Name)
		if name := strconv.Quote(capacityName(sc)); !slices.Contains(spoilt, name) {
			spoilt = append(spoilt, name)
		}
	}
	return scenarios, out, spoilt
}

// offered is the load of an open loop's step in requests (or sessions) per second, and what part that is of what the driver
// can do; 0: not known. Whatever the driver has done once it can do: of requests with the null server or a real one, and of
// sessions where it was what limited them. The step's scenario has to be measurable.
func (c capacities) offered(step Step) (rate, overCeiling float64) {
	key := keyOf(step.Scenario)
	rate = step.Load.Fraction * middle(c.capacity[key])
	done := c.ceiling[key]
	if step.Load.Loop == trial.Open {
		done = append(slices.Clone(c.null[step.Load.Clients]), c.capacity[key]...)
	}
	if len(done) > 0 {
		overCeiling = rate / slices.Max(done)
	}
	return rate, overCeiling
}

// middle is the median, the lower one of two; 0 for none.
func middle(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}
