package env

import (
	"bufio"
	"bytes"
	"io/fs"
	"strconv"
	"strings"

	"github.com/poolbench/poolbench/bench/internal/cgroup"
	"github.com/poolbench/poolbench/bench/trial"
)

// sysctls are those that decide how many connections a machine takes, and how fast they may follow one another.
var sysctls = []string{
	"net.core.somaxconn",
	"net.ipv4.ip_local_port_range",
	"net.ipv4.tcp_max_syn_backlog",
	"net.ipv4.tcp_max_tw_buckets",
	"net.ipv4.tcp_tw_reuse",
}

// linux fills in what Linux tells in files; root is "/". It needs no build tag, so that its tests run everywhere.
func linux(p *trial.Platform, root fs.FS) {
	p.Kernel = line(root, "proc/sys/kernel/osrelease")
	p.Clocksource = line(root, "sys/devices/system/clocksource/clocksource0/current_clocksource")
	p.Governor = line(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
	model, count := cpuinfo(root)
	p.CPUModel = model
	if count > 0 { // Go's own count is of those that this process may use
		p.CPUs = count
	}
	p.Memory = memTotal(root)
	if quota, tells := cgroup.Of(root).Quota(); tells {
		p.CPUQuota = &quota
	}
	p.Sysctls = map[string]string{}
	for _, name := range sysctls {
		if v := line(root, "proc/sys/"+strings.ReplaceAll(name, ".", "/")); v != "" {
			p.Sysctls[name] = v
		}
	}
}

// line returns the words of a file that holds one line, empty if it cannot be read.
func line(root fs.FS, path string) string {
	text, err := fs.ReadFile(root, path)
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

// cpuinfo returns the model of the first CPU and the number of CPUs. The model's key depends on the architecture; arm64
// mostly has none.
func cpuinfo(root fs.FS) (model string, count int) {
	models := map[string]string{}
	fields(root, "proc/cpuinfo", func(key, value string) {
		if key == "processor" {
			count++
		}
		if _, seen := models[key]; !seen {
			models[key] = value
		}
	})
	for _, key := range []string{"model name", "cpu model", "cpu", "uarch", "Model", "Hardware"} {
		if models[key] != "" {
			return models[key], count
		}
	}
	return "", count
}

// memTotal is the machine's memory in bytes, 0 if it cannot be read.
func memTotal(root fs.FS) int64 {
	var bytes int64
	fields(root, "proc/meminfo", func(key, value string) {
		if key == "MemTotal" {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(value, " kB"), 10, 64)
			bytes = kib << 10
		}
	})
	return bytes
}

// fields calls each for every "key : value" of a file, none if it cannot be read.
func fields(root fs.FS, path string, each func(key, value string)) {
	text, err := fs.ReadFile(root, path)
	if err != nil {
		return
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if key, value, found := strings.Cut(lines.Text(), ":"); found {
			each(strings.TrimSpace(key), strings.TrimSpace(value))
		}
	}
}
