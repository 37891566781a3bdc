package server

import "syscall"

// ownProcessGroup keeps Ctrl-C, which the console sends to the harness's group, from the child: the harness stops it
// in order instead.
func ownProcessGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
