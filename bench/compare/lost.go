package compare

import (
	"slices"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// lost are the keys of a that b was asked for and has nothing of: no valid trial, or none with the figure that decides. A server that
// ends at its start, or answers nobody, has no figure that could have become worse. What b was not asked for is a smaller suite and no
// loss, nor is a twin. A search measures wherever it has to, so that of its levels together something is enough.
func lost(a, b side, basis Basis) []stat.Cell {
	var all []stat.Cell
	for _, key := range a.keys {
		if key.Twin || len(a.of[key]) == 0 || !b.asked(key) || b.tells(a, key, basis) {
			continue
		}
		if b.searched(key.Scenario) {
			key.Fraction = 0
		}
		if !slices.Contains(all, key) {
			all = append(all, key)
		}
	}
	return all
}

// asked says whether the run was to measure the key; of older records, whether it did.
func (s side) asked(key stat.Cell) bool {
	if _, measured := s.of[key]; measured {
		return true
	}
	sc := s.scenarios[key.Scenario]
	return slices.Contains(sc.Strategies, key.Strategy) && (key.Fraction == 0 || s.searched(key.Scenario) || slices.Contains(sc.Levels, key.Fraction))
}

func (s side) searched(scenario string) bool { return s.scenarios[scenario].Question == trial.Capacity }

// tells says whether the run has something to hold against what old has of the key.
func (s side) tells(old side, key stat.Cell, basis Basis) bool {
	if s.searched(key.Scenario) {
		return slices.ContainsFunc(s.keys, func(k stat.Cell) bool {
			return k.Scenario == key.Scenario && k.Strategy == key.Strategy && len(s.of[k]) > 0
		})
	}
	if len(s.of[key]) == 0 {
		return false
	}
	decides := s.decidedBy(key.Scenario, s.of[key])
	i := slices.IndexFunc(metrics(), func(m stat.Metric) bool { return m.Key == decides })
	if i < 0 || key.Fraction != s.decideAt(key.Scenario) {
		return true
	}
	m := metrics()[i]
	return len(old.values(m, key, basis)) == 0 || len(s.values(m, key, basis)) > 0
}
