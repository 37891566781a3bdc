package strategytest

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// recorder is a TB that remembers failures.
type recorder struct {
	mu       sync.Mutex
	failures []string
}

func (*recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.failures, "\n")
}

// failuresOf runs a check that is meant to fail, and so needs little patience.
func failuresOf(run func(*check)) string {
	r := new(recorder)
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(&check{r, 300 * time.Millisecond})
	}()
	<-done
	return r.text()
}

// broken is a strategy with a fault.
type broken struct {
	strategies.Strategy
	name  string // where the fault is in what it calls itself
	serve func(inner strategies.Strategy, ctx context.Context, ln net.Listener, h strategies.Handler, o strategies.Options) error
}

func (b broken) Name() string {
	if b.name != "" {
		return b.name
	}
	return b.Strategy.Name()
}

func (b broken) Serve(ctx context.Context, ln net.Listener, h strategies.Handler, o strategies.Options) error {
	if b.serve == nil {
		return b.Strategy.Serve(ctx, ln, h, o)
	}
	return b.serve(b.Strategy, ctx, ln, h, o)
}

// dropping loses every second connection.
type dropping struct {
	*net.TCPListener
	n atomic.Int64
}

func (d *dropping) Accept() (net.Conn, error) {
	for {
		conn, err := d.TCPListener.Accept()
		if n := d.n.Add(1); err != nil || n%2 == 0 {
			return conn, err
		}
		conn.Close()
	}
}

// short is a pool whose workers end with their first task.
type short struct{ strategies.Dispatcher }

func newShort(l strategies.Limits) (strategies.Dispatcher, error) {
	l.WhenFull = strategies.Wait
	d, err := strategies.Channel().New(l)
	return short{d}, err
}

func (s short) Dispatch(ctx context.Context, task func()) error {
	return s.Dispatcher.Dispatch(ctx, func() {
		task()
		<-ctx.Done()
	})
}

