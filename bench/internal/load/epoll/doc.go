// Package epoll is the driver for Linux: a few event loops ([shard]), one for each CPU that the driver may use, each on a
// thread of its own with its own epoll, its own clients, its own clock readings and its own books, which are merged when
// the load has ended. Within a shard nothing is locked, and a request allocates nothing.
//
// # Time
//
// A shard sleeps in epoll_pwait2, whose time-out is in nanoseconds, with a timer slack of 1 ns. A sleeping thread still
// wakes some 30 µs late, so where the driver has its CPUs to itself the last stretch before an arrival is spent asking again
// and again instead: the median request then leaves within a microsecond of its time.
//
// An answer is stamped with the moment at which epoll told of it, not with that at which the shard got round to reading it,
// and the next request with the moment right before it is written: what the driver needs for the others in
// between stands in lag, where it belongs, and not in the server's service time.
//
// # Sockets
//
// They do not block and are registered once, edge-triggered. One read that does not fill the buffer has read all there
// was. An idle connection costs the shard a [slot] and no buffer.
package epoll

// Spare is how many of the scheduler's processors (GOMAXPROCS) a process needs beside one for each shard, if these have CPUs
// of their own: for the harness's own goroutines, which would otherwise wait for 10 ms until a shard is interrupted.
const Spare = 1
