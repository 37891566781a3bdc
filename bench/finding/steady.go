package finding

import (
	"fmt"
	"math"
	"strings"

	"github.com/poolbench/poolbench/bench/steady"
	"github.com/poolbench/poolbench/bench/trial"
)

// notSteady is a note whatever it says: the trial is what it is, and its figures are those of a server that was not warm, or of
// one that changed. Package stat leaves the warm-up out of the one figure that it makes less of.
func notSteady(t trial.Trial) (trial.Finding, bool) {
	state, ok := steady.Of(t)
	if !ok || state.Steady() {
		return none()
	}
	var seen []string
	if state.Slices > 0 {
		what := "which stands in all figures"
		if t.Load.Loop == trial.Closed {
			what = "which is left out of goodput, and stands in all other figures"
		}
		seen = append(seen, fmt.Sprintf("the first %v of the window, %s of it, differ from the rest by their %s, %s",
			short(state.Discard), percent(state.Share), state.Warming, what))
	}
	if state.Trend != 0 {
		moved := "rose"
		if state.Trend < 0 {
			moved = "fell"
		}
		rest := "in the window"
		if state.Slices > 0 {
			rest = "in the rest of it"
		}
		seen = append(seen, fmt.Sprintf("the %s %s by %s %s", state.Trending, moved, percent(math.Abs(state.Trend)), rest))
	}
	return note(NotSteady, "%s; use a longer warm-up, and if that changes nothing a longer window", strings.Join(seen, ", and "))
}
