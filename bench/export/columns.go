package export

import (
	"time"

	"github.com/poolbench/poolbench/bench/stat"
	"github.com/poolbench/poolbench/bench/trial"
)

// A Column is one field of the flat formats.
type Column struct {
	Name  string // with its unit: _ns, _bytes, _per_s; without one it is a number or a ratio from 0 to 1
	About string

	// of is nil where the trial has no such value.
	of func(trial.Trial) any
}

// Columns returns the columns in their order, which does not change: new ones come last.
func Columns() []Column {
	all := []Column{
		{"seq", "place in the order in which trials ended, from 0: the line of trials.jsonl", func(t trial.Trial) any { return t.Seq }},
		{"started", "RFC 3339, UTC", func(t trial.Trial) any { return t.Started.UTC().Format(time.RFC3339Nano) }},
		{"scenario", "", func(t trial.Trial) any { return t.Scenario }},
		{"workload", "", func(t trial.Trial) any { return t.Workload }},
		{"measured", "what is counted: request or session", func(t trial.Trial) any { return t.Measured }},
		{"strategy", "full name with every limit", func(t trial.Trial) any { return t.Strategy }},
		{"kind", "the strategy without its limits", func(t trial.Trial) any { return t.Kind() }},
		{"twin", "the second half of the A/A pair", func(t trial.Trial) any { return t.Twin }},
		{"repetition", "from 0", func(t trial.Trial) any { return t.Repetition }},
		{"attempt", "above 0: measured again, because the attempt before was invalid", func(t trial.Trial) any { return t.Attempt }},
		{"calibrates", "measured a capacity, and is compared with nothing", func(t trial.Trial) any { return t.Calibrates }},
		{"invalid", "why the trial must not be used; empty for a good one", func(t trial.Trial) any { return t.Invalid }},
		{"loop", "closed, open or sessions", func(t trial.Trial) any { return string(t.Load.Loop) }},
		{"clients", "connections held at once", func(t trial.Trial) any { return t.Load.Clients }},
		{"offered_per_s", "none in a closed loop", func(t trial.Trial) any { return offered(t, t.Load.Rate) }},
		{"offered_fraction", "of the capacity that was measured in the same run", func(t trial.Trial) any { return offered(t, t.Load.Fraction) }},
		{"window_ns", "as it really was", func(t trial.Trial) any { return t.Window.Nanoseconds() }},
		{"time_out_ns", "the client's; in response, what was never answered stands at it", func(t trial.Trial) any { return t.TimeOut.Nanoseconds() }},
		{"goodput_per_s", "right answers inside the window", metric(stat.Goodput, 1)},
		{"server_cpu_ns", "server CPU time for each of them", metric(stat.ServerCPU, 1e9)},
		{"intended", "requests (sessions) of the window = sent + unsent", func(t trial.Trial) any { return t.Counts.Intended }},
		{"sent", "= ok + rejected + failed + timed_out + unanswered", func(t trial.Trial) any { return t.Counts.Sent }},
		{"unsent", "", func(t trial.Trial) any { return t.Counts.Unsent }},
		{"ok", "", func(t trial.Trial) any { return t.Counts.OK }},
		{"rejected", "the server's busy answer", func(t trial.Trial) any { return t.Counts.Rejected }},
		{"failed", "", func(t trial.Trial) any { return t.Counts.Failed }},
		{"timed_out", "", func(t trial.Trial) any { return t.Counts.TimedOut }},
		{"unanswered", "", func(t trial.Trial) any { return t.Counts.Unanswered }},
		{"clients_served", "of all measured: any right answer", func(t trial.Trial) any { return t.Clients.Served }},
		{"clients_refused", "", func(t trial.Trial) any { return t.Clients.Refused }},
		{"clients_nothing", "starved", func(t trial.Trial) any { return t.Clients.Nothing }},
		{"jain_fairness", "of right answers over clients", func(t trial.Trial) any { return t.Clients.Jain }},
	}
	for _, h := range []struct {
		name, about string
		of          func(trial.Latency) trial.Histogram
	}{
		{"response", "what a user feels, from the intended time; none where fewer than 10 lie above", func(l trial.Latency) trial.Histogram { return l.Response }},
		{"service", "from sending to the answer: the server's", func(l trial.Latency) trial.Histogram { return l.Service }},
		{"wait", "for the connection's previous answer: the server's", func(l trial.Latency) trial.Histogram { return l.Wait }},
		{"lag", "the driver was late: not the server's", func(l trial.Latency) trial.Histogram { return l.Lag }},
	} {
		for _, p := range percentiles {
			all = append(all, Column{h.name + "_" + p.column + "_ns", h.about, func(t trial.Trial) any {
				d, supported := h.of(t.Latency).Quantile(p.quantile)
				if !supported {
					return nil
				}
				return d.Nanoseconds()
			}})
		}
	}
	return append(all,
		Column{"server_peak_rss_bytes", "the whole process", func(t trial.Trial) any { return told(t.ServerUsage.PeakRSS) }},
		Column{"server_allocated_bytes", "in the window", func(t trial.Trial) any { return t.ServerUsage.Allocated }},
		Column{"server_gc_cycles", "in the window", func(t trial.Trial) any { return t.ServerUsage.GCCycles }},
		Column{"server_gc_pause_ns", "in the window", func(t trial.Trial) any { return t.ServerUsage.GCPause.Nanoseconds() }},
		Column{"server_goroutines", "at the window's end", func(t trial.Trial) any { return told(t.ServerUsage.Goroutines) }},
		Column{"server_threads", "at the window's end", func(t trial.Trial) any { return told(t.ServerUsage.Threads) }},
		Column{"findings", "codes of what limited or disturbed the trial, with spaces between", func(t trial.Trial) any { return codes(t) }},
		Column{"server_base_rss_bytes", "of server_peak_rss_bytes, what was resident before the strategy began; none in records of before there was this figure", func(t trial.Trial) any { return told(t.ServerUsage.BaseRSS) }},
	)
}

var percentiles = []struct {
	column   string // part of a column's name
	unit     string // of a benchmark
	quantile float64
}{{"p50", "p50-ns", 0.50}, {"p90", "p90-ns", 0.90}, {"p99", "p99-ns", 0.99}, {"p999", "p99.9-ns", 0.999}}

// metric is a metric's value times scale.
func metric(m stat.Metric, scale float64) func(trial.Trial) any {
	return func(t trial.Trial) any {
		v, ok := m.Of(t)
		if !ok {
			return nil
		}
		return v * scale
	}
}

func offered(t trial.Trial, v float64) any {
	if t.Load.Loop == trial.Closed {
		return nil
	}
	return v
}

// told is nil for what platforms leave at 0 if they do not tell it, and which is never 0.
func told(v int64) any {
	if v == 0 {
		return nil
	}
	return v
}

func codes(t trial.Trial) string {
	text := ""
	for i, f := range t.Findings {
		if i > 0 {
			text += " "
		}
		text += f.Code
	}
	return text
}
