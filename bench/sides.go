package bench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/internal/pin"
	"github.com/poolbench/poolbench/bench/trial"
)

// Sides says where the server and the driver run, so that what one costs is not taken from the other.
type Sides struct {
	Server, Driver trial.Side
	Warnings       []trial.Warning // where they could not be kept apart
}

// ParseSides reads two CPU lists such as "0-3,5". Empty ones are chosen: half of the CPUs for each side. Where a system
// cannot pin processes, or has one CPU, the sides are not pinned and a warning says so; a list that is asked for
// there is an error, and so is a CPU that both lists name.
func ParseSides(serverCPUs, driverCPUs string) (Sides, error) {
	s, err := parseSides(serverCPUs, driverCPUs)
	if err == nil && s.shared() {
		return Sides{}, fmt.Errorf("server CPUs %s and driver CPUs %s: both name CPU %s, so what one costs is taken from the other; name different ones, or leave both lists out",
			serverCPUs, driverCPUs, pin.Format(s.both()))
	}
	return s, err
}

func parseSides(serverCPUs, driverCPUs string) (Sides, error) {
	allowed, err := pin.Allowed()
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return Sides{}, err
	}
	if serverCPUs == "" && driverCPUs == "" {
		server, driver := pin.Split(allowed)
		return sides(server, driver), nil
	}
	if len(allowed) == 0 {
		return Sides{}, fmt.Errorf("this system (%s) cannot pin processes to CPUs; leave the CPU lists out", runtime.GOOS)
	}
	server, err := parseCPUs("server CPUs", serverCPUs, allowed)
	if err != nil {
		return Sides{}, err
	}
	driver, err := parseCPUs("driver CPUs", driverCPUs, allowed)
	if err != nil {
		return Sides{}, err
	}
	return sides(server, driver), nil
}

// SidesOf are the sides that a run was measured with, for one that goes on: as it began, also on CPUs that both share.
func SidesOf(e trial.Env) (Sides, error) {
	return parseSides(pin.Format(e.Server.CPUs), pin.Format(e.Driver.CPUs))
}

// ParseCPUs reads a list of CPUs such as "0-3,5" that this process may use; none if text is empty.
func ParseCPUs(text string) ([]int, error) {
	if text == "" {
		return nil, nil
	}
	allowed, err := pin.Allowed()
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	if len(allowed) == 0 {
		return nil, fmt.Errorf("this system (%s) cannot pin processes to CPUs; leave the list out", runtime.GOOS)
	}
	return parseCPUs("CPUs", text, allowed)
}

func parseCPUs(what, text string, allowed []int) ([]int, error) {
	cpus, err := pin.ParseList(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if len(cpus) == 0 {
		return nil, fmt.Errorf("%s: none named; name those of both sides, or of neither", what)
	}
	for _, cpu := range cpus {
		if !slices.Contains(allowed, cpu) {
			return nil, fmt.Errorf("%s: this process may not use CPU %d; allowed: %s", what, cpu, pin.Format(allowed))
		}
	}
	return cpus, nil
}

// sides sets GOMAXPROCS on both sides, because a pinned process would otherwise change it by itself within seconds.
func sides(server, driver []int) Sides {
	s := Sides{
		Server: trial.Side{GOMAXPROCS: len(server), CPUs: server},
		Driver: trial.Side{GOMAXPROCS: len(driver), CPUs: driver},
	}
	switch {
	case len(server) == 0:
		half := max(1, runtime.NumCPU()/2)
		s.Server.GOMAXPROCS, s.Driver.GOMAXPROCS = half, half
		s.Warnings = append(s.Warnings, trial.Warning{
			Code: "not-pinned",
			Text: "Server and driver were not pinned to CPUs of their own (this system cannot, or has only one), so each could take time from the other: " +
				"read small differences with care, or measure on Linux with two CPUs or more.",
		})
	case s.shared():
		s.Warnings = append(s.Warnings, trial.Warning{
			Code: "shared-cpus",
			Text: "Server and driver share CPUs, so what one costs is taken from the other: name different ones with --server-cpus and --driver-cpus.",
		})
	}
	return s
}

// forDriver is s with the GOMAXPROCS that the driver of that name wants. Without CPUs of its own it gets no more than its
// share: what is more would only run beside the server.
func (s Sides) forDriver(name string) Sides {
	if s.apart() {
		s.Driver.GOMAXPROCS = load.Procs(name, s.Driver.GOMAXPROCS)
	}
	return s
}

// enterDriver makes this process the driver: pinned to its CPUs, with its GOMAXPROCS. restore gives back what was before.
func (s Sides) enterDriver() (restore func(), err error) {
	procs := runtime.GOMAXPROCS(s.Driver.GOMAXPROCS)
	restore = func() { runtime.GOMAXPROCS(procs) }
	if len(s.Driver.CPUs) == 0 {
		return restore, nil
	}
	before, err := pin.Allowed()
	if err != nil {
		restore()
		return nil, err
	}
	if err := pin.Process(s.Driver.CPUs); err != nil {
		restore()
		return nil, fmt.Errorf("pin the driver: %w", err)
	}
	return func() {
		runtime.GOMAXPROCS(procs)
		_ = pin.Process(before) // it was so before; what remains pinned only makes drawing slower
	}, nil
}

// driverProcess is this process as it stands in a record, until the load has said which driver it was.
func (s Sides) driverProcess(driver string) trial.Process {
	return trial.Process{
		Name:       driver,
		PID:        os.Getpid(),
		GoVersion:  runtime.Version(),
		GOMAXPROCS: s.Driver.GOMAXPROCS,
		CPUs:       s.Driver.CPUs,
	}
}

// configure tells the load what it may use.
func (s Sides) configure(c *load.Config, driver string) {
	c.Driver = driver
	c.CPUs = len(s.Driver.CPUs)
	c.OwnCPUs = s.apart()
}

// apart says whether the driver has CPUs to itself.
func (s Sides) apart() bool { return len(s.Driver.CPUs) > 0 && !s.shared() }

// shared says whether the two sides use a CPU together.
func (s Sides) shared() bool { return len(s.both()) > 0 }

// both are the CPUs of the two sides together.
func (s Sides) both() []int {
	return slices.DeleteFunc(slices.Clone(s.Server.CPUs), func(cpu int) bool { return !slices.Contains(s.Driver.CPUs, cpu) })
}
