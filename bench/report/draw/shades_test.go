package draw

import "testing"

// Catches: a count that has the colour of fewer, where the scale says that a colour begins with it.
func TestAShadeBeginsWithTheCountThatTheScaleNames(t *testing.T) {
	for _, most := range []int64{1, 2, 10, 1000, 123_456} {
		s := NewShades(most)
		for i, least := range s.least {
			if got := s.Of(least); got != i {
				t.Errorf("of %d: %d has the shade %d, want %d", most, least, got, i)
			}
			if got := s.Of(least - 1); got != max(i-1, 0) {
				t.Errorf("of %d: %d has the shade %d, want %d", most, least-1, got, max(i-1, 0))
			}
		}
	}
}
