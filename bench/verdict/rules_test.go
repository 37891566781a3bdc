package verdict

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
)

// inRepetition changes the trials of one repetition alone.
func inRepetition(rep int, change func(*trial.Trial)) func(*trial.Trial) {
	return func(t *trial.Trial) {
		if t.Repetition == rep && !t.Twin {
			change(t)
		}
	}
}

// but changes all trials except those of one repetition, which it leaves to rare.
func but(repetition int, rare, change func(*trial.Trial)) func(*trial.Trial) {
	return func(t *trial.Trial) {
		switch {
		case t.Repetition != repetition:
			change(t)
		case rare != nil:
			rare(t)
		}
	}
}

// atLevel changes the trials at one level alone.
func atLevel(fraction float64, change func(*trial.Trial)) func(*trial.Trial) {
	return func(t *trial.Trial) {
		if t.Load.Fraction == fraction {
			change(t)
		}
	}
}

func one(change func(*trial.Trial)) served {
	return served{name: free, goodput: 10_000, change: change}
}

// exactly keeps counts what they are said to be, so that a threshold can be met to the request.
func exactly(sc scene) scene {
	sc.noise = 0
	return sc
}

func repeated(repetitions int, sc scene) scene {
	sc.repetitions = repetitions
	return sc
}

func burst(sc scene, factor float64) scene {
	sc.Load.Profile = trial.Burst(factor, 0, 100*time.Millisecond)
	return sc
}

func sessions(sc scene) scene {
	sc.Load.Loop = trial.Sessions
	return sc
}

func slowest(share float64, d time.Duration) func(*trial.Trial) {
	return func(t *trial.Trial) {
		t.Latency.Response = trial.Histogram{}
		n := int64(share * float64(t.Counts.OK))
		t.Latency.Response.RecordN(time.Millisecond, t.Counts.OK-n)
		t.Latency.Response.RecordN(d, n)
	}
}

func promised(sc scene, objective string) scene {
	o, err := trial.ParseObjective(objective)
	if err != nil {
		panic(err)
	}
	sc.Objective = o
	return sc
}

