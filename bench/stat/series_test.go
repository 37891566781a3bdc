package stat

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/load/account"
	"github.com/poolbench/poolbench/bench/trial"
)

const ms = time.Millisecond

// A oneWorker serves what comes in turn. Its times are known from the recursion of Lindley alone, so that what the series
// must say is known too: the drivers' own ledger makes it.
type oneWorker struct {
	load    trial.Load
	window  time.Duration
	service func(at time.Duration) time.Duration
	fails   func(at time.Duration) bool
}

const oneWarmUp = 500 * ms

// trial drives it with arrivals at even gaps.
func (o oneWorker) trial() trial.Trial {
	w := account.Window{Open: oneWarmUp, Close: oneWarmUp + o.window, End: account.Never}
	book := account.NewLedger(1, time.Second, 100*ms)
	book.Slice(w, true)
	free := time.Duration(0)
	for at := time.Duration(0); at < w.Close; {
		begin := max(at, free)
		free = begin + o.service(at-w.Open)
		outcome := account.OK
		if o.fails != nil && o.fails(at-w.Open) {
			outcome = account.Failed
		}
		book.Add(w, account.Request{Intended: at, Noticed: at, Free: begin, Sent: begin, Answered: free, Outcome: outcome})
		rate := o.load.Rate
		for _, s := range o.load.Profile {
			if t := at - w.Open; t >= s.From && t < s.To {
				rate *= s.Begin
			}
		}
		at += time.Duration(float64(time.Second) / rate)
	}
	return trial.Trial{Load: o.load, Window: o.window, TimeOut: time.Second, Counts: book.Counts, Latency: book.Latency, Clients: book.Served(), Series: book.Series()}
}

