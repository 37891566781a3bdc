package stat

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
)

// A Limit is one measured size of the strategy that a Size scenario is about.
type Limit struct {
	Strategy string // full name
	N        int    // workers or places in the queue, whichever the scenario changes; strategies.Unbounded has no bound

	Trials, Invalid int // valid ones, which everything below is about; those that are left out

	Figure  Estimate // by the metric that decides
	Ratio   Estimate // of Figure to the best limit's, paired within repetitions
	Outcome Outcome  // Tied: within the threshold of the best; Different: worse by more; otherwise nobody can tell
	Goodput Estimate // per second
	Clients Served   // Nothing above 0: it starved clients, and cannot be chosen
	Counts  trial.Counts
	Memory  float64 // peak resident bytes of the server, the median of its trials; 0 where the platform does not tell
	PerConn float64 // bytes for each connection that was held, the median by the metric [Memory]; 0 where it is not told
	latency trial.Histogram

	bounded, blurred bool // the driver decided the figures of most trials, or its time is in them
}

// Starves says whether any of the trials left a client without an answer that it was never told of.
func (l Limit) Starves() bool { return l.Clients.Nothing > 0 }

// enough says whether the limit can be chosen at all, at an offered load over the capacity, 0 in closed loop: it starved
// nobody, and refused and failed hardly anything where there was room for all. Beyond the capacity somebody has to be refused, so there goodput may decide alone; times may not, because
// a refusal is in no percentile.
func (l Limit) enough(m Metric, offered float64) bool {
	must := offered > 1 && m.Higher
	return !l.Starves() && (must || float64(l.Counts.Rejected+l.Counts.Failed) <= MostNotOK*float64(l.Counts.Intended))
}

// Response returns a quantile of the response times of all trials; false if too few lie beyond it.
func (l Limit) Response(q float64) (time.Duration, bool) { return l.latency.Quantile(q) }

// A Sizing is what a Size scenario says of its strategy's limit.
type Sizing struct {
	Scenario  string
	Setting   string // what changes from limit to limit: "workers" or "queue"
	Keeps     bool   // a worker keeps a connection that stays, so that it takes as many workers as connections to serve everybody
	Metric    Metric // that decides
	Threshold float64
	Limits    []Limit // rising

	// Indices of Limits; −1: there is none.
	Best     int // the best figure among those that starve nobody
	Smallest int // the smallest that is enough
	Possible int // the smallest that is not shown to be worse, at most Smallest

	// Sure says that Smallest is within the threshold of the best. It is not where noise leaves the best limit tied with
	// itself alone: Smallest is then Possible, and undecided.
	Sure bool

	// From and To are the indices of the limits that are safe: from the smallest that is within the threshold up, as far as
	// all are and starve nobody. Open says that the largest that was measured is among them, so that nothing is known of
	// where it ends.
	From, To int
	Open     bool

	Little Little
	Law    Law
}

// Little is how many workers Little's law asks for: as many as are busy on average at the rate of the best limit, L = λ·W
// (J. D. C. Little, A Proof for the Queuing Formula L = λW, Operations Research 9, 1961).
//
// The time that a worker is held by one answer is measured where all workers are busy all the time, at the smallest
// limit: there it is workers / throughput, whatever the time is spent on, and includes what the network takes between two
// requests of a connection that keeps its worker.
type Little struct {
	Workers int           // the fewest that suffice on average, rate × held, rounded up; 0: Why says why it cannot be told
	Held    time.Duration // by one answer
	Rate    float64       // per second
	From    int           // index of the limit at which Held was measured
	Why     string
}

// Law is the Universal Scalability Law beside what was measured, and the plateau beside that.
type Law struct {
	USL     USL
	Plateau Plateau
	Fits    bool   // the law is within Poor of every figure, and the plateau is not nearer
	Why     string // why there is none; USL and Plateau are then zero
}

// Poor is how far a model may be from a measured figure, as a ratio, to be worth quoting: twice the smallest difference
// that matters.
const Poor = 2 * Threshold

