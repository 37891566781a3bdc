//go:build unix

package trial

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// locks says whether lock keeps anybody out.
const locks = true

// lock keeps other processes from writing the same run. The system releases it when f is closed, however the process ends.
func lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errors.New("another process is measuring it; wait until that has ended")
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}
