package report

import (
	"fmt"
	"strings"
	"time"
)

// title also says what nobody must overlook.
func (v view) title(d *document) {
	d.f("# How connections were served: a comparison of strategies\n\n")
	if text := v.incomplete(); text != "" {
		d.f("**This run is partial: %s.** What is missing may favour those that were measured.\n\n", text)
	}
}

func (v view) header(d *document) {
	e := v.run.Env
	d.f("## The run\n\n")
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
