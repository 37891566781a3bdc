// Command crosscheck loads one HTTP server with poolbench's own driver and with other load generators in turn, and prints side
// by side what each says and what each costs: a driver that is wrong would differ from them, and one that is slow would show.
//
//	go run ./bench/crosscheck        # or: make crosscheck
//
// The server is the workload http with the strategy goroutine, in a process of its own. All generators do the same: a closed
// loop over the same number of connections, from the same CPUs, which are not the server's. It installs nothing: wrk, h2load
// and ab take part if they are in PATH. What is printed is Markdown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/internal/env"
)

func main() {
	become()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:], generators(), os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "crosscheck:", err)
		}
		os.Exit(1)
	}
}

// command is the whole program: args are its flags, others the generators to check against if they are there.
func command(ctx context.Context, args []string, others []generator, out io.Writer) error {
	flags := flag.NewFlagSet("crosscheck", flag.ContinueOnError)
	rounds := flags.Int("rounds", 10, "how often each generator runs; an interval needs 6 at least, with three others 7")
	length := flags.Duration("time", 2*time.Second, "how long each runs in a round: whole seconds, because not all take others")
	connections := flags.Int("connections", 64, "held by each")
	serverCPUs := flags.String("server-cpus", "", "CPUs of the server, such as 0-3 (default: half of them)")
	driverCPUs := flags.String("driver-cpus", "", "CPUs of the generators (default: the other half)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	sides, err := bench.ParseSides(*serverCPUs, *driverCPUs)
	if err != nil {
		return err
	}
	switch threads := sides.Driver.GOMAXPROCS; {
	case flags.NArg() > 0:
		return fmt.Errorf("%q: there are only flags, see -help", flags.Arg(0))
	case *rounds < 1:
		return fmt.Errorf("-rounds %d: must be at least 1", *rounds)
	case *length < time.Second || *length%time.Second != 0:
		return fmt.Errorf("-time %v: must be whole seconds", *length)
	case *connections < threads:
		return fmt.Errorf("-connections %d: must be at least %d, one for each thread of a generator", *connections, threads)
	}

	us, err := own()
	if err != nil {
		return err
	}
	found, missing := inPath(others)
	r := result{env: env.Collect(append([]string{"go", "run", "./bench/crosscheck"}, args...), 0), rounds: *rounds}
	r.env.Started, r.env.Server, r.env.Driver = time.Now().UTC(), sides.Server, sides.Driver
	r.env.Warnings = append(r.env.Warnings, sides.Warnings...)
	r.task = task{
		Connections: *connections, Threads: sides.Driver.GOMAXPROCS, Length: *length,
		OwnCPUs: len(sides.Driver.CPUs) > 0 && len(sides.Warnings) == 0,
	}
	if err := r.measure(ctx, us, found); err != nil {
		return err
	}
	if _, err := io.WriteString(out, r.page()); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	if len(found) == 0 {
		return fmt.Errorf("nothing to check against: none of %s is in PATH; on Debian: apt-get install wrk", strings.Join(missing, ", "))
	}
	return nil
}
