package strategies_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

func TestLifoKeepsADispatchersContract(t *testing.T) {
	for _, l := range []strategies.Limits{
		{Workers: 1},
		{Workers: 3},
		{Workers: strategies.Unbounded},
		{Workers: 1, WhenFull: strategies.Reject},
		{Workers: 3, WhenFull: strategies.Reject},
	} {
		t.Run(strategies.Spec{Kind: "lifo", Limits: l}.String(), func(t *testing.T) {
			strategytest.RunDispatcher(t, strategies.Lifo().New, l)
		})
	}
}

// lifo is a pool in a bubble of virtual time, where all is still when synctest.Wait returns.
type lifo struct {
	*testing.T
	strategies.Dispatcher
}

func inBubble(t *testing.T, l strategies.Limits, test func(*lifo)) {
	synctest.Test(t, func(t *testing.T) {
		d, err := strategies.Lifo().New(l)
		if err != nil {
			t.Fatal(err)
		}
		p := &lifo{t, d}
		test(p)
		began := time.Now()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if d := time.Since(began); d > 0 {
			t.Errorf("Close waited for %v, and no task was under way", d)
		}
		if n := p.goroutines(); n != 0 {
			t.Errorf("%d goroutines left after Close", n)
		}
	})
}

// goroutines returns how many of them the pool has; without tasks, they are its idle workers.
func (p *lifo) goroutines() (n int) {
	synctest.Wait()
	buf := make([]byte, 1<<20)
	for _, trace := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(trace, "(*lifoPool)") {
			n++
		}
	}
	return n
}

func (p *lifo) dispatch(task func()) {
	p.Helper()
	if err := p.Dispatch(p.Context(), task); err != nil {
		p.Error(err) // not Fatal: this may be any goroutine
	}
}

// atOnce has n workers busy at the same time, and then idle.
func (p *lifo) atOnce(n int) {
	p.Helper()
	let := make(chan struct{})
	for range n {
		p.dispatch(func() { <-let })
	}
	close(let)
	synctest.Wait()
}

// goroutine names the one that it is called on, as stack traces begin.
func goroutine() string {
	buf := make([]byte, 64)
	name, _, _ := strings.Cut(string(buf[:runtime.Stack(buf, false)]), " [")
	return name
}

func TestLifoGivesATaskToTheWorkerThatBecameFreeLast(t *testing.T) {
	inBubble(t, strategies.Limits{Workers: 5}, func(p *lifo) {
		var lets [5]chan struct{}
		var who [5]string
		for i := range lets {
			lets[i] = make(chan struct{})
			p.dispatch(func() { who[i] = goroutine(); <-lets[i] })
		}
		order := []int{3, 0, 4, 1, 2}
		for _, i := range order {
			close(lets[i])
			synctest.Wait() // it is idle before the next one is
		}
		let := make(chan struct{})
		for _, i := range slices.Backward(order) {
			var got string
			p.dispatch(func() { got = goroutine(); <-let })
			synctest.Wait()
			if got != who[i] {
				p.Errorf("the task was given to %q, want worker %d, %q", got, i, who[i])
			}
		}
		close(let)
	})
}

func TestLifoStartsWorkersOnlyWhenNoneIsIdle(t *testing.T) {
	inBubble(t, strategies.Limits{Workers: 3}, func(p *lifo) {
		if n := p.goroutines(); n != 0 {
			p.Errorf("%d goroutines before the first task", n)
		}
		for range 10 {
			p.atOnce(1)
		}
		if n := p.goroutines(); n != 1 {
			p.Errorf("%d workers after ten tasks, one after the other; want 1", n)
		}
	})
}

