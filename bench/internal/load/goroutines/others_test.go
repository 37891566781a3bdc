package goroutines

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/trial"
)

func TestWhatCountsAsTheServersEnd(t *testing.T) {
	broken := func(err error) error {
		return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", err)}
	}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"the connection's proper end":       {nil, false},
		"the end of stream":                 {errEnded, true},
		"the end of stream, within message": {fmt.Errorf("greeting: %w", errEnded), true},
		"the busy answer":                   {errBusy, true},
		"a reset":                           {broken(syscall.ECONNRESET), true},
		"nobody reads any more":             {broken(syscall.EPIPE), true},
		"a session of which not all is read": {
			fmt.Errorf("%w: %w", errUndelivered, syscall.ECONNRESET), true},
		"a session ended early":   {errEndedEarly, true},
		"no answer in time":       {&net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}, false},
		"a wrong answer":          {errors.New("wrong"), false},
		"an answer without end":   {job.ErrTooLong, false},
		"an answer to spare":      {errExtra, false},
		"an answer cut to pieces": {fmt.Errorf("cut message: %w", io.ErrUnexpectedEOF), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := byServer(c.err); got != c.want {
				t.Errorf("%v: %v, want %v", c.err, got, c.want)
			}
		})
	}
}

func TestOthersDoNotActInStep(t *testing.T) {
	g := &group{Group: job.Group{Behaviour: trial.Slow, Every: 40 * ms, Clients: 4}}
	r := newRun(t.Context(), &job.Job{Loading: t.Context(), Load: trial.Load{Loop: trial.Closed, Clients: 1}, Edges: account.NewEdges(account.Window{})})
	for i, o := range newOthers(r, g) {
		if want := 10 * ms * time.Duration(i); o.next != want {
			t.Errorf("client %d begins at %v, want %v", i, o.next, want)
		}
	}
}

// A server that is slow itself must not make a slow client hurry afterwards.
func TestAMissedPaceIsNotMadeUpFor(t *testing.T) {
	o := &other{line: line{run: &run{clock: clock{time.Now().Add(-time.Hour)}}}, group: &group{Group: job.Group{Every: 40 * ms}}}
	before := o.run.clock.now()
	o.paced()
	if o.next < before+40*ms {
		t.Errorf("next at %v, want at least a pace behind %v", o.next, before)
	}
	last := o.next
	o.paced()
	if o.next != last+40*ms {
		t.Errorf("next at %v, want a pace behind %v", o.next, last)
	}
}
