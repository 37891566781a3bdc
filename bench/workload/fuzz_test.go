package workload

import (
	"bufio"
	"bytes"
	"io"
	"testing"

	"github.com/poolbench/poolbench/strategies"
)

// The splits have targets of their own, in split_test.go, that say what each has to cut. Here are the promises that every
// workload makes, whatever its protocol; http, whose sessions have a memory and end in more ways, makes them in
// http_fuzz_test.go.

// longest is what the built-in protocols say of a message in bytes, whichever side it comes from.
const longest = 1024

// cutBy cuts a stream as the server or the client does, and says what is true of every message.
func cutBy(t *testing.T, split func() bufio.SplitFunc, stream, cuts []byte) []string {
	t.Helper()
	messages, _ := sameForAnyCut(t, split, stream, cuts)
	for _, m := range messages {
		if len(m) > longest {
			t.Fatalf("a message of %d bytes is accepted", len(m))
		}
	}
	return messages
}

// A server gets anything: it is cut the same whatever the pieces, and what counts as a request has one answer, which the
// client's side can read.
func FuzzServer(f *testing.F) {
	all := All() // once: what a client has computed is kept
	f.Fuzz(func(t *testing.T, which byte, stream, cuts []byte) {
		w := all[int(which)%len(all)]
		if w.Name == "http" {
			return // FuzzHTTPServer says more
		}
		p, _ := strategies.ProtocolOf(w.Handler())
		requests := cutBy(t, func() bufio.SplitFunc { return p.Open().Split }, stream, cuts)
		if w.Blocks {
			return // it would take the fuzzer's time; what it answers is tested with the others
		}
		session := p.Open()
		for i, request := range requests[:min(len(requests), 2*messages)] {
			answer, err := session.Answer(t.Context(), []byte("before"), []byte(request))
			if err != nil && err != io.EOF {
				t.Fatalf("%s: request %q is answered with %v", w.Name, request, err)
			}
			answer, kept := bytes.CutPrefix(answer, []byte("before"))
			if !kept {
				t.Fatalf("%s: the answer to %q is not appended", w.Name, request)
			}
			if w.Client.Response == nil {
				if complaint := string(answer); complaint != "" && (w.Name == "exchange" || complaint != wrong+"\n" || ownTask(w, request)) {
					t.Fatalf("%s: request %q is answered with %q, which for the client is a failure", w.Name, request, answer)
				}
			} else if got, err := feed(t, w.Client.Response.Split, answer, cuts); err != nil || len(got) != 1 {
				t.Fatalf("%s: request %q is answered with %q, which the client reads as %q, %v", w.Name, request, answer, got, err)
			}
			if err == io.EOF {
				if i+1 != w.Client.PerConn {
					t.Fatalf("%s: the session ends after %d requests", w.Name, i+1)
				}
				break
			}
		}
	})
}

// ownTask says whether line is what w's client sends, in a session of one request.
func ownTask(w Workload, line string) bool {
	for seq := range uint64(seeds) {
		if string(w.Client.Request(nil, seq)) == line+"\n" {
			return true
		}
	}
	return false
}

// A client gets anything, too: of all that can be read as an answer, only the server's own is right, and no refusal is.
func FuzzClient(f *testing.F) {
	all := All()
	f.Fuzz(func(t *testing.T, which byte, seq uint64, stream, cuts []byte) {
		w := all[int(which)%len(all)]
		if w.Name == "http" {
			return // FuzzHTTPClient says more
		}
		p, _ := strategies.ProtocolOf(w.Handler())
		for _, frame := range []*Frame{w.Client.Greeting, w.Client.Response} {
			if frame == nil {
				continue
			}
			answers := cutBy(t, stateless(frame.Split), stream, cuts)
			for _, answer := range answers {
				right := frame.Check(seq, []byte(answer)) == nil
				if right && w.Client.Busy([]byte(answer)) {
					t.Fatalf("%s: %q is a refusal, and a good answer to request %d", w.Name, answer, seq)
				}
				session := p.Open()
				if frame == w.Client.Greeting {
					// FuzzCheckGreeting says more of exchange's, which may have other spellings.
					if own := session.Greet(nil); w.Name != "exchange" && right != (answer+"\n" == string(own)) {
						t.Fatalf("%s: %q is right as a greeting: %v; the server says %q", w.Name, answer, right, own)
					}
					continue
				}
				if w.Blocks {
					continue
				}
				_, request, _ := session.Split(w.Client.Request(nil, seq), true)
				own, err := session.Answer(t.Context(), nil, request)
				if err != nil {
					t.Fatal(err)
				}
				if _, want, _ := frame.Split(own, true); right != (answer == string(want)) {
					t.Fatalf("%s: %q is right as the answer to request %d: %v; the server says %q", w.Name, answer, seq, right, want)
				}
			}
		}
	})
}
