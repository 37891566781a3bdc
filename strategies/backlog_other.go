//go:build !unix

package strategies

import (
	"fmt"
	"net"
	"runtime"
)

func setBacklog(_ net.Listener, n int) error {
	return fmt.Errorf("backlog=%d: %s does not change the backlog of a listener", n, runtime.GOOS)
}
