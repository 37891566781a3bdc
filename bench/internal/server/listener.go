package server

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A tcpListener is a [net.TCPListener], or what package strategies makes of one.
type tcpListener interface {
	net.Listener
	AcceptTCP() (*net.TCPConn, error)
	SetDeadline(time.Time) error
	File() (*os.File, error)
	SyscallConn() (syscall.RawConn, error)
}

// An acceptListener tells when a strategy first takes something from it: from then on it serves, and what it refuses to
// serve it has refused before. Everything else is the TCP listener's own, its deadlines above all.
type acceptListener struct {
	tcpListener
	taken func()
}

func newAcceptListener(ln tcpListener) (acceptListener, <-chan struct{}) {
	accepting := make(chan struct{})
	return acceptListener{ln, sync.OnceFunc(func() { close(accepting) })}, accepting
}

func (l acceptListener) Accept() (net.Conn, error) {
	l.taken()
	return l.tcpListener.Accept()
}

func (l acceptListener) AcceptTCP() (*net.TCPConn, error) {
	l.taken()
	return l.tcpListener.AcceptTCP()
}

// File is how an event loop takes the listener over.
func (l acceptListener) File() (*os.File, error) {
	l.taken()
	return l.tcpListener.File()
}

// SyscallConn is the other way to take it over.
func (l acceptListener) SyscallConn() (syscall.RawConn, error) {
	l.taken()
	return l.tcpListener.SyscallConn()
}

// Sibling opens another listener on the same port, as strategies.Listen has it for those that want several.
func (l acceptListener) Sibling() (net.Listener, error) {
	shared, ok := l.tcpListener.(interface{ Sibling() (net.Listener, error) })
	if !ok {
		return nil, errors.New("this listener's port is not shared")
	}
	sibling, err := shared.Sibling()
	if err != nil {
		return nil, err
	}
	return acceptListener{sibling.(tcpListener), l.taken}, nil
}
