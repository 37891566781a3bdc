package strategies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/poolbench/poolbench/strategies/spelling"
)

// A Kind is a family of strategies that differ in their limits, as package all lists them. It has exactly one of New and
// Make: most are a [Dispatcher], others a [Strategy] of their own.
type Kind struct {
	Name    string
	About   string // one sentence: how it runs work, and what its limits and its policy mean
	Default Limits // where a name says nothing
	Units   []Unit // those that it can run, at least one, the default first

	Complete func(Limits) Limits // sets limits that follow from others; nil: none do
	Check    func(Limits) error  // limits that it cannot keep; nil: it can keep all. It holds no goroutine.

	New  NewDispatcher
	Make func(Spec) Strategy

	Constructor Constructor // what New is, or with EventLoop the [NewLoop] that Make uses, in Go: for [Kinds.Go]; empty: it is not for writing down

	OwnThreads bool // runs each task on an OS thread of its own, of which systems let a process have so many and no more

	EventLoop bool // runs handlers on event loops: message form only, and one that blocks holds up other connections
}

// strategy returns the one that s names; s has been checked.
func (k Kind) strategy(s Spec) Strategy {
	switch {
	case k.Make != nil:
		return k.Make(s)
	case s.Unit == RequestUnit:
		return PerRequest(k.Name, k.New, s.Limits)
	default:
		return PerConn(k.Name, k.New, s.Limits)
	}
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
	return kind.strategy(spec), nil
}

// Spec completes the name in text to its full form, and checks it as Parse does.
func (ks Kinds) Spec(text string) (Spec, error) {
	spec, _, err := ks.resolve(text)
	return spec, err
}

// CanRun returns an [UnsupportedError] if the strategy that text names cannot run h, as its Serve would, or the error that
// Parse would return.
func (ks Kinds) CanRun(text string, h Handler) error {
	spec, kind, err := ks.resolve(text)
	if err != nil {
		return err
	}
	if _, inMessages := ProtocolOf(h); inMessages || (spec.Unit == ConnUnit && !kind.EventLoop) {
		return nil
	}
	return &UnsupportedError{Strategy: spec.String(), Reason: needsMessages}
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
		return Spec{}, Kind{}, fmt.Errorf("unknown strategy %q%s; allowed: %s", name, spelling.Meant(name, names), strings.Join(names, ", "))
	}
	kind := ks[i]
	spec := Spec{Kind: name, Limits: kind.Default, Unit: kind.Units[0]}
	if err := spec.apply(settings); err != nil {
		return Spec{}, Kind{}, fmt.Errorf("strategy %q: %w", text, err)
	}
	if kind.Complete != nil {
		spec.Limits = kind.Complete(spec.Limits)
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
	if s.Limits.Listeners > 0 && k.Default.Listeners == 0 {
		return limitError("listeners", s.Limits.Listeners, k.Name+" accepts on one socket; several are what reuseport is for")
	}
	if k.Check == nil {
		return nil
	}
	return k.Check(s.Limits)
}
