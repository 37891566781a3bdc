package strategytest

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"runtime"
	"slices"
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

func (r *recorder) Skipf(format string, args ...any) { r.Fatalf("skipped: "+format, args...) }

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
func failuresOf(t *testing.T, run func(*check)) string {
	r := new(recorder)
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(&check{r, 300 * time.Millisecond, t})
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
		}}, "stop lets a request that has half come have its answer", "read an answer|closed by force"},
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
		{"loses a worker with a goroutine that ends", broken{Strategy: strategies.PerConn("mortal", newMortal, strategies.Limits{Workers: 2})},
			"a mishap of the handler ends its own connection and is counted and logged once", "waited in vain|read the greeting|neither an answer nor an end"},
		{"loses all workers with goroutines that end at once", broken{Strategy: strategies.PerConn("mortal", newMortal, strategies.Limits{Workers: 3})},
			"mishaps in every worker at once lose nobody who waits", "timeout"},
		{"logs no stack", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Logger = nil
			return s.Serve(ctx, ln, h, o)
		}}, "a mishap of the handler ends its own connection and is counted and logged once", "0 stacks were logged"},
		{"logs whom it serves", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Logger.Info("serving")
			return s.Serve(ctx, ln, h, o)
		}}, "clients that leave in every way are counted in their class, without a word", "logged without need"},
		{"takes every end for one in order", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, ln, strategies.HandlerFunc(func(ctx context.Context, c net.Conn) error {
				_ = h.ServeConn(ctx, c)
				return nil
			}), o)
		}}, "clients that leave in every way are counted in their class, without a word", "asks nothing and resets: the counts are"},
		{"does not put accepting off", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, changing{Listener: ln, err: isTemporary}, h, o)
		}}, "puts accepting off from 5 ms to 1 s, and starts again after a success", "the delays were"},
		{"puts accepting off by more than it has to", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, changing{Listener: ln, err: func(err error) bool {
				if isTemporary(err) {
					<-time.After(time.Millisecond)
				}
				return false
			}}, h, o)
		}}, "puts accepting off from 5 ms to 1 s, and starts again after a success", "the delays were"},
		{"never starts again with a short delay", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			var failures atomic.Int64
			return s.Serve(ctx, changing{Listener: ln, err: func(err error) bool {
				if failures.Add(1) > 10 && isTemporary(err) {
					<-time.After(time.Second)
				}
				return false
			}}, h, o)
		}}, "puts accepting off from 5 ms to 1 s, and starts again after a success", "coming back after"},
		{"does not stop while accepting is put off", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, changing{Listener: ln, err: func(err error) bool {
				if isTemporary(err) {
					<-time.After(time.Second)
				}
				return false
			}}, h, o)
		}}, "stop does not wait for accepting that is put off", "a stop while accepting is put off took"},
		{"takes every accept error for temporary", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			_ = s.Serve(ctx, ln, h, o)
			return nil
		}}, "returns the error of a broken listener, after draining", "want the listener's error"},
		{"does not drain when its listener breaks", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Drain = 1
			return s.Serve(ctx, ln, h, o)
		}}, "returns the error of a broken listener, after draining", "has to block|read an answer"},
		{"reads without a bound", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, ln, strategies.HandlerFunc(func(_ context.Context, c net.Conn) error {
				if _, err := io.WriteString(c, greeting+"\n"); err != nil {
					return err
				}
				_, err := io.Copy(io.Discard, c)
				return err
			}), o)
		}}, "ends a request that is too long or has no end", "bytes of a request without an end"},
		{"overlooks what it cannot split", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			p, _ := strategies.ProtocolOf(h)
			return s.Serve(ctx, ln, strategies.Messages(tolerant{p}), o)
		}}, "ends a connection whose input it cannot split", "left its connection open"},
		{"has a worker write what nobody reads", broken{Strategy: waiting, name: byRequest.Name()},
			"clients that do not read hold no worker", "read the greeting|do not read"},
		{"has a longer queue than it says", broken{Strategy: strategies.PerConn("channel", strategies.Channel().New, strategies.Limits{Workers: 2, Queue: 3}), name: waiting.Name()},
			"takes burst after burst over its limit", "connections are queued, want at most"},
		{"loses places", broken{Strategy: strategies.PerConn("shrinking", newShrinking, strategies.Limits{Workers: 2})},
			"takes burst after burst over its limit", "waited in vain|read the greeting|timeout"},
		{"keeps a goroutine for each connection it has had", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, changing{Listener: ln, conn: func(c net.Conn) net.Conn {
				go func() { <-forever.Done() }()
				return c
			}}, h, o)
		}}, "takes burst after burst over its limit", "the goroutines of burst"},
		{"resets whoever has sent more than it reads", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, changing{Listener: ln, conn: func(c net.Conn) net.Conn { return struct{ net.Conn }{c} }}, h, o) // no CloseWrite
		}}, "ends a session with all of its last answer, whatever the client goes on sending", "read an answer|after the last answer"},
		{"keeps goroutines after faults", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, changing{Listener: ln, conn: func(c net.Conn) net.Conn {
				go func() { <-forever.Done() }()
				return c
			}}, h, o)
		}}, "after faults of every kind everything is as before", "goroutines are as many as before"},
		{"is late to end idle connections", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Idle *= 2
			return s.Serve(ctx, ln, h, o)
		}}, "ends an idle connection cleanly when its time is over", "took 20s, want 10s"},
		{"renews the deadline of a request with each read", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			limit := o.Request
			o.Request = 0
			return s.Serve(ctx, changing{Listener: ln, conn: func(c net.Conn) net.Conn { return renewing{c, limit} }}, h, o)
		}}, "aborts a request that does not come to its end in time", "byte by byte kept|byte by byte took"},
		{"waits for ever for a client to read", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Request = 0
			return s.Serve(ctx, ln, h, o)
		}}, "lets go of a client that does not read, and keeps little for it", "waited in vain: a client that does not read"},
		{"keeps what a client does not read", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, changing{Listener: ln, conn: func(c net.Conn) net.Conn { return &hoarding{Conn: c} }}, h, o)
		}}, "lets go of a client that does not read, and keeps little for it", "goes on answering"},
		{"takes twice the drain time-out", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Drain *= 2
			return s.Serve(ctx, ln, h, o)
		}}, "the drain time-out is the one that was asked for", "took 2"},
		{"waits for handlers that do not return", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Drain = time.Hour
			return s.Serve(ctx, ln, h, o)
		}}, "leaves a handler behind that does not return", "took 1h"},
		{"waits for refused clients", broken{refusing, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, changing{Listener: ln, conn: func(c net.Conn) net.Conn { return timeless{c} }}, h, o)
		}}, "waits only for a while for refused clients that stay", "refused clients that stay took"},
		{"waits for the handshake of refused clients", broken{refusing, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, changing{Listener: ln, conn: func(c net.Conn) net.Conn { return timeless{c} }}, h, o)
		}}, "waits only for a while for refused clients that begin no TLS handshake", "refused clients that begin no handshake took"},
		{"cuts off whoever is there at the stop", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Drain = 1
			return s.Serve(ctx, ln, h, o)
		}}, "stop under load loses no request that was begun", "Serve returned|clean end|answers have come"},
		{"speaks no TLS", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.TLS = nil
			return s.Serve(ctx, ln, h, o)
		}}, "serves TLS, and stops it as it does without", "tls: "},
		{"waits for ever for a handshake", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			o.Request = 0
			return s.Serve(ctx, ln, h, o)
		}}, "lets go of a client that begins no TLS handshake", "begins no handshake"},
		{"waits at its stop for a handshake", broken{waiting, "", func(s strategies.Strategy, ctx ctx, ln ln, h h, o o) error {
			return s.Serve(ctx, changing{Listener: ln, conn: func(c net.Conn) net.Conn { return timeless{c} }}, h, o)
		}}, "stop does not wait for a TLS handshake", "begins no handshake took"},
		{"can be served once", broken{waiting, "", once(waiting)}, "can be served twice, also at once", "served"},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			var got string
			for range chances {
				got = failuresOf(t, func(c *check) { runRow(c, rowNamed(t, tt.row), func() strategies.Strategy { return tt.strategy }, 1) })
				if regexp.MustCompile(tt.says).MatchString(got) {
					return
				}
			}
			t.Errorf("row %q had the failures %q, want one that says %q", tt.row, got, tt.says)
		})
	}
}

