package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies"
)

func to[T any](v T) *T { return &v }

// good is a machine with nothing to say against, and nothing that it does not tell.
func good() Facts {
	return Facts{
		Platform: trial.Platform{
			GoVersion: "go1.26", GOOS: "linux", CPUs: 8, Clocksource: "tsc", Governor: "performance",
			OpenFiles: trial.Limit{Soft: 8000, Hard: 8000},
			Sysctls: map[string]string{
				"net.core.somaxconn": "4096", "net.ipv4.ip_local_port_range": "32768 60999",
				"net.ipv4.tcp_max_syn_backlog": "2048", "net.ipv4.tcp_tw_reuse": "2",
			},
		},
		Needs: Needs{
			Suites: []SuiteNeeds{{"quick", 6, 1088, "crowd"}, {"standard", 14, 4160, "idle"}}, Files: 7064, Clients: 4096, Held: 7000, Servers: 7, Sessions: true, Trials: 1000,
			Ports: load.Ports{Counted: 28232, Staying: 14000, TimeWait: 100_000},
		},
		Refused: map[string][]Refusal{},
		Allowed: []int{0, 4, 1, 5, 2, 6, 3, 7}, Server: []int{0, 1, 4, 5}, Driver: []int{2, 3, 6, 7},
		Siblings: map[int][]int{0: {0, 4}, 1: {1, 5}, 2: {2, 6}, 3: {3, 7}, 4: {0, 4}, 5: {1, 5}, 6: {2, 6}, 7: {3, 7}},
		Quota:    to(0.0),
		Turbo:    to(false), Clocksources: []string{"tsc", "hpet"}, ClockRead: 40 * time.Nanosecond,
		SynCookies: "1", TimeWait: to(int64(5)),
		Look: Look{
			Quiet: time.Second, Others: to(50 * time.Millisecond), Waited: to(10 * time.Millisecond),
			Busy: time.Second, Wanted: 8, Got: 7900 * time.Millisecond, Stolen: to(time.Duration(0)), SawSteal: true,
		},
		LoadAvg: to(0.2), MemoryLeft: 8 << 30, Threads: []ThreadLimit{{By: ByKernel, Most: 31_000, Left: 30_000}}, Results: "results", DiskFree: to(uint64(10 << 30)),
		Virtual: to(""), Container: to(""), CCompiler: "/usr/bin/cc",
	}
}

func TestAGoodMachineIsCalledGood(t *testing.T) {
	r := Judge(good())
	for _, f := range r.Findings {
		if f.State != OK || f.Command != "" || f.Advice != "" {
			t.Errorf("%s: %s, %s: %q %q", f.Code, f.State, f.Found, f.Advice, f.Command)
		}
	}
	if want := "Nothing here would spoil a measurement."; r.Sentence != want {
		t.Errorf("the sentence is %q, want %q", r.Sentence, want)
	}
	if want := len(checks) + 1; len(r.Findings) != want { // two suites
		t.Errorf("%d findings, want %d", len(r.Findings), want)
	}
}

