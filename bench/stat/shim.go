package stat

import (
	"math"

	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
)

func each(n int) float64 { return 1 - alpha/float64(max(n, 1)) }

func differs(r Estimate) bool { return (r.Lo > 1 || r.Hi < 1) && math.Abs(r.Value-1) > Threshold }

type whoseDoing int

const (
	server whoseDoing = iota
	blurred
	bounded
)

func whose(m Metric, trials []trial.Trial) whoseDoing {
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

func ratios(m Metric, a, b []trial.Trial) []float64 {
	base := byRepetition(m, b)
	var all []float64
	for repetition, v := range byRepetition(m, a) {
		if base[repetition] > 0 {
			all = append(all, v/base[repetition])
		}
	}
	return all
}
