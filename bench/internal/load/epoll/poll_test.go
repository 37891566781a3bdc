//go:build linux

package epoll

import (
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestAPollWaitsForItsTimeAndForWake(t *testing.T) {
	for name, c := range map[string]struct {
		quiet, without bool
	}{
		"told":                 {},
		"quiet":                {quiet: true},
		"without epoll_pwait2": {without: true},
	} {
		t.Run(name, func(t *testing.T) {
			runtime.LockOSThread() // and what is done to the thread ends with it
			if c.without {
				forbid(t, unix.SYS_EPOLL_PWAIT2)
			}
			p, err := newPoll(c.quiet)
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			wait := func(d time.Duration) (events int, took time.Duration) {
				t.Helper()
				begun := time.Now()
				got, err := p.wait(d)
				if err != nil {
					t.Fatal(err)
				}
				return len(got), time.Since(begun)
			}
			wait(0) // a new eventfd tells that it can be written to
			const d = 20 * time.Millisecond
			// A signal, such as the scheduler's, may end one early; not all of them.
			most := time.Duration(0)
			for range 10 {
				_, took := wait(d)
				most = max(most, took)
			}
			if most < d {
				t.Errorf("ten waits for %v, and none took longer than %v", d, most)
			}
			for range 2 { // also when the first was never looked at
				p.wake()
				if n, _ := wait(time.Hour); n != 1 || p.events[0].Fd != wakerID {
					t.Errorf("%d events, want wake's: %+v", n, p.events[:n])
				}
			}
			if p.coarse != c.without {
				t.Errorf("coarse is %v", p.coarse)
			}
		})
	}
}

// forbid has the calling thread, which is locked, told that there is no such system call.
func forbid(t *testing.T, number uint32) {
	t.Helper()
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the call's number comes first in what a filter is given
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: number},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Skip(err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		t.Skip(err)
	}
}
