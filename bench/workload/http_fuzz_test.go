package workload

import (
	"bufio"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// reference reads one request from stream as net/http's server does, and returns how many bytes it took.
func reference(stream string) (length int, closing bool, err error) {
	rest := strings.NewReader(stream)
	in := bufio.NewReader(rest)
	r, err := http.ReadRequest(in)
	if err != nil {
		return 0, false, err
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return 0, false, err
	}
	return len(stream) - in.Buffered() - rest.Len(), r.Close, nil
}

// A server gets anything: it is cut and answered the same whatever the pieces, each answer can be read, and a request that is
// not refused ends where net/http's own server, given everything that follows as well, sees its end.
func FuzzHTTPServer(f *testing.F) {
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		exchanges, ended, err := converseHTTP(t, stream, nil)
		again, endedAgain, errAgain := converseHTTP(t, stream, cuts)
		if !slices.Equal(again, exchanges) || endedAgain != ended || errAgain != err {
			t.Fatalf("in pieces %q, %v, %v; in one %q, %v, %v", again, endedAgain, errAgain, exchanges, ended, err)
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			t.Fatal(err)
		}
		rest := string(stream)
		for i, e := range exchanges {
			brief := e.brief(t)
			closes := strings.HasSuffix(brief, " close")
			if last := i == len(exchanges)-1; closes != (last && ended) {
				t.Fatalf("%q is answered with %s, and the connection ended: %v", e.request, brief, last && ended)
			}
			rest = strings.TrimLeft(rest, "\r\n")
			if !strings.HasPrefix(brief, "200") && !strings.HasPrefix(brief, "405") {
				continue // refused, which has to be the end of it; or the body is to come
			}
			if !strings.HasPrefix(rest, e.request) {
				t.Fatalf("%q was cut off %q", e.request, rest)
			}
			length, closing, err := reference(rest)
			if err != nil || length != len(e.request) || closing != closes {
				t.Fatalf("%q is answered with %s; net/http reads %d bytes, close %v: %v", e.request, brief, length, closing, err)
			}
			rest = rest[len(e.request):]
		}
	})
}

// A client gets anything: it is cut the same whatever the pieces, and ends where net/http's client sees the end, which also
// reads the status of what is right.
func FuzzHTTPClient(f *testing.F) {
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		responses, err := sameForAnyCut(t, stateless(splitResponse), stream, cuts)
		if taken := strings.Join(responses, ""); !strings.HasPrefix(string(stream), taken) || err == nil && taken != string(stream) {
			t.Fatalf("%q became %q, %v", stream, responses, err)
		}
		for _, response := range responses {
			right := checkResponse(0, []byte(response)) == nil
			if right && isUnavailable([]byte(response)) {
				t.Fatalf("%q is right, and a refusal", response)
			}
			in := bufio.NewReader(strings.NewReader(response))
			r, err := http.ReadResponse(in, nil)
			if err != nil {
				continue // it is stricter about what the client does not look at
			}
			body, err := io.ReadAll(r.Body)
			if err != nil || in.Buffered() > 0 {
				t.Fatalf("%q: net/http's client reads %q, %v, and leaves %d bytes", response, body, err, in.Buffered())
			}
			if want := r.StatusCode == http.StatusOK; right != want {
				t.Fatalf("%q is right: %v; net/http's client reads %d and %q", response, right, r.StatusCode, body)
			}
		}
	})
}
