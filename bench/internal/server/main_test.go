package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/usage"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// roleEnv makes a copy of this test binary something other than the tests or a well-behaved child.
const roleEnv = "POOLBENCH_TEST_ROLE"

// What a child is made to do before RunIfChild is reached.
const (
	rolePanics   = "panics"
	roleSilent   = "silent"
	roleForgets  = "forgets"
	roleBanner   = "banner"
	roleHarness  = "harness" // starts a child itself, for tests that end or interrupt a harness
	bannerText   = "welcome to a program that prints before main"
	panicText    = "an init function went wrong"
	silentText   = "still reading a large file"
	chattyText   = `{"Last":{"Error":"printed by a handler"}}` + "\n"
	burnedCPU    = 100 * time.Millisecond
	unlimited    = "goroutine:workers=unbounded,queue=0,full=wait,unit=conn"
	perRequest   = "goroutine:workers=unbounded,queue=0,full=wait,unit=request"
	brokenPool   = "broken:workers=1,queue=0,full=wait,unit=conn"
	brokenReason = "this pool never starts"

	// patience bounds waits that end by themselves when the code is right, however slow the machine is.
	patience = 30 * time.Second
)

var testKinds = strategies.Kinds{
	strategies.Goroutine(),
	strategies.Channel(),
	{
		Name: "broken", Default: strategies.Limits{Workers: 1}, Units: []strategies.Unit{strategies.ConnUnit},
		New: func(strategies.Limits) (strategies.Dispatcher, error) { return nil, errors.New(brokenReason) },
	},
}

var testWorkloads = append(workload.All(),
	handled("chatty", func(ctx context.Context, conn net.Conn) error {
		fmt.Print(chattyText)
		if _, err := earlyStdout.WriteString(chattyText); err != nil {
			return err
		}
		if n, err := os.Stdin.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			return fmt.Errorf("stdin gave %d bytes, %v", n, err)
		}
		if os.Getenv(childEnv) != "" {
			return errors.New("a program that a handler starts would take itself for a child")
		}
		return echoLine(ctx, conn)
	}),
	handled("burn", func(ctx context.Context, conn net.Conn) error {
		for start := usage.Self().CPU; usage.Self().CPU-start < burnedCPU; {
		}
		return echoLine(ctx, conn)
	}),
	handled("endless", func(_ context.Context, conn net.Conn) error {
		for {
			if _, err := conn.Write(make([]byte, 64<<10)); err != nil {
				return err
			}
		}
	}),
	handled("panics", func(context.Context, net.Conn) error { panic("a handler went wrong") }),
)

// earlyStdout is what a package that copies os.Stdout when it is initialised holds.
var earlyStdout = os.Stdout

func handled(name string, h strategies.HandlerFunc) workload.Workload {
	return workload.Workload{Name: name, Handler: func() strategies.Handler { return h }}
}

func echoLine(_ context.Context, conn net.Conn) error {
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	_, err = io.WriteString(conn, line)
	return err
}

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		switch os.Getenv(roleEnv) {
		case rolePanics:
			panic(panicText)
		case roleSilent:
			fmt.Fprintln(os.Stderr, silentText)
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		case roleForgets:
			_, err := Start(context.Background(), Config{Strategy: unlimited, Workload: "echo"})
			fmt.Println(err)
			os.Exit(1)
		case roleBanner:
			fmt.Print(bannerText) // and leaves its line open
		}
	}
	RunIfChild(testKinds, testWorkloads)
	if os.Getenv(roleEnv) == roleHarness {
		os.Exit(harness())
	}
	// The race detector lets a process that ends linger for a second; the children need not.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	os.Exit(m.Run())
}
