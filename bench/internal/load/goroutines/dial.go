package goroutines

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/job"
)

// A dialer makes all connections of a load.
type dialer struct {
	address  string
	connects *job.Connects
}

// dial connects. An error wraps job.ErrRefused, job.ErrExhausted or ctx's, or is a time-out.
func (d *dialer) dial(ctx context.Context, timeOut time.Duration) (net.Conn, error) {
	// Without keep-alive probes, which need longer than any trial lasts, a session costs four system calls less.
	by := net.Dialer{Timeout: max(timeOut, 1), KeepAlive: -1}
	c, err := by.DialContext(ctx, "tcp", d.address)
	if err == nil {
		d.connects.Made()
		return c, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	switch {
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		err = fmt.Errorf("%w: %w", job.ErrExhausted, err)
	case !isTimeOut(err):
		err = fmt.Errorf("%w: %w", job.ErrRefused, err)
	}
	d.connects.Failed(err)
	return nil, err
}

// isTimeOut is a function of its own because it allocates, which its callers need not where all is well.
func isTimeOut(err error) bool {
	var timed net.Error
	return errors.As(err, &timed) && timed.Timeout()
}

// dialAll connects n clients; those that fail stay nil. It fails if all of them do, and there was one.
func (d *dialer) dialAll(ctx context.Context, n int, timeOut time.Duration) ([]net.Conn, error) {
	phase, cancel := context.WithTimeout(ctx, job.ConnectPhase)
	defer cancel()
	conns := make([]net.Conn, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, job.ConnectsAtOnce) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && phase.Err() == nil; i = next.Add(1) - 1 {
				if c, err := d.dial(phase, timeOut); err == nil {
					conns[i] = c
				}
			}
		})
	}
	wg.Wait()
	err := context.Cause(ctx)
	if err == nil && n > 0 {
		err = d.connects.Connected()
	}
	if err != nil {
		closeAll(conns)
		return nil, err
	}
	return conns, nil
}

// closeAll closes those of conns that there are.
func closeAll(conns []net.Conn) {
	for _, c := range conns {
		if c != nil {
			c.Close()
		}
	}
}
