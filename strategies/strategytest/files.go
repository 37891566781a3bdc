package strategytest

import "os"

// openFiles counts the file descriptors of this process where the system shows them.
func openFiles() (n int, ok bool) {
	for _, dir := range []string{"/proc/self/fd", "/dev/fd"} {
		if entries, err := os.ReadDir(dir); err == nil {
			return len(entries), true
		}
	}
	return 0, false
}
