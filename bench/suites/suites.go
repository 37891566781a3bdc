// Package suites has the suites that poolbench comes with, as suite files. Their comments say what each scenario decides, and
// the sum of what they take; `poolbench init` hands out copies to start from.
package suites

import (
	"embed"
	"fmt"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/suitefile"
)

//go:embed *.yaml
var files embed.FS

// names are the suites'. The first is the quick one, which is measured unless another is asked for.
var names = []string{"quick", "standard", "thorough", "claims"}

// All returns the built-in suites, the quick one first, with the strategies and workloads of the catalog. It panics if the catalog
// lacks one that they name: that is a mistake of the program and not of its user.
func All(catalog bench.Suite) []bench.Suite {
	var all []bench.Suite
	for _, name := range names {
		s, err := suitefile.Read(name+".yaml", Text(name), catalog)
		if err != nil {
			panic(fmt.Sprintf("suites: %v", err))
		}
		all = append(all, s)
	}
	return all
}

// Text is the file of a built-in suite, with its comments; nil if there is none of that name.
func Text(name string) []byte {
	text, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil
	}
	return text
}