// Each row spoils the good machine in one way. The rows of one check are what it says and, beside them, the last fact about which
// it does not say it.
func TestEachCheckSaysWhatItShould(t *testing.T) {
	for _, test := range []struct {
		name    string
		spoil   func(*Facts)
		code    string
		state   State
		found   string // a part of it
		command string // all of it
	}{
		{"a suite that needs more files", func(f *Facts) {
			f.Platform.OpenFiles = trial.Limit{Soft: 1024, Hard: 1024}
			f.Refused["standard"] = []Refusal{{"idle", 4064, errors.New("no")}}
		}, "suite", Bad, "idle needs 4,064 open files, and you may have 1,024", ""},
		{"a suite that is refused for another reason", func(f *Facts) { f.Refused["quick"] = []Refusal{{"odd", 1, errors.New("too odd")}} }, "suite", Bad, "odd: too odd", ""},
		{"too few files, of which the shell may have more", func(f *Facts) {
			f.Platform.OpenFiles = trial.Limit{Soft: 1024, Hard: 7064}
			f.Refused["quick"] = []Refusal{{"crowd", 7064, errors.New("no")}}
		}, "open-files", Bad, "7,064 needed, 1,024 allowed", "ulimit -n 7064"},
		{"too few files, and no more to be had", func(f *Facts) {
			f.Platform.OpenFiles = trial.Limit{Soft: 7063, Hard: 7063}
			f.Refused["quick"] = []Refusal{{"crowd", 7064, errors.New("no")}}
		}, "open-files", Bad, "7,064 needed, 7,063 allowed", "sudo prlimit --pid $$ --nofile=7064:7064"},
		{"too few files on a system without prlimit", func(f *Facts) {
			f.Platform.GOOS = "darwin"
			f.Platform.OpenFiles = trial.Limit{Soft: 256, Hard: 256}
			f.Refused["quick"] = []Refusal{{"crowd", 7064, errors.New("no")}}
		}, "open-files", Bad, "256 allowed", "ulimit -Hn 7064 && ulimit -n 7064"},
		{"a limit on files that a run may raise", func(f *Facts) { f.Platform.OpenFiles = trial.Limit{Soft: 256, Hard: 256} }, "open-files", OK, "which a run may raise", ""},
		{"just enough files", func(f *Facts) { f.Platform.OpenFiles = trial.Limit{Soft: 7064, Hard: 7064} }, "open-files", OK, "7,064 allowed", ""},
		{"just enough files, and another reason to refuse", func(f *Facts) {
			f.Platform.OpenFiles = trial.Limit{Soft: 7064, Hard: 7064}
			f.Refused["quick"] = []Refusal{{"odd", 1, errors.New("too odd")}}
		}, "open-files", OK, "7,064 allowed", ""},
		{"no limit on files", func(f *Facts) { f.Platform.OpenFiles = trial.Limit{} }, "open-files", OK, "no limit", ""},

		{"one CPU of eight", func(f *Facts) { f.Allowed = []int{3} }, "cpus", Bad, "CPU 3 alone, of 8", "taskset -cp 0-7 $$"},
		{"a machine with one CPU", func(f *Facts) { f.Allowed, f.Platform.CPUs = []int{0}, 1 }, "cpus", Bad, "has one", ""},
		{"no affinity", func(f *Facts) { f.Allowed, f.Platform.GOOS = nil, "darwin" }, "cpus", Unknown, "darwin does not keep", ""},
		{"two CPUs of eight", func(f *Facts) { f.Allowed = []int{0, 1} }, "cpus", OK, "2 of 8", ""},

		{"a quota of whole CPUs", func(f *Facts) { f.Quota = to(3.5) }, "cpu-quota", Bad, "3.5 CPUs, and this process may use 8", "taskset -cp 0-1,4 $$"},
		{"a quota below two", func(f *Facts) { f.Quota = to(1.5) }, "cpu-quota", Bad, "1.5 CPUs", ""},
		{"a quota of all CPUs", func(f *Facts) { f.Quota = to(8.0) }, "cpu-quota", OK, "8 CPUs", ""},
		{"no control groups", func(f *Facts) { f.Quota = nil }, "cpu-quota", Unknown, "does not tell", ""},

		{"a core for both sides", func(f *Facts) {
			f.Allowed, f.Server, f.Driver = []int{0, 4, 1, 5, 2, 6}, []int{0, 1, 4}, []int{2, 5, 6}
		}, "cores", Warning, "CPU 5 of the driver", "poolbench run --server-cpus 0,4 --driver-cpus 1-2,5-6"},
		{"one core", func(f *Facts) { f.Allowed, f.Server, f.Driver = []int{0, 4}, []int{0}, []int{4} }, "cores", Warning, "CPU 4 of the driver", ""},
		{"cores that nobody tells", func(f *Facts) { f.Siblings = nil }, "cores", Unknown, "", ""},
		{"sides that are not apart", func(f *Facts) { f.Server, f.Driver = nil, nil }, "cores", OK, "not apart", ""},

		{"a tenth and more of the time not given", func(f *Facts) { f.Look.Got = 7100 * time.Millisecond }, "cpu-time", Bad, "got 88.8 %", ""},
		{"a twentieth and more not given", func(f *Facts) { f.Look.Got = 7500 * time.Millisecond }, "cpu-time", Warning, "got 93.8 %", ""},
		{"a twentieth not given", func(f *Facts) { f.Look.Got = 7601 * time.Millisecond }, "cpu-time", OK, "got 95 %", ""},
		{"more CPU time than was asked for", func(f *Facts) { f.Look.Got = 8010 * time.Millisecond }, "cpu-time", OK, "got 100 %", ""},
		{"nobody looked at the time", func(f *Facts) { f.Look = Look{} }, "cpu-time", Unknown, "nobody looked", ""},

		{"much stolen", func(f *Facts) { f.Look.Stolen = to(570 * time.Millisecond) }, "steal", Bad, "7 %", ""},
		{"some stolen", func(f *Facts) { f.Look.Stolen = to(100 * time.Millisecond) }, "steal", Warning, "1.12 %", ""},
		{"a hundredth stolen", func(f *Facts) { f.Look.Stolen = to(90 * time.Millisecond) }, "steal", OK, "", ""},
		{"a host that may not tell", func(f *Facts) { f.Look.SawSteal, f.Virtual = false, to("yes: KVM") }, "steal", Unknown, "never told any", ""},
		{"no host", func(f *Facts) { f.Look.SawSteal = false }, "steal", OK, "none", ""},
		{"a system without steal", func(f *Facts) { f.Look.Stolen = nil }, "steal", Unknown, "", ""},

		{"others that are busy", func(f *Facts) {
			f.Look.Others = to(900 * time.Millisecond)
			f.Look.Busiest = []Process{{4711, "cc1", 700 * time.Millisecond}, {4712, "make", 10 * time.Millisecond}}
		}, "other-processes", Bad, "11.2 % of the CPU time: cc1 (process 4711) 70 % of one", ""},
		{"others that are hidden", func(f *Facts) { f.Look.Others = to(500 * time.Millisecond) }, "other-processes", Warning, "cannot be seen", ""},
		{"others that do little", func(f *Facts) { f.Look.Others = to(450 * time.Millisecond) }, "other-processes", OK, "", ""},
		{"others that nobody tells", func(f *Facts) { f.Look.Others = nil }, "other-processes", Unknown, "", ""},

		{"a queue for the CPUs", func(f *Facts) { f.Look.Waited = to(501 * time.Millisecond) }, "pressure", Bad, "50.1 %", ""},
		{"a short queue", func(f *Facts) { f.Look.Waited = to(101 * time.Millisecond) }, "pressure", Warning, "10.1 %", ""},
		{"next to no queue", func(f *Facts) { f.Look.Waited = to(100 * time.Millisecond) }, "pressure", OK, "", ""},
		{"a kernel without pressure", func(f *Facts) { f.Look.Waited = nil }, "pressure", Unknown, "CONFIG_PSI", ""},

		{"a load a minute ago", func(f *Facts) { f.LoadAvg = to(0.81) }, "load-average", Warning, "0.81 over the last minute, with 8 CPUs", ""},
		{"hardly a load", func(f *Facts) { f.LoadAvg = to(0.8) }, "load-average", OK, "", ""},
		{"no load average", func(f *Facts) { f.LoadAvg = nil }, "load-average", Unknown, "", ""},

		{"a clock that follows the load", func(f *Facts) { f.Platform.Governor = "powersave" }, "governor", Warning, "powersave", "echo performance |\n  sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"},
		{"no governor", func(f *Facts) { f.Platform.Governor = "" }, "governor", Unknown, "", ""},

		{"turbo", func(f *Facts) { f.Turbo, f.TurboOff = to(true), "echo 0 | sudo tee /x" }, "turbo", Warning, "on", "echo 0 | sudo tee /x"},
		{"nothing about turbo", func(f *Facts) { f.Turbo = nil }, "turbo", Unknown, "", ""},

		{"a slow clock beside a fast one", func(f *Facts) { f.ClockRead, f.Platform.Clocksource = 900*time.Nanosecond, "hpet" }, "clock", Warning, "900ns (clocksource hpet)",
			"echo tsc |\n  sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource"},
		{"a slow clock alone", func(f *Facts) { f.ClockRead, f.Platform.Clocksource, f.Clocksources = 201, "hpet", []string{"hpet"} }, "clock", Warning, "201ns", ""},
		{"the fast clock, which is slow here", func(f *Facts) { f.ClockRead = time.Microsecond }, "clock", Warning, "(clocksource tsc)", ""},
		{"a clock that is fast enough", func(f *Facts) { f.ClockRead = 200 }, "clock", OK, "200ns", ""},
		{"no look at the clock", func(f *Facts) { f.ClockRead = 0 }, "clock", Unknown, "", ""},

		{"a short backlog", func(f *Facts) { f.Platform.Sysctls["net.core.somaxconn"] = "128" }, "somaxconn", Warning, "128, for up to 4,096 clients", "sudo sysctl -w net.core.somaxconn=4096"},
		{"no backlog told", func(f *Facts) { delete(f.Platform.Sysctls, "net.core.somaxconn") }, "somaxconn", Unknown, "", ""},

		{"a short SYN backlog without cookies", func(f *Facts) { f.SynCookies, f.Platform.Sysctls["net.ipv4.tcp_max_syn_backlog"] = "0", "5460" }, "syn-backlog", Warning, "5,460",
			"sudo sysctl -w net.ipv4.tcp_max_syn_backlog=5462"},
		{"what was advised", func(f *Facts) { f.SynCookies, f.Platform.Sysctls["net.ipv4.tcp_max_syn_backlog"] = "0", "5462" }, "syn-backlog", OK, "5,462", ""},
		{"no SYN cookies told", func(f *Facts) { f.SynCookies = "" }, "syn-backlog", Unknown, "", ""},

		{"ports for a part of the connections", func(f *Facts) { f.Platform.Sysctls["net.ipv4.ip_local_port_range"] = "50000 60999" }, "ports", Bad, "11,000 for each address, and 14,000",
			"sudo sysctl -w net.ipv4.ip_local_port_range='32768 60999'"},
		{"ports for less than the driver counts on", func(f *Facts) { f.Platform.Sysctls["net.ipv4.ip_local_port_range"] = "40000 60999" }, "ports", Warning, "21,000",
			"sudo sysctl -w net.ipv4.ip_local_port_range='32768 60999'"},
		{"as few, where all connections stay", func(f *Facts) {
			f.Platform.Sysctls["net.ipv4.ip_local_port_range"], f.Needs.Sessions = "40000 60999", false
		}, "ports", OK, "21,000", ""},
		{"ports that nobody tells", func(f *Facts) { f.Platform.Sysctls["net.ipv4.ip_local_port_range"] = "" }, "ports", Unknown, "", ""},

		{"ports that are not used again", func(f *Facts) { f.Platform.Sysctls["net.ipv4.tcp_tw_reuse"] = "0" }, "port-reuse", Warning, "100,000", "sudo sysctl -w net.ipv4.tcp_tw_reuse=2"},
		{"the same, where all connections stay", func(f *Facts) { f.Platform.Sysctls["net.ipv4.tcp_tw_reuse"], f.Needs.Sessions = "0", false }, "port-reuse", OK, "", ""},
		{"nothing about using them again", func(f *Facts) { delete(f.Platform.Sysctls, "net.ipv4.tcp_tw_reuse") }, "port-reuse", Unknown, "", ""},

		{"ports in TIME_WAIT", func(f *Facts) { f.TimeWait = to(int64(100_001)) }, "time-wait", Warning, "100,001", ""},
		{"as many as may be", func(f *Facts) { f.TimeWait = to(int64(100_000)) }, "time-wait", OK, "", ""},
		{"nothing about TIME_WAIT", func(f *Facts) { f.TimeWait = nil }, "time-wait", Unknown, "", ""},

		{"little memory", func(f *Facts) { f.MemoryLeft = 8*32<<20 + 7000*64<<10 - 1 }, "memory", Bad, "693 MiB needed", ""},
		{"just enough memory", func(f *Facts) { f.MemoryLeft = 8*32<<20 + 7000*64<<10 }, "memory", OK, "", ""},
		{"nothing about memory", func(f *Facts) { f.MemoryLeft = 0 }, "memory", Unknown, "", ""},

		{"few threads", func(f *Facts) { f.Threads[0].Left = 4159 }, "threads", Bad, "4,159 more may be started (kernel.threads-max is 31,000), and needed are 4,160 by standard in idle",
			"sudo sysctl -w kernel.threads-max=31001"},
		{"just enough threads", func(f *Facts) { f.Threads[0].Left = 4160 }, "threads", OK, "4,160 more may be started, up to 4,160 needed", ""},
		{"nothing about threads", func(f *Facts) { f.Threads = nil }, "threads", Unknown, "", ""},
		{"few threads for both suites", func(f *Facts) { f.Threads[0].Left = 1087 }, "threads", Bad, "needed are 1,088 by quick in crowd, 4,160 by standard in idle", "sudo sysctl -w kernel.threads-max=34073"},
		{"few numbers for threads", func(f *Facts) { f.Threads = []ThreadLimit{{By: ByNumbers, Most: 4500, Left: 4000}} }, "threads", Bad, "kernel.pid_max is 4,500", "sudo sysctl -w kernel.pid_max=4660"},
		{"few threads of a user, who may raise that", func(f *Facts) { f.Threads = []ThreadLimit{{By: ByUser, Most: 1024, Left: 1000, Hard: 4184}} }, "threads", Bad,
			"1,000 more may be started (RLIMIT_NPROC is 1,024)", "ulimit -u 4184"},
		{"few threads of a user, who may not", func(f *Facts) { f.Threads = []ThreadLimit{{By: ByUser, Most: 1024, Left: 1000, Hard: 4183}} }, "threads", Bad,
			"", "sudo prlimit --pid $$ --nproc=4184:4184"},
		{"few threads of a session", func(f *Facts) {
			f.Threads = []ThreadLimit{{By: ByGroup, Most: 4000, Left: 3960, Group: "sys/fs/cgroup/user.slice/session-3.scope"}}
		}, "threads", Bad, "pids.max is 4,000", "sudo systemctl set-property --runtime session-3.scope TasksMax=4200"},
		{"few threads of a group that nobody manages", func(f *Facts) {
			f.Threads = []ThreadLimit{{By: ByGroup, Most: 4000, Left: 3960, Group: "sys/fs/cgroup/a/b"}}
		}, "threads", Bad,
			"", "echo 4200 | sudo tee /sys/fs/cgroup/a/b/pids.max"},
		{"few threads of a container", func(f *Facts) {
			f.Threads, f.Container = []ThreadLimit{{By: ByGroup, Most: 4000, Left: 3960, Group: "sys/fs/cgroup"}}, to("yes: docker")
		}, "threads", Bad, "3,960 more", ""},

		{"a full disk", func(f *Facts) { f.DiskFree = to(uint64(1000*16<<10 - 1)) }, "disk", Bad, "15 MiB free for results", "poolbench run --results FOLDER_ELSEWHERE"},
		{"just enough disk", func(f *Facts) { f.DiskFree = to(uint64(1000 * 16 << 10)) }, "disk", OK, "", ""},
		{"nothing about the disk", func(f *Facts) { f.DiskFree = nil }, "disk", Unknown, "", ""},

		{"a virtual machine", func(f *Facts) { f.Virtual = to("yes: KVM") }, "virtual-machine", OK, "KVM", ""},
		{"nothing about that", func(f *Facts) { f.Virtual = nil }, "virtual-machine", Unknown, "", ""},
		{"a container", func(f *Facts) { f.Container = to("yes: docker") }, "container", OK, "docker", ""},
		{"nothing about containers", func(f *Facts) { f.Container = nil }, "container", Unknown, "", ""},

		{"the race detector", func(f *Facts) { f.Built = []string{"-race"} }, "build", Bad, "-race", "go build -o poolbench ./cmd/poolbench"},
		{"settings of Go", func(f *Facts) { f.Set = []string{"GOGC", "GODEBUG"} }, "go", Warning, "GOGC, GODEBUG in", "unset GOGC GODEBUG"},
		{"no C compiler, which measuring does not need", func(f *Facts) { f.CCompiler = "" }, "c-compiler", OK, "none", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := good()
			test.spoil(&f)
			found := of(Judge(f), test.code)
			if found.State != test.state || !strings.Contains(found.Found, test.found) || found.Command != test.command {
				t.Errorf("%s: %s, %q, mended by %q; want %s, %q, %q", test.code, found.State, found.Found, found.Command, test.state, test.found, test.command)
			}
			if found.Name == "" || found.Why == "" {
				t.Errorf("%s has name %q and reason %q", test.code, found.Name, found.Why)
			}
			if (found.State == Bad || found.State == Warning) && found.Command == "" && found.Advice == "" && test.code != "suite" {
				t.Errorf("%s is %s, and nothing says what to do", test.code, found.State)
			}
		})
	}
}

