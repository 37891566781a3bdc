package load

import (
	"net"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// A server that accepts nobody has the kernel take a few connections on its behalf, and drop all other attempts.
func TestAServerThatDoesNotAcceptTimesOut(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		const clients = 10
		reset := trial.Share{Behaviour: trial.Resets, Share: 0.2, Every: ms}
		slow := trial.Share{Behaviour: trial.Slow, Share: 0.2}
		for name, c := range map[string]struct {
			client workload.Client
			load   trial.Load
		}{
			"sessions":              {tens, trial.Load{Loop: trial.Sessions, Clients: clients, Rate: 100}},
			"closed":                {lines, trial.Load{Loop: trial.Closed, Clients: clients}},
			"open":                  {lines, trial.Load{Loop: trial.Open, Clients: clients, Rate: 100}},
			"closed, beside others": {lines, beside(clients, slow, reset)},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				config := load(driver, deaf(t), c.client, c.load)
				config.WarmUp, config.TimeOut = 0, 50*ms
				r := mustRun(t, config)
				if r.Counts.TimedOut == 0 || r.Counts.TimedOut != r.Counts.Intended {
					t.Errorf("want all of them timed out: %+v", r.Counts)
				}
			})
		}
	})
}

// deaf is the address of a server that does not accept.
func deaf(t *testing.T) (target string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	own, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(own.(*unix.SockaddrInet4).Port))
}
