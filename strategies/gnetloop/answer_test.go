//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package gnetloop

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

func TestALargeAnswerArrivesWhole(t *testing.T) {
	s := serve(t, limits(1), strategies.Options{})
	k := s.dial()
	k.send(fmt.Sprintf("echo before\nbig %d\necho between\n", large))
	for limit := time.Now().Add(patience); s.answered.Load() < large && time.Now().Before(limit); runtime.Gosched() {
	}
	other := s.dial() // whose input comes into the same buffer of gnet's
	other.send("echo " + strings.Repeat("x", 1000) + "\n")
	other.gets([]byte(strings.Repeat("x", 1000) + "\n"))
	other.Close()
	k.gets(append(append([]byte("before\n"), pattern(large)...), "between\n"...))
	k.send("echo after\n") // the connection has left its loop, and goes on
	k.gets([]byte("after\n"))
	k.send(fmt.Sprintf("bye %d\n", large))
	k.gets(pattern(large))
	k.ends()

	k = s.dial()
	k.send(fmt.Sprintf("bye %d\necho nobody answers this\n", large))
	k.gets(pattern(large))
	k.ends()
	if n := s.stop(); n.Served != 3 {
		t.Errorf("three sessions ended themselves, but the counts are %+v", n)
	}
}

func TestALargeGreetingArrivesWhole(t *testing.T) {
	service := newService()
	service.greeting = pattern(large)
	s := service.serveOn(t, listen(t), limits(1), strategies.Options{})
	k := s.dial()
	k.send("echo hello\n")
	k.gets(append(pattern(large), "hello\n"...))
	k.closeWrite()
	k.ends()
	if n := s.stop(); n.Served != 1 {
		t.Errorf("one session ended itself, but the counts are %+v", n)
	}
}

// A client asks for much at once and reads nothing. What is not sent has to stay unanswered, others have to be served,
// also by the same loop, and Options.Request has to end it.
func TestAClientThatDoesNotReadFillsNoMemory(t *testing.T) {
	const asked, size = 4000, 64 << 10
	s := serve(t, limits(1), strategies.Options{Request: 300 * time.Millisecond})
	deaf := s.dial()
	deaf.send(strings.Repeat(fmt.Sprintf("big %d\n", size), asked))
	k := s.dial()
	k.send("echo hello\n")
	k.gets([]byte("hello\n"))
	s.becomes("the client that does not read is ended", func(n strategies.Counts) bool { return n.Aborted == 1 })
	if n := s.answered.Load(); n > asked*size/4 {
		t.Errorf("%d MiB of answers were made for a client that reads none of them", n>>20)
	}
	s.stop()
}

// Input is not taken, either, while the answer is not read: the client's own write has to block.
func TestAClientThatDoesNotReadIsNotRead(t *testing.T) {
	s := serve(t, limits(1), strategies.Options{})
	deaf := s.dial()
	deaf.send(fmt.Sprintf("big %d\n", large))
	flood := bytes.Repeat([]byte("echo x\n"), 8*large/7)
	wrote := make(chan error, 1)
	go func() {
		_, err := deaf.Write(flood)
		wrote <- err
	}()
	deaf.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
	if err := <-wrote; err == nil {
		t.Errorf("%d MiB were read from a client that does not read", len(flood)>>20)
	}
	deaf.Close()
	s.stop()
}

func TestTheEndOfTheStreamLeavesNothingUnanswered(t *testing.T) {
	s := serve(t, limits(1), strategies.Options{})
	for _, tt := range []struct {
		name, sent string
		want       []byte
	}{
		{"a last request without its end", "echo a\necho b", []byte("a\nb\n")},
		{"nothing else", "echo b", []byte("b\n")},
		{"nothing at all", "", nil},
		{"answers that are not out", fmt.Sprintf("big %d\nbig %d\necho b", large, large), append(append(pattern(large), pattern(large)...), "b\n"...)},
		{"a last answer that is not out at once", fmt.Sprintf("bye %d", large), pattern(large)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := s.dial()
			k.send(tt.sent)
			k.closeWrite()
			k.gets(tt.want)
			k.ends()
		})
	}
	if n := s.stop(); n.Served != 5 {
		t.Errorf("five clients ended their streams, but the counts are %+v", n)
	}
}

// Long requests come in pieces, of which gnet may hold more than one request can have.
func TestSplitSeesNoMoreThanTheLongestRequest(t *testing.T) {
	s := serve(t, limits(1), strategies.Options{})
	k := s.dial()
	text := strings.Repeat("a", 60000)
	k.send("size " + text)
	for limit := time.Now().Add(patience); s.longest.Load() < int64(len(text)) && time.Now().Before(limit); runtime.Gosched() {
	}
	k.send("\nsize " + text + "\necho b\n")
	k.gets([]byte("60000\n60000\nb\n"))
	if n := s.longest.Load(); n > strategies.MaxRequest {
		t.Errorf("Split was given %d bytes, and no request may have more than %d", n, strategies.MaxRequest)
	}
	k.Close()
	s.stop()
}

// A socket that is closed with unread input resets the connection, and the reset overtakes the answer.
func TestSurplusInputDoesNotResetTheConnection(t *testing.T) {
	s := serve(t, limits(1), strategies.Options{})
	const times = 20
	for range times {
		k := s.dial()
		k.send("bye 1000\n" + strings.Repeat("echo unread\n", 200<<10/12))
		k.gets(pattern(1000))
		k.ends()
	}
	if n := s.stop(); n.Served != times {
		t.Errorf("%d sessions ended themselves, but the counts are %+v", times, n)
	}
}

func TestARequestAllocatesNothing(t *testing.T) {
	s := serve(t, limits(1), strategies.Options{Idle: time.Hour, Request: time.Hour})
	k := s.dial()
	request, answer := []byte("echo hello\n"), make([]byte, len("hello\n"))
	ask := func() {
		if _, err := k.Write(request); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Read(answer); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	if n := testing.AllocsPerRun(1000, ask); n != 0 {
		t.Errorf("%v allocations a request, want none", n)
	}
	k.Close()
	s.stop()
}
