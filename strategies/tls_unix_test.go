//go:build unix

package strategies_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// The end of TLS is a record to be written, for which crypto/tls waits 5 s, also for a client that does not read.
func TestTheEndOfTLSWaitsForNobodyWhoDoesNotRead(t *testing.T) {
	for name, end := range map[string]error{"in order": nil, "aborted": errors.New("enough")} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "goroutine", strategies.HandlerFunc(func(_ context.Context, c net.Conn) error {
				under := c.(interface{ NetConn() net.Conn }).NetConn().(*tls.Conn).NetConn()
				_ = under.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
				for {
					if _, err := under.Write(make([]byte, 1<<20)); err != nil {
						break
					}
				}
				fill(under) // to the last byte, and TLS knows nothing of it
				return end
			}), strategies.Options{TLS: certificate(t)})
			if err := secure(s.dial("")).Handshake(); err != nil {
				t.Fatal(err)
			}
			s.becomes("it has ended", func(n strategies.Counts) bool { return n.Served+n.Aborted == 1 })
			began := time.Now()
			s.stop()
			if _, err := s.end(); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("after that the stop took %v", took)
			}
		})
	}
}

// fill writes until the system takes not one byte more. Writes that wait stop before: until there is room for many.
func fill(c net.Conn) {
	c = c.(interface{ NetConn() net.Conn }).NetConn()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		for size := 1 << 16; size > 0; size /= 2 {
			for piece := make([]byte, size); ; {
				if _, err := syscall.Write(int(fd), piece); err != nil {
					break
				}
			}
		}
	})
}
