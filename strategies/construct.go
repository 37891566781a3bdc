package strategies

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Constructor is a function of some package as a Go program that imports the package writes it.
type Constructor struct {
	Import string // the package's path
	Expr   string // the function, behind the package's name: antspool.New
}

const (
	ownPath = "github.com/poolbench/poolbench/strategies"
	ownName = "strategies."
)

// ownConstructor is one of this package.
func ownConstructor(expr string) Constructor { return Constructor{ownPath, ownName + expr} }

// Go returns the Go expression that constructs the strategy that text names, as gofmt writes it, and the paths of the packages
// that it needs, sorted:
//
//	strategies.PerConn("ants", antspool.New, strategies.Limits{Workers: 64, WhenFull: strategies.Reject})
//
// Limits that are zero are left out. A program that does without the list of kinds imports no pool but its own in this way. The
// errors are those of Parse, and one for a kind that states no [Constructor].
//
// Limits.Listeners and Limits.Backlog are kept by the listener: make it with [Listen].
func (ks Kinds) Go(text string) (code string, imports []string, err error) {
	spec, kind, err := ks.resolve(text)
	if err != nil {
		return "", nil, err
	}
	if kind.Constructor == (Constructor{}) || kind.Make != nil && !kind.EventLoop {
		return "", nil, fmt.Errorf("write strategy %q in Go: %w", text, errNoConstructor)
	}
	per := "PerConn"
	switch {
	case kind.EventLoop:
		per = "PerEvent"
	case spec.Unit == RequestUnit:
		per = "PerRequest"
	}
	imports = []string{ownPath, kind.Constructor.Import}
	slices.Sort(imports)
	return fmt.Sprintf("%s%s(%q, %s, %s)", ownName, per, kind.Name, kind.Constructor.Expr, spec.Limits.code()), slices.Compact(imports), nil
}

var errNoConstructor = errors.New("its kind does not say what constructs it (Kind.Constructor)")

// code writes l as a composite literal.
func (l Limits) code() string {
	var fields []string
	for _, f := range []struct {
		name  string
		value int
	}{
		{"Workers", l.Workers}, {"Queue", l.Queue}, {"MaxConns", l.MaxConns}, {"Listeners", l.Listeners}, {"Backlog", l.Backlog},
	} {
		switch f.value {
		case 0:
		case Unbounded:
			fields = append(fields, f.name+": "+ownName+"Unbounded")
		default:
			fields = append(fields, f.name+": "+strconv.Itoa(f.value))
		}
	}
	if l.WhenFull == Reject {
		fields = append(fields, "WhenFull: "+ownName+"Reject")
	}
	return ownName + "Limits{" + strings.Join(fields, ", ") + "}"
}
