package job

import (
	"bufio"
	"errors"
	"fmt"
)

// LongestMessage bounds what a server that never ends its message can make a driver hold.
const LongestMessage = 1 << 20

// ErrTooLong is a message longer than that.
var ErrTooLong = fmt.Errorf("message is longer than %d bytes", LongestMessage)

// Cut takes the first message out of data, which is what was read and not yet used; ended: nothing will follow. It returns
// how many bytes are used up, also where no message is complete (msg is nil then).
func Cut(split bufio.SplitFunc, data []byte, ended bool) (used int, msg []byte, err error) {
	for used < len(data) {
		n, msg, err := split(data[used:], ended)
		if err != nil && !errors.Is(err, bufio.ErrFinalToken) {
			return used, nil, fmt.Errorf("cut message: %w", err)
		}
		if n < 0 || n > len(data)-used {
			return used, nil, fmt.Errorf("cut message: %d bytes of %d", n, len(data)-used)
		}
		used += n
		if msg != nil || n == 0 {
			return used, msg, nil
		}
	}
	return used, nil, nil
}
