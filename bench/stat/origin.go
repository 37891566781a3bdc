package stat

import (
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

// An origin says whose doing a cell's figures are.
type origin int

const (
	server  origin = iota
	blurred        // the server's, with so much of the driver's time in them that small differences do not show
	bounded        // the driver's: the server may be better, and is not worse
)

// most of a cell's trials decide for it: the comparison rests on the median of its ratios, and from half of them on the
// median is one that the driver decided.
const most = 0.5

// whose figures by m the valid trials of a cell are. What the server accounts for itself is always its own.
func whose(m Metric, trials []trial.Trial) origin {
	all := valid(trials)
	switch n := float64(len(all)); {
	case m.Own || len(all) == 0:
		return server
	case float64(having(finding.DriverBound, all)) >= most*n:
		return bounded
	case float64(having(finding.AboveHalfCeiling, all)) >= most*n:
		return blurred
	default:
		return server
	}
}

// Bounded says whether the driver, and not the server, decided the figures of enough trials that the cell is not ranked.
func (s Summary) Bounded() bool {
	return s.Trials > 0 && float64(s.DriverBound) >= most*float64(s.Trials)
}

// having is how many trials have the finding with this code.
func having(code string, trials []trial.Trial) int {
	n := 0
	for _, t := range trials {
		if t.Has(code) {
			n++
		}
	}
	return n
}
