package workload_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

const text = "Hello from poolbench.\n"

// served runs test against http under strategies of each form: a blocking handler, requests dispatched one at a time, and
// an event loop where there is one.
func served(t *testing.T, test func(t *testing.T, address string)) {
	w, err := workload.Find(workload.All(), "http")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"goroutine", "channel:workers=2,unit=request", "gnet"} {
		t.Run(name, func(t *testing.T) {
			kinds := all.Kinds()
			if err := kinds.CanRun(name, w.Handler()); err != nil {
				t.Skip(err)
			}
			s, err := kinds.Parse(name)
			if err != nil {
				t.Fatal(err)
			}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- s.Serve(ctx, ln, w.Handler(), strategies.Options{Busy: w.Busy}) }()
			defer func() {
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}()
			test(t, ln.Addr().String())
		})
	}
}

// client is net/http's own, with connections of its own.
func client(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute} // a hang is a failure
}

// ask sends one request and expects the status, and the text where the status has it. It says whether the connection was an
// old one, and how the server answered.
func ask(c *http.Client, method, url string, body io.Reader, status int) (r *http.Response, reused bool, err error) {
	trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }}
	q, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), method, url, body)
	if err != nil {
		return nil, false, err
	}
	r, err = c.Do(q)
	if err != nil {
		return nil, reused, err
	}
	defer r.Body.Close()
	got, err := io.ReadAll(r.Body)
	want := ""
	if status == http.StatusOK && method != http.MethodHead {
		want = text
	}
	if err != nil || r.StatusCode != status || string(got) != want {
		return nil, reused, fmt.Errorf("%s %s: %s with %q, %v; want %d with %q", method, url, r.Status, got, err, status, want)
	}
	return r, reused, nil
}

// unsized is a body whose length the client does not know, so that it comes in chunks.
type unsized struct{ io.Reader }

func TestHTTPOverNetHTTPsClient(t *testing.T) {
	served(t, func(t *testing.T, address string) {
		c := client(t)
		body := func(n int) io.Reader { return strings.NewReader(strings.Repeat("b", n)) }
		for i, q := range []struct {
			method string
			body   io.Reader
			status int
		}{
			{"GET", nil, 200},
			{"HEAD", nil, 200},
			{"POST", body(40_000), 200},
			{"PUT", unsized{body(40_000)}, 200},
			{"POST", unsized{body(0)}, 200},
			{"DELETE", nil, 405},
			{"GET", nil, 200},
		} {
			_, reused, err := ask(c, q.method, "http://"+address+"/a/b?c", q.body, q.status)
			if err != nil {
				t.Fatal(err)
			}
			if reused != (i > 0) {
				t.Errorf("%s %d came over an old connection: %v", q.method, i, reused)
			}
		}
		// Refused as soon as the length is known, so this client may have to write on; the answer arrives all the same.
		if _, _, err := ask(c, "POST", "http://"+address, body(60_000), 413); err != nil {
			t.Error(err)
		}
		if _, reused, err := ask(c, "GET", "http://"+address, nil, 200); err != nil || reused {
			t.Errorf("after a refusal: over the old connection %v, %v", reused, err)
		}
	})
}

func TestHTTPConcurrently(t *testing.T) {
	const clients, requests = 8, 50
	served(t, func(t *testing.T, address string) {
		c := client(t)
		var connections atomic.Int64
		var group sync.WaitGroup
		for range clients {
			group.Go(func() {
				for range requests {
					_, reused, err := ask(c, "POST", "http://"+address, unsized{strings.NewReader("some body")}, 200)
					if err != nil {
						t.Error(err)
						return
					}
					if !reused {
						connections.Add(1)
					}
				}
			})
		}
		group.Wait()
		if n := connections.Load(); n >= clients*requests/2 {
			t.Errorf("%d connections for %d requests: they are not kept", n, clients*requests)
		}
	})
}

// Many requests in one write are answered in order, however the strategy gets to see them; the last one ends the connection.
func TestHTTPPipelined(t *testing.T) {
	served(t, func(t *testing.T, address string) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		methods := []string{"GET", "HEAD", "BREW", "GET", "GET"}
		var all bytes.Buffer
		const rounds = 20
		for range rounds {
			for _, m := range methods {
				fmt.Fprintf(&all, "%s / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", m)
			}
		}
		all.WriteString("nonsense\r\n\r\n")
		if _, err := conn.Write(all.Bytes()); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		for i := range rounds * len(methods) {
			method := methods[i%len(methods)]
			r, err := http.ReadResponse(in, &http.Request{Method: method})
			if err != nil {
				t.Fatalf("answer %d: %v", i, err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || (r.StatusCode == 405) != (method == "BREW") || (string(body) == text) != (method == "GET") || r.Close {
				t.Fatalf("answer %d, to %s, is %s with %q, close %v, %v", i, method, r.Status, body, r.Close, err)
			}
		}
		r, err := http.ReadResponse(in, nil)
		if err != nil || r.StatusCode != http.StatusBadRequest || !r.Close {
			t.Fatalf("the last answer is %+v, %v", r, err)
		}
		if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
			t.Errorf("at the end %q, %v", rest, err)
		}
	})
}

func TestHTTPOverCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl here")
	}
	const body = "some body"
	served(t, func(t *testing.T, address string) {
		url := "http://" + address + "/"
		for _, test := range []struct {
			name, want string
			arguments  []string
		}{
			{"twice on one connection", text + "200 1\n" + text + "200 0\n", []string{url, url}},
			{"HTTP/1.0", text + "200 1\n", []string{"--http1.0", url}},
			{"a body", text + "200 1\n", []string{"--data", body, url}},
			{"a body in chunks", text + "200 1\n", []string{"--data", body, "--header", "Transfer-Encoding: chunked", url}},
			// An hour is longer than the test waits: the body is sent because the server has asked for it.
			{"a body that waits to be asked for", text + "200 1\n", []string{"--data", body, "--header", "Expect: 100-continue", "--expect100-timeout", "3600", url}},
		} {
			t.Run(test.name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				write := []string{"--silent", "--show-error", "--disable", "--noproxy", "*", "--write-out", "%{http_code} %{num_connects}\n"}
				out, err := exec.CommandContext(ctx, curl, append(write, test.arguments...)...).CombinedOutput()
				if err != nil || string(out) != test.want {
					t.Errorf("%q, %v; want %q", out, err, test.want)
				}
			})
		}
	})
}
