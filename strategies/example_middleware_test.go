package strategies_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"

	"github.com/poolbench/poolbench/strategies"
)

// limited has d run next, and answers 503 when d refuses. A client that goes away while it waits is forgotten: before a
// worker is free, where d listens to the context of Dispatch, and at the latest when one would begin.
//
// next may stream, as it writes to the client directly; it keeps its worker until it returns, however slowly the client
// reads or sends (http.Server has time-outs for both).
func limited(d strategies.Dispatcher, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var cause any
		returned := false
		ended := make(chan struct{})
		err := d.Dispatch(r.Context(), func() {
			defer close(ended)
			defer func() {
				if cause = recover(); cause != nil && cause != http.ErrAbortHandler {
					cause = fmt.Sprintf("%v\n\n%s", cause, debug.Stack()) // net/http logs the stack of its own goroutine
				}
			}()
			if r.Context().Err() == nil {
				next.ServeHTTP(w, r)
			}
			returned = true
		})
		if err != nil { // at the limit, closed, or the client has gone
			w.Header().Set("Retry-After", "1")
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		<-ended // w is next's until then
		switch {
		case returned:
		case cause != nil:
			panic(cause) // net/http recovers on this goroutine alone, and knows http.ErrAbortHandler
		default:
			runtime.Goexit()
		}
	})
}

// A bound for the requests that a net/http server works on at once, with a pool's workers and queue.
//
// It bounds the work, and what the work needs: processor time, memory, database connections. It does not bound connections,
// of which net/http goes on to have a goroutine each (golang.org/x/net/netutil.LimitListener does that). With nothing but
// a bound in mind, take the [Gate].
func ExampleDispatcher_middleware() {
	pool, err := strategies.Channel().New(strategies.Limits{Workers: 1, WhenFull: strategies.Reject})
	if err != nil {
		log.Fatal(err)
	}
	finish := make(chan struct{})
	server := httptest.NewServer(limited(pool, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "begun, ")
		http.NewResponseController(w).Flush()
		<-finish
		io.WriteString(w, "done")
	})))

	first, err := http.Get(server.URL) // returns with what was flushed
	if err != nil {
		log.Fatal(err)
	}
	defer first.Body.Close()
	second, err := http.Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer second.Body.Close()
	fmt.Println("second:", second.Status, "- retry after", second.Header.Get("Retry-After"), "s")

	close(finish)
	body, err := io.ReadAll(first.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("first:", first.Status, "-", string(body))

	server.Close() // the server first: it waits for requests that need the pool
	if err := pool.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// second: 503 Service Unavailable - retry after 1 s
	// first: 200 OK - begun, done
}
