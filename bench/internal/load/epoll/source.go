package epoll

import "net/netip"

const (
	// perSource is how many lasting connections one source address carries: with the ports of Linux's usual range, 32768
	// to 60999, there is room for as many again in TIME_WAIT.
	perSource = 14_000

	// sessionSources is for loads that connect all the time and leave a port in TIME_WAIT each time, for a minute (or for a
	// second, where the kernel lends them out again on loopback): 16 addresses are 450,000 ports.
	sessionSources = 16
)

// Sources are the addresses that connections to target come from in turn; none: the kernel chooses. Only loopback has more
// than one: on Linux all of 127.0.0.0/8 is this machine. sessions says that connections are made all the time.
func Sources(target netip.Addr, clients int, sessions bool) []netip.Addr {
	if !target.Is4() || !target.IsLoopback() {
		return nil
	}
	n := 1 + (clients-1)/perSource
	if sessions {
		n = max(n, sessionSources)
	}
	if n == 1 {
		return nil
	}
	all := make([]netip.Addr, n)
	for i := range all {
		// The last byte from 1 to 254.
		all[i] = netip.AddrFrom4([4]byte{127, 0, byte(i / 254), byte(i%254 + 1)})
	}
	return all
}
