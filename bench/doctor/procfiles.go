package doctor

import (
	"cmp"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/poolbench/poolbench/bench/internal/cgroup"
	"github.com/poolbench/poolbench/bench/internal/pin"
)

// linux fills in what Linux tells in files; root is "/". It needs no build tag, so that its tests run everywhere.
func (f *Facts) linux(root fs.FS) {
	f.Siblings = map[int][]int{}
	for _, cpu := range f.Allowed {
		if s, err := pin.ParseList(word(root, "sys/devices/system/cpu/cpu"+strconv.Itoa(cpu)+"/topology/thread_siblings_list")); err == nil && len(s) > 0 {
			f.Siblings[cpu] = s
		}
	}
	f.Turbo, f.TurboOff = turboOf(root)
	f.Clocksources = strings.Fields(word(root, "sys/devices/system/clocksource/clocksource0/available_clocksource"))
	f.SynCookies = word(root, "proc/sys/net/ipv4/tcp_syncookies")
	if average, err := strconv.ParseFloat(first(word(root, "proc/loadavg")), 64); err == nil {
		f.LoadAvg = &average
	}
	groups := cgroup.Of(root)
	if quota, tells := groups.Quota(); tells {
		f.Quota = &quota
	}
	f.MemoryLeft = memoryLeft(root)
	if room, limited := groups.Room("memory", "memory.max", "memory.current", "memory.limit_in_bytes", "memory.usage_in_bytes"); limited && f.MemoryLeft > 0 {
		f.MemoryLeft = min(f.MemoryLeft, max(room.Left, 1)) // 0 is not told
	}
	f.Threads = threadLimits(root, groups)
	machine, box := virtualOf(root), containerOf(root)
	f.Virtual, f.Container = &machine, &box
}

