package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

func (v view) header(d *document) {
	e := v.run.Env
	d.f("# How connections were served: a comparison of strategies\n\n")
	if text := v.incomplete(); text != "" {
		d.f("**This run is partial: %s.** What is missing may favour those that were measured.\n\n", text)
	}
	line := func(what, text string) {
		if text != "" {
			d.f("- **%s:** %s\n", what, text)
		}
	}
	var marks strings.Builder
	for _, n := range v.warnings() {
		marks.WriteString(d.note(n))
	}
	o := v.overview()
	line("Measured", fmt.Sprintf("%s in %s, %s, %s%s", counted(len(o.strategies), "strategy"),
		counted(len(v.scenarios), "scenario"), counted(v.repetitions(), "repetition"), v.trialsText(), marks.String()))
	line("By", code(strings.Join(e.Command, " ")))
	line("On", prose(v.machine()))
	if !e.Started.IsZero() {
		when := e.Started.UTC().Format("2006-01-02 15:04:05 UTC")
		if e.Finished.After(e.Started) {
			when += ", for " + e.Finished.Sub(e.Started).Round(time.Second).String()
		}
		line("When", when)
	}
	line("Code", strings.TrimSpace(fmt.Sprintf("%s %s, commit %s, seed %d", prose(e.Program), prose(e.Version), prose(v.commit()), e.Seed)))
	line("Raw data", "[trials.jsonl](trials.jsonl), [env.json](env.json)")
	d.f("\n")
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.NewReplacer("`", "'", "\n", " ").Replace(s) + "`"
}

// trialsText says how many trials there are, and how many of them count.
func (v view) trialsText() string {
	n, invalid := len(v.run.Trials), 0
	for _, t := range v.run.Trials {
		if t.Invalid != "" {
			invalid++
		}
	}
	text := counted(n, "trial")
	if planned := v.run.Env.Planned; planned > 0 {
		text = fmt.Sprintf("%s of %s trials", count(int64(n)), count(int64(planned)))
		if planned == n && !v.run.Env.Interrupted {
			text = "all of " + counted(n, "trial")
		}
	}
	if invalid > 0 {
		text += fmt.Sprintf(", %d of them invalid and left out", invalid)
	}
	return text
}

// warnings are those of the run, then those of its trials, each once with where it was seen.
func (v view) warnings() []string {
	var out []string
	for _, w := range slices.Concat(v.run.Warnings, v.run.Env.Warnings) {
		out = append(out, w.Code+": "+w.Text)
	}
	type seen struct {
		text  string
		count int
		where []string
	}
	var codes []string
	byCode := map[string]*seen{}
	add := func(t trial.Trial, code, text string) {
		s := byCode[code]
		if s == nil {
			s = &seen{text: text}
			byCode[code] = s
			codes = append(codes, code)
		}
		s.count++
		if place := v.labels[t.Strategy] + " on " + t.Scenario; !slices.Contains(s.where, place) {
			s.where = append(s.where, place)
		}
	}
	for _, t := range v.run.Trials {
		if t.Invalid != "" {
			reason, _, _ := strings.Cut(t.Invalid, "\n") // what a server printed before it died is in trials.jsonl
			add(t, "invalid", reason)
		}
		for _, w := range t.Warnings {
			add(t, w.Code, w.Text)
		}
	}
	slices.Sort(codes)
	for _, code := range codes {
		s := byCode[code]
		out = append(out, fmt.Sprintf("%s, in %s (%s); the first: %s", code, counted(s.count, "trial"), list(s.where, 6, "place"), s.text))
	}
	return out
}
