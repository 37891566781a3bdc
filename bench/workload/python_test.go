package workload

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// withPython runs test under each Python that is installed and works: a version manager's stand-in may be there
// without a Python behind it.
func withPython(t *testing.T, test func(t *testing.T, python string)) {
	for _, python := range []string{"python3", "python2"} {
		t.Run(python, func(t *testing.T) {
			if out, err := exec.Command(python, "-c", "import pickle, socket").CombinedOutput(); err != nil {
				t.Skipf("no working %s here: %v %s", python, err, out)
			}
			test(t, python)
		})
	}
}

// listen returns a listener that fails instead of waiting for ever if nobody comes.
func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	if err := ln.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return ln
}

// port is where ln listens, as an argument.
func port(ln net.Listener) string { return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port) }

// serveOne accepts one connection, has h serve it, and closes it.
func serveOne(t *testing.T, ln *net.TCPListener, h strategies.Handler) error {
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	return h.ServeConn(t.Context(), conn)
}

func TestPythonClient(t *testing.T) {
	hey := func(i int, end string) string { return fmt.Sprintf("Hey. %d%s", i, end) }
	var lines, full []string
	bare := ""
	for i := range 10 {
		lines = append(lines, hey(i, "\n"))
		full = append(full, hey(i, strings.Repeat(".", maxMessage-len("Hey. 0"))))
		bare += hey(i, "")
	}
	withPython(t, func(t *testing.T, python string) {
		for mode, want := range map[string][]string{
			"newlines": lines,
			"bytes":    lines,
			"full":     full,
			"bare":     {bare},
			"few":      lines[:3],
			"leave":    lines,
		} {
			t.Run(mode, func(t *testing.T) {
				ln := listen(t)
				h, requests := record(exchange())
				served := make(chan error, 1)
				go func() { served <- serveOne(t, ln, h) }()
				out, err := exec.Command(python, "testdata/client.py", port(ln), mode).CombinedOutput()
				if err != nil {
					t.Fatalf("%s client: %v\n%s", python, err, out)
				}
				if err := <-served; err != nil {
					t.Errorf("the server counts the connection as aborted: %v", err)
				}
				if !slices.Equal(*requests, want) {
					t.Errorf("received %q, want %q", *requests, want)
				}
			})
		}
	})
}

func TestPythonClientUnpicklesBusy(t *testing.T) {
	withPython(t, func(t *testing.T, python string) {
		ln := listen(t)
		told := make(chan error, 1)
		go func() {
			conn, err := ln.Accept()
			if err == nil {
				_, err = conn.Write(exchange().Busy)
				conn.Close()
			}
			told <- err
		}()
		out, err := exec.Command(python, "testdata/client.py", port(ln), "busy").CombinedOutput()
		if err != nil {
			t.Errorf("%s client: %v\n%s", python, err, out)
		}
		ln.Close() // wakes the accept if the client never came
		if err := <-told; err != nil {
			t.Error(err)
		}
	})
}

// The tutorial's own server can be loaded: its greeting is accepted in each of pickle's protocols, and it closes when
// it has everything. It counts calls of recv, which TCP merges messages into, so it waits for more than ten
// messages until the client says that there are none.
func TestPythonServer(t *testing.T) {
	withPython(t, func(t *testing.T, python string) {
		var stderr bytes.Buffer
		server := exec.CommandContext(t.Context(), python, "testdata/server.py")
		server.Stderr = &stderr
		stdout, err := server.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		var at, clients int
		if _, err := fmt.Fscan(stdout, &at, &clients); err != nil {
			_ = server.Wait()
			t.Fatalf("%s server said no port: %v\n%s", python, err, &stderr)
		}
		for protocol := range clients {
			if err := session10(exchange().Client, at); err != nil {
				t.Errorf("pickle protocol %d: %v", protocol, err)
			}
		}
		if err := server.Wait(); err != nil {
			t.Errorf("%s server: %v\n%s", python, err, &stderr)
		}
	})
}

// session10 runs the client's side of one session against a server on that port.
func session10(c Client, port int) error {
	conn, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	in := bufio.NewScanner(conn)
	in.Split(c.Greeting.Split)
	if !in.Scan() {
		return fmt.Errorf("no greeting: %w", in.Err())
	}
	if err := c.Greeting.Check(0, in.Bytes()); err != nil {
		return err
	}
	for seq := range uint64(c.PerConn) {
		if _, err := conn.Write(c.Request(nil, seq)); err != nil {
			return err
		}
	}
	if err := conn.CloseWrite(); err != nil {
		return err
	}
	if in.Scan() || in.Err() != nil {
		return fmt.Errorf("want the end of the stream, got %q, %v", in.Bytes(), in.Err())
	}
	return nil
}
