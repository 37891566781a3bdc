package workload

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/poolbench/poolbench/strategies/spelling"
)

// A Setting is something about a workload that its name can change, as in wait:hold=20ms.
type Setting struct {
	Key   string
	About string // what it sets, what is allowed, and what it is where the name says nothing
}

// splitName takes NAME:key=value,key=value apart without looking at keys and values. settings is nil where the name ends
// without a colon; no key is there twice.
func splitName(text string) (name string, settings map[string]string, err error) {
	name, rest, given := strings.Cut(text, ":")
	if !given {
		return name, nil, nil
	}
	settings = map[string]string{}
	for setting := range strings.SplitSeq(rest, ",") {
		key, value, ok := strings.Cut(setting, "=")
		if !ok {
			return "", nil, fmt.Errorf("%q is not of the form key=value", setting)
		}
		if _, twice := settings[key]; twice {
			return "", nil, fmt.Errorf("%q is given twice", key)
		}
		settings[key] = value
	}
	return name, settings, nil
}

// under returns w with settings in the place of its usual ones.
func (w Workload) under(settings map[string]string) (Workload, error) {
	if w.With == nil {
		return Workload{}, fmt.Errorf("%s has no settings; allowed: %s", w.Name, w.Name)
	}
	keys := make([]string, len(w.Settings))
	for i, s := range w.Settings {
		keys[i] = s.Key
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if !slices.Contains(keys, key) {
			return Workload{}, fmt.Errorf("%s has no setting %q%s; allowed: %s", w.Name, key, spelling.Meant(key, keys), strings.Join(keys, ", "))
		}
	}
	return w.With(settings)
}

const (
	// shortestHold is what a timer can still tell from none.
	shortestHold = time.Microsecond

	// longestHold is longer than any client is patient; a slip of the finger must not make a run that never ends.
	longestHold = time.Minute

	holdRange = "1µs to 1m" // as one types them
)

func parseHold(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < shortestHold || d > longestHold {
		return 0, fmt.Errorf("hold=%q: not a time to wait; allowed: %s, as in hold=20ms", text, holdRange)
	}
	return d, nil
}

// mostWork bounds a multiple of the usual work. A client computes up to seeds results itself before it can check them, which
// at a hundred times 1 ms is seconds already.
const mostWork = 100

func parseWork(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostWork {
		return 0, fmt.Errorf("work=%q: not a multiple of the usual work; allowed: a whole number from 1 to %d", text, mostWork)
	}
	return n, nil
}

// workSetting is the setting of those that compute; once is the usual work.
func workSetting(once time.Duration) []Setting {
	return []Setting{{"work", fmt.Sprintf("so many times the usual computing of about %s, 1 to %d; 1 if not given", spaced(once), mostWork)}}
}

// spaced writes a time as prose has it: 20 ms.
func spaced(d time.Duration) string {
	if d >= time.Minute {
		return fmt.Sprintf("%v s", d.Seconds())
	}
	text := d.String()
	unit := strings.IndexFunc(text, unicode.IsLetter)
	return text[:unit] + " " + text[unit:]
}

// withWork makes a workload of a multiple of the usual work.
func withWork(make func(times int) Workload) func(map[string]string) (Workload, error) {
	return func(settings map[string]string) (Workload, error) {
		times, err := parseWork(settings["work"])
		if err != nil {
			return Workload{}, err
		}
		return make(times), nil
	}
}
