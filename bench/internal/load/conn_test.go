package load

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
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
				got, err := c.message(bufio.ScanLines, never)
				if err != nil || string(got) != want {
					t.Fatalf("message %.20q, error %v; want %.20q", got, err, want)
				}
			}
			if _, err := c.message(bufio.ScanLines, never); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("after the last message: %v", err)
			}
		})
	}
}

func TestAMessageWithoutEndIsNotHeld(t *testing.T) {
	endless := io.MultiReader(bytes.NewReader(make([]byte, longestMessage)), bytes.NewReader(make([]byte, longestMessage)))
	c := newConn(stream{Reader: endless}, clock{time.Now()})
	if _, err := c.message(bufio.ScanLines, never); !errors.Is(err, errTooLong) {
		t.Errorf("error %v, want %v", err, errTooLong)
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

func TestASteadyClientDoesNotAllocate(t *testing.T) {
	target := start(t, echo)
	r := newRun(load(target, lines, trial.Load{Loop: trial.Closed, Clients: 1}), target)
	raw, err := net.Dial("tcp", target)
	if err != nil {
		t.Fatal(err)
	}
	r.clock = clock{time.Now()}
	c := r.clients[0]
	c.adopt(raw)
	defer c.leave()
	var last request
	one := func() {
		last = request{}
		c.do(&last)
	}
	one() // the buffers
	if allocs := testing.AllocsPerRun(1000, one); allocs >= 1 {
		t.Errorf("one request allocates %v times", allocs)
	}
	if last.outcome != ok {
		t.Errorf("outcome %v", last.outcome)
	}
}
