package goroutines

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// stream is a connection that only reads, from r.
type stream struct {
	net.Conn
	io.Reader
}

func (s stream) Read(b []byte) (int, error) { return s.Reader.Read(b) }

func TestMessagesAreCutWhereverTheStreamIs(t *testing.T) {
	long := strings.Repeat("x", 3*firstBuffer)
	const text = "one\n\nthree\n"
	for name, r := range map[string]io.Reader{
		"all at once":           strings.NewReader(text + long + "\nlast"),
		"one byte at a time":    iotest.OneByteReader(strings.NewReader(text + long + "\nlast")),
		"the end with the data": iotest.DataErrReader(strings.NewReader(text + long + "\nlast")),
	} {
		t.Run(name, func(t *testing.T) {
			c := newConn(stream{Reader: r}, clock{time.Now()})
			for _, want := range []string{"one", "", "three", long, "last"} {
				got, err := c.message(bufio.ScanLines, account.Never)
				if err != nil || string(got) != want {
					t.Fatalf("message %.20q, error %v; want %.20q", got, err, want)
				}
			}
			if _, err := c.message(bufio.ScanLines, account.Never); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("after the last message: %v", err)
			}
		})
	}
}

func TestAMessageWithoutEndIsNotHeld(t *testing.T) {
	endless := io.MultiReader(bytes.NewReader(make([]byte, job.LongestMessage)), bytes.NewReader(make([]byte, job.LongestMessage)))
	c := newConn(stream{Reader: endless}, clock{time.Now()})
	if _, err := c.message(bufio.ScanLines, account.Never); !errors.Is(err, job.ErrTooLong) {
		t.Errorf("error %v, want %v", err, job.ErrTooLong)
	}
}

// A deadline is set once for many requests, so it may fire while a later one is still in its time.
func TestAnEarlierDeadlineDoesNotEndALaterRequest(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	c := newConn(ours, clock{time.Now()})
	if err := c.arm(c.clock.now(), c.clock.now()+ms); err != nil {
		t.Fatal(err)
	}
	go func() {
		<-time.After(20 * ms) // by then it has fired
		io.WriteString(theirs, "late\n")
	}()
	if msg, err := c.message(bufio.ScanLines, c.clock.now()+time.Hour); err != nil || string(msg) != "late" {
		t.Errorf("message %q, error %v", msg, err)
	}
	soon := c.clock.now() + ms
	if err := c.rearm(soon); err != nil {
		t.Fatal(err)
	}
	if _, err := c.message(bufio.ScanLines, soon); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, want the deadline's own", err)
	}
}

// echoed is a client whose requests are all the same and come back as they are.
var echoed = workload.Client{
	Response: &workload.Frame{Split: bufio.ScanLines, Check: func(_ uint64, msg []byte) error {
		if string(msg) != "echo" {
			return errors.New("no echo")
		}
		return nil
	}},
	Request: func(dst []byte, _ uint64) []byte { return append(dst, "echo\n"...) },
}

func TestASteadyClientDoesNotAllocate(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	echoes := make(chan struct{})
	go func() {
		defer close(echoes)
		defer ln.Close()
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for b := make([]byte, 64); ; { // io.Copy would allocate, and that is counted too
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			conn.Write(b[:n])
		}
	}()
	defer func() { <-echoes }()

	r := newRun(t.Context(), &job.Job{
		Address: netip.MustParseAddrPort(ln.Addr().String()),
		Client:  echoed,
		Load:    trial.Load{Loop: trial.Closed, Clients: 1},
		TimeOut: time.Minute, BackOff: ms,
		Loading: t.Context(),
		Edges:   account.NewEdges(account.Window{Close: time.Hour, End: account.Never}),
	})
	r.clock = clock{time.Now()}
	c := r.clients[0]
	defer c.leave()
	var last account.Request
	one := func() {
		last = account.Request{}
		c.do(&last)
	}
	one() // the connection and its buffers
	if allocs := testing.AllocsPerRun(1000, one); allocs >= 1 {
		t.Errorf("one request allocates %v times", allocs)
	}
	if last.Outcome != account.OK {
		t.Errorf("outcome %v", last.Outcome)
	}
}
