package load

import (
	"net/netip"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

// Files is how many open files so many connections take, of the driver's process.
func Files(connections int) uint64 { return need(connections) }

// Ports is what loads on this machine take of its ports.
type Ports struct {
	Counted  int   // that the driver counts on for each of its addresses
	Staying  int   // that one address needs for so many connections that stay
	TimeWait int64 // sessions wait while more than so many sockets are in TIME_WAIT
}

// PortsOf is what the first of Drivers needs for so many clients.
func PortsOf(clients int) Ports {
	d, local := drivers[0], netip.AddrFrom4([4]byte{127, 0, 0, 1})
	addresses := 1
	if d.sources != nil {
		addresses = max(addresses, len(d.sources(local, clients, false)))
	}
	sessions := Config{Client: workload.Client{PerConn: 1}, Load: trial.Load{Clients: clients}}
	most, _ := sessions.mostInTimeWait(d, local)
	return Ports{Counted: portsOfAddress, Staying: (clients + addresses - 1) / addresses, TimeWait: most}
}
