package usage

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// patience bounds loops that end by themselves when the code is right, however slow the machine is.
const patience = 30 * time.Second

func TestCPUTimeIsWhatTheProcessUsed(t *testing.T) {
	// The calling thread's own clock is the truth: this much at least was used.
	const work = 200 * time.Millisecond
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, outsideBefore := Self(), processCPU(t, os.Getpid())
	for start := threadCPU(t); threadCPU(t)-start < work; {
	}
	after, outsideAfter := Self(), processCPU(t, os.Getpid())

	// The clocks may be a tick of the kernel behind, on either side; more than all CPUs all the time it cannot be.
	const tick = 20 * time.Millisecond
	most := time.Duration(runtime.NumCPU())*after.At.Sub(before.At) + tick
	if used := Between(before, after).CPU; used < work-tick || used > most {
		t.Errorf("from inside: %v of CPU, want %v to %v", used, work, most)
	}
	if used := outsideAfter - outsideBefore; used < work-tick || used > most {
		t.Errorf("from outside: %v of CPU, want %v to %v", used, work, most)
	}
}

func TestProcessCPUOfAnotherProcess(t *testing.T) {
	cmd := exec.Command("cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	mine := processCPU(t, os.Getpid())
	if cpu := processCPU(t, cmd.Process.Pid); cpu > mine+time.Second {
		t.Errorf("a process that does nothing used %v", cpu)
	}
	_ = stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if cpu, err := ProcessCPU(cmd.Process.Pid); err == nil {
		t.Errorf("a process that is gone has used %v and no error", cpu)
	}
}

func TestPeakRSSIsInBytes(t *testing.T) {
	const size = 64 << 20
	held := make([]byte, size)
	for i := 0; i < size; i += os.Getpagesize() {
		held[i] = 1
	}
	peak := Self().PeakRSS
	runtime.KeepAlive(held)
	if peak < size || peak > 100*size {
		t.Errorf("the peak is %d bytes with %d in use", peak, size)
	}
}

func TestSwitchesAreCountedAsVoluntaryWhenTheProcessWaits(t *testing.T) {
	// Two locked threads that take turns wait for each other each time.
	const turns = 200
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ping, pong := make(chan struct{}), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		for range ping {
			pong <- struct{}{}
		}
	}()
	before := Self()
	for range turns {
		ping <- struct{}{}
		<-pong
	}
	used := Between(before, Self())
	close(ping)
	if used.VoluntarySwitches < turns/2 {
		t.Errorf("%d voluntary switches (%d involuntary) in %d turns", used.VoluntarySwitches, used.InvoluntarySwitches, turns)
	}
}

func TestMachineReadsTheKernelsFiles(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"stat":             "cpu  100 0 100 1000 5 0 3 250 0 0\ncpu0 100 0 100 1000 5 0 3 250 0 0\nctxt 1\nbtime 1\nprocesses 1\n",
		"pressure/cpu":     "some avg10=0.00 avg60=0.00 avg300=0.00 total=42\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n",
		"net/sockstat":     "sockets: used 9\nTCP: inuse 1 orphan 2 tw 17 alloc 3 mem 4\nUDP: inuse 0 mem 0\n",
		"123/net/netstat":  "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 859 6568\nIpExt: InOctets\nIpExt: 5\n",
		"123/status":       "Name:\tx\n",
		"123/net/sockstat": "sockets: used 9\nTCP: inuse 1 orphan 2 tw 99 alloc 3 mem 4\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("123", filepath.Join(root, "self")); err != nil {
		t.Fatal(err)
	}
	fs, err := procfs.NewFS(root)
	if err != nil {
		t.Fatal(err)
	}
	want := Machine{
		ListenOverflows: 859, ListenDrops: 6568,
		Steal:       2500 * time.Millisecond, // 250 units of 10 ms
		CPUPressure: 42 * time.Microsecond,
		TimeWait:    17,
	}
	if got := readMachine(fs); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	// What one file does not tell costs the others nothing.
	for _, gone := range []string{"pressure/cpu", "123/net/netstat"} {
		if err := os.Remove(filepath.Join(root, gone)); err != nil {
			t.Fatal(err)
		}
	}
	want.CPUPressure, want.ListenOverflows, want.ListenDrops = 0, 0, 0
	if got := readMachine(fs); got != want {
		t.Errorf("without some files: got  %+v\nwant %+v", got, want)
	}
}

func TestAFullBacklogIsSeen(t *testing.T) {
	const backlog, clients = 1, 8
	listener := tcpSocket(t)
	if err := unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(listener, backlog); err != nil {
		t.Fatal(err)
	}
	addr, err := unix.Getsockname(listener)
	if err != nil {
		t.Fatal(err)
	}
	before := ReadMachine()
	for range clients {
		if err := unix.Connect(tcpSocket(t), addr); err != nil && !errors.Is(err, unix.EINPROGRESS) {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		used := BetweenMachine(before, ReadMachine())
		if used.ListenOverflows > 0 && used.ListenDrops > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections to a backlog of %d, and only this was seen: %+v", clients, backlog, used)
		}
	}
}

func tcpSocket(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

func processCPU(t *testing.T, pid int) time.Duration {
	t.Helper()
	cpu, err := ProcessCPU(pid)
	if err != nil {
		t.Fatal(err)
	}
	return cpu
}

func threadCPU(t *testing.T) time.Duration {
	t.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		t.Fatal(err)
	}
	return time.Duration(ts.Nano())
}
