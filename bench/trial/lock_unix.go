//go:build unix

package trial

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// locks says whether lock keeps anybody out.
const locks = true

// A child of a process that was killed while it started the child holds the lock until it runs its own program: so long
// whoever goes on with a run at once has to wait, and a little longer on a busy machine.
const (
	lockTries = 50
	lockPause = 20 * time.Millisecond
)

// lock keeps other processes from writing the same run. The system releases it when f is closed, however the process ends.
func lock(f *os.File) error {
	var err error
	for range lockTries {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			break
		}
		time.Sleep(lockPause)
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errors.New("another process is measuring it; wait until that has ended")
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}
