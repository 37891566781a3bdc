package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/trial"
)

func TestAChildServesAndCounts(t *testing.T) {
	child := startChild(t, Config{Strategy: unlimited, Workload: "echo", GOMAXPROCS: 3})

	got := child.Identity()
	if got.PID == os.Getpid() || got.PID <= 0 {
		t.Errorf("the child's process is %d, this one %d", got.PID, os.Getpid())
	}
	want := trial.Process{Name: unlimited, PID: got.PID, GoVersion: runtime.Version(), GOMAXPROCS: 3}
	if got.Name != want.Name || got.GoVersion != want.GoVersion || got.GOMAXPROCS != want.GOMAXPROCS || got.CPUs != nil {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	for range 2 {
		conn := dial(t, child)
		conn.roundTrip(t)
		conn.Close()
	}
	// Stop finds this one idle.
	idle := dial(t, child)
	idle.roundTrip(t)

	counts := stop(t, child)
	if want := (trial.Connections{Accepted: 3, Served: 3}); counts != want {
		t.Errorf("got  %+v\nwant %+v", counts, want)
	}
	if _, err := idle.ReadByte(); err != io.EOF {
		t.Errorf("after stop an idle connection ends with %v, want a clean end", err)
	}
	if conn, err := net.Dial("tcp", child.Addr()); err == nil {
		conn.Close()
		t.Error("the address is still served after Stop")
	}
	if again, err := child.Stop(context.Background()); again != counts || err != nil {
		t.Errorf("Stop, called again, gives %+v, %v", again, err)
	}
	if _, err := child.Snapshot(context.Background()); err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("a snapshot of a stopped child: %v", err)
	}
}

func TestWhatAChildCannotServeIsAnErrorInTheParent(t *testing.T) {
	for _, test := range []struct {
		name   string
		config Config
		want   []string
	}{
		{"unknown strategy", Config{Strategy: "fibres:workers=1", Workload: "echo"}, []string{`"fibres"`, "goroutine"}},
		{"unknown workload", Config{Strategy: unlimited, Workload: "chess"}, []string{`"chess"`, "echo"}},
		{"not the full name, so that the record would be about something else", Config{Strategy: "goroutine", Workload: "echo"}, []string{`"goroutine"`, unlimited}},
		{"a handler that the strategy cannot run", Config{Strategy: perRequest, Workload: "chatty"}, []string{"unit=request", "message form"}},
		{"a pool that does not start", Config{Strategy: brokenPool, Workload: "echo"}, []string{brokenReason}},
	} {
		t.Run(test.name, func(t *testing.T) {
			child, err := Start(testContext(t), test.config)
			if err == nil {
				stop(t, child)
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %s: %v", want, err)
				}
			}
		})
	}
}

func TestAReadyLineOfSomebodyElseIsRefused(t *testing.T) {
	config := Config{Strategy: unlimited, Workload: "echo", GOMAXPROCS: 2, CPUs: []int{1}}
	good := ready{
		Process:  trial.Process{Name: unlimited, PID: 7, GoVersion: runtime.Version(), GOMAXPROCS: 2, CPUs: []int{1}},
		Workload: "echo",
	}
	if err := good.check(config, 7); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*ready){
		"strategy":   func(r *ready) { r.Process.Name = perRequest },
		"process":    func(r *ready) { r.Process.PID = 8 },
		"Go version": func(r *ready) { r.Process.GoVersion = "go1" },
		"GOMAXPROCS": func(r *ready) { r.Process.GOMAXPROCS = 1 },
		"CPUs":       func(r *ready) { r.Process.CPUs = nil },
		"workload":   func(r *ready) { r.Workload = "wait" },
	} {
		other := good
		change(&other)
		if other.check(config, 7) == nil {
			t.Errorf("another %s was not noticed", name)
		}
	}
}

