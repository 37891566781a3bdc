package goroutines

import (
	"net"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/workload"
)

// A client is one connection that stays, or one slot that runs one session after the other, and is measured. Its goroutine
// is the only user of everything in it, except for what its line guards.
type client struct {
	line
	index int32
	batch batch
	out   []byte // the request being sent
}

// do carries r out from its sending to its outcome, and records it.
func (c *client) do(r *account.Request) {
	session := c.asks.Measured() == workload.Session
	var err error
	if session {
		err = c.session(r)
	} else {
		err = c.ask(r)
	}
	if r.Answered == 0 {
		r.Answered = c.run.clock.now()
	}
	r.Outcome = c.outcome(err)
	// A refused request may leave the connection as it was; nothing else that goes wrong does.
	if session || err != nil && (r.Outcome != account.Rejected || c.conn != nil && !c.conn.met) {
		c.drop()
	}
	c.run.flight.End(r.Answered)
	c.batch.add(*r)
	c.run.resolved(r.Answered)
}

// ask sends one request on the connection that stays, and reads its answer. It sets r's times.
func (c *client) ask(r *account.Request) error {
	k := c.run.clock
	if c.conn == nil || !c.conn.met {
		// Whoever gets no connection, or none that works, has asked for one.
		r.Sent = k.now()
		r.Connect = r.Sent
		c.run.flight.Begin(r.Connect)
		if err := c.meet(r.Sent + c.run.TimeOut); err != nil {
			return err
		}
		r.Free = max(r.Free, k.now())
	}
	conn := c.conn
	if conn.w > conn.r {
		c.begin(r)
		return errExtra // since the last answer: whatever comes next would be taken for the answer to this
	}
	c.out = c.asks.Request(c.out[:0], conn.served)
	c.begin(r)
	deadline := r.Sent + c.run.TimeOut
	if err := conn.arm(r.Sent, deadline); err != nil {
		return err
	}
	if err := conn.send(c.out, deadline); err != nil {
		return c.unlessBusy(err, c.asks.Response.Split, deadline)
	}
	var err error
	r.Answered, err = c.hear(deadline)
	return err
}

// begin says that r is sent now.
func (c *client) begin(r *account.Request) {
	r.Sent = c.run.clock.now()
	if r.Connect > 0 {
		c.run.flight.Again(r.Connect, r.Sent)
	} else {
		c.run.flight.Begin(r.Sent)
	}
}

// session runs one connection from its connect to the server's end of stream. It sets r's times.
func (c *client) session(r *account.Request) error {
	k := c.run.clock
	c.begin(r)
	deadline := r.Sent + c.run.TimeOut
	if err := c.meet(deadline); err != nil {
		return err
	}
	conn := c.conn
	if err := conn.arm(k.now(), deadline); err != nil {
		return err
	}
	tcp, _ := conn.Conn.(*net.TCPConn)
	for seq := range c.asks.PerConn {
		if seq == c.asks.PerConn-1 && tcp != nil {
			if err := endedEarly(tcp); err != nil {
				return err
			}
		}
		c.out = c.asks.Request(c.out[:0], uint64(seq))
		if err := conn.send(c.out, deadline); err != nil {
			return c.unlessBusy(err, c.lastWords(), deadline)
		}
	}
	var err error
	r.Answered, err = c.part(deadline)
	return err
}

// leave is the end of the client's goroutine.
func (c *client) leave() {
	c.end()
	c.batch.flush()
}