func takes(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

// burst offers 500 a second and for 200 ms factor times as much, to a server that can do 1000: what has queued up is worked
// off at 500 a second, so that its queue is empty (factor·500 − 1000) · 0.2 s / 500 behind the burst's end.
func burst(factor float64) oneWorker {
	return oneWorker{
		load:    trial.Load{Loop: trial.Open, Clients: 1, Rate: 500, Arrivals: trial.Constant, Profile: trial.Burst(factor, 300*ms, 200*ms)},
		window:  2 * time.Second,
		service: takes(ms),
	}
}

func TestRecoveryIsHowLongTheQueueOfABurstTakes(t *testing.T) {
	for _, c := range []struct {
		factor float64
		want   time.Duration
	}{{1.5, 0}, {3, 200 * ms}, {4, 400 * ms}, {5, 600 * ms}, {7, 1000 * ms}} {
		x := burst(c.factor).trial()
		if err := x.Check(); err != nil {
			t.Error(err)
		}
		got, ok := Recovery(x)
		if slice := x.Series.Slice; !ok || got < c.want || got >= c.want+slice {
			t.Errorf("a burst of %v times: %v (%t), want %v, to the end of its slice", c.factor, got, ok, c.want)
		}
		if value, ok := RecoveryTime.Of(x); !ok || math.Abs(value-(got+x.Series.Slice).Seconds()) > 1e-9 {
			t.Errorf("the metric says %v s (%t) of %v in slices of %v", value, ok, got, x.Series.Slice)
		}
	}
}

func TestRecovery(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *oneWorker)
		after  func(*trial.Trial)
		want   time.Duration
		ok     bool
	}{
		"never back in the window": {func(o *oneWorker) { o.load.Profile = trial.Burst(15, 300*ms, 200*ms) }, nil, 1500 * ms, true},
		// 40 ms slices: 600 to 680 ms fail.
		"one in a hundred of them fails": {func(o *oneWorker) {
			o.load.Rate, o.service = 5000, takes(100*time.Microsecond)
			o.load.Profile = trial.Burst(1, 300*ms, 200*ms)
			o.fails = every(100, 600*ms, 680*ms)
		}, nil, 0, true},
		"two in a hundred of them fail": {func(o *oneWorker) {
			o.load.Rate, o.service = 5000, takes(100*time.Microsecond)
			o.load.Profile = trial.Burst(1, 300*ms, 200*ms)
			o.fails = every(50, 600*ms, 680*ms)
		}, nil, 180 * ms, true},
		"failing in the slice in which it ends": {func(o *oneWorker) {
			o.load.Profile = trial.Burst(1, 300*ms, 200*ms)
			o.fails = every(1, 500*ms, 510*ms)
		}, nil, 20 * ms, true},
		"failing before it ends": {func(o *oneWorker) {
			o.load.Profile = trial.Burst(1, 300*ms, 200*ms)
			o.fails = every(1, 400*ms, 480*ms)
		}, nil, 0, true},
		"slow, and not as a user feels it": {func(o *oneWorker) {
			o.load.Profile = trial.Burst(1, 300*ms, 200*ms)
			o.service = slowIn(10*time.Microsecond, 900*time.Microsecond, 800*ms, 840*ms)
		}, nil, 0, true},
		"slow as a user feels it": {func(o *oneWorker) {
			o.load.Profile = trial.Burst(1, 300*ms, 200*ms)
			o.service = slowIn(10*time.Microsecond, 1100*time.Microsecond, 800*ms, 840*ms)
		}, nil, 340 * ms, true},
		"not twice as slow": {func(o *oneWorker) {
			o.load.Rate, o.load.Profile, o.service = 50, trial.Burst(1, 300*ms, 200*ms), slowIn(5*ms, 9*ms, 800*ms, 840*ms)
		}, nil, 0, true},
		"twice as slow": {func(o *oneWorker) {
			o.load.Rate, o.load.Profile, o.service = 50, trial.Burst(1, 300*ms, 200*ms), slowIn(5*ms, 11*ms, 800*ms, 840*ms)
		}, nil, 340 * ms, true},
		// 200 requests of 3 ms each in 400 ms leave 200 ms of work behind at 600 ms, which takes 400 ms.
		"of several segments the first begins and the last ends it": {func(o *oneWorker) {
			o.load.Profile = []trial.Segment{{From: 200 * ms, To: 300 * ms, Begin: 1, End: 1}, {From: 400 * ms, To: 600 * ms, Begin: 1, End: 1}}
			o.service = slowIn(ms, 3*ms, 200*ms, 600*ms)
		}, nil, 400 * ms, true},
		"no profile":             {func(o *oneWorker) { o.load.Profile = nil }, nil, 0, false},
		"no series":              {func(o *oneWorker) {}, func(t *trial.Trial) { t.Series = trial.Series{} }, 0, false},
		"nothing before":         {func(o *oneWorker) { o.load.Profile = trial.Burst(5, 0, 200*ms) }, nil, 0, false},
		"no whole slice before":  {func(o *oneWorker) { o.load.Profile = trial.Burst(5, 39*ms, 200*ms) }, nil, 0, false},
		"until the window's end": {func(o *oneWorker) { o.load.Profile = trial.Burst(5, 300*ms, 1700*ms) }, nil, 0, false},
		"and beyond":             {func(o *oneWorker) { o.load.Profile = trial.Burst(5, 300*ms, 3000*ms) }, nil, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := burst(3)
			c.change(&o)
			x := o.trial()
			if c.after != nil {
				c.after(&x)
			}
			got, ok := Recovery(x)
			if got != c.want || ok != c.ok {
				t.Errorf("%v (%t), want %v (%t)", got, ok, c.want, c.ok)
			}
			if _, ok := RecoveryTime.Of(x); ok != c.ok {
				t.Errorf("the metric is told: %t, want %t", ok, c.ok)
			}
		})
	}
}

// every is one failure in n, between two times.
func every(n int, from, to time.Duration) func(time.Duration) bool {
	seen := 0
	return func(at time.Duration) bool {
		if at < from || at >= to {
			return false
		}
		seen++
		return seen%n == 0
	}
}

func slowIn(plain, slow, from, to time.Duration) func(time.Duration) time.Duration {
	return func(at time.Duration) time.Duration {
		if at >= from && at < to {
			return slow
		}
		return plain
	}
}