func TestAChildThatFailsAtStartShowsWhatItPrinted(t *testing.T) {
	for _, test := range []struct {
		name, role string
		want       []string
	}{
		{"it panics", rolePanics, []string{"exit status 2", "panic: " + panicText, "goroutine 1"}},
		{"the program forgets RunIfChild, and would start itself for ever", roleForgets, []string{"exit status 1", "RunIfChild"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(roleEnv, test.role)
			_, err := Start(testContext(t), Config{Strategy: unlimited, Workload: "echo"})
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
		})
	}
}

func TestAChildThatSaysNothingIsKilled(t *testing.T) {
	t.Setenv(roleEnv, roleSilent)
	child, err := launch(Config{Strategy: unlimited, Workload: "echo", GOMAXPROCS: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(child.kill)
	for deadline := time.Now().Add(patience); child.Output() == ""; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the child never printed")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err = child.awaitReady(ctx, Config{})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "killed") || !strings.Contains(err.Error(), silentText) {
		t.Errorf("got %v, want an error that wraps the context's, says killed and what the child printed", err)
	}
	select {
	case <-child.Done():
	default:
		t.Error("the child is still there")
	}
}

func TestWhatAProgramPrintsDoesNotBreakTheProtocol(t *testing.T) {
	t.Setenv(roleEnv, roleBanner)
	child := startChild(t, Config{Strategy: unlimited, Workload: "chatty"})
	conn := dial(t, child)
	conn.roundTrip(t)
	conn.Close()
	if _, err := child.Snapshot(testContext(t)); err != nil {
		t.Error(err)
	}
	if counts := stop(t, child); counts.Served != 1 {
		t.Errorf("the handler that prints has not served its connection: %+v\n%s", counts, child.Output())
	}
	out := child.Output()
	if !strings.Contains(out, bannerText) {
		t.Errorf("what was printed before main is lost; there is only %q", out)
	}
	wantCopies := 2 // of os.Stdout and of a copy of it
	if runtime.GOOS == "windows" {
		wantCopies = 1
	}
	if n := strings.Count(out, strings.TrimSpace(chattyText)); n < wantCopies {
		t.Errorf("what the handler printed is there %d times, want %d:\n%s", n, wantCopies, out)
	}
}

func TestAHandlersPanicIsCountedAndLogged(t *testing.T) {
	child := startChild(t, Config{Strategy: unlimited, Workload: "panics"})
	conn := dial(t, child)
	if _, err := conn.ReadByte(); err == nil {
		t.Error("a handler that panicked answered")
	}
	if counts := stop(t, child); counts.Panics != 1 || counts.Aborted != 1 {
		t.Errorf("one panic gives %+v", counts)
	}
	if out := child.Output(); !strings.Contains(out, "a handler went wrong") {
		t.Errorf("the cause of the panic is not in the output: %q", out)
	}
}

func TestAForcedStopIsToldApartAndCounted(t *testing.T) {
	child := startChild(t, Config{Strategy: unlimited, Workload: "endless", Drain: time.Millisecond})
	conn := dial(t, child)
	if _, err := conn.ReadByte(); err != nil { // so it is being served, and nobody reads the rest
		t.Fatal(err)
	}
	counts, err := child.Stop(testContext(t))
	if !errors.Is(err, ErrDrain) {
		t.Errorf("Stop = %v, want one that is ErrDrain", err)
	}
	if want := (trial.Connections{Accepted: 1, Forced: 1}); counts != want {
		t.Errorf("got  %+v\nwant %+v", counts, want)
	}
}

func TestSnapshotsAreTheChildsOwn(t *testing.T) {
	// The parent's peak must not be the child's: ru_maxrss would inherit it.
	const large = 256 << 20
	held := make([]byte, large)
	for i := 0; i < large; i += os.Getpagesize() {
		held[i] = 1
	}
	child := startChild(t, Config{Strategy: unlimited, Workload: "burn"})
	runtime.KeepAlive(held)

	ctx := testContext(t)
	before, err := child.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	conn := dial(t, child)
	conn.roundTrip(t)
	after, err := child.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("this platform tells no CPU time")
	}
	// The two clocks may be a tick of the kernel apart.
	if used := after.CPU - before.CPU; used < burnedCPU-20*time.Millisecond {
		t.Errorf("the child burned %v of CPU, and its snapshots say %v", burnedCPU, used)
	}
	if !after.At.After(before.At) || after.Goroutines <= 0 || after.Allocated < before.Allocated {
		t.Errorf("the second snapshot does not follow the first:\n%+v\n%+v", before, after)
	}
	if after.PeakRSS >= large {
		t.Errorf("the child's peak is %d bytes, which is the parent's", after.PeakRSS)
	}
}