func TestBrokenStrategiesFail(t *testing.T) {
	type (
		ctx = context.Context
		ln  = net.Listener
		h   = strategies.Handler
		o   = strategies.Options
	)
	forever, end := context.WithCancel(t.Context())
	defer end()
	channel := func(unit strategies.Unit, policy strategies.Policy, workers int) strategies.Strategy {
		make := strategies.PerConn
		if unit == strategies.RequestUnit {
			make = strategies.PerRequest
		}
		return make("channel", strategies.Channel().New, strategies.Limits{Workers: workers, WhenFull: policy})
	}
	waiting := channel(strategies.ConnUnit, strategies.Wait, 2)
	refusing := channel(strategies.ConnUnit, strategies.Reject, 2)
	byRequest := channel(strategies.RequestUnit, strategies.Wait, 2)

	for _, tt := range []struct {
		fault    string
		strategy broken
		row      string
		says     string // regular expression of the failure
	}{
		{"loses connections", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, &dropping{TCPListener: ln.(*net.TCPListener)}, h, o)
		}}, "serves all clients", "read an answer"},
		{"loses workers", broken{Strategy: strategies.PerConn("short", newShort, strategies.Limits{Workers: 2})},
			"serves all clients", "timeout"},
		{"never stops", broken{waiting, "", func(s strategies.Strategy, _ ctx, ln ln, h h, o o) error {
			return s.Serve(forever, ln, h, o)
		}}, "serves all clients", "Serve returns"},
		{"counts nothing", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Stats = nil
			return s.Serve(ctx, ln, h, o)
		}}, "serves all clients", "counts are"},
		{"serves more at once than it says", broken{Strategy: channel(strategies.ConnUnit, strategies.Wait, 9), name: waiting.Name()},
			"lets clients over its limit wait and serves them in their turn", "has to block|worked on at once|nobody was to be refused"},
		{"sheds silently", broken{refusing, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Busy = nil
			return s.Serve(ctx, ln, h, o)
		}}, "refuses exactly the connections over its limit, and tells them", "want the busy answer"},
		{"does not shed", broken{Strategy: waiting, name: refusing.Name()},
			"refuses exactly the connections over its limit, and tells them", "want the busy answer"},
		{"sheds where it should wait", broken{Strategy: refusing, name: waiting.Name()},
			"lets clients over its limit wait and serves them in their turn", "has to block|worked on at once|nobody was to be refused"},
		{"sheds requests where it should wait", broken{Strategy: channel(strategies.RequestUnit, strategies.Reject, 2), name: byRequest.Name()},
			"lets clients over its limit wait and serves them in their turn", "has to block|nobody was to be refused"},
		{"dispatches before the request is complete", broken{Strategy: waiting, name: byRequest.Name()},
			"half a request holds no worker", "timeout"},
		{"takes any handler in the request unit", broken{Strategy: channel(strategies.ConnUnit, strategies.Wait, 2), name: byRequest.Name()},
			"refuses a handler without message form", "Serve returns"},
		{"leaks a goroutine", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			go func() { <-forever.Done() }()
			return s.Serve(ctx, ln, h, o)
		}}, "stop ends idle connections cleanly", "goroutines left"},
		{"drops what the kernel has accepted", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, struct{ net.Listener }{ln}, h, o) // without deadlines
		}}, "stop serves those who queue", "read an answer"},
		{"cuts off requests at stop", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Drain = 1
			return s.Serve(ctx, ln, h, o)
		}}, "stop lets a request that has half come have its answer", "read an answer"},
		{"is silent about the drain time-out", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			_ = s.Serve(ctx, ln, h, o)
			return nil
		}}, "the drain time-out closes the rest by force and says so", "Serve returned <nil>"},
		{"waits for ever instead of forcing", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Drain = time.Hour
			return s.Serve(ctx, ln, h, o)
		}}, "the drain time-out closes the rest by force and says so", "Serve returns"},
		{"lets idle connections stay", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Idle = 0
			return s.Serve(ctx, ln, h, o)
		}}, "ends an idle connection cleanly when its time is over", "want a clean end"},
		{"lets slow requests stay", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Request = 0
			return s.Serve(ctx, ln, h, o)
		}}, "aborts a request that does not come to its end in time", "beyond Options.Request"},
		{"leaves the listener open", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, keptOpen{ln.(*net.TCPListener)}, h, o)
		}}, "stopped before it is served it returns", "left its listener open"},
		{"can be served once", broken{waiting, "", once(waiting)}, "can be served twice, also at once", "served"},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			got := failuresOf(func(c *check) { runRow(c, rowNamed(t, tt.row), func() strategies.Strategy { return tt.strategy }) })
			if !regexp.MustCompile(tt.says).MatchString(got) {
				t.Errorf("row %q had the failures %q, want one that says %q", tt.row, got, tt.says)
			}
		})
	}
}

// keptOpen is not closed by its user.
type keptOpen struct{ *net.TCPListener }

func (keptOpen) Close() error { return nil }

func once(s strategies.Strategy) func(strategies.Strategy, context.Context, net.Listener, strategies.Handler, strategies.Options) error {
	var served atomic.Bool
	return func(_ strategies.Strategy, ctx context.Context, ln net.Listener, h strategies.Handler, o strategies.Options) error {
		if served.Swap(true) {
			ln.Close()
			return nil
		}
		return s.Serve(ctx, ln, h, o)
	}
}

func rowNamed(t *testing.T, name string) row {
	t.Helper()
	for _, r := range rows {
		if r.name == name {
			return r
		}
	}
	t.Fatalf("there is no row %q", name)
	return row{}
}

// faulty pools are a channel's, with a fault.
type faultyPool struct {
	strategies.Dispatcher
	dispatch func(d strategies.Dispatcher, ctx context.Context, task func()) error
	close    func(d strategies.Dispatcher) error
}

func (f faultyPool) Dispatch(ctx context.Context, task func()) error {
	if f.dispatch == nil {
		return f.Dispatcher.Dispatch(ctx, task)
	}
	return f.dispatch(f.Dispatcher, ctx, task)
}

