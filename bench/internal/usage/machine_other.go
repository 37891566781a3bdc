//go:build !linux

package usage

// ReadMachine returns a snapshot of the machine: zeros on this platform.
func ReadMachine() Machine { return Machine{} }
