package report

import (
	"fmt"
	"strings"
	"time"
)

// title also says what nobody must overlook.
func (v view) title(d *document) {
	d.f("# %s\n\n", documentTitle)
	if text := v.incomplete(); text != "" {
		d.f("**This run is partial: %s.** What is missing may favour those that were measured.\n\n", text)
	}
	d.f("%s.\n\n", prose(v.caption()))
}

// machineAndData says what was measured, where, when, and what is to be kept in mind of it.
func (v view) machineAndData(d *document) {
	d.f("## Machine, warnings and data\n\n")
	e := v.run.Env
	line := func(what, text string) {
		if text != "" {
			d.f("- **%s:** %s\n", what, text)
		}
	}
	o := v.overview()
	line("Measured", fmt.Sprintf("%s in %s, %s, %s", counted(len(o.strategies), "strategy"),
		counted(len(v.scenarios), "scenario"), counted(v.repetitions(), "repetition"), v.trialsText()))
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
	line("Raw data", "[trials.jsonl](trials.jsonl), one trial in each line; [env.json](env.json), the machine and what was asked; [verdict.json](verdict.json)")
	d.f("\n")
	warnings := v.warnings()
	if len(warnings) == 0 {
		return
	}
	d.f("### Warnings\n\n")
	for _, w := range warnings {
		d.f("- %s\n", prose(w))
	}
	d.f("\n")
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.NewReplacer("`", "'", "\n", " ").Replace(s) + "`"
}
