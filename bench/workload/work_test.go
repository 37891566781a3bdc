package workload

import (
	"context"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/strategies"
)

func found(t *testing.T, name string) Workload {
	t.Helper()
	w, err := Find(All(), name)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// answerOf asks w's server, which has been stopped, one line.
func answerOf(t *testing.T, w Workload, line string) (string, error) {
	t.Helper()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	p, _ := strategies.ProtocolOf(w.Handler())
	answer, err := p.Open().Answer(stopped, []byte("before "), []byte(line))
	return string(answer), err
}

// The figures of a run can be compared with another's only if the work is the same. All results were computed in Python.
func TestTheWorkIsFixed(t *testing.T) {
	const changed = "trials before and after this change are not comparable"
	for name, want := range map[string]string{
		"cpu":        "0325e5254c0e5ce9",
		"cpu:work=2": "f5b5d40fcbe934a9",
		"alloc": "ae04c9d62af55e82d77326260623a4840e9cc981ecefb39bb85e4f19b78d2468" +
			"0095e21160830110747f2977b7f48503bffb93f775d4150a4289687a468c0f6f",
	} {
		if got, err := answerOf(t, found(t, name), "poolbench"); err != nil || got != "before "+want+"\n" {
			t.Errorf("%s: the work for one line ends in %q, %v; want %s: %s", name, got, err, want, changed)
		}
	}
	for name, want := range map[string]string{
		"job":        "aa13d72975640791",
		"job:work=3": "3c728490c23508aa",
		"deep":       "5e03581391446d77",
	} {
		if got := string(found(t, name).Client.Request(nil, 7)); got != "0000000000000007 "+want+"\n" {
			t.Errorf("%s: a request is %q, want one that ends in %s: %s", name, got, want, changed)
		}
	}
}

func TestEachSeedHasAResultOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w Workload) {
		if w.Blocks || w.Name == "http" || w.Name == "exchange" {
			t.Skip("has no results")
		}
		distinct := map[string]bool{}
		for seq := range uint64(seeds) {
			line := string(w.Client.Request(nil, seq))
			result := line[taskInput:] // where a request brings it
			if w.Client.Response != nil {
				result, _ = answerOf(t, w, strings.TrimSuffix(line, "\n"))
			}
			distinct[result] = true
			if again := string(w.Client.Request(nil, seq+seeds)); w.Name != "echo" && again != line {
				t.Errorf("request %d is %q, and %d later %q", seq, line, seeds, again)
			}
		}
		if len(distinct) != seeds {
			t.Errorf("%d different results for %d seeds", len(distinct), seeds)
		}
	})
}

func TestATaskThatDoesNotComeOutIsSaid(t *testing.T) {
	for _, name := range []string{"deep", "job"} {
		w := found(t, name)
		right := strings.TrimSuffix(string(w.Client.Request(nil, 0)), "\n")
		for line, want := range map[string]string{
			right:                                "",
			right[:len(right)-1] + "x":           "wrong\n",
			"1" + right[1:]:                      "wrong\n",
			right + "0":                          "wrong\n",
			right[:len(right)-1]:                 "wrong\n",
			right[:16] + "0" + right[17:]:        "wrong\n",
			right[:16]:                           "wrong\n",
			"":                                   "wrong\n",
			strings.ToUpper(right) + " and more": "wrong\n",
		} {
			if got, err := answerOf(t, w, line); err != io.EOF || got != "before "+want {
				t.Errorf("%s: %q is answered with %q, %v; want %q and the end", name, line, got, err, want)
			}
		}
	}
}

// measure returns how much of the counter that read shows was used by f, with no garbage collection in between.
func measure(t *testing.T, read func(runtime.MemStats) uint64, f func()) uint64 {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return read(after) - read(before)
}

func TestAllocAllocatesItsDocument(t *testing.T) {
	p, _ := strategies.ProtocolOf(alloc().Handler())
	session := p.Open()
	answer := make([]byte, 0, maxLine)
	const times = 50
	work := func() {
		for range times {
			answer, _ = session.Answer(t.Context(), answer[:0], []byte("poolbench"))
		}
	}
	if bytes := measure(t, func(m runtime.MemStats) uint64 { return m.TotalAlloc }, work) / times; bytes < 32<<10 || bytes > 64<<10 {
		t.Errorf("%d bytes for an answer, want 32 to 64 KiB", bytes)
	}
	if objects := measure(t, func(m runtime.MemStats) uint64 { return m.Mallocs }, work) / times; objects < 1200 || objects > 2000 {
		t.Errorf("%d allocations for an answer; three for each of 400 nodes, and their lists, are 1200 to 2000", objects)
	}
}

func TestDeepTakesAStackOf32KiB(t *testing.T) {
	w := deep()
	p, _ := strategies.ProtocolOf(w.Handler())
	line := w.Client.Request(nil, 0)
	const goroutines = 200
	done, leave := make(chan struct{}), make(chan struct{})
	defer close(leave)
	// Stacks shrink in garbage collections alone, so all of them are still there when the last has come back.
	grown := measure(t, func(m runtime.MemStats) uint64 { return m.StackInuse }, func() {
		for range goroutines {
			go func() {
				_, _ = p.Open().Answer(t.Context(), nil, line[:len(line)-1])
				done <- struct{}{}
				<-leave
			}()
		}
		for range goroutines {
			<-done
		}
	})
	// Stacks are powers of two, and memory for them is taken in spans of 32 KiB; ones of other goroutines may be used again.
	if each := grown / goroutines; each < 28<<10 || each > 36<<10 {
		t.Errorf("%d bytes of stack for a request, want 32 KiB: more than 16 were needed, and not more than 32", each)
	}
}
