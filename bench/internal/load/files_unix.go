//go:build unix

package load

import "syscall"

// fileLimit is the limit on open files, raised to need if it was lower and may be. Go has raised the soft limit to the
// hard one when the process started; beyond that takes a privilege.
func fileLimit(need uint64) (uint64, bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	if uint64(limit.Cur) < need {
		raised := limit
		atLeast(&raised.Cur, need)
		atLeast(&raised.Max, need)
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised) == nil {
			limit = raised
		}
	}
	return uint64(limit.Cur), true
}

// atLeast serves the two types that systems have for a limit.
func atLeast[T int64 | uint64](limit *T, n uint64) { *limit = max(*limit, T(n)) }