func TestAStallIsInTheSlicesInWhichItWas(t *testing.T) {
	o := oneWorker{load: trial.Load{Loop: trial.Open, Clients: 1, Rate: 1000, Arrivals: trial.Constant}, window: time.Second}
	stalled := false
	o.service = func(at time.Duration) time.Duration {
		if at >= 400*ms && !stalled {
			stalled = true
			return 200 * ms
		}
		return 10 * time.Microsecond
	}
	x := o.trial()
	for i, good := range x.Series.Good {
		at := time.Duration(i) * x.Series.Slice
		mean := x.Series.Response[i]
		switch {
		case at < 400*ms || at > 600*ms:
			if good != 20 || mean > ms {
				t.Errorf("slice at %v: %d answers, mean response %v; want 20, and next to nothing", at, good, mean)
			}
		case at < 600*ms: // those who ask in the stall wait for the rest of it
			if want := 600*ms - at - x.Series.Slice/2; good != 0 || mean < want || mean > want+3*ms {
				t.Errorf("slice at %v: %d answers, mean response %v; want none, and %v", at, good, mean, want)
			}
		default:
			if good != 220 {
				t.Errorf("slice at %v, behind the stall: %d answers, want 220", at, good)
			}
		}
	}
}

func TestAClosedLoopsGoodputLeavesItsWarmUpOut(t *testing.T) {
	x := withGoodput("a", false, 0, 9000)
	x.Window = time.Second
	s := trial.Series{Slice: 20 * ms}
	for i := range 50 {
		good := int64(200)
		if i < 10 {
			good = 100
		}
		s.Due, s.OK, s.Good, s.Timed, s.Response = append(s.Due, good), append(s.OK, good), append(s.Good, good), append(s.Timed, good), append(s.Response, ms)
	}
	x.Series = s
	state, ok := Steady(x)
	if !ok || state.Slices != 10 || state.Share != 0.2 {
		t.Fatalf("%+v (%t), want 10 slices", state, ok)
	}
	if got, _ := Goodput.Of(x); got != 10_000 {
		t.Errorf("closed loop: %v, want 8000 in 0.8 s", got)
	}
	x.Load.Loop = trial.Open
	if got, _ := Goodput.Of(x); got != 9000 {
		t.Errorf("open loop: %v, want 9000 in 1 s", got)
	}
	x.Load.Loop, x.Series = trial.Closed, trial.Series{}
	if got, _ := Goodput.Of(x); got != 9000 {
		t.Errorf("without a series: %v, want 9000 in 1 s", got)
	}
}

func TestMemoryIsOfConnectionsThatAreHeld(t *testing.T) {
	x := trial.Trial{Load: trial.Load{Loop: trial.Open, Clients: 2000}, ServerUsage: trial.Usage{PeakRSS: 16 << 20, BaseRSS: 10 << 20}}
	if got, ok := Memory.Of(x); !ok || got != 6<<20/2000. {
		t.Errorf("%v (%t), want 6 MiB over 2000", got, ok)
	}
	for name, spoil := range map[string]func(*trial.Trial){
		"not told":      func(t *trial.Trial) { t.ServerUsage.PeakRSS = 0 },
		"no base":       func(t *trial.Trial) { t.ServerUsage.BaseRSS = 0 }, // a record of before
		"nothing more":  func(t *trial.Trial) { t.ServerUsage.BaseRSS = t.ServerUsage.PeakRSS },
		"no clients":    func(t *trial.Trial) { t.Load.Clients = 0 },
		"sessions loop": func(t *trial.Trial) { t.Load.Loop = trial.Sessions },
	} {
		y := x
		spoil(&y)
		if got, ok := Memory.Of(y); ok {
			t.Errorf("%s: %v, want none", name, got)
		}
	}
}

// cellOf has one trial for each value, as goodput.
func cellOf(goods ...int64) []trial.Trial {
	var all []trial.Trial
	for i, good := range goods {
		x := withGoodput("a", false, i, good)
		x.Seq = i
		x.System.Steal, x.System.CPUPressure = 2*ms, 20*ms
		x.DriverUsage.InvoluntarySwitches, x.ServerUsage.InvoluntarySwitches = 500, 800
		all = append(all, x)
	}
	return all
}

