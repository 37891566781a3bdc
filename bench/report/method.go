package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/trial"
)

func (v view) method(d *document) {
	d.f("## How it was measured\n\n")
	e := v.run.Env
	d.f("- **Trials:** each one is a fresh server process with one strategy; the driver runs in another process. Repetitions are the outer loop and strategies are shuffled within each (seed %d), so that drift of the machine hits all alike. Comparisons are paired within a repetition; the baseline is measured twice in each, and the pair of these shows what no difference looks like (A/A).\n", e.Seed)
	d.f("- **Sides:** server %s; driver %s%s.\n", sideText(e.Server), sideText(e.Driver), v.procsInTurns())
	v.turns(d)
	v.driving(d)
	for _, c := range v.capacity {
		bound := ""
		if c.Bounded() {
			bound = " (the driver was the bottleneck, so the server can do as much or more)"
		}
		d.f("- **%s:** %s in closed loop, the median of %s before the first comparison%s; the offered loads of the open loops are fractions of it. %s\n",
			capital(prose(c.Scenario)), rate(c.Goodput.Value), counted(c.Trials, "trial"), bound, v.calibrationLines(c.Scenario))
	}
	if f := e.Platform.OpenFiles; f.Soft > 0 {
		d.f("- **Open files:** at most %d (hard limit %d).\n", f.Soft, f.Hard)
	}
	var extra []string
	for _, key := range slices.Sorted(maps.Keys(e.Platform.Sysctls)) {
		extra = append(extra, key+" = "+e.Platform.Sysctls[key])
	}
	if e.Platform.Clocksource != "" {
		extra = append(extra, "clocksource "+e.Platform.Clocksource)
	}
	if e.Platform.Governor != "" {
		extra = append(extra, "CPU governor "+e.Platform.Governor)
	}
	if len(extra) > 0 {
		d.f("- **System:** %s.\n", prose(strings.Join(extra, ", ")))
	}
	d.f("- **Limits** are stated for every strategy and are never a library's default; they are part of its full name above.\n")
	d.f("- **Response time** is counted from when a request was due, not from when the driver got to send it. It contains the driver's own lag, which every scenario states.\n")
	d.f("- **Everything has one outcome:** intended = sent + unsent; sent = ok + rejected + failed + timed out + unanswered.\n")
	d.f("- **Never answered is not left out:** a request that timed out, was still open at the end, or was never sent because its connection never became free stands in the percentiles at the client's time-out, or at how long it had waited if that is more.\n")
	d.f("- **Served** counts clients with at least one answer inside the window, in the trial that served the fewest. Where clients come and go, each is a session, and counted are those that were answered, in all trials together. Goodput counts right answers that came inside the window.\n")
	d.f("- **Warm-up and trend:** each window is cut into slices, and where its beginning differs from the rest (MSER, and a test that this is no chance) or the rest has a trend (Mann-Kendall), the trial says so (finding not-steady). In closed loops such a beginning, half of the window at most, is left out of goodput and of nothing else.\n")
	looks := "once, at the end"
	if n := len(e.Design.Looks); n > 1 {
		looks = fmt.Sprintf("%d times, after %s repetitions, each time with an equal share of the 5 %%", n, list(numbers(e.Design.Looks), n, "look"))
	}
	d.f("- **Differences** are judged by ranks within repetitions (the aligned rank test of Hodges and Lehmann, exact whatever the noise), %s. One is named if it is significant after Holm's correction, so that at most one run in twenty names any where there is none, and larger than %s. The figures that decide a scenario are one family, and every other metric is another: who looks through several takes several chances to see what is not there.\n", looks, percent(v.threshold()))
	d.f("- **No difference larger than X** is said where the whole interval of the ratio lies within %s of 1, either way: it covers the truth with 95 %% at whatever look a comparison ended. What is neither is undecided. Ratios are Hodges and Lehmann's estimates, their intervals the ratios that the test does not reject.\n", percent(v.threshold()))
	d.f("- **Other intervals** are of the median over trials, from order statistics, and cover at least 95 %%.\n")
	d.f("- **Percentiles** are of all repetitions' histograms together, never averaged.\n")
	v.computing(d)
	d.f("\n")
}

func numbers(ns []int) []string {
	var out []string
	for _, n := range ns {
		out = append(out, count(int64(n)))
	}
	return out
}

func sideText(s trial.Side) string {
	text := "GOMAXPROCS unknown"
	if s.GOMAXPROCS > 0 {
		text = fmt.Sprintf("GOMAXPROCS %d", s.GOMAXPROCS)
	}
	if len(s.CPUs) == 0 {
		return text + ", not pinned"
	}
	var cpus []string
	for _, c := range s.CPUs {
		cpus = append(cpus, fmt.Sprint(c))
	}
	return fmt.Sprintf("%s, pinned to CPU %s", text, strings.Join(cpus, ", "))
}
