package strategies_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/strategytest"
)

// What examples show is copied, so it is tested as what it will be used for.

func TestExampleStrategyConforms(t *testing.T) {
	for _, l := range []strategies.Limits{
		{Workers: 2, Queue: 3},
		{Workers: 2, Queue: 3, WhenFull: strategies.Reject},
		{Workers: 4, MaxConns: 3},
	} {
		inner := strategies.PerConn("channel", strategies.Channel().New, l)
		t.Run(inner.Name(), func(t *testing.T) {
			strategytest.Run(t, func() strategies.Strategy { return perAddress{inner, 1000} })
		})
	}
}

func TestExampleDispatcherConforms(t *testing.T) {
	for _, l := range []strategies.Limits{
		{Workers: strategies.Unbounded},
		{Workers: 1},
		{Workers: 3, WhenFull: strategies.Reject},
	} {
		t.Run(strategies.Spec{Kind: "labelled", Limits: l}.String(), func(t *testing.T) {
			strategytest.RunDispatcher(t, newLabelled, l)
		})
	}
	if _, err := newLabelled(strategies.Limits{Workers: 1, Queue: 1}); err == nil {
		t.Error("a queue was asked for that it does not have, and there was no error")
	}
}

// handing is a strategy that does nothing but hand out the handler that it was given.
type handing func(strategies.Handler)

func (handing) Name() string { return "handing" }

func (f handing) Serve(_ context.Context, _ net.Listener, h strategies.Handler, _ strategies.Options) error {
	f(h)
	return nil
}

// from is a connection of which nothing is used but where it comes from.
type from struct {
	net.Conn
	host string
}

func (c from) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(c.host), Port: 1} }

func TestExampleStrategyCountsEachAddressByItself(t *testing.T) {
	const a, b = "192.0.2.1", "2001:db8::2"
	// Each visit is made while the one before it is being served.
	visits := []struct {
		host   string
		served bool
	}{{a, true}, {b, true}, {a, true}, {a, false}, {b, true}, {b, false}}

	for _, end := range []string{"returns", "panics"} {
		t.Run("a handler that "+end, func(t *testing.T) {
			var handler strategies.Handler
			var nested func(i int)
			strategy := perAddress{handing(func(h strategies.Handler) { handler = h }), 2}
			served := -1
			err := strategy.Serve(t.Context(), nil, strategies.HandlerFunc(func(context.Context, net.Conn) error {
				served++
				nested(served)
				if end == "panics" {
					panic(end)
				}
				return nil
			}), strategies.Options{})
			if err != nil {
				t.Fatal(err)
			}
			visit := func(host string) (served bool) {
				defer func() { _ = recover() }()
				served = true // if it panics
				return handler.ServeConn(t.Context(), from{host: host}) == nil
			}
			for range 2 { // the second time finds out whether all places were given back
				served = -1
				next := 0
				nested = func(int) {
					for next < len(visits) {
						v := visits[next]
						next++
						if got := visit(v.host); got != v.served {
							t.Errorf("visit %d, from %s: served %t, want %t", next, v.host, got, v.served)
						}
					}
				}
				nested(0)
			}
		})
	}
}

// bounded are the two middlewares, each with one place, for which requests wait.
func bounded(t *testing.T, next http.Handler) map[string]http.Handler {
	pool, err := strategies.Channel().New(strategies.Limits{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return map[string]http.Handler{
		"limited": limited(pool, next),
		"gated":   gated(strategies.NewGate(1, strategies.Wait), next),
	}
}

func crash(http.ResponseWriter, *http.Request) { panic("on purpose") }

func TestExampleMiddlewarePassesOnHowAHandlerEnds(t *testing.T) {
	ends := map[string]func(http.ResponseWriter, *http.Request){
		"/returns": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "returned") },
		"/panics":  crash,
		"/aborts":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"/exits":   func(http.ResponseWriter, *http.Request) { runtime.Goexit() },
	}
	next := http.NewServeMux()
	for path, f := range ends {
		next.HandleFunc(path, f)
	}
	for name, handler := range bounded(t, next) {
		t.Run(name, func(t *testing.T) {
			var logged strings.Builder
			server := httptest.NewUnstartedServer(handler)
			server.Config.ErrorLog = log.New(&logged, "", 0)
			server.Start()
			client := server.Client()
			client.Timeout = patience
			get := func(path string) (string, error) {
				answer, err := client.Post(server.URL+path, "", nil) // a client repeats a GET by itself
				if err != nil {
					return "", err
				}
				defer answer.Body.Close()
				text, err := io.ReadAll(answer.Body)
				return string(text), err
			}
			for _, path := range []string{"/panics", "/aborts", "/exits"} {
				if text, err := get(path); err == nil {
					t.Errorf("%s: got answer %q, want a connection that was cut off", path, text)
				}
				if text, err := get("/returns"); err != nil || text != "returned" {
					t.Errorf("after %s: got %q, %v; want an answer from the one worker", path, text, err)
				}
			}
			server.Close() // so that nothing is logged any more
			text := logged.String()
			if n := strings.Count(text, "http: panic serving"); n != 1 {
				t.Errorf("net/http has logged %d panics, want that of /panics alone:\n%s", n, text)
			}
			if !strings.Contains(text, "on purpose") || !strings.Contains(text, "strategies_test.crash") {
				t.Errorf("the log does not say what panicked and where:\n%s", text)
			}
		})
	}
}

