//go:build !unix && !windows

package server

import "syscall"

func ownProcessGroup() *syscall.SysProcAttr { return nil }
