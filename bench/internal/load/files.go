package load

import "fmt"

// CheckFiles says whether so many connections fit into this process's limit on open files, before any is made: found
// out half way, it would look as if the server had refused them. A limit that is too low is raised where the system allows
// it, for this process and those that it starts. On systems without such a limit everything fits.
func CheckFiles(clients int) error {
	limit, limited := fileLimit(need(clients))
	if !limited {
		return nil
	}
	return checkFiles(clients, limit)
}

// ownFiles are the files that the driver's process has open beside its connections: standard streams, pipes to the
// server, results, the runtime's poller, timers. Generous, because it costs nothing.
const ownFiles = 64

func need(clients int) uint64 { return uint64(clients) + ownFiles }

func checkFiles(clients int, limit uint64) error {
	need := need(clients)
	if need <= limit {
		return nil
	}
	const how = "raise it where that is allowed (ulimit -Hn %d && ulimit -n %d, or LimitNOFILE of a service)"
	if limit <= ownFiles {
		return fmt.Errorf("%d connections need %d open files and the limit is %d: "+how, clients, need, limit, need, need)
	}
	return fmt.Errorf("%d connections need %d open files and the limit is %d: "+how+", or use at most %d connections",
		clients, need, limit, need, need, limit-ownFiles)
}
