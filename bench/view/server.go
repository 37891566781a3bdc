package view

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Listen listens on a loopback address, such as 127.0.0.1:0; any other is an error, because whoever can reach the address
// could read the runs.
func Listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%q: has to be an address with a port, such as 127.0.0.1:0", address)
	}
	if ip, err := netip.ParseAddr(host); !strings.EqualFold(host, "localhost") && (err != nil || !ip.Unmap().IsLoopback()) {
		return nil, notLoopback(address)
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	// What localhost stands for is the system's decision.
	if at, ok := ln.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return nil, errors.Join(notLoopback(address), ln.Close())
	}
	return ln, nil
}

func notLoopback(address string) error {
	return fmt.Errorf("%q: has to be this machine's own address, such as 127.0.0.1:0 or localhost:8080: others could read the runs; from another machine use `ssh -L`", address)
}

// Serve serves a handler on ln until ctx ends, then gives answers in progress a moment. It closes ln.
func Serve(ctx context.Context, ln net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second, // requests have no body
		WriteTimeout:      5 * time.Minute,  // a large run takes seconds to decode and to draw, and others may be before it
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	const grace = time.Second // a reader who presses Ctrl-C waits for nothing longer
	timed, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(timed); err != nil {
		_ = server.Close() // what is left is a page that is being drawn for a reader who has gone
	}
	<-ended
	return nil
}
