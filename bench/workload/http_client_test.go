package workload

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestSplitResponse(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	page := strings.Repeat("p", maxResponse)
	bare := ok + "Content-Length: 3\r\n\r\nabc"
	for _, test := range []struct {
		name   string
		stream string
		want   []string
		err    error
	}{
		{"nothing", "", nil, nil},
		{"our own, pipelined", ownAnswer + ownAnswer, []string{ownAnswer, ownAnswer}, nil},
		{"a refusal", string(hypertext().Busy), []string{string(hypertext().Busy)}, nil},
		{"the length in other letters, and spaces around it", ok + "X: y\r\ncontent-LENGTH:  3 \r\nY: z\r\n\r\nabc", []string{ok + "X: y\r\ncontent-LENGTH:  3 \r\nY: z\r\n\r\nabc"}, nil},
		{"HTTP/1.0, and no words for the status", "HTTP/1.0 200 \r\nContent-Length: 0\r\n\r\n", []string{"HTTP/1.0 200 \r\nContent-Length: 0\r\n\r\n"}, nil},
		{"a body like the end of a head", ok + "Content-Length: 4\r\n\r\n\r\n\r\n" + bare, []string{ok + "Content-Length: 4\r\n\r\n\r\n\r\n", bare}, nil},
		{"none of the statuses without a body", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n" + bare,
			[]string{"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", bare}, nil},
		{"fields that only look like a length", ok + "X-Content-Length: 1\r\nContent-Lengths: 1\r\nContent-Length: 3\r\nX: Content-Length: 1\r\n\r\nabc",
			[]string{ok + "X-Content-Length: 1\r\nContent-Lengths: 1\r\nContent-Length: 3\r\nX: Content-Length: 1\r\n\r\nabc"}, nil},

		{"bare newlines", "HTTP/1.1 200 OK\nContent-Length: 4\n\n\r\n\r\n" + ok + "Content-Length: 2\n\r\n\r\n", []string{"HTTP/1.1 200 OK\nContent-Length: 4\n\n\r\n\r\n", ok + "Content-Length: 2\n\r\n\r\n"}, nil},
		{"an end before the status's", "HTTP/1.1 20\n\n", nil, errNotHTTP},

		{"half a head", bare + ok, []string{bare}, io.ErrUnexpectedEOF},
		{"half a body", bare[:len(bare)-1], nil, io.ErrUnexpectedEOF},
		{"no length", bare + ok + "\r\nabc", []string{bare}, errNoLength},
		{"no length, and the end", ok + "Connection: close\r\n\r\n", nil, errNoLength},
		{"two lengths", ok + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", nil, errBadLength},
		{"a negative length", ok + "Content-Length: -3\r\n\r\nabc", nil, errBadLength},
		{"an empty length", ok + "Content-Length:\r\n\r\nabc", nil, errBadLength},
		{"chunks", ok + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n", nil, errCodedResponse},
		{"chunks and a length", ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", nil, errCodedResponse},
		{"the longest body", ok + fmt.Sprintf("Content-Length: %d\r\n\r\n", maxResponse) + page, []string{ok + fmt.Sprintf("Content-Length: %d\r\n\r\n", maxResponse) + page}, nil},
		{"a body too long", ok + fmt.Sprintf("Content-Length: %d\r\n\r\n", maxResponse+1) + page, nil, errLongResponse},
		{"a body beyond all numbers", ok + "Content-Length: 18446744073709551619\r\n\r\nabc", nil, errLongResponse},
		{"a head too long", ok + strings.Repeat("x", maxHead), nil, errLongHead},
		{"a head too long, with its end", ok + "X: " + strings.Repeat("x", maxHead) + "\r\nContent-Length: 0\r\n\r\n", nil, errLongHead},
		{"another protocol", "SSH-2.0", nil, errNotHTTP},
		{"HTTP/2", "HTTP/2", nil, errNotHTTP},
		{"a status of letters", "HTTP/1.1 2x", nil, errNotHTTP},
	} {
		t.Run(test.name, func(t *testing.T) {
			oneByOne := make([]byte, len(test.stream))
			for _, cuts := range [][]byte{nil, oneByOne} {
				got, err := feed(t, splitResponse, []byte(test.stream), cuts)
				if err != test.err || !slices.Equal(got, test.want) {
					t.Errorf("got %.200q, %v; want %.200q, %v", got, err, test.want, test.err)
				}
			}
		})
	}
}

func TestCheckResponse(t *testing.T) {
	head := "Content-Length: 22\r\n\r\n"
	for _, test := range []struct {
		name, msg string
		wrong     string // what the error has to say; nothing: there is none
	}{
		{"our own", ownAnswer, ""},
		{"another server's", "HTTP/1.0 200 Fine\r\nDate: now\r\nServer: x\r\n" + head + httpText, ""},
		{"another status", "HTTP/1.1 404 Not Found\r\n" + head + httpText, "404 Not Found"},
		{"another text", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", ""},
		{"no text", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
		{"another success", "HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n\r\n", "206 Partial"},
		{"a refusal", string(hypertext().Busy), "503"},
		{"a page", "HTTP/1.1 500 Oh\r\n\r\n" + strings.Repeat("p", 10_000), "(10019 bytes)"},
		{"half a status", "HTTP/1.1 20", "HTTP/1.1 20"},
	} {
		err := checkResponse(7, []byte(test.msg))
		switch {
		case test.wrong == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong) || !strings.Contains(err.Error(), "request 7") || len(err.Error()) > 2000):
			t.Errorf("%s: %v; want to read of request 7 and %s", test.name, err, test.wrong)
		}
	}
}

func TestBusyIsAnyUnavailable(t *testing.T) {
	for msg, want := range map[string]bool{
		string(hypertext().Busy): true,
		"HTTP/1.0 503 Overloaded\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n": true,
		ownAnswer:                      false,
		"HTTP/1.1 500 503\r\n\r\n":     false,
		"HTTP/1.1 200 OK\r\n\r\n503":   false,
		"":                             false,
		"HTTP/1.1 50":                  false,
		"503 503 503 503 503 503 503 ": false,
	} {
		if hypertext().Client.Busy([]byte(msg)) != want {
			t.Errorf("%q is a refusal: %v", msg, !want)
		}
	}
	refusal := httpExchange{"GET", string(hypertext().Busy)}
	if got := refusal.brief(t); got != "503 close" {
		t.Errorf("the busy words are %s", got)
	}
}

// The driver's hot path: what it costs is taken for the server's time, and garbage for the server's pauses.
func TestReadingAResponseAllocatesNothing(t *testing.T) {
	foreign := []byte("HTTP/1.1 200 OK\r\nDate: now\r\nServer: x\r\nContent-Length: 22\r\n\r\n" + httpText)
	for _, answer := range [][]byte{[]byte(ownAnswer), foreign, hypertext().Busy} {
		request := make([]byte, 0, maxLine)
		c := hypertext().Client
		right := !bytes.HasPrefix(answer, []byte("HTTP/1.1 503"))
		allocated := testing.AllocsPerRun(100, func() {
			request = c.Request(request[:0], 1)
			_, msg, err := c.Response.Split(answer, false)
			if err != nil || msg == nil || c.Busy(msg) == right {
				t.Fatalf("%q, %v", msg, err)
			}
			if right {
				if err := c.Response.Check(1, msg); err != nil {
					t.Fatal(err)
				}
			}
		})
		if allocated != 0 {
			t.Errorf("%v allocations for %q", allocated, answer)
		}
	}
}

func BenchmarkHTTPClient(b *testing.B) {
	answers := map[string]string{
		"own":     ownAnswer,
		"foreign": "HTTP/1.1 200 OK\r\nServer: nginx/1.29.3\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 22\r\nConnection: keep-alive\r\n\r\n" + httpText,
	}
	c := hypertext().Client
	for name, answer := range answers {
		b.Run(name, func(b *testing.B) {
			data := []byte(answer)
			b.ReportAllocs()
			for b.Loop() {
				_, msg, err := c.Response.Split(data, false)
				if err != nil || c.Busy(msg) || c.Response.Check(0, msg) != nil {
					b.Fatal(string(msg), err)
				}
			}
		})
	}
}

// The client's request is one that net/http takes.
func TestTheClientSpeaksHTTP(t *testing.T) {
	exchanges, ended, err := converseHTTP(t, bytes.Repeat(appendGet(nil, 0), 2), nil)
	if briefs(t, exchanges) != "200, 200" || ended || err != nil {
		t.Errorf("%q, %v", exchanges, err)
	}
	if r, ok := readRequest(appendGet(nil, 0)); !ok || r.Method != http.MethodGet || r.URL.Path != "/" || r.Host == "" {
		t.Errorf("%+v", r)
	}
}
