//go:build !linux

package usage

// ReadMachine returns a snapshot of the machine: zeros on this platform.
func ReadMachine() Machine { return Machine{} }

// TimeWait returns false: this platform does not tell how many sockets are in TIME_WAIT.
func TimeWait() (int64, bool) { return 0, false }