// Catches: a base that is taken when a pool has started its workers, which would cost nothing then.
func TestWhatIsResidentBeforeTheStrategyBeginsIsTheProgramAlone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this platform does not tell what is resident")
	}
	taken := func(strategy string) usage.Snapshot {
		s, err := startChild(t, Config{Strategy: strategy, Workload: "echo"}).Snapshot(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const workers, stack = 4096, 2 << 10
	without, with := taken(unlimited), taken(fmt.Sprintf("channel:workers=%d,queue=0,full=wait,unit=conn", workers))
	for _, s := range []usage.Snapshot{without, with} {
		if s.BaseRSS <= 1<<20 || s.BaseRSS > s.PeakRSS {
			t.Errorf("%d bytes were resident before the strategy began, and %d at most", s.BaseRSS, s.PeakRSS)
		}
	}
	if more := with.BaseRSS - without.BaseRSS; more > workers*stack/4 {
		t.Errorf("a server with %d workers had %d bytes more before its strategy began: they are in it", workers, more)
	}
	if more := with.PeakRSS - without.PeakRSS; more < workers*stack {
		t.Errorf("%d workers took %d bytes: too few to see in which figure they are", workers, more)
	}
}

// The collection before the strategy begins is the last one of a server that does little.
func TestTheHeapOfAServerThatHasNotCollectedIsNotThatOfItsStart(t *testing.T) {
	child := startChild(t, Config{Strategy: unlimited, Workload: "echo"})
	before, err := child.Snapshot(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	const conns, each = 100, 4 << 10 // each has a bufio.Reader, of so much at least
	for range conns {
		dial(t, child).roundTrip(t)
	}
	after, err := child.Snapshot(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if after.GCCycles != before.GCCycles {
		t.Fatalf("it has collected: %d times, %d before", after.GCCycles, before.GCCycles)
	}
	if more := after.HeapLive - before.HeapLive; more < conns*each {
		t.Errorf("%d connections, and %d bytes more on the heap, want %d at least", conns, more, conns*each)
	}
}

func TestALateAnswerIsNotTakenForAnother(t *testing.T) {
	child := startChild(t, Config{Strategy: unlimited, Workload: "echo"})
	gone, giveUp := context.WithCancel(t.Context())
	giveUp()
	for range 3 {
		// Asked, and not waited for; select may have found the answer all the same.
		_, _ = child.Snapshot(gone)
	}
	const more = 20
	for range more {
		dial(t, child).roundTrip(t)
	}
	s, err := child.Snapshot(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if s.Goroutines < more {
		t.Errorf("%d connections are being served, and the snapshot has %d goroutines: it is an old one", more, s.Goroutines)
	}
}

// A client is a connection to a child that is closed with the test.
type client struct {
	net.Conn
	*bufio.Reader
}

func (c client) Read(b []byte) (int, error) { return c.Reader.Read(b) }

func dial(t *testing.T, child *Child) client {
	t.Helper()
	return dialAddr(t, child.Addr())
}

func dialAddr(t *testing.T, addr string) client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return client{conn, bufio.NewReader(conn)}
}

func (c client) roundTrip(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(c.Conn, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := c.ReadString('\n'); line != "hello\n" || err != nil {
		t.Fatalf("the answer is %q, %v", line, err)
	}
}

func startChild(t *testing.T, config Config) *Child {
	t.Helper()
	child, err := Start(testContext(t), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(child.kill)
	return child
}

func stop(t *testing.T, child *Child) trial.Connections {
	t.Helper()
	counts, err := child.Stop(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}
