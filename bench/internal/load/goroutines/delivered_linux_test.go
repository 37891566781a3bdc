package goroutines

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestEndsThatComeTooEarlyAreSeen(t *testing.T) {
	// What systems other than Linux rely on.
	said := make(chan struct{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for n := range 2 {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				defer conn.Close()
				if n == 1 {
					io.WriteString(conn, "x")
					io.Copy(io.Discard, conn)
					return
				}
				<-said
			})
		}
	})
	t.Cleanup(served.Wait) // after the connections are closed
	t.Cleanup(func() { ln.Close() })
	dial := func() *net.TCPConn {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c.(*net.TCPConn)
	}
	ending := dial()
	if err := peekEnd(ending); err != nil {
		t.Errorf("open connection: %v", err)
	}
	close(said)
	// Reading sees the end without taking it away: it can be read again and again.
	if _, err := ending.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	if err := peekEnd(ending); !errors.Is(err, errEndedEarly) {
		t.Errorf("closed connection: %v, want %v", err, errEndedEarly)
	}
	talking := dial()
	waitFor(talking)
	if err := peekEnd(talking); err != nil {
		t.Errorf("connection with data: %v", err)
	}
}

// waitFor returns when something waits to be read from conn, and leaves it there.
func waitFor(conn *net.TCPConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	// Saying false waits for more to come.
	_ = raw.Read(func(fd uintptr) bool {
		n, err := unix.IoctlGetInt(int(fd), unix.TIOCINQ)
		return err == nil && n > 0
	})
}
