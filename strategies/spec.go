package strategies

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/poolbench/poolbench/strategies/spelling"
)

// A Spec is a strategy's full name, taken apart. One spelling serves the command line, records and, with other
// separators, benchmark names:
//
//	ants:workers=64,queue=0,full=wait,unit=conn
//	strategy=ants/workers=64/queue=0/full=wait/unit=conn
type Spec struct {
	Kind   string
	Limits Limits
	Unit   Unit
}

// String writes the full name.
func (s Spec) String() string { return s.Kind + ":" + s.write(",") }

// Path writes the full name as elements of a benchmark's name, so that benchstat can compare by each.
func (s Spec) Path() string { return "strategy=" + s.Kind + "/" + s.write("/") }

func (s Spec) write(separator string) string {
	settings := []string{
		"workers=" + FormatLimit(s.Limits.Workers),
		"queue=" + FormatLimit(s.Limits.Queue),
		"full=" + s.Limits.WhenFull.String(),
		"unit=" + s.Unit.String(),
	}
	if s.Limits.boundsConns() {
		settings = append(settings, "maxconns="+FormatLimit(s.Limits.MaxConns))
	}
	if s.Limits.Listeners > 0 {
		settings = append(settings, "listeners="+FormatLimit(s.Limits.Listeners))
	}
	if s.Limits.Backlog > 0 {
		settings = append(settings, "backlog="+FormatLimit(s.Limits.Backlog))
	}
	return strings.Join(settings, separator)
}

// FormatLimit writes a limit as names have it: the number, or unbounded.
func FormatLimit(n int) string {
	if n == Unbounded {
		return "unbounded"
	}
	return strconv.Itoa(n)
}

// keys in the order in which they are written; a full name has the first four, and of the others those that are set.
var keys = []string{"workers", "queue", "full", "unit", "maxconns", "listeners", "backlog"}

// ParseSpec reads a full name in either spelling. Workers, queue, policy and unit have to be there: it is [Kinds.Parse]
// that knows what a kind takes where nothing is said.
func ParseSpec(text string) (Spec, error) {
	kind, settings, err := splitSpec(text)
	if err != nil {
		return Spec{}, err
	}
	s := Spec{Kind: kind}
	if err := s.apply(settings); err != nil {
		return Spec{}, fmt.Errorf("strategy %q: %w", text, err)
	}
	for _, key := range keys[:4] {
		if !slices.ContainsFunc(settings, func(kv [2]string) bool { return kv[0] == key }) {
			return Spec{}, fmt.Errorf("strategy %q: %s is missing; a full name has %s", text, key, strings.Join(keys[:4], ", "))
		}
	}
	return s, nil
}

// splitSpec takes either spelling apart without looking at keys and values.
func splitSpec(text string) (kind string, settings [][2]string, err error) {
	separator := ","
	kind, rest, given := strings.Cut(text, ":")
	if path, ok := strings.CutPrefix(text, "strategy="); ok {
		separator = "/"
		kind, rest, given = strings.Cut(path, "/")
	}
	if kind == "" {
		return "", nil, fmt.Errorf("strategy %q: no name before the limits; write for example ants:workers=64", text)
	}
	if strings.ContainsAny(kind, ":/,=") {
		return "", nil, fmt.Errorf("strategy %q: %q is no kind's name: limits come after a colon, as in channel:workers=4", text, kind)
	}
	if !given {
		return kind, nil, nil
	}
	for _, setting := range strings.Split(rest, separator) {
		key, value, ok := strings.Cut(setting, "=")
		if !ok {
			return "", nil, fmt.Errorf("strategy %q: %q is not of the form key=value; keys are %s", text, setting, strings.Join(keys, ", "))
		}
		settings = append(settings, [2]string{key, value})
	}
	return kind, settings, nil
}

func (s *Spec) apply(settings [][2]string) error {
	seen := map[string]bool{}
	for _, setting := range settings {
		key, value := setting[0], setting[1]
		if seen[key] {
			return fmt.Errorf("%s is given twice", key)
		}
		seen[key] = true
		var err error
		switch key {
		case "workers":
			s.Limits.Workers, err = parseLimit(value, 1)
		case "queue":
			s.Limits.Queue, err = parseLimit(value, 0)
		case "maxconns":
			s.Limits.MaxConns, err = parseLimit(value, 1)
		case "listeners":
			s.Limits.Listeners, err = parseCount(value)
		case "backlog":
			s.Limits.Backlog, err = parseCount(value)
		case "full":
			s.Limits.WhenFull, err = parseWord(value, Wait, Reject)
		case "unit":
			s.Unit, err = parseWord(value, ConnUnit, RequestUnit)
		default:
			return fmt.Errorf("unknown key %q%s; allowed: %s", key, spelling.Meant(key, keys), strings.Join(keys, ", "))
		}
		if err != nil {
			return fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	return nil
}

func parseLimit(text string, least int) (int, error) {
	if text == "unbounded" {
		return Unbounded, nil
	}
	n, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) || n == Unbounded {
		return 0, errors.New("too large; allowed: a smaller number, or unbounded")
	}
	if err != nil || n < least {
		return 0, fmt.Errorf("not a limit; allowed: a whole number from %d, or unbounded", least)
	}
	return n, nil
}

// parseCount reads a number that cannot be without a bound.
func parseCount(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n == Unbounded {
		return 0, errors.New("not a count; allowed: a whole number from 1")
	}
	return n, nil
}

func parseWord[T fmt.Stringer](text string, allowed ...T) (T, error) {
	words := make([]string, len(allowed))
	for i, word := range allowed {
		if words[i] = word.String(); words[i] == text {
			return word, nil
		}
	}
	var none T
	return none, fmt.Errorf("unknown%s; allowed: %s", spelling.Meant(text, words), strings.Join(words, ", "))
}
