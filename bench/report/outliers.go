package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// worstOutliers are shown one by one. All are in the count by cause, and their trials in trials.jsonl.
const worstOutliers = 8

// outliers are those of every metric that the trial's scenario is compared by, the furthest from its median first.
func (v view) outliers() []stat.Outlier {
	compared, _ := split(v.run.Trials, func(t trial.Trial) bool { return !t.Calibrates })
	closed, open := split(compared, func(t trial.Trial) bool { return t.Load.Loop == trial.Closed })
	var all []stat.Outlier
	for _, of := range []struct {
		trials  []trial.Trial
		metrics []stat.Metric
	}{{closed, closedMetrics}, {open, openMetrics}} {
		for _, m := range of.metrics {
			all = append(all, stat.Outliers(of.trials, m)...)
		}
	}
	slices.SortStableFunc(all, func(a, b stat.Outlier) int { return cmp.Compare(away(b), away(a)) })
	return all
}

// away is how far an outlier is from its median: half of it is as far as twice of it.
func away(o stat.Outlier) float64 {
	if r := o.Ratio(); r > 0 {
		return math.Abs(math.Log(r))
	}
	return math.Inf(1)
}

func (v view) outlierSection(d *document) {
	d.f("## Outliers\n\n")
	all := v.outliers()
	if len(all) == 0 {
		d.f("No figure of a valid trial is further than 3.5 scaled median absolute deviations from the median of its repetitions, and more than %s.\n\n", percent(stat.Threshold))
		return
	}
	var trials []int
	causes := map[stat.Cause]int{}
	for _, o := range all {
		if !slices.Contains(trials, o.Seq) {
			trials = append(trials, o.Seq)
		}
		causes[o.Cause]++
	}
	d.f("%s of %s %s far from those of the other repetitions: further than 3.5 scaled median absolute deviations (modified z-score), and more than %s, from the median of %s repetitions. "+
		"None is left out: medians and their intervals bear them. Lines are those of [trials.jsonl](trials.jsonl). Why, as far as their records tell: %s.\n\n",
		counted(len(all), "figure"), counted(len(trials), "valid trial"), was(len(all)), percent(stat.Threshold), its(len(all)), prose(causeText(causes)))
	t := table{head: []string{"furthest", "metric", "repetition", "line", "× median", "cause"}}
	for _, o := range all[:min(len(all), worstOutliers)] {
		t.add(v.placeOf(o.Cell), o.Metric.Name, fmt.Sprint(o.Repetition+1), fmt.Sprint(lineOf(o.Seq)), sig(o.Ratio()), string(o.Cause))
	}
	t.write(&d.Builder)
}

// causeText lists the causes, the most frequent first.
func causeText(causes map[stat.Cause]int) string {
	var names []stat.Cause
	for c := range causes {
		names = append(names, c)
	}
	slices.SortFunc(names, func(a, b stat.Cause) int { return cmp.Or(causes[b]-causes[a], cmp.Compare(a, b)) })
	var parts []string
	for _, c := range names {
		parts = append(parts, fmt.Sprintf("%s %d ×", c, causes[c]))
	}
	return strings.Join(parts, ", ")
}

// placeOf is a cell in a reader's words.
func (v view) placeOf(c stat.Cell) string {
	text := v.labels[c.Strategy] + " on " + c.Scenario
	if c.Fraction > 0 {
		text += " at " + percent(c.Fraction) + " of capacity"
	}
	if c.Twin {
		text += " (A/A twin)"
	}
	return text
}

func its(n int) string {
	if n == 1 {
		return "its"
	}
	return "their"
}
