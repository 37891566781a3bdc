package pin

import (
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestByCoreMakesSiblingsNeighbours(t *testing.T) {
	for _, test := range []struct {
		name  string
		first func(cpu int) int
		want  []int
	}{
		{"siblings are numbered half the machine apart", func(cpu int) int { return cpu % 4 }, []int{0, 4, 1, 5, 2, 6, 3, 7}},
		{"siblings are numbered side by side", func(cpu int) int { return cpu &^ 1 }, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{"no siblings", func(cpu int) int { return cpu }, []int{0, 1, 2, 3, 4, 5, 6, 7}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cpus := []int{0, 1, 2, 3, 4, 5, 6, 7}
			byCore(cpus, test.first)
			if !slices.Equal(cpus, test.want) {
				t.Errorf("got %v, want %v", cpus, test.want)
			}
		})
	}
}

func TestThreadsThatAppearMeanwhileArePinnedAsWell(t *testing.T) {
	// Thread 2 ends before its turn, after it has created 3; 3 creates 4 while it is being looked at.
	listings := [][]int{{1, 2}, {1, 3}, {1, 3, 4}, {1, 3, 4}}
	var pinned []int
	err := forEveryThread(
		func() ([]int, error) {
			tids := listings[0]
			listings = listings[1:]
			return tids, nil
		},
		func(tid int) error {
			pinned = append(pinned, tid)
			if tid == 2 {
				return unix.ESRCH
			}
			return nil
		})
	if err != nil || !slices.Equal(pinned, []int{1, 2, 3, 4}) {
		t.Errorf("pinned %v, %v; want 1 to 4 once each", pinned, err)
	}
	if len(listings) > 0 {
		t.Errorf("stopped before a listing showed nothing new: %v left", listings)
	}
}

func TestProcessPinsEveryThread(t *testing.T) {
	all := severalCPUs(t)
	restoreAfter(t, all)

	// Locked goroutines are threads; a few are there, so that pinning one thread only is not enough.
	var others sync.WaitGroup
	release := make(chan struct{})
	for range 5 {
		started := make(chan struct{})
		others.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			close(started)
			<-release
		})
		<-started
	}
	if err := Process(all[:1]); err != nil {
		t.Error(err)
	}
	for tid, cpus := range everyThread(t) {
		if !slices.Equal(cpus, all[:1]) {
			t.Errorf("thread %d may use CPUs %v, want %v", tid, cpus, all[:1])
		}
	}
	close(release)
	others.Wait()

	if got, err := Allowed(); err != nil || !slices.Equal(got, all[:1]) {
		t.Errorf("Allowed() = %v, %v after pinning to %v", got, err, all[:1])
	}
}

func TestInheritPinsTheChildAndNobodyElse(t *testing.T) {
	all := severalCPUs(t)
	last := all[len(all)-1:]
	cmd := exec.Command("cat", "/proc/self/status")
	var out strings.Builder
	cmd.Stdout = &out
	if err := Inherit(last, cmd.Start); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if want := "Cpus_allowed_list:\t" + Format(last) + "\n"; !strings.Contains(out.String(), want) {
		t.Errorf("the child's status has no line %q:\n%s", want, out.String())
	}
	want := slices.Sorted(slices.Values(all))
	for tid, cpus := range everyThread(t) {
		if !slices.Equal(cpus, want) {
			t.Errorf("thread %d of the parent may use CPUs %v afterwards, want %v", tid, cpus, want)
		}
	}
}

func TestACPUThatIsNotThereIsAnErrorThatNamesIt(t *testing.T) {
	all := severalCPUs(t)
	restoreAfter(t, all)
	none := maxCPU - 1
	for _, test := range []struct {
		name string
		cpus []int
	}{
		{"none is there", []int{none}},
		{"one is there, and the kernel would keep that", []int{all[0], none}},
	} {
		t.Run(test.name, func(t *testing.T) {
			started := false
			err := Inherit(test.cpus, func() error { started = true; return nil })
			if err == nil || !strings.Contains(err.Error(), "CPU "+strconv.Itoa(none)+" is") {
				t.Errorf("Inherit = %v, want an error that names CPU %d", err, none)
			}
			if started {
				t.Error("Inherit started a process that is not pinned as asked")
			}
			if err := Process(test.cpus); err == nil || !strings.Contains(err.Error(), "CPU "+strconv.Itoa(none)+" is") {
				t.Errorf("Process = %v, want an error that names CPU %d", err, none)
			}
		})
	}
	if Process(nil) == nil {
		t.Error("Process(nil) pins to nothing and says that it did")
	}
}

// severalCPUs returns the CPUs that this test may use, and skips it where there is nothing to choose from.
func severalCPUs(t *testing.T) []int {
	t.Helper()
	all, err := Allowed()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 2 {
		t.Skipf("this needs two CPUs, and may use %v", all)
	}
	return all
}

func restoreAfter(t *testing.T, all []int) {
	t.Cleanup(func() {
		if err := Process(all); err != nil {
			t.Errorf("put the affinity of the test process back: %v", err)
		}
	})
}

// everyThread returns the affinity of each thread of this process.
func everyThread(t *testing.T) map[int][]int {
	t.Helper()
	tids, err := threads()
	if err != nil {
		t.Fatal(err)
	}
	affinities := map[int][]int{}
	for _, tid := range tids {
		if cpus, err := affinity(tid); err == nil { // an error: it has ended
			affinities[tid] = cpus
		}
	}
	return affinities
}
