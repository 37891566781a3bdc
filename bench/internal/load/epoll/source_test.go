package epoll

import (
	"net/netip"
	"testing"
)

func TestSourceAddressesAreManyEnoughAndAllDifferent(t *testing.T) {
	local := netip.MustParseAddr("127.0.0.1")
	for _, c := range []struct {
		clients  int
		sessions bool
		want     int
	}{
		{1, false, 0}, {perSource, false, 0}, {perSource + 1, false, 2}, {100_000, false, 8}, {5_000_000, false, 358},
		{1, true, 16}, {64, true, 16}, {1_000_000, true, 72},
	} {
		all := Sources(local, c.clients, c.sessions)
		if len(all) != c.want {
			t.Errorf("%d clients, sessions %t: %d addresses, want %d", c.clients, c.sessions, len(all), c.want)
		}
		seen := map[netip.Addr]bool{}
		for _, a := range all {
			last := a.As4()[3]
			if !a.IsLoopback() || seen[a] || last == 0 || last == 255 {
				t.Errorf("%v is no address to come from, or there twice", a)
			}
			seen[a] = true
		}
	}
	for _, far := range []string{"192.0.2.1", "::1"} {
		if all := Sources(netip.MustParseAddr(far), 100_000, true); all != nil {
			t.Errorf("%s: %v, want the kernel to choose", far, all)
		}
	}
}
