package goroutines

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// A group is the clients of one behaviour and what became of them; the counts are all that they share.
type group struct {
	job.Group
	connected, answered, ended atomic.Int64
}

func (g *group) total() trial.Other {
	return trial.Other{
		Behaviour: g.Behaviour, Clients: g.Clients,
		Connected: g.connected.Load(), Answered: g.answered.Load(), Ended: g.ended.Load(),
	}
}

// An other is a client that is not measured. Its goroutine is the only user of everything in it, except for what its line
// and its group guard.
type other struct {
	line
	group *group
	next  time.Duration // when it does something next
	out   []byte        // the request being sent
}

// newOthers are the clients of g. They do not begin all at once but in turn within their first pause, or they would do
// everything in step.
func newOthers(r *run, g *group) []*other {
	var all []*other
	for i := range g.Clients {
		first := time.Duration(float64(g.Every) * float64(i) / float64(g.Clients))
		all = append(all, &other{line: line{run: r, asks: &r.Client, dials: r.Loading}, group: g, next: first})
	}
	return all
}

// stays says whether the other has a connection before the load begins.
func (o *other) stays() bool { return o.group.Behaviour != trial.Resets }

// live is the other's goroutine. It returns when the load ends and [other.leave] was called.
func (o *other) live() {
	defer o.end()
	switch o.group.Behaviour {
	case trial.Slow:
		o.stay(o.slow)
	case trial.Idle:
		o.stay(o.idle)
	case trial.NeverReads:
		o.stay(o.neverRead)
	case trial.Resets:
		o.reset()
	}
}

// leave ends whatever the other is waiting for, from another goroutine.
func (o *other) leave() {
	if o.group.Behaviour == trial.NeverReads {
		o.cutOff() // a farewell would wait behind what does not fit
	} else {
		o.hangUp()
	}
}

// stay does one thing with a connection until it is of no more use, then with another. What it does returns no error where
// the connection has come to its proper end.
func (o *other) stay(do func() error) {
	if o.conn == nil { // it was refused just now
		o.sleep(o.run.BackOff)
	}
	for o.run.Loading.Err() == nil {
		err := o.reach()
		if err == nil {
			err = do()
			if byServer(err) && !o.wasCut() {
				o.group.ended.Add(1)
			}
		}
		o.drop()
		if err != nil {
			o.sleep(o.run.clock.now() + o.run.BackOff)
		}
	}
}

// reach sees to a connection.
func (o *other) reach() error {
	if o.conn != nil {
		return nil
	}
	if err := o.connect(o.patience()); err != nil {
		return err
	}
	o.group.connected.Add(1)
	return nil
}

// patience is how long the other waits for what it begins now.
func (o *other) patience() time.Duration { return o.run.clock.now() + o.run.TimeOut }

// paced says that the other does something now, and not again before its pace is over. What it misses while it waits for
// the server it does not make up for: that would be another pace.
func (o *other) paced() { o.next = max(o.next, o.run.clock.now()) + o.group.Every }

// byServer says whether err, on a connection that was made, is that the server has ended it or turned the other away.
func byServer(err error) bool {
	var broken *net.OpError
	return errors.Is(err, errBusy) || errors.Is(err, errEnded) || errors.Is(err, errEndedEarly) || errors.Is(err, errUndelivered) ||
		errors.As(err, &broken) && !broken.Timeout()
}

// slow does what a client that is measured does, but for the pace.
func (o *other) slow() error {
	if err := o.meet(o.patience()); err != nil {
		return err
	}
	if o.asks.Measured() == workload.Session {
		return o.slowSession()
	}
	for o.conn != nil { // hear drops a connection that has had all its requests
		o.out = o.asks.Request(o.out[:0], o.conn.served)
		if err := o.dribble(); err != nil {
			return err
		}
		if _, err := o.hear(o.patience()); err != nil {
			return err
		}
		o.group.answered.Add(1)
	}
	return nil
}

func (o *other) slowSession() error {
	for seq := range o.asks.PerConn {
		o.out = o.asks.Request(o.out[:0], uint64(seq))
		if err := o.dribble(); err != nil {
			return err
		}
	}
	deadline := o.patience()
	if err := o.conn.rearm(deadline); err != nil {
		return err
	}
	if _, err := o.part(deadline); err != nil {
		return err
	}
	o.group.answered.Add(1)
	return nil
}

// dribble sends what is in out, each byte by itself and at its time.
func (o *other) dribble() error {
	for i := range o.out {
		if err := o.listen(o.next); err != nil {
			return err
		}
		o.paced()
		deadline := o.patience()
		if err := o.conn.rearm(deadline); err != nil {
			return err
		}
		if err := o.conn.send(o.out[i:i+1], deadline); err != nil {
			return err
		}
	}
	return nil
}

// listen waits until a time, or for the server's end. What it reads is kept.
func (o *other) listen(until time.Duration) error {
	for o.run.clock.now() < until {
		if o.conn.ended {
			return errEnded
		}
		if err := o.conn.rearm(until); err != nil {
			return err
		}
		err := o.conn.fill(until)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// idle waits for the server's end, and keeps nothing of what it says before.
func (o *other) idle() error {
	var discarded [64]byte
	for {
		switch _, err := o.conn.Read(discarded[:]); err {
		case nil:
		case io.EOF:
			return errEnded
		default:
			return err
		}
	}
}

// neverRead sends one request after the other. It stays in a write that does not fit: only the server, or the load, ends
// that.
func (o *other) neverRead() error {
	for seq := uint64(0); ; seq++ {
		o.sleep(o.next)
		if o.run.Loading.Err() != nil {
			return nil
		}
		o.paced()
		o.out = o.asks.Request(o.out[:0], seq)
		if _, err := o.conn.Write(o.out); err != nil {
			return err
		}
	}
}

// reset connects, begins a request and resets the connection, again and again.
func (o *other) reset() {
	for {
		o.sleep(o.next)
		if o.run.Loading.Err() != nil {
			return
		}
		o.paced()
		if err := o.reach(); err != nil {
			o.sleep(o.run.clock.now() + o.run.BackOff)
			continue
		}
		o.out = o.asks.Request(o.out[:0], 0)
		half := o.out[:min(len(o.out), max(1, len(o.out)/2))]
		_, _ = o.conn.Write(half) // a server that has ended the connection already is as good
		o.conn.abort()
		o.drop()
	}
}
