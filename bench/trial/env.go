package trial

import (
	"encoding/json"
	"time"
)

// An Env says where, with what and by whom a run was measured: enough to tell two runs apart, and to repeat one.
// What a platform does not tell is empty. Package bench/internal/env collects it.
type Env struct {
	Schema int `json:"schema"`

	// The program. Where a user's own main runs the harness, Program is that main's module, and Commit its checkout.
	Program  string   `json:"program"`           // module path of the command that ran
	Version  string   `json:"poolbench_version"` // module version of poolbench itself
	Commit   string   `json:"commit"`            // "unknown" where neither the build nor a checkout told
	Dirty    bool     `json:"dirty"`             // the checkout had changes that Commit does not contain
	Modules  []Module `json:"modules,omitempty"` // everything linked in, so each pool library in its version
	Command  []string `json:"command"`
	Seed     uint64   `json:"seed"`
	Platform Platform `json:"platform"`

	// The two sides, as they were set for the run. Each trial says what its own processes saw.
	Server Side   `json:"server"`
	Driver Side   `json:"driver"`
	Drives string `json:"drives,omitempty"` // the driver's name, as it was asked for; empty: the best that the system has

	// What was asked for.
	Suite       string     `json:"suite"`
	Scenarios   []Scenario `json:"scenarios"`
	Repetitions int        `json:"repetitions"` // at most; what is decided earlier is measured less often
	Design      Design     `json:"design"`

	Situation json.RawMessage `json:"situation,omitempty"` // that the run was measured to pick for; package bench/pick reads it

	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished,omitzero"`     // zero while the run goes on, or if it was killed
	Planned     int       `json:"planned_trials"`        // at most, if nothing is decided early
	Interrupted bool      `json:"interrupted,omitempty"` // stopped before all was decided or measured
	Warnings    []Warning `json:"warnings,omitempty"`
}

// A Scenario is one question that a run asks.
type Scenario struct {
	Name       string    `json:"name"`
	About      string    `json:"about"` // one sentence: what it decides
	Question   Question  `json:"question"`
	Workload   string    `json:"workload"`
	Strategies []string  `json:"strategies"`         // full names; the first is the baseline, which is measured twice
	Load       Load      `json:"load"`               // without its rate
	Levels     []float64 `json:"levels,omitempty"`   // open loops: what is offered, as fractions of the capacity; of Capacity, the ends of the search
	DecideAt   float64   `json:"decide_at"`          // the level that decides; 0 in closed loop
	DecidedBy  string    `json:"decided_by"`         // key of the metric that decides
	Objective  Objective `json:"objective,omitzero"` // what response times are held to
}

// A Module is one module in the program.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
}

// Platform is the machine and its system.
type Platform struct {
	GoVersion   string            `json:"go_version"`
	GOOS        string            `json:"goos"`
	GOARCH      string            `json:"goarch"`
	Kernel      string            `json:"kernel,omitempty"`
	CPUModel    string            `json:"cpu_model,omitempty"`
	CPUs        int               `json:"cpus"` // logical CPUs, whether or not this process may use them
	Memory      int64             `json:"memory_bytes,omitempty"`
	Clocksource string            `json:"clocksource,omitempty"`
	Governor    string            `json:"cpufreq_governor,omitempty"` // CPU 0's; empty in most virtual machines
	CPUQuota    *float64          `json:"cpu_quota,omitempty"`        // CPUs' worth of time that the control group grants; 0: no limit; null: not told
	GoSettings  map[string]string `json:"go_settings,omitempty"`      // variables of the environment that change how Go programs run, such as GOGC
	OpenFiles   Limit             `json:"open_files"`
	Sysctls     map[string]string `json:"sysctls,omitempty"` // by their dotted names
}

// A Limit is a resource limit of the process, soft and hard; 0 where the platform does not tell.
type Limit struct {
	Soft uint64 `json:"soft"`
	Hard uint64 `json:"hard"`
}

// A Side is how one of the two processes was set up.
type Side struct {
	GOMAXPROCS int   `json:"gomaxprocs"`
	CPUs       []int `json:"cpus,omitempty"` // pinned to these; empty: not pinned
}
