// Package pin keeps the server and the driver on CPUs of their own, so that what one costs is not taken from the
// other. It sets affinities and decides nothing else: who is pinned where is its callers' business, and on systems
// without CPU affinity every attempt is errors.ErrUnsupported, for the caller to record as "not pinned".
package pin

import "slices"

// Split deals the CPUs that may be used to the server and the driver, half each, in ascending order; an odd one goes
// to the driver, because a driver that is too slow spoils a measurement and a server that is too slow is one. The
// order of allowed counts (see [Allowed]): hardware threads of one core stay on one side, except of the core in the
// middle. With fewer than two CPUs there is nothing to divide, and both are nil: not pinned.
func Split(allowed []int) (server, driver []int) {
	if len(allowed) < 2 {
		return nil, nil
	}
	half := len(allowed) / 2
	server, driver = slices.Clone(allowed[:half]), slices.Clone(allowed[half:])
	slices.Sort(server)
	slices.Sort(driver)
	return server, driver
}
