//go:build !linux || mips || mipsle || mips64 || mips64le

package strategies

import "syscall"

// portsCanBeShared: elsewhere the option exists too, but what it does differs: on macOS one listener gets everything.
const portsCanBeShared = false

func sharePort(_, _ string, _ syscall.RawConn) error { return errNoSharedPort }
