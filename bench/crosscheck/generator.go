package main

import (
	"context"
	"os/exec"
	"regexp"
	"time"
)

// A generator is a program that loads an HTTP server. Adding one is adding one of these, and its name to generators.
type generator struct {
	name    string
	program string // in PATH, or a path

	// args and env, either of which may be nil, have it carry out t and print what parse reads.
	args, env func(t task) []string
	parse     func(output string) (said, error)

	// version is the argument that makes it say its version, or about is what there is to say.
	version, about string
}

// A task is what all of them do: a closed loop on Target until Length is over.
type task struct {
	Target      string // host:port
	Connections int
	Threads     int           // that they may use: one for each of their CPUs
	OwnCPUs     bool          // nobody else uses those
	Length      time.Duration // whole seconds, for those that take no others
}

// said is what a generator says about its run.
type said struct {
	Requests  int64 // answered, and as they should be
	Failed    int64 // all others
	PerSecond float64
	P50, P99  time.Duration
	Unit      time.Duration // in which it says P50 and P99; 0: it does not say them
	Spoilt    string        // the code of the finding that says that the run cannot be used; only our own driver looks
}

// generators are those that can be checked against. The first one that is there is what the others are compared with.
func generators() []generator { return []generator{wrk(), h2load(), apacheBench()} }

// inPath divides generators into those that this machine has, and the names of the others.
func inPath(all []generator) (found []generator, missing []string) {
	for _, g := range all {
		path, err := exec.LookPath(g.program)
		if err != nil {
			missing = append(missing, g.name)
			continue
		}
		g.program = path
		found = append(found, g)
	}
	return found, missing
}

// describe is the version, as well as it can be found out.
func (g generator) describe(ctx context.Context) string {
	if g.version == "" {
		return g.about
	}
	output, _ := exec.CommandContext(ctx, g.program, g.version).CombinedOutput() // some say it and fail
	return findVersion(string(output))
}

var versionNumber = regexp.MustCompile(`\d+(\.\d+)+[^\s,]*`)

// findVersion finds the first version number in what a program says of itself.
func findVersion(text string) string {
	if v := versionNumber.FindString(text); v != "" {
		return v
	}
	return "unknown"
}