// Sizes says which limit is enough. The scenario's strategies are of one kind and differ in workers, or, at equal workers,
// in their queue. They are compared by the metric that decides, [DefaultMetric] if the scenario
// names none, at the level that decides. A limit that starved anybody is neither the best
// nor enough, however good its figures: they are of those that it served.
//
// The ratios are those of [Comparisons], with the best limit for a baseline. A limit is enough if its interval leaves
// less than the threshold (d.Threshold, or Threshold) to the best. If none of the smaller ones is that certain, the
// smallest that is not shown to be worse is named, and not Sure. The best is the best by chance as well, which makes the
// others look a little worse than they are: the answer errs to a larger limit.
//
// The errors are a metric that does not exist, and strategies whose names are no full names.
func Sizes(trials []trial.Trial, sc trial.Scenario, d trial.Design) (Sizing, error) {
	s := Sizing{Scenario: sc.Name, Threshold: cmp.Or(d.Threshold, Threshold), Best: -1, Smallest: -1, Possible: -1, From: -1, To: -1}
	m, err := MetricOf(cmp.Or(sc.DecidedBy, DefaultMetric(sc.Load.Loop).Key))
	if err != nil {
		return s, fmt.Errorf("size %s: %w", sc.Name, err)
	}
	s.Metric = m
	specs, err := specsOf(sc.Strategies)
	if err != nil {
		return s, fmt.Errorf("size %s: %w", sc.Name, err)
	}
	size := s.setting(specs)
	of := map[string][]trial.Trial{}
	for _, t := range trials {
		if t.Scenario == sc.Name && !t.Calibrates && !t.Twin && t.Load.Fraction == sc.DecideAt {
			of[t.Strategy] = append(of[t.Strategy], t)
		}
	}
	for _, name := range sc.Strategies {
		for _, t := range of[name] {
			s.Keeps = s.Keeps || specs[name].Unit == strategies.ConnUnit && t.Measured == "request"
		}
		slices.SortStableFunc(of[name], func(a, b trial.Trial) int { return cmp.Compare(a.Seq, b.Seq) })
		s.Limits = append(s.Limits, limit(name, size(specs[name].Limits), m, of[name]))
	}
	slices.SortStableFunc(s.Limits, func(a, b Limit) int { return cmp.Compare(a.N, b.N) })
	s.findBest(sc.DecideAt)
	s.compare(of)
	s.choose(sc.DecideAt)
	s.Little = s.little(sc.Load)
	s.Law = s.law(sc.Load)
	return s, nil
}

func specsOf(names []string) (map[string]strategies.Spec, error) {
	of := map[string]strategies.Spec{}
	for _, name := range names {
		spec, err := strategies.ParseSpec(name)
		if err != nil {
			return nil, err
		}
		of[name] = spec
	}
	return of, nil
}

// setting finds out which limit differs, and returns how to take it from all of them.
func (s *Sizing) setting(of map[string]strategies.Spec) func(strategies.Limits) int {
	workers, queues := map[int]bool{}, map[int]bool{}
	for _, spec := range of {
		workers[spec.Limits.Workers], queues[spec.Limits.Queue] = true, true
	}
	if len(workers) == 1 && len(queues) > 1 {
		s.Setting = "queue"
		return func(l strategies.Limits) int { return l.Queue }
	}
	s.Setting = "workers"
	return func(l strategies.Limits) int { return l.Workers }
}

func limit(name string, n int, m Metric, all []trial.Trial) Limit {
	good := valid(all)
	l := Limit{
		Strategy: name, N: n,
		Trials: len(good), Invalid: len(all) - len(good),
		Figure:  median(values(m, good), confidence),
		Goodput: median(values(Goodput, good), confidence),
		PerConn: median(values(Memory, good), confidence).Value,
		Clients: served(good),
		Outcome: Undecided,
	}
	l.bounded = !m.Own && mostly(finding.DriverBound, good)
	l.blurred = l.bounded || !m.Own && mostly(finding.AboveHalfCeiling, good)
	var memory []float64
	for _, t := range good {
		l.Counts = l.Counts.Plus(t.Counts)
		l.latency.Merge(t.Latency.Response)
		if t.ServerUsage.PeakRSS > 0 {
			memory = append(memory, float64(t.ServerUsage.PeakRSS))
		}
	}
	l.Memory = median(memory, confidence).Value
	return l
}

// findBest takes the best median of those that served everybody, of equal ones the smallest limit.
func (s *Sizing) findBest(at float64) {
	for i, l := range s.Limits {
		if l.Figure.N == 0 || !l.enough(s.Metric, at) || l.Goodput.Value == 0 {
			continue
		}
		if s.Best < 0 || s.better(l.Figure.Value, s.Limits[s.Best].Figure.Value) {
			s.Best = i
		}
	}
}

func (s *Sizing) better(a, b float64) bool {
	if s.Metric.Higher {
		return a > b
	}
	return a < b
}

// compare sets the ratio of each limit to the best, and what it comes to.
func (s *Sizing) compare(of map[string][]trial.Trial) {
	if s.Best < 0 {
		return
	}
	best := s.Limits[s.Best]
	for i := range s.Limits {
		l := &s.Limits[i]
		if i == s.Best {
			l.Ratio = Estimate{Value: 1, Lo: 1, Hi: 1, N: l.Figure.N, Confidence: 1}
			l.Outcome = Tied
			continue
		}
		l.Ratio = pairs(of[l.Strategy], of[best.Strategy], s.Metric).ratio(alpha / float64(len(s.Limits)-1))
		l.Outcome = s.outcome(*l, best)
	}
}

