package workload

// echo is the control: there is so little to do that strategies with enough workers should not differ.
func echo() Workload {
	return Workload{
		Name:    "echo",
		About:   "A small request and the same bytes back on connections that stay: a cache, or a proxy's fast path.",
		Handler: lines(appendEcho).handler,
		Busy:    busyLine(),
		Client:  lineClient(appendLine, checkEcho),
	}
}
