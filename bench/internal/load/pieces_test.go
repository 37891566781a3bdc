package load

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// narrow lets the kernel hold little of what was not read yet, so that the client's writes do not fit.
func narrow(conn net.Conn) { conn.(*net.TCPConn).SetReadBuffer(32 << 10) }

func TestWhatDoesNotFitAtOnceGoesInPieces(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		const shortOf = 100 << 10 // of the longest message
		pad := strings.Repeat("x", 1<<20-shortOf)
		padded := func(dst []byte, seq uint64) []byte {
			dst = line(dst, seq)
			return append(append(dst[:len(dst)-1], pad...), '\n')
		}
		asked, told := lines, tens
		asked.Request, told.Request = padded, padded
		asked.Greeting = tens.Greeting
		asked.Response = &workload.Frame{Split: bufio.ScanLines, Check: func(seq uint64, msg []byte) error {
			return checkLine(seq, []byte(strings.TrimSuffix(string(msg), pad)))
		}}
		slowly := func(conn net.Conn, s string) { // three pieces that cannot merge
			for _, piece := range []string{s[:1], s[1 : len(s)-1], s[len(s)-1:]} {
				io.WriteString(conn, piece)
				time.Sleep(ms)
			}
		}
		for name, c := range map[string]struct {
			serve  serve
			client workload.Client
			load   trial.Load
		}{
			"requests and answers": {func(conn net.Conn, _ int, _ <-chan struct{}) {
				narrow(conn)
				slowly(conn, "hello\n")
				for in := bufio.NewReader(conn); ; {
					l, err := in.ReadString('\n')
					if err != nil {
						return
					}
					slowly(conn, l)
				}
			}, asked, trial.Load{Loop: trial.Closed, Clients: 4, Think: ms}},
			"the messages of a session": {func(conn net.Conn, _ int, _ <-chan struct{}) {
				narrow(conn)
				slowly(conn, "hello\n")
				in := bufio.NewReader(conn)
				for seq := range uint64(told.PerConn) {
					if l, err := in.ReadString('\n'); err != nil || l != string(padded(nil, seq)) {
						conn.(*net.TCPConn).SetLinger(0)
						return
					}
				}
				io.Copy(io.Discard, in)
			}, told, trial.Load{Loop: trial.Sessions, Clients: 4, Rate: 20, Arrivals: trial.Constant}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				config := load(driver, start(t, c.serve), c.client, c.load)
				config.Tail = config.TimeOut // it ends when all are answered, and a busy machine takes its time
				r := mustRun(t, config)
				if r.Counts.OK == 0 || r.Counts.OK != r.Counts.Intended {
					t.Errorf("not all ok: %+v", r.Counts)
				}
			})
		}
	})
}

func TestAServerThatGoesWhileItIsBeingAskedIsCountedForHow(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		long := strings.Repeat("x", 8<<20) + "\n"
		for name, c := range map[string]struct {
			goes func(conn net.Conn)
			want func(trial.Counts) int64
		}{
			"with a reset": {
				func(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) },
				func(c trial.Counts) int64 { return c.Failed },
			},
			"with its end, and reads on": {
				func(conn net.Conn) {
					conn.(*net.TCPConn).CloseWrite()
					io.Copy(io.Discard, conn)
				},
				func(c trial.Counts) int64 { return c.Failed },
			},
			"being busy": {
				func(conn net.Conn) {
					io.WriteString(conn, "busy\n")
					conn.(*net.TCPConn).CloseWrite()
					io.CopyN(io.Discard, conn, 1<<20)
				},
				func(c trial.Counts) int64 { return c.Rejected },
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				config := load(driver, start(t, func(conn net.Conn, _ int, _ <-chan struct{}) {
					narrow(conn)
					if _, err := io.ReadFull(conn, make([]byte, 1000)); err == nil {
						c.goes(conn)
					}
				}), lines, trial.Load{Loop: trial.Closed, Clients: 3})
				config.WarmUp = 0 // so that the first are the window's, however long they take
				config.Client.Request = func(dst []byte, _ uint64) []byte { return append(dst, long...) }
				r := mustRun(t, config)
				if r.Counts.Intended == 0 || c.want(r.Counts) != r.Counts.Intended {
					t.Errorf("want all of one kind: %+v", r.Counts)
				}
			})
		}
	})
}
