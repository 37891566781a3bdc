package finding

import (
	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/trial"
)

// socketsExhausted is about any at all: a client that cannot connect asks nothing, whatever the server would have said.
func socketsExhausted(t trial.Trial) (trial.Finding, bool) {
	n := t.Driving.Exhausted
	if n <= 0 {
		return none()
	}
	return invalid(SocketsExhausted, "%s failed because the driver had no port or file left, which counts as failed and says nothing about the server; "+
		"lower the rate, or wait a minute for ports in TIME_WAIT", figures.Counted(n, "connect"))
}

// listenOverflows is about any at all: one connect in a thousand that waits for a second is 1 ms in the mean. The system
// does not tell listeners apart.
func listenOverflows(t trial.Trial) (trial.Finding, bool) {
	early, late := max(0, t.System.EarlyOverflows), max(0, t.System.ListenOverflows)
	if early == 0 && late == 0 {
		return none()
	}
	const what = "%s before the window and %d in it found a listener's backlog full, this server's or another one's on this machine, and each cost its client a second or more"
	if t.Server.Backlog <= 0 {
		return note(ListenOverflows, what+"; lengthen the backlog, or accept sooner", figures.Counted(early, "connect"), late)
	}
	return note(ListenOverflows, what+"; lengthen the backlog of %d, or accept sooner", figures.Counted(early, "connect"), late, t.Server.Backlog)
}

// portsInTimeWait speaks where the driver had to wait for ports: it knows how many it needs, and from how many addresses
// its connections come.
func portsInTimeWait(t trial.Trial) (trial.Finding, bool) {
	if t.System.TimeWaitWait <= 0 {
		return none()
	}
	return note(PortsInTimeWait, "TIME_WAIT held %s before the first connect, and the driver waited %v for them to become fewer: connects are slow when ports run short; "+
		"wait a minute between runs, or lower the rate", figures.Counted(t.System.TimeWait, "socket"), short(t.System.TimeWaitWait))
}
