package workload_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

const (
	clients  = 2                // no more than any kind has workers
	asked    = 10               // requests or sessions
	patience = 20 * time.Second // for what ends by itself when the code is right
)

// drive has w served by s and loaded for a moment, and returns what became of the requests or sessions.
func drive(t *testing.T, w workload.Workload, s strategies.Strategy, driver string) trial.Counts {
	t.Helper()
	ln, err := strategies.Listen("tcp", "127.0.0.1:0", s)
	if err != nil {
		t.Fatal(err)
	}
	target := ln.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, ln, w.Handler(), strategies.Options{Busy: w.Busy}) }()
	defer func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	// Not a closed loop: thousands of sessions would leave so many sockets in TIME_WAIT that later loads wait for ports.
	timing := bench.Timing{Window: 20 * time.Millisecond, Tail: patience, TimeOut: patience, BackOff: time.Millisecond}
	load := trial.Load{Loop: trial.Open, Clients: clients, Rate: asked / timing.Window.Seconds(), Arrivals: trial.Constant}
	if w.Client.Measured() == workload.Session {
		load.Loop = trial.Sessions
	}
	x, err := bench.Drive(t.Context(), target, w, load, timing, bench.DriveOptions{Driver: driver, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if x.Counts.Intended != asked {
		t.Errorf("want %d to be asked: %+v", asked, x.Counts)
	}
	return x.Counts
}

// eachDriven runs test for every workload with each of drivers.
func eachDriven(t *testing.T, drivers []string, test func(t *testing.T, w workload.Workload, driver string)) {
	for _, w := range workload.All() {
		for _, driver := range drivers {
			t.Run(w.Name+", "+driver, func(t *testing.T) {
				t.Parallel()
				test(t, w, driver)
			})
		}
	}
}

// full is a pool that is at its limit whenever it is asked.
type full struct{}

func (full) Dispatch(context.Context, func()) error { return strategies.ErrFull }
func (full) Close() error                           { return nil }

func newFull(strategies.Limits) (strategies.Dispatcher, error) { return full{}, nil }

// A driver that takes a refusal for a failure would show a server that sheds load as one that is broken.
func TestASessionThatIsRefusedIsCountedAsRejected(t *testing.T) {
	limits := strategies.Limits{Workers: 1, WhenFull: strategies.Reject}
	eachDriven(t, bench.Drivers(), func(t *testing.T, w workload.Workload, driver string) {
		if w.Client.Measured() != workload.Session {
			t.Skip("package load tests it for requests")
		}
		for _, s := range []strategies.Strategy{strategies.PerConn("full", newFull, limits), strategies.PerRequest("full", newFull, limits)} {
			if n := drive(t, w, s, driver); n.Rejected != asked {
				t.Errorf("%s: want all of them rejected: %+v", s.Name(), n)
			}
		}
	})
}

// early is a server that greets as w does, and closes when it has read so many bytes of what its client sends.
type early struct {
	greeting []byte
	reads    int
}

func (e early) ServeConn(_ context.Context, conn net.Conn) error {
	if _, err := conn.Write(e.greeting); err != nil {
		return err
	}
	for range e.reads {
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			return err
		}
	}
	return fmt.Errorf("closed after %d bytes", e.reads) // or the server would read on before it closes
}

// A server that does not want to know what it was sent could be as fast as it likes.
func TestASessionOfWhichNotAllWasReadHasFailed(t *testing.T) {
	strategy, err := all.Kinds().Parse("goroutine")
	if err != nil {
		t.Fatal(err)
	}
	eachDriven(t, bench.Drivers(), func(t *testing.T, w workload.Workload, driver string) {
		if w.Client.Measured() != workload.Session {
			t.Skip("each answer is checked")
		}
		protocol, _ := strategies.ProtocolOf(w.Handler())
		greeting := protocol.Open().Greet(nil)
		for _, reads := range []int{0, 1, len(w.Client.Request(nil, 0)) - 1} {
			w.Handler = func() strategies.Handler { return early{greeting, reads} }
			if n := drive(t, w, strategy, driver); n.Failed != asked {
				t.Errorf("it reads %d bytes, and closes: want all sessions failed: %+v", reads, n)
			}
		}
	})
}

// One driver will do: what a session or an answer is, they agree on in the tests above and in package load.
func TestEveryStrategyServesEveryWorkload(t *testing.T) {
	for _, kind := range all.Kinds() {
		for _, unit := range kind.Units {
			s, err := all.Kinds().Parse(kind.Name + ":unit=" + unit.String())
			if err != nil {
				t.Fatal(err)
			}
			t.Run(kind.Name+", "+unit.String(), func(t *testing.T) {
				eachDriven(t, bench.Drivers()[:1], func(t *testing.T, w workload.Workload, driver string) {
					if n := drive(t, w, s, driver); n.OK != asked {
						t.Errorf("want all answered: %+v", n)
					}
				})
			})
		}
	}
}
