package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchproc"
)

func sample() trial.Run {
	t := trial.Trial{
		Scenario: "echo open", Workload: "echo", Measured: "request", Strategy: "ants:workers=64,queue=0,full=wait,unit=conn,backlog=5", Repetition: 3,
		Started: time.Date(2026, 11, 22, 23, 5, 11, 0, time.UTC), Window: 500 * time.Millisecond, TimeOut: time.Second,
		Load:        trial.Load{Loop: trial.Open, Clients: 64, Rate: 4000, Fraction: 0.5},
		Server:      trial.Process{GOMAXPROCS: 2},
		Driver:      trial.Process{Name: "epoll"},
		Counts:      trial.Counts{Intended: 2000, Sent: 1990, Unsent: 10, OK: 1500, Rejected: 490, Good: 1400},
		Clients:     trial.Clients{Total: 64, Served: 48, Nothing: 16, Jain: 0.75},
		ServerUsage: trial.Usage{CPU: 14 * time.Millisecond},
		Findings:    []trial.Finding{{Code: finding.DriverLate}, {Code: finding.DriverGC}},
	}
	t.Latency.Response.RecordN(2*time.Millisecond, 1900)
	t.Latency.Service.RecordN(time.Millisecond, 990)
	twin, invalid, calibration := t, t, t
	twin.Seq, twin.Twin = 1, true
	invalid.Seq, invalid.Invalid = 2, `the machine, "disturbed"`
	calibration.Seq, calibration.Calibrates, calibration.Strategy, calibration.Load = 3, true, trial.NullServer, trial.Load{Loop: trial.Closed, Clients: 64}
	return trial.Run{
		Dir:    filepath.Join("results", "one"),
		Env:    trial.Env{Commit: "abc", Dirty: true, Platform: trial.Platform{GOOS: "linux", GOARCH: "amd64", CPUModel: "A\nB: C"}},
		Trials: []trial.Trial{t, twin, invalid, calibration},
	}
}

