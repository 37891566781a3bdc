package bench_test

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/load/schedule"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// A queue of one worker is the one server whose times are known to the last: with A(n) the time between request n and the
// next and S(n) for how long n was worked on, what n waits is
//
//	W(n+1) = max(0, W(n) + S(n) − A(n))
//
// (D. Lindley: The theory of queues with a single server, Mathematical Proceedings of the Cambridge Philosophical Society
// 48(2), 1952), and its response time W(n) + S(n). The arrivals are those of the schedule, whose seed is known, and the
// service times come with the answers, so that nothing is left to chance.

// meanService is long beside what it takes to pass a request on.
const meanService = 5 * time.Millisecond

// queueClients is few enough for requests to wait in the driver for their connections as well as in the server.
const queueClients = 8

// queueBound is how far the mean response may be from that of the recursion, as a share of it. On an idle machine it is
// farther by 0.5 to 3 %: the way there and back.
func queueBound(driver string) float64 {
	if driver == bench.Drivers()[0] {
		return 0.1
	}
	return 0.15
}

// A serviceTime is a distribution.
type serviceTime struct {
	name string
	draw func(*rand.Rand) time.Duration

	// response is the mean response time by formula, over that of service, at a load; deviation the standard deviation of
	// the mean of n such, times √n: requests that follow each other wait for each other, so that it is much more than that of
	// one. From a simulation of the recursion above with 8 million requests, and 80 million at 90 %.
	response  func(load float64) float64
	deviation map[float64]float64
}

// fixedService has M/D/1: Pollaczek and Khinchine (L. Kleinrock, Queueing Systems I, 1975, section 5.6).
func fixedService() serviceTime {
	return serviceTime{
		name:      "fixed",
		draw:      func(*rand.Rand) time.Duration { return meanService },
		response:  func(load float64) float64 { return 1 + load/(2*(1-load)) },
		deviation: map[float64]float64{0.5: 1.85, 0.8: 16.5, 0.9: 67},
	}
}

// exponentialService has M/M/1 (section 3.2 there).
func exponentialService() serviceTime {
	return serviceTime{
		name:      "exponential",
		draw:      func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(meanService)) },
		response:  func(load float64) float64 { return 1 / (1 - load) },
		deviation: map[float64]float64{0.5: 5.8, 0.8: 44, 0.9: 188},
	}
}

// workload answers each line after its service time, with when it began and when it was done. Those of the client go to
// done.
func (s serviceTime) workload(done *serviceLog) workload.Workload {
	return workload.Workload{
		Name: s.name, About: "a service time that is known", Blocks: true,
		Handler: func() strategies.Handler {
			return strategies.Messages(&knownService{draw: s.draw, random: rand.New(rand.NewPCG(1, 2)), start: time.Now()})
		},
		Client: workload.Client{
			Request:  func(dst []byte, _ uint64) []byte { return append(dst, "go\n"...) },
			Response: &workload.Frame{Split: bufio.ScanLines, Check: func(_ uint64, msg []byte) error { return done.add(msg) }},
		},
	}
}

// knownService is one session for all connections, because there is one worker.
type knownService struct {
	draw   func(*rand.Rand) time.Duration
	start  time.Time
	mu     sync.Mutex
	random *rand.Rand
	late   time.Duration // so much more than what was drawn has passed in all
}

func (k *knownService) Open() strategies.Session { return k }
func (k *knownService) Greet(dst []byte) []byte  { return dst }
func (k *knownService) Split(data []byte, atEOF bool) (int, []byte, error) {
	return bufio.ScanLines(data, atEOF)
}

// Answer makes up for sleep that took too long, so that the mean, and with it the load, is right.
func (k *knownService) Answer(_ context.Context, dst, _ []byte) ([]byte, error) {
	begun := time.Since(k.start)
	k.mu.Lock()
	drawn := k.draw(k.random)
	rest := drawn - k.late
	k.mu.Unlock()
	time.Sleep(rest)
	done := time.Since(k.start)
	k.mu.Lock()
	k.late += done - begun - drawn
	k.mu.Unlock()
	dst = strconv.AppendInt(dst, int64(begun), 10)
	dst = strconv.AppendInt(append(dst, ' '), int64(done), 10)
	return append(dst, '\n'), nil
}

// A serviceLog collects services as the answers come.
type serviceLog struct {
	mu  sync.Mutex
	all []service
}

// A service is one that was done: its times by the server's clock.
type service struct{ begun, done time.Duration }

