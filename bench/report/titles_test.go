package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/report/draw"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// Titles state findings, so none may say what the trials do not. The tests here work out anew, from the trials of random
// runs, what a title is about, and by other means than the code that writes it.

var randomNames = []string{"alpha", "beta", "gamma", "delta", "epsilon"}

// randomRun has strategies that serve or starve, keep up or not, with and without enough requests for a p99.
func randomRun(rng *rand.Rand) trial.Run {
	names := randomNames[:1+rng.IntN(len(randomNames))]
	compare := func(name string, l trial.Load, by string, levels ...float64) trial.Scenario {
		return trial.Scenario{Name: name, About: "?", Question: trial.Compare, Workload: "echo", Strategies: names, Load: l, DecidedBy: by, Levels: levels}
	}
	open := trial.Load{Loop: trial.Open, Clients: 64, Arrivals: trial.Poisson}
	beyond := compare("beyond", open, stat.Goodput.Key, 0.5, 1.4)
	beyond.DecideAt = 1.4
	within := compare("within", open, stat.ResponseP99.Key, 0.3, 0.6, 0.9)
	within.DecideAt = []float64{0.6, 0.9}[rng.IntN(2)]
	visits := compare("visits", trial.Load{Loop: trial.Sessions, Clients: 64, Arrivals: trial.Poisson}, stat.ResponseP50.Key, 0.5, 0.9)
	visits.DecideAt = 0.5
	run := trial.Run{}
	made := map[string]trial.Histogram{}
	cached := func(good, slow int64, after time.Duration) trial.Histogram {
		key := fmt.Sprint(good, slow, after)
		if _, has := made[key]; !has {
			made[key] = packed(good, after, slow)
		}
		return made[key]
	}
	some := func(share float64) bool { return rng.Float64() < share }
	starving, lost := rng.Float64(), 0.2*rng.Float64()
	plain := some(0.4) // enough repetitions without surprises, so that differences are shown
	for _, sc := range []trial.Scenario{
		compare("closed", trial.Load{Loop: trial.Closed, Clients: 64}, stat.ServerCPU.Key),
		compare("crowd", trial.Load{Loop: trial.Closed, Clients: 1000}, stat.Memory.Key), beyond, within, visits,
	} {
		run.Env.Scenarios = append(run.Env.Scenarios, sc)
		levels := sc.Levels
		if levels == nil {
			levels = []float64{0}
		}
		for _, fraction := range levels {
			for i, name := range names {
				starves, many, keeps := some(starving*0.8), some(0.7), some(0.6)
				after := time.Duration(1+rng.IntN(6)) * 3 * time.Millisecond
				repetitions := 1 + rng.IntN(8)
				if plain {
					repetitions, many, starves = 10, true, starves && i > 0
				}
				for rep := range repetitions {
					for _, twin := range []bool{false, true}[:1+map[bool]int{true: 1}[i == 0]] {
						good, slow := int64(90), int64(0)
						if many {
							good, slow = 3000+int64(rng.IntN(3))*500, []int64{0, 0, 60}[rng.IntN(3)]
							if plain {
								slow = 0
							}
						}
						sc.Load.Fraction, sc.Load.Rate = fraction, 4000*fraction
						t := trial.Trial{Schema: trial.Schema, Scenario: sc.Name, Workload: sc.Workload, Measured: "request", Strategy: name, Repetition: rep, Twin: twin,
							Load: sc.Load, Window: time.Second, TimeOut: time.Second,
							Counts:      trial.Counts{Intended: good, Sent: good, OK: good, Good: good},
							Clients:     trial.Clients{Total: sc.Load.Clients, Served: sc.Load.Clients, Jain: 1, Good: make([]int64, sc.Load.Clients)},
							ServerUsage: trial.Usage{CPU: time.Duration(1+rng.IntN(900)) * time.Millisecond, PeakRSS: int64(2<<20 + rng.IntN(50<<20)), BaseRSS: 1 << 20}}
						t.Latency.Response, t.Latency.Lag = cached(good, slow, after), cached(good, 0, 5*time.Microsecond)
						if !keeps && some(0.7) {
							t.Counts.Intended = good * int64(2+rng.IntN(3))
							t.Counts.Unsent = t.Counts.Intended - good
						}
						switch {
						case sc.Load.Loop == trial.Sessions && starves:
							n := 1 + int64(rng.IntN(int(good))) // of slots each may have served one
							t.Counts.Rejected = int64(rng.IntN(int(n) + 1))
							t.Counts.OK, t.Counts.Good, t.Counts.TimedOut = good-n, good-n, n-t.Counts.Rejected
						case sc.Load.Loop == trial.Sessions && some(0.3) && many:
							t.Counts.OK, t.Counts.Good, t.Counts.TimedOut = good-1, good-1, 1 // an accident
						case starves:
							t.Clients.Served = rng.IntN(sc.Load.Clients)
							t.Clients.Nothing = rng.IntN(sc.Load.Clients - t.Clients.Served + 1)
							t.Clients.Refused = sc.Load.Clients - t.Clients.Served - t.Clients.Nothing
						}
						for k := range t.Clients.Served {
							t.Clients.Good[k] = 1
						}
						if some(lost) {
							t.Invalid = "disturbed"
						}
						t.Seq = len(run.Trials)
						run.Trials = append(run.Trials, t)
					}
				}
			}
		}
	}
	return run
}

