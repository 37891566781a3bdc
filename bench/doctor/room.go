package doctor

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/poolbench/poolbench/bench/internal/figures"
	"github.com/poolbench/poolbench/bench/internal/load"
)

func suites(f Facts) []Finding {
	var all []Finding
	for _, s := range f.Needs.Suites {
		found := one(OK, "%s can be measured", figures.Counted(s.Scenarios, "scenario"))
		if refused := f.Refused[s.Name]; len(refused) > 0 {
			found = advised(one(Bad, "%s", refusal(f, refused)), "%s", without(s, refused))
		}
		found[0].Name = "suite " + s.Name
		all = append(all, found...)
	}
	return all
}

// refusal says why scenarios cannot be measured: those that need too many open files in one sentence.
func refusal(f Facts, refused []Refusal) string {
	may := f.Platform.OpenFiles.Soft
	var files, why []string
	for _, r := range refused {
		switch {
		case may == 0 || r.Files <= may:
			why = append(why, fmt.Sprintf("%s: %v", r.Scenario, r.Err))
		case len(files) == 0:
			files = append(files, fmt.Sprintf("%s needs %s open files", r.Scenario, figures.Count(r.Files)))
		default:
			files = append(files, fmt.Sprintf("%s %s", r.Scenario, figures.Count(r.Files)))
		}
	}
	if len(files) > 0 {
		why = append(why, fmt.Sprintf("%s, and you may have %s", strings.Join(files, ", "), figures.Count(may)))
	}
	return strings.Join(why, "; ")
}

// without says how many of a suite's scenarios can be measured all the same.
func without(s SuiteNeeds, refused []Refusal) string {
	switch left := s.Scenarios - len(refused); left {
	case 0:
		return "None of its scenarios can be measured until that is mended."
	case 1:
		return "The other one can be measured with --scenario."
	default:
		return fmt.Sprintf("The other %d can be measured with --scenario.", left)
	}
}

func openFiles(f Facts) []Finding {
	limit, need := f.Platform.OpenFiles, f.Needs.Files
	switch {
	case limit.Soft == 0:
		return ok("no limit that %s tells", f.Platform.GOOS)
	case limit.Soft >= need:
		return ok("%s needed, %s allowed", figures.Count(need), figures.Count(limit.Soft))
	case len(f.Refused) == 0:
		return ok("%s needed; %s allowed, which a run may raise", figures.Count(need), figures.Count(limit.Soft))
	}
	found := one(Bad, "%s needed, %s allowed", figures.Count(need), figures.Count(limit.Soft))
	switch {
	case limit.Hard >= need:
		return mended(found, "ulimit -n %d", need)
	case f.Platform.GOOS == "linux": // the shell's own limit, from where the run has it
		return mended(found, "sudo prlimit --pid $$ --nofile=%d:%d", need, need)
	default:
		return mended(found, "ulimit -Hn %d && ulimit -n %d", need, need)
	}
}

// sysctl is a number that the system tells; false: it does not.
func (f Facts) sysctl(name string) (int, bool) {
	n, err := strconv.Atoi(f.Platform.Sysctls[name])
	return n, err == nil
}

// somaxconn bounds each listener's backlog (listen(2)), in which every client waits who is not accepted yet.
func somaxconn(f Facts) []Finding {
	const name = "net.core.somaxconn"
	n, has := f.sysctl(name)
	switch {
	case !has:
		return untold("%s does not tell", f.Platform.GOOS)
	case n >= f.Needs.Clients:
		return ok("%s, for %s clients at most", figures.Count(n), figures.Count(f.Needs.Clients))
	}
	return mended(one(Warning, "%s, for up to %s clients", figures.Count(n), figures.Count(f.Needs.Clients)), "sudo sysctl -w %s=%d", name, f.Needs.Clients)
}

