package server

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestTailKeepsTheEnd(t *testing.T) {
	var all bytes.Buffer
	var kept tail
	for i := range 20_000 {
		line := fmt.Sprintf("line %d\n", i)
		all.WriteString(line)
		_, _ = kept.Write([]byte(line))
		if len(kept.kept) > 2*maxTail {
			t.Fatalf("%d bytes are kept", len(kept.kept))
		}
	}
	checkTail(t, &kept, all.String())
}

func TestTailOfOneLargeWrite(t *testing.T) {
	var kept tail
	_, _ = kept.Write([]byte("before\n"))
	large := strings.Repeat("0123456789", maxTail/4)
	if n, err := kept.Write([]byte(large)); n != len(large) || err != nil {
		t.Errorf("Write = %d, %v; want all %d bytes taken", n, err, len(large))
	}
	checkTail(t, &kept, "before\n"+large)
}

func checkTail(t *testing.T, kept *tail, all string) {
	t.Helper()
	want := fmt.Sprintf("(%d bytes before this)\n%s", len(all)-maxTail, strings.TrimSpace(all[len(all)-maxTail:]))
	for range 2 { // reading changes nothing
		if got := kept.String(); got != want {
			t.Fatalf("kept %.60q..., want %.60q...", got, want)
		}
	}
}

func TestTailOfLittleIsAll(t *testing.T) {
	var kept tail
	if got := kept.String(); got != "" {
		t.Errorf("of nothing: %q", got)
	}
	_, _ = kept.Write([]byte("a\n"))
	_, _ = kept.Write([]byte("b\n"))
	if got := kept.String(); got != "a\nb" {
		t.Errorf("got %q, want both lines", got)
	}
}