// word is the text of a file that holds one line, empty if it cannot be read.
func word(root fs.FS, name string) string {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func first(text string) string {
	if words := strings.Fields(text); len(words) > 0 {
		return words[0]
	}
	return ""
}

// turboOf says whether the clock may rise, and how that is turned off; nil: no driver tells. The one file is of intel_pstate, the
// other of all other drivers (Documentation/admin-guide/pm/cpufreq.rst and intel_pstate.rst).
func turboOf(root fs.FS) (on *bool, off string) {
	for _, t := range []struct{ file, on, off string }{
		{"sys/devices/system/cpu/intel_pstate/no_turbo", "0", "1"},
		{"sys/devices/system/cpu/cpufreq/boost", "1", "0"},
	} {
		if value := word(root, t.file); value != "" {
			is := value == t.on
			return &is, "echo " + t.off + " | sudo tee /" + t.file
		}
	}
	return nil, ""
}

// memoryLeft is what can be had without swapping, in bytes; 0: not told.
func memoryLeft(root fs.FS) int64 {
	text, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kib, _ := strconv.ParseInt(first(value), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// threadLimits are all that bound this process's threads.
func threadLimits(root fs.FS, groups cgroup.Groups) []ThreadLimit {
	var all []ThreadLimit
	now := threadsNow(root)
	for by, file := range map[ThreadLimiter]string{ByKernel: "threads-max", ByNumbers: "pid_max"} {
		if most, err := strconv.ParseInt(word(root, "proc/sys/kernel/"+file), 10, 64); err == nil {
			all = append(all, ThreadLimit{By: by, Most: most, Left: max(most-now, 0)})
		}
	}
	if soft, hard, bound := userLimit(root); bound {
		all = append(all, ThreadLimit{By: ByUser, Most: soft, Left: max(soft-userThreads(root), 0), Hard: hard})
	}
	if room, limited := groups.Room("pids", "pids.max", "pids.current", "pids.max", "pids.current"); limited {
		all = append(all, ThreadLimit{By: ByGroup, Most: room.Most, Left: max(room.Left, 0), Group: room.Group})
	}
	slices.SortFunc(all, func(a, b ThreadLimit) int { return cmp.Or(cmp.Compare(a.Left, b.Left), cmp.Compare(a.By, b.By)) })
	return all
}

// userLimit is RLIMIT_NPROC; false: none binds this process. Root and whoever has CAP_SYS_RESOURCE or CAP_SYS_ADMIN is not bound
// (getrlimit(2)), unless that is so in a user namespace alone, where the kernel asks outside of it.
func userLimit(root fs.FS) (soft, hard int64, bound bool) {
	text, err := fs.ReadFile(root, "proc/self/limits")
	if err != nil {
		return 0, 0, false
	}
	const sysAdmin, sysResource, everybody = 1 << 21, 1 << 24, "4294967295"
	caps, _ := strconv.ParseUint(statusOf(root, "self", "CapEff"), 16, 64)
	if first(statusOf(root, "self", "Uid")) == "0" || caps&(sysAdmin|sysResource) != 0 {
		if ids := strings.Fields(word(root, "proc/self/uid_map")); len(ids) == 3 && ids[2] == everybody {
			return 0, 0, false
		}
	}
	for line := range strings.Lines(string(text)) {
		if values, ok := strings.CutPrefix(line, "Max processes"); ok {
			both := strings.Fields(values)
			if len(both) < 2 || both[0] == "unlimited" {
				return 0, 0, false
			}
			if soft, err = strconv.ParseInt(both[0], 10, 64); err != nil {
				return 0, 0, false
			}
			if hard, err = strconv.ParseInt(both[1], 10, 64); err != nil { // "unlimited"
				hard = math.MaxInt64
			}
			return soft, hard, true
		}
	}
	return 0, 0, false
}

// userThreads are the threads of this process's real user, as far as they can be seen.
func userThreads(root fs.FS) int64 {
	user := first(statusOf(root, "self", "Uid"))
	entries, _ := fs.ReadDir(root, "proc") // what can be read of it
	n := int64(0)
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil || first(statusOf(root, e.Name(), "Uid")) != user {
			continue
		}
		some, _ := strconv.ParseInt(statusOf(root, e.Name(), "Threads"), 10, 64) // none: it has ended
		n += some
	}
	return n
}

// statusOf is a line of a process's status (proc_pid_status(5)); empty if it is not told.
func statusOf(root fs.FS, process, key string) string {
	text, _ := fs.ReadFile(root, "proc/"+process+"/status")
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// threadsNow are all threads of the machine: the number behind the slash of loadavg (proc_loadavg(5)).
func threadsNow(root fs.FS) int64 {
	for _, field := range strings.Fields(word(root, "proc/loadavg")) {
		if _, all, ok := strings.Cut(field, "/"); ok {
			n, _ := strconv.ParseInt(all, 10, 64)
			return n
		}
	}
	return 0
}

// virtualOf names the virtual machine; empty: none. The flag is set by the hypervisor's own CPUID leaf
// (X86_FEATURE_HYPERVISOR), elsewhere the firmware or the device tree tells.
func virtualOf(root fs.FS) string {
	text, _ := fs.ReadFile(root, "proc/cpuinfo")
	flagged := false
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "flags" {
			flagged = slices.Contains(strings.Fields(value), "hypervisor")
			break
		}
	}
	kind := word(root, "sys/hypervisor/type")
	vendor, product := word(root, "sys/class/dmi/id/sys_vendor"), word(root, "sys/class/dmi/id/product_name")
	tree := word(root, "proc/device-tree/hypervisor/compatible")
	switch {
	case kind != "":
		return "yes: " + kind
	case tree != "":
		return "yes: " + strings.TrimRight(tree, "\x00")
	case flagged && vendor+product != "":
		return "yes: " + strings.TrimSpace(vendor+" "+product)
	case flagged:
		return "yes, of an unknown kind"
	}
	return ""
}

// containerOf names the container, by the marks that its makers leave; empty: none that can be seen. What systemd-detect-virt looks at
// first, the environment of process 1, is for root alone.
func containerOf(root fs.FS) string {
	for _, mark := range []struct{ file, kind string }{{".dockerenv", "docker"}, {"run/.containerenv", "podman"}} {
		if _, err := fs.Stat(root, mark.file); err == nil {
			return "yes: " + mark.kind
		}
	}
	if kind := word(root, "run/systemd/container"); kind != "" {
		return "yes: " + kind
	}
	group := word(root, "proc/self/cgroup")
	for _, kind := range []string{"kubepods", "docker", "lxc", "containerd", "libpod"} {
		if strings.Contains(group, kind) {
			return "yes: " + kind
		}
	}
	return ""
}
