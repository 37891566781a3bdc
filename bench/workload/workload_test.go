package workload

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

// each runs test for every built-in workload.
func each(t *testing.T, test func(t *testing.T, w Workload)) {
	for _, w := range All() {
		t.Run(w.Name, func(t *testing.T) { test(t, w) })
	}
}

func TestEachIsComplete(t *testing.T) {
	plain := regexp.MustCompile(`^[a-z]+$`) // a name is part of benchmark names, flags and paths
	seen := map[string]bool{}
	each(t, func(t *testing.T, w Workload) {
		if !plain.MatchString(w.Name) || seen[w.Name] {
			t.Errorf("name %q is odd, or taken", w.Name)
		}
		seen[w.Name] = true
		if !strings.HasSuffix(w.About, ".") || strings.Count(w.About, ". ") > 0 {
			t.Errorf("About is not one sentence: %q", w.About)
		}
		if _, ok := strategies.ProtocolOf(w.Handler()); !ok {
			t.Error("the handler has no message form")
		}
		if w.Blocks != (w.Name == "wait") {
			t.Errorf("Blocks is %v", w.Blocks)
		}
		unit := Request
		if slices.Contains([]string{"exchange", "deep", "job"}, w.Name) {
			unit = Session
		}
		if w.Client.Measured() != unit {
			t.Errorf("measured is the %s, want the %s", w.Client.Measured(), unit)
		}
		if (w.With == nil) != (len(w.Settings) == 0) {
			t.Errorf("it has settings %v, and a way to set them: %v", w.Settings, w.With != nil)
		}
	})
}

// first is the frame that a client reads first: where a refusal would stand.
func first(c Client) *Frame {
	if c.Greeting != nil {
		return c.Greeting
	}
	return c.Response
}

func TestARefusalIsKnownAsOne(t *testing.T) {
	each(t, func(t *testing.T, w Workload) {
		f := first(w.Client)
		got, err := feed(t, f.Split, w.Busy, nil)
		if err != nil || len(got) != 1 {
			t.Fatalf("the busy answer %q is no frame of the protocol: %q, %v", w.Busy, got, err)
		}
		if !w.Client.Busy([]byte(got[0])) {
			t.Error("the client does not know the busy answer")
		}
		if f.Check(0, []byte(got[0])) == nil {
			t.Error("the busy answer passes for a good one")
		}
		before := string(w.Busy)
		w.Busy[0] = 'x' // it is the caller's
		if again, _ := Find(All(), w.Name); string(again.Busy) != before || !again.Client.Busy([]byte(got[0])) {
			t.Errorf("a caller's change to Busy reached others: %q", again.Busy)
		}
	})
}

// Each workload's client against its own server: every answer is accepted, none is taken for a refusal, and none is
// accepted as the answer to a different request.
func TestClientAndServerAgree(t *testing.T) {
	each(t, func(t *testing.T, w Workload) {
		client, server := net.Pipe()
		defer client.Close()
		_ = client.SetDeadline(time.Now().Add(time.Minute)) // a pipe takes any; a hang is a failure
		served := make(chan error, 1)
		go func() {
			defer server.Close()
			served <- w.Handler().ServeConn(t.Context(), server)
		}()
		c := w.Client
		in := bufio.NewScanner(client)
		in.Split(first(c).Split)
		if c.Greeting != nil {
			if !in.Scan() {
				t.Fatalf("no greeting: %v", in.Err())
			}
			if err := c.Greeting.Check(0, in.Bytes()); err != nil {
				t.Fatal(err)
			}
		}
		requests := c.PerConn
		if requests == 0 {
			requests = 2*seeds + 1
		}
		for seq := range uint64(requests) {
			if _, err := client.Write(c.Request(nil, seq)); err != nil {
				t.Fatalf("send request %d: %v", seq, err)
			}
			if c.Response == nil {
				continue
			}
			if !in.Scan() {
				t.Fatalf("no answer to request %d: %v", seq, in.Err())
			}
			msg := in.Bytes()
			if err := c.Response.Check(seq, msg); err != nil {
				t.Fatal(err)
			}
			if c.Response.Check(seq+1, msg) == nil && !bytes.Equal(c.Request(nil, seq), c.Request(nil, seq+1)) {
				t.Fatalf("the answer to request %d passes for that to request %d", seq, seq+1)
			}
			if c.Busy(msg) {
				t.Fatalf("the answer %q passes for a refusal", msg)
			}
		}
		if c.End == ClientCloses {
			client.Close()
		} else if in.Scan() || in.Err() != nil {
			t.Fatalf("at the end of the session %q, %v; want the end of the stream", in.Bytes(), in.Err())
		}
		if err := <-served; err != nil {
			t.Fatalf("the server counts the connection as aborted: %v", err)
		}
	})
}

func TestWrongAnswersAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w Workload) {
		f := first(w.Client)
		for _, msg := range []string{"", ".", "0", "(I1\nI2\nI7\nI9\nl.", "(I1\nI2\nI7\nI9\nI1\nl.", "(I1\nI2\nI7\nI9\nI0\nt.", strings.Repeat("0", 63)} {
			if f.Check(7, []byte(msg)) == nil {
				t.Errorf("%q passes", msg)
			}
		}
	})
}

// The driver and the server call these millions of times in a trial; garbage of ours would be measured as theirs.
func TestARequestAllocatesNothing(t *testing.T) {
	each(t, func(t *testing.T, w Workload) {
		if w.Name == "http" {
			t.Skip("the server's side reads with net/http, which allocates, as a real one does; for the client's side see TestReadingAResponseAllocatesNothing")
		}
		p, _ := strategies.ProtocolOf(w.Handler())
		session := p.Open()
		c := w.Client
		request, answer := make([]byte, 0, maxLine), make([]byte, 0, maxLine)
		answer = session.Greet(answer)
		seq := uint64(0)
		own, repeats := []byte(nil), w.Name == "alloc" // its server is meant to allocate, so what it says to the first is said to all
		if repeats {
			line := c.Request(nil, seq)
			own, _ = session.Answer(t.Context(), nil, line[:len(line)-1])
		}
		for seq := range uint64(seeds) { // results are computed when they are first needed
			_, _ = c.Request(nil, seq), first(c).Check(seq, nil)
		}
		allocated := testing.AllocsPerRun(20, func() {
			request = c.Request(request[:0], seq)
			_, token, _ := session.Split(request, false)
			if repeats {
				answer, seq = own, 0
			} else if c.Response != nil {
				answer, _ = session.Answer(t.Context(), answer[:0], token)
			} else if _, err := session.Answer(t.Context(), nil, token); err != nil && err != io.EOF {
				t.Fatal(err)
			}
			_, msg, _ := first(c).Split(answer, false)
			if err := first(c).Check(seq, msg); err != nil || c.Busy(msg) {
				t.Fatalf("answer %q: %v", msg, err)
			}
			seq++
		})
		if allocated != 0 {
			t.Errorf("%v allocations per request", allocated)
		}
	})
}

func TestClientsRunConcurrently(t *testing.T) {
	each(t, func(t *testing.T, w Workload) {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				msg := w.Client.Request(nil, 3)
				_ = first(w.Client).Check(3, msg)
				_ = w.Client.Busy(msg)
				_ = w.Handler()
			})
		}
		group.Wait()
	})
}

func TestEveryLineRequestIs64Bytes(t *testing.T) {
	for _, w := range All() {
		if w.Client.Response == nil || w.Name == "http" {
			continue
		}
		for _, seq := range []uint64{0, 9, 10, math.MaxUint64} {
			line := w.Client.Request([]byte("before "), seq)
			if len(line) != len("before ")+64 || !bytes.HasPrefix(line, []byte("before ")) || bytes.IndexByte(line, '\n') != len(line)-1 {
				t.Errorf("%s: request %d is %q", w.Name, seq, line)
			}
		}
	}
}

// recorder notes what a session was asked.
type recorder struct {
	strategies.Protocol
	requests *[]string
}

