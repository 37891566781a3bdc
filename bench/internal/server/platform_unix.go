//go:build unix

package server

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownProcessGroup keeps Ctrl-C, which the terminal sends to the harness's group, from the child: the harness stops it
// in order instead.
func ownProcessGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// takeStdio takes the two pipes to the harness out of the reach of everything else in this process, by descriptor and
// not only by os.Stdout, which may have been copied before main: whoever prints, prints to stderr, and whoever reads
// stdin finds its end.
func takeStdio() (in, out *os.File, err error) {
	if in, err = take(0); err != nil {
		return nil, nil, err
	}
	if out, err = take(1); err != nil {
		return nil, nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	if err := unix.Dup2(int(null.Fd()), 0); err != nil {
		return nil, nil, os.NewSyscallError("dup2", err)
	}
	if err := unix.Dup2(2, 1); err != nil {
		return nil, nil, os.NewSyscallError("dup2", err)
	}
	return in, out, nil
}

// take copies a descriptor to one that no other process inherits. It is made non-blocking, so that waiting for the next
// request is the poller's and holds no thread of its own, which the snapshots would count.
func take(fd int) (*os.File, error) {
	const lowest = 3 // beyond stdin, stdout and stderr
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, lowest)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	if err := unix.SetNonblock(copied, true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(copied), fmt.Sprintf("harness-%d", fd)), nil
}
