package cli

import (
	"maps"
	"testing"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: a warning in every run of open loops, because the driver's ceiling is measured by a driver at its limit.
func TestADriverAtItsLimitIsNoWarningWhereItIsWanted(t *testing.T) {
	bound := []trial.Finding{{Code: finding.DriverBound, Text: "busy; do"}}
	spoilt := map[string]int{}
	for _, x := range []trial.Trial{
		{Strategy: trial.NullServer, Findings: bound},
		{Strategy: trial.NullServer, Findings: []trial.Finding{{Code: finding.MachineDisturbed, Text: "others; do"}}},
		{Strategy: "goroutine", Findings: bound},
		{Strategy: trial.NullServer, Invalid: "late; do", Findings: []trial.Finding{{Code: finding.DriverBound, Text: "late; do", Invalid: true}}},
	} {
		addSpoilt(spoilt, x)
	}
	if want := map[string]int{finding.DriverBound: 2, finding.MachineDisturbed: 1, "invalid": 1}; !maps.Equal(spoilt, want) {
		t.Errorf("got %v, want %v", spoilt, want)
	}
}
