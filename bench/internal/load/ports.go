package load

import (
	"context"
	"net/netip"
	"time"

	"github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/workload"
)

const (
	// portsOfAddress is the range that Linux gives to connects unless told otherwise, 32768 to 60999.
	portsOfAddress = 60999 - 32768 + 1

	// crowded is the part of its ports that may be in TIME_WAIT when a load of sessions begins. With half of one address's in
	// it, new sessions fell from 8,900 to 438 per second, without any error.
	crowded = 0.25

	// portPatience bounds the wait: TIME_WAIT lasts for a minute, so that by then most are gone.
	portPatience = 40 * time.Second

	// portCheck is how often to look.
	portCheck = 100 * time.Millisecond
)

// mostInTimeWait is how many sockets in TIME_WAIT leave the driver ports enough for what it is to do. Connections that stay
// need few; so do those to a target that is new, because a port is taken for one target only.
func (c Config) mostInTimeWait(d driver, to netip.Addr) (most int64, matters bool) {
	if c.NewTarget || c.Client.Measured() == workload.Request && c.Client.PerConn == 0 {
		return 0, false
	}
	addresses := 1
	if d.sources != nil {
		addresses = max(addresses, len(d.sources(to, c.Load.Clients, true)))
	}
	return int64(crowded * portsOfAddress * float64(addresses)), true
}

// awaitPorts waits until no more than most sockets are in TIME_WAIT, or for as long as portPatience, and returns how long
// that took.
func awaitPorts(ctx context.Context, most int64, waiting func(most int64)) (time.Duration, error) {
	start := time.Now()
	tick := time.NewTicker(portCheck)
	defer tick.Stop()
	for looks := 0; ; looks++ {
		waited := time.Since(start)
		if n, told := usage.TimeWait(); !told || n <= most || waited >= portPatience {
			if looks == 0 {
				waited = 0
			}
			return waited, nil
		}
		if looks == 0 && waiting != nil {
			waiting(most)
		}
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-tick.C:
		}
	}
}
