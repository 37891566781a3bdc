package workload

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// An httpExchange is what a server made of some of its input, and what it said to that.
type httpExchange struct{ request, answer string }

// converseHTTP gives stream to a session in pieces, as feed does, and has it answer each request before the next one is cut,
// as strategies do. A body that was asked for is returned with its head. ended says that the session has ended itself.
func converseHTTP(t *testing.T, stream, cuts []byte) (exchanges []httpExchange, ended bool, err error) {
	t.Helper()
	session := httpProtocol{}.Open()
	var data []byte
	var head string
	for eof := false; ; {
		for {
			advance, request, err := session.Split(slices.Clip(data), eof)
			if err != nil {
				return exchanges, false, err
			}
			if advance < 0 || advance > len(data) || advance == 0 && request != nil || request != nil && len(request) == 0 {
				t.Fatalf("split of %q: advance %d, request %q", data, advance, request)
			}
			if advance == 0 {
				break
			}
			if request != nil {
				answer, err := session.Answer(t.Context(), []byte("before"), request)
				said, kept := strings.CutPrefix(string(answer), "before")
				if !kept || err != nil && err != io.EOF {
					t.Fatalf("the answer to %q is %q, %v", request, answer, err)
				}
				exchanges = append(exchanges, httpExchange{head + string(request), said})
				head = ""
				if said == "HTTP/1.1 100 Continue\r\n\r\n" {
					head = string(request)
				}
				if err == io.EOF {
					return exchanges, true, nil
				}
			}
			data = data[advance:]
		}
		if eof {
			if len(data) > 0 {
				t.Fatalf("%q was left at the end of the stream without an error", data)
			}
			return exchanges, false, nil
		}
		n := len(stream)
		if len(cuts) > 0 {
			n, cuts = min(n, int(cuts[0])+1), cuts[1:]
		}
		data, stream = append(data, stream[:n]...), stream[n:]
		eof = len(stream) == 0
	}
}

// brief reads an answer as net/http's client does, and returns its status and what becomes of the connection.
func (e httpExchange) brief(t *testing.T) string {
	t.Helper()
	method, _, _ := strings.Cut(e.request, " ")
	in := bufio.NewReader(strings.NewReader(e.answer))
	r, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%q is answered with %q: %v", e.request, e.answer, err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || in.Buffered() > 0 {
		t.Fatalf("%q is answered with %q: %v, %d bytes too many", e.request, e.answer, err, in.Buffered())
	}
	want := ""
	if r.StatusCode == http.StatusOK {
		if r.ContentLength != int64(len(httpText)) || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%q is answered with %q", e.request, e.answer)
		}
		if method != http.MethodHead {
			want = httpText
		}
	}
	if string(body) != want {
		t.Errorf("%q is answered with the body %q, want %q", e.request, body, want)
	}
	if r.StatusCode == http.StatusMethodNotAllowed && r.Header.Get("Allow") != "GET, HEAD, POST, PUT" {
		t.Errorf("allowed are %q", r.Header.Get("Allow"))
	}
	connection := r.Header.Get("Connection")
	if r.Close { // which ReadResponse has instead of the field
		connection = "close"
	}
	return strings.TrimSpace(fmt.Sprint(r.StatusCode, " ", connection))
}

const (
	get       = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	post      = "POST /p HTTP/1.1\r\nHost: a\r\n"
	lastChunk = "0\r\n\r\n"
	chunks    = post + "Transfer-Encoding: chunked\r\n\r\n"
)

// headOf is a request whose head has that length, made up with a field.
func headOf(length int) string {
	const start, end = "GET / HTTP/1.1\r\nHost: a\r\nX: ", "\r\n\r\n"
	return start + strings.Repeat("x", length-len(start)-len(end)) + end
}

// chunked is a body of total bytes, in chunks of that size.
func chunked(total, size int) string {
	var b strings.Builder
	for ; total > 0; total -= size {
		n := min(size, total)
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, strings.Repeat("b", n))
	}
	return b.String() + lastChunk
}