// holding answers once it is let, and says when it begins.
func holding(begun chan<- struct{}, let <-chan struct{}) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		begun <- struct{}{}
		<-let
	})
}

func TestExampleMiddlewareForgetsAClientThatHasGoneWhileItWaits(t *testing.T) {
	begun, let := make(chan struct{}, 2), make(chan struct{})
	for name, handler := range bounded(t, holding(begun, let)) {
		t.Run(name, func(t *testing.T) {
			first := start(t.Context(), handler)
			<-begun
			ctx, gone := context.WithCancel(t.Context())
			second := start(ctx, handler)
			gone()
			if code := within(t, second); code != http.StatusServiceUnavailable { // although the first is still there
				t.Errorf("got status %d, want 503", code)
			}
			let <- struct{}{}
			if code := within(t, first); code != http.StatusOK {
				t.Errorf("the one that was worked on got status %d, want 200", code)
			}
		})
	}
}

// within receives from ch.
func within[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

// start has the handler answer a request, and returns where its status will be found.
func start(ctx context.Context, h http.Handler) <-chan int {
	status := make(chan int, 1)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
		status <- w.Code
	}()
	return status
}

// later keeps tasks until they are run.
type later struct{ tasks chan func() }

func (d later) Dispatch(_ context.Context, task func()) error { d.tasks <- task; return nil }
func (d later) Close() error                                  { return nil }

func TestExampleMiddlewareDoesNoWorkForAClientThatHasGoneFromTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		pool := later{make(chan func(), 1)}
		handler := limited(pool, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runs++ }))
		ctx, gone := context.WithCancel(t.Context())
		ended := start(ctx, handler)
		synctest.Wait()
		gone()
		synctest.Wait()
		if len(ended) > 0 {
			t.Error("the middleware returned before the task that was taken, which would use what is net/http's again by then")
		}
		(<-pool.tasks)()
		<-ended
		if runs != 0 {
			t.Errorf("the handler ran %d times for a client that had gone", runs)
		}
	})
}

func TestExampleMetricsShowEachCounterUnderItsName(t *testing.T) {
	counts := strategies.Counts{Accepted: 1, Queued: 2, Active: 3, Served: 4, Shed: 5, Aborted: 6, Forced: 7, Panics: 8, RequestsShed: 9}
	w := httptest.NewRecorder()
	metrics(func() strategies.Counts { return counts }).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	var samples []string
	for line := range strings.Lines(w.Body.String()) {
		if !strings.HasPrefix(line, "#") {
			samples = append(samples, line)
		}
	}
	want := `lines_connections_accepted_total 1
lines_connections{state="queued"} 2
lines_connections{state="active"} 3
lines_connections_ended_total{outcome="served"} 4
lines_connections_ended_total{outcome="shed"} 5
lines_connections_ended_total{outcome="aborted"} 6
lines_connections_ended_total{outcome="forced"} 7
lines_handler_panics_total 8
lines_requests_shed_total 9
`
	if got := strings.Join(samples, ""); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestExampleProtocolLooksAtTheLengthFirst(t *testing.T) {
	frame := func(announced uint32, sent int) []byte {
		return append(binary.BigEndian.AppendUint32(nil, announced), make([]byte, sent)...)
	}
	for _, tt := range []struct {
		name    string
		data    []byte
		advance int
		request int // its length; -1 for none
		refused bool
	}{
		{"nothing", nil, 0, -1, false},
		{"a part of the length", frame(5, 0)[:3], 0, -1, false},
		{"the length alone", frame(5, 0), 0, -1, false},
		{"all but a byte", frame(5, 4), 0, -1, false},
		{"one frame", frame(5, 5), 9, 5, false},
		{"one frame, and more", frame(5, 8), 9, 5, false},
		{"a frame without text", frame(0, 0), 4, 0, false},
		{"the longest", frame(longestFrame, longestFrame), frameHeader + longestFrame, longestFrame, false},
		{"the length of one too long", frame(longestFrame+1, 0), 0, -1, true},
		{"the length of four gigabytes", frame(1<<32-1, 0), 0, -1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			advance, request, err := frames{}.Split(tt.data, false)
			length := len(request)
			if request == nil {
				length = -1
			}
			if advance != tt.advance || length != tt.request || (err != nil) != tt.refused {
				t.Errorf("got advance %d, a request of %d bytes, error %v", advance, length, err)
			}
		})
	}
}

// A strategy that hands its handler on without the message form cannot run requests, and has to say so.
func TestExampleStrategyRefusesToRunRequests(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inner := strategies.PerRequest("channel", strategies.Channel().New, strategies.Limits{Workers: 1})
	err = perAddress{inner, 1}.Serve(t.Context(), listener, strategies.Messages(frames{}), strategies.Options{})
	var unsupported *strategies.UnsupportedError
	if !errors.As(err, &unsupported) {
		t.Errorf("got %v, want an UnsupportedError", err)
	}
}
