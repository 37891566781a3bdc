package strategies

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
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
	return strings.Join(settings, separator)
}

// FormatLimit writes a limit as names have it: the number, or unbounded.
func FormatLimit(n int) string {
	if n == Unbounded {
		return "unbounded"
	}
	return strconv.Itoa(n)
}

// keys in the order in which they are written; maxconns may be left out of a full name.
var keys = []string{"workers", "queue", "full", "unit", "maxconns"}

// ParseSpec reads a full name in either spelling. Every limit has to be there: it is [Kinds.Parse] that knows what
// a kind takes where nothing is said.
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
		case "full":
			s.Limits.WhenFull, err = parseWord(value, Wait, Reject)
		case "unit":
			s.Unit, err = parseWord(value, ConnUnit, RequestUnit)
		default:
			return fmt.Errorf("unknown key %q; allowed: %s", key, strings.Join(keys, ", "))
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
	if err != nil || n < least || n == Unbounded {
		return 0, fmt.Errorf("not a limit; allowed: a whole number from %d, or unbounded", least)
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
	return none, fmt.Errorf("unknown; allowed: %s", strings.Join(words, ", "))
}

// boundsConns reports whether MaxConns is a limit at all.
func (l Limits) boundsConns() bool { return l.MaxConns != 0 && l.MaxConns != Unbounded }

// Check reports limits that mean nothing, whatever the dispatcher.
func (l Limits) Check() error {
	switch {
	case l.Workers < 1:
		return fmt.Errorf("workers=%d: nothing would ever be served; allowed: a whole number from 1, or unbounded", l.Workers)
	case l.Queue < 0:
		return fmt.Errorf("queue=%d: allowed: a whole number from 0, or unbounded", l.Queue)
	case l.MaxConns < 0:
		return fmt.Errorf("maxconns=%d: allowed: a whole number from 1, or unbounded", l.MaxConns)
	case l.WhenFull == Reject && l.Queue == Unbounded:
		return errors.New("full=reject with queue=unbounded: an unbounded queue is never full; allowed: full=wait, or a bounded queue")
	}
	return nil
}

// A Kind is a family of strategies that differ in their limits, as package all lists them.
type Kind struct {
	Name    string
	About   string             // one sentence: how it runs work, and what its limits mean
	Default Limits             // where a name says nothing
	Units   []Unit             // those that it can run, the default first
	Check   func(Limits) error // limits that it cannot keep; nil: it can keep all. It holds no goroutine.
	New     NewDispatcher
}

// Kinds is a list of kinds, and the parser of the names that can be built from it.
type Kinds []Kind

// Parse builds the strategy that text names. text is a kind's name with any of its limits, in either spelling of
// [Spec]; what it leaves out is the kind's default. An error names what is wrong and lists what is allowed.
func (ks Kinds) Parse(text string) (Strategy, error) {
	spec, kind, err := ks.resolve(text)
	if err != nil {
		return nil, err
	}
	if spec.Unit == RequestUnit {
		return PerRequest(kind.Name, kind.New, spec.Limits), nil
	}
	return PerConn(kind.Name, kind.New, spec.Limits), nil
}

// Spec completes the name in text to its full form, and checks it as Parse does.
func (ks Kinds) Spec(text string) (Spec, error) {
	spec, _, err := ks.resolve(text)
	return spec, err
}

func (ks Kinds) resolve(text string) (Spec, Kind, error) {
	name, settings, err := splitSpec(text)
	if err != nil {
		return Spec{}, Kind{}, err
	}
	i := slices.IndexFunc(ks, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		names := make([]string, len(ks))
		for i, k := range ks {
			names[i] = k.Name
		}
		return Spec{}, Kind{}, fmt.Errorf("unknown strategy %q; allowed: %s", name, strings.Join(names, ", "))
	}
	kind := ks[i]
	spec := Spec{Kind: name, Limits: kind.Default, Unit: kind.Units[0]}
	if err := spec.apply(settings); err != nil {
		return Spec{}, Kind{}, fmt.Errorf("strategy %q: %w", text, err)
	}
	if err := kind.check(spec); err != nil {
		return Spec{}, Kind{}, fmt.Errorf("strategy %q: %w", text, err)
	}
	return spec, kind, nil
}

func (k Kind) check(s Spec) error {
	if !slices.Contains(k.Units, s.Unit) {
		words := make([]string, len(k.Units))
		for i, u := range k.Units {
			words[i] = u.String()
		}
		return fmt.Errorf("unit=%s: %s cannot run it; allowed: %s", s.Unit, k.Name, strings.Join(words, ", "))
	}
	if err := s.Limits.Check(); err != nil {
		return err
	}
	if k.Check == nil {
		return nil
	}
	return k.Check(s.Limits)
}

// limitError says which limit a kind cannot keep, why, and what it can.
func limitError(key string, value int, why string) error {
	return fmt.Errorf("%s=%s: %s", key, FormatLimit(value), why)
}
