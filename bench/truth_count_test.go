package bench_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// faultEvery: each so many-th request of a connection goes wrong.
const faultEvery = 5

// A fault appends what is answered instead.
type fault func(dst []byte) ([]byte, error)

var faultsByName = map[string]fault{
	"wrong":  func(dst []byte) ([]byte, error) { return append(dst, "wrong\n"...), nil },
	"busy":   func(dst []byte) ([]byte, error) { return append(dst, "busy\n"...), nil },
	"closes": func(dst []byte) ([]byte, error) { return dst, io.EOF },
	"silent": func(dst []byte) ([]byte, error) { return dst, nil },
}

// faultyWorkloads are echoes with one fault each.
func faultyWorkloads() []workload.Workload {
	var all []workload.Workload
	for name, f := range faultsByName {
		w := find("echo")
		w.Name = name
		w.Handler = func() strategies.Handler { return strategies.Messages(faulty(f)) }
		all = append(all, w)
	}
	return all
}

type faulty fault

func (f faulty) Open() strategies.Session { return &faultySession{fault: fault(f)} }

type faultySession struct {
	fault fault
	asked int
}

func (s *faultySession) Greet(dst []byte) []byte { return dst }
func (s *faultySession) Split(data []byte, atEOF bool) (int, []byte, error) {
	return bufio.ScanLines(data, atEOF)
}
func (s *faultySession) Answer(_ context.Context, dst, line []byte) ([]byte, error) {
	if s.asked++; s.asked%faultEvery == 0 {
		return s.fault(dst)
	}
	return append(append(dst, line...), '\n'), nil
}

func TestEveryFaultIsCountedToTheLastOne(t *testing.T) {
	t.Parallel()
	faults(t)
}

// faults drives each fault at a constant rate, so that the number of requests, and of those that go wrong, is known: a
// connection that ends begins its count anew, but it ends with the faulty one.
func faults(t *testing.T) {
	const clients, each = 4, 20 // requests of each client
	const window = 500 * time.Millisecond
	const bad, good = clients * each / faultEvery, clients * each * (faultEvery - 1) / faultEvery
	type expectation struct {
		fault   string
		timeOut time.Duration
		tail    time.Duration
		want    trial.Counts
	}
	const patient = 30 * time.Second
	all := map[string]experiment{}
	for name, c := range map[string]expectation{
		"wrong answers":       {"wrong", patient, patient, trial.Counts{Sent: good + bad, OK: good, Failed: bad}},
		"refused":             {"busy", patient, patient, trial.Counts{Sent: good + bad, OK: good, Rejected: bad}},
		"closed":              {"closes", patient, patient, trial.Counts{Sent: good + bad, OK: good, Failed: bad}},
		"no answer":           {"silent", window, patient, trial.Counts{Sent: good + bad, OK: good, TimedOut: bad}},
		"no answer, for ever": {"silent", patient, window, trial.Counts{Sent: clients * faultEvery, OK: clients * (faultEvery - 1), Unanswered: clients, Unsent: clients * (each - faultEvery)}},
	} {
		for _, driver := range bench.Drivers() {
			all[driver+", "+name] = func(t *testing.T) error {
				child, err := startServer(t, "goroutine", c.fault)
				if err != nil {
					return err
				}
				timing := bench.Timing{Window: window, Tail: c.tail, TimeOut: c.timeOut, BackOff: time.Millisecond}
				l := trial.Load{Loop: trial.Open, Clients: clients, Rate: clients * each / window.Seconds(), Arrivals: trial.Constant}
				x, err := bench.Drive(t.Context(), child.Addr(), find("echo"), l, timing, bench.DriveOptions{Driver: driver, Seed: 1})
				if err != nil {
					return err
				}
				checkRecord(t, x, driver)
				got, want := x.Counts, c.want
				want.Intended = good + bad
				got.Good = 0 // the last ones may be answered behind the window
				if got != want {
					return fmt.Errorf("counted %+v, want %+v", got, want)
				}
				if x.Clients.Served != clients {
					t.Errorf("%d of %d clients served", x.Clients.Served, clients)
				}
				// What has no answer stands in the response times at the time-out, and is not left out.
				if without := want.TimedOut + want.Unanswered + want.Unsent; without > 0 {
					q := 1 - float64(without-1)/float64(want.Intended)
					if response, _ := x.Latency.Response.Quantile(q); response < c.timeOut*99/100 {
						t.Errorf("%d of %d requests have no answer, and the response at %v is %v", without, want.Intended, q, response)
					}
				}
				return nil
			}
		}
	}
	together(t, all)
}