// outcome is one-sided: better than the best by chance is as good as the best.
func (s *Sizing) outcome(l, best Limit) Outcome {
	worst, surely := 1-l.Ratio.Lo, 1-l.Ratio.Hi
	if !s.Metric.Higher {
		worst, surely = l.Ratio.Hi-1, l.Ratio.Lo-1
	}
	switch {
	case surely > 0 && math.Abs(l.Ratio.Value-1) > s.Threshold && !l.bounded:
		return Different
	case l.blurred || best.blurred:
		return Unranked // the driver hides what differs
	case worst <= s.Threshold: // never without an interval, which is from 0 to infinity then
		return Tied
	default:
		return Undecided
	}
}

// choose finds the smallest limit that is enough, and how far it is safe to go beyond.
func (s *Sizing) choose(at float64) {
	if s.Best < 0 {
		return
	}
	usable := func(l Limit) bool { return l.Ratio.N > 0 && l.enough(s.Metric, at) }
	within := func(l Limit) bool { return usable(l) && l.Outcome == Tied }
	s.From = slices.IndexFunc(s.Limits, within)
	s.Possible = slices.IndexFunc(s.Limits, func(l Limit) bool { return usable(l) && l.Outcome != Different })
	if s.Smallest, s.Sure = s.From, true; s.From == s.Best && s.Possible < s.Best {
		s.Smallest, s.Sure = s.Possible, false
	}
	for s.To = s.From; s.To+1 < len(s.Limits) && within(s.Limits[s.To+1]); {
		s.To++
	}
	s.Open = s.To == len(s.Limits)-1
}

// keptUp is the part of what was offered that has to be answered well for a limit to have kept up with it.
const keptUp = 0.99

// busy says whether all workers were at work all the time: more clients asked than there are workers, without a pause, or
// not all that was offered got done.
func (l Limit) busy(load trial.Load) bool {
	switch {
	case l.Goodput.Value == 0 || l.N == strategies.Unbounded:
		return false
	case load.Loop == trial.Closed:
		return load.Think == 0 && l.Clients.Total > l.N
	default:
		return float64(l.Counts.Good) < keptUp*float64(l.Counts.Intended)
	}
}

func (s *Sizing) little(load trial.Load) Little {
	l := Little{From: slices.IndexFunc(s.Limits, func(l Limit) bool { return l.Trials > 0 })}
	switch {
	case s.Setting != "workers":
		l.Why = "the limit is not one of workers"
	case s.Best < 0:
		l.Why = "no limit served everybody"
	case !s.Limits[l.From].busy(load):
		l.Why = "not even the smallest limit kept all its workers busy"
	case load.Loop == trial.Open && s.Keeps:
		l.Why = "a worker keeps its connection whether or not it is asked, so that it takes as many workers as connections"
	case s.Limits[l.From].Outcome != Different:
		l.Why = "the smallest limit may be enough already, so that workers never ran short"
	case s.Limits[s.Best].bounded:
		l.Why = "the driver was the bottleneck, so that the rate that the server can reach is not known"
	default:
		from := s.Limits[l.From]
		held := float64(from.N) / from.Goodput.Value
		l.Held = time.Duration(held * float64(time.Second))
		l.Rate = s.Limits[s.Best].Goodput.Value
		l.Workers = int(math.Ceil(l.Rate*held - 1e-9))
	}
	return l
}

// law is fitted to the limits of a closed loop up to the number of clients: workers beyond have nothing to do.
func (s *Sizing) law(load trial.Load) Law {
	if s.Setting != "workers" || load.Loop != trial.Closed || load.Think > 0 {
		return Law{Why: "it is about workers that are always busy, in a closed loop"}
	}
	var n, x []float64
	for _, l := range s.Limits {
		if l.Goodput.Value > 0 && !l.blurred && l.N <= load.Clients {
			n, x = append(n, float64(l.N)), append(x, l.Goodput.Value)
		}
	}
	u, err := FitUSL(n, x)
	if err != nil {
		return Law{Why: fmt.Sprintf("it takes %d limits up to the number of clients that answer anything without the driver being the bottleneck, and there are %d", USLPoints, len(n))}
	}
	l := Law{USL: u, Plateau: FitPlateau(n, x)}
	// A smooth curve with three parameters comes near to a bend with two: what tells them apart is which is nearer.
	l.Fits = u.Off <= Poor && (u.Off <= Threshold || u.Off <= l.Plateau.Off)
	return l
}
