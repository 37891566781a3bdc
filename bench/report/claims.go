package report

import "github.com/poolbench/poolbench/bench/claims"

// claims is a section on the tutorial's claims, where the run has scenarios of theirs.
func (v view) claims(d *document) {
	if !claims.Measured(v.run) {
		return
	}
	d.f("## The tutorial's claims\n\n")
	for _, c := range claims.Of(v.run).Claims {
		d.f("- **%s %s.** %s\n", prose(c.Statement), c.Verdict.Word(), prose(c.Sentence))
	}
	d.f("\nThe figures with their intervals: [claims.json](claims.json), and `poolbench claims` prints them.\n\n")
}