// of is the worst finding of a code.
func of(r Report, code string) Finding {
	if i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Code == code }); i >= 0 {
		return r.Findings[i]
	}
	return Finding{}
}

// Catches: a machine that tells nothing and is called good for it.
func TestWhatNobodyTellsIsNotCalledGood(t *testing.T) {
	r := Judge(Facts{Platform: trial.Platform{GOOS: "plan9", GoVersion: "go1.26", CPUs: 4}})
	for _, f := range r.Findings {
		switch f.Code {
		case "build", "go", "c-compiler", "open-files": // no limit is what such a system has
			if f.State != OK {
				t.Errorf("%s is %s", f.Code, f.State)
			}
		default:
			if f.State != Unknown {
				t.Errorf("%s is %s, and nobody told: %s", f.Code, f.State, f.Found)
			}
		}
	}
}

func TestTheSentenceCounts(t *testing.T) {
	for _, test := range []struct {
		states []State
		want   string
	}{
		{nil, "Nothing here would spoil a measurement."},
		{[]State{OK, Unknown}, "Nothing here would spoil a measurement; 1 is unknown."},
		{[]State{Warning}, "Nothing here would spoil a measurement, but 1 thing might."},
		{[]State{Bad}, "1 thing would spoil a measurement."},
		{[]State{Bad, Bad, Unknown, Unknown}, "2 things would spoil a measurement; 2 are unknown."},
		{[]State{Bad, Bad, Warning}, "2 things would spoil a measurement, and 1 more might."},
	} {
		var r Report
		for _, s := range test.states {
			r.Findings = append(r.Findings, Finding{State: s})
		}
		if got := sentence(r); got != test.want {
			t.Errorf("%v: %q, want %q", test.states, got, test.want)
		}
	}
}

