// Package claims says which of a well-known tutorial's claims about threads and pools are true on the machine of a run, and where: a
// run of the suite claims in, a [Claim] for each out. It is pure and deterministic, measures nothing and prints nothing.
//
// What a strategy stands for is given by the suite: by the scenario's name and by the strategy's place in it, never by its own name. The
// first of a scenario is its baseline, which is measured twice in each repetition.
//
//	scenario                       strategies, in this order                                     decides
//	spawn                          a goroutine, a thread for each connection; a pool             server CPU per session
//	threads-N                      a thread for each of N connections, N from the load           server CPU per answer
//	goroutines-N                   a goroutine for each of them                                  server CPU per answer
//	pool-…                         a thread, a goroutine for each connection; a pool with a      goodput, and
//	                               worker for each client; a pool of two workers                 the scenario's own
//
// Workers of pools are goroutines, as everywhere in Go, so that a pool against goroutines tells what using them again is worth, and a pool
// against threads that and what a thread is dearer by. What a thread costs is all of it: its start, its end, and the switches to it.
//
// A comparison is [stat.Decide]'s: a difference is one only if it is significant and larger than the run's threshold, and equality is shown and
// not taken from a difference that was not found. All comparisons of one claim are its family. There is one look at them, after
// all that was measured; where the run itself could stop at several looks, each look may spend its share of the run's
// alpha, and so this one does not spend more.
//
//	claim    true                                        partly                                   false
//	spawn    a thread costs more than a goroutine, and   more than one of the two, and not more   more than neither
//	         more than a worker that is used again       than the other
//	number   threads cost more where there are more of   so do goroutines, by as much or more:    no number of threads costs more
//	         them, and goroutines do not, or less        it is the connections                    than a smaller one
//	pool     both pools are the cure in all scenarios    one of them is, or in one scenario       none is in any
//
// A pool is the cure in a scenario if it does more than a thread for each connection, by goodput, and is no worse than a goroutine for each,
// by what decides the scenario: server CPU where the driver is the bottleneck of the better ones. It is not if a rule of package
// verdict has it out there, such as for clients that got nothing, whatever its figures. All else is undecided.
package claims

import (
	"cmp"
	"slices"

	"github.com/poolbench/poolbench/bench/trial"
)

// Schema is the version of the JSON form. It changes when a field changes its meaning or goes away, not when one is added.
const Schema = 1

// A Verdict is what a claim has turned out to be.
type Verdict string

const (
	True      Verdict = "true"
	False     Verdict = "false"
	Partly    Verdict = "partly"
	Undecided Verdict = "undecided" // not measured, too few valid trials, or the figures do not decide
)

// A Key names a claim. They stand in records, and do not change.
type Key string

const (
	Spawn  Key = "spawn"
	Number Key = "number"
	Pool   Key = "pool"
)

// A Report is all claims of a run, in the tutorial's order.
type Report struct {
	Schema    int     `json:"schema"`
	Alpha     float64 `json:"alpha"`     // the most that a claim's comparisons call any difference where there is none, as a probability
	Threshold float64 `json:"threshold"` // the smallest difference that matters, as a ratio: 0.05 is 5 %
	Claims    []Claim `json:"claims"`
}

// A Claim is one claim, judged.
type Claim struct {
	Key       Key      `json:"key"`
	Statement string   `json:"statement"`
	Verdict   Verdict  `json:"verdict"`
	Where     []string `json:"where"`    // the scenarios of which the verdict holds; empty and never null
	Figures   []Figure `json:"figures"`  // what it rests on; empty and never null
	Sentence  string   `json:"sentence"` // for a reader without statistics
}

// A Figure is one number behind a claim. Lo and Hi are 0 with Confidence 0: there is no interval.
type Figure struct {
	Scenario   string  `json:"scenario"`
	What       string  `json:"what"`    // in words: "a thread over a goroutine: server CPU per session"
	Unit       string  `json:"unit"`    // "s", "1/s"; empty: a ratio, or a share of the clients
	Outcome    string  `json:"outcome"` // of a comparison, as in package stat; empty: an estimate alone
	Sense      string  `json:"sense"`   // "at most" or "at least" where the driver, and not the server, was the limit
	Value      float64 `json:"value"`   // the median over repetitions; a ratio against a figure of 0 is left out
	Lo         float64 `json:"low"`
	Hi         float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	N          int     `json:"repetitions"`
	Strategy   string  `json:"strategy"`          // full name
	Against    string  `json:"against,omitempty"` // full name
}

// Suite is the suite whose runs the claims are judged by. Scenarios of others may have the same names and ask something else.
const Suite = "claims"

// Measured says whether the run is of that suite, and has any scenario of the claims.
func Measured(run trial.Run) bool {
	r := newRecord(run)
	return run.Env.Suite == Suite && (r.first("spawn", 3) != nil || len(r.sweep(threadsPrefix))+len(r.sweep(goroutinesPrefix)) > 0 || len(r.pools()) > 0)
}

// Of judges the claims by a run. Scenarios that it lacks leave a claim undecided. It leaves run as it is, and may be called concurrently.
func Of(run trial.Run) Report {
	r := newRecord(run)
	return Report{Schema: Schema, Alpha: r.design.Alpha, Threshold: r.design.Threshold, Claims: []Claim{r.spawn(), r.number(), r.pool()}}
}

// claim is one that is undecided as yet.
func claim(key Key, statement string) Claim {
	return Claim{Key: key, Statement: statement, Verdict: Undecided, Where: []string{}, Figures: []Figure{}}
}

// inOrder are trials in the order in which they ended: of two of one repetition the first valid one counts.
func inOrder(trials []trial.Trial) []trial.Trial {
	return slices.SortedStableFunc(slices.Values(trials), func(a, b trial.Trial) int { return cmp.Compare(a.Seq, b.Seq) })
}
