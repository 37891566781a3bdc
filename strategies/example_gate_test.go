package strategies_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/poolbench/poolbench/strategies"
)

// gated lets next have so many requests at once as g has places. It runs on net/http's own goroutine, which does with
// panics what it always does.
func gated(g *strategies.Gate, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.Enter(r.Context()); err != nil { // at the limit, closed, or the client has gone
			w.Header().Set("Retry-After", "1")
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		defer g.Leave()
		next.ServeHTTP(w, r)
	})
}

// The shortest bound for the requests that a net/http server works on at once.
func ExampleGate() {
	gate := strategies.NewGate(1, strategies.Reject)
	finish := make(chan struct{})
	server := httptest.NewServer(gated(gate, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "begun, ")
		http.NewResponseController(w).Flush()
		<-finish
		io.WriteString(w, "done")
	})))
	defer server.Close()

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
	fmt.Println("second:", second.Status)

	close(finish)
	body, err := io.ReadAll(first.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("first:", first.Status, "-", string(body))
	// Output:
	// second: 503 Service Unavailable
	// first: 200 OK - begun, done
}