func (f faultyPool) Close() error {
	if f.close == nil {
		return f.Dispatcher.Close()
	}
	return f.close(f.Dispatcher)
}

// closeOnce lets the test close what a broken pool has left.
type closeOnce struct {
	strategies.Dispatcher
	once sync.Once
	err  error
}

func (c *closeOnce) Close() error {
	c.once.Do(func() { c.err = c.Dispatcher.Close() })
	return c.err
}

func TestBrokenDispatchersFail(t *testing.T) {
	type (
		ctx = context.Context
		d   = strategies.Dispatcher
	)
	forever, end := context.WithCancel(t.Context())
	defer end()
	wait := strategies.Limits{Workers: 2, Queue: 1}
	reject := strategies.Limits{Workers: 2, Queue: 1, WhenFull: strategies.Reject}
	for _, tt := range []struct {
		fault  string
		limits strategies.Limits
		real   strategies.Limits // what it keeps
		pool   faultyPool
		row    string
		says   string
	}{
		{"takes one too many", reject, strategies.Limits{Workers: 2, Queue: 2, WhenFull: strategies.Reject}, faultyPool{},
			"takes exactly as many blocked tasks as its limits say", "want ErrFull"},
		{"takes one too few", reject, strategies.Limits{Workers: 2, Queue: 0, WhenFull: strategies.Reject}, faultyPool{},
			"takes exactly as many blocked tasks as its limits say", "was not taken"},
		{"waits where it should refuse", reject, wait, faultyPool{},
			"takes exactly as many blocked tasks as its limits say", "Dispatch returns"},
		{"refuses where it should wait", wait, reject, faultyPool{},
			"takes exactly as many blocked tasks as its limits say", "has to block"},
		{"has a worker less and a place more", wait, strategies.Limits{Workers: 1, Queue: 2}, faultyPool{},
			"takes exactly as many blocked tasks as its limits say", "at once"},
		{"runs the task before it returns", wait, wait, faultyPool{dispatch: func(_ d, _ ctx, task func()) error { task(); return nil }},
			"takes exactly as many blocked tasks as its limits say", "Dispatch returns"},
		{"runs what it refuses", reject, reject, faultyPool{dispatch: func(d d, ctx ctx, task func()) error {
			err := d.Dispatch(ctx, task)
			if err != nil {
				go task()
			}
			return err
		}}, "runs each taken task once while calls and close overlap", "ran"},
		{"runs tasks twice", wait, wait, faultyPool{dispatch: func(d d, ctx ctx, task func()) error {
			return d.Dispatch(ctx, func() { task(); task() })
		}}, "close runs what was taken", "ran 2 times"},
		{"close does not wait", wait, wait, faultyPool{close: func(d d) error { go d.Close(); return nil }},
			"close runs what was taken", "has to block"},
		{"close wakes nobody", wait, wait, faultyPool{close: func(d d) error { <-forever.Done(); return d.Close() }},
			"close wakes waiting calls and waits for tasks", "Dispatch returns"},
		{"takes tasks after close", wait, wait, faultyPool{close: func(d) error { return nil }},
			"takes nothing after close", "want ErrClosed"},
		{"leaks its workers", wait, wait, faultyPool{close: func(d) error { return nil }},
			"takes nothing after close", "goroutines left"},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			make := func(strategies.Limits) (strategies.Dispatcher, error) {
				d, err := strategies.Channel().New(tt.real)
				if err != nil {
					return nil, err
				}
				closed := &closeOnce{Dispatcher: d}
				t.Cleanup(func() { go closed.Close() })
				tt.pool.Dispatcher = closed
				return tt.pool, nil
			}
			for _, r := range dispatcherRows {
				if r.name != tt.row {
					continue
				}
				got := failuresOf(func(c *check) { checkDispatcher(c, r, make, tt.limits) })
				if !strings.Contains(got, tt.says) {
					t.Errorf("row %q had the failures %q, want one that says %q", tt.row, got, tt.says)
				}
				return
			}
			t.Fatalf("there is no row %q", tt.row)
		})
	}
}
