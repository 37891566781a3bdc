package pin

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Allowed returns the CPUs that this process may use now, nil on systems that do not tell. Hardware threads of one
// core are neighbours in it, in whichever way the kernel numbers them: two busy threads of one core slow each other
// down, which is what [Split] is there to prevent.
func Allowed() ([]int, error) {
	cpus, err := affinity(0)
	if err != nil {
		return nil, fmt.Errorf("read the CPU affinity of this process: %w", err)
	}
	byCore(cpus, firstSibling)
	return cpus, nil
}

// byCore sorts ascending numbers of CPUs so that those with the same first sibling are neighbours.
func byCore(cpus []int, firstSibling func(cpu int) int) {
	first := make(map[int]int, len(cpus))
	for _, cpu := range cpus {
		first[cpu] = firstSibling(cpu)
	}
	slices.SortStableFunc(cpus, func(a, b int) int { return cmp.Compare(first[a], first[b]) })
}

// firstSibling is the lowest CPU on the same core, or cpu itself where the kernel does not tell.
func firstSibling(cpu int) int {
	text, err := os.ReadFile(filepath.Join("/sys/devices/system/cpu", "cpu"+strconv.Itoa(cpu), "topology/thread_siblings_list"))
	if err != nil {
		return cpu
	}
	siblings, err := ParseList(strings.TrimSpace(string(text)))
	if err != nil || len(siblings) == 0 {
		return cpu
	}
	return siblings[0]
}

// Process pins all threads of this process, those it has and, because a thread inherits its creator's affinity, those
// it will have. A CPU that this process may not use is an error that names it, and leaves some threads pinned and
// some not. An empty list is an error.
func Process(cpus []int) error {
	err := forEveryThread(threads, func(tid int) error { return setAffinity(tid, cpus) })
	if err != nil {
		return fmt.Errorf("pin this process to CPUs %s: %w", Format(cpus), err)
	}
	return nil
}

// forEveryThread calls pin for each thread that list finds, until none is left that could be without. A thread that is
// not pinned yet may create another one behind our back; once a listing shows only threads that had been pinned
// before it, nobody is left who could.
func forEveryThread(list func() ([]int, error), pin func(tid int) error) error {
	pinned := make(map[int]bool)
	for fresh := true; fresh; {
		fresh = false
		tids, err := list()
		if err != nil {
			return err
		}
		for _, tid := range tids {
			if pinned[tid] {
				continue
			}
			fresh, pinned[tid] = true, true
			if err := pin(tid); err != nil && !errors.Is(err, unix.ESRCH) { // ESRCH: it has ended
				return err
			}
		}
	}
	return nil
}

// threads lists the threads of this process.
func threads() ([]int, error) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, fmt.Errorf("list the threads of this process: %w", err)
	}
	tids := make([]int, 0, len(tasks))
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			return nil, fmt.Errorf("list the threads of this process: %w", err)
		}
		tids = append(tids, tid)
	}
	return tids, nil
}

// Inherit calls start on a thread that is pinned to cpus, so that a process which start creates is pinned from its
// first instruction, before its runtime counts CPUs. This process's own affinity stays as it is. With no cpus it only
// calls start. The error is start's own, or says that the thread could not be pinned, and then start was not called.
func Inherit(cpus []int, start func() error) error {
	if len(cpus) == 0 {
		return start()
	}
	result := make(chan error, 1)
	go func() {
		// The runtime creates no thread from a locked one, so that nothing but start inherits the affinity.
		runtime.LockOSThread()
		before, err := affinity(0)
		if err != nil {
			runtime.UnlockOSThread()
			result <- fmt.Errorf("read the CPU affinity of a thread: %w", err)
			return
		}
		err = setAffinity(0, cpus)
		if err != nil {
			err = fmt.Errorf("pin a thread to CPUs %s: %w", Format(cpus), err)
		} else {
			err = start()
		}
		// A thread that cannot be put back stays locked, and ends with this goroutine.
		if setAffinity(0, before) == nil {
			runtime.UnlockOSThread()
		}
		result <- err
	}()
	return <-result
}

// affinity returns the CPUs that a thread may use, ascending; thread 0 is the calling one.
func affinity(tid int) ([]int, error) {
	set := unix.NewCPUSet(maxCPU)
	if err := unix.SchedGetaffinityDynamic(tid, set); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	var cpus []int
	for cpu := range maxCPU {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// setAffinity pins one thread; thread 0 is the calling one. The kernel takes a list of which only a part is usable and
// silently keeps that part; this is an error here, because the record would claim CPUs that were not there.
func setAffinity(tid int, cpus []int) error {
	set := unix.NewCPUSet(maxCPU)
	for _, cpu := range cpus {
		if cpu < 0 || cpu >= maxCPU {
			return fmt.Errorf("there is no CPU %d", cpu)
		}
		set.Set(cpu)
	}
	if err := unix.SchedSetaffinityDynamic(tid, set); err != nil && !errors.Is(err, unix.EINVAL) {
		return os.NewSyscallError("sched_setaffinity", err)
	}
	// EINVAL says that none is usable. What follows names the unusable ones in both cases.
	got, err := affinity(tid)
	if err != nil {
		return err
	}
	var missing []int
	for _, cpu := range cpus {
		if !slices.Contains(got, cpu) {
			missing = append(missing, cpu)
		}
	}
	switch {
	case len(missing) > 0:
		return fmt.Errorf("CPU %s is not there or not for this process", Format(missing))
	case len(cpus) == 0:
		return errors.New("no CPU was given")
	}
	return nil
}
