//go:build unix

package server

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// What a harness under test says, one line of JSON each.
type report struct {
	PID         int
	Addr        string
	Interrupted bool
	Counts      trial.Connections
	Err         string
}

// harness is a parent of its own: it starts a child, says where, reports interrupts, and stops when its stdin ends.
func harness() int {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	out := json.NewEncoder(os.Stdout)
	child, err := Start(context.Background(), Config{Strategy: unlimited, Workload: "echo"})
	if err != nil {
		_ = out.Encode(report{Err: err.Error()})
		return 1
	}
	_ = out.Encode(report{PID: child.Identity().PID, Addr: child.Addr()})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	for {
		select {
		case <-interrupts:
			_ = out.Encode(report{Interrupted: true})
		case <-ended:
			counts, err := child.Stop(context.Background())
			last := report{Counts: counts}
			if err != nil {
				last.Err = err.Error()
			}
			_ = out.Encode(last)
			return 0
		}
	}
}

// A started harness, in a process group of its own.
type started struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines *json.Decoder
	child report
}

func startHarness(t *testing.T) started {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), roleEnv+"="+roleHarness)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	h := started{cmd: cmd, stdin: stdin, lines: json.NewDecoder(bufio.NewReader(stdout))}
	h.child = h.next(t)
	return h
}

func (h started) next(t *testing.T) report {
	t.Helper()
	var r report
	if err := h.lines.Decode(&r); err != nil {
		t.Fatalf("read what the harness says: %v", err)
	}
	if r.Err != "" {
		t.Fatal(r.Err)
	}
	return r
}

func TestAHarnessThatIsKilledLeavesNoChild(t *testing.T) {
	h := startHarness(t)
	ended := exitOf(t, h.child.PID)
	conn := dialAddr(t, h.child.Addr)
	conn.roundTrip(t)

	if err := h.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ReadByte(); err != io.EOF {
		t.Errorf("the connection to the child ends with %v, want a clean end", err)
	}
	ended()
}

func TestCtrlCDoesNotReachTheChild(t *testing.T) {
	h := startHarness(t)
	conn := dialAddr(t, h.child.Addr)
	conn.roundTrip(t)

	// As the terminal does it: to everyone in the harness's group.
	if err := syscall.Kill(-h.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if !h.next(t).Interrupted {
		t.Fatal("the interrupt did not reach the harness, so this tests nothing")
	}
	conn.roundTrip(t)
	// Had the child got it as well, it would be dying now, and Stop would say so.
	_ = h.stdin.Close()
	if counts := h.next(t).Counts; counts.Served != 1 {
		t.Errorf("after Ctrl-C the child counts %+v, want one connection served", counts)
	}
}

func TestAChildThatDoesNotStopIsKilledAndTheErrorSaysSo(t *testing.T) {
	child := startChild(t, Config{Strategy: unlimited, Workload: "echo"})
	if err := syscall.Kill(child.Identity().PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	// The signal takes a moment; this returns when it has worked.
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(child.Identity().PID, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("wait until the child stands still: %v, %v", status, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := child.Snapshot(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a snapshot of a child that cannot answer: %v", err)
	}
	_, err := child.Stop(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Stop = %v, want one that wraps the context's and says killed", err)
	}
	if _, err := child.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("Stop, called again = %v, want what the child died of", err)
	}
}

func TestAChildThatDiesIsNoticedAtOnce(t *testing.T) {
	child := startChild(t, Config{Strategy: unlimited, Workload: "echo"})
	if err := syscall.Kill(child.Identity().PID, syscall.SIGABRT); err != nil { // what a fatal error of the runtime ends in
		t.Fatal(err)
	}
	select {
	case <-child.Done():
	case <-testContext(t).Done():
		t.Fatal("nobody noticed")
	}
	_, snapshotErr := child.Snapshot(t.Context())
	_, stopErr := child.Stop(t.Context())
	for call, err := range map[string]error{"Snapshot": snapshotErr, "Stop": stopErr} {
		want := fmt.Sprintf("process %d", child.Identity().PID)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "SIGABRT") {
			t.Errorf("%s = %v, want an error with %q and the trace that the child printed", call, err, want)
		}
	}
}
