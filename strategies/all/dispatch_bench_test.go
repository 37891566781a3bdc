package all_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alitto/pond"
	pondv2 "github.com/alitto/pond/v2"
	"github.com/gammazero/workerpool"
	"github.com/panjf2000/ants/v2"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

// dispatchers have far more workers than tasks under way, so that what is measured is handing over and nothing else.
const (
	benchWorkers = 64
	atOnce       = 16 // tasks that are handed over before their ends are waited for, as an accept loop does under load
)

// bare hands a task over without the adapter: by the call of the library that the adapter makes, with the same options, or
// in the few lines that one would write by hand where there is no library. close ends it, and waits for tasks.
type bare struct {
	hand  func(task func()) error
	close func()
}

// libraries has them by the name of the kind. A kind that is not in it is measured by itself.
var libraries = map[string]func() bare{
	"goroutine": func() bare {
		var running sync.WaitGroup
		return bare{func(task func()) error { running.Go(task); return nil }, running.Wait}
	},
	"thread": func() bare {
		var running sync.WaitGroup
		return bare{func(task func()) error {
			running.Go(func() {
				runtime.LockOSThread()
				task()
			})
			return nil
		}, running.Wait}
	},
	"channel": func() bare {
		tasks := make(chan func())
		var workers sync.WaitGroup
		for range benchWorkers {
			workers.Go(func() {
				for task := range tasks {
					task()
				}
			})
		}
		return bare{func(task func()) error { tasks <- task; return nil }, func() { close(tasks); workers.Wait() }}
	},
	"ants": func() bare {
		pool, err := ants.NewPool(benchWorkers, ants.WithDisablePurge(true))
		if err != nil {
			panic(err)
		}
		return bare{pool.Submit, func() { _ = pool.ReleaseContext(context.Background()) }}
	},
	"pond": func() bare {
		pool := pondv2.NewPool(benchWorkers, pondv2.WithQueueSize(0))
		return bare{pool.Go, pool.StopAndWait}
	},
	"pond-v1": func() bare {
		pool := pond.New(benchWorkers, 0, pond.MinWorkers(benchWorkers))
		return bare{func(task func()) error { pool.Submit(task); return nil }, pool.StopAndWait}
	},
	"workerpool": func() bare {
		pool := workerpool.New(benchWorkers)
		return bare{pool.Do, pool.StopWait}
	},
}

// adapter hands tasks over through the kind's dispatcher.
func adapter(tb testing.TB, k strategies.Kind) bare {
	l := k.Default
	l.Workers = benchWorkers
	d, err := k.New(l)
	if err != nil {
		tb.Fatal(err)
	}
	ctx := context.Background()
	return bare{
		func(task func()) error { return d.Dispatch(ctx, task) },
		func() {
			if err := d.Close(); err != nil {
				tb.Error(err)
			}
		},
	}
}

// rounds hands over n tasks, some at once, and returns how long it took until all had run.
func (h bare) rounds(tb testing.TB, n int) time.Duration {
	var under sync.WaitGroup
	task := under.Done
	began := time.Now()
	for n > 0 {
		some := min(n, atOnce)
		under.Add(some)
		for range some {
			if err := h.hand(task); err != nil {
				tb.Fatal(err)
			}
		}
		under.Wait()
		n -= some
	}
	return time.Since(began)
}

// BenchmarkDispatch is what one dispatch costs when there are free workers: through the adapter, and by the bare call of
// the library. by=ratio has both in turns, so that what disturbs the machine disturbs both, and gives the median of the
// ratios adapter to library.
func BenchmarkDispatch(b *testing.B) {
	for _, kind := range all.Kinds() {
		if kind.New == nil {
			continue
		}
		library := libraries[kind.Name]
		b.Run("strategy="+kind.Name+"/by=adapter", func(b *testing.B) { measure(b, adapter(b, kind)) })
		if library == nil {
			continue
		}
		b.Run("strategy="+kind.Name+"/by=library", func(b *testing.B) { measure(b, library()) })
		b.Run("strategy="+kind.Name+"/by=ratio", func(b *testing.B) { compare(b, adapter(b, kind), library()) })
	}
}

