package usage

import (
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

func TestBetweenSubtractsWhatAddsUpAndKeepsWhatIs(t *testing.T) {
	a := Snapshot{
		At: time.Unix(1, 0), CPU: 1, UserCPU: 11, SystemCPU: 12, VoluntarySwitches: 2, InvoluntarySwitches: 3, GCCycles: 4, GCPause: 5, Allocated: 6,
		HeapLive: 7, PeakRSS: 8, BaseRSS: 20, Goroutines: 9, Threads: 10,
	}
	b := Snapshot{
		At: time.Unix(2, 0), CPU: 101, UserCPU: 1111, SystemCPU: 1212, VoluntarySwitches: 202, InvoluntarySwitches: 303, GCCycles: 404, GCPause: 505, Allocated: 606,
		HeapLive: 707, PeakRSS: 808, BaseRSS: 20, Goroutines: 909, Threads: 1010,
	}
	want := trial.Usage{
		CPU: 100, UserCPU: 1100, VoluntarySwitches: 200, InvoluntarySwitches: 300, GCCycles: 400, GCPause: 500, Allocated: 600,
		HeapLive: 707, PeakRSS: 808, BaseRSS: 20, Goroutines: 909, Threads: 1010,
	}
	if got := Between(a, b); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	noFieldIsZero(t, want)
}

func TestBetweenMachineSubtractsWhatAddsUpAndKeepsTheStart(t *testing.T) {
	before := Machine{ListenOverflows: 10, ListenDrops: 11, Steal: 12, CPUPressure: 13, CPUBusy: 14, TimeWait: 15}
	a := Machine{ListenOverflows: 31, ListenDrops: 32, Steal: 33, CPUPressure: 34, CPUBusy: 35, TimeWait: 36}
	b := Machine{ListenOverflows: 131, ListenDrops: 232, Steal: 333, CPUPressure: 434, CPUBusy: 535, TimeWait: 636}
	want := trial.System{
		ListenOverflows: 100, ListenDrops: 200, Steal: 300, CPUPressure: 400, CPUBusy: 500,
		EarlyOverflows: 21, TimeWait: 15,
	}
	if got := BetweenMachine(before, a, b); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	want.TimeWaitWait = 1 // the harness's own doing, and nothing that the machine tells
	noFieldIsZero(t, want)
}

func TestCPUTimeReadFromOutsideIsDividedAsInside(t *testing.T) {
	later := Snapshot{At: time.Unix(2, 0), CPU: 10, UserCPU: 4, SystemCPU: 6, Threads: 3}
	at := time.Unix(1, 0)
	want := Snapshot{At: at, CPU: 5, UserCPU: 2, SystemCPU: 3, Threads: 3}
	if got := later.AsOf(at, 5); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	// A process too young for the kernel's clock of its own: all of it has to be somewhere.
	if got := (Snapshot{}).AsOf(at, 5); got.CPU != 5 || got.UserCPU+got.SystemCPU != 5 {
		t.Errorf("got %+v", got)
	}
}

// noFieldIsZero catches a field that was added to the record and is never filled.
func noFieldIsZero(t *testing.T, record any) {
	t.Helper()
	v := reflect.ValueOf(record)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s.%s is not covered by this test: is it filled?", v.Type(), v.Type().Field(i).Name)
		}
	}
}

func TestSelfSeesTheHeapAndTheCollector(t *testing.T) {
	const size = 32 << 20
	before := Self()
	held := make([]byte, size)
	runtime.GC()
	after := Self()
	runtime.KeepAlive(held)

	used := Between(before, after)
	if used.Allocated < size || used.Allocated > 4*size {
		t.Errorf("%d bytes allocated, want about %d", used.Allocated, size)
	}
	if used.HeapLive < size || used.HeapLive > 4*size {
		t.Errorf("%d bytes live, want about %d", used.HeapLive, size)
	}
	if used.GCCycles < 1 {
		t.Error("a garbage collection was not counted")
	}
	if used.GCPause <= 0 || used.GCPause > after.At.Sub(before.At) {
		t.Errorf("the collector stopped the world for %v of %v", used.GCPause, after.At.Sub(before.At))
	}
}

func TestSelfSeesGoroutinesAndThreads(t *testing.T) {
	const more = 5
	before := Self()
	release := make(chan struct{})
	defer close(release)
	for range more {
		started := make(chan struct{})
		go func() {
			runtime.LockOSThread() // and so each is a thread
			close(started)
			<-release
		}()
		<-started
	}
	after := Self()
	// At most, because one of an earlier test may just be ending.
	if n := after.Goroutines; n <= more || n > before.Goroutines+more {
		t.Errorf("%d goroutines, want the %d new ones, this one, and at most the %d from before", n, more, before.Goroutines)
	}
	if after.Threads < more {
		t.Errorf("%d threads, want at least the %d locked ones", after.Threads, more)
	}
}
