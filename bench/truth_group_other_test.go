//go:build !unix

package bench_test

import "syscall"

func processGroup() *syscall.SysProcAttr { return nil }
