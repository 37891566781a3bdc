//go:build !unix

package cli

import "syscall"

// apart puts a process out of the reach of this terminal's Ctrl-C, where that is possible.
func apart() *syscall.SysProcAttr { return nil }