// of are the valid trials of one strategy at one level, without the twin's.
func of(run trial.Run, scenario, name string, fraction float64) (all []trial.Trial) {
	for _, t := range run.Trials {
		if t.Scenario == scenario && t.Strategy == name && t.Load.Fraction == fraction && !t.Twin && t.Invalid == "" {
			all = append(all, t)
		}
	}
	return all
}

// reached is how many of those who asked one strategy at one level were served: of clients in the trial that served the fewest, of
// sessions in all; everybody, if none of them or no more than accidents were left.
func reached(trials []trial.Trial) (served, asked int64, everybody bool) {
	for i, tr := range trials {
		switch n := tr.Counts; {
		case tr.Load.Loop == trial.Sessions:
			served, asked = served+n.OK, asked+n.OK+n.Rejected+n.Failed+n.TimedOut+n.Unanswered+n.Unsent
		case i == 0 || int64(tr.Clients.Served) < served:
			served, asked = int64(tr.Clients.Served), int64(tr.Clients.Total)
		}
	}
	if len(trials) > 0 && trials[0].Load.Loop == trial.Sessions {
		return served, asked, 1000*served >= 999*asked
	}
	return served, asked, served == asked
}

// medianOf is the median of what f makes of trials; false if it makes nothing of any.
func medianOf(trials []trial.Trial, f func(trial.Trial) (float64, bool)) (float64, bool) {
	var all []float64
	for _, t := range trials {
		if v, ok := f(t); ok {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2, true
}

// paired is by how much own is above against within repetitions: of the logarithms of all pairs' ratios the median of the means of any
// two, a pair with itself included.
func paired(own, against []trial.Trial, f func(trial.Trial) (float64, bool)) (float64, bool) {
	var logs, means []float64
	for _, a := range own {
		for _, b := range against {
			x, ok := f(a)
			y, alsoOK := f(b)
			if ok && alsoOK && a.Repetition == b.Repetition {
				logs = append(logs, math.Log(x/y))
			}
		}
	}
	for i, x := range logs {
		for _, y := range logs[i:] {
			means = append(means, (x+y)/2)
		}
	}
	if len(means) == 0 {
		return 0, false
	}
	slices.Sort(means)
	return math.Exp((means[(len(means)-1)/2] + means[len(means)/2]) / 2), true
}

func everyRandomRun(t *testing.T, check func(t *testing.T, run trial.Run, v view)) {
	t.Helper()
	for seed := range uint64(24) {
		run := randomRun(rand.New(rand.NewPCG(seed, 77)))
		check(t, run, newView(run))
		if t.Failed() {
			t.Fatalf("in the run of seed %d", seed)
		}
	}
}

// names are those of randomNames in a part of a title, and nil where it only counts them.
func namesIn(text string) []string {
	var out []string
	for _, name := range randomNames {
		if strings.Contains(text, name) {
			out = append(out, name)
		}
	}
	return out
}

// Catches: somebody who is named as having a higher or a lower p99 and whom the comparison does not show to, one whom it does and who
// is left out, a range that is not the p99s', "too few" where there are enough, a p99 of somebody who starved clients among the others', and a claim about those that served all where nobody did.
// And: silence of somebody who has too few requests for a p99, whose line may be the highest of all.
func TestLatencyTitlesNameWhoIsShownToDiffer(t *testing.T) {
	seen := map[string]int{}
	everyRandomRun(t, func(t *testing.T, run trial.Run, v view) {
		comparisons := map[stat.Cell]stat.Comparison{}
		for _, c := range stat.Comparisons(run.Trials, stat.ResponseP99, run.Env.Scenarios, run.Env.Design) {
			comparisons[c.Cell] = c
		}
		for _, s := range v.scenarios {
			at := s.levels[len(s.levels)-1].fraction
			if s.open() {
				at = v.asked(s).DecideAt
			}
			printed, values := map[string]string{}, map[string]float64{}
			served, unserved := 0, 0
			known := map[string]float64{} // of those without a p99: the largest quantile that is supported
			for _, name := range randomNames {
				var all trial.Histogram
				trials := of(run, s.name, name, at)
				_, _, everybody := reached(trials)
				for _, tr := range trials {
					all.Merge(tr.Latency.Response)
				}
				switch p99, ok := all.Quantile(0.99); {
				case len(trials) == 0:
				case !everybody:
					unserved++
				default:
					if served++; !ok {
						n := float64(all.Count())
						last, _ := all.Quantile((n - 10) / n)
						known[name] = last.Seconds()
					} else {
						values[name] = p99.Seconds()
						printed[name] = seconds(p99.Seconds())
						if p99 >= 992*time.Millisecond {
							printed[name] = "1 s (time-out)"
						}
					}
				}
			}
			if served+unserved == 0 {
				continue // then the title is about another level, or there is none
			}
			title := v.latencyTitle(s)
			_, found, _ := strings.Cut(title, ": ")
			switch {
			case served == 0:
				if !strings.HasPrefix(found, "nobody served every "+map[bool]string{true: "session", false: "client"}[s.name == "visits"]) {
					t.Errorf("%s at %v: nobody did, and the title is %q", s.name, at, title)
				}
				continue
			case len(values) == 0:
				if !strings.HasPrefix(found, "too few requests for a p99") {
					t.Errorf("%s at %v: there is no p99, and the title is %q", s.name, at, title)
				}
				continue
			}
			low, high := math.Inf(1), 0.0
			least, most := "", ""
			for _, name := range randomNames {
				if p99, has := values[name]; has && p99 < low {
					low, least = p99, printed[name]
				}
				if p99, has := values[name]; has && p99 >= high {
					high, most = p99, printed[name]
				}
			}
			parts := strings.Split(found, "; ")
			want := "p99 from " + least + " to " + most
			if least == most {
				if want = "p99 is " + least + " for "; len(values) <= 3 && len(namesIn(parts[0])) != len(values) {
					t.Errorf("%s at %v: %q, and %v all have it", s.name, at, title, values)
				}
			} else if parts[0] != want {
				t.Errorf("%s at %v: %q, and the p99s are %v", s.name, at, title, printed)
			}
			if !strings.HasPrefix(parts[0], want) {
				t.Errorf("%s at %v: %q, want %q in it", s.name, at, title, want)
			}
			var few, beyond, above, below []string
			for _, part := range parts[1:] {
				if text, is := strings.CutPrefix(part, "drawn beyond that, with too few requests for a p99: "); is {
					beyond = namesIn(text)
				} else if text, is := strings.CutPrefix(part, "too few requests for a p99: "); is {
					few = namesIn(text)
				} else if text, is := strings.CutPrefix(part, "above alpha's: "); is {
					above = namesIn(text)
				} else if text, is := strings.CutPrefix(part, "below alpha's: "); is {
					below = namesIn(text)
				} else if text, is := strings.CutPrefix(part, "no strategy is shown to differ"); is {
					seen["nobody differs"]++
				} else if len(namesIn(text)) > 0 && !strings.Contains(part, " served ") {
					t.Errorf("%s at %v: %q names somebody in %q", s.name, at, title, part)
				}
			}
			var wantAbove, wantBelow []string
			compared := false
			for _, name := range randomNames {
				c, is := comparisons[stat.Cell{Scenario: s.name, Fraction: at, Strategy: name}]
				if _, has := values[name]; !has || !is || values["alpha"] == 0 {
					continue
				}
				compared = compared || c.Outcome != stat.Unranked && c.Ratio.N > 0
				switch {
				case c.Outcome != stat.Different:
				case c.Ratio.Value > 1:
					wantAbove = append(wantAbove, name)
				default:
					wantBelow = append(wantBelow, name)
				}
			}
			if len(wantAbove) <= 3 && !slices.Equal(above, wantAbove) || len(wantBelow) <= 3 && !slices.Equal(below, wantBelow) {
				t.Errorf("%s at %v: %q, and the comparison says above: %v, below: %v", s.name, at, title, wantAbove, wantBelow)
			}
			if strings.Contains(found, "no strategy is shown to differ") && (!compared || len(wantAbove)+len(wantBelow) > 0) {
				t.Errorf("%s at %v: %q, compared %v, above: %v, below: %v", s.name, at, title, compared, wantAbove, wantBelow)
			}
			seen[fmt.Sprint("above ", len(wantAbove) > 0)]++
			seen[fmt.Sprint("below ", len(wantBelow) > 0)]++
			for name, last := range known {
				if many := len(known) > 3; !many && (slices.Contains(beyond, name) != (last > high) || slices.Contains(few, name) != (last <= high)) {
					t.Errorf("%s at %v: %q, and %s, which has no p99, reaches %v with ten above; the highest p99 is %v", s.name, at, title, name, last, high)
				}
				seen[fmt.Sprint("beyond ", last > high)]++
			}
			if strings.Contains(found, "served") != (unserved > 0) && !strings.Contains(found, "did not serve") {
				t.Errorf("%s at %v: %d did not serve everybody, and the title is %q", s.name, at, unserved, title)
			}
		}
	})
	for _, want := range []string{"beyond true", "beyond false", "above true", "below true", "nobody differs"} {
		if seen[want] == 0 {
			t.Errorf("in no random run was there %s: %v", want, seen)
		}
	}
}

// Catches: praise for who fell behind, a load that is not the first one, and somebody who is named as the one with the most
// goodput beyond the capacity and is not.
func TestLoadTitlesNameWhoFallsBehind(t *testing.T) {
	seen := map[string]int{}
	everyRandomRun(t, func(t *testing.T, run trial.Run, v view) {
		for _, s := range v.scenarios {
			f, ok := loadFigure(v, s, draw.NewTypesetter())
			if !ok {
				continue
			}
			_, found, _ := strings.Cut(f.Title, ": ")
			if s.name == "beyond" && strings.HasPrefix(found, "with ") {
				goodputs := map[string]float64{}
				low, high := math.Inf(1), 0.0
				for _, name := range randomNames {
					if g, ok := medianOf(of(run, s.name, name, 1.4), stat.Goodput.Of); ok {
						goodputs[name], low, high = g, min(low, g), max(high, g)
					}
				}
				most, least, two := strings.Cut(found, " and down to ")
				seen[fmt.Sprint("beyond, two ", two)]++
				if two != (low < high*0.95) || two && !strings.Contains(most, rate(high)) || two && !strings.Contains(least, rate(low)) {
					t.Errorf("%q, and the goodputs are %v", f.Title, goodputs)
				}
				for _, name := range namesIn(most) {
					if two && goodputs[name] < high*0.95 {
						t.Errorf("%q, and the goodputs are %v", f.Title, goodputs)
					}
				}
				for _, name := range namesIn(least) {
					if goodputs[name] > low*1.05 {
						t.Errorf("%q, and the goodputs are %v", f.Title, goodputs)
					}
				}
				continue
			}
			first := map[string]float64{}
			for _, name := range randomNames {
				for _, fraction := range v.asked(s).Levels {
					var c trial.Counts
					for _, tr := range of(run, s.name, name, fraction) {
						c = c.Plus(tr.Counts)
					}
					if c.Intended > 0 && float64(c.Good) < 0.99*float64(c.Intended) {
						first[name] = 4000 * fraction
						break
					}
				}
			}
			seen[fmt.Sprint("behind ", min(len(first), 2))]++
			switch {
			case len(first) == 0:
				if !strings.Contains(found, "keeps up with every offered load") {
					t.Errorf("nobody falls behind: %q", f.Title)
				}
			case len(first) <= 4:
				for name, at := range first {
					if !strings.Contains(found, name) || !strings.Contains(found, rate(at)) {
						t.Errorf("%s falls behind at %v: %q", name, at, f.Title)
					}
				}
				if got := namesIn(found); len(got) != len(first) {
					t.Errorf("%v fall behind: %q", first, f.Title)
				}
			default:
				least := math.Inf(1)
				for _, at := range first {
					least = min(least, at)
				}
				if !strings.Contains(found, counted(len(first), "strategy")) || !strings.Contains(found, rate(least)) {
					t.Errorf("%v fall behind: %q", first, f.Title)
				}
			}
		}
	})
	for _, want := range []string{"beyond, two true", "behind 0", "behind 1", "behind 2"} {
		if seen[want] == 0 {
			t.Errorf("no random run was %s: %v", want, seen)
		}
	}
}

// Catches: the dearest answer of the wrong scenario or strategy, a connection that is not the cheapest or the dearest, a wrong
// number of scenarios in which clients went without an answer, and a worst case that is not the worst.
func TestTitlesOfAllScenariosNameTheExtremes(t *testing.T) {
	share := regexp.MustCompile(`([0-9,]+) of ([0-9,]+)`)
	everyRandomRun(t, func(t *testing.T, run trial.Run, v view) {
		set := draw.NewTypesetter()
		decide := func(s scenario) float64 { return v.asked(s).DecideAt }

		dearest, who := 1.0, ""
		cheap, dear, cheapest, dearestMemory := math.Inf(1), 0.0, "", ""
		short, worst := map[string]bool{}, 1.0
		starving := 0
		for _, s := range v.scenarios {
			var can []string
			for _, name := range randomNames {
				if _, ok := medianOf(of(run, s.name, name, decide(s)), stat.ServerCPU.Of); ok && !v.isOut(s.name, v.labels[name]) {
					can = append(can, name)
				}
				left := func(tr trial.Trial) bool { return tr.Clients.Served < tr.Clients.Total }
				crowd := of(run, "crowd", name, 0)
				if m, ok := medianOf(crowd, stat.Memory.Of); ok && s.name == "crowd" && !slices.ContainsFunc(crowd, left) {
					if m < cheap {
						cheap, cheapest = m, name
					}
					if m > dear {
						dear, dearestMemory = m, name
					}
				}
				most, share := int64(0), 1.0 // at the level where most were left
				for _, fraction := range append([]float64{0}, v.asked(s).Levels...) {
					served, asked, everybody := reached(of(run, s.name, name, fraction))
					if !everybody && asked-served > most {
						most, share = asked-served, float64(served)/float64(asked)
					}
				}
				if most > 0 {
					short[s.name] = true
					starving++
					worst = min(worst, share)
				}
			}
			// The cheapest is the one that others undercut least, by the median of the means of all two pairs (Hodges and Lehmann).
			undercut, ratios := math.Inf(-1), map[string]float64{}
			for _, one := range can {
				least, to := math.Inf(1), map[string]float64{}
				for _, other := range can {
					if r, ok := paired(of(run, s.name, other, decide(s)), of(run, s.name, one, decide(s)), stat.ServerCPU.Of); ok && other != one {
						least, to[other] = min(least, r), r
					}
				}
				if (len(to) > 0 || len(can) == 1) && least > undercut {
					undercut, ratios = least, to
				}
			}
			for name, r := range ratios {
				if r > dearest {
					dearest, who = r, name+" on "+s.name
				}
			}
		}
		if f, ok := costFigure(v, set); ok {
			want := "about as much"
			if dearest > 1.05 {
				want = who
			}
			if !strings.Contains(f.Title, want) {
				t.Errorf("%q, want %q in it", f.Title, want)
			}
		}
		if f, ok := memoryFigure(v, set); ok {
			want := "On crowd, a connection costs from " + memory(cheap) + " with " + cheapest + " to " + memory(dear) + " with " + dearestMemory
			if cheapest == dearestMemory {
				want = "On crowd, a connection costs " + memory(cheap) + " with " + cheapest
			}
			if f.Title != want {
				t.Errorf("%q, want %q", f.Title, want)
			}
		}
		if f, ok := servedFigure(v, set); ok {
			switch {
			case starving == 0:
				if !strings.Contains(f.Title, " served every client and ") {
					t.Errorf("all were served: %q", f.Title)
				}
			case starving > 2:
				who := "clients"
				switch {
				case short["visits"] && len(short) > 1:
					who = "clients or sessions"
				case short["visits"]:
					who = "sessions"
				}
				if !strings.HasPrefix(f.Title, fmt.Sprintf("In %d of ", len(short))) || !strings.Contains(f.Title, "scenarios "+who+" went without") {
					t.Errorf("somebody went without an answer in %v: %q", short, f.Title)
				}
				all := share.FindAllStringSubmatch(f.Title, -1)
				last := all[len(all)-1]
				var n, of float64
				fmt.Sscan(strings.ReplaceAll(last[1], ",", ""), &n)
				fmt.Sscan(strings.ReplaceAll(last[2], ",", ""), &of)
				if math.Abs(n/of-worst) > 1e-9 {
					t.Errorf("%q, and the worst share is %v", f.Title, worst)
				}
			}
		}
		if f, ok := starvedFigure(v, set); ok {
			most := 0
			for _, tr := range run.Trials {
				if tr.Invalid == "" && !tr.Twin && tr.Load.Loop != trial.Sessions {
					most = max(most, tr.Clients.Total-tr.Clients.Served)
				}
			}
			if !strings.Contains(f.Title, "no client got") && !strings.HasSuffix(f.Title, count(int64(most))+" got none") {
				t.Errorf("%q, and %d got none at worst", f.Title, most)
			}
		}
	})
}

// Catches: a p99 that is another limit's, a range that leaves out a limit or has one that starves in it, a limit that is called enough and is
// not, and no finding at all where a limit is named.
func TestSizedTitlesSayWhatTheLimitDoesToTheTail(t *testing.T) {
	seen := map[string]int{}
	for seed := range 12 {
		unit := []string{"request", "conn"}[seed%2]
		run := sizeRun(unit, []float64{0.01, 0.02, 0.1}[seed/2%3], []int{32, 64, 128, 256, 512, 1024}[seed%3:3+seed/3]...)
		v := newView(run)
		s, asked := v.scenarios[0], run.Env.Scenarios[0]
		z, err := stat.Sizes(run.Trials, asked, run.Env.Design)
		if err != nil {
			t.Fatal(err)
		}
		title := v.latencyTitle(s)
		if z.Smallest < 0 {
			continue
		}
		var smaller, larger []time.Duration
		want := ""
		for i, limit := range z.Limits {
			var all trial.Histogram
			everybody := true
			for _, tr := range of(run, s.name, limit.Strategy, 0) {
				all.Merge(tr.Latency.Response)
				everybody = everybody && tr.Clients.Served == tr.Clients.Total
			}
			p99, ok := all.Quantile(0.99)
			switch {
			case !ok || !everybody:
			case i < z.Smallest:
				smaller = append(smaller, p99)
			case i > z.Smallest:
				larger = append(larger, p99)
			default:
				want = fmt.Sprintf("wait-size: p99 is %s with %s workers, the smallest limit that %s enough", duration(p99), count(int64(limit.N)), map[bool]string{true: "is", false: "may be"}[z.Sure])
			}
		}
		for what, side := range map[string][]time.Duration{"smaller": smaller, "larger": larger} {
			seen[fmt.Sprint(what, " ", len(side) > 0)]++
			if len(side) == 0 {
				if strings.Contains(title, what) {
					t.Errorf("%q, and there is nothing %s that serves everybody", title, what)
				}
				continue
			}
			text := duration(slices.Min(side))
			if most := duration(slices.Max(side)); most != text {
				text += " to " + most
			}
			if !strings.Contains(title, " "+text+" with "+what+" ones") {
				t.Errorf("%q, and with %s ones it is %s", title, what, text)
			}
		}
		if !strings.HasPrefix(title, want) || want == "" {
			t.Errorf("%q, want %q", title, want)
		}
	}
	for _, want := range []string{"smaller true", "smaller false", "larger true", "larger false"} {
		if seen[want] == 0 {
			t.Errorf("in no run was there %s: %v", want, seen)
		}
	}
}

// Catches: silence of a closed loop's tail where the comparison has decided, a word of it where it has not, and another strategy's.
func TestClosedLoopsTellTheTailThatIsDecided(t *testing.T) {
	seen := map[bool]int{}
	everyRandomRun(t, func(t *testing.T, run trial.Run, v view) {
		text := string(v.markdown(nil))
		comparisons := stat.Comparisons(run.Trials, stat.ResponseP99, run.Env.Scenarios, run.Env.Design)
		for _, s := range v.scenarios {
			if s.open() {
				continue
			}
			_, said, found := strings.Cut(part(t, text, "## "+s.name), "- **Response p99:** ")
			said, _, _ = strings.Cut(said, "\n")
			said, _, _ = strings.Cut(strings.ReplaceAll(said, "alpha against itself", ""), "No difference larger than 100")
			_, differs, _ := strings.Cut(strings.ToLower(said), "differs from alpha")
			var want []string
			tied := false
			for _, c := range comparisons {
				if c.Scenario == s.name {
					tied = tied || c.Outcome == stat.Tied
					if c.Outcome == stat.Different {
						want = append(want, c.Strategy)
					}
				}
			}
			slices.Sort(want)
			got := slices.Sorted(slices.Values(namesIn(differs)))
			if !slices.Equal(got, want) || found && !tied && len(want) == 0 {
				t.Errorf("%s: %q, and %q differ", s.name, said, want)
			}
			seen[found]++
		}
	})
	if seen[true] == 0 || seen[false] == 0 {
		t.Errorf("said and not said: %v", seen)
	}
}

// Catches: a sign in the grid of costs that nobody explains, and an explanation of what is not there.
func TestWhoSharesNoRepetitionWithTheCheapestIsExplained(t *testing.T) {
	sc := trial.Scenario{Name: "echo", Strategies: []string{"alpha", "beta", "gamma"}, Question: trial.Compare, DecidedBy: stat.ServerCPU.Key, Load: trial.Load{Loop: trial.Closed, Clients: 64}}
	for _, apart := range []bool{false, true} {
		run := trial.Run{Env: trial.Env{Scenarios: []trial.Scenario{sc}}}
		for rep := range 10 {
			for i, name := range sc.Strategies {
				tr := one(sc, name, rep, 500, 0, 5*time.Millisecond)
				tr.ServerUsage.CPU = time.Duration(i+1) * 100 * time.Millisecond
				if apart && (i == 0 && rep < 5 || i == 2 && rep >= 5) {
					tr.Invalid = "disturbed"
				}
				run.Trials = append(run.Trials, tr)
			}
		}
		set := draw.NewTypesetter()
		f, ok := costFigure(newView(run), set)
		if !ok {
			t.Fatal("no figure")
		}
		svg, err := f.SVG(set)
		if err != nil {
			t.Fatal(err)
		}
		boxes, _, _ := textBoxes(t, svg)
		shown := 0
		for _, b := range boxes {
			if b.text == absent {
				shown++
			}
		}
		if explained := strings.Contains(f.Subtitle, absent+": it shares no repetition"); explained != apart || (shown == 1) != apart {
			t.Errorf("apart %v: %d times %q, %q", apart, shown, absent, f.Subtitle)
		}
	}
}

// Catches: a title over the repetitions that puts a strategy into another class than the verdict did.
func TestHeadlinesSayWhatTheVerdictSays(t *testing.T) {
	everyRandomRun(t, func(t *testing.T, run trial.Run, v view) {
		for _, sc := range v.said.Scenarios {
			title := headline(v.said, sc)
			_, found, _ := strings.Cut(title, ": ")
			for _, part := range strings.Split(found, "; ") {
				var class []string
				switch {
				case strings.Contains(part, "no difference that matters"), strings.HasSuffix(part, " is best"):
					class = sc.Best
				case strings.HasPrefix(part, "not decided: "), strings.HasPrefix(part, "not measured: "):
					for _, o := range sc.Undecided {
						if o.NotMeasured == strings.HasPrefix(part, "not measured") {
							class = append(class, o.Strategy)
						}
					}
				case strings.HasPrefix(part, "behind: "):
					for _, b := range sc.Behind {
						class = append(class, b.Strategy)
					}
				case strings.HasPrefix(part, "the driver hides"):
					class = sc.Unranked
				default:
					for _, o := range sc.Out {
						class = append(class, o.Strategy)
					}
				}
				for _, name := range namesIn(part) {
					if !slices.Contains(class, name) {
						t.Errorf("%q: %s is not among %v", title, name, class)
					}
				}
			}
		}
	})
}

// Catches: a capacity of somebody else, one who does as much and is called lower, and "kept by none" where somebody does.
func TestCapacityTitlesNameWhoKeepsTheObjective(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 5))
		can := map[string]float64{}
		names := randomNames[:1+rng.IntN(4)]
		for _, name := range names {
			can[name] = []float64{0, 0.45, 0.7, 0.7, 1, 9}[rng.IntN(6)]
		}
		run := capacityRun(trial.Open, 8, can, names...)
		v := newView(run)
		s := v.scenarios[0]
		found := v.found(v.asked(s))
		title := v.capacityTitle(s, v.asked(s), found)
		_, text, _ := strings.Cut(title, ": ")
		best, _, _ := strings.Cut(text, "; ")
		most := 0.0
		for _, r := range found {
			if !r.AtMost {
				most = max(most, r.Rate.Value)
			}
		}
		if (most == 0) != strings.Contains(title, "kept by none") || most > 0 && !strings.Contains(best, "up to "+map[bool]string{true: "at least "}[found[0].AtLeast]+rate(most)) {
			t.Errorf("%v can do: %q, and the most is %v", can, title, most)
		}
		for _, r := range found {
			named := strings.Contains(best, r.Strategy)
			if most > 0 && named != (r.Best || r.Outcome == stat.Tied) {
				t.Errorf("%v can do: %q names %s with the best: %v, and it is %v of it", can, title, r.Strategy, named, r.Ratio)
			}
		}
	}
}

