// Package strategytest holds the tests that a strategy has to pass, for anyone's strategy as for those of package
// all: [Run] for a [strategies.Strategy], [RunDispatcher] for a [strategies.Dispatcher], and [Rows] to run single promises in
// an order of one's own, as a soak does. It measures nothing; package bench does.
//
//	func TestMyStrategyConforms(t *testing.T) {
//		strategytest.Run(t, func() strategies.Strategy { return newMyStrategy() })
//	}
//
// It serves real connections on loopback, with the listener that [strategies.Listen] makes. Rows that depend on time run over
// connections in memory, in a bubble of testing/synctest: there an hour takes none, and a time-out can be required to be exact.
// A strategy that serves sockets only says so with an [strategies.UnsupportedError], and one that cannot be in a bubble is
// run with [OutOfBubbles]; these rows then run over sockets with short times, or are skipped where that would show nothing.
//
// Nothing in it sleeps, or depends on how fast the machine is: each step waits for the event that it needs. What it does
// depend on is that the strategy keeps its [strategies.Stats], as whatever is built on [strategies.PerConn],
// [strategies.PerRequest] or [strategies.PerEvent] does. Goroutines and file descriptors are counted, so no other test may
// run at the same time. Whatever a row is about, at its end Serve has returned and no goroutine is left, the counts add up
// and agree with what the clients have seen, no more was worked on at once than the limits allow, and nothing was logged but
// what the row is to provoke.
//
// A row that fails may have waited twenty seconds for what never came. Once some have failed the others wait for two, so that
// a fault that all strategies share is told before the test binary runs into its own time-out. What cannot be told by a
// failing test is a handler's panic that nobody recovers: it ends the process, and names the row.
//
// That accepted work keeps its service time under a burst is not measured, either: it follows from no more being worked
// on at once than the limits allow.
//
// Rows that need a limit to be reached are run for limits of up to some hundred, and only where the strategy's unit and
// policy give them a meaning. What each mechanism of serving is checked by:
//
//	mechanism                        rows (of Run)                                           file
//	accepting, framing, ending       serves all clients; answers fragmented and pipelined    serve.go
//	                                 requests in order; ends a connection when its session
//	                                 ends
//	recovery (also of Goexit),       a mishap of the handler ends its own connection and is  panic.go
//	Panics, the log                  counted and logged once; mishaps in every worker at
//	                                 once lose nobody who waits
//	classes of ended connections     clients that leave in every way are counted in their    leave.go
//	                                 class, without a word
//	accept errors, back-off          goes on after a temporary accept error; puts accepting  accept.go
//	                                 off from 5 ms to 1 s, and starts again after a success;
//	                                 stop does not wait for accepting that is put off;
//	                                 returns the error of a broken listener, after draining
//	bound of framing (MaxRequest)    ends a request that is too long or has no end           input.go
//	checks of what Split says        ends a connection whose input it cannot split           input.go
//	full=reject, busy answer,        refuses exactly the connections (requests) over its     limit.go
//	lingering close                  limit, and tells them; holds no more connections than
//	                                 maxconns
//	lingering close at a session's   ends a session with all of its last answer, whatever    serve.go
//	end                              the client goes on sending
//	bound of lingering               waits only for a while for refused clients that stay    stop.go
//	                                 (that begin no TLS handshake)                           tls.go
//	full=wait                        lets clients over its limit wait and serves them in     limit.go
//	                                 their turn
//	bound of the queue               takes burst after burst over its limit                  burst.go
//	maxconns                         holds no more connections than maxconns                 limit.go
//	long connections in a pool       shows connections that nobody serves as queued          limit.go
//	framing before dispatch          half a request holds no worker                          limit.go
//	writing after the task           clients that do not read hold no worker                 deadline.go
//	handlers it cannot run           refuses a handler without message form                  limit.go
//	Options.Idle                     ends an idle connection cleanly when its time is over   deadline.go
//	Options.Request, reading: one    aborts a request that does not come to its end in time  deadline.go
//	deadline, not one for each read
//	Options.Request, writing; one    lets go of a client that does not read, and keeps       deadline.go
//	answer at a time                 little for it
//	stop of idle connections         stop ends idle connections cleanly                      stop.go
//	stop of requests in progress     stop lets a request in progress (that has half come)    stop.go
//	                                 have its answer; stop lets requests that have come
//	                                 together have all their answers; stop under load loses
//	                                 no request that was begun
//	stop of the queue and of the     stop serves those who queue; stop serves those who      stop.go
//	kernel's backlog                 had connected and asked
//	drain time-out, registry         the drain time-out closes the rest by force and says    stop.go
//	                                 so; the drain time-out is the one that was asked for;
//	                                 leaves a handler behind that does not return
//	life of a Strategy               stopped before it is served it returns; can be served   stop.go
//	                                 twice, also at once
//	Options.TLS, its handshake       serves TLS, and stops it as it does without; lets go of tls.go
//	                                 a client that begins no TLS handshake; stop does not
//	                                 wait for a TLS handshake
//	counters                         counts add up at any time; and at the end of all        count.go
//	slots, goroutines, descriptors;  after faults of every kind everything is as before      mixture.go
//	the registry forgets
//	goroutines                       none is left, at the end of all                         check.go
//
// The rows of RunDispatcher are in dispatcher.go: limits kept exactly, callers who wait, also until their context ends, Close,
// tasks that end their goroutine (runtime.Goexit; panics are recovered before they come to a dispatcher), and a task that
// dispatches into its own full pool. Nobody can help such a task where the policy is to wait: it waits for itself until Close
// sets it free, so what runs in a pool must not dispatch into it. The rows find a pool in which even that hangs, in bounded
// time, and name it.
//
// What they work with: the clients in client.go, the handler in service.go, faulty connections and listeners in faultyconn.go and
// listener.go, connections in memory in pipe.go, virtual time in virtual.go.
package strategytest
