package load

import (
	"github.com/poolbench/poolbench/bench/internal/load/epoll"
	"github.com/poolbench/poolbench/bench/internal/load/goroutines"
)

var drivers = []driver{
	{name: "epoll", drive: epoll.Drive, sources: epoll.Sources, spare: epoll.Spare},
	{name: "goroutines", drive: goroutines.Drive},
}
