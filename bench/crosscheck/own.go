package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/server"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// ownName is poolbench's own driver among the generators.
const ownName = "poolbench"

// ownEnv has a copy of this program be the driver and carry out the task in it, in a process of its own: what that costs
// can then be read as what the other generators cost.
const ownEnv = "POOLBENCH_CROSSCHECK"

// kinds are the strategies that this program can serve.
func kinds() strategies.Kinds { return strategies.Kinds{strategies.Goroutine()} }

// become turns this process into the server or the driver if it was started as one, and does not return then.
func become() {
	server.RunIfChild(kinds(), workload.All())
	text := os.Getenv(ownEnv)
	if text == "" {
		return
	}
	if err := carryOut(text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// own is poolbench's driver as a generator.
func own() (generator, error) {
	program, err := os.Executable()
	if err != nil {
		return generator{}, fmt.Errorf("find this program: %w", err)
	}
	return generator{
		name: ownName, program: program, about: bench.Drivers()[0] + " driver",
		env: func(t task) []string {
			text, _ := json.Marshal(t) // numbers and a text: it cannot fail
			return []string{ownEnv + "=" + string(text)}
		},
		parse: func(output string) (s said, err error) { return s, json.Unmarshal([]byte(output), &s) },
	}, nil
}

// carryOut drives what the task in text asks for, and prints what there is to say about it.
func carryOut(text string) error {
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return fmt.Errorf("read what to do: %w", err)
	}
	w, err := workload.Find(workload.All(), served)
	if err != nil {
		return err
	}
	// Without a warm-up, because the others have none, and what a process costs is read for the whole of it.
	timing := bench.Timing{Window: t.Length, Tail: time.Second, TimeOut: 5 * time.Second, BackOff: 20 * time.Millisecond}
	result, err := bench.Drive(context.Background(), t.Target, w,
		trial.Load{Loop: trial.Closed, Clients: t.Connections}, timing, bench.DriveOptions{OwnCPUs: t.OwnCPUs})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(summary(result))
}

// summary is what the driver says. Answers that came behind the window are not counted, though they have cost something.
func summary(t trial.Trial) said {
	p50, _ := t.Latency.Response.Quantile(0.50)
	p99, _ := t.Latency.Response.Quantile(0.99)
	spoilt := ""
	if i := slices.IndexFunc(t.Findings, func(f trial.Finding) bool { return f.Invalid }); i >= 0 {
		spoilt = t.Findings[i].Code
	}
	return said{
		Spoilt: spoilt, Requests: t.Counts.Good, Failed: t.Counts.Intended - t.Counts.OK,
		PerSecond: float64(t.Counts.Good) / t.Window.Seconds(),
		P50:       p50, P99: p99, Unit: time.Nanosecond,
	}
}
