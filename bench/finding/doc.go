// Package finding says what a trial's own record tells of its worth: what limited it, what disturbed it, and whether it
// can be used. It is pure: the record is everything, there is no clock and no other trial. It refuses to guess: where a
// platform did not tell a figure, no rule speaks of it. Package stat ranks the trials that are left, and package report
// prints the findings as footnotes.
//
// A trial is judged once it was measured to its end, and its window was a time: one that ends by number may be shorter
// than what disturbs it. An invalid trial is kept, measured again, and never ranked. What is the server's own, however bad, is
// never invalid: a slow server must not be measured until it looks fast.
//
//	code                   what it means                                             invalid            what to do
//	sockets-exhausted      the driver had no port or file left                       yes                lower the rate, or wait
//	machine-disturbed      other machines or processes took CPU time                 if much of it      leave the machine alone
//	driver-paused          the driver did not look at its sockets for a while        above 10 %         leave the machine alone
//	late-edge              usage was read late at an edge of the window              above 10 %         longer window, own CPU
//	driver-bound           the driver decides the figures, not the server            open loops         open loop, lower rate, more CPUs
//	driver-missed          the driver never got to requests that were due            above 0.1 %        lower the rate, own CPU
//	inconsistent-load      not as many requests as the schedule makes due            yes                report it, it is a bug
//	inconsistent-times     times and number in flight contradict each other          yes                report it, it is a bug
//	arrivals-distorted     requests came in bunches that no schedule asked for       above 1            lower the rate, own CPU
//	driver-late            a good part of the response time is the driver's lag      no                 read the service times
//	driver-gc              the driver's garbage collector stopped it                 no                 fewer clients
//	driver-preempted       others ran on the driver's own CPUs                       no                 give those CPUs to it alone
//	above-half-ceiling     offered more than half of what the driver can do          no                 lower the rate to judge equality
//	listen-overflows       a backlog was full, most likely the server's              no, the server's   longer backlog, faster accept
//	ports-in-time-wait     few ports were left for new sessions                      no                 wait a minute
//	not-steady             the window begins with a warm-up, or has a trend          no                 longer warm-up
//
// A server that ended by itself (server-ended, see [Ended]) is told by whoever measured.
package finding
