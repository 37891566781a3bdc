package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
)

// nullServer is the null server on Linux: an event loop for each of GOMAXPROCS, on a thread of its own.
type nullServer struct{}

func (nullServer) Name() string { return trial.NullServer }

// Serve needs no handler: a handler reads and writes a connection of package net, whose share of a message's cost is what a
// null server is there to do without.
//
// When ctx ends, what the kernel has already handshaken is accepted, what clients have already sent is echoed, and each
// connection is closed when there is nothing left to read. A request that arrives in that very moment finds its
// connection reset; drivers close theirs before they stop a server.
func (nullServer) Serve(ctx context.Context, ln net.Listener, _ strategies.Handler, o strategies.Options) error {
	defer ln.Close()
	loops, err := newNullLoops(runtime.GOMAXPROCS(0), o)
	defer func() {
		for _, l := range loops {
			l.close()
		}
	}()
	if err != nil {
		return err
	}
	listener, err := takeListener(ln)
	if err != nil {
		return fmt.Errorf("take the listener over: %w", err)
	}
	if err := loops[0].accepts(listener, loops); err != nil {
		_ = unix.Close(listener)
		return err
	}

	ended := make(chan error, len(loops))
	var running sync.WaitGroup
	for _, l := range loops {
		running.Go(func() { ended <- l.run() })
	}
	select {
	case <-ctx.Done():
	case err = <-ended: // out of order, or nobody would have ended
	}
	loops[0].stop() // which passes it on when it has dealt the last connection
	running.Wait()
	close(ended)
	for e := range ended {
		err = errors.Join(err, e)
	}
	var forced int
	for _, l := range loops {
		forced += l.forced
	}
	if forced > 0 {
		err = errors.Join(err, fmt.Errorf("drain time-out of %v passed, %d connections closed by force: %w", loops[0].drain, forced, context.Canceled))
	}
	return err
}

// takeListener returns a descriptor of its own for the socket of ln, and closes ln: the runtime's poller would wake for
// each connection as well.
func takeListener(ln net.Listener) (fd int, err error) {
	socket, ok := ln.(syscall.Conn)
	if !ok {
		return -1, fmt.Errorf("a %T has no socket", ln)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return -1, err
	}
	var copyErr error
	if err := raw.Control(func(own uintptr) {
		fd, copyErr = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return -1, err
	}
	if copyErr != nil {
		return -1, os.NewSyscallError("fcntl", copyErr)
	}
	return fd, ln.Close()
}