func reference(t *testing.T) trial.Run {
	t.Helper()
	run, err := trial.Read(filepath.Join("..", "..", "results", "reference"))
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// readBenchmarks reads with the library that benchstat reads with; anything but results and units is an error.
func readBenchmarks(t *testing.T, text []byte) ([]*benchfmt.Result, benchfmt.UnitMetadataMap) {
	t.Helper()
	r := benchfmt.NewReader(bytes.NewReader(text), "export")
	var all []*benchfmt.Result
	for r.Scan() {
		switch record := r.Result().(type) {
		case *benchfmt.Result:
			all = append(all, record.Clone())
		case *benchfmt.UnitMetadata:
		default:
			t.Fatalf("it does not read: %v", record)
		}
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return all, r.Units()
}

func TestBenchmarksReadAsTheyWereMeasured(t *testing.T) {
	var out bytes.Buffer
	left, err := Benchfmt(&out, sample())
	if err != nil || left != (Left{Invalid: 1, Calibrates: 1}) {
		t.Fatalf("%+v, %v", left, err)
	}
	results, units := readBenchmarks(t, out.Bytes())
	if len(results) != 2 {
		t.Fatalf("%d results: %s", len(results), out.String())
	}
	r := results[0]
	if got, want := r.Name.String(), "Serve/scenario=echo%20open/strategy=ants/workers=64/queue=0/full=wait/unit=conn/backlog=5/workload=echo/conns=64/offered=0.5-2"; got != want {
		t.Errorf("name %s\nwant %s", got, want)
	}
	if !strings.HasSuffix(results[1].Name.String(), "/offered=0.5/twin=true-2") {
		t.Errorf("the twin is %s", results[1].Name)
	}
	if r.Iters != 1400 {
		t.Errorf("%d iterations", r.Iters)
	}
	for unit, want := range map[string]float64{ // in the library's base units
		"req/s": 2800, "cpu-sec/op": 10e-6, "p50-sec": 0.002, "p90-sec": 0.002, "p99-sec": 0.002, "service-p50-sec": 0.001, "ok-ratio": 0.75, "served-ratio": 0.75,
	} {
		if got, ok := r.Value(unit); !ok || math.Abs(got/want-1) > 0.008 {
			t.Errorf("%s: %v (%v), want %v", unit, got, ok, want)
		}
		if better := units.GetBetter(unit); better != map[bool]int{true: 1, false: -1}[unit == "req/s" || strings.HasSuffix(unit, "ratio")] {
			t.Errorf("%s: better %d", unit, better)
		}
	}
	for _, unit := range []string{"p99.9-sec", "service-p99-sec"} { // 1900 and 990 are too few
		if v, ok := r.Value(unit); ok {
			t.Errorf("%s is %v, which too few requests support", unit, v)
		}
	}
	for key, want := range map[string]string{"goos": "linux", "goarch": "amd64", "cpu": "A B: C", "commit": "abc-dirty", "run": "one", "driver": "epoll"} {
		if got := r.GetConfig(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

// Catches: names that benchstat -col /strategy takes apart otherwise than they were put together.
func TestBenchstatComparesByEachElement(t *testing.T) {
	run := reference(t)
	var out bytes.Buffer
	left, err := Benchfmt(&out, run)
	var expected Left
	want := map[string]int{}
	for _, x := range run.Trials {
		spec, err := strategies.ParseSpec(x.Strategy)
		switch {
		case x.Calibrates:
			expected.Calibrates++
			continue
		case x.Invalid != "":
			expected.Invalid++
			continue
		case err != nil:
			t.Fatal(err)
		}
		cell := []string{spec.Kind, x.Scenario}
		if x.Load.Fraction > 0 {
			cell = append(cell, strconv.FormatFloat(x.Load.Fraction, 'g', -1, 64))
		}
		cell = append(cell, strategies.FormatLimit(spec.Limits.Workers))
		if x.Twin {
			cell = append(cell, "true")
		}
		want[strings.Join(cell, " ")]++
	}
	if err != nil || left != expected {
		t.Fatalf("%+v, want %+v, %v", left, expected, err)
	}
	results, _ := readBenchmarks(t, out.Bytes())
	if len(results) != len(run.Trials)-left.Invalid-left.Calibrates {
		t.Fatalf("%d results of %d trials", len(results), len(run.Trials))
	}
	var parser benchproc.ProjectionParser
	project := func(text string) *benchproc.Projection {
		p, err := parser.Parse(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	row, column, gomaxprocs := project("/scenario,/offered,/workers,/twin"), project("/strategy"), project("/gomaxprocs")
	cells, procs := map[string]int{}, map[string]bool{}
	for _, r := range results {
		cells[column.Project(r).StringValues()+" "+row.Project(r).StringValues()]++
		procs[gomaxprocs.Project(r).StringValues()] = true
	}
	if diff := cmp.Diff(want, cells); diff != "" || len(procs) != 1 || !procs["1"] {
		t.Errorf("GOMAXPROCS %v, cells (-trials +benchstat):\n%s", procs, diff)
	}
}

// Catches: a suite's name that ends an element, the benchmark's name or its line, or becomes another one's.
func TestNamesStayNames(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"a b", "a/b", "a%20b", "a\nb", "a\tb", "a\u00a0b", "ä-64", "a=b", "x-64"} {
		run := sample()
		run.Trials[0].Scenario, run.Trials[0].Load = name, trial.Load{Loop: trial.Closed, Clients: 1}
		run.Trials = run.Trials[:1]
		var out bytes.Buffer
		if _, err := Benchfmt(&out, run); err != nil {
			t.Fatal(err)
		}
		results, _ := readBenchmarks(t, out.Bytes())
		if len(results) != 1 {
			t.Errorf("%q: %d results", name, len(results))
			continue
		}
		_, parts := results[0].Name.Parts()
		got := string(parts[0])
		if other, again := seen[got]; again || len(parts) != 10 || !strings.HasPrefix(got, "/scenario=") || string(parts[len(parts)-1]) != "-2" {
			t.Errorf("%q is %s, as %q is", name, results[0].Name, other)
		}
		seen[got] = name
	}
}

func TestAStrategyWithoutAFullNameIsNoBenchmark(t *testing.T) {
	run := sample()
	run.Trials[0].Strategy = "mine"
	if _, err := Benchfmt(io.Discard, run); err == nil || !strings.Contains(err.Error(), "export trial 0") {
		t.Error(err)
	}
}

// columns in the order that scripts rely on. What is added comes last; nothing moves.
const columns = "seq started scenario workload measured strategy kind twin repetition attempt calibrates invalid loop clients offered_per_s offered_fraction " +
	"window_ns time_out_ns goodput_per_s server_cpu_ns intended sent unsent ok rejected failed timed_out unanswered clients_served clients_refused clients_nothing jain_fairness " +
	"response_p50_ns response_p90_ns response_p99_ns response_p999_ns service_p50_ns service_p90_ns service_p99_ns service_p999_ns wait_p50_ns wait_p90_ns wait_p99_ns wait_p999_ns " +
	"lag_p50_ns lag_p90_ns lag_p99_ns lag_p999_ns server_peak_rss_bytes server_allocated_bytes server_gc_cycles server_gc_pause_ns server_goroutines server_threads findings " +
	"server_base_rss_bytes"

func TestColumnsStayWhereTheyAre(t *testing.T) {
	var names []string
	for _, c := range Columns() {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != columns {
		t.Errorf("columns are\n%s\nand were\n%s", got, columns)
	}
}

func TestJSONAndCSVSayTheSame(t *testing.T) {
	for name, run := range map[string]trial.Run{"sample": sample(), "reference": reference(t)} {
		var asJSON, asCSV bytes.Buffer
		if err := errors.Join(JSON(&asJSON, run), CSV(&asCSV, run)); err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(bytes.NewReader(asJSON.Bytes()))
		decoder.UseNumber()
		var objects []map[string]any
		if err := decoder.Decode(&objects); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rows, err := csv.NewReader(&asCSV).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if strings.Join(rows[0], " ") != columns || len(rows)-1 != len(run.Trials) || len(objects) != len(run.Trials) {
			t.Fatalf("%s: %d lines, %d objects, columns %v", name, len(rows), len(objects), rows[0])
		}
		for i, row := range rows[1:] {
			for j, column := range rows[0] {
				v, there := objects[i][column]
				text := fmt.Sprint(v)
				if n, isNumber := v.(json.Number); isNumber {
					if f, err := n.Float64(); err != nil || text != row[j] && fmt.Sprint(f) != row[j] && !strings.Contains(text, "e") {
						t.Errorf("%s: trial %d: %s is %s and %s", name, i, column, text, row[j])
					}
					continue
				}
				if v == nil {
					text = ""
				}
				if !there || text != row[j] {
					t.Errorf("%s: trial %d: %s is %v (%v) and %s", name, i, column, v, there, row[j])
				}
			}
		}
		if lines := strings.Count(asJSON.String(), "\n"); lines != len(run.Trials)+2 {
			t.Errorf("%s: %d lines of JSON", name, lines)
		}
	}
}

func TestValuesByHand(t *testing.T) {
	var out bytes.Buffer
	if err := CSV(&out, sample()); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	get := func(row int, column string) string { return rows[row][slices.Index(rows[0], column)] }
	for column, want := range map[string]string{
		"started": "2026-11-22T23:05:11Z", "scenario": "echo open", "kind": "ants", "twin": "false", "repetition": "3", "offered_per_s": "4000", "offered_fraction": "0.5",
		"window_ns": "500000000", "goodput_per_s": "2800", "server_cpu_ns": "10000", "intended": "2000", "rejected": "490", "clients_served": "48", "jain_fairness": "0.75",
		"response_p999_ns": "", "wait_p50_ns": "", "server_peak_rss_bytes": "", "server_base_rss_bytes": "", "server_gc_cycles": "0", "findings": "driver-late driver-gc", "invalid": "",
	} {
		if got := get(1, column); got != want {
			t.Errorf("%s: %q, want %q", column, got, want)
		}
	}
	if get(2, "twin") != "true" || get(3, "invalid") != `the machine, "disturbed"` || get(4, "calibrates") != "true" || get(4, "offered_per_s") != "" {
		t.Errorf("%q", rows[2:])
	}
	if p99, ok := stat.ResponseP99.Of(sample().Trials[0]); !ok || get(1, "response_p99_ns") != fmt.Sprint(int64(math.Round(p99*1e9))) {
		t.Errorf("response p99 is %s, and %v", get(1, "response_p99_ns"), p99)
	}
}

func TestARunWithoutTrialsIsEmpty(t *testing.T) {
	var asJSON, asCSV, asBench bytes.Buffer
	_, err := Benchfmt(&asBench, trial.Run{})
	if err := errors.Join(err, JSON(&asJSON, trial.Run{}), CSV(&asCSV, trial.Run{})); err != nil {
		t.Fatal(err)
	}
	if asJSON.String() != "[]\n" || strings.Count(asCSV.String(), "\n") != 1 {
		t.Errorf("%q and %q", asJSON.String(), asCSV.String())
	}
	if results, _ := readBenchmarks(t, asBench.Bytes()); len(results) != 0 {
		t.Errorf("%d results", len(results))
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestAFullDiskIsAnError(t *testing.T) {
	_, err := Benchfmt(full{}, sample())
	for name, err := range map[string]error{"benchfmt": err, "json": JSON(full{}, sample()), "csv": CSV(full{}, sample())} {
		if err == nil || !strings.Contains(err.Error(), "no space") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
