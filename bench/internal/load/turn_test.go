package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/schedule"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// An arrivalBook writes down when requests came.
type arrivalBook struct {
	mu  sync.Mutex
	all []time.Time
}

func (b *arrivalBook) came() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, time.Now())
}

// times are all so far.
func (b *arrivalBook) times() []time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.all)
}

// echo is the server of lines.
func (b *arrivalBook) echo(conn net.Conn, _ int, _ <-chan struct{}) {
	in := bufio.NewReader(conn)
	for {
		l, err := in.ReadString('\n')
		if err != nil {
			return
		}
		b.came()
		io.WriteString(conn, l)
	}
}

// tens is the server of tens.
func (b *arrivalBook) tens(conn net.Conn, _ int, _ <-chan struct{}) {
	b.came()
	io.WriteString(conn, "hello\n")
	in := bufio.NewReader(conn)
	for range 10 {
		if _, err := in.ReadString('\n'); err != nil {
			return
		}
	}
}

// atOnce lets n loads begin at the same moment.
func atOnce(n int) func(context.Context) (time.Time, error) {
	var mu sync.Mutex
	var origin time.Time
	all := make(chan struct{})
	return func(ctx context.Context) (time.Time, error) {
		mu.Lock()
		if n--; n == 0 {
			origin = time.Now()
			close(all)
		}
		mu.Unlock()
		select {
		case <-all:
			return origin, nil
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
}

func TestALoadInTurnsAsksInItsOwnSlicesAlone(t *testing.T) {
	const every, window, warmUp = 80 * ms, 640 * ms, 50 * ms
	const rate = 2000
	for name, c := range map[string]struct {
		client workload.Client
		load   trial.Load
	}{
		"closed":   {lines, trial.Load{Loop: trial.Closed, Clients: 4}},
		"thinking": {lines, trial.Load{Loop: trial.Closed, Clients: 20, Think: 15 * ms}},
		"open":     {lines, trial.Load{Loop: trial.Open, Clients: 8, Rate: rate, Arrivals: trial.Constant}},
		"sessions": {tens, trial.Load{Loop: trial.Sessions, Clients: 8, Rate: rate / 4, Arrivals: trial.Poisson}},
	} {
		t.Run(name, func(t *testing.T) {
			eachAlone(t, func(t *testing.T, driver string) {
				undisturbed(t, func() error {
					const of = 2
					var books [of]arrivalBook
					var results [of]Result
					var began time.Time
					begin := atOnce(of)
					var running sync.WaitGroup
					for i := range of {
						server := books[i].echo
						if c.load.Loop == trial.Sessions {
							server = books[i].tens
						}
						config := load(driver, start(t, server), c.client, c.load)
						config.WarmUp, config.Window, config.Turn = warmUp, window, &Turn{Every: every, Index: i, Of: of}
						config.Begin = func(ctx context.Context) (time.Time, error) {
							at, err := begin(ctx)
							if i == 0 {
								began = at
							}
							return at, err
						}
						running.Go(func() { results[i] = mustRun(t, config) })
					}
					running.Wait()
					for i := range of {
						turn := schedule.Turn{Opens: warmUp, Every: every, Index: i, Of: of}
						if err := inTurn(turn, began, books[i].times()); err != nil {
							return fmt.Errorf("load %d: %w", i, err)
						}
						r := results[i]
						active := (trial.Trial{Window: r.Window, Turns: &trial.Turns{Every: every, Index: i, Of: of}}).Active()
						if active != window/of || r.Driving.Idle > active || r.Driving.LongestGap > active {
							t.Errorf("active for %v of %v, and the driver says %+v", active, r.Window, r.Driving)
						}
						if due := rate * active.Seconds(); c.load.Arrivals == trial.Constant && !near(float64(r.Counts.Intended), due, 0.01) {
							t.Errorf("%d requests were due in %v, want %v", r.Counts.Intended, active, due)
						}
						if c.load.Think > 0 {
							// Each of the clients thinks for 15 ms of its own time, and is answered in next to none.
							if most := 20 * float64(active) / float64(c.load.Think); float64(r.Counts.Good) < most/2 || float64(r.Counts.Good) > most*1.2 {
								return fmt.Errorf("load %d: %d answers to clients that think, want about %.0f", i, r.Counts.Good, most)
							}
						}
					}
					return nil
				})
			})
		})
	}
}

// inTurn says whether requests came in the slices of turn, but for a few that were on their way when one ended, and whether any
// came in each own slice of the window.
func inTurn(turn schedule.Turn, began time.Time, all []time.Time) error {
	const onTheWay = 0.3 // on a machine that does other things as well; without turns it is half
	inSlice := map[time.Duration]int{}
	outside := 0
	for _, came := range all {
		at := came.Sub(began)
		if turn.Due(at) != at {
			outside++
			continue
		}
		inSlice[turn.Slice(at)]++
	}
	if float64(outside) > onTheWay*float64(len(all)) {
		return fmt.Errorf("%d of %d requests came in slices of others", outside, len(all))
	}
	for n := range time.Duration(4) {
		if inSlice[n] == 0 {
			return fmt.Errorf("no request came in slice %d: %v", n, inSlice)
		}
	}
	return nil
}

// What comes at random within the think time must not be gathered by slices: at their beginning would then be a crowd that no
// load without turns has.
func TestClientsThatThinkDoNotCrowdAtTheBeginningOfASlice(t *testing.T) {
	const every, think = 50 * ms, 60 * ms
	eachAlone(t, func(t *testing.T, driver string) {
		undisturbed(t, func() error {
			var book arrivalBook
			var began time.Time
			c := load(driver, start(t, book.echo), lines, trial.Load{Loop: trial.Closed, Clients: 60, Think: think})
			c.Window, c.Turn = 600*ms, &Turn{Every: every, Of: 2}
			c.Begin = func(context.Context) (time.Time, error) {
				began = time.Now()
				return began, nil
			}
			mustRun(t, c)
			turn := schedule.Turn{Opens: c.WarmUp, Every: every, Of: 2}
			early, inside := 0, 0
			for _, came := range book.times() {
				at := came.Sub(began)
				switch n, in := turn.Slice(at), turn.Own(at)%every; {
				case n < 1:
				case in < every/5:
					early++
					inside++
				default:
					inside++
				}
			}
			// A fifth of a slice has a fifth of the requests; a crowd would be half of them.
			if share := float64(early) / float64(inside); share > 0.35 {
				return fmt.Errorf("%.2f of %d requests came in the first fifth of a slice", share, inside)
			}
			return nil
		})
	})
}

func TestALoadThatWaitsForOthersToBeginEndsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := load(driver, start(t, echo), lines, trial.Load{Loop: trial.Closed, Clients: 3})
		c.Begin = func(ctx context.Context) (time.Time, error) {
			cancel()
			<-ctx.Done()
			return time.Time{}, context.Cause(ctx)
		}
		if _, err := Run(ctx, c); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the context's", err)
		}
	})
}

