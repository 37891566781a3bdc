package contain_test

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/poolbench/poolbench/strategies/internal/contain"
)

// try runs f in p on a goroutine of its own, and reports how Run ended: came is false if it did not come back.
func try(p *contain.Pool, f func()) (exited, came bool, cause any) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { cause = recover() }()
		exited = p.Run(f)
		came = true
	}()
	<-done
	return exited, came, cause
}

func TestRunTellsHowAFunctionEnded(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var p contain.Pool
	defer p.Close()
	boom := errors.New("boom")
	for _, tt := range []struct {
		name   string
		f      func()
		exited bool
		cause  func(any) bool // nil: no panic
	}{
		{"it returns", func() {}, false, nil},
		{"it ends its goroutine", runtime.Goexit, true, nil},
		{"it panics", func() { panic(boom) }, false, func(v any) bool { return v == boom }},
		{"it panics with nil", func() { panic(nil) }, false, func(v any) bool { _, ok := v.(*runtime.PanicNilError); return ok }},
		{"it ends its goroutine while it panics", func() {
			defer runtime.Goexit()
			panic(boom)
		}, true, nil},
		{"it panics while it ends its goroutine", func() {
			defer func() { panic(boom) }()
			runtime.Goexit()
		}, true, nil},
		{"it recovers and ends its goroutine", func() {
			defer func() { _ = recover(); runtime.Goexit() }()
			panic(boom)
		}, true, nil},
		{"it leaves its thread locked", runtime.LockOSThread, false, nil},
		{"it leaves its thread locked twice", func() { runtime.LockOSThread(); runtime.LockOSThread() }, false, nil},
		{"it leaves its thread locked and ends its goroutine", func() { runtime.LockOSThread(); runtime.Goexit() }, true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 3 { // on a coroutine that is new, and on one that has seen it before
				ran, deferred := 0, 0
				exited, came, cause := try(&p, func() {
					ran++
					defer func() { deferred++ }()
					tt.f()
				})
				if ran != 1 || deferred != 1 {
					t.Errorf("it ran %d times and its deferred function %d times", ran, deferred)
				}
				if tt.cause != nil {
					if came || !tt.cause(cause) {
						t.Errorf("Run came back: %t, panicked with %v", came, cause)
					}
					continue
				}
				if !came || cause != nil {
					t.Fatalf("Run took its caller along, with a panic of %v", cause)
				}
				if exited != tt.exited {
					t.Errorf("Run says exited: %t, want %t", exited, tt.exited)
				}
			}
		})
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var p contain.Pool
	const atOnce = 8
	let := make(chan struct{})
	var callers, started sync.WaitGroup
	started.Add(atOnce)
	for i := range atOnce {
		callers.Go(func() {
			p.Run(func() {
				started.Done()
				<-let
				if i%2 == 0 {
					runtime.Goexit()
				}
			})
		})
	}
	started.Wait()
	p.Run(func() {}) // one more than those that are still at work when Close comes
	p.Close()
	close(let)
	callers.Wait()
	if exited := p.Run(runtime.Goexit); !exited {
		t.Error("a closed pool does not contain")
	}
	p.Run(func() {})
}

func TestCallersDoNotMeet(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var p contain.Pool
	var callers sync.WaitGroup
	var wrong atomic.Int64
	for i := range 8 {
		callers.Go(func() {
			for j := range 500 {
				mine := 0
				exited := p.Run(func() {
					mine = i*1000 + j
					runtime.Gosched()
					if j%7 == 0 {
						runtime.Goexit()
					}
				})
				if mine != i*1000+j || exited != (j%7 == 0) {
					wrong.Add(1)
				}
			}
		})
	}
	callers.Wait()
	p.Close()
	if n := wrong.Load(); n > 0 {
		t.Errorf("%d calls had another one's function or end", n)
	}
}

func TestRunningAllocatesNothing(t *testing.T) {
	var p contain.Pool
	defer p.Close()
	f := func() {}
	if n := testing.AllocsPerRun(1000, func() { p.Run(f) }); n != 0 {
		t.Errorf("%v allocations a call, want none", n)
	}
}

// BenchmarkRun measures what containing a function costs, beside what handing it to another goroutine would.
func BenchmarkRun(b *testing.B) {
	f := func() {}
	b.Run("by=contain", func(b *testing.B) {
		var p contain.Pool
		defer p.Close()
		b.ReportAllocs()
		for b.Loop() {
			p.Run(f)
		}
	})
	b.Run("by=channel", func(b *testing.B) {
		in, out := make(chan func()), make(chan struct{})
		defer close(in)
		go func() {
			for f := range in {
				f()
				out <- struct{}{}
			}
		}()
		b.ReportAllocs()
		for b.Loop() {
			in <- f
			<-out
		}
	})
	b.Run("by=goroutine", func(b *testing.B) {
		var wg sync.WaitGroup
		b.ReportAllocs()
		for b.Loop() {
			wg.Go(f)
			wg.Wait()
		}
	})
}
