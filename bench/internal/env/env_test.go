package env

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/poolbench/poolbench/bench/trial"
)

func files(content map[string]string) fs.FS {
	root := fstest.MapFS{}
	for name, text := range content {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

func TestLinux(t *testing.T) {
	got := trial.Platform{CPUs: 1} // as Go says it for a pinned process
	linux(&got, files(map[string]string{
		"proc/cpuinfo": "processor\t: 0\nmodel\t\t: 143\nmodel name\t: Intel(R) Xeon(R) Processor\nflags\t\t: fpu vme\n\n" +
			"processor\t: 1\nmodel\t\t: 143\nmodel name\t: another\n",
		"proc/meminfo":                          "MemTotal:        8000000 kB\nMemFree:         1 kB\n",
		"proc/self/cgroup":                      "0::/job\n",
		"sys/fs/cgroup/job/cpu.max":             "150000 100000\n",
		"proc/sys/kernel/osrelease":             "6.18.5\n",
		"proc/sys/net/core/somaxconn":           "4096\n",
		"proc/sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
		"sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor":            "powersave\n",
	}))
	quota := 1.5
	want := trial.Platform{
		Kernel:      "6.18.5",
		CPUModel:    "Intel(R) Xeon(R) Processor",
		CPUs:        2,
		Memory:      8_192_000_000,
		Clocksource: "tsc",
		Governor:    "powersave",
		CPUQuota:    &quota,
		Sysctls:     map[string]string{"net.core.somaxconn": "4096", "net.ipv4.ip_local_port_range": "32768 60999"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLinuxThatTellsNothing(t *testing.T) {
	got := trial.Platform{CPUs: 3}
	linux(&got, files(nil))
	if diff := cmp.Diff(trial.Platform{CPUs: 3, Sysctls: map[string]string{}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCPUModelOfOtherArchitectures(t *testing.T) {
	for text, want := range map[string]string{
		"processor\t: 0\nBogoMIPS\t: 50\nCPU part\t: 0xd0c\n":                "",
		"processor\t: 0\n\nHardware\t: BCM2835\nModel\t\t: Raspberry Pi 4\n": "Raspberry Pi 4",
		"processor\t: 0\ncpu\t\t: POWER9\n":                                  "POWER9",
	} {
		if model, count := cpuinfo(files(map[string]string{"proc/cpuinfo": text})); model != want || count != 1 {
			t.Errorf("%q: %q, %d CPUs; want %q, 1", text, model, count, want)
		}
	}
}

func TestProgram(t *testing.T) {
	dep := func(path, version string) *debug.Module { return &debug.Module{Path: path, Version: version} }
	for name, c := range map[string]struct {
		info *debug.BuildInfo
		want trial.Env
	}{
		"our own command": {
			&debug.BuildInfo{
				Main: *dep(self, "v0.1.0"),
				Deps: []*debug.Module{dep("z", "v1"), dep("a", "v2")},
				Settings: []debug.BuildSetting{
					{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"},
				},
			},
			trial.Env{Program: self, Version: "v0.1.0", Commit: "abc", Dirty: true, Modules: []trial.Module{{Path: "a", Version: "v2"}, {Path: "z", Version: "v1"}}},
		},
		"a user's main, with poolbench replaced by a checkout": {
			&debug.BuildInfo{
				Main: *dep("example.com/mine", "(devel)"),
				Deps: []*debug.Module{{Path: self, Version: "v0.1.0", Replace: dep("../poolbench", "")}},
			},
			trial.Env{Program: "example.com/mine", Version: "../poolbench", Commit: unknown, Modules: []trial.Module{{Path: self, Version: "../poolbench"}}},
		},
		"a binary that knows nothing": {
			&debug.BuildInfo{},
			trial.Env{Version: unknown, Commit: unknown},
		},
	} {
		got := trial.Env{Commit: unknown}
		program(&got, c.info)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// repository makes a checkout with one commit of a module.
func repository(t *testing.T, module string) (dir string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	dir = t.TempDir()
	put(t, filepath.Join(dir, "go.mod"), "module "+module+"\n")
	// The user's own settings (hooks, signing) are no part of this test.
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	for _, args := range [][]string{
		{"init", "-q"},
		{"add", "."},
		{"-c", "user.name=n", "-c", "user.email=e@example.com", "commit", "-q", "-m", "m"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return dir
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCheckoutIsAskedForTheCommit(t *testing.T) {
	dir := repository(t, "example.com/m")
	head, err := git(dir, "rev-parse", "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	sub := filepath.Join(dir, "cmd", "m")
	if err := os.MkdirAll(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{dir, sub} {
		t.Chdir(from)
		if commit, dirty := checkout("example.com/m"); commit != head || dirty {
			t.Errorf("from %s: %s, dirty %v; want %s, clean", from, commit, dirty, head)
		}
	}
	put(t, filepath.Join(dir, "new.go"), "package m\n")
	if commit, dirty := checkout("example.com/m"); commit != head || !dirty {
		t.Errorf("with a new file: %s, dirty %v; want %s, dirty", commit, dirty, head)
	}
}

// Catches: runs that seem to be of another program because of a suite, notes or results that somebody put beside it; a program that is
// another one and seems to be the commit's.
func TestWhatIsNoPartOfTheProgramDoesNotChangeIt(t *testing.T) {
	for file, c := range map[string]struct {
		text  string
		dirty bool
	}{
		"mine.yaml":          {"name: mine\n", false},
		"my notes/a b.txt":   {"", false},
		"go.work":            {"go 1.26\n", true},
		"pkg/new.go":         {"package pkg\n", true},
		"pkg/add_amd64.s":    {"", true},
		"embeds/more.yaml":   {"", true},
		"embeds/in/side.txt": {"", true},
		"go.mod":             {"module example.com/m\n\ngo 1.26\n", true}, // known to git, and changed
		"embeds/known.yaml":  {"another text", true},
	} {
		dir := repository(t, "example.com/m")
		put(t, dir+"/embeds/embeds.go", "package embeds\n\nimport _ \"embed\"\n\n//go:embed *.yaml\nvar files string\n")
		put(t, dir+"/embeds/known.yaml", "a text")
		for _, args := range [][]string{{"add", "."}, {"-c", "user.name=n", "-c", "user.email=e@example.com", "commit", "-q", "-m", "more"}} {
			if out, err := git(dir, args...); err != nil {
				t.Fatalf("git %v: %v\n%s", args, err, out)
			}
		}
		t.Chdir(dir)
		if _, dirty := checkout("example.com/m"); dirty {
			t.Fatalf("%s: it begins with changes", file)
		}
		put(t, filepath.Join(dir, file), c.text)
		if _, dirty := checkout("example.com/m"); dirty != c.dirty {
			t.Errorf("with %s: changed %v, want %v", file, dirty, c.dirty)
		}
	}
}

func TestAnotherCheckoutIsNotOurs(t *testing.T) {
	dir := repository(t, "example.com/other")
	for name, c := range map[string]struct{ dir, module string }{
		"of another module":                {dir, "example.com/m"},
		"of a program without a module":    {dir, ""},
		"a copy without git":               {func() string { d := t.TempDir(); put(t, d+"/go.mod", "module example.com/m\n"); return d }(), "example.com/m"},
		"a module nested in the other one": {func() string { put(t, dir+"/in/go.mod", "module example.com/in\n"); return dir + "/in" }(), "example.com/other"},
	} {
		t.Chdir(c.dir)
		t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(c.dir))
		if commit, dirty := checkout(c.module); commit != unknown || dirty {
			t.Errorf("%s: %s, dirty %v; want unknown", name, commit, dirty)
		}
	}
}

func TestCollectHere(t *testing.T) {
	args := []string{"poolbench", "run"}
	e := Collect(args, 7)
	p := e.Platform
	if e.Seed != 7 || !slices.Equal(e.Command, args) || e.Commit == "" || e.Program != self || p.GoVersion != runtime.Version() || p.CPUs < 1 {
		t.Errorf("%+v", e)
	}
	args[0] = "changed"
	if e.Command[0] != "poolbench" {
		t.Error("the record shares the caller's slice")
	}
	if runtime.GOOS == "linux" {
		if p.Kernel == "" || p.Clocksource == "" || p.Memory == 0 || p.OpenFiles.Soft == 0 || p.OpenFiles.Hard < p.OpenFiles.Soft {
			t.Errorf("Linux tells all of these: %+v", p)
		}
		for _, name := range []string{"net.core.somaxconn", "net.ipv4.ip_local_port_range"} {
			if p.Sysctls[name] == "" {
				t.Errorf("%s is missing: %v", name, p.Sysctls)
			}
		}
	}
}

func TestWarnings(t *testing.T) {
	codes := func(p trial.Platform) string {
		var all []string
		for _, w := range warnings(p, 2) {
			all = append(all, w.Code)
		}
		return strings.Join(all, " ")
	}
	quota := func(cpus float64) *float64 { return &cpus }
	for _, c := range []struct {
		p    trial.Platform
		want string
	}{
		{trial.Platform{}, ""},
		{trial.Platform{Governor: "performance", Clocksource: "tsc"}, ""},
		{trial.Platform{Governor: "powersave", Clocksource: "arch_sys_counter"}, "cpu-governor"},
		{trial.Platform{Clocksource: "hpet"}, "slow-clock"},
		{trial.Platform{CPUQuota: quota(0)}, ""},
		{trial.Platform{CPUQuota: quota(2)}, ""},
		{trial.Platform{CPUQuota: quota(1.5)}, "cpu-quota"},
		{trial.Platform{GoSettings: map[string]string{"GOGC": "off"}}, "go-settings"},
	} {
		if got := codes(c.p); got != c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}

// Catches: a run under a small heap limit, of which nobody can tell later why its server spent its time collecting garbage.
func TestTheRecordHasWhatTheEnvironmentChangesOfGo(t *testing.T) {
	for _, name := range GoVariables {
		t.Setenv(name, "")
	}
	if e := Collect(nil, 0); len(e.Platform.GoSettings) > 0 {
		t.Errorf("none is set: %v", e.Platform.GoSettings)
	}
	t.Setenv("GOGC", "off")
	t.Setenv("GOMEMLIMIT", "64MiB")
	e := Collect(nil, 0)
	if diff := cmp.Diff(map[string]string{"GOGC": "off", "GOMEMLIMIT": "64MiB"}, e.Platform.GoSettings); diff != "" {
		t.Error(diff)
	}
	i := slices.IndexFunc(e.Warnings, func(w trial.Warning) bool { return w.Code == "go-settings" })
	if i < 0 || !strings.Contains(e.Warnings[i].Text, "GOGC=off and GOMEMLIMIT=64MiB of the environment") || !strings.Contains(e.Warnings[i].Text, "unset GOGC GOMEMLIMIT") {
		t.Errorf("%+v", e.Warnings)
	}
}
