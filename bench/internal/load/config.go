package load

import (
	"errors"
	"fmt"
	"math"
	"net"
	"runtime"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/job"
	"github.com/poolbench/poolbench/bench/internal/load/schedule"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// Check says what is wrong in the words of someone who set it: which field, what it is, what is allowed.
func (c Config) Check() error {
	_, port, err := net.SplitHostPort(c.Target)
	if err == nil {
		_, err = net.LookupPort("tcp", port) // asks nobody but this machine
	}
	if err != nil {
		return fmt.Errorf("target %q: must be host:port: %w", c.Target, err)
	}
	switch {
	case c.TimeOut <= 0:
		return fmt.Errorf("time-out %v: must be more than 0, or a starved client would wait for ever", c.TimeOut)
	case c.BackOff <= 0:
		return fmt.Errorf("back-off %v: must be more than 0, or refused clients would storm the server", c.BackOff)
	case c.WarmUp < 0:
		return fmt.Errorf("warm-up %v: must be 0 or more", c.WarmUp)
	case c.Tail < 0:
		return fmt.Errorf("tail %v: must be 0 or more", c.Tail)
	case c.CPUs < 0:
		return fmt.Errorf("driver CPUs %d: must be 0 (as GOMAXPROCS) or more", c.CPUs)
	case c.Requests < 0:
		return fmt.Errorf("requests %d: must be 0 (the window decides) or more", c.Requests)
	case c.Requests > 0 && c.Load.Loop != trial.Closed:
		return fmt.Errorf("requests %d with the %s loop: only the closed loop ends by number, use a window", c.Requests, c.Load.Loop)
	case c.Requests == 0 && c.Window <= 0:
		return fmt.Errorf("window %v: must be more than 0", c.Window)
	}
	if err := CheckDriver(c.Driver); err != nil {
		return err
	}
	if err := validateLoad(c.Load, c.Window); err != nil {
		return err
	}
	if c.Turn != nil {
		if err := c.validateTurn(); err != nil {
			return err
		}
	}
	return validateClient(c.Client, c.Load.Loop)
}

func validateLoad(l trial.Load, window time.Duration) error {
	if l.Clients < 1 {
		return fmt.Errorf("clients %d: must be at least 1", l.Clients)
	}
	if l.Clients > math.MaxInt32 {
		return fmt.Errorf("clients %d: must be at most %d", l.Clients, math.MaxInt32)
	}
	if err := job.CheckGroups(l); err != nil {
		return err
	}
	switch l.Loop {
	case trial.Closed:
		switch {
		case l.Think < 0:
			return fmt.Errorf("think time %v: must be 0 or more", l.Think)
		case l.Rate != 0:
			return fmt.Errorf("rate %v with the closed loop: the server sets the pace there, use think time, or the open loop", l.Rate)
		case l.Arrivals != "":
			return fmt.Errorf("arrivals %q with the closed loop: nothing arrives by a schedule there, use the open loop", l.Arrivals)
		case l.Profile != nil:
			return errors.New("a changing rate with the closed loop: the server sets the pace there, use the open loop")
		}
	case trial.Open, trial.Sessions:
		if l.Think != 0 {
			return fmt.Errorf("think time %v with the %s loop: the schedule decides when requests are due, use the closed loop", l.Think, l.Loop)
		}
		return schedule.Check(l, window)
	default:
		return fmt.Errorf("loop %q: must be %s, %s or %s", l.Loop, trial.Closed, trial.Open, trial.Sessions)
	}
	return nil
}

func (c Config) validateTurn() error {
	switch t := c.Turn; {
	case t.Every <= 0:
		return fmt.Errorf("slices of %v: must be more than 0", t.Every)
	case t.Of < 1 || t.Index < 0 || t.Index >= t.Of:
		return fmt.Errorf("turn %d of %d: must be 0 to one less than the number of loads", t.Index, t.Of)
	case c.Requests > 0:
		return fmt.Errorf("requests %d in turns: a window that ends by number has no slices, use one that has a time", c.Requests)
	case t.Every > c.Window/time.Duration(t.Of):
		return fmt.Errorf("slices of %v for %d loads: a window of %v has no slice of each, must be at most %v", t.Every, t.Of, c.Window, c.Window/time.Duration(t.Of))
	case c.Load.Profile != nil:
		return errors.New("a changing rate in turns: slices would cut it, measure it without turns")
	}
	return nil
}

// cpus is how many the driver may use.
func (c Config) cpus() int {
	if c.CPUs > 0 {
		return c.CPUs
	}
	return runtime.GOMAXPROCS(0)
}

func validateClient(c workload.Client, loop trial.Loop) error {
	session := c.Measured() == workload.Session
	switch {
	case c.Request == nil:
		return errors.New("client: has no Request, so there is nothing to send")
	case len(c.Request(nil, 0)) == 0:
		return errors.New("client: its Request appends nothing, so there is nothing to send")
	case c.PerConn < 0:
		return fmt.Errorf("client: %d requests per connection: must be 0 (no end) or more", c.PerConn)
	case session && c.PerConn == 0:
		return errors.New("client: measured by session, and a session without an end has no time: set PerConn")
	case session && c.End != workload.ServerCloses:
		return errors.New("client: measured by session, and only the server can end one: End must be ServerCloses")
	case c.End == workload.ServerCloses && c.PerConn == 0:
		return errors.New("client: the server closes after the last request, so there must be one: set PerConn")
	case session && loop == trial.Open:
		return errors.New("open loop with a client that is measured by session: its connections do not stay, use the sessions loop")
	case !session && loop == trial.Sessions:
		return errors.New("sessions loop with a client that is measured by request: use the open loop")
	}
	return nil
}
