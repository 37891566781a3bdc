//go:build linux || darwin

package doctor

import "golang.org/x/sys/unix"

// diskFree is what this user may still write in a folder.
func diskFree(dir string) (bytes uint64, tells bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}
