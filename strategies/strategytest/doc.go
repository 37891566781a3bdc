// Package strategytest holds the tests that a strategy has to pass, for anyone's strategy as for those of package
// all: [Run] for a [strategies.Strategy], [RunDispatcher] for a [strategies.Dispatcher]. It serves real connections on
// loopback. It measures nothing; package bench does.
//
// Nothing in it sleeps, or depends on how fast the machine is: each step waits for the event that it needs. What it does
// depend on is that the strategy keeps its [strategies.Stats].
//
// Rows that need a limit to be reached are run for limits of up to some hundred, and only where the strategy's unit and
// policy give them a meaning. What each mechanism of serving is checked by:
//
//	mechanism                        rows (of Run)                                           file
//	accepting, framing, ending       serves all clients; answers fragmented and pipelined    serve.go
//	                                 requests in order; ends a connection when its session
//	                                 ends
//	panics and lost clients          a panic ends its own connection and is counted;         fault.go
//	                                 a client that vanishes takes nobody with it
//	accept errors                    goes on after a temporary accept error; returns the     fault.go
//	                                 error of a broken listener
//	full=reject, busy answer,        refuses exactly the connections (requests) over its     limit.go
//	linger                           limit, and tells them
//	full=wait                        lets clients over its limit wait and serves them in     limit.go
//	                                 their turn
//	maxconns                         holds no more connections than maxconns                 limit.go
//	long connections in a pool       shows connections that nobody serves as queued          limit.go
//	framing before dispatch          half a request holds no worker                          limit.go
//	handlers it cannot run           refuses a handler without message form                  limit.go
//	Options.Idle, Options.Request    ends an idle connection cleanly when its time is over;  deadline.go
//	                                 aborts a request that does not come to its end in time
//	stop of idle connections         stop ends idle connections cleanly                      stop.go
//	stop of requests in progress     stop lets a request in progress (that has half come)    stop.go
//	                                 have its answer
//	stop of the queue and of the     stop serves those who queue; stop serves those who      stop.go
//	kernel's backlog                 had connected and asked
//	drain time-out                   the drain time-out closes the rest by force and says    stop.go
//	                                 so
//	life of a Strategy               stopped before it is served it returns; can be served   stop.go
//	                                 twice, also at once
//	counters                         counts add up at any time; and at the end of all        count.go
//	goroutines                       none is left, at the end of all                         check.go
//
// The rows of RunDispatcher are in dispatcher.go.
package strategytest