// warmUp starts the workers, and fills whatever is kept for later use.
const warmUp = 20 * benchWorkers

func measure(b *testing.B, h bare) {
	defer h.close()
	h.rounds(b, warmUp)
	b.ReportAllocs()
	b.ResetTimer()
	h.rounds(b, b.N)
	b.StopTimer() // closing is no part of it
}

// turn is how long each side is at work before it is the other's turn: far longer than the clock's resolution, shorter than
// most disturbances.
const turn = time.Millisecond

func compare(b *testing.B, ours, theirs bare) {
	defer ours.close()
	defer theirs.close()
	ours.rounds(b, warmUp)
	each := max(1, int(warmUp*turn/theirs.rounds(b, warmUp)))
	b.ResetTimer()
	var ratios []float64
	for n := b.N; n > 0 || len(ratios)%2 == 1; n -= 2 * each {
		var us, them time.Duration
		if len(ratios)%2 == 0 { // whoever is first in one turn is second in the next
			us, them = ours.rounds(b, each), theirs.rounds(b, each)
		} else {
			them, us = theirs.rounds(b, each), ours.rounds(b, each)
		}
		ratios = append(ratios, float64(us)/float64(them))
	}
	b.StopTimer()
	slices.Sort(ratios)
	b.ReportMetric((ratios[(len(ratios)-1)/2]+ratios[len(ratios)/2])/2, "ratio")
	b.ReportMetric(0, "ns/op") // it would be the sum of two different things
}

// BenchmarkRequest is what one request costs end to end, without a network: with a client on a pipe, which waits for each
// answer. Allocations are those of client and server together; the client has none.
func BenchmarkRequest(b *testing.B) {
	eachInMemory(b, func(spec strategies.Spec, _ strategies.Kind) {
		b.Run(spec.Path(), func(b *testing.B) {
			ask := session(b, parse(b, spec))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				ask()
			}
			b.StopTimer()
		})
	})
}

// eachInMemory calls f with the strategies that serve pipes: those that need no sockets of their own.
func eachInMemory(tb testing.TB, f func(strategies.Spec, strategies.Kind)) {
	for _, kind := range all.Kinds() {
		if kind.New == nil || kind.Default.Listeners > 0 {
			continue
		}
		for _, unit := range kind.Units {
			spec, err := all.Kinds().Spec(kind.Name + ":unit=" + unit.String())
			if err != nil {
				tb.Fatal(err)
			}
			f(spec, kind)
		}
	}
}

func parse(tb testing.TB, spec strategies.Spec) strategies.Strategy {
	s, err := all.Kinds().Parse(spec.String())
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// session serves one client by s until tb ends, and returns what sends a request and waits for its answer.
func session(tb testing.TB, s strategies.Strategy) (ask func()) {
	client, server := net.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Serve(ctx, &oneConn{conn: server, closed: make(chan struct{})}, strategies.Messages(bytewise{}), strategies.Options{})
	}()
	tb.Cleanup(func() {
		client.Close()
		stop()
		if err := <-ended; err != nil {
			tb.Error(err)
		}
	})
	buf := make([]byte, 1)
	ask = func() {
		if _, err := client.Write(buf); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.ReadFull(client, buf); err != nil {
			tb.Fatal(err)
		}
	}
	for range 100 { // workers, and whatever is kept for later use
		ask()
	}
	return ask
}

// oneConn is a listener with one connection.
type oneConn struct {
	mu     sync.Mutex
	conn   net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	l.mu.Lock()
	c := l.conn
	l.conn = nil
	l.mu.Unlock()
	if c != nil {
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *oneConn) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

// bytewise is the smallest protocol: each byte is a request, and its own answer.
type bytewise struct{}

func (bytewise) Open() strategies.Session { return bytewise{} }
func (bytewise) Greet(dst []byte) []byte  { return dst }

func (bytewise) Split(data []byte, _ bool) (int, []byte, error) {
	if len(data) == 0 {
		return 0, nil, nil
	}
	return 1, data[:1], nil
}

func (bytewise) Answer(_ context.Context, dst, request []byte) ([]byte, error) {
	return append(dst, request...), nil
}
