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
		"stat":             "cpu  100 7 110 1000 5 11 3 250 40 2\ncpu0 100 7 110 1000 5 11 3 250 40 2\nctxt 1\nbtime 1\nprocesses 1\n",
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
		CPUBusy:     2310 * time.Millisecond, // user, nice, system, irq and softirq
		TimeWait:    17,
	}
	if got := readMachine(fs); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	// What one file does not tell costs the others nothing.
	for _, gone := range []string{"pressure/cpu", "123/net/netstat", "net/sockstat"} {
		if err := os.Remove(filepath.Join(root, gone)); err != nil {
			t.Fatal(err)
		}
	}
	want.CPUPressure, want.ListenOverflows, want.ListenDrops, want.TimeWait = 0, 0, 0, 0
	if got := readMachine(fs); got != want {
		t.Errorf("without some files: got  %+v\nwant %+v", got, want)
	}
	if n, told := timeWait(fs); told {
		t.Errorf("without its file there are %d sockets in TIME_WAIT", n)
	}
}

func TestTimeWaitIsToldAlsoWhenThereIsNone(t *testing.T) {
	if n, told := TimeWait(); !told || n < 0 {
		t.Errorf("got %d, %t", n, told)
	}
}

func TestUserAndSystemTimeAreToldApart(t *testing.T) {
	// The kernel samples at its ticks which of the two it is, and so the one is only compared with the other.
	const work = 300 * time.Millisecond
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	spend := func(on func()) (user, system time.Duration) {
		before := Self()
		for start := threadCPU(t); threadCPU(t)-start < work; {
			on()
		}
		after := Self()
		if after.CPU != after.UserCPU+after.SystemCPU {
			t.Errorf("%v is not %v and %v", after.CPU, after.UserCPU, after.SystemCPU)
		}
		return Between(before, after).UserCPU, after.SystemCPU - before.SystemCPU
	}
	var sum uint64
	calculatingUser, calculatingSystem := spend(func() {
		for i := range uint64(1 << 20) {
			sum += i * i
		}
	})
	clearingUser, clearingSystem := spend(func() {
		pages, err := unix.Mmap(-1, 0, 16<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_POPULATE)
		if err != nil {
			t.Fatal(err)
		}
		_ = unix.Munmap(pages)
	})
	if calculatingUser <= clearingUser || clearingSystem <= calculatingSystem {
		t.Errorf("%v of user and %v of system time to calculate (%d), %v and %v to have the kernel clear memory",
			calculatingUser, calculatingSystem, sum, clearingUser, clearingSystem)
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
		used := BetweenMachine(before, before, ReadMachine())
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
