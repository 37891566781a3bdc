package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/trial"
)

// driverEnv marks a process as a driver for driveIfChild; it holds the order.
const driverEnv = "POOLBENCH_TEST_DRIVE"

// A driveOrder is what a driver in a process of its own is to do.
type driveOrder struct {
	Target   string
	Workload string
	Load     trial.Load
	Timing   bench.Timing
	Driver   string
}

// driveIfChild returns at once, unless this process was started by startDriver: then it drives, prints first a line when it
// begins and then the trial, and exits. It ends with whoever started it, whose end of stdin closes then.
func driveIfChild() {
	text := os.Getenv(driverEnv)
	if text == "" {
		return
	}
	os.Unsetenv(driverEnv)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	if err := carryOut(text, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func carryOut(text string, out io.Writer) error {
	var o driveOrder
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return fmt.Errorf("read what to drive: %w", err)
	}
	say := json.NewEncoder(out)
	if err := say.Encode("driving"); err != nil {
		return err
	}
	x, err := bench.Drive(context.Background(), o.Target, find(o.Workload), o.Load, o.Timing, bench.DriveOptions{Driver: o.Driver, Seed: 1})
	if err != nil {
		return err
	}
	return say.Encode(x)
}

// A childDriver drives in a process of its own.
type childDriver struct {
	cmd    *exec.Cmd
	said   *json.Decoder
	waited bool
}

// startDriver returns when the driver begins; when t ends it is gone.
func startDriver(t *testing.T, o driveOrder) (*childDriver, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	order, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	d := &childDriver{cmd: exec.Command(path)}
	d.cmd.Env = append(os.Environ(), driverEnv+"="+string(order))
	d.cmd.Stderr = os.Stderr
	d.cmd.SysProcAttr = processGroup()
	stdin, err := d.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		stdin.Close()
		if !d.waited {
			_ = d.cmd.Process.Kill() // also ends one that is stopped
			_ = d.cmd.Wait()
		}
	})
	d.said = json.NewDecoder(stdout)
	var driving string
	if err := d.said.Decode(&driving); err != nil {
		return nil, fmt.Errorf("wait for the driver to begin: %w", err)
	}
	return d, nil
}

func (d *childDriver) pid() int { return d.cmd.Process.Pid }

// trial waits for the driver's end, and returns what it measured.
func (d *childDriver) trial() (trial.Trial, error) {
	var x trial.Trial
	err := d.said.Decode(&x)
	d.waited = true
	return x, errors.Join(err, d.cmd.Wait())
}
