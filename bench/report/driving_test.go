package report

import (
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: a driver that is not named, or named by trials that never got to know it; a ceiling or an offered load that is
// missing; the old claim that every closed loop is bounded by the driver.
func TestTheMethodSaysWhoDroveAndWhatItCanDo(t *testing.T) {
	busy := goldenSynth
	busy.mutate = func(tr *trial.Trial) {
		if tr.Load.Loop == trial.Closed {
			tr.Driving.Spun = 0 // there was never anything to wait for
		}
	}
	run := busy.run()
	method := part(t, string(Markdown(run)), "## How it was measured")
	for _, want := range []string{
		"**Driver:** epoll, 1 event loop with nobody else on its CPU, awake (spinning)",
		"**Ceiling of the driver (64 clients):** 149k/s in closed loop", "at most half of it, 74.3k/s",
		"**Offered over the driver's ceiling:** echo-open 32 % and 58 %; wait-open 3.7 % and 6.6 %.",
		"In 40 of 224 trials that was the driver",
		"**Capacity of echo (goroutine, 64 clients):** 95.3k/s in closed loop, the median of 3 trials before the first comparison (the driver was the bottleneck",
		"**Capacity of wait (goroutine, 64 clients):** 11.1k/s in closed loop, the median of 3 trials before the first comparison; ",
	} {
		if !strings.Contains(method, want) {
			t.Errorf("the method lacks %q:\n%s", want, method)
		}
	}
	if strings.Contains(method, "bounded by the driver as well") || strings.Contains(method, "**Ports:**") {
		t.Errorf("the method says what is not so:\n%s", method)
	}

	idle := goldenSynth
	idle.idle = true
	waits := []time.Duration{0, 2500 * time.Millisecond, time.Second}
	idle.mutate = func(tr *trial.Trial) {
		switch {
		case tr.Seq < 3:
			tr.System.TimeWaitWait = waits[tr.Seq]
			tr.Driver.Name, tr.Driving = "goroutines", trial.Driving{}
		case tr.Seq == 3:
			tr.Driver.Name, tr.Driving, tr.Invalid = "of a trial that died", trial.Driving{}, "died"
		default:
			tr.Driving.Shards, tr.Driving.Spun = 2, 0
		}
	}
	method = part(t, string(Markdown(idle.run())), "## How it was measured")
	for _, want := range []string{
		"**Driver:** epoll, 2 event loops, asleep while there is nothing to do (450 trials); goroutines, without event loops of its own",
		"(3 trials).", "**Ports:** 2 trials began only after sockets", "the longest took 2.5 s",
	} {
		if !strings.Contains(method, want) {
			t.Errorf("the method lacks %q:\n%s", want, method)
		}
	}
	for _, lack := range []string{"a trial that died", "**Ceiling", "Offered over", "**Closed loop:**"} {
		if strings.Contains(method, lack) {
			t.Errorf("the method has %q:\n%s", lack, method)
		}
	}
}
