package strategies_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/poolbench/poolbench/strategies"
)

// exposition is Prometheus's text format. States and outcomes are labels, because sums over them mean something.
const exposition = `# HELP lines_connections_accepted_total Connections accepted.
# TYPE lines_connections_accepted_total counter
lines_connections_accepted_total %d
# HELP lines_connections Connections that are open.
# TYPE lines_connections gauge
lines_connections{state="queued"} %d
lines_connections{state="active"} %d
# HELP lines_connections_ended_total Connections that have ended.
# TYPE lines_connections_ended_total counter
lines_connections_ended_total{outcome="served"} %d
lines_connections_ended_total{outcome="shed"} %d
lines_connections_ended_total{outcome="aborted"} %d
lines_connections_ended_total{outcome="forced"} %d
# HELP lines_handler_panics_total Handlers that panicked.
# TYPE lines_handler_panics_total counter
lines_handler_panics_total %d
# HELP lines_requests_shed_total Requests refused at the limit, on connections that went on.
# TYPE lines_requests_shed_total counter
lines_requests_shed_total %d
`

// metrics shows counts to a Prometheus server: one copy of them for each scrape, so that its figures add up.
func metrics(counts func() strategies.Counts) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := counts()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprintf(w, exposition, n.Accepted, n.Queued, n.Active, n.Served, n.Shed, n.Aborted, n.Forced, n.Panics, n.RequestsShed)
	})
}

// The counters as metrics, without a client library. The prefix lines stands for the server's own name.
func ExampleStats_prometheus() {
	var stats strategies.Stats // which strategies.Options points to as well
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics(stats.Counts))
	server := httptest.NewServer(mux)
	defer server.Close()

	scrape, err := http.Get(server.URL + "/metrics")
	if err != nil {
		log.Fatal(err)
	}
	defer scrape.Body.Close()
	text, err := io.ReadAll(scrape.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(text))
	// Output:
	// # HELP lines_connections_accepted_total Connections accepted.
	// # TYPE lines_connections_accepted_total counter
	// lines_connections_accepted_total 0
	// # HELP lines_connections Connections that are open.
	// # TYPE lines_connections gauge
	// lines_connections{state="queued"} 0
	// lines_connections{state="active"} 0
	// # HELP lines_connections_ended_total Connections that have ended.
	// # TYPE lines_connections_ended_total counter
	// lines_connections_ended_total{outcome="served"} 0
	// lines_connections_ended_total{outcome="shed"} 0
	// lines_connections_ended_total{outcome="aborted"} 0
	// lines_connections_ended_total{outcome="forced"} 0
	// # HELP lines_handler_panics_total Handlers that panicked.
	// # TYPE lines_handler_panics_total counter
	// lines_handler_panics_total 0
	// # HELP lines_requests_shed_total Requests refused at the limit, on connections that went on.
	// # TYPE lines_requests_shed_total counter
	// lines_requests_shed_total 0
}