func TestOutliersAreFarFromTheirMedianByTheRestsMeasure(t *testing.T) {
	for name, c := range map[string]struct {
		goods []int64
		want  []int // repetitions
	}{
		"none":                           {[]int64{1000, 1010, 990, 1020, 980, 1005, 995, 1015}, nil},
		"one below":                      {[]int64{1000, 1010, 990, 700, 980, 1005, 995, 1015}, []int{3}},
		"one above":                      {[]int64{1000, 1010, 990, 1020, 980, 1300, 995, 1015}, []int{5}},
		"two":                            {[]int64{1000, 1010, 500, 1020, 980, 1300, 995, 1015, 1001}, []int{2, 5}},
		"far, and too little to matter":  {[]int64{1000, 1000, 1001, 1000, 1001, 1049, 1000}, nil},
		"far, and just enough":           {[]int64{1000, 1000, 1001, 1000, 1001, 1055, 1000}, []int{5}},
		"all others the same":            {[]int64{1000, 1000, 1000, 900, 1000}, []int{3}},
		"much noise":                     {[]int64{1000, 800, 1300, 900, 1500, 700, 1100}, nil},
		"too few to tell":                {[]int64{1000, 1001, 1002, 10}, nil},
		"3.4 scaled deviations, by hand": {[]int64{900, 1000, 1100, 1000 + 504, 1000, 900, 1100}, nil}, // 100 × 1.4826 × 3.4
		"3.6 scaled deviations, by hand": {[]int64{900, 1000, 1100, 1000 + 534, 1000, 900, 1100}, []int{3}},
	} {
		t.Run(name, func(t *testing.T) {
			trials := cellOf(c.goods...)
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(trials), func(i, j int) { trials[i], trials[j] = trials[j], trials[i] })
			var got []int
			for _, o := range Outliers(trials, Goodput) {
				got = append(got, o.Repetition)
				if o.Value != float64(c.goods[o.Repetition]) || o.Seq != o.Repetition || o.Cause != Unexplained || (o.Score > 0) != (o.Ratio() > 1) {
					t.Errorf("%+v", o)
				}
			}
			if len(got) != len(c.want) || len(got) > 0 && (got[0] != c.want[0] || got[len(got)-1] != c.want[len(got)-1]) {
				t.Errorf("repetitions %v, want %v", got, c.want)
			}
		})
	}
}

func TestWhatIsInvalidOrCalibratesIsNoOutlier(t *testing.T) {
	trials := cellOf(1000, 1010, 990, 100, 980, 1005, 995)
	trials[3].Invalid = "disturbed"
	if got := Outliers(trials, Goodput); got != nil {
		t.Errorf("an invalid trial: %+v", got)
	}
	for i := range trials {
		trials[i].Invalid, trials[i].Calibrates = "", true
	}
	if got := Outliers(trials, Goodput); got != nil {
		t.Errorf("calibrating: %+v", got)
	}
	for i := range trials {
		trials[i].Calibrates, trials[i].Twin = false, i%2 == 0 // two cells of less than five each
	}
	if got := Outliers(trials, Goodput); got != nil {
		t.Errorf("of two cells: %+v", got)
	}
}

