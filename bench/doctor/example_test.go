package doctor_test

import (
	"fmt"

	"github.com/poolbench/poolbench/bench/doctor"
	"github.com/poolbench/poolbench/bench/trial"
)

// A system that keeps few connections until they are accepted, and of which nothing else is known.
func ExampleJudge() {
	facts := doctor.Facts{
		Platform: trial.Platform{GOOS: "linux", Sysctls: map[string]string{"net.core.somaxconn": "128"}},
		Needs:    doctor.Needs{Clients: 4096},
	}
	for _, f := range doctor.Judge(facts).Findings {
		if f.Code == "somaxconn" {
			fmt.Printf("%s, %s: %s\n", f.Name, f.State, f.Found)
			fmt.Println(f.Command)
		}
	}
	// Output:
	// accept backlog, warning: 128, for up to 4,096 clients
	// sudo sysctl -w net.core.somaxconn=4096
}
