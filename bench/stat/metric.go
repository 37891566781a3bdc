package stat

import (
	"fmt"
	"strings"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies/spelling"
)

// The metrics that strategies are compared by. A trial has none of a quantile that too few of its requests support,
// nor of a cost per answer if there was no answer. Goodput is over the whole window, in closed loops without the warm-up
// that [Steady] finds in it, half of it at most.
var (
	Goodput     = Metric{Key: "goodput", Name: "goodput", Unit: "1/s", Higher: true, Of: goodput}
	ServerCPU   = Metric{Key: "server-cpu", Name: "server CPU per good answer", Unit: "s", Own: true, Of: serverCPU}
	ResponseP50 = quantile("response p50", 0.50, response)
	ResponseP99 = quantile("response p99", 0.99, response)
	ServiceP50  = quantile("service p50", 0.50, service)
	ServiceP99  = quantile("service p99", 0.99, service)
	StopTime    = Metric{Key: "stop", Name: "time to stop", Unit: "s", Own: true, Of: stopTime}
)

// Metrics returns all of them, in the order in which a reader wants them.
func Metrics() []Metric {
	return []Metric{Goodput, ServerCPU, ResponseP50, ResponseP99, ServiceP50, ServiceP99, RecoveryTime, Memory, StopTime}
}

// DefaultMetric decides a scenario of that loop which does not say by what: goodput where the server sets the pace, else the
// median response time.
func DefaultMetric(loop trial.Loop) Metric {
	if loop == trial.Closed {
		return Goodput
	}
	return ResponseP50
}

// MetricOf returns the metric with that key. The error for an unknown one lists them.
func MetricOf(key string) (Metric, error) {
	var keys []string
	for _, m := range Metrics() {
		if m.Key == key {
			return m, nil
		}
		keys = append(keys, m.Key)
	}
	return Metric{}, fmt.Errorf("unknown metric %q%s; allowed: %s", key, spelling.Meant(key, keys), strings.Join(keys, ", "))
}

func goodput(t trial.Trial) (float64, bool) {
	if t.Active() <= 0 {
		return 0, false
	}
	good, in := settled(t)
	return float64(good) / in.Seconds(), true
}

func stopTime(t trial.Trial) (float64, bool) {
	if t.Stop == nil {
		return 0, false
	}
	return t.Stop.Took.Seconds(), true
}

func serverCPU(t trial.Trial) (float64, bool) {
	if t.Counts.Good <= 0 || t.ServerUsage.CPU <= 0 {
		return 0, false
	}
	return t.ServerUsage.CPU.Seconds() / float64(t.Counts.Good), true
}

func response(l trial.Latency) trial.Histogram { return l.Response }
func service(l trial.Latency) trial.Histogram  { return l.Service }

func quantile(name string, q float64, of func(trial.Latency) trial.Histogram) Metric {
	return Metric{Key: strings.ReplaceAll(name, " ", "-"), Name: name, Unit: "s", Of: func(t trial.Trial) (float64, bool) {
		d, supported := of(t.Latency).Quantile(q)
		return d.Seconds(), supported
	}}
}
