package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// caption says under each figure where its numbers come from, so that it can be shown without the report.
func (v view) caption() string {
	parts := []string{v.machine()}
	if !v.run.Env.Started.IsZero() {
		parts = append(parts, v.run.Env.Started.UTC().Format("2006-01-02"))
	}
	parts = append(parts, "commit "+v.commit())
	if n := v.repetitions(); n > 0 {
		parts = append(parts, counted(n, "repetition"))
	}
	if w := v.windows(); w != "" {
		parts = append(parts, "windows of "+w)
	}
	if text := v.incomplete(); text != "" {
		parts = append(parts, "PARTIAL: "+text)
	}
	return strings.Join(parts, " · ")
}

func (v view) machine() string {
	p := v.run.Env.Platform
	var parts []string
	if p.CPUModel != "" {
		parts = append(parts, p.CPUModel)
	}
	if p.CPUs > 0 {
		cpus := fmt.Sprintf("%d logical CPUs", p.CPUs)
		if own := len(v.run.Env.Server.CPUs); own > 0 { // what strategies share and contend for
			cpus += fmt.Sprintf(" (%d for the server)", own)
		}
		parts = append(parts, cpus)
	}
	if s := strings.TrimSpace(p.GOOS + " " + p.Kernel); s != "" {
		parts = append(parts, s)
	}
	if p.GoVersion != "" {
		parts = append(parts, p.GoVersion)
	}
	if len(parts) == 0 {
		return "machine unknown"
	}
	return strings.Join(parts, ", ")
}

func (v view) commit() string {
	c := v.run.Env.Commit
	if c == "" {
		c = "unknown"
	}
	if len(c) == 40 {
		c = c[:12]
	}
	if v.run.Env.Dirty {
		c += " with changes"
	}
	return c
}

// repetitions is the number that the run got to.
func (v view) repetitions() (n int) {
	for _, t := range v.run.Trials {
		if !t.Calibrates {
			n = max(n, t.Repetition+1)
		}
	}
	return n
}

// windows is the usual length of the window, or the range where scenarios differ.
func (v view) windows() string {
	var ds []time.Duration
	for _, s := range v.scenarios {
		for _, c := range s.cells() {
			ds = append(ds, c.Window)
		}
	}
	return between(ds)
}

// between is a duration, or the range where ds differ by more than the third digit.
func between(ds []time.Duration) string {
	if len(ds) == 0 {
		return ""
	}
	lo, hi := duration(slices.Min(ds)), duration(slices.Max(ds))
	if lo == hi {
		return lo
	}
	return lo + " to " + hi
}

// incomplete says what is missing, and is empty for a complete run.
func (v view) incomplete() string {
	n, planned := v.run.Steps(), v.run.Env.Planned
	switch {
	case planned > n:
		return fmt.Sprintf("%s of %s trials measured", count(int64(n)), count(int64(planned)))
	case v.run.Env.Interrupted:
		return "interrupted"
	default:
		return ""
	}
}

// clients says how many there were and what they were. A level is made with its first cell.
func clients(l level) string {
	load := l.cells[0].Load
	if load.Loop == trial.Sessions {
		return fmt.Sprintf("at most %s open at once", counted(load.Clients, "connection"))
	}
	return counted(load.Clients, "client")
}
