package bench

import (
	"strings"
	"testing"
	"time"
)

func TestATrialWhoseDriverDidNotRunIsInvalid(t *testing.T) {
	const window = 200 * time.Millisecond
	for late, invalid := range map[time.Duration]bool{0: false, window / 100: false, window / 10: false, window/10 + 1: true, 268 * time.Millisecond: true} {
		reason := disturbed(late, window)
		if (reason != "") != invalid {
			t.Errorf("%v late in a window of %v: %q", late, window, reason)
		}
		if invalid && !strings.Contains(reason, "leave the machine alone") {
			t.Errorf("%q does not say what to do", reason)
		}
	}
}
