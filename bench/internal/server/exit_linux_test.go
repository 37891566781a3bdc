package server

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/poolbench/poolbench/bench/internal/pin"
)

// exitOf returns a function that waits for the end of a process which is no child of this one.
func exitOf(t *testing.T, pid int) (wait func()) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatalf("watch process %d: %v", pid, err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return func() {
		t.Helper()
		events := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		for {
			n, err := unix.Poll(events, int(patience.Milliseconds()))
			if err == unix.EINTR {
				continue
			}
			if n != 1 || err != nil {
				_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
				t.Fatalf("process %d is still there: %v", pid, err)
			}
			return
		}
	}
}

func TestEveryThreadOfAChildIsPinned(t *testing.T) {
	allowed, err := pin.Allowed()
	if err != nil {
		t.Fatal(err)
	}
	last := allowed[len(allowed)-1:]
	child := startChild(t, Config{Strategy: unlimited, Workload: "echo", CPUs: last})
	if got := child.Identity(); !slices.Equal(got.CPUs, last) || got.GOMAXPROCS != 1 {
		t.Errorf("the child is on CPUs %v with GOMAXPROCS %d, want %v and 1", got.CPUs, got.GOMAXPROCS, last)
	}
	tasks := fmt.Sprintf("/proc/%d/task", child.Identity().PID)
	threads, err := os.ReadDir(tasks)
	if err != nil {
		t.Fatal(err)
	}
	want := "Cpus_allowed_list:\t" + pin.Format(last) + "\n"
	for _, thread := range threads {
		status, err := os.ReadFile(tasks + "/" + thread.Name() + "/status")
		if err == nil && !strings.Contains(string(status), want) {
			t.Errorf("thread %s of the child is not pinned to %v", thread.Name(), last)
		}
	}
	stop(t, child)
}

func TestCPUsThatAreNotThereAreAnErrorThatNamesThem(t *testing.T) {
	_, err := Start(testContext(t), Config{Strategy: unlimited, Workload: "echo", CPUs: []int{8191}})
	if err == nil || !strings.Contains(err.Error(), "CPU 8191") {
		t.Errorf("Start = %v, want an error that names CPU 8191", err)
	}
}
