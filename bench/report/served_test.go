package report

import (
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// visitors is a run of sessions at two loads: with each strategy all slots served somebody, at the higher load alpha left 40 % of the
// sessions without an answer and beta refused as many; gamma left one of some thousands.
func visitors() trial.Run {
	sc := trial.Scenario{Name: "visits", Strategies: []string{"alpha", "beta", "gamma"}, Question: trial.Compare, DecidedBy: stat.Goodput.Key, DecideAt: 1.4,
		Load: trial.Load{Loop: trial.Sessions, Clients: 64}, Levels: []float64{0.5, 1.4}}
	run := trial.Run{Env: trial.Env{Scenarios: []trial.Scenario{sc}}}
	for _, fraction := range sc.Levels {
		sc.Load.Fraction, sc.Load.Rate = fraction, 1000*fraction
		for _, name := range sc.Strategies {
			for rep := range 3 {
				tr := one(sc, name, rep, 1000, 0, 5*time.Millisecond)
				tr.Measured = "session"
				if fraction > 1 {
					switch name {
					case "alpha":
						tr.Counts = trial.Counts{Intended: 1000, Sent: 1000, OK: 600, Good: 600, TimedOut: 400}
					case "beta":
						tr.Counts = trial.Counts{Intended: 1000, Sent: 1000, OK: 600, Good: 600, Rejected: 400}
					case "gamma":
						tr.Counts.OK, tr.Counts.TimedOut = 1000-int64(rep)/2, int64(rep)/2
					}
				}
				tr.Seq = len(run.Trials)
				run.Trials = append(run.Trials, tr)
			}
		}
	}
	return run
}

// Catches: slots that are called clients, so that whoever serves one session in each has served everybody, and whoever leaves slots
// unused nobody; an accident that is told as starving; Jain's index of slots.
func TestSessionsAreCountedAndNotTheirSlots(t *testing.T) {
	v, set := newView(visitors()), draw.NewTypesetter()
	text := string(Markdown(v.run))
	for _, want := range []string{
		"In 1 of 1 scenario sessions went without an answer. Served (of sessions, in all trials together):\n  - **visits:** at 140 % of the capacity alpha (1,800 of 3,000 sessions), beta (1,800 of 3,000 sessions)\n",
		"| sessions served |", "- **Unanswered:** alpha served 1,800 of 3,000 sessions (1,200 sessions had no answer).\n",
		"- **Refused:** beta served 1,800 of 3,000 sessions (1,200 sessions refused).\n", "visits: 1,800 of 3,000 sessions served by alpha; visits: 1,800 of 3,000 sessions served by beta",
		"2,999 of 3,000 |", "Share of the sessions that each strategy served",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("report.md lacks %q", want)
		}
	}
	for _, not := range []string{"of 64", "gamma (served", "every client", "clients went without"} {
		if strings.Contains(text, not) {
			t.Errorf("report.md has %q", not)
		}
	}
	for _, c := range v.scenarios[0].worstCells() {
		want := map[string]draw.GridCell{
			"alpha": {Text: "60 %", Small: "sessions", Fill: draw.BadFill, Ink: draw.WhiteInk},
			"beta":  {Text: "60 %", Small: "sessions", Fill: draw.PoorFill, Ink: draw.DarkInk},
			"gamma": {Text: "99.9 %", Small: "sessions", Fill: draw.GoodFill, Ink: draw.WhiteInk},
		}[c.label]
		got := c.servedCell()
		if strings.Contains(got.Hint, "Jain") || !strings.Contains(got.Hint, c.reach.String()) {
			t.Errorf("%s: %q", c.label, got.Hint)
		}
		got.Hint = ""
		if got != want {
			t.Errorf("%s: %+v, want %+v", c.label, got, want)
		}
	}
	f, ok := servedFigure(v, set)
	if !ok || strings.Contains(f.Subtitle, "Jain") || strings.Contains(f.Legend[2].Text, "starved") {
		t.Errorf("%q, %+v", f.Subtitle, f.Legend)
	}
}
