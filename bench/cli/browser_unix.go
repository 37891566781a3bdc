//go:build unix

package cli

import "syscall"

// apart puts a process into a session of its own, where a Ctrl-C in this terminal does not reach it.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
