package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/internal/server"
	"github.com/poolbench/poolbench/bench/trial"
)

// An ending is the end of one server: it is told to stop once, under its load or after it, and what comes of it is known to
// whoever asks.
type ending struct {
	child *server.Child
	told  atomic.Bool
	await func() ended // tells the server to stop, if nobody has, and waits for its end; may be called concurrently
}

// ended is what came of it.
type ended struct {
	took        time.Duration // from being told to the end of the process
	connections trial.Connections
	byItself    bool // before it was told
	err         error
}

// errServerEnded says that a server has ended that was not told to.
var errServerEnded = errors.New("the server process has ended")

// newEnding ends child, for which there is time also after ctx has ended: a server that is not waited for would still run
// beside the next one.
func newEnding(ctx context.Context, child *server.Child) *ending {
	e := &ending{child: child}
	e.await = sync.OnceValue(func() ended {
		byItself := e.gone()
		e.told.Store(true) // before it can end, or its end would be taken for its own doing
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain+stopPatience)
		defer cancel()
		told := time.Now()
		connections, err := child.Stop(ctx)
		return ended{took: time.Since(told), connections: connections, byItself: byItself, err: err}
	})
	return e
}

func (e *ending) gone() bool {
	select {
	case <-e.child.Done():
		return true
	default:
		return false
	}
}

// begin tells the server to stop and does not wait for it.
func (e *ending) begin() <-chan struct{} {
	go e.await()
	return e.child.Done()
}

// record waits for the end, and has t say how it was: the server's own count of connections, and, where stopping is what was
// measured, how long it took.
func (e *ending) record(t *trial.Trial) error {
	end := e.await()
	if end.byItself {
		return errors.Join(errServerEnded, end.err)
	}
	t.Accepted = end.connections
	if t.Stop != nil {
		t.Stop.Took, t.Stop.Forced = end.took, end.connections.Forced
	}
	if errors.Is(end.err, server.ErrDrain) { // after the window, and so no fault of the figures
		t.Findings = append(t.Findings, trial.Finding{Code: "forced-stop", Text: end.err.Error()})
		return nil
	}
	return end.err
}

// interrupted is what became of the requests that were in progress when the server was told to stop.
func interrupted(i account.Interrupted) *trial.Stop {
	return &trial.Stop{InProgress: i.Requests, Answered: i.OK, Rejected: i.Rejected, Lost: i.Requests - i.OK - i.Rejected}
}
