package bench

import (
	"slices"
	"testing"

	"github.com/poolbench/poolbench/bench/internal/load"
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
