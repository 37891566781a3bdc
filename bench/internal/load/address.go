package load

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// resolve finds the target's address once, so that no name server has a part in any session. Of several addresses an
// IPv4 one is taken, as most of Go does.
func resolve(ctx context.Context, target string) (netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(target)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "" {
		host = "localhost"
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return netip.AddrPortFrom(a.Unmap(), uint16(port)), nil // the resolver would lose its zone
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if len(found) == 0 {
		return netip.AddrPort{}, fmt.Errorf("%s has no address", host)
	}
	chosen := found[0].Unmap()
	for _, a := range found {
		if a = a.Unmap(); a.Is4() {
			chosen = a
			break
		}
	}
	return netip.AddrPortFrom(chosen, uint16(port)), nil
}
