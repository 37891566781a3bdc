// Package server runs one strategy with one workload in a child process of its own, so that a trial starts from a
// fresh heap and scheduler, and what the server costs is told apart from what its driver costs; or it runs a null server
// there, which only echoes bytes, for what the driver can do at most. [Start] is the
// harness's side, [RunIfChild] the child's; both are the same binary. The package measures nothing by itself and does
// nothing periodic: the child speaks only when it is asked, at the edges of a window. Package bench/internal/load
// drives what it serves.
//
// The protocol is lines of JSON between two copies of one binary. Down the child's stdin go its [Config], then one
// number for each snapshot that is wanted; the end of that stream means stop, so that a harness which was killed
// leaves no server behind. Up its stdout come a ready line, snapshots, and one last line.
package server

import (
	"time"

	"github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/trial"
)

// A Config says what a child serves, and how it runs.
type Config struct {
	Strategy string // full name, with every limit
	Workload string // name

	// Null asks for a null server instead, and Strategy and Workload are empty: it echoes what the clients of the workload
	// echo send, at the level of sockets, and is there to find out what a driver can do when its server does next to
	// nothing. Its identity is "null", with GOMAXPROCS event loops on Linux.
	Null bool

	// GOMAXPROCS of the child, always set: Go changes a default by itself within seconds of a process being pinned.
	// 0 means one for each of CPUs, or all that this process has if CPUs is empty.
	GOMAXPROCS int

	CPUs  []int         // the child is pinned to these; empty: it is not pinned
	Drain time.Duration // the strategy's drain time-out; 0: strategies.DefaultDrain
}

// identity is what the child has to say of itself.
func (c Config) identity() (strategy, workload string) {
	if c.Null {
		return trial.NullServer, nullWorkload
	}
	return c.Strategy, c.Workload
}

// A message is one line from the child; one of its fields is set.
type message struct {
	Ready    *ready    `json:",omitempty"`
	Snapshot *snapshot `json:",omitempty"`
	Last     *last     `json:",omitempty"`
}

// ready says that the strategy accepts connections, and who it is.
type ready struct {
	Process  trial.Process
	Workload string
	Address  string
}

// snapshot answers the request with the same number.
type snapshot struct {
	Number int64
	Usage  usage.Snapshot
}

// last is what a child says before it exits.
type last struct {
	Connections trial.Connections
	Error       string // empty: it stopped because it was asked to, in order
	Forced      bool   // Error is that the drain time-out had passed
}
