package doctor

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

func files(texts map[string]string) fs.FS {
	root := fstest.MapFS{}
	for name, text := range texts {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

// pc is a machine with one core of two threads.
func pc() map[string]string {
	return map[string]string{
		"sys/devices/system/cpu/cpu0/topology/thread_siblings_list":         "0-1\n",
		"sys/devices/system/cpu/cpu1/topology/thread_siblings_list":         "0-1\n",
		"sys/devices/system/cpu/intel_pstate/no_turbo":                      "0\n",
		"sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc hpet acpi_pm \n",
		"sys/fs/cgroup/user.slice/session/cpu.max":                          "max 100000\n",
		"sys/fs/cgroup/user.slice/session/pids.max":                         "1000\n",
		"sys/fs/cgroup/user.slice/session/pids.current":                     "40\n",
		"sys/fs/cgroup/user.slice/cpu.max":                                  "150000 100000\n",
		"sys/fs/cgroup/user.slice/memory.max":                               "1073741824\n",
		"sys/fs/cgroup/user.slice/memory.current":                           "73741824\n",
		"proc/sys/net/ipv4/tcp_syncookies":                                  "1\n",
		"proc/sys/kernel/threads-max":                                       "5000\n",
		"proc/sys/kernel/pid_max":                                           "32768\n",
		"proc/self/limits":                                                  "Limit Soft Limit Hard Limit Units\nMax processes             1024                 2048                 processes \n",
		"proc/self/uid_map":                                                 "         0          0 4294967295\n",
		"proc/self/status":                                                  "Name:\tpoolbench\nUid:\t1000\t1000\t1000\t1000\nThreads:\t8\nCapEff:\t0000000000000000\n",
		"proc/7/status":                                                     "Uid:\t1000\t1000\t1000\t1000\nThreads:\t8\n", // the same
		"proc/8/status":                                                     "Uid:\t1000\t0\t0\t0\nThreads:\t6\n",
		"proc/9/status":                                                     "Uid:\t0\t1000\t1000\t1000\nThreads:\t60\n",
		"proc/loadavg":                                                      "0.25 0.10 0.05 2/137 9758\n",
		"proc/meminfo":                                                      "MemTotal:       24683620 kB\nMemFree:        22029544 kB\nMemAvailable:   23826340 kB\n",
		"proc/self/cgroup":                                                  "0::/user.slice/session\n",
		"proc/cpuinfo":                                                      "processor\t: 0\nflags\t\t: fpu vme\n",
		"sys/class/dmi/id/sys_vendor":                                       "LENOVO\n",
	}
}

func TestLinuxTellsInFiles(t *testing.T) {
	f := Facts{Allowed: []int{0, 1}}
	f.linux(files(pc()))
	want := Facts{
		Allowed:  []int{0, 1},
		Siblings: map[int][]int{0: {0, 1}, 1: {0, 1}},
		Turbo:    to(true), TurboOff: "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo",
		Clocksources: []string{"tsc", "hpet", "acpi_pm"},
		SynCookies:   "1",
		LoadAvg:      to(0.25),
		Quota:        to(1.5), // of the group above
		MemoryLeft:   1_000_000_000,
		Threads: []ThreadLimit{
			{By: ByGroup, Most: 1000, Left: 960, Group: "sys/fs/cgroup/user.slice/session"}, {By: ByUser, Most: 1024, Left: 1010, Hard: 2048},
			{By: ByKernel, Most: 5000, Left: 4863}, {By: ByNumbers, Most: 32768, Left: 32631},
		},
		Virtual: to(""), Container: to(""),
	}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("facts\n%+v, want\n%+v", f, want)
	}
}

func TestEachFileIsReadForWhatItSays(t *testing.T) {
	without := func(name string) func(map[string]string) { return func(m map[string]string) { delete(m, name) } }
	with := func(pairs ...string) func(map[string]string) {
		return func(m map[string]string) {
			for i := 0; i < len(pairs); i += 2 {
				m[pairs[i]] = pairs[i+1]
			}
		}
	}
	none := ThreadLimit{}
	limit := func(by ThreadLimiter) func(Facts) any {
		return func(f Facts) any {
			for _, l := range f.Threads {
				if l.By == by {
					return l
				}
			}
			return none
		}
	}
	for _, test := range []struct {
		name   string
		change func(map[string]string)
		get    func(Facts) any
		want   any
	}{
		{"version 1 of control groups", with("proc/self/cgroup", "4:memory:/a\n1:cpu,cpuacct:/a/b\n0::/a\n", "sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1", "sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000",
			"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "50000", "sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000"), func(f Facts) any { return told(f.Quota) }, 0.5},
		{"version 1 without a quota", with("proc/self/cgroup", "1:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"), func(f Facts) any { return *f.Quota }, 0.0},
		{"no limit of memory in version 1", with("proc/self/cgroup", "1:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712", "sys/fs/cgroup/memory/memory.usage_in_bytes", "5"), func(f Facts) any { return f.MemoryLeft }, int64(23826340 << 10)},
		{"a limit of memory in version 1", with("proc/self/cgroup", "1:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes", "1000", "sys/fs/cgroup/memory/memory.usage_in_bytes", "5"), func(f Facts) any { return f.MemoryLeft }, int64(995)},
		{"more used than allowed is not untold", with("sys/fs/cgroup/user.slice/memory.current", "2073741824"), func(f Facts) any { return f.MemoryLeft }, int64(1)},
		{"the tightest quota, below a wider one", with("sys/fs/cgroup/user.slice/session/cpu.max", "50000 100000"), func(f Facts) any { return *f.Quota }, 0.5},
		{"no control groups", without("proc/self/cgroup"), func(f Facts) any { return f.Quota == nil }, true},
		{"the path of the host, in a container", with("proc/self/cgroup", "0::/elsewhere\n"), func(f Facts) any { return *f.Quota }, 0.0},
		{"a group without a limit on threads", with("sys/fs/cgroup/user.slice/session/pids.max", "max"), limit(ByGroup), none},
		{"the tightest group for threads", with("sys/fs/cgroup/user.slice/pids.max", "50", "sys/fs/cgroup/user.slice/pids.current", "45"), limit(ByGroup), ThreadLimit{By: ByGroup, Most: 50, Left: 5, Group: "sys/fs/cgroup/user.slice"}},
		{"a group with more threads than it may have", with("sys/fs/cgroup/user.slice/session/pids.current", "1001"), limit(ByGroup), ThreadLimit{By: ByGroup, Most: 1000, Group: "sys/fs/cgroup/user.slice/session"}},
		{"nothing about all threads", without("proc/sys/kernel/threads-max"), limit(ByKernel), none},
		{"a user without a limit on threads", with("proc/self/limits", "Max processes unlimited unlimited processes\n"), limit(ByUser), none},
		{"a user who may have as many as he likes", with("proc/self/limits", "Max processes 1024 unlimited processes\n"), limit(ByUser), ThreadLimit{By: ByUser, Most: 1024, Left: 1010, Hard: math.MaxInt64}},
		{"a user with more threads than he may have", with("proc/self/limits", "Max processes 9 9 processes\n"), limit(ByUser), ThreadLimit{By: ByUser, Most: 9, Hard: 9}},
		{"no limits told", without("proc/self/limits"), limit(ByUser), none},
		{"root, whom no limit on threads binds", with("proc/self/status", "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n"), limit(ByUser), none},
		{"a user with CAP_SYS_RESOURCE", with("proc/self/status", "Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000001000000\n"), limit(ByUser), none},
		{"root of a user namespace, whom it binds", with("proc/self/status", "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n", "proc/self/uid_map", "0 1000 1\n"), limit(ByUser), ThreadLimit{By: ByUser, Most: 1024, Left: 964, Hard: 2048}},
		{"turbo that is off", with("sys/devices/system/cpu/intel_pstate/no_turbo", "1"), func(f Facts) any { return *f.Turbo }, false},
		{"turbo of another driver", func(m map[string]string) {
			delete(m, "sys/devices/system/cpu/intel_pstate/no_turbo")
			m["sys/devices/system/cpu/cpufreq/boost"] = "1"
		}, func(f Facts) any { return f.TurboOff }, "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"},
		{"nothing about turbo", without("sys/devices/system/cpu/intel_pstate/no_turbo"), func(f Facts) any { return f.Turbo == nil }, true},
		{"nothing about cores", without("sys/devices/system/cpu/cpu1/topology/thread_siblings_list"), func(f Facts) any { return len(f.Siblings) }, 1},
		{"no load average", without("proc/loadavg"), func(f Facts) any { return f.LoadAvg == nil }, true},
		{"no memory told", without("proc/meminfo"), func(f Facts) any { return f.MemoryLeft }, int64(0)},
		{"a virtual machine with a vendor", with("proc/cpuinfo", "flags : fpu hypervisor vme\n", "sys/class/dmi/id/sys_vendor", "QEMU\n", "sys/class/dmi/id/product_name", "Standard PC\n"), func(f Facts) any { return *f.Virtual }, "yes: QEMU Standard PC"},
		{"a virtual machine that says no more", func(m map[string]string) {
			m["proc/cpuinfo"] = "flags : hypervisor\n"
			delete(m, "sys/class/dmi/id/sys_vendor")
		}, func(f Facts) any { return *f.Virtual }, "yes, of an unknown kind"},
		{"Xen", with("sys/hypervisor/type", "xen\n"), func(f Facts) any { return *f.Virtual }, "yes: xen"},
		{"an ARM guest", with("proc/device-tree/hypervisor/compatible", "linux,kvm\x00"), func(f Facts) any { return *f.Virtual }, "yes: linux,kvm"},
		{"docker", with(".dockerenv", ""), func(f Facts) any { return *f.Container }, "yes: docker"},
		{"podman", with("run/.containerenv", ""), func(f Facts) any { return *f.Container }, "yes: podman"},
		{"nspawn", with("run/systemd/container", "systemd-nspawn\n"), func(f Facts) any { return *f.Container }, "yes: systemd-nspawn"},
		{"kubernetes", with("proc/self/cgroup", "0::/kubepods/burstable/pod1\n"), func(f Facts) any { return *f.Container }, "yes: kubepods"},
	} {
		t.Run(test.name, func(t *testing.T) {
			texts := maps.Clone(pc())
			test.change(texts)
			f := Facts{Allowed: []int{0, 1}}
			f.linux(files(texts))
			if got := test.get(f); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestOnlyWhatSlowsAProgramDownIsToldOfItsBuild(t *testing.T) {
	got := instrumented([]debug.BuildSetting{{Key: "-race", Value: "true"}, {Key: "-cover", Value: "false"}, {Key: "-gcflags", Value: "-N -l"}, {Key: "CGO_ENABLED", Value: "1"}})
	if want := []string{"-race", "-gcflags=-N -l"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestVariablesThatARunSetsItselfAreNotTold(t *testing.T) {
	getenv := func(name string) string { return map[string]string{"GOGC": "off", "GOMAXPROCS": "1"}[name] }
	if got := set(getenv); !slices.Equal(got, []string{"GOGC"}) {
		t.Errorf("got %q", got)
	}
}

func TestTheCompilerIsTheOneInTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if got := compiler(func(string) string { return "" }); got != "" {
		t.Errorf("found %s where there is none", got)
	}
	own := filepath.Join(dir, "mycc.exe") // so that Windows runs it
	if err := os.WriteFile(own, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := compiler(func(string) string { return own }); got != own {
		t.Errorf("found %q, want %s", got, own)
	}
}

func TestResultsNeedNotExistYet(t *testing.T) {
	dir := t.TempDir()
	if got := existing(filepath.Join(dir, "a", "b")); got != dir {
		t.Errorf("the nearest folder is %s, want %s", got, dir)
	}
}

// Catches: a new process that is charged with what an old one of the same number had used.
func TestTheBusiestAreThoseSinceTheLastLook(t *testing.T) {
	before := map[identity]used{{1, 0}: {"init", 50}, {2, 7}: {"old", 1000}, {3, 1}: {"same", 10}}
	after := map[identity]used{{1, 0}: {"init", 51}, {2, 9}: {"new", 20}, {3, 1}: {"same", 10}, {4, 9}: {"next", 20}}
	want := []Process{{2, "new", 20}, {4, "next", 20}, {1, "init", 1}}
	if got := busiestOf(before, after); !slices.Equal(got, want) {
		t.Errorf("the busiest are %v, want %v", got, want)
	}
}

func TestALookWatchesAndAsks(t *testing.T) {
	const each = 20 * time.Millisecond
	l, err := watch(t.Context(), each, 2)
	if err != nil {
		t.Fatal(err)
	}
	if l.Quiet < each || l.Busy < each || l.Wanted != 2 {
		t.Errorf("looked for %v and %v at %d CPUs", l.Quiet, l.Busy, l.Wanted)
	}
}

func TestALookEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := watch(ctx, time.Hour, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestReadingTheClockTakesTime(t *testing.T) {
	if got := clockRead(); got <= 0 {
		t.Errorf("a reading takes %v", got)
	}
}
