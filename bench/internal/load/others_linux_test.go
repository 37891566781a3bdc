package load

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

func TestAResetIsAReset(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		type end struct {
			read int
			err  error
		}
		const request = "ten bytes\n"
		const clients, most = 2, 1000
		ends := make(chan end, most)
		c := load(driver, start(t, func(conn net.Conn, n int, _ <-chan struct{}) {
			for b := make([]byte, len(request)); ; {
				n, err := io.ReadFull(conn, b)
				switch {
				case err == io.EOF: // between requests: a client that is measured leaves
					return
				case err != nil:
					ends <- end{n, err}
					return
				}
				conn.Write(b)
			}
		}), lines, beside(4, trial.Share{Behaviour: trial.Resets, Share: 0.5, Every: 10 * ms}))
		c.Client.Request = func(dst []byte, _ uint64) []byte { return append(dst, request...) }
		c.Client.Response = &workload.Frame{Split: lines.Response.Split, Check: func(_ uint64, msg []byte) error {
			if string(msg)+"\n" != request {
				return errors.New("no echo")
			}
			return nil
		}}
		r := mustRun(t, c)
		mustServeTheMeasured(t, r, 2)
		resets := mustHaveOne(t, r, trial.Resets, clients)
		if resets.Connected < clients || resets.Connected > most || resets.Answered != 0 || resets.Ended != 0 {
			t.Fatalf("want connections, and neither answers nor ends by the server: %+v", resets)
		}
		halves := 0
		for range resets.Connected {
			e := within(t, ends)
			if !errors.Is(e.err, syscall.ECONNRESET) {
				t.Errorf("the server read %d bytes and then %v, want a reset", e.read, e.err)
			}
			if e.read == len(request)/2 {
				halves++
			}
		}
		if halves == 0 {
			t.Error("not one reset came behind half a request")
		}
	})
}