func TestEachRuleHasItsThreshold(t *testing.T) {
	wide := []float64{0.5, 0.9, 1.4}
	levels := func(at5, at9, at14 float64) served {
		return served{name: free, at: map[float64]float64{0.5: at5, 0.9: at9, 1.4: at14}}
	}
	for _, c := range []struct {
		name string
		scene
		want []Code
	}{
		{"nothing wrong is no reason", closed("x", one(nil)), nil},

		{"a server that ended by itself, once", closed("x", one(inRepetition(3, died))), nil},
		{"a server that ended by itself, twice", closed("x", one(all(inRepetition(3, died), inRepetition(5, died)))), []Code{Dies}},
		{"a server that ended by itself, in one of twenty trials", repeated(20, closed("x", one(all(inRepetition(3, died), inRepetition(5, died))))), nil},
		{"a server that never lived to the end, beyond the capacity", open("x", wide, one(atLevel(1.4, died))), []Code{Dies}},
		{"trials that something else made invalid", closed("x", one(all(inRepetition(3, invalid), inRepetition(5, invalid)))), nil},

		{"fewer than one client in a hundred without an answer, once", closed("x", one(inRepetition(3, unserved(9)))), nil},
		{"one client in a hundred without an answer, once", closed("x", one(inRepetition(3, unserved(10)))), []Code{Starves}},
		{"a single client without an answer, twice", closed("x", one(all(inRepetition(3, unserved(1)), inRepetition(5, unserved(1))))), []Code{Starves}},
		{"a single client without an answer, in one of twenty trials", repeated(20, closed("x", one(all(inRepetition(3, unserved(1)), inRepetition(5, unserved(1)))))), nil},
		{"a single client without an answer, in more than one of twenty", repeated(19, closed("x", one(all(inRepetition(3, unserved(1)), inRepetition(5, unserved(1)))))), []Code{Starves}},
		{"a client without an answer beyond the capacity", open("x", wide, one(atLevel(1.4, unserved(10)))), []Code{Starves}},
		{"a place for sessions that had none", sessions(open("x", wide, one(unserved(500)))), nil},
		{"a client without an answer in a trial that is invalid", closed("x", one(inRepetition(3, all(unserved(500), invalid)))), nil},

		{"one in a thousand refused", exactly(closed("x", one(lost(10, rejected)))), nil},
		{"more than one in a thousand refused", exactly(closed("x", one(lost(15, rejected)))), []Code{Sheds}},
		{"refused at the capacity", exactly(open("x", []float64{0.5, 1}, one(atLevel(1, lost(15, rejected))))), []Code{Sheds}},
		{"refused beyond the capacity", exactly(open("x", []float64{0.5, 1.01}, one(atLevel(1.01, lost(5000, rejected))))), nil},
		{"refused in a burst beyond the capacity", exactly(burst(open("x", []float64{0.5}, one(lost(5000, rejected))), 5)), nil},
		{"refused in a burst up to the capacity", exactly(burst(open("x", []float64{0.5}, one(lost(5000, rejected))), 2)), []Code{Sheds}},

		{"half of the goodput beyond the capacity", exactly(open("x", wide, levels(500, 900, 450))), nil},
		{"less than half of the goodput beyond the capacity", exactly(open("x", wide, levels(500, 900, 449))), []Code{Collapses}},
		{"less than half in one trial", exactly(open("x", wide, served{name: free, goodput: 900, change: atLevel(1.4, inRepetition(3, func(t *trial.Trial) { t.Counts.Good = 1 }))})), nil},
		{"its own highest level counts, not its best", exactly(open("x", []float64{0.5, 0.9, 1.4}, levels(2000, 900, 500))), nil},
		{"nothing to hold it against", exactly(open("x", []float64{1.4, 2}, served{name: free, at: map[float64]float64{1.4: 900, 2: 1}})), nil},
		{"a burst is no level", exactly(burst(open("x", wide, levels(500, 900, 1)), 2)), nil},

		{"one in a thousand timed out", exactly(closed("x", one(lost(10, timedOut)))), nil},
		{"more than one in a thousand timed out", exactly(closed("x", one(lost(15, timedOut)))), []Code{Fails}},
		{"more than one in a thousand failed", exactly(closed("x", one(lost(15, failed)))), []Code{Fails}},
		{"more than one in a thousand unanswered", exactly(closed("x", one(lost(15, unanswered)))), []Code{Fails}},
		{"more than one in a thousand unsent", exactly(closed("x", one(lost(15, unsent)))), []Code{Fails}},
		{"more than one in a thousand together", exactly(closed("x", one(all(lost(8, unsent), lost(7, failed))))), []Code{Fails}},
		{"those that the driver never got to are not the server's", exactly(closed("x", one(all(lost(15, unsent), func(t *trial.Trial) { t.Driving.Missed = 5 })))), nil},
		{"failures at nine tenths of the capacity", exactly(open("x", wide, one(atLevel(0.9, lost(15, failed))))), []Code{Fails}},
		{"failures nearer to the capacity", exactly(open("x", []float64{0.5, 0.95}, one(atLevel(0.95, lost(15, failed))))), nil},
		{"one of a few hundred, which is no share of one in a thousand", closed("x", served{name: free, goodput: 60, change: inRepetition(3, lost(1, unanswered))}), nil},
		{"very many in one trial, which is that moment's", exactly(closed("x", served{name: free, goodput: 1000, change: inRepetition(3, lost(500, unanswered))})), nil},
		{"failures in every trial at one level, and very many in one trial at another", exactly(open("x", wide, one(all(atLevel(0.9, lost(50, failed)), atLevel(0.5, inRepetition(3, lost(9000, failed))))))), []Code{Fails}},
		{"refused in every trial at one level, and by chance at one with few requests", exactly(open("x", wide, served{name: free, at: map[float64]float64{0.5: 20, 0.9: 10_000, 1.4: 10_000},
			change: all(atLevel(0.9, lost(30, rejected)), atLevel(0.5, inRepetition(3, lost(1, rejected))))})), []Code{Sheds}},
		{"failures in a burst", exactly(burst(open("x", []float64{0.5}, one(lost(15, failed))), 2)), nil},

		{"the objective is just kept", promised(closed("x", one(slowest(0.02, 10*time.Millisecond))), "p99=11ms"), nil},
		{"the objective is missed", promised(closed("x", one(slowest(0.02, 12*time.Millisecond))), "p99=11ms"), []Code{Objective}},
		{"one bad trial does not miss it for all", promised(closed("x", one(all(slowest(0, 0), inRepetition(3, slowest(0.05, 12*time.Millisecond))))), "p99=11ms"), nil},
		{"one very bad trial does", promised(closed("x", one(all(slowest(0, 0), inRepetition(3, slowest(0.3, 12*time.Millisecond))))), "p99=11ms"), []Code{Objective}},
		{"missed at a level that does not decide", promised(open("x", []float64{0.9, 0.5}, one(all(slowest(0, 0), atLevel(0.9, slowest(1, time.Second))))), "p99=11ms"), nil},
		{"missed beyond the capacity", promised(open("x", wide, one(slowest(1, time.Second))), "p99=11ms"), nil},
		{"too few requests to tell", promised(closed("x", served{name: free, goodput: 5, change: slowest(1, time.Second)}), "p99=11ms"), nil},

		{"the gravest comes first", exactly(closed("x", one(all(unserved(500), lost(100, unanswered), lost(100, rejected))))), []Code{Starves, Fails, Sheds}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, codes(reasons(evidenceOf(t, c.scene)))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWhoHoldsKeepsNineTenths(t *testing.T) {
	for beyond, want := range map[float64]bool{900: true, 899: false, 1200: true, 100: false} {
		e := evidenceOf(t, exactly(open("x", []float64{0.9, 1.2, 1.4}, served{name: free, at: map[float64]float64{0.9: 1000, 1.2: 1000, 1.4: beyond}})))
		if got := holds(e); got != want {
			t.Errorf("%v of 1000: %v", beyond, got)
		}
	}
	if holds(evidenceOf(t, closed("x", one(nil)))) {
		t.Error("it was never offered more than it could do")
	}
}

func TestMemoryIsAReasonFromMoreThanThreefoldOn(t *testing.T) {
	if _, is := memory(3000, 1000, "B", "x"); is {
		t.Error("three times")
	}
	r, is := memory(45*1024, 10*1024, "B", "x")
	if !is || r.Text != "takes 45 KiB of memory for each connection, 4.50 times as much as x" {
		t.Errorf("%v %q", is, r.Text)
	}
	if _, is := memory(2000, 0, "B", "x"); is {
		t.Error("nothing to hold it against")
	}
}

// Catches: memory held against who is best alone, so that the same figures are a reason in one run and none in the next, where
// nobody is shown to be best; somebody out for memory who is not even shown to be behind, or measured against one who is out.
func TestMemoryIsMeasuredAgainstTheLeastWhetherOrNotItIsShownToBeBest(t *testing.T) {
	const heavy, middling, light, open = "heavy", "middling", "light", "open"
	run := runOf(closed("idle", served{heavy, 1000, nil, nil}, served{middling, 1000, nil, nil}, served{light, 1000, nil, nil}, served{open, 1000, nil, nil}, served{small, 1000, nil, unserved(936)}))
	run.Env.Scenarios[0].DecidedBy = stat.Memory.Key
	for i := range run.Trials {
		run.Trials[i].ServerUsage.BaseRSS = 10 << 20
		run.Trials[i].ServerUsage.PeakRSS = 10<<20 + int64(clients*map[string]float64{heavy: 48_000, middling: 16_000, light: 11_000, open: 47_000, small: 2_000}[run.Trials[i].Strategy])
	}
	j := judge{questions: questions(run), labels: map[string]string{light: light}}
	s := Scenario{Behind: []Behind{{Strategy: heavy, Against: middling}, {Strategy: middling, Against: light}}, Undecided: []Open{{Strategy: light}, {Strategy: open}}}
	j.heavy(j.questions[0], &s, []string{heavy, middling, light, open})
	if len(s.Behind) != 1 || s.Behind[0].Strategy != middling || !slices.Equal(outCodes(s, heavy), []Code{Memory}) || len(s.Out) != 1 {
		t.Errorf("behind %+v, out %+v", s.Behind, s.Out)
	}
}

// Catches: workers or the price of an answer named for a figure that they do not move, and the price of an answer explained
// by itself.
func TestWhatWouldBringOneForwardIsAboutWhatDecides(t *testing.T) {
	const cheaper = "nothing in its limits, because each answer costs it 2.00 times the CPU time of free"
	busy := func(cpu time.Duration) func(*trial.Trial) { return func(t *trial.Trial) { t.ServerUsage.CPU = cpu } }
	for _, c := range []struct {
		metric stat.Metric
		cpu    time.Duration
		want   string
	}{
		{stat.Goodput, 300 * time.Millisecond, "more than 64 workers: 1,000 clients wanted one, while the server used 30 % of its CPU time"},
		{stat.Goodput, 950 * time.Millisecond, cheaper},
		{stat.ResponseP50, 950 * time.Millisecond, cheaper},
		{stat.ServerCPU, 300 * time.Millisecond, "nothing in its limits: this is what an answer costs it"},
		{stat.Memory, 300 * time.Millisecond, ""},
		{stat.Memory, 950 * time.Millisecond, ""},
		{stat.StopTime, 950 * time.Millisecond, ""},
		{stat.RecoveryTime, 950 * time.Millisecond, ""},
	} {
		sc := exactly(closed("x", served{free, 1000, nil, busy(c.cpu / 2)}, served{request, 1000, nil, busy(c.cpu)}))
		q := questions(runOf(sc))[0]
		if got := q.catchUp(Behind{Strategy: request, Against: free, Metric: c.metric.Key}, 0.05, "free"); got != c.want {
			t.Errorf("%s, %v: %q, want %q", c.metric.Key, c.cpu, got, c.want)
		}
	}
}

// Catches: a limit that explains nothing blamed for a client without an answer, and the other way round.
func TestALimitExplainsAClientWithoutAnAnswerOnlyWhereItDoes(t *testing.T) {
	for _, c := range []struct{ name, why, change string }{
		{small, "its 64 workers each belong to one connection until that ends, and 1,000 connections want one", "a limit of at least 1,000, or unit=request"},
		{"q:workers=2,queue=unbounded,full=wait,unit=conn", "its 2 workers each belong to one connection until that ends, and 1,000 connections want one", "a limit of at least 1,000, or unit=request"},
		{"q:workers=1,queue=0,full=wait,unit=conn", "its one worker belongs to one connection until that ends, and 1,000 connections want it", "a limit of at least 1,000, or unit=request"},
		{"q:workers=999,queue=0,full=wait,unit=conn", "its 999 workers each belong to one connection until that ends, and 1,000 connections want one", "a limit of at least 1,000, or unit=request"},
		{bigA, "", ""},
		{free, "", ""},
		{request, "", ""},
		{"q:workers=64,queue=0,full=wait,unit=request,maxconns=500", "it holds at most 500 connections, and 1,000 connections want to be held", "a limit of at least 1,000"},
		{"q:workers=unbounded,queue=0,full=wait,unit=conn,maxconns=500", "it holds at most 500 connections, and 1,000 connections want to be held", "a limit of at least 1,000"},
		{"no-full-name", "", ""},
	} {
		e := evidenceOf(t, closed("x", served{name: c.name, goodput: 1000}))
		if why, change := e.blocked(); why != c.why || change != c.change {
			t.Errorf("%s:\n%q\n%q", c.name, why, change)
		}
	}
}

// Catches: advice that does not fit the limits in the name.
func TestWhatWouldChangeAReasonFollowsFromTheLimits(t *testing.T) {
	const wide = "q:workers=2000,queue=0,full=wait,unit=conn,maxconns=200"
	collapsing := func(name string) scene {
		return exactly(open("x", []float64{0.9, 1.4}, served{name: name, at: map[float64]float64{0.9: 1000, 1.4: 100}}))
	}
	shedding := func(name string) scene {
		return exactly(closed("x", served{name: name, goodput: 10_000, change: lost(100, rejected)}))
	}
	for _, c := range []struct {
		scene
		want string
	}{
		{collapsing(free), "full=reject"},
		{collapsing(reject), "refuses earlier"},
		{shedding(reject), "more than 64 workers, a queue longer than 16, or full=wait"},
		{shedding(wide), "maxconns of at least 1,000"},
		{exactly(closed("x", served{name: free, goodput: 10_000, change: all(lost(100, failed), func(t *trial.Trial) {
			t.Findings = []trial.Finding{{Code: "listen-overflows"}}
		})})), "backlog"},
		{exactly(closed("x", served{name: free, goodput: 10_000, change: lost(100, timedOut)})), "wait longer than 1 s"},
		{exactly(closed("x", served{name: small, goodput: 10_000, change: lost(100, unanswered)})), "at least 1,000"},
	} {
		rs := reasons(evidenceOf(t, c.scene))
		if len(rs) != 1 || !strings.Contains(rs[0].Change, c.want) {
			t.Errorf("%s: %+v, want %q", c.served[0].name, rs, c.want)
		}
	}
}

// Catches: a stop that loses requests and is not seen, or one that loses hardly any and is; what a stop loses or refuses
// taken for failures or shedding under load.
func TestWhatAStopLosesIsAReasonOfItsOwn(t *testing.T) {
	for _, c := range []struct {
		stop   trial.Stop // of each trial
		change func(*trial.Trial)
		want   []Code
	}{
		{trial.Stop{InProgress: 1000}, nil, nil},
		{trial.Stop{InProgress: 1000, Lost: 1}, lost(1, failed), nil},
		{trial.Stop{InProgress: 1000, Lost: 2}, lost(2, failed), []Code{Loses}},
		{trial.Stop{InProgress: 1000, Lost: 100}, all(lost(50, failed), lost(50, unanswered)), []Code{Loses}},
		{trial.Stop{InProgress: 1000, Lost: 100}, all(lost(100, failed), lost(15, timedOut)), []Code{Loses, Fails}},
		{trial.Stop{InProgress: 1000, Rejected: 100}, lost(100, rejected), nil},
		{trial.Stop{InProgress: 1000, Rejected: 100}, lost(115, rejected), []Code{Sheds}},
	} {
		stopped := func(x *trial.Trial) {
			if c.change != nil {
				c.change(x)
			}
			stop := c.stop
			stop.Answered = stop.InProgress - stop.Lost - stop.Rejected
			x.Stop = &stop
		}
		if got := codes(reasons(evidenceOf(t, exactly(closed("x", one(stopped)))))); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.stop, got, c.want)
		}
	}
}

func TestGroupsTellHowTheLimitStandsToTheClients(t *testing.T) {
	for name, want := range map[string]string{
		free: "free", bigA: "a (limit at least the clients)", small: "a (limit below the clients, full=wait)",
		reject: "a (limit below the clients, full=reject)", request: "a (unit=request, limit below the clients, full=wait)",
		"q:workers=unbounded,queue=0,full=wait,unit=conn,maxconns=10": "q (limit below the clients, full=wait)",
		"no-full-name": "label",
	} {
		if got := evidenceOf(t, closed("x", served{name: name, goodput: 1000})).group("label"); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if strategies.Unbounded < clients {
		t.Error("unbounded is below the clients")
	}
}

// Catches: a strategy that fails now and then, of which a reader sees nothing because no rule puts it out.
func TestWhoFailsNowAndThenIsSaidTo(t *testing.T) {
	for _, c := range []struct {
		name     string
		failures []int // repetitions of nine in which it leaves 400 of 10,000 requests without an answer
		want     string
		out      bool
	}{
		{"never", nil, "", false},
		{"once, which may be an accident", []int{4}, "", false},
		{"now and then", []int{1, 4, 7}, "slow did not answer 1.3 % of 90,000 requests (1,200 timed out), and more than 0.1 % in 3 of 9 trials", false},
		{"more often than not", []int{0, 1, 4, 7, 8}, "slow cannot be chosen: it did not answer 2.2 % of 90,000 requests (2,000 timed out)", true},
	} {
		sc := exactly(closed("idle", served{name: free, goodput: 20_000}, served{name: slow, goodput: 10_000, change: func(x *trial.Trial) {
			if slices.Contains(c.failures, x.Repetition) {
				lost(400, timedOut)(x)
			}
		}}))
		sc.repetitions = 9
		s := Of(runOf(sc)).Scenarios[0]
		if c.want == "" && strings.Contains(s.Sentence, "did not answer") || !strings.Contains(s.Sentence, c.want) {
			t.Errorf("%s: %q, want %q in it", c.name, s.Sentence, c.want)
		}
		if s.isOut(slow) != c.out || strings.Count(s.Sentence, "did not answer") > 1 {
			t.Errorf("%s: out is %v: %q", c.name, s.isOut(slow), s.Sentence)
		}
	}
}
