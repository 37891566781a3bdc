package server

import (
	"net"
	"os"
	"sync"
	"syscall"
)

// An acceptListener tells when a strategy first takes something from it: from then on it serves, and what it refuses to
// serve it has refused before. Everything else is the TCP listener's own, its deadlines above all.
type acceptListener struct {
	*net.TCPListener
	taken func()
}

func newAcceptListener(ln *net.TCPListener) (acceptListener, <-chan struct{}) {
	accepting := make(chan struct{})
	return acceptListener{ln, sync.OnceFunc(func() { close(accepting) })}, accepting
}

func (l acceptListener) Accept() (net.Conn, error) {
	l.taken()
	return l.TCPListener.Accept()
}

func (l acceptListener) AcceptTCP() (*net.TCPConn, error) {
	l.taken()
	return l.TCPListener.AcceptTCP()
}

// File is how an event loop takes the listener over.
func (l acceptListener) File() (*os.File, error) {
	l.taken()
	return l.TCPListener.File()
}

// SyscallConn is the other way to take it over.
func (l acceptListener) SyscallConn() (syscall.RawConn, error) {
	l.taken()
	return l.TCPListener.SyscallConn()
}
