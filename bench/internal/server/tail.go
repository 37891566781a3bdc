package server

import (
	"fmt"
	"strings"
	"sync"
)

// maxTail is what is kept of a child's output: a Go panic with its trace is a few thousand bytes, and a screen is less.
const maxTail = 16 << 10

// tail keeps the end of what is written to it, however much that is. Its methods may be called concurrently.
type tail struct {
	mu      sync.Mutex
	kept    []byte // the last ones; up to twice maxTail, so that it is moved seldom
	dropped int64  // bytes before kept
}

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	if over := len(p) - maxTail; over > 0 {
		t.dropped += int64(len(t.kept) + over)
		t.kept, p = t.kept[:0], p[over:]
	}
	t.kept = append(t.kept, p...)
	if len(t.kept) > 2*maxTail {
		t.trim()
	}
	return n, nil
}

func (t *tail) trim() {
	over := len(t.kept) - maxTail
	if over <= 0 {
		return
	}
	t.dropped += int64(over)
	t.kept = append(t.kept[:0], t.kept[over:]...)
}

// String is the end of what was written, without white space around it, and says if something is missing.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trim()
	text := strings.TrimSpace(string(t.kept))
	if t.dropped > 0 {
		return fmt.Sprintf("(%d bytes before this)\n%s", t.dropped, text)
	}
	return text
}