// What each stream is answered, in whatever two pieces it comes, or byte by byte.
func TestHTTPAnswers(t *testing.T) {
	for _, test := range []struct {
		name   string
		stream string
		want   string // of each answer the status, and what it says of the connection
	}{
		{"nothing", "", ""},
		{"a path", "GET /some/where?a=b%20c HTTP/1.1\r\nHost: a\r\n\r\n", "200"},
		{"a whole URL, as proxies get them", "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n", "200"},
		{"no text for HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get, "200, 200"},
		{"several at once, in order", get + "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n" + post + "Content-Length: 3\r\n\r\nabc" + get, "200, 405, 200, 200"},
		{"a body that looks like a request", post + "Content-Length: 27\r\n\r\n" + get + get, "200, 200"},
		{"an empty body", post + "Content-Length: 0\r\n\r\n" + get, "200, 200"},
		{"no body", post + "\r\n" + get, "200, 200"},
		{"PUT, and spaces around the length", "PUT / HTTP/1.1\r\nHost: a\r\ncontent-length: \t03 \r\n\r\nabc" + get, "200, 200"},
		{"GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + get, "200, 200"},
		{"a method that there is not", "BREW / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + get, "405, 200"},
		{"OPTIONS of the server", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" + get, "405, 200"},
		{"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n" + get, "405, 200"},

		{"chunks", chunks + "3\r\nabc\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n" + lastChunk + get, "200, 200"},
		{"chunks: none but the last", chunks + lastChunk + get, "200, 200"},
		{"chunks: with an extension, a space and zeros", chunks + "003;a=\"b\"\r\nabc\r\n2 \r\nde\r\n0;x\r\n\r\n" + get, "200, 200"},
		{"chunks: with trailers", chunks + "1\r\na\r\n0\r\nX: y\r\nContent-Length: 7\r\n\r\n" + get, "200, 200"},
		{"chunks: with data like their end", chunks + "7\r\n0\r\n\r\n\r\n\r\n" + lastChunk + get, "200, 200"},
		{"chunks: in capitals", post + "transfer-encoding: CHUNKED\r\n\r\n" + lastChunk + get, "200, 200"},

		{"close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n" + get, "200 close"},
		{"close after a body", post + "Content-Length: 3\r\nConnection: close\r\n\r\nabc" + get, "200 close"},
		{"1.0 closes", "GET / HTTP/1.0\r\n\r\n" + get, "200 close"},
		{"1.0 stays when asked to", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n" + get, "200 keep-alive, 200"},
		{"1.0 with a length", "POST / HTTP/1.0\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc" + get, "200 keep-alive, 200"},
		{"1.0 expects in vain", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", "200 close"},
		{"a later 1 is treated as 1.1", "GET / HTTP/1.7\r\nHost: a\r\n\r\n" + get, "200, 200"},
		{"a body that waits to be asked for", post + "Expect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc" + get, "100, 200, 200"},
		{"chunks that wait to be asked for", post + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + lastChunk + get, "100, 200, 200"},
		{"one after the other", strings.Repeat("BREW / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: x\r\n\r\nabc", 2), "100, 405, 100, 405"},
		{"a long body that waits", post + fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", maxBody) + strings.Repeat("b", maxBody) + get, "100, 200, 200"},
		{"chunks that get too long after all", post + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", maxBody) + "\r\n", "100, 413 close"},
		{"chunks that are none after all", post + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n" + get, "100, 400 close"},
		{"a body too long to be asked for", post + fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", maxBody+1), "413 close"},
		{"expected without a body", "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n" + get, "200, 200"},

		{"empty lines before a request", "\r\n\n\r\n" + get + "\r\n" + get + "\r\n", "200, 200"},
		{"as many as may be, again and again", strings.Repeat(strings.Repeat("\r\n", maxHead/2)+get, 3), "200, 200, 200"},
		{"bare newlines", "GET / HTTP/1.1\nHost: a\nContent-Length: 1\n\nx" + get, "200, 200"},
		{"bytes beyond ASCII in a field", "GET / HTTP/1.1\r\nHost: a\r\nX: \xff\t\xe4\r\n\r\n" + get, "200, 200"},
		{"an empty field", "GET / HTTP/1.1\r\nHost:\r\n\r\n" + get, "200, 200"},

		{"the longest head", headOf(maxHead) + get, "200, 200"},
		{"the longest body", post + fmt.Sprintf("Content-Length: %d\r\n\r\n", maxBody) + strings.Repeat("b", maxBody) + get, "200, 200"},
		{"the longest of all", strings.Replace(headOf(maxHead-len("Content-Length: 49152\r\n")), "X:", "Content-Length: 49152\r\nX:", 1) + strings.Repeat("b", maxBody) + get, "200, 200"},
		{"many chunks", chunks + chunked(6_000, 1) + get, "200, 200"},
		{"long chunks", chunks + chunked(40_000, 9_999) + get, "200, 200"},
		{"chunks up to the limit", chunks + chunked(maxBody-len("bff1\r\n\r\n0\r\n\r\n"), maxBody) + get, "200, 200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, cuts := range pieces(len(test.stream)) {
				exchanges, _, err := converseHTTP(t, []byte(test.stream), cuts)
				got := briefs(t, exchanges)
				if err != nil || got != test.want {
					t.Fatalf("in pieces %v: %s, %v; want %s", cuts[:min(len(cuts), 8)], got, err, test.want)
				}
				for _, e := range exchanges {
					if closes := strings.HasSuffix(e.brief(t), "close"); closes && e != exchanges[len(exchanges)-1] {
						t.Errorf("%q goes on after its end", e.answer)
					}
				}
			}
		})
	}
}

func briefs(t *testing.T, exchanges []httpExchange) string {
	t.Helper()
	var all []string
	for _, e := range exchanges {
		all = append(all, e.brief(t))
	}
	return strings.Join(all, ", ")
}

// pieces are the ways to cut a stream of n bytes that are tried: in two at any place (at some, if it is long), into bytes,
// and not at all.
func pieces(n int) (ways [][]byte) {
	ways = append(ways, nil, make([]byte, n))
	for first := 1; first < n; first += 1 + n/200 {
		cut := bytes.Repeat([]byte{255}, first/256)
		if rest := first % 256; rest > 0 {
			cut = append(cut, byte(rest-1))
		}
		ways = append(ways, cut)
	}
	return ways
}

// Each stream is refused because of its last byte, and not before; and what follows changes nothing.
func TestHTTPRefusals(t *testing.T) {
	const line = "GET / HTTP/1.1\r\n"
	for _, test := range []struct {
		name   string
		stream string
		status int
	}{
		{"TLS", "\x16", 400},
		{"a carriage return alone", "\rG", 400},
		{"a space first", " ", 400},
		{"a method of strange bytes", "G@", 400},
		{"a line of one word", "GARBAGE\r", 400},
		{"a line of one word, bare", "GARBAGE\n", 400},
		{"HTTP/0.9", "GET /\r\n", 400},
		{"no target", "GET  HTTP/1.1\r\n", 400},
		{"a fourth word", "GET / HTTP/1.1 x\r\n", 400},
		{"a version in small letters", "GET / http/1.1\r\n", 400},
		{"a version of two digits", "GET / HTTP/1.10\r\n", 400},
		{"a version without a point", "GET / HTTP/1x1\r\n", 400},
		{"a version without digits", "GET / HTTP/x.1\r\n", 400},
		{"a version without a digit at its end", "GET / HTTP/1.x\r\n", 400},
		{"HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n", 505},
		{"HTTP/0.1", "GET / HTTP/0.1\n", 505},
		{"a tab in the request line", "GET\t", 400},
		{"a tab after the target", "GET /\t", 400},
		{"a zero in the target", "GET /\x00", 400},
		{"a carriage return in the target", "GET /\rx", 400},
		{"a folded line", line + "Host: a\r\n ", 400},
		{"a space after the request line", line + "\t", 400},
		{"a space before the colon", line + "Host ", 400},
		{"a field without a name", line + ":", 400},
		{"a field without a colon", line + "Host\r", 400},
		{"a carriage return in a field", line + "X: a\rb", 400},
		{"a control character in a field", line + "X: \x7f", 400},
		{"no Host", line + "\r\n", 400},
		{"two Hosts", line + "Host: a\r\nhost: a\r\n", 400},

		{"two lengths", post + "Content-Length: 3\r\ncontent-length: 3\r\n", 400},
		{"a length of a list", post + "Content-Length: 3, 3\r\n", 400},
		{"a negative length", post + "Content-Length: -1\r\n", 400},
		{"a length with a sign", post + "Content-Length: +1\r\n", 400},
		{"a length in hexadecimal", post + "Content-Length: 0x1\r\n", 400},
		{"a length of nothing", post + "Content-Length: \r\n", 400},
		{"a length and chunks", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", 400},
		{"a length of 0 and chunks", post + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400},
		{"chunks and a length", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", 400},
		{"chunks twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
		{"chunks in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", 400},
		{"another coding", post + "Transfer-Encoding: gzip\r\n", 501},
		{"another coding as well", post + "Transfer-Encoding: gzip, chunked\r\n", 501},
		{"a coding that looks like one", post + "Transfer-Encoding: xchunked\r\n", 501},
		{"a coding behind a control character", post + "Transfer-Encoding: \x0b", 400},

		{"a length beyond the limit", post + fmt.Sprintf("Content-Length: %d\r\n", maxBody+1), 413},
		{"a length beyond all numbers", post + "Content-Length: 18446744073709551617\r\n", 413},
		{"a chunk beyond the limit", chunks + fmt.Sprintf("%x", maxBody+1), 413},
		{"a chunk beyond all numbers", chunks + "10000", 413},
		{"chunks beyond the limit together", chunks + "6000\r\n" + strings.Repeat("b", 0x6000) + "\r\n6000\r\n", 413},
		{"chunks of nothing but an extension", chunks + "1;" + strings.Repeat("x", maxBody-2), 413},
		{"trailers beyond the limit", chunks + "0\r\nX:" + strings.Repeat("x", maxBody-5), 413},
		{"a request line without end", "GET /" + strings.Repeat("x", maxHead-5), 414},
		{"a method without end", strings.Repeat("x", maxHead), 431},
		{"a field without end", line + "X: " + strings.Repeat("x", maxHead-len(line)-3), 431},
		{"a head one byte too long", headOf(maxHead + 1)[:maxHead], 431},
		{"empty lines without end", strings.Repeat("\r\n", maxHead/2) + "\n", 400},

		{"another expectation", line + "Expect: wonders\r\n", 417},

		{"a chunk without a size", chunks + "\r", 400},
		{"a carriage return in a size", chunks + "1\r;", 400},
		{"a chunk with a sign", chunks + "-", 400},
		{"a size that is none", chunks + "5g", 400},
		{"a size and a bare newline", chunks + "1\n", 400},
		{"an extension and a bare newline", chunks + "1;x\n", 400},
		{"a chunk that is longer than it says", chunks + "1\r\nab", 400},
		{"a chunk and a bare newline", chunks + "1\r\na\n", 400},
		{"a trailer and a bare newline", chunks + "0\r\nX: y\n", 400},
		{"a bare newline at the end of the trailers", chunks + "0\r\n\n", 400},
		{"a folded trailer", chunks + "0\r\nX: y\r\n ", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := test.stream[:len(test.stream)-1]
			for _, stream := range []string{get + test.stream, get + test.stream + get} {
				for _, cuts := range [][]byte{nil, make([]byte, len(stream))} {
					exchanges, ended, err := converseHTTP(t, []byte(stream), cuts)
					want := fmt.Sprint("200, ", test.status, " close")
					if got := briefs(t, exchanges); got != want || !ended || err != nil {
						t.Fatalf("answered with %s, %v; want %s", got, err, want)
					}
				}
			}
			session := new(httpSession)
			for data := []byte(before); len(data) > 0; {
				advance, request, err := session.Split(data, false)
				if request != nil || err != nil {
					t.Fatalf("%q is refused too early: %q, %v", before, request, err)
				}
				if advance == 0 {
					break
				}
				data = data[advance:]
			}
		})
	}
}

// What only the library sees is refused when the request is complete.
func TestHTTPIsReadByTheLibraryToo(t *testing.T) {
	for name, stream := range map[string]string{
		"a broken escape in the target": "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
		"a target that is no URL":       "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
		"a trailer that must not be":    post + "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n" + lastChunk,
		"a size of too many digits":     chunks + strings.Repeat("0", 17) + "\r\n\r\n",
	} {
		exchanges, ended, err := converseHTTP(t, []byte(stream+get), nil)
		if briefs(t, exchanges) != "400 close" || !ended || err != nil {
			t.Errorf("%s: %q, %v", name, exchanges, err)
		}
	}
	if _, ok := readRequest([]byte(get + "x")); ok {
		t.Error("a byte beyond the library's end of the request is accepted")
	}
}

// A client that leaves in the middle of a request gets no answer, and counts as aborted.
func TestHTTPHalfARequest(t *testing.T) {
	for _, whole := range []string{get, post + "Content-Length: 3\r\n\r\nabc", chunks + "1\r\na\r\n" + lastChunk} {
		for n := 1; n < len(whole); n++ {
			exchanges, _, err := converseHTTP(t, []byte(get+whole[:n]), nil)
			if len(exchanges) != 1 || err != io.ErrUnexpectedEOF {
				t.Errorf("%q: %d answers, %v", whole[:n], len(exchanges), err)
			}
		}
	}
}

// A client that was asked for the body and leaves has left in the middle of a request.
func TestHTTPNoBodyAfterAll(t *testing.T) {
	stream := post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
	for _, cuts := range [][]byte{nil, make([]byte, len(stream))} {
		exchanges, _, err := converseHTTP(t, []byte(stream), cuts)
		if briefs(t, exchanges) != "100" || err != io.ErrUnexpectedEOF {
			t.Errorf("%q, %v", exchanges, err)
		}
	}
}

// Any answer can be shed: busy words stand in its place, and Answer is not called. If the client had to be asked for its body,
// what it sends next may be the body or another request, and must not be taken for either.
func TestHTTPShed(t *testing.T) {
	const head = post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
	s := new(httpSession)
	if advance, request, err := s.Split([]byte(head), false); advance != len(head) || string(request) != head || err != nil {
		t.Fatalf("advance %d, %q, %v", advance, request, err)
	}
	if advance, request, err := s.Split([]byte("abc"), false); advance != 0 || request != nil || err != bufio.ErrFinalToken {
		t.Errorf("after a question that was shed: advance %d, %q, %v", advance, request, err)
	}

	s = new(httpSession)
	_, request, _ := s.Split([]byte(head), false)
	if answer, err := s.Answer(t.Context(), nil, request); string(answer) != "HTTP/1.1 100 Continue\r\n\r\n" || err != nil {
		t.Fatalf("answer %q, %v", answer, err)
	}
	if advance, request, err := s.Split([]byte("abc"), false); advance != 3 || string(request) != "abc" || err != nil {
		t.Fatalf("advance %d, %q, %v", advance, request, err)
	}
	_, request, _ = s.Split([]byte(get), false) // the answer to the body was shed
	if answer, err := s.Answer(t.Context(), nil, request); string(answer) != ownAnswer || err != nil {
		t.Errorf("answer %q, %v", answer, err)
	}
}

// So can a refusal. Nothing after it is taken for a request.
func TestHTTPReadsNothingAfterARefusal(t *testing.T) {
	s := new(httpSession)
	if _, request, _ := s.Split([]byte(" "), false); request == nil {
		t.Fatal("not refused")
	}
	advance, request, err := s.Split([]byte(get), false)
	if advance != len(get) || string(request) != get || err != nil {
		t.Fatalf("advance %d, %q, %v", advance, request, err)
	}
	if answer, err := s.Answer(t.Context(), nil, request); err != io.EOF || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
		t.Errorf("answer %q, %v", answer, err)
	}
	if advance, request, err := s.Split(nil, true); advance != 0 || request != nil || err != nil {
		t.Errorf("at the end: advance %d, %q, %v", advance, request, err)
	}
}

// A client that sends a byte at a time must not cost more with each. Looking at every byte once is all that helps, and can
// be seen: a byte that was looked at is not looked at again, even if it has changed.
func TestHTTPLooksAtEachByteOnce(t *testing.T) {
	stream := []byte(chunks + "5\r\nabcde\r\n0\r\nX: y\r\n\r\n")
	s := new(httpSession)
	for n := 1; n < len(stream); n++ {
		if s.framer.at != n-1 {
			t.Fatalf("%d of %d bytes were looked at", s.framer.at, n-1)
		}
		if _, request, err := s.Split(stream[:n], false); request != nil || err != nil {
			t.Fatalf("%q: %q, %v", stream[:n], request, err)
		}
	}
}

func BenchmarkHTTPServer(b *testing.B) {
	s := new(httpSession)
	request, answer := appendGet(nil, 0), make([]byte, 0, 1024)
	b.Run("split", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, r, err := s.Split(request, false); r == nil || err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("answer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Answer(b.Context(), answer, request); err != nil {
				b.Fatal(err)
			}
		}
	})
}
