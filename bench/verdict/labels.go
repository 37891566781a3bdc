package verdict

import (
	"maps"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
)

// Labels are short names by full name: each strategy's kind, and, where one scenario has several of a kind, the limits in
// which those differ. Numbers that change from scenario to scenario only do not count, so that a strategy keeps its name
// and its style through a report; policy and unit do. Where anybody shows its workers, so do all whose number is the same in
// all scenarios: beside the others they would seem to have no limit. What most strategies do is not said: that they wait at
// the limit, and that a worker serves a connection.
func Labels(trials []trial.Trial) map[string]string {
	byScenario := map[string]map[string][]string{} // scenario → kind → full names
	names := map[string]bool{}
	for _, t := range trials {
		names[t.Strategy] = true
		kinds := byScenario[t.Scenario]
		if kinds == nil {
			kinds = map[string][]string{}
			byScenario[t.Scenario] = kinds
		}
		if !slices.Contains(kinds[t.Kind()], t.Strategy) {
			kinds[t.Kind()] = append(kinds[t.Kind()], t.Strategy)
		}
	}
	telling := map[string]map[string]bool{} // kind → keys
	for _, kinds := range byScenario {
		for kind, full := range kinds {
			if telling[kind] == nil {
				telling[kind] = map[string]bool{}
			}
			for _, key := range differing(full) {
				telling[kind][key] = true
			}
		}
	}
	of := map[string][]string{} // kind → full names, of all scenarios
	for name := range names {
		of[trial.Kind(name)] = append(of[trial.Kind(name)], name)
	}
	for kind, full := range of {
		for _, key := range differing(full) {
			if key == plainPolicy.key || key == plainUnit.key { // which are too much of a difference to go without saying
				telling[kind][key] = true
			}
		}
	}
	shown := func(keys map[string]bool) bool { return keys[workers] }
	if slices.ContainsFunc(slices.Collect(maps.Values(telling)), shown) {
		for kind, full := range of {
			if limited(full[0]) && !slices.Contains(differing(full), workers) {
				telling[kind][workers] = true
			}
		}
	}
	out := map[string]string{}
	for name := range names {
		label := trial.Kind(name)
		for _, s := range settings(name) {
			if telling[trial.Kind(name)][s.key] && s != plainPolicy && s != plainUnit {
				label += " " + s.text()
			}
		}
		out[name] = label
	}
	return out
}

// workers is the limit that every strategy has, if only to say that it has none.
const workers = "workers"

// limited says whether a full name has a number of workers.
func limited(name string) bool {
	return slices.ContainsFunc(settings(name), func(s setting) bool {
		return s.key == workers && s.value != strategies.FormatLimit(strategies.Unbounded)
	})
}

type setting struct{ key, value string }

// Every name states its policy and its unit; these are the usual ones.
var (
	plainPolicy = setting{"full", strategies.Wait.String()}
	plainUnit   = setting{"unit", strategies.ConnUnit.String()}
)

func (s setting) text() string {
	if s.value == "" {
		return s.key
	}
	return s.key + "=" + s.value
}

// settings are the limits in a full name, in its order.
func settings(name string) []setting {
	_, limits, ok := strings.Cut(name, ":")
	if !ok {
		return nil
	}
	var out []setting
	for part := range strings.SplitSeq(limits, ",") {
		key, value, _ := strings.Cut(part, "=")
		out = append(out, setting{key, value})
	}
	return out
}

// differing are the keys whose values are not the same in all names.
func differing(names []string) []string {
	values := map[string]map[string]bool{}
	present := map[string]int{}
	for _, name := range names {
		for _, s := range settings(name) {
			if values[s.key] == nil {
				values[s.key] = map[string]bool{}
			}
			values[s.key][s.value] = true
			present[s.key]++
		}
	}
	var keys []string
	for key, set := range values {
		if len(set) > 1 || present[key] < len(names) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