// synBacklog bounds nothing where SYN cookies are on: then the listener's backlog counts for half-open connections as well.
// Where they are off, the last quarter is kept for clients that the kernel knows to be alive (tcp_conn_request in
// net/ipv4/tcp_input.c).
func synBacklog(f Facts) []Finding {
	const name = "net.ipv4.tcp_max_syn_backlog"
	n, has := f.sysctl(name)
	switch {
	case !has || f.SynCookies == "":
		return untold("%s does not tell", f.Platform.GOOS)
	case f.SynCookies != "0":
		return ok("%s; with SYN cookies it bounds nothing", figures.Count(n))
	case n-n/4 >= f.Needs.Clients:
		return ok("%s, for %s clients at most", figures.Count(n), figures.Count(f.Needs.Clients))
	}
	return mended(one(Warning, "%s, for up to %s clients", figures.Count(n), figures.Count(f.Needs.Clients)), "sudo sysctl -w %s=%d", name, (4*f.Needs.Clients+2)/3)
}

// usualPorts are those of Linux where nobody has said otherwise (ip_local_port_range in ip(7)).
const usualPorts = "32768 60999"

func ports(f Facts) []Finding {
	const name = "net.ipv4.ip_local_port_range"
	var first, last int
	if _, err := fmt.Sscan(f.Platform.Sysctls[name], &first, &last); err != nil || last < first {
		return untold("%s does not tell", f.Platform.GOOS)
	}
	n, need := last-first+1, f.Needs.Ports
	found := ok("%s for each address", figures.Count(n))
	switch {
	case n < need.Staying:
		found = one(Bad, "%s for each address, and %s connections stay at once", figures.Count(n), figures.Count(need.Staying))
	case f.Needs.Sessions && n < need.Counted:
		found = one(Warning, "%s for each address, and the driver counts on %s", figures.Count(n), figures.Count(need.Counted))
	default:
		return found
	}
	return mended(found, "sudo sysctl -w %s='%s'", name, usualPorts)
}

// portReuse: 1 and 2 have ports of loopback used again after a second (tcp_twsk_unique in net/ipv4/tcp_ipv4.c).
func portReuse(f Facts) []Finding {
	const name = "net.ipv4.tcp_tw_reuse"
	n, has := f.sysctl(name)
	switch {
	case !has:
		return untold("%s does not tell", f.Platform.GOOS)
	case !f.Needs.Sessions:
		return ok("no suite needs them: all connections stay")
	case n == 0:
		return mended(one(Warning, "not for a minute, so that sessions wait once %s are used up", figures.Count(f.Needs.Ports.TimeWait)), "sudo sysctl -w %s=2", name)
	}
	return ok("on loopback after a second")
}

func timeWait(f Facts) []Finding {
	most := f.Needs.Ports.TimeWait
	switch {
	case f.TimeWait == nil:
		return untold("%s does not tell", f.Platform.GOOS)
	case f.Needs.Sessions && *f.TimeWait > most:
		return advised(one(Warning, "%s, and sessions wait until it is %s", figures.Counted(*f.TimeWait, "socket"), figures.Count(most)),
			"Nothing to mend: wait a minute, after which each has gone.")
	}
	return ok("%s", figures.Counted(*f.TimeWait, "socket"))
}

const (
	// perConnection is what a connection takes of the memory at most, at both of its ends: with a thread for each, a server took
	// 27 KiB (the metric memory, scenario crowd), its kernel stack is 16 KiB on 64-bit systems, and the sockets and files of both
	// sides are about as much again.
	perConnection = 64 << 10

	// perProcess is what driver and server take beside: 29 and 21 MiB.
	perProcess = 32 << 20
)

func memory(f Facts) []Finding {
	need := int64(perProcess*(1+f.Needs.Servers) + perConnection*f.Needs.Held)
	switch {
	case f.MemoryLeft == 0:
		return untold("%s does not tell", f.Platform.GOOS)
	case f.MemoryLeft < need:
		return advised(one(Bad, "%s left, and up to %s needed", bytes(f.MemoryLeft), bytes(need)), "End what uses it, or give the container more.")
	}
	return ok("%s left, up to %s needed", bytes(f.MemoryLeft), bytes(need))
}

