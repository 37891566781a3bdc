package strategies

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Listen makes a listener as s wants it, which it reads from its name: with Limits.Backlog, and for several
// Limits.Listeners one that can share its port. For a strategy that states neither it is net.Listen, and any other
// listener will do as well.
//
// The backlog is the real queue of every strategy that waits. The system may bound it further (on Linux
// net.core.somaxconn); a system on which it cannot be set is an error.
//
// A listener that shares its port has a method Sibling() (net.Listener, error) that opens another one on it. A type that
// wraps the listener has to pass the method on, with the sibling wrapped as well, or Serve refuses it.
func Listen(network, address string, s Strategy) (net.Listener, error) {
	spec, err := ParseSpec(s.Name())
	if err != nil { // a strategy of somebody's own, with a name of its own
		return net.Listen(network, address)
	}
	ln, err := listen(network, address, spec.Limits)
	if err != nil {
		return nil, fmt.Errorf("listen for strategy %s: %w", s.Name(), err)
	}
	return ln, nil
}

func listen(network, address string, l Limits) (net.Listener, error) {
	var config net.ListenConfig
	if l.Listeners > 0 {
		config.Control = sharePort
	}
	ln, err := config.Listen(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	tcp, isTCP := ln.(*net.TCPListener)
	switch {
	case l.Listeners > 0 && !isTCP:
		err = errors.New("only TCP ports can be shared")
	case l.Backlog > 0:
		err = setBacklog(ln, l.Backlog)
	}
	if err != nil {
		ln.Close()
		return nil, err
	}
	if l.Listeners > 0 {
		return sharedPort{tcp, network, l}, nil
	}
	return ln, nil
}

// sharedPort is a listener beside which others can listen.
type sharedPort struct {
	*net.TCPListener
	network string // as it was asked for: tcp4 and tcp6 are not to be heard from its address
	limits  Limits
}

// Sibling opens another listener on the same port. The kernel deals new connections among all of them.
func (p sharedPort) Sibling() (net.Listener, error) {
	return listen(p.network, p.Addr().String(), p.limits)
}

// siblings returns n listeners on ln's port, ln first. After an error it has closed all but ln.
func siblings(ln net.Listener, n int) ([]net.Listener, error) {
	all := []net.Listener{ln}
	for len(all) < n {
		shared, ok := ln.(interface{ Sibling() (net.Listener, error) })
		if !ok {
			return nil, fmt.Errorf("listeners=%d: the port of a %T cannot be shared; make the listener with strategies.Listen, and let what wraps it pass on its method Sibling", n, ln)
		}
		sibling, err := shared.Sibling()
		if err != nil {
			closeAll(all[1:])
			return nil, fmt.Errorf("open listener %d of %d on %s: %w", len(all)+1, n, ln.Addr(), err)
		}
		all = append(all, sibling)
	}
	return all, nil
}

func closeAll(listeners []net.Listener) {
	for _, ln := range listeners {
		ln.Close()
	}
}
