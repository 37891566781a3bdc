package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/internal/pin"
)

// patience is what a generator may need beyond its time: for connecting, its last answers and its report.
const patience = 20 * time.Second

// spent is what a process has used from its start to its end, as the kernel tells whoever waits for it.
type spent struct{ user, system time.Duration }

func (s spent) cpu() time.Duration { return s.user + s.system }

// load has g carry out t on cpus, in a process of its own, which has ended when load returns.
func (g generator) load(ctx context.Context, cpus []int, t task) (said, spent, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.Length+patience, fmt.Errorf("it had not ended %v after its time", patience))
	defer cancel()
	var args []string
	if g.args != nil {
		args = g.args(t)
	}
	c := exec.CommandContext(ctx, g.program, args...)
	// Those that are written in Go change it by themselves while they run, if they are pinned.
	c.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(t.Threads))
	if g.env != nil {
		c.Env = append(c.Env, g.env(t)...)
	}
	c.WaitDelay = time.Second // whatever it may have started holds its output open
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := pin.Inherit(cpus, c.Start)
	if err == nil {
		err = c.Wait()
	}
	switch {
	case ctx.Err() != nil:
		return said{}, spent{}, fmt.Errorf("%s: %w", g.name, context.Cause(ctx))
	case err != nil:
		return said{}, spent{}, fmt.Errorf("%s %s: %w; its output:\n%s", g.name, strings.Join(args, " "), err, stdout.String()+stderr.String())
	}
	s, err := g.parse(stdout.String())
	if err != nil {
		return said{}, spent{}, fmt.Errorf("what %s says: %w", g.name, err)
	}
	if s.Requests <= 0 {
		return said{}, spent{}, fmt.Errorf("%s: not one request was answered, %d failed; its output:\n%s", g.name, s.Failed, stdout.String()+stderr.String())
	}
	return s, spent{user: c.ProcessState.UserTime(), system: c.ProcessState.SystemTime()}, nil
}