func (l *serviceLog) add(msg []byte) error {
	var s service
	if _, err := fmt.Sscanf(string(msg), "%d %d", &s.begun, &s.done); err != nil {
		return fmt.Errorf("answer %q: %w", msg, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, s)
	return nil
}

// services are those that were done, in the order in which they were, which is that of the arrivals.
func (l *serviceLog) services() []service {
	slices.SortFunc(l.all, func(a, b service) int { return cmp.Compare(a.begun, b.begun) })
	return l.all
}

// lindley is the recursion: the response time of each request. A worker takes a moment from one request to the next that waits
// for it, which at 90 % load makes ten times as much in the mean; it is the server's own, and known where somebody waited.
func lindley(arrivals []time.Duration, services []service) []time.Duration {
	var all []time.Duration
	var wait time.Duration
	for n, s := range services {
		if n > 0 {
			before := services[n-1]
			wait = max(0, wait+before.done-before.begun-(arrivals[n]-arrivals[n-1]))
			if wait > 0 {
				wait += s.begun - before.done
			}
		}
		all = append(all, wait+s.done-s.begun)
	}
	return all
}

func TestTheResponseIsThatOfAOneWorkerQueue(t *testing.T) {
	t.Parallel() // with the faults: both do little but wait
	oneWorkerQueues(t, bench.Drivers(), 1, 4*time.Second, 0.5)
}

// oneWorkerQueues compares at each load with the recursion, and at some loads with the formulas as well.
func oneWorkerQueues(t *testing.T, drivers []string, seed uint64, window time.Duration, formulas ...float64) {
	all := map[string]experiment{}
	for _, driver := range drivers {
		for _, s := range []serviceTime{fixedService(), exponentialService()} {
			for _, load := range []float64{0.5, 0.8, 0.9} {
				all[fmt.Sprintf("%s, %s, %v %%", driver, s.name, 100*load)] = func(t *testing.T) error {
					return oneWorkerQueue(t, driver, s, load, seed, window, slices.Contains(formulas, load))
				}
			}
		}
	}
	together(t, all)
}

func oneWorkerQueue(t *testing.T, driver string, s serviceTime, load float64, seed uint64, window time.Duration, formula bool) error {
	child, err := startServer(t, "channel:workers=1,queue=4096,unit=request", s.name)
	if err != nil {
		return err
	}
	var done serviceLog
	l := trial.Load{Loop: trial.Open, Clients: queueClients, Rate: load / meanService.Seconds()}
	timing := truthTiming(window)
	x, err := bench.Drive(t.Context(), child.Addr(), s.workload(&done), l, timing, bench.DriveOptions{Driver: driver, Seed: seed})
	if err != nil {
		return err
	}
	checkRecord(t, x, driver)

	services := done.services()
	arrivals := make([]time.Duration, len(services))
	due := schedule.New(l, timing.WarmUp, seed)
	for n := range arrivals {
		arrivals[n] = due.Next()
	}
	// Of the window, as the record's are.
	in := func(n int) bool { return arrivals[n] >= timing.WarmUp && arrivals[n] < timing.WarmUp+window }
	var truth, work, n float64
	for i, response := range lindley(arrivals, services) {
		if in(i) {
			truth += response.Seconds()
			work += (services[i].done - services[i].begun).Seconds()
			n++
		}
	}
	if int64(n) != x.Counts.Intended || x.Counts.OK != x.Counts.Intended {
		t.Errorf("the schedule makes %v requests due in the window, and %d are counted and %d answered", n, x.Counts.Intended, x.Counts.OK)
		return nil
	}
	truth, work = truth/n, work/n
	got, lag := x.Latency.Response.Mean().Seconds(), x.Latency.Lag.Mean().Seconds()

	rho := l.Rate * work
	formal, sigma := work*s.response(rho), work*s.deviation[load]/math.Sqrt(n)
	t.Logf("%s %s %v: %v requests, service %.3f ms; response %.3f ms, of which lag %.3f ms, by the recursion %.3f ms (%+.1f %%), by formula %.3f ± %.3f ms",
		driver, s.name, load, n, 1e3*work, 1e3*got, 1e3*lag, 1e3*truth, 100*(got/truth-1), 1e3*formal, 1e3*sigma)
	if !agrees(got, lag, truth, queueBound(driver)*truth) {
		return fmt.Errorf("the mean response is %.3f ms, of which lag %.3f ms, by the recursion %.3f ms", 1e3*got, 1e3*lag, 1e3*truth)
	}
	// Means of few busy periods have a long tail to the right, so that a little more than the usual three or four is chance.
	if formula && !agrees(got, lag, formal, queueBound(driver)*formal+5*sigma) {
		return fmt.Errorf("the mean response is %.3f ms, of which lag %.3f ms, by formula %.3f ms with a standard error of %.3f ms", 1e3*got, 1e3*lag, 1e3*formal, 1e3*sigma)
	}
	return nil
}

// agrees reports whether a response is the right one, give or take a bound. By how much the driver was late itself, it says,
// and the theory does not know.
func agrees(response, lag, theory, bound float64) bool {
	return response >= theory-bound && response-lag <= theory+bound
}