// Periods follow one another while a worker is idle; what counts is how few were idle at any moment of one.
func TestLifoRetiresWorkersThatHadNoTaskInAPeriod(t *testing.T) {
	const period = 5 * time.Second
	inBubble(t, strategies.Limits{Workers: 8}, func(p *lifo) {
		has := func(want int, when string) {
			p.Helper()
			if n := p.goroutines(); n != want {
				p.Errorf("%d workers %s, want %d", n, when, want)
			}
		}
		p.atOnce(1) // the first period begins
		p.atOnce(8)
		time.Sleep(period - 1) // virtual time, as all of it here
		has(8, "before the first period is over")
		time.Sleep(2 * time.Nanosecond)
		has(8, "after a period in which all were at work")
		p.atOnce(3)
		p.atOnce(2)
		time.Sleep(period)
		has(3, "after a period in which 3 at most were at work")
		p.atOnce(1)
		time.Sleep(period)
		has(1, "after a period in which 1 was at work")
		time.Sleep(period)
		has(0, "after a period without work")
		p.atOnce(8)
		has(8, "for 8 tasks at once after all had retired")
		time.Sleep(2 * period)
		has(0, "after two periods without work")
	})
}

func TestLifoRetiresNoWorkerThatIsBusy(t *testing.T) {
	inBubble(t, strategies.Limits{Workers: 2}, func(p *lifo) {
		long := make(chan struct{})
		p.dispatch(func() { <-long })
		p.atOnce(1)
		time.Sleep(time.Minute)
		if n := p.goroutines(); n != 1 {
			p.Errorf("%d goroutines, want the one worker with a task", n)
		}
		p.atOnce(1)
		close(long)
		time.Sleep(time.Minute)
		if n := p.goroutines(); n != 0 {
			p.Errorf("%d goroutines after a minute without work", n)
		}
	})
}

func TestLifoLetsCallsInInTheirTurn(t *testing.T) {
	inBubble(t, strategies.Limits{Workers: 1}, func(p *lifo) {
		let := make(chan struct{})
		p.dispatch(func() { <-let })
		var order []int
		for i := range 5 {
			go p.dispatch(func() { order = append(order, i) }) // one runs at a time
			synctest.Wait()
		}
		close(let)
		synctest.Wait()
		if !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
			p.Errorf("calls were let in in the order %v", order)
		}
	})
}

func TestLifoForgetsACallThatGaveUp(t *testing.T) {
	inBubble(t, strategies.Limits{Workers: 1}, func(p *lifo) {
		for range 100 { // the call may or may not have been taken before it gives up
			let := make(chan struct{})
			p.dispatch(func() { <-let })
			ctx, cancel := context.WithCancel(p.Context())
			said := make(chan error, 1)
			ran := 0
			go func() { said <- p.Dispatch(ctx, func() { ran++ }) }()
			synctest.Wait()
			cancel()
			close(let)
			err := <-said
			synctest.Wait()
			switch {
			case err == nil && ran == 1:
			case errors.Is(err, context.Canceled) && ran == 0:
			default:
				p.Fatalf("Dispatch said %v, and the task ran %d times", err, ran)
			}
		}
		let := make(chan struct{})
		p.dispatch(func() { <-let })
		ctx, cancel := context.WithCancel(p.Context())
		cancel()
		if err := p.Dispatch(ctx, func() { p.Error("a task ran that was not taken") }); !errors.Is(err, context.Canceled) {
			p.Errorf("got %v, want the context's error", err)
		}
		close(let)
		synctest.Wait() // before Close forgets everybody
	})
}

func TestLifoGoesOnWithTasksThatEndTheirGoroutine(t *testing.T) {
	inBubble(t, strategies.Limits{Workers: 3}, func(p *lifo) {
		for range 2 {
			let := make(chan struct{})
			for range 3 {
				p.dispatch(func() { <-let; runtime.Goexit() })
			}
			ran := make(chan struct{}, 3)
			for range 3 { // all workers are lost while these wait
				go p.dispatch(func() { ran <- struct{}{}; runtime.Goexit() })
			}
			synctest.Wait()
			close(let)
			for range 3 {
				<-ran
			}
		}
		p.atOnce(3)
		if n := p.goroutines(); n != 3 {
			p.Errorf("%d workers, want 3", n)
		}
	})
}

func TestLifoHasNoQueue(t *testing.T) {
	const want = "queue=1: a task runs at once or not at all; allowed: 0"
	if _, err := strategies.Lifo().New(strategies.Limits{Workers: 1, Queue: 1}); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
