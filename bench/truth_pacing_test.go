package bench_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/internal/load/schedule"
	"github.com/poolbench/poolbench/bench/internal/server"
	"github.com/poolbench/poolbench/bench/trial"
)

// A generator that sleeps with timers of a millisecond deals out all that has become due when it wakes.
func TestAGeneratorThatPacesToTheMillisecondIsFoundOut(t *testing.T) {
	const rate, window = 5000, 5 * time.Second
	asleep := func(granule time.Duration) func(time.Duration) time.Duration {
		return func(due time.Duration) time.Duration { return (due + granule - 1) / granule * granule }
	}
	for name, c := range map[string]struct {
		deal         func(due time.Duration) time.Duration
		arrivals     trial.Arrivals
		named, wrong bool
	}{
		"a millisecond, constant":        {asleep(time.Millisecond), trial.Constant, true, true},
		"a millisecond, Poisson":         {asleep(time.Millisecond), trial.Poisson, true, false}, // bunches of five among arrivals that come in bunches by chance
		"two milliseconds, Poisson":      {asleep(2 * time.Millisecond), trial.Poisson, true, true},
		"ten microseconds":               {asleep(10 * time.Microsecond), trial.Poisson, false, false},
		"always late by a millisecond":   {func(due time.Duration) time.Duration { return due + time.Millisecond }, trial.Constant, false, false},
		"when it is due and not earlier": {func(due time.Duration) time.Duration { return due }, trial.Constant, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := trial.Load{Loop: trial.Open, Clients: 64, Rate: rate, Arrivals: c.arrivals}
			var scheduled, dealt schedule.Gaps
			s := schedule.New(l, 0, 1)
			last := s.Next()
			for due := s.Next(); due < window; due = s.Next() {
				scheduled.Record(due - last)
				dealt.Record(c.deal(due) - c.deal(last))
				last = due
			}
			x := trial.Trial{Load: l, Window: window, Driving: trial.Driving{ArrivalError: schedule.GapError(&scheduled, &dealt)}}
			x.Findings = finding.Of(x)
			var got *trial.Finding
			for _, f := range x.Findings {
				if f.Code == finding.ArrivalsDistorted {
					got = &f
				}
			}
			if (got != nil) != c.named || got != nil && got.Invalid != c.wrong {
				t.Errorf("with an arrival error of %.2f the finding is %+v; want named: %v, invalid: %v", x.Driving.ArrivalError, got, c.named, c.wrong)
			}
		})
	}
}

// What no driver can send must not look like a slow server. The server is the one that costs least, and each side has CPUs of
// its own where the system can pin processes, so that it is the driver that comes to its end.
func TestADriverThatIsAskedForTooMuchSaysSo(t *testing.T) {
	const rate, window = 10e6, 100 * time.Millisecond
	sides, err := bench.ParseSides("", "")
	if err != nil {
		t.Fatal(err)
	}
	apart := len(sides.Driver.CPUs) > 0 && len(sides.Warnings) == 0
	for _, driver := range bench.Drivers() {
		t.Run(driver, func(t *testing.T) {
			undisturbed(t, func(t *testing.T) error {
				child, err := startChild(t, server.Config{Null: true, CPUs: sides.Server.CPUs, GOMAXPROCS: sides.Server.GOMAXPROCS})
				if err != nil {
					return err
				}
				timing := bench.Timing{Window: window, TimeOut: time.Second, BackOff: time.Millisecond}
				l := trial.Load{Loop: trial.Open, Clients: 64, Rate: rate, Arrivals: trial.Constant}
				x, err := bench.Drive(t.Context(), child.Addr(), find("echo"), l, timing, bench.DriveOptions{Driver: driver, CPUs: sides.Driver.CPUs, OwnCPUs: apart})
				if err != nil {
					return err
				}
				checkRecord(t, x, driver)
				if due := int64(rate * window.Seconds()); x.Counts.Intended != due || x.Counts.OK == due {
					t.Errorf("%d requests were due, and %d of them counted and %d answered", due, x.Counts.Intended, x.Counts.OK)
				}
				if x.Invalid == "" {
					t.Errorf("it is valid, with these findings: %v", x.Findings)
				}
				t.Logf("%s: limited by %s: %v", driver, finding.Bound(x), x.Findings)
				if limit := finding.Bound(x); apart && limit != finding.ByDriver {
					return fmt.Errorf("limited by the %s, and has these findings: %v", limit, x.Findings)
				}
				return nil
			})
		})
	}
}
