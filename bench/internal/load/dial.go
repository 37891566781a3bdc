package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// resolve finds the target's address once, so that no name server has a part in any session. Of several addresses an
// IPv4 one is taken, as most of Go does.
func resolve(ctx context.Context, target string) (string, error) {
	host, service, err := net.SplitHostPort(target)
	if err != nil {
		return "", err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return "", err
	}
	if host == "" {
		host = "localhost"
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s has no address", host)
	}
	chosen := found[0].Unmap()
	for _, a := range found {
		if a = a.Unmap(); a.Is4() {
			chosen = a
			break
		}
	}
	return netip.AddrPortFrom(chosen, uint16(port)).String(), nil
}

var (
	errRefused   = errors.New("no connection")
	errExhausted = errors.New("the driver is out of ports or files")
)

// A dialer makes all connections of a load and remembers what became of them.
type dialer struct {
	address   string
	made      atomic.Int64
	exhausted atomic.Int64 // failed, and it was not the server's doing

	mu    sync.Mutex
	first error // of all failures
}

// dial connects. An error wraps errRefused, errExhausted or ctx's, or is a time-out.
func (d *dialer) dial(ctx context.Context, timeOut time.Duration) (net.Conn, error) {
	// Without keep-alive probes, which need longer than any trial lasts, a session costs four system calls less.
	by := net.Dialer{Timeout: max(timeOut, 1), KeepAlive: -1}
	c, err := by.DialContext(ctx, "tcp", d.address)
	if err == nil {
		d.made.Add(1)
		return c, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	d.mu.Lock()
	if d.first == nil {
		d.first = err
	}
	d.mu.Unlock()
	switch {
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		d.exhausted.Add(1)
		return nil, fmt.Errorf("%w: %w", errExhausted, err)
	case isTimeOut(err):
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", errRefused, err)
}

// hopeless says that every connect so far has failed, and how the first did.
func (d *dialer) hopeless() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made.Load() > 0 || d.first == nil {
		return nil
	}
	return fmt.Errorf("not one connection could be made: %w", d.first)
}

// isTimeOut is a function of its own because it allocates, which its callers need not where all is well.
func isTimeOut(err error) bool {
	var timed net.Error
	return errors.As(err, &timed) && timed.Timeout()
}

const (
	// connectsAtOnce stays under the smallest backlog in common use (128): beyond it the kernel drops connects, and
	// each costs its client a second.
	connectsAtOnce = 32

	// connectPhase bounds the time before the warm-up. Clients that have no connection by then are the server's
	// failure to show, not a reason to wait longer.
	connectPhase = 30 * time.Second
)

// dialAll connects n clients; those that fail stay nil. It fails if all do.
func (d *dialer) dialAll(ctx context.Context, n int, timeOut time.Duration) ([]net.Conn, error) {
	phase, cancel := context.WithTimeout(ctx, connectPhase)
	defer cancel()
	conns := make([]net.Conn, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, connectsAtOnce) {
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
	if err == nil && d.made.Load() == 0 {
		if err = d.hopeless(); err == nil {
			err = fmt.Errorf("not one connection could be made within %v", connectPhase)
		}
	}
	if err != nil {
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
		return nil, err
	}
	return conns, nil
}
