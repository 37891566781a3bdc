//go:build unix

package load

import "golang.org/x/sys/unix"

// fileLimit is the soft limit, which Go raises to the hard one when a process starts.
func fileLimit() (uint64, bool) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	return uint64(limit.Cur), true
}