func (r recorder) Open() strategies.Session { return recorded{r.Protocol.Open(), r.requests} }

type recorded struct {
	strategies.Session
	requests *[]string
}

func (r recorded) Answer(ctx context.Context, dst, request []byte) ([]byte, error) {
	*r.requests = append(*r.requests, string(request))
	return r.Session.Answer(ctx, dst, request)
}

// record returns w's handler, and what it is asked, to be looked at once it has returned.
func record(w Workload) (strategies.Handler, *[]string) {
	p, _ := strategies.ProtocolOf(w.Handler())
	var requests []string
	return strategies.Messages(recorder{p, &requests}), &requests
}

// scripted is a connection whose other side has said everything already.
type scripted struct {
	net.Conn
	in  io.Reader
	out bytes.Buffer
}

func (s *scripted) Read(b []byte) (int, error)  { return s.in.Read(b) }
func (s *scripted) Write(b []byte) (int, error) { return s.out.Write(b) }

// Protocol 0 and nothing else: the tutorial's own, and the one in which the stop opcode's byte cannot be an argument.
func TestExchangeSpeaksText(t *testing.T) {
	if want := "(I1\nI2\nI7\nI9\nI0\nl."; string(greeting) != want {
		t.Errorf("greeting %q, want %q", greeting, want)
	}
	if want := "S\"busy\"\n."; string(exchange().Busy) != want {
		t.Errorf("busy answer %q, want %q", exchange().Busy, want)
	}
}

func TestExchangeEnds(t *testing.T) {
	broken := errors.New("connection reset")
	open := errors.New("read on: a client that waits for the close would wait for ever")
	ten := strings.Repeat("Hey. 0\n", 10)
	full := strings.Repeat("m", maxMessage)
	for _, test := range []struct {
		name     string
		stream   string
		end      error // what the next read returns
		messages int
		want     error
	}{
		{"after the tenth message, without another read", ten, open, 10, nil},
		{"after the tenth, whatever follows", ten + "Hey. 10\n", open, 10, nil},
		{"after ten full messages without a newline", strings.Repeat(full, 10), open, 10, nil},
		{"at the end of the stream after none", "", io.EOF, 0, nil},
		{"at the end of the stream after three", ten[:21], io.EOF, 3, nil},
		{"at the end of the stream, which ends the tenth message", ten[:69], io.EOF, 10, nil},
		{"at the end of the stream of a client without newlines", strings.ReplaceAll(ten, "\n", "n"), io.EOF, 1, nil},
		{"with an error where the connection broke", ten[:21], broken, 3, broken},
		{"with an error where it broke in a message", ten[:23], broken, 3, broken},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, requests := record(exchange())
			conn := &scripted{in: io.MultiReader(strings.NewReader(test.stream), fail{test.end})}
			if err := h.ServeConn(t.Context(), conn); err != test.want {
				t.Errorf("ended with %v, want %v", err, test.want)
			}
			if len(*requests) != test.messages {
				t.Errorf("%d messages: %q; want %d", len(*requests), *requests, test.messages)
			}
			if !bytes.Equal(conn.out.Bytes(), greeting) {
				t.Errorf("the server said %q, want the greeting and nothing else", conn.out.Bytes())
			}
		})
	}
}

// fail is a reader that fails. MultiReader passes every error on but io.EOF, which ends the whole as well.
type fail struct{ err error }

func (f fail) Read([]byte) (int, error) { return 0, f.err }

// Catches: a driver that crashes on a workload which leaves out what makes an answer right.
func TestAFrameWithoutACheckTakesAnyMessage(t *testing.T) {
	if err := (Frame{Split: bufio.ScanLines}).Right(3, []byte("anything")); err != nil {
		t.Error(err)
	}
	wrong := errors.New("wrong")
	if err := (Frame{Check: func(seq uint64, _ []byte) error {
		if seq == 3 {
			return wrong
		}
		return nil
	}}).Right(3, nil); err != wrong {
		t.Errorf("the check of answer 3 is not asked: %v", err)
	}
}
