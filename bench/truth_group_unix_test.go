//go:build unix

package bench_test

import "syscall"

// processGroup puts a process in a group of its own. Where whoever started it dies while it is stopped, the system lets such
// a group go on, with a hang-up that ends it.
func processGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
