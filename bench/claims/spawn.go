package claims

import (
	"fmt"

	"github.com/poolbench/poolbench/bench/stat"
)

// Places in the scenario spawn.
const (
	spawnGoroutine = iota
	spawnThread
	spawnPool
)

func (r record) spawn() Claim {
	c := claim(Spawn, "Threads take time to start and to end.")
	sc := r.first(spawnName, spawnPool+1)
	if sc == nil {
		c.Sentence = "This was not measured: the run has no scenario " + spawnName + " with a goroutine, a thread and a pool."
		return c
	}
	m := stat.ServerCPU
	goroutine, thread, pool := r.observations(*sc, spawnGoroutine, m), r.observations(*sc, spawnThread, m), r.observations(*sc, spawnPool, m)
	ds := r.decide([]question{{m, thread, goroutine}, {m, thread, pool}, {m, pool, goroutine}})
	for _, one := range []struct {
		place int
		what  string
	}{{spawnGoroutine, "a goroutine for each connection"}, {spawnThread, "a thread for each connection"}, {spawnPool, "a worker that is used again"}} {
		r.level(&c, *sc, one.place, m, one.what+": server CPU per session")
	}
	difference := func(own, against float64) float64 { return own - against }
	cost := func(what string, place int, own, against []stat.Observation, other int) Figure {
		f := estimate(paired(own, against, difference))
		f.Scenario, f.What, f.Unit, f.Strategy, f.Against = sc.Name, what, m.Unit, sc.Strategies[place], sc.Strategies[other]
		c.add(f, f.N > 0)
		return f
	}
	more := cost("a thread more than a goroutine: server CPU per session", spawnThread, thread, goroutine, spawnGoroutine)
	cost("a thread more than a worker that is used again: server CPU per session", spawnThread, thread, pool, spawnPool)
	cost("a worker that is used again more than a goroutine: server CPU per session", spawnPool, pool, goroutine, spawnGoroutine)
	c.add(ratio(ds[0], sc.Name, "a thread over a goroutine: server CPU per session", sc.Strategies[spawnThread], sc.Strategies[spawnGoroutine]))
	c.add(ratio(ds[1], sc.Name, "a thread over a worker that is used again: server CPU per session", sc.Strategies[spawnThread], sc.Strategies[spawnPool]))
	c.add(ratio(ds[2], sc.Name, "a worker that is used again over a goroutine: server CPU per session", sc.Strategies[spawnPool], sc.Strategies[spawnGoroutine]))

	overGoroutine, overPool, reuse := answerOf(ds[0]), answerOf(ds[1]), answerOf(ds[2])
	switch {
	case overGoroutine == worse && overPool == worse:
		c.Verdict = True
		c.Sentence = fmt.Sprintf("A thread for each session costs the server %s of CPU more than a goroutine does, %s; %s. This is starting and ending the thread, and switching to it for each message.",
			span(more), increase(ds[0].Ratio), reused(reuse, ds[2]))
	case overGoroutine == unknown || overPool == unknown:
		c.Sentence = "It is not decided whether a thread for each session costs more: " + wanting(ds[0], ds[1]) + "."
		return c
	case overGoroutine == worse:
		c.Verdict = Partly
		c.Sentence = fmt.Sprintf("A thread for each session costs the server %s of CPU more than a goroutine does, %s, but no more than a worker that is used again.", span(more), increase(ds[0].Ratio))
	case overPool == worse:
		c.Verdict = Partly
		c.Sentence = fmt.Sprintf("A thread for each session costs more server CPU than a worker that is used again, %s, but no more than a goroutine.", increase(ds[1].Ratio))
	default:
		c.Verdict = False
		c.Sentence = "A thread for each session costs no more server CPU than a goroutine or a worker that is used again."
	}
	c.Where = append(c.Where, sc.Name)
	return c
}

// reused says what using goroutines again is worth.
func reused(a answer, d stat.Decision) string {
	switch a {
	case better:
		return "using a worker again saves another " + percent(1-d.Ratio.Value) + " of a goroutine's session"
	case worse:
		return "using a worker again costs more than starting a goroutine, " + increase(d.Ratio)
	case same:
		return "starting a goroutine costs no more than using a worker again"
	default:
		return "whether starting a goroutine costs more than using a worker again is not decided"
	}
}