// Catches: a median at the time-out that is called an answer, a bound that is none, an order of recoveries that is not theirs,
// somebody who is back within the window and is not, and another time than the picture of the repetitions has for the same.
func TestHeatTitlesSayHowItEnds(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 6))
		names := randomNames[:1+rng.IntN(len(randomNames))]
		ends := map[string]time.Duration{}
		var run trial.Run
		profile := trial.Burst(8, 300*time.Millisecond, 300*time.Millisecond)
		for _, sc := range []trial.Scenario{
			{Name: "burst", Strategies: names, DecidedBy: stat.RecoveryTime.Key, DecideAt: 0.5, Load: trial.Load{Loop: trial.Sessions, Clients: 64, Fraction: 0.5, Rate: 400, Profile: profile}},
			{Name: "over", Strategies: names, DecidedBy: stat.Goodput.Key, DecideAt: 1.4, Load: trial.Load{Loop: trial.Open, Clients: 64, Fraction: 1.4, Rate: 2000}},
		} {
			run.Env.Scenarios = append(run.Env.Scenarios, sc)
			for _, name := range names {
				back := time.Duration(300+rng.IntN(45)*20) * time.Millisecond
				ends[name] = time.Duration(math.Exp(5+4*rng.Float64())) * time.Millisecond // up to eight times the time-out
				for rep := range 3 {
					tr := one(sc, name, rep, 500, 0, 5*time.Millisecond)
					tr.TimeOut = time.Second
					tr.Series = series(tr, rng, func(at time.Duration) (float64, time.Duration) {
						switch {
						case sc.Name == "over":
							return 1, ends[name]
						case at >= 300*time.Millisecond && at < back:
							return 1, 3 * time.Second
						default:
							return 0.3, 5 * time.Millisecond
						}
					})
					run.Trials = append(run.Trials, tr)
				}
			}
		}
		v := newView(run)
		over := find(t, v, "over")
		l, panels := over.heatLevel()
		if len(panels) != len(names) {
			t.Fatalf("%d panels, want %d", len(panels), len(names))
		}
		f := heatFinding(panels)
		for _, p := range panels {
			var all []time.Duration // starts of the buckets that the last slice's requests are in
			for _, tr := range of(run, "over", p.label, 1.4) {
				last := tr.Series.Spread[tr.Series.Len()-1]
				for k, n := range last.Counts {
					for range n {
						all = append(all, trial.BucketStart(last.First+k))
					}
				}
			}
			slices.Sort(all)
			median := all[(len(all)-1)/2]
			late := median >= trial.BucketStart(trial.Bucket(time.Second))
			if slices.Contains(f.late, p.label) != late || slices.Contains(f.fine, p.label) == late || !late && f.slowest <= median {
				t.Errorf("the median of %s at the end begins at %v, and %+v is said", p.label, median, f)
			}
		}
		if title := over.heatTitle(l, panels); (len(f.late) > 0) != strings.Contains(title, "no answer in time") {
			t.Errorf("%+v: %q", f, title)
		}

		burst := find(t, v, "burst")
		l, panels = burst.heatLevel()
		title := burst.recoveryTitle(panels)
		beside, ok := newSpreadPanel(burst, l, stat.RecoveryTime)
		if !ok || len(beside.points) != len(names) {
			t.Errorf("the picture of the repetitions has %d strategies, want %v", len(beside.points), names)
		}
		took := map[string]float64{}
		for _, name := range names {
			took[name], _ = medianOf(of(run, "burst", name, 0.5), func(tr trial.Trial) (float64, bool) {
				d, ok := stat.Recovery(tr)
				return (d + tr.Series.Slice).Seconds(), ok
			})
		}
		slice := panels[0].slice.Seconds()
		_, text, _ := strings.Cut(title, "trial, ")
		last := -1.0
		for _, m := range regexp.MustCompile(`((?:not )?within (?:[0-9.]+ .?s|the window)) with ([^;]+)`).FindAllStringSubmatch(strings.ReplaceAll(text, ", and ", "; "), -1) {
			who := namesIn(m[2])
			for _, name := range who {
				want := "within " + seconds(took[name])
				if took[name] >= 0.4+slice-1e-9 { // the window goes on for 400 ms behind the burst
					want = "not within the window"
				}
				if m[1] != want || took[name] < last {
					t.Errorf("%q, and they took %v", title, took)
				}
				for _, point := range beside.points {
					if m[1] != "not within the window" && point.cell.label == name && "within "+beside.value(point) != m[1] {
						t.Errorf("%q, and beside the repetitions of %s stands %s", title, name, beside.value(point))
					}
				}
			}
			for _, name := range names { // all of whom the same is to be said
				if len(who) > 0 && took[name] == took[who[0]] && !slices.Contains(who, name) {
					t.Errorf("%q is silent of %s, and they took %v", title, name, took)
				}
			}
			if len(who) > 0 {
				last = took[who[0]]
			}
		}
		if len(names) <= 4 && len(namesIn(text)) != len(names) {
			t.Errorf("%q does not name %v", title, names)
		}
	}
}