// chances is how often a row may overlook a fault: on a machine that is busy a client can come so late that it is served
// although the limits are not kept.
const chances = 5

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
	for _, r := range slices.Concat(rows, chanceRows) {
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
		{"waits where a task should be refused by its own pool", reject, wait, faultyPool{},
			"a task that dispatches into its own full pool is refused", "Dispatch of a task into its own full pool returns"},
		{"leaves a task waiting in its own pool", wait, wait, faultyPool{close: func(d d) error { <-forever.Done(); return d.Close() }},
			"a task that dispatches into its own full pool waits until close sets it free", "Dispatch of a task into its own full pool returns"},
		{"lets a task into its own full pool", wait, strategies.Limits{Workers: 2, Queue: 2}, faultyPool{},
			"a task that dispatches into its own full pool waits until close sets it free", "has to block|want ErrClosed"},
		{"panics after close", wait, wait, faultyPool{dispatch: func(d, ctx, func()) error { panic("on purpose") }},
			"takes nothing after close", "Dispatch panicked: on purpose"},
		{"runs a task that was given up", wait, wait, faultyPool{dispatch: func(d d, ctx ctx, task func()) error {
			taken := make(chan error, 1)
			go func() { taken <- d.Dispatch(context.Background(), task) }()
			select {
			case err := <-taken:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}}, "a waiting call whose context ends goes on waiting or gives up, and costs no place", "context canceled ran 1 times, want 0"},
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
				got := failuresOf(t, func(c *check) { checkDispatcher(c, r, make, tt.limits) })
				if !regexp.MustCompile(tt.says).MatchString(got) {
					t.Errorf("row %q had the failures %q, want one that says %q", tt.row, got, tt.says)
				}
				return
			}
			t.Fatalf("there is no row %q", tt.row)
		})
	}
}