// A server that is told to stop while requests are in progress answers some of them and ends.
func TestRequestsInProgressAtAStopAreCounted(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		const clients = 6
		told := make(chan struct{})
		var mu sync.Mutex
		answered := 0
		ended := make(chan struct{})
		// Each connection is answered once, half of them when the server is told to stop, and the others closed then.
		server := func(conn net.Conn, n int, _ <-chan struct{}) {
			l, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil {
				return
			}
			<-told
			if n%2 == 0 {
				io.WriteString(conn, l)
			}
			conn.Close()
			mu.Lock()
			defer mu.Unlock()
			if answered++; answered == clients {
				close(ended)
			}
		}
		c := load(driver, start(t, server), lines, trial.Load{Loop: trial.Closed, Clients: clients})
		c.Stop = func() <-chan struct{} {
			close(told)
			return ended
		}
		r := mustRun(t, c)
		if got := r.Interrupted; got.Requests != clients || got.OK != clients/2 || got.Rejected != 0 {
			t.Errorf("in progress were %+v, want %d of which half are answered", got, clients)
		}
	})
}

// The server is told a while after the window's end. What it answers to requests of that while in its last moment is on its way
// when it ends, and counts.
func TestWhatAServerSaysBeforeItsEndIsRead(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		const clients = 6
		closes, told := make(chan struct{}), make(chan struct{})
		held := make(chan struct{}, clients)
		server := func(conn net.Conn, _ int, stop <-chan struct{}) {
			in := bufio.NewReader(conn)
			for {
				l, err := in.ReadString('\n')
				if err != nil {
					return
				}
				select {
				case <-closes:
					select {
					case held <- struct{}{}:
					default: // one that has come back since
					}
					select {
					case <-told:
						io.WriteString(conn, l)
					case <-stop:
					}
					return
				default:
					io.WriteString(conn, l)
				}
			}
		}
		c := load(driver, start(t, server), lines, trial.Load{Loop: trial.Closed, Clients: clients})
		c.AtEdge = func(e Edge) {
			if e == Closes {
				close(closes)
				for range clients {
					<-held
				}
			}
		}
		ended := make(chan struct{})
		c.Stop = func() <-chan struct{} {
			close(told)
			close(ended)
			return ended
		}
		r := mustRun(t, c)
		if got := r.Interrupted; got.Requests != clients || got.OK != clients {
			t.Errorf("in progress were %+v, want %d that are all answered", got, clients)
		}
	})
}
