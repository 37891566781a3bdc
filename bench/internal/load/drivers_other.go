//go:build !linux

package load

import "github.com/poolbench/poolbench/bench/internal/load/goroutines"

var drivers = []driver{{name: "goroutines", drive: goroutines.Drive}}
