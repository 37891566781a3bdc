package load

import "fmt"

// CheckFiles says whether so many connections fit into this process's limit on open files, before any is made: found
// out half way, it would look as if the server had refused them. On systems without such a limit everything fits.
func CheckFiles(clients int) error {
	limit, limited := fileLimit()
	if !limited {
		return nil
	}
	return checkFiles(clients, limit)
}

// ownFiles are the files that the driver's process has open beside its connections: standard streams, pipes to the
// server, results, the runtime's poller, timers. Generous, because it costs nothing.
const ownFiles = 64

func checkFiles(clients int, limit uint64) error {
	need := uint64(clients) + ownFiles
	if need <= limit {
		return nil
	}
	if limit <= ownFiles {
		return fmt.Errorf("%d connections need %d open files and the limit is %d: raise it (ulimit -n %d)", clients, need, limit, need)
	}
	return fmt.Errorf("%d connections need %d open files and the limit is %d: raise it (ulimit -n %d), or use at most %d connections",
		clients, need, limit, need, limit-ownFiles)
}