func TestTheWorstComesFirst(t *testing.T) {
	f := good()
	f.Set, f.Built, f.DiskFree = []string{"GOGC"}, []string{"-race"}, nil
	var states []State
	for _, found := range Judge(f).Findings {
		states = append(states, found.State)
	}
	if want := []State{Bad, Warning, Unknown, OK}; !slices.Equal(slices.Compact(states), want) {
		t.Errorf("the states come as %v, want %v", slices.Compact(states), want)
	}
}

func TestCodesAreThereOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range checks {
		if seen[c.code] {
			t.Errorf("%s is there twice", c.code)
		}
		seen[c.code] = true
	}
}

// Catches: advice that is enough for one scenario, or for one strategy of those that take turns.
func TestNeedsAreThoseOfTheLargest(t *testing.T) {
	kinds := strategies.Kinds{strategies.Goroutine(), strategies.Channel()}
	closed := bench.Scenario{Name: "closed", Strategies: []string{"goroutine", "channel"}, Load: trial.Load{Loop: trial.Closed, Clients: 30_000}}
	turns := bench.Scenario{Name: "turns", Strategies: []string{"goroutine", "channel"}, Load: trial.Load{Loop: trial.Closed, Clients: 20_000}, Interleaved: time.Millisecond}
	n := NeedsOf([]bench.Suite{
		{Name: "one", Kinds: kinds, Repetitions: 3, Scenarios: []bench.Scenario{closed}},
		{Name: "two", Kinds: kinds, Repetitions: 2, Scenarios: []bench.Scenario{turns}},
	})
	if n.Clients != 30_000 || n.Held != 60_000 || n.Servers != 3 || n.Files != load.Files(60_000) || n.Trials != 9 || n.Sessions {
		t.Errorf("needs %+v", n)
	}
	if want := []SuiteNeeds{{"one", 1, 64, "closed"}, {"two", 1, 128, "turns"}}; !slices.Equal(n.Suites, want) {
		t.Errorf("suites %v, want %v", n.Suites, want)
	}
	sessions := closed
	sessions.Load = trial.Load{Loop: trial.Sessions, Clients: 1}
	if n := NeedsOf([]bench.Suite{{Kinds: kinds, Scenarios: []bench.Scenario{sessions}}}); !n.Sessions {
		t.Error("sessions are not among the needs")
	}
}

