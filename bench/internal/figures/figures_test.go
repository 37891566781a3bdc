package figures

import (
	"math"
	"testing"
)

func TestWholeNumbersHaveSeparators(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 1: "1", 999: "999", 1000: "1,000", -1: "-1", -999: "-999", -1000: "-1,000", 1234567: "1,234,567",
		math.MinInt64: "-9,223,372,036,854,775,808", math.MaxInt64: "9,223,372,036,854,775,807",
	} {
		if got := Count(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	if got := Count(uint64(math.MaxUint64)); got != "18,446,744,073,709,551,615" {
		t.Error(got)
	}
}

func TestNounsAgreeWithTheirNumber(t *testing.T) {
	for _, c := range []struct {
		n          int
		noun, want string
	}{
		{0, "trial", "0 trials"}, {1, "trial", "1 trial"}, {2, "trial", "2 trials"}, {-1, "trial", "-1 trials"}, {1000, "client", "1,000 clients"},
		{1, "more repetition", "1 more repetition"}, {3, "strategy", "3 strategies"}, {1, "strategy", "1 strategy"},
	} {
		if got := Counted(c.n, c.noun); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