func TestTheCauseOfAnOutlierIsWhatItsRecordSays(t *testing.T) {
	note := func(code string) func(*trial.Trial) {
		return func(t *trial.Trial) { t.Findings = append(t.Findings, trial.Finding{Code: code}) }
	}
	everyone := func(trials []trial.Trial, n int, change func(*trial.Trial)) {
		for i := range n {
			change(&trials[i])
		}
	}
	for name, c := range map[string]struct {
		good   int64 // of the last one
		change func(t *trial.Trial)
		others func(trials []trial.Trial)
		want   Cause
	}{
		"nothing":                            {100, func(*trial.Trial) {}, nil, Unexplained},
		"a finding":                          {100, note("driver-gc"), nil, "driver-gc"},
		"the first of two":                   {100, func(t *trial.Trial) { note("late-edge")(t); note("driver-gc")(t) }, nil, "late-edge"},
		"one that most have":                 {100, note("driver-gc"), func(ts []trial.Trial) { everyone(ts, 4, note("driver-gc")) }, Unexplained},
		"one that half have":                 {100, note("driver-gc"), func(ts []trial.Trial) { everyone(ts, 3, note("driver-gc")) }, "driver-gc"},
		"one that explains, of one that not": {100, func(t *trial.Trial) { note("x-y")(t); note("driver-gc")(t) }, func(ts []trial.Trial) { everyone(ts, 7, note("x-y")) }, "driver-gc"},
		"a finding before a figure":          {100, func(t *trial.Trial) { note("driver-gc")(t); t.System.Steal = 500 * ms }, nil, "driver-gc"},
		"steal":                              {100, func(t *trial.Trial) { t.System.Steal = 50 * ms }, nil, Steal},
		"steal as always":                    {100, func(t *trial.Trial) { t.System.Steal = 50 * ms }, func(ts []trial.Trial) { everyone(ts, 7, func(t *trial.Trial) { t.System.Steal = 45 * ms }) }, Unexplained},
		"steal that comes and goes": {100, func(t *trial.Trial) { t.System.Steal = 150 * ms }, func(ts []trial.Trial) {
			for i, steal := range []time.Duration{0, 0, 0, 0, 100, 120, 130} {
				ts[i].System.Steal = steal * ms
			}
		}, Unexplained},
		"less than twice as much as always":    {100, func(t *trial.Trial) { t.System.CPUPressure = 39 * ms }, nil, Unexplained},
		"just twice":                           {100, func(t *trial.Trial) { t.System.CPUPressure = 40 * ms }, nil, CPUPressure},
		"too little to be felt":                {100, func(t *trial.Trial) { t.System.Steal = 9 * ms }, nil, Unexplained},
		"a gap":                                {100, func(t *trial.Trial) { t.Driving.LongestGap = 30 * ms }, nil, DriverGap},
		"the driver's switches":                {100, func(t *trial.Trial) { t.DriverUsage.InvoluntarySwitches = 1500 }, nil, DriverSwitches},
		"the server's":                         {100, func(t *trial.Trial) { t.ServerUsage.InvoluntarySwitches = 2500 }, nil, ServerSwitches},
		"the driver's collector":               {100, func(t *trial.Trial) { t.DriverUsage.GCPause = 30 * ms }, nil, DriverGC},
		"the server's collector":               {100, func(t *trial.Trial) { t.ServerUsage.GCPause = 30 * ms }, nil, ServerGC},
		"full backlogs":                        {100, func(t *trial.Trial) { t.System.ListenOverflows = 30 }, nil, Overflows},
		"of two, the larger":                   {100, func(t *trial.Trial) { t.System.Steal, t.Driving.LongestGap = 50*ms, 200*ms }, nil, DriverGap},
		"nothing is made better by steal":      {3000, func(t *trial.Trial) { t.System.Steal = 500 * ms }, nil, Unexplained},
		"a finding may, such as an early stop": {3000, note("not-steady"), nil, "not-steady"},
	} {
		t.Run(name, func(t *testing.T) {
			trials := cellOf(1000, 1010, 990, 1020, 980, 1005, 995, c.good)
			if c.others != nil {
				c.others(trials)
			}
			c.change(&trials[7])
			got := Outliers(trials, Goodput)
			if len(got) != 1 || got[0].Cause != c.want {
				t.Errorf("got %+v, want one because of %q", got, c.want)
			}
		})
	}
	// Of a metric of which less is better, more is worse.
	trials := cellOf(1000, 1000, 1000, 1000, 1000, 1000)
	for i := range trials {
		trials[i].ServerUsage.CPU = time.Duration(1000+i) * ms
	}
	trials[5].ServerUsage.CPU, trials[5].System.Steal = 3*time.Second, 500*ms
	if got := Outliers(trials, ServerCPU); len(got) != 1 || got[0].Cause != Steal {
		t.Errorf("got %+v, want one because of steal", got)
	}
}
