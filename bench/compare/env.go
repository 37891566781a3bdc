package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/trial"
)

// A Change is something in the runs' records that is not the same.
type Change struct {
	What string `json:"what"`
	Old  string `json:"old"` // "unknown" where the record does not tell
	New  string `json:"new"`
}

// changes collects what is different.
type changes []Change

func (c *changes) add(what, old, new string) {
	if old == new {
		return
	}
	const unknown = "unknown"
	if old == "" {
		old = unknown
	}
	if new == "" {
		new = unknown
	}
	*c = append(*c, Change{what, old, new})
}

// each adds what is different in two maps; what is in one of them only is absent from the other.
func (c *changes) each(prefix string, old, new map[string]string) {
	both := maps.Clone(old)
	if both == nil {
		both = map[string]string{}
	}
	maps.Copy(both, new)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		a, inOld := old[key]
		b, inNew := new[key]
		if !inOld {
			a = "none"
		}
		if !inNew {
			b = "none"
		}
		c.add(prefix+key, a, b)
	}
}

// machine says what makes absolute figures of the two runs incomparable: the machine, how its system is set, how the two
// processes were placed, and what drove the load.
func machine(old, new trial.Run) []Change {
	var c changes
	a, b := old.Env.Platform, new.Env.Platform
	c.add("CPU model", a.CPUModel, b.CPUModel)
	c.add("CPUs", fmt.Sprint(a.CPUs), fmt.Sprint(b.CPUs))
	c.add("system", a.GOOS+"/"+a.GOARCH, b.GOOS+"/"+b.GOARCH)
	c.add("kernel", a.Kernel, b.Kernel)
	c.add("clock source", a.Clocksource, b.Clocksource)
	c.add("frequency governor", a.Governor, b.Governor)
	c.add("CPU quota", quota(a), quota(b))
	c.each("sysctl ", a.Sysctls, b.Sysctls)
	c.each("environment ", a.GoSettings, b.GoSettings)
	c.add("server", place(old.Env.Server), place(new.Env.Server))
	c.add("driver", place(old.Env.Driver), place(new.Env.Driver))
	c.add("driver used", drivers(old.Trials), drivers(new.Trials))
	return c
}

// quota is none where the record does not tell: those of older programs do not, and most machines have none.
func quota(p trial.Platform) string {
	if p.CPUQuota == nil || *p.CPUQuota == 0 {
		return "none"
	}
	return fmt.Sprintf("%.3g CPUs", *p.CPUQuota)
}

func place(s trial.Side) string {
	if len(s.CPUs) == 0 {
		return fmt.Sprintf("GOMAXPROCS %d, not pinned", s.GOMAXPROCS)
	}
	return fmt.Sprintf("GOMAXPROCS %d on CPUs %v", s.GOMAXPROCS, s.CPUs)
}

func drivers(trials []trial.Trial) string {
	names := map[string]bool{}
	for _, t := range trials {
		if t.Driver.Name != "" {
			names[t.Driver.Name] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
}

// changed says what else is different: most often what the comparison is made for.
func changed(old, new trial.Env) []Change {
	var c changes
	c.add("program", old.Program, new.Program)
	c.add("poolbench", old.Version, new.Version)
	c.add("commit", commit(old), commit(new))
	c.add("Go", old.Platform.GoVersion, new.Platform.GoVersion)
	c.each("module ", modules(old), modules(new))
	c.add("suite", old.Suite, new.Suite)
	c.add("seed", fmt.Sprint(old.Seed), fmt.Sprint(new.Seed))
	return c
}

func commit(e trial.Env) string {
	if e.Dirty {
		return e.Commit + " with changes"
	}
	return e.Commit
}

func modules(e trial.Env) map[string]string {
	versions := map[string]string{}
	for _, m := range e.Modules {
		versions[m.Path] = m.Version
	}
	return versions
}
