package finding

import (
	"slices"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// taking has of take turns in slices of 25 ms with another server, which uses as much as its own: half of the window for each.
func taking(of func() trial.Trial) func() trial.Trial {
	return func() trial.Trial {
		t := of()
		t.Load.Rate *= 2
		t.Driving.Idle /= 2
		t.Turns = &trial.Turns{Every: 25 * ms, Index: 1, Of: 2, Neighbours: trial.Neighbours{
			CPU: t.ServerUsage.CPU, UserCPU: t.ServerUsage.UserCPU}}
		t.System.CPUBusy += t.ServerUsage.CPU
		return t
	}
}

func TestATrialInTurnsIsJudgedByItsOwnSlices(t *testing.T) {
	open, closed := taking(open), taking(closed)
	for _, c := range []ruleCase{
		{"open, and nothing to say", open, func(*trial.Trial) {}, nil},
		{"closed, and nothing to say", closed, func(*trial.Trial) {}, nil},
		{"the only one of one", open, func(t *trial.Trial) {
			t.Turns = &trial.Turns{Every: 25 * ms, Of: 1}
			t.Load.Rate /= 2
			t.Driving.Idle *= 2
			t.System = trial.System{CPUPressure: time.Second, CPUBusy: 4451 * ms}
		}, is(because(MachineDisturbed))},

		// The three use 3 s, of which 1.3 s in the kernel; 10 % of two CPUs and five ticks are 1.05 s.
		{"others used some", closed, func(t *trial.Trial) { t.System.CPUPressure, t.System.CPUBusy = time.Second, 4050*ms }, nil},
		{"others used more, perhaps", closed, func(t *trial.Trial) { t.System.CPUPressure, t.System.CPUBusy = time.Second, 4051*ms }, is(MachineDisturbed)},
		{"perhaps the network", closed, func(t *trial.Trial) { t.System.CPUPressure, t.System.CPUBusy = time.Second, 5350*ms }, is(MachineDisturbed)},
		{"surely others", closed, func(t *trial.Trial) { t.System.CPUPressure, t.System.CPUBusy = time.Second, 5351*ms }, is(because(MachineDisturbed))},
		{"others or neighbours who did not tell", closed, func(t *trial.Trial) {
			t.Turns.Neighbours = trial.Neighbours{}
			t.System.CPUPressure, t.System.CPUBusy = 5*time.Second, 9*time.Second
		}, nil},
		{"servers wait for each other", closed, func(t *trial.Trial) { t.System.CPUPressure = t.Window }, nil},
		{"somebody waits, and no other has its turn", closed, func(t *trial.Trial) {
			t.Turns.Of, t.System.CPUPressure = 1, 2501*ms
			t.Driving.Idle *= 2
		}, is(because(MachineDisturbed))},

		{"a tenth of its own time to spare", open, func(t *trial.Trial) { t.Driving.Idle = 250 * ms }, nil},
		{"less of it to spare", open, func(t *trial.Trial) { t.Driving.Idle = 249 * ms }, is(because(DriverBound))},
		{"less to spare, closed", closed, func(t *trial.Trial) { t.Driving.Idle = 249 * ms }, is(DriverBound)},
		{"goroutines of all loads at 90 %", closed, func(t *trial.Trial) { goroutines(t, 1, 4500*ms) }, nil},
		{"goroutines of all loads at more", closed, func(t *trial.Trial) { goroutines(t, 1, 4501*ms) }, is(DriverBound)},
		{"a gap of 5 % of its own time", open, func(t *trial.Trial) { t.Driving.LongestGap = 125 * ms }, nil},
		{"a longer gap", open, func(t *trial.Trial) { t.Driving.LongestGap = 126 * ms }, is(DriverPaused)},

		{"due in all slices", open, func(t *trial.Trial) { t.Load.Rate /= 2 }, is(because(InconsistentLoad))},
		{"due in too few", open, func(t *trial.Trial) { t.Load.Rate *= 2 }, is(because(InconsistentLoad))},

		// At most rate × longest = 10,000/s × 2 ms = 20 requests of 2 ms each are cut at an edge, beside 5 % of what was in flight.
		{"in flight as few more as its rate allows", open, func(t *trial.Trial) { t.Driving.InFlight *= 1.064 }, nil},
		{"in flight more", open, func(t *trial.Trial) { t.Driving.InFlight *= 1.072 }, is(because(InconsistentTimes))},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := c.of()
			c.change(&x)
			if got := seen(Of(x)); !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v\n%+v", got, c.want, Of(x))
			}
		})
	}
}
