package all_test

import (
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

// constructed are the names to write down in Go: those that are tested otherwise too, and limits that are rare.
func constructed(t *testing.T) (names []string) {
	for _, kind := range all.Kinds() {
		for _, spec := range specs(t, kind) {
			names = append(names, spec.String())
		}
	}
	return append(names, "channel:workers=3,queue=1048576,full=reject,unit=request,maxconns=7,backlog=9", "goroutine:maxconns=unbounded",
		"workerpool:workers=unbounded,queue=unbounded,full=wait,unit=conn")
}

// TestTheGoLineOfEveryStrategyConstructsIt builds one program with all lines, which compares each strategy with the one that Parse
// makes: its type, its limits and the functions that it calls, printed in full.
func TestTheGoLineOfEveryStrategyConstructsIt(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skipf("no go command to build with: %v", err)
	}
	imports := map[string]bool{"fmt": true, "github.com/poolbench/poolbench/strategies": true, "github.com/poolbench/poolbench/strategies/all": true}
	var lines strings.Builder
	names := constructed(t)
	for _, name := range names {
		code, needs, err := all.Kinds().Go(name)
		if err != nil {
			t.Fatal(err)
		}
		if formatted, err := format.Source([]byte(code)); err != nil || string(formatted) != code {
			t.Errorf("%s: gofmt writes %q, %v; got %q", name, formatted, err, code)
		}
		if !slices.IsSorted(needs) || len(slices.Compact(slices.Clone(needs))) != len(needs) {
			t.Errorf("%s: imports %q are not sorted, or one is there twice", name, needs)
		}
		for _, p := range needs {
			imports[p] = true
			if !strings.Contains(code, path.Base(p)+".") {
				t.Errorf("%s: %q needs no %s", name, code, p)
			}
		}
		// One that is missing is found where it is the only one to say so: no two adapters share a package.
		fmt.Fprintf(&lines, "\t\t{%q, %s},\n", name, code)
	}
	var program strings.Builder
	program.WriteString("package main\n\nimport (\n")
	for p := range imports {
		fmt.Fprintf(&program, "\t%q\n", p)
	}
	fmt.Fprintf(&program, `)

func main() {
	kinds := all.Kinds()
	for _, s := range []struct {
		name  string
		built strategies.Strategy
	}{
%s	} {
		parsed, err := kinds.Parse(s.name)
		if err != nil {
			fmt.Println(err)
			continue
		}
		if got, want := fmt.Sprintf("%%#v", s.built), fmt.Sprintf("%%#v", parsed); got != want || s.built.Name() != parsed.Name() {
			fmt.Printf("%%s\n got %%s\nwant %%s\n", s.name, got, want)
		}
	}
	fmt.Println("compared")
}
`, &lines)
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	// In this folder, so that it finds this module. Where a kind's function is inlined, a function literal in it is another one.
	out, err := exec.Command(goTool, "run", "-gcflags=-l", "-gcflags=github.com/poolbench/poolbench/strategies/all=-l", file).CombinedOutput()
	if err != nil || string(out) != "compared\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAStrategyThatCannotBeWrittenInGoIsAnErrorThatSaysWhy(t *testing.T) {
	unnamed := strategies.Channel()
	unnamed.Constructor = strategies.Constructor{}
	own := strategies.Kind{
		Name: "own", Default: strategies.Limits{Workers: 1}, Units: []strategies.Unit{strategies.ConnUnit}, Constructor: strategies.Channel().Constructor,
		Make: func(s strategies.Spec) strategies.Strategy {
			return strategies.PerConn(s.Kind, strategies.Channel().New, s.Limits)
		},
	}
	for text, want := range map[string]string{
		"channel":           `write strategy "channel" in Go: its kind does not say what constructs it (Kind.Constructor)`,
		"own":               `write strategy "own" in Go: its kind does not say what constructs it (Kind.Constructor)`, // Make may do anything
		"swarm":             `unknown strategy "swarm"; allowed: channel, own`,
		"channel:workers=0": `strategy "channel:workers=0": workers=0: not a limit; allowed: a whole number from 1, or unbounded`,
	} {
		if code, imports, err := (strategies.Kinds{unnamed, own}).Go(text); err == nil || err.Error() != want || code != "" || imports != nil {
			t.Errorf("%s: got %q, %q, error %v; want the error %s", text, code, imports, err, want)
		}
	}
}
