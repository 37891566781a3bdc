package export

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
	"golang.org/x/perf/benchfmt"
)

// Left is how many trials were left out, and why.
type Left struct {
	Invalid    int
	Calibrates int // they measured a capacity, most of them not by any strategy of the comparison
}

// A measure is one unit of a benchmark; names are those of package benchtest where it has them.
type measure struct {
	unit   string
	better string // higher or lower
	of     func(trial.Trial) (float64, bool)
}

func measures() []measure {
	all := []measure{
		{"req/s", "higher", stat.Goodput.Of},
		{"cpu-ns/op", "lower", nanoseconds(stat.ServerCPU)},
	}
	for _, p := range percentiles {
		all = append(all, measure{p.unit, "lower", func(t trial.Trial) (float64, bool) {
			d, supported := t.Latency.Response.Quantile(p.quantile)
			return float64(d), supported
		}})
	}
	return append(all,
		measure{"service-p50-ns", "lower", nanoseconds(stat.ServiceP50)},
		measure{"service-p99-ns", "lower", nanoseconds(stat.ServiceP99)},
		measure{"ok-ratio", "higher", func(t trial.Trial) (float64, bool) {
			return float64(t.Counts.OK) / float64(t.Counts.Intended), t.Counts.Intended > 0
		}},
		measure{"served-ratio", "higher", func(t trial.Trial) (float64, bool) {
			return float64(t.Clients.Served) / float64(t.Clients.Total), t.Clients.Total > 0
		}},
	)
}

func nanoseconds(m stat.Metric) func(trial.Trial) (float64, bool) {
	return func(t trial.Trial) (float64, bool) {
		v, ok := m.Of(t)
		return v * 1e9, ok
	}
}

// Benchfmt writes one benchmark result for each valid trial, in the format that benchstat reads, behind lines that say which
// unit is better high or low. Names have the form
//
//	Serve/scenario=echo-open/strategy=ants/workers=64/queue=0/full=wait/unit=conn/workload=echo/conns=64/offered=0.5-1
//
// with offered, the fraction of the capacity, in open loops alone, twin=true for the second half of the A/A pair, and at
// the end the server's GOMAXPROCS. What would end an element or a name is written as %20, as in addresses.
//
// Configuration is goos, goarch, cpu, kernel and driver, without which figures cannot be compared, and commit and run (the
// folder's name). Benchstat puts runs whose configuration differs into tables of their own; to have two of them beside each
// other, say -ignore commit,run.
//
// A trial's iterations are its right answers. The units are req/s (sessions, where those are measured), cpu-ns/op, and
// p50-ns to p99.9-ns (response time) and service-p50-ns and service-p99-ns, where enough requests support them; ok-ratio is
// of requests, served-ratio of clients.
func Benchfmt(w io.Writer, run trial.Run) (Left, error) {
	var left Left
	out := benchfmt.NewWriter(w)
	units := measures()
	for _, m := range units {
		meta := benchfmt.UnitMetadata{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: m.unit, Key: "better"}, OrigUnit: m.unit, Value: m.better}
		if err := out.Write(&meta); err != nil {
			return left, fmt.Errorf("export as benchmarks: %w", err)
		}
	}
	for _, t := range run.Trials {
		switch {
		case t.Calibrates:
			left.Calibrates++
			continue
		case t.Invalid != "":
			left.Invalid++
			continue
		}
		name, err := benchName(t)
		if err != nil {
			return left, fmt.Errorf("export trial %d as a benchmark: %w", t.Seq, err)
		}
		result := benchfmt.Result{Config: config(run, t), Name: benchfmt.Name(name), Iters: int(t.Counts.Good)}
		for _, m := range units {
			if v, ok := m.of(t); ok {
				result.Values = append(result.Values, benchfmt.Value{Value: v, Unit: m.unit})
			}
		}
		if err := out.Write(&result); err != nil {
			return left, fmt.Errorf("export as benchmarks: %w", err)
		}
	}
	return left, nil
}

func benchName(t trial.Trial) (string, error) {
	spec, err := strategies.ParseSpec(t.Strategy)
	if err != nil {
		return "", err
	}
	name := "Serve/scenario=" + element(t.Scenario) + "/" + spec.Path() + "/workload=" + element(t.Workload) + "/conns=" + strconv.Itoa(t.Load.Clients)
	if t.Load.Loop != trial.Closed {
		name += "/offered=" + strconv.FormatFloat(t.Load.Fraction, 'f', -1, 64)
	}
	if t.Twin {
		name += "/twin=true"
	}
	// Always there, also where it is 1: without it, digits behind a hyphen at the end of a name would be taken for it.
	return name + "-" + strconv.Itoa(max(t.Server.GOMAXPROCS, 1)), nil
}

// element writes a name so that it ends neither an element nor the benchmark's name, and another name stays another one.
func element(name string) string {
	var out strings.Builder
	for _, r := range name {
		if r == '/' || r == '%' || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			for _, b := range []byte(string(r)) {
				fmt.Fprintf(&out, "%%%02X", b)
			}
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// config is the same for all trials of a run but for the driver.
func config(run trial.Run, t trial.Trial) []benchfmt.Config {
	e := run.Env
	commit := e.Commit
	if e.Dirty {
		commit += "-dirty"
	}
	var all []benchfmt.Config
	for _, c := range [][2]string{
		{"goos", e.Platform.GOOS},
		{"goarch", e.Platform.GOARCH},
		{"cpu", e.Platform.CPUModel},
		{"kernel", e.Platform.Kernel},
		{"driver", t.Driver.Name},
		{"commit", commit},
		{"run", filepath.Base(run.Dir)},
	} {
		if value := strings.Join(strings.Fields(c[1]), " "); value != "" { // one line, or what follows is read as a result
			all = append(all, benchfmt.Config{Key: c[0], Value: []byte(value), File: true})
		}
	}
	return all
}