// threads looks at all limits: whoever mends the tightest alone meets the next.
func threads(f Facts) []Finding {
	if len(f.Threads) == 0 {
		return untold("%s does not tell", f.Platform.GOOS)
	}
	need := int64(0)
	for _, s := range f.Needs.Suites {
		need = max(need, int64(s.Threads))
	}
	var all []Finding
	least := f.Threads[0].Left
	for _, l := range f.Threads {
		least = min(least, l.Left)
		if l.Left < need {
			found := one(Bad, "%s more may be started (%s is %s), and needed are %s", figures.Count(l.Left), l.By, figures.Count(l.Most), l.short(f.Needs.Suites))
			all = append(all, f.moreThreads(found, l, l.Most-l.Left+need)...)
		}
	}
	if len(all) > 0 {
		return all
	}
	return ok("%s more may be started, up to %s needed", figures.Count(least), figures.Count(need))
}

// short says which suites need more than a limit leaves, and where.
func (l ThreadLimit) short(suites []SuiteNeeds) string {
	var of []string
	for _, s := range suites {
		if l.Left < int64(s.Threads) {
			of = append(of, fmt.Sprintf("%s by %s in %s", figures.Count(s.Threads), s.Name, s.Most))
		}
	}
	return strings.Join(of, ", ")
}

// moreThreads says how a limit is raised to so many.
func (f Facts) moreThreads(found []Finding, l ThreadLimit, most int64) []Finding {
	unit := path.Base(l.Group)
	switch {
	case l.By == ByKernel || l.By == ByNumbers:
		return mended(found, "sudo sysctl -w %s=%d", l.By, most)
	case l.By == ByUser && l.Hard >= most:
		return mended(found, "ulimit -u %d", most)
	case l.By == ByUser: // the shell's own limit, from where the run has it
		return mended(found, "sudo prlimit --pid $$ --nproc=%d:%d", most, most)
	case f.Container != nil && *f.Container != "":
		return advised(found, "Start the container with more (docker run --pids-limit %d), or give it more from its host: docker update --pids-limit %d CONTAINER.", most, most)
	case slices.Contains([]string{".slice", ".service", ".scope"}, path.Ext(unit)): // systemd's
		return mended(found, "sudo systemctl set-property --runtime %s TasksMax=%d", unit, most)
	default:
		return mended(found, "echo %d | sudo tee /%s/pids.max", most, l.Group)
	}
}

// perTrial is what a trial takes of the disk: 12 KiB in the reference run, its part of report and plots included.
const perTrial = 16 << 10

func disk(f Facts) []Finding {
	need := int64(perTrial * f.Needs.Trials)
	switch {
	case f.DiskFree == nil:
		return untold("%s does not tell", f.Platform.GOOS)
	case *f.DiskFree < uint64(need):
		return mended(one(Bad, "%s free for %s, and up to %s needed", bytes(int64(*f.DiskFree)), f.Results, bytes(need)), "poolbench run --results FOLDER_ELSEWHERE")
	}
	return ok("%s free for %s, up to %s needed", bytes(int64(min(*f.DiskFree, 1<<62))), f.Results, bytes(need))
}

func virtual(f Facts) []Finding {
	switch {
	case f.Virtual == nil:
		return untold("%s does not tell", f.Platform.GOOS)
	case *f.Virtual == "":
		return ok("none that can be seen")
	}
	return ok("%s", *f.Virtual)
}

func container(f Facts) []Finding {
	switch {
	case f.Container == nil:
		return untold("%s does not tell", f.Platform.GOOS)
	case *f.Container == "":
		return ok("none that can be seen")
	}
	return ok("%s", *f.Container)
}

func built(f Facts) []Finding {
	if len(f.Built) > 0 {
		return mended(one(Bad, "with %s", strings.Join(f.Built, ", ")), "go build -o poolbench ./cmd/poolbench")
	}
	return ok("for use")
}

func goSettings(f Facts) []Finding {
	if len(f.Set) > 0 {
		return mended(one(Warning, "%s in the environment", strings.Join(f.Set, ", ")), "unset %s", strings.Join(f.Set, " "))
	}
	if len(f.Server) == 0 {
		return ok("%s", f.Platform.GoVersion)
	}
	return ok("%s; GOMAXPROCS %d for the server, %d for the driver", f.Platform.GoVersion, len(f.Server), load.Procs("", len(f.Driver)))
}

func cCompiler(f Facts) []Finding {
	if f.CCompiler == "" {
		return ok("none: `make test` tests without the race detector")
	}
	return ok("%s", f.CCompiler)
}

func bytes(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	default:
		return fmt.Sprintf("%d MiB", n>>20)
	}
}
