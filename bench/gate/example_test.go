package gate_test

import (
	"fmt"
	"log"
	"time"

	"github.com/poolbench/poolbench/bench/gate"
	"github.com/poolbench/poolbench/bench/trial"
)

// What `poolbench run --fail-if` and `poolbench check` do in CI.
func Example() {
	t := trial.Trial{
		Scenario: "echo", Strategy: "ants:workers=64,queue=0,full=wait,unit=conn", Window: time.Second,
		Load:   trial.Load{Loop: trial.Closed, Clients: 4},
		Counts: trial.Counts{Intended: 1000, Sent: 1000, OK: 1000, Good: 1000}, Clients: trial.Clients{Total: 4, Served: 4},
	}
	t.Latency.Response.RecordN(2*time.Millisecond, 900)
	t.Latency.Response.RecordN(20*time.Millisecond, 100)
	var rules []gate.Rule
	for _, text := range []string{"p99>10ms on echo", "not-ok>0.1%"} {
		rule, err := gate.Parse(text)
		if err != nil {
			log.Fatal(err)
		}
		rules = append(rules, rule)
	}
	judged := gate.Judge(trial.Run{Trials: []trial.Trial{t, t}}, rules)
	fmt.Println(judged.Violations, judged.Invalid, judged.Unknown)

	_, err := gate.Parse("p99>10 parsecs")
	fmt.Println(err)
	// Output:
	// [p99>10ms on echo: p99 is 20.1ms in echo for ants:workers=64,queue=0,full=wait,unit=conn (2 trials)] <nil> <nil>
	// p99: 10 is not a time above 0 and up to 1h, such as 10ms
	//   p99>10 parsecs
	//       ^^
}
