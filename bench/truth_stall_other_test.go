//go:build !unix

package bench_test

import "testing"

// soakStalls needs a system that can stop a process.
func soakStalls(*testing.T) {}
