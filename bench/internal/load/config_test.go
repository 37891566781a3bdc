package load

import (
	"math"
	"strings"
	"testing"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
)

func TestAConfigThatMakesNoSenseIsRefusedInItsOwnWords(t *testing.T) {
	good := func() Config {
		return load("", "127.0.0.1:1", lines, trial.Load{Loop: trial.Open, Clients: 1, Rate: 1})
	}
	if err := good().Check(); err != nil {
		t.Fatalf("a good one: %v", err)
	}
	closed := func(c *Config) { c.Load = trial.Load{Loop: trial.Closed, Clients: 1} }
	for name, c := range map[string]struct {
		change func(*Config)
		want   []string // parts of the error
	}{
		"no port":                     {func(c *Config) { c.Target = "localhost" }, []string{"target", `"localhost"`, "host:port"}},
		"no clients":                  {func(c *Config) { c.Load.Clients = 0 }, []string{"clients 0", "at least 1"}},
		"rate 0":                      {func(c *Config) { c.Load.Rate = 0 }, []string{"rate 0", "more than 0"}},
		"rate not a number":           {func(c *Config) { c.Load.Rate = math.NaN() }, []string{"rate NaN"}},
		"rate without end":            {func(c *Config) { c.Load.Rate = math.Inf(1) }, []string{"rate +Inf", "finite"}},
		"think in the open loop":      {func(c *Config) { c.Load.Think = ms }, []string{"think time 1ms", "open loop", "closed"}},
		"unknown arrivals":            {func(c *Config) { c.Load.Arrivals = "uniform" }, []string{`"uniform"`, "poisson", "constant"}},
		"unknown loop":                {func(c *Config) { c.Load.Loop = "loose" }, []string{`"loose"`, "closed", "open", "sessions"}},
		"rate in the closed loop":     {func(c *Config) { closed(c); c.Load.Rate = 5 }, []string{"rate 5", "closed loop"}},
		"arrivals in the closed loop": {func(c *Config) { closed(c); c.Load.Arrivals = trial.Constant }, []string{"arrivals", "closed loop"}},
		"negative think time":         {func(c *Config) { closed(c); c.Load.Think = -1 }, []string{"think time -1ns"}},
		"no window":                   {func(c *Config) { c.Window = 0 }, []string{"window 0s"}},
		"no time-out":                 {func(c *Config) { c.TimeOut = 0 }, []string{"time-out 0s"}},
		"no back-off":                 {func(c *Config) { c.BackOff = 0 }, []string{"back-off 0s"}},
		"negative warm-up":            {func(c *Config) { c.WarmUp = -1 }, []string{"warm-up -1ns"}},
		"negative tail":               {func(c *Config) { c.Tail = -1 }, []string{"tail -1ns"}},
		"requests in the open loop":   {func(c *Config) { c.Requests = 5 }, []string{"requests 5", "open loop", "closed"}},
		"sessions in the open loop":   {func(c *Config) { c.Client = tens }, []string{"open loop", "sessions"}},
		"requests in the sessions loop": {func(c *Config) { c.Load.Loop = trial.Sessions },
			[]string{"sessions loop", "open loop"}},
		"a session without an end": {func(c *Config) { c.Load.Loop = trial.Sessions; c.Client = tens; c.Client.PerConn = 0 },
			[]string{"PerConn"}},
		"a session that the client ends": {func(c *Config) { c.Load.Loop = trial.Sessions; c.Client = tens; c.Client.End = workload.ClientCloses },
			[]string{"ServerCloses"}},
		"unknown driver":      {func(c *Config) { c.Driver = "carrier pigeon" }, []string{`driver "carrier pigeon"`, "goroutines"}},
		"less than no CPU":    {func(c *Config) { c.CPUs = -1 }, []string{"CPUs -1"}},
		"a rate beyond reach": {func(c *Config) { c.Load.Rate = 1e9 }, []string{"rate 1e+09", "at most 10000000"}},
		"a profile in the closed loop": {func(c *Config) { closed(c); c.Load.Profile = trial.Burst(5, 0, ms) },
			[]string{"changing rate", "closed loop"}},
		"a profile behind the window": {func(c *Config) { c.Load.Profile = trial.Burst(5, c.Window, ms) },
			[]string{"profile", "segment 1", "window"}},
		"an unknown behaviour": {func(c *Config) { c.Load.Others = []trial.Share{{Behaviour: "rude", Share: 0.1}} },
			[]string{`behaviour "rude"`, "slow", "idle", "never-reads", "resets"}},
		"nobody to measure": {func(c *Config) { c.Load.Others = []trial.Share{{Behaviour: trial.Idle, Share: 0.1}} },
			[]string{"1 clients", "none that is measured"}},
		"a share of nothing": {func(c *Config) { c.Load.Others = []trial.Share{{Behaviour: trial.Idle}} },
			[]string{"idle", "share 0"}},
		"slices of nothing": {func(c *Config) { c.Turn = &Turn{Of: 2} }, []string{"slices of 0s", "more than 0"}},
		"the third of two": {func(c *Config) { c.Turn = &Turn{Every: ms, Index: 2, Of: 2} },
			[]string{"turn 2 of 2", "one less"}},
		"the turn of nobody": {func(c *Config) { c.Turn = &Turn{Every: ms} }, []string{"turn 0 of 0"}},
		"slices longer than the window": {func(c *Config) { c.Turn = &Turn{Every: 151 * ms, Of: 2} },
			[]string{"slices of 151ms", "2 loads", "window of 300ms", "at most 150ms"}},
		"a number of requests in turns": {func(c *Config) { closed(c); c.Requests = 5; c.Turn = &Turn{Every: ms, Of: 2} },
			[]string{"requests 5", "turns"}},
		"a profile in turns": {func(c *Config) { c.Load.Profile = trial.Burst(5, 0, ms); c.Turn = &Turn{Every: ms, Of: 2} },
			[]string{"changing rate", "turns"}},
		"nothing to send": {func(c *Config) { c.Client.Request = nil }, []string{"Request"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := good()
			c.change(&config)
			_, err := Run(t.Context(), config)
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
	}
}

func TestMoreConnectionsThanFilesIsAnErrorThatSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		clients int
		limit   uint64
		want    []string // none: fits
	}{
		{960, 1024, nil},
		{961, 1024, []string{"961 connections", "limit is 1024", "ulimit -n 1025", "at most 960"}},
		{1, 20, []string{"ulimit -n 65"}},
		{math.MaxInt32, math.MaxUint64, nil}, // unlimited
	} {
		err := checkFiles(c.clients, c.limit)
		if (err == nil) != (c.want == nil) {
			t.Errorf("%d connections of %d files: %v", c.clients, c.limit, err)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("error %q does not say %q", err, part)
			}
		}
	}
}