func TestADispatcherThatLosesWorkersFails(t *testing.T) {
	for _, r := range dispatcherRows {
		if r.name != "tasks that end their goroutines cost no place and lose nobody who waits" {
			continue
		}
		got := failuresOf(t, func(c *check) { checkDispatcher(c, r, newMortal, strategies.Limits{Workers: 2}) })
		if want := "as many tasks are taken as at first|Dispatch returns"; !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("got the failures %q, want one that says %q", got, want)
		}
		return
	}
	t.Fatal("there is no such row")
}

// What a pool has not needed at full capacity, because maxconns is less than its workers, it may start later and keep.
func TestAWorkerThatIsStartedLateIsNoLeak(t *testing.T) {
	late := strategies.PerConn("growing", newGrowing, strategies.Limits{Workers: 4, MaxConns: 3})
	for _, name := range []string{"takes burst after burst over its limit", "after faults of every kind everything is as before"} {
		r := rowNamed(t, name)
		if got := failuresOf(t, func(c *check) { runRow(c, r, func() strategies.Strategy { return late }, 1) }); got != "" {
			t.Errorf("row %q had the failures %q, want none", r.name, got)
		}
	}
}

func TestRowsHurryOnceEnoughHaveFailed(t *testing.T) {
	before := failed.Load()
	defer failed.Store(before)
	for _, tt := range []struct {
		failed int64
		want   time.Duration
	}{{0, patience}, {enough - 1, patience}, {enough, hurried}, {enough + 1, hurried}} {
		failed.Store(tt.failed)
		if got := newCheck(t).patience; got != tt.want {
			t.Errorf("after %d failed rows the patience is %v, want %v", tt.failed, got, tt.want)
		}
	}
}

func TestAStrategyThatKeepsFilesOpenFails(t *testing.T) {
	if _, ok := openFiles(); !ok {
		t.Skip("this system does not show a process its file descriptors")
	}
	var files []*os.File
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	keeping := broken{strategies.PerConn("channel", strategies.Channel().New, strategies.Limits{Workers: 2}), "",
		func(s strategies.Strategy, ctx context.Context, ln net.Listener, h strategies.Handler, o strategies.Options) error {
			return s.Serve(ctx, changing{Listener: ln, conn: filed(&files)}, h, o)
		}}
	r := rowNamed(t, "after faults of every kind everything is as before")
	got := failuresOf(t, func(c *check) { runRow(c, r, func() strategies.Strategy { return keeping }, 1) })
	if !strings.Contains(got, "file descriptors are as many as before") {
		t.Errorf("got the failures %q, want one about file descriptors", got)
	}
}
