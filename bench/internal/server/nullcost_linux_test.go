package server

import (
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/poolbench/poolbench/bench/internal/pin"
	"github.com/poolbench/poolbench/strategies"
)

// BenchmarkCPUPerEcho has what one echo costs each server, user and system, with a client that costs the same for all of
// them: a null loop, which sends back what comes back. On one CPU the two take turns, and the server has all connections
// to serve in each; on two, waking the other CPU costs more than all else. Compare within one run only.
func BenchmarkCPUPerEcho(b *testing.B) {
	const message = "0123456789abcdef0123456789abcde\n"
	allowed, err := pin.Allowed()
	if err != nil {
		b.Fatal(err)
	}
	own, other := allowed[:1], allowed[len(allowed)-1:]
	for _, bench := range []struct {
		name   string
		config Config
		client []int
	}{
		{"server=null/cpus=1", Config{Null: true}, own},
		{"server=goroutine/cpus=1", Config{Strategy: unlimited, Workload: "echo"}, own},
		{"server=null/cpus=2", Config{Null: true}, other},
		{"server=goroutine/cpus=2", Config{Strategy: unlimited, Workload: "echo"}, other},
	} {
		b.Run(bench.name, func(b *testing.B) {
			if strings.HasSuffix(bench.name, "cpus=2") && len(allowed) < 2 {
				b.Skip("there is one CPU")
			}
			bench.config.CPUs = own
			child, err := Start(b.Context(), bench.config)
			if err != nil {
				b.Fatal(err)
			}
			defer child.kill()
			loops, err := newNullLoops(1, strategies.Options{Stats: new(strategies.Stats), Drain: time.Nanosecond})
			if err != nil {
				b.Fatal(err)
			}
			client := loops[0]
			defer client.close()
			var sockets []int
			for range 64 {
				fd := connect(b, child.Addr())
				sockets = append(sockets, fd)
				client.hand(fd)
				if _, err := unix.Write(fd, []byte(message)); err != nil {
					b.Fatal(err)
				}
			}
			back := func() (n int) {
				for _, fd := range sockets {
					info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
					if err != nil {
						b.Fatal(err)
					}
					n += int(info.Bytes_received) / len(message)
				}
				return n
			}
			ended := make(chan error, 1)
			go func() {
				if err := pin.Inherit(bench.client, func() error { ended <- client.run(); return nil }); err != nil {
					ended <- err
				}
			}()
			before, err := child.Snapshot(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			first, echoes := back(), 0
			for echoes < b.N {
				time.Sleep(5 * time.Millisecond)
				echoes = back() - first
			}
			b.StopTimer()
			after, err := child.Snapshot(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			elapsed := after.At.Sub(before.At)
			client.stop()
			if err := <-ended; err != nil {
				b.Fatal(err)
			}
			per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(echoes) }
			b.ReportMetric(per(after.CPU-before.CPU), "cpu-ns/echo")
			b.ReportMetric(per(after.UserCPU-before.UserCPU), "user-ns/echo")
			b.ReportMetric(float64(after.CPU-before.CPU)/float64(elapsed), "cpu-share")
		})
	}
}

// connect returns a connected non-blocking socket of its own.
func connect(tb testing.TB, addr string) int {
	tb.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		tb.Fatal(err)
	}
	fd := -1
	if err := raw.Control(func(own uintptr) { fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }); err != nil || fd < 0 {
		tb.Fatal(err)
	}
	runtime.KeepAlive(conn)
	return fd
}
