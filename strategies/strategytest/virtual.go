package strategytest

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// inVirtualTime makes a row of one that depends on time: it runs over connections in memory, in a bubble where time passes only
// when nobody has anything to do, so that it can be exact and takes none. A strategy that serves sockets only
// runs it over those, with short times and without exactness.
func inVirtualTime(run func(*env)) func(*env) {
	return func(e *env) {
		if e.outsideReason() == "" {
			e.bubble(run)
		} else {
			run(e)
		}
	}
}

// onlyInVirtualTime is inVirtualTime for a row that would show nothing, or take too long, over sockets.
func onlyInVirtualTime(run func(*env)) func(*env) {
	return func(e *env) {
		if reason := e.outsideReason(); reason != "" {
			e.Skipf("this needs virtual time: %s", reason)
		}
		e.bubble(run)
	}
}

// outsideReason is why the row cannot run in virtual time; empty: it can.
func (e *env) outsideReason() string {
	switch {
	case e.outside != "":
		return e.outside
	case !e.servesPipes():
		return "the strategy serves sockets only"
	}
	return ""
}

// servesPipes asks the strategy, in a way that starts nothing.
func (e *env) servesPipes() bool {
	e.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	strategy := e.make()
	err := e.returns(start("Serve", func() error {
		return strategy.Serve(ctx, listenPipe(), newService(e.t.Name()).handler(), strategies.Options{})
	}))
	var unsupported *strategies.UnsupportedError
	if err != nil && !errors.As(err, &unsupported) {
		e.Fatalf("Serve returned %v, want nil or an UnsupportedError for a listener that is no socket", err)
	}
	return err == nil
}

// virtually is the patience where waiting costs nothing, and where it must outlast every time-out that a row sets.
const virtually = time.Hour

func (e *env) bubble(run func(*env)) {
	synctest.Test(e.t, func(*testing.T) {
		inner := &env{check: &check{bubbled{e.TB}, virtually, e.t}, make: e.make, spec: e.spec, seed: e.seed, virtual: true}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer inner.cleanUp()
			run(inner)
		}()
		<-done
	})
}

// bubbled is a TB on a goroutine that is not the test's own, which alone may call FailNow.
type bubbled struct{ TB }

func (b bubbled) Fatalf(format string, args ...any) {
	b.Helper()
	b.Errorf(format, args...)
	runtime.Goexit()
}

// settle waits, where time is virtual, until nobody has anything to do.
func (e *env) settle() {
	if e.virtual {
		synctest.Wait()
	}
}

// took fails unless something that began at a given time, and has just ended, took want. Over sockets it can have taken longer,
// on a machine that is busy with other things.
func (e *env) took(began time.Time, want time.Duration, what string) {
	e.Helper()
	const slack = 100 * time.Millisecond // for whatever a strategy has to do at its end
	if took := time.Since(began); took < want || e.virtual && took > want+slack {
		e.Errorf("%s took %v, want %v", what, took, want)
	}
}

// within fails, where time is virtual, unless something that has just ended took at most so long.
func (e *env) within(began time.Time, most time.Duration, what string) {
	e.Helper()
	if took := time.Since(began); e.virtual && took > most {
		e.Errorf("%s took %v, want at most %v", what, took, most)
	}
}
