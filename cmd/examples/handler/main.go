// Command handler measures a handler of your own: put yours in the place of shout. It takes poolbench's arguments.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/suitefile"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
	"github.com/poolbench/poolbench/strategies/all"
)

func shout(_ context.Context, conn net.Conn) error { // your handler
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		fmt.Fprintln(conn, strings.ToUpper(lines.Text()))
	}
	return lines.Err()
}

func main() {
	suite, ask := suitefile.Default() // 64 clients, each of which asks again when it has its answer
	suite.Name, suite.Kinds = "mine", all.Kinds()
	suite.Workloads = []workload.Workload{{Name: "shout", About: "My service, which answers in capitals.",
		Handler: func() strategies.Handler { return strategies.HandlerFunc(shout) },
		Client: workload.Client{ // what one client asks, where an answer ends, and which is right
			Request: func(dst []byte, _ uint64) []byte { return append(dst, "hello\n"...) },
			Response: &workload.Frame{Split: bufio.ScanLines,
				Check: func(_ uint64, line []byte) error { _, err := fmt.Sscanf(string(line), "HELLO"); return err }}}}}
	ask.Name, ask.Workload, ask.DecidedBy = "shout", "shout", "server-cpu"
	ask.Strategies = []string{"goroutine", "channel:workers=64", "ants:workers=64", "ants:workers=16"}
	suite.Scenarios = append(suite.Scenarios, ask)
	cli.Main(suite)
}
