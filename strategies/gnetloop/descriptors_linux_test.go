package gnetloop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/strategies"
)

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// Descriptors are duplicated for connections that leave a loop and for those that are seen off.
func TestNoDescriptorIsLeft(t *testing.T) {
	warm := serve(t, limits(1), strategies.Options{}) // whatever the process opens once
	warm.dial().Close()
	warm.stop()
	before := descriptors(t)

	s := serve(t, limits(2), strategies.Options{Drain: 200 * time.Millisecond})
	for range 5 {
		for _, sent := range []string{
			"bye 1000\n" + strings.Repeat("echo unread\n", 1000), // is seen off
			fmt.Sprintf("bye %d\n", large),                       // leaves
			"echo a\n",                                           // goes
			"goexit\n",
			"echo a\necho b",
		} {
			k := s.dial()
			k.send(sent)
			k.closeWrite()
			for buf := make([]byte, 1<<20); ; {
				_, err := k.Read(buf)
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("after %.20q the connection is left open", sent)
				}
				if err != nil {
					break
				}
			}
			k.Close()
		}
	}
	deaf := s.dial() // leaves, and is closed by force
	deaf.send(fmt.Sprintf("big %d\n", large))
	half := s.dial() // is closed by force
	half.send("echo hal")
	s.becomes("all but two are gone", func(n strategies.Counts) bool { return n.Active == 2 && n.Queued == 0 })
	s.cancel()
	if err := s.returns(); !errors.Is(err, context.Canceled) {
		t.Errorf("Serve returned %v, want an error that wraps the context's", err)
	}
	if n := s.Counts(); n.Forced != 2 {
		t.Errorf("two were closed by force, but the counts are %+v", n)
	}
	deaf.Close()
	half.Close()
	for limit := time.Now().Add(patience); descriptors(t) > before; runtime.Gosched() {
		if time.Now().After(limit) {
			t.Fatalf("%d descriptors are open, and %d were before", descriptors(t), before)
		}
	}
}