// Catches: threads that are counted for strategies that have none, for more than have work, or for one of several that take turns.
func TestThreadsAreThoseOfStrategiesThatHaveThem(t *testing.T) {
	const own = ownThreads
	for _, test := range []struct {
		name       string
		strategies []string
		turns      bool
		want       int
	}{
		{"none", []string{"goroutine", "channel"}, false, 2 * own},
		{"one for each client", []string{"goroutine", "thread"}, false, 1000 + 2*own},
		{"one for each worker", []string{"goroutine", "thread:workers=30"}, false, 30 + 2*own},
		{"one for each connection that is held", []string{"goroutine", "thread:maxconns=40"}, false, 40 + 2*own},
		{"the baseline and its twin take turns with others", []string{"thread", "goroutine", "thread:workers=30"}, true, 2*1000 + 30 + 5*own},
	} {
		sc := bench.Scenario{Strategies: test.strategies, Load: trial.Load{Loop: trial.Closed, Clients: 1000}}
		if test.turns {
			sc.Interleaved = time.Millisecond
		}
		if got := threadsOf(strategies.Kinds{strategies.Goroutine(), strategies.Channel(), strategies.Thread()}, sc); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// Catches: advice that mends one of two limits.
func TestEachLimitOnThreadsIsTold(t *testing.T) {
	f := good()
	f.Threads = []ThreadLimit{{By: ByUser, Most: 1024, Left: 1000, Hard: 1024}, {By: ByGroup, Most: 5000, Left: 4159, Group: "sys/fs/cgroup"}, {By: ByKernel, Most: 31_000, Left: 30_000}}
	var told []string
	for _, found := range Judge(f).Findings {
		if found.Code == "threads" {
			told = append(told, string(found.State)+" "+found.Command)
		}
	}
	if want := []string{"bad sudo prlimit --pid $$ --nproc=4184:4184", "bad echo 5001 | sudo tee /sys/fs/cgroup/pids.max"}; !slices.Equal(told, want) {
		t.Errorf("told are %q, want %q", told, want)
	}
}

// Catches: a suite that is said to be possible although its run is refused.
func TestWhatIsRefusedIsWhatARunRefuses(t *testing.T) {
	many := bench.Scenario{Name: "many", Load: trial.Load{Loop: trial.Closed, Clients: 1 << 30}}
	few := bench.Scenario{Name: "few", Load: trial.Load{Loop: trial.Closed, Clients: 1}}
	s := bench.Suite{Scenarios: []bench.Scenario{few, many}}
	want := 0
	if s.Feasible() != nil { // there are systems without a limit
		want = 1
	}
	got := refusals(s)
	if len(got) != want || want == 1 && (got[0].Scenario != "many" || got[0].Files != load.Files(1<<30)) {
		t.Errorf("refused %v, want %d", got, want)
	}
}

func TestSizesAndSharesAreShort(t *testing.T) {
	for n, want := range map[int64]string{1 << 20: "1 MiB", 3 << 29: "1.5 GiB", 20 << 30: "20 GiB"} {
		if got := bytes(n); got != want {
			t.Errorf("bytes(%d) = %s, want %s", n, got, want)
		}
	}
	if got := fmt.Sprint(percent(0), percent(0.00001), percent(0.123)); got != "0 %0.1 %12.3 %" {
		t.Errorf("percentages %q", got)
	}
}
