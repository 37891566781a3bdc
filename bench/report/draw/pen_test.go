package draw

import (
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

// Catches: a line of text that is wider than it was allowed to be, and words that wrapping loses.
func TestWrapKeepsEveryWordWithinTheWidth(t *testing.T) {
	set := NewTypesetter()
	const text = "no difference larger than 6.2 % seen between goroutine and 4 others (A/A pair: 9.4 %), p99 12 ms."
	for width := vg.Length(60); width < 500; width += 7 {
		lines := set.Wrap(NoteType, text, width)
		if got := strings.Join(lines, " "); got != text {
			t.Fatalf("width %v: %q", width, got)
		}
		for _, line := range lines {
			if w := set.Width(NoteType, line); w > width {
				t.Errorf("width %v: %q is %v wide", width, line, w)
			}
			if strings.HasPrefix(line, "%") || strings.HasPrefix(line, "ms") {
				t.Errorf("width %v: a unit was parted from its number: %q", width, line)
			}
		}
	}
	if got := set.Fit(NoteType, strings.Repeat("w", 100), 50); set.Width(NoteType, got) > 50 || !strings.HasSuffix(got, "…") {
		t.Errorf("a long word became %q", got)
	}
}
