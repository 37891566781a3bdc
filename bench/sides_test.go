package bench

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench/internal/load"
	"github.com/poolbench/poolbench/bench/internal/pin"
	"github.com/poolbench/poolbench/bench/trial"
)

// Catches: a driver that is given more of Go's processors than its share where it has to share CPUs with the server, and
// so one event loop more than there are CPUs for.
func TestADriverWantsMoreProcessorsOnlyOnCPUsOfItsOwn(t *testing.T) {
	for _, name := range Drivers() {
		for what, c := range map[string]struct {
			server, driver []int
			apart          bool
		}{
			"CPUs of their own": {[]int{0}, []int{1, 2}, true},
			"a shared CPU":      {[]int{0, 1}, []int{1, 2}, false},
			"not pinned":        {nil, nil, false},
		} {
			before := sides(c.server, c.driver)
			want := before.Driver.GOMAXPROCS
			if c.apart {
				want = load.Procs(name, want)
			}
			after := before.forDriver(name)
			if got := after.Driver.GOMAXPROCS; got != want {
				t.Errorf("%s, %s: GOMAXPROCS is %d, want %d", name, what, got, want)
			}
			var config load.Config
			after.configure(&config, name)
			if config.OwnCPUs != c.apart || config.CPUs != len(c.driver) || !slices.Equal(after.Server.CPUs, c.server) {
				t.Errorf("%s, %s: %+v", name, what, config)
			}
		}
	}
}

// Catches: a run that is measured on CPUs that both sides were given, of which no trial can be used; and one that began so and cannot go on.
func TestACPUThatBothSidesNameIsRefused(t *testing.T) {
	allowed, err := pin.Allowed()
	if err != nil || len(allowed) < 2 {
		t.Skip("no two CPUs to pin to: ", allowed, err)
	}
	one, other := fmt.Sprint(allowed[0]), fmt.Sprint(allowed[1])
	if _, err := ParseSides(one, other); err != nil {
		t.Error(err)
	}
	for _, lists := range [][2]string{{one, one}, {one + "," + other, one}, {one, other + "," + one}} {
		_, err := ParseSides(lists[0], lists[1])
		if err == nil || !strings.Contains(err.Error(), "both name CPU "+one+",") || !strings.Contains(err.Error(), "name different ones") {
			t.Errorf("%v: %v", lists, err)
		}
	}
	side := trial.Side{GOMAXPROCS: 1, CPUs: allowed[:1]}
	if s, err := SidesOf(trial.Env{Server: side, Driver: side}); err != nil || len(s.Warnings) != 1 {
		t.Errorf("a run that goes on: %v, %v", s.Warnings, err)
	}
}
