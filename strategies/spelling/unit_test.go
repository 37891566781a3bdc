package spelling

import "testing"

func TestANumberAboveZeroLacksItsUnit(t *testing.T) {
	for text, want := range map[string]bool{"5": true, "0.5": true, "5s": false, "0": false, "-5": false, "": false, "many": false, "inf": false, "nan": false} {
		if LacksUnit(text) != want {
			t.Errorf("%q: %v, want %v", text, !want, want)
		}
	}
}
