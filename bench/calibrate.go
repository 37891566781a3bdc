package bench

import (
	"fmt"
	"slices"

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

// offered is the load of an open loop's step in requests (or sessions) per second, and what part that is of what the driver
// can do; 0: not known. Whatever the driver has done once it can do: of requests with the null server or a real one, and of
// sessions where it was what limited them.
func (c capacities) offered(step Step) (rate, overCeiling float64, err error) {
	key := keyOf(step.Scenario)
	capacity := middle(c.capacity[key])
	if capacity <= 0 {
		return 0, 0, fmt.Errorf("there is no rate to offer, because the capacity could not be measured; the trials of %q say why", capacityName(step.Scenario))
	}
	rate = step.Load.Fraction * capacity
	done := c.ceiling[key]
	if step.Load.Loop == trial.Open {
		done = append(slices.Clone(c.null[step.Load.Clients]), c.capacity[key]...)
	}
	if len(done) > 0 {
		overCeiling = rate / slices.Max(done)
	}
	return rate, overCeiling, nil
}

// middle is the median, the lower one of two; 0 for none.
func middle(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[(len(values)-1)/2]
}
