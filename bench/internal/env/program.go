package env

import (
	"cmp"
	"runtime/debug"
	"slices"

	"github.com/poolbench/poolbench/bench/trial"
)

// self is the module of the harness, which a user's own main has among its dependencies.
const self = "github.com/poolbench/poolbench"

// unknown is the commit where nobody knows it.
const unknown = "unknown"

// program fills in what the binary knows about itself.
func program(e *trial.Env, info *debug.BuildInfo) {
	e.Program = info.Main.Path
	e.Version = unknown
	if info.Main.Path == self {
		e.Version = cmp.Or(info.Main.Version, unknown)
	}
	for _, dep := range info.Deps {
		version := dep.Version
		if dep.Replace != nil { // what was really linked
			version = cmp.Or(dep.Replace.Version, dep.Replace.Path)
		}
		if dep.Path == self {
			e.Version = version
		}
		e.Modules = append(e.Modules, trial.Module{Path: dep.Path, Version: version})
	}
	slices.SortFunc(e.Modules, func(a, b trial.Module) int { return cmp.Compare(a.Path, b.Path) })
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			e.Commit = cmp.Or(s.Value, unknown)
		case "vcs.modified":
			e.Dirty = s.Value == "true"
		}
	}
}
