//go:build unix

package bench_test

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// stallRate is the load under which processes are stopped, requests per second on stallClients connections.
const (
	stallRate    = 5000
	stallClients = 64
)

// stallWindow is what each driver is given in the tests that are not a soak: for the best one a second out of five, for
// others less, because there is nothing else to be seen.
func stallWindow(driver string) time.Duration {
	if driver == bench.Drivers()[0] {
		return 5 * time.Second
	}
	return 2 * time.Second
}

// innocent is the share of the p99 response that whoever was not stopped may have in it, and stallBound how far percentiles
// may be from the truth. Goroutines have to share their CPUs with the server that works off what has come, and had a shorter
// stop than event loops.
func innocent(driver string) float64 {
	if driver == bench.Drivers()[0] {
		return 0.05
	}
	return 0.1
}

func stallBound(driver string) float64 {
	if driver == bench.Drivers()[0] {
		return 0.03
	}
	return 0.05
}

func stallLoad() trial.Load {
	return trial.Load{Loop: trial.Open, Clients: stallClients, Rate: stallRate, Arrivals: trial.Constant}
}

func TestAStalledServerIsToldAsItsUsersFeelIt(t *testing.T) {
	for _, driver := range bench.Drivers() {
		t.Run(driver, func(t *testing.T) { stalledServer(t, driver, stallWindow(driver)) })
	}
}

func TestAStalledDriverBlamesItself(t *testing.T) {
	for _, driver := range bench.Drivers() {
		t.Run(driver, func(t *testing.T) { stalledDriver(t, driver, 2*time.Second) })
	}
}

func soakStalls(t *testing.T) {
	for _, driver := range bench.Drivers() {
		t.Run("server, "+driver, func(t *testing.T) { stalledServer(t, driver, 5*time.Second) })
		t.Run("driver, "+driver, func(t *testing.T) { stalledDriver(t, driver, 5*time.Second) })
	}
}

// stalledServer stops a server for a fifth of the window. Requests that are due u after the stop wait for the rest, stall − u,
// and u is spread evenly: of all requests in the window those that wait for more than x are (stall − x) / window. So
//
//	p99 = stall − window/100
//
// for a server that works the rest off in no time, which an echo nearly does: the first to be due are the first to be served.
func stalledServer(t *testing.T, driver string, window time.Duration) {
	undisturbed(t, func(t *testing.T) error {
		child, err := startServer(t, "goroutine", "echo")
		if err != nil {
			return err
		}
		timing := truthTiming(window)
		stalled := make(chan time.Duration, 1)
		go func() { stalled <- stall(child.Identity().PID, timing.WarmUp+window/4, window/5) }()
		x, err := bench.Drive(t.Context(), child.Addr(), find("echo"), stallLoad(), timing, bench.DriveOptions{Driver: driver, Seed: 1})
		took := <-stalled
		if err != nil {
			return err
		}
		checkRecord(t, x, driver)
		if due := int64(window.Seconds() * stallRate); x.Counts.Intended != due || x.Counts.OK != due {
			t.Errorf("%d requests were due, and %d of them counted and %d answered", due, x.Counts.Intended, x.Counts.OK)
		}

		l := x.Latency
		truth := took - window/100
		response, wait, lag := quantile(t, l.Response, 0.99), quantile(t, l.Wait, 0.99), quantile(t, l.Lag, 0.99)
		t.Logf("stopped for %v: response p99 %v (truth %v), wait p99 %v, lag p99 %v, longest service %v; means: response %v, wait %v, lag %v, service %v; %v",
			took, response, truth, wait, lag, l.Service.Max(), l.Response.Mean(), l.Wait.Mean(), l.Lag.Mean(), l.Service.Mean(), x.Findings)

		// Every response is the sum of the other three, so the means are too, and nothing is counted twice or left out.
		sum := l.Wait.Mean() + l.Lag.Mean() + l.Service.Mean()
		// Half of the stall for each of the requests in it, and what comes out of catching up.
		mean := time.Duration(float64(took) * float64(took) / float64(2*window))
		switch {
		case x.Invalid != "":
			return fmt.Errorf("invalid: %s", x.Invalid)
		case !near(response, truth, stallBound(driver)):
			return fmt.Errorf("response p99 is %v, want %v", response, truth)
		case !near(l.Response.Max(), took, 0.05):
			return fmt.Errorf("the longest response is %v, want the stop's %v", l.Response.Max(), took)
		case !near(sum, l.Response.Mean(), 0.01):
			return fmt.Errorf("wait, lag and service have a mean of %v together, and response of %v", sum, l.Response.Mean())
		case l.Response.Mean() < mean*97/100 || l.Response.Mean() > mean*3/2:
			return fmt.Errorf("the mean response is %v, want little more than %v", l.Response.Mean(), mean)
		// One request of each connection is in service during the stop, and the others wait for it.
		case wait < response*9/10:
			return fmt.Errorf("wait p99 is %v of a response p99 of %v", wait, response)
		case !near(l.Service.Max(), took, 0.05):
			return fmt.Errorf("the longest service is %v, want the stop's %v", l.Service.Max(), took)
		case lag.Seconds() > innocent(driver)*response.Seconds():
			return fmt.Errorf("lag p99 is %v: the driver takes the server's stop for its own", lag)
		}
		return stalledSlices(x.Series, timing.WarmUp, window, took)
	})
}

