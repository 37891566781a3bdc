package server

import (
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/poolbench/poolbench/strategies"
)

// stillLoops are loops that nobody runs, of which the first accepts for all from the address.
func stillLoops(t *testing.T, n int) (loops []*nullLoop, addr string) {
	t.Helper()
	ln := listenHere(t)
	loops, err := newNullLoops(n, strategies.Options{Stats: new(strategies.Stats)})
	if err != nil {
		t.Fatal(err)
	}
	fd, err := takeListener(ln)
	if err != nil {
		t.Fatal(err)
	}
	if err := loops[0].accepts(fd, loops); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		loops[0].acceptor.end(loops[0])
		for _, l := range loops {
			l.close()
		}
	})
	return loops, ln.Addr().String()
}

func TestConnectionsAreDealtToLoopsInTurn(t *testing.T) {
	loops, addr := stillLoops(t, 3)
	for range 9 {
		dialAddr(t, addr)
	}
	if err := loops[0].acceptor.accept(loops[0], 7); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{3, 2, 2} {
		if err := loops[i].woken(); err != nil {
			t.Fatal(err)
		}
		if loops[i].open != want {
			t.Errorf("loop %d has %d of 7 connections, want %d", i, loops[i].open, want)
		}
	}
}

// Without files to accept with, a listener that is always ready must not keep its loop busy, nor be forgotten.
func TestAnAcceptorThatIsOutOfFilesPauses(t *testing.T) {
	loops, addr := stillLoops(t, 1)
	loop, acceptor := loops[0], loops[0].acceptor
	for range 3 {
		dialAddr(t, addr)
	}
	ready := func() bool {
		events := make([]unix.EpollEvent, 8)
		n, err := unix.EpollWait(loop.epoll, events, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events[:n] {
			if int(e.Fd) == acceptor.fd {
				return true
			}
		}
		return false
	}
	if !ready() {
		t.Fatal("the listener is not watched")
	}
	restore := leaveFiles(t, 1)
	err := acceptor.accept(loop, acceptBatch)
	restore()
	if err != nil || loop.open != 1 {
		t.Fatalf("%d connections accepted with files for 1: %v", loop.open, err)
	}
	if ready() {
		t.Error("the listener is still watched")
	}
	if ms := loop.patience(); ms < 0 || ms > int(acceptBackOff.Milliseconds())+1 {
		t.Errorf("the loop would wait for %d ms, want about %v", ms, acceptBackOff)
	}
	acceptor.paused = time.Now().Add(-1)
	if err := acceptor.resume(loop); err != nil || !ready() {
		t.Fatalf("after the pause the listener is not watched again: %v", err)
	}
	if err := acceptor.accept(loop, acceptBatch); err != nil || loop.open != 3 {
		t.Errorf("%d of 3 connections accepted in the end: %v", loop.open, err)
	}
	if ms := loop.patience(); ms != -1 {
		t.Errorf("the loop would wait for %d ms although nothing is due", ms)
	}
}

// leaveFiles sets this process's limit so that it can open n more files.
func leaveFiles(t *testing.T, n int) (restore func()) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	var fds []int
	for range n + 1 {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		fds = append(fds, fd)
	}
	few := limit
	few.Cur = uint64(fds[n])
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStopAndTheListenersLastEventMayComeTogether(t *testing.T) {
	loops, addr := stillLoops(t, 1)
	loop, listener := loops[0], loops[0].acceptor.fd
	dialAddr(t, addr)
	loop.stop()
	if err := loop.turn(loop.wakes); err != nil {
		t.Fatal(err)
	}
	if err := loop.turn(listener); err != nil { // of the same epoll_wait, and closed by now
		t.Errorf("an event of the listener that was closed: %v", err)
	}
	if loop.open != 1 {
		t.Errorf("%d connections are open, want the one that was waiting", loop.open)
	}
}

// A loop that goes on asking whether it may write is busy with that for the rest of the connection.
func TestALoopHasNothingToDoWhenEverythingIsPaid(t *testing.T) {
	loops, addr := stillLoops(t, 1)
	loop := loops[0]
	c := dialAddr(t, addr)
	const size = 8 << 20
	owes, done := make(chan struct{}), make(chan error, 1)
	go func() {
		go func() { _, _ = c.Write(make([]byte, size)) }() // an error: then it does not come back either
		<-owes
		_, err := io.CopyN(io.Discard, c, size)
		done <- err
	}()
	events := make([]unix.EpollEvent, 8)
	next := func(ms int) int {
		n, err := unix.EpollWait(loop.epoll, events, ms)
		if err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
		return max(n, 0)
	}
	owed := func(c nullConn) bool { return len(c.owed) > 0 }
	for waiting := true; ; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			if n := next(0); n != 0 {
				t.Errorf("%d events on an idle connection: %+v", n, events[:n])
			}
			if slices.ContainsFunc(loop.conns, owed) {
				t.Error("something is owed although all has come back")
			}
			return
		default:
		}
		for _, e := range events[:next(10)] {
			if err := loop.turn(int(e.Fd)); err != nil {
				t.Fatal(err)
			}
		}
		if waiting && slices.ContainsFunc(loop.conns, owed) {
			waiting = false
			close(owes)
		}
	}
}

func TestAnEchoAllocatesNothing(t *testing.T) {
	r := runNull(t, nullServer{}, patience)
	c := dialAddr(t, r.addr)
	message := make([]byte, 32)
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := c.Conn.Write(message); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c.Conn, message); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per echo", n)
	}
	if err := r.stop(t); err != nil {
		t.Error(err)
	}
}

// An answer in two parts must not wait for the acknowledgement of the first, which a client may delay by 40 ms.
func TestANullServersConnectionsDoNotDelay(t *testing.T) {
	loops, addr := stillLoops(t, 1)
	dialAddr(t, addr)
	if err := loops[0].acceptor.accept(loops[0], 1); err != nil {
		t.Fatal(err)
	}
	for fd, c := range loops[0].conns {
		if !c.open {
			continue
		}
		if on, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || on == 0 {
			t.Errorf("TCP_NODELAY is %d, %v", on, err)
		}
	}
}

func TestAListenerWithoutASocketIsAnError(t *testing.T) {
	type plain struct{ net.Listener }
	if err := (nullServer{}).Serve(t.Context(), plain{listenHere(t)}, nil, strategies.Options{Stats: new(strategies.Stats)}); err == nil {
		t.Error("it was served")
	}
}

var _ syscall.Conn = acceptListener{} // or a null server could not take it over
