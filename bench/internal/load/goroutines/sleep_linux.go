package goroutines

import (
	"context"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// newSleeper returns a sleeper that wakes within some ten microseconds. Go's own timers wake 0.5 to 1 ms late when the
// process is idle, because the runtime rounds its poller's time-out up to milliseconds (golang/go#53824); a file of
// the kernel's timer wakes the same poller when it is due, as a connection with data would.
func newSleeper(ctx context.Context) sleeper {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return newTimerSleeper(ctx) // a sandbox may forbid it; lag then shows the difference
	}
	f := os.NewFile(uintptr(fd), "timerfd")
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return newTimerSleeper(ctx)
	}
	t := &fileSleeper{file: f, raw: raw, spare: newTimerSleeper(ctx)}
	t.set = func(fd uintptr) {
		t.err = unix.TimerfdSettime(int(fd), 0, &t.spec, nil)
	}
	// A deadline in the past is what wakes a sleeper whose context ends; it stays, so a later sleep returns at once.
	t.stop = context.AfterFunc(ctx, func() { f.SetReadDeadline(time.Unix(1, 0)) })
	return t
}

// fileSleeper sleeps by reading a timerfd.
type fileSleeper struct {
	file *os.File
	raw  syscall.RawConn
	stop func() bool

	// Kept here so that sleep does not allocate.
	set   func(fd uintptr)
	spec  unix.ItimerSpec
	err   error // set's
	count [8]byte

	spare sleeper // for when the kernel refuses, which it has no reason to
}

func (t *fileSleeper) sleep(d time.Duration) {
	t.spec.Value = unix.NsecToTimespec(int64(max(d, 1))) // 0 would disarm it
	if err := t.raw.Control(t.set); err != nil || t.err != nil {
		t.spare.sleep(d)
		return
	}
	// However the read ends, the pacer looks at the clock and at its context next.
	_, _ = t.file.Read(t.count[:])
}

func (t *fileSleeper) end() {
	t.stop()
	t.file.Close()
	t.spare.end()
}