// stalledSlices says whether the stop stands in the slices in which it was: nothing is answered in those that lie within it, and
// who asks in one waits for the rest of the stop. It began a quarter of the window behind the warm-up, counted from before the
// driver connected.
func stalledSlices(s trial.Series, warmUp, window, took time.Duration) error {
	first := slices.Index(s.Good, 0)
	if first < 0 {
		return fmt.Errorf("answers in every slice of %v, and the server was stopped for %v", s.Slice, took)
	}
	last := first
	for last+1 < s.Len() && s.Good[last+1] == 0 {
		last++
	}
	from, to := time.Duration(first)*s.Slice, time.Duration(last+1)*s.Slice
	if to-from > took+s.Slice || to-from < took-2*s.Slice {
		return fmt.Errorf("no answers for %v in slices of %v, and the server was stopped for %v", to-from, s.Slice, took)
	}
	if late := window/4 - from; late > warmUp || late < -2*s.Slice {
		return fmt.Errorf("no answers from %v of the window on, want %v, or a little less", from, window/4)
	}
	for i := first; i <= last; i++ {
		// The stop ends in the slice behind the last, and then all that has come is worked off.
		least, most := to-time.Duration(i)*s.Slice-s.Slice/2, to-time.Duration(i)*s.Slice+2*s.Slice+took/4
		if mean := s.Response[i]; mean < least || mean > most {
			return fmt.Errorf("slice %d of those without an answer, %d to %d, has a mean response of %v, want %v to %v", i, first, last, mean, least, most)
		}
	}
	return nil
}

// stalledDriver stops a driver for a fifth of its window. The server stands ready, so that nothing of it is the server's.
func stalledDriver(t *testing.T, driver string, window time.Duration) {
	undisturbed(t, func(t *testing.T) error {
		child, err := startServer(t, "goroutine", "echo")
		if err != nil {
			return err
		}
		timing := truthTiming(window)
		other, err := startDriver(t, driveOrder{Target: child.Addr(), Workload: "echo", Load: stallLoad(), Timing: timing, Driver: driver})
		if err != nil {
			return err
		}
		took := stall(other.pid(), timing.WarmUp+window/4, window/5)
		x, err := other.trial()
		if err != nil {
			return err
		}
		checkRecord(t, x, driver)
		if due := int64(window.Seconds() * stallRate); x.Counts.Intended != due || x.Counts.OK != due {
			t.Errorf("%d requests were due, and %d of them counted and %d answered", due, x.Counts.Intended, x.Counts.OK)
		}
		l := x.Latency
		truth := took - window/100
		response, service, lag := quantile(t, l.Response, 0.99), quantile(t, l.Service, 0.99), quantile(t, l.Lag, 0.99)
		t.Logf("stopped for %v: response p99 %v (truth %v), service p99 %v, wait p99 %v, lag p99 %v; %v",
			took, response, truth, service, quantile(t, l.Wait, 0.99), lag, x.Findings)

		// However disturbed the machine is otherwise, this one has to be found out.
		if x.Invalid == "" || !x.Has(finding.DriverBound) {
			t.Errorf("a driver that was stopped for %v of its window of %v has these findings: %v", took, window, x.Findings)
		}
		if x.Driving.Shards > 0 && (x.Driving.LongestGap < took*19/20 || !x.Has(finding.DriverPaused)) {
			t.Errorf("stopped for %v, it says that it was not there for %v, and has these findings: %v", took, x.Driving.LongestGap, x.Findings)
		}
		switch {
		case !near(response, truth, 0.05):
			return fmt.Errorf("response p99 is %v, want %v", response, truth)
		case !near(lag, truth, 0.05):
			return fmt.Errorf("lag p99 is %v, and the driver was stopped for %v", lag, took)
		case service.Seconds() > innocent(driver)*response.Seconds():
			return fmt.Errorf("service p99 is %v: the server is blamed for the driver's stop", service)
		}
		return nil
	})
}

// stall stops a process, after a time, and returns for how long. Nothing lies between the stop and the go that could fail.
func stall(pid int, after, length time.Duration) time.Duration {
	<-time.After(after)
	_ = syscall.Kill(pid, syscall.SIGSTOP) // an error: it has ended, and what came of it says so
	stopped := time.Now()
	<-time.After(length)
	_ = syscall.Kill(pid, syscall.SIGCONT)
	return time.Since(stopped)
}
