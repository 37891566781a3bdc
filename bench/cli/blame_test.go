package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"syscall"
	"testing"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/suites"
	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies/all"
)

func TestWhatTheSystemRefusesIsNoBadInput(t *testing.T) {
	refused := func(err error) error {
		return errors.Join(fmt.Errorf("create run: %w", &fs.PathError{Op: "mkdir", Path: "results", Err: err}))
	}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"bad input":               {errors.New("has to be a plain name"), true},
		"nothing there":           {refused(syscall.ENOENT), true},
		"no folder":               {refused(syscall.ENOTDIR), true},
		"a name that is too long": {refused(syscall.ENAMETOOLONG), true},
		"there already":           {refused(syscall.EEXIST), true},
		"a full disk":             {refused(syscall.ENOSPC), false},
		"a read-only disk":        {refused(syscall.EROFS), false},
		"a folder of others":      {refused(syscall.EACCES), false},
		"a broken disk":           {refused(syscall.EIO), false},
	} {
		var bad usageError
		if got := blame(c.err); errors.As(got, &bad) != c.want || !errors.Is(got, c.err) {
			t.Errorf("%s: %T", name, got)
		}
	}
	if blame(nil) != nil {
		t.Error("nothing is blamed")
	}
}

// Catches: a command that calls it the user's fault that nothing can be written. In /sys nobody can, whoever it is.
func TestAFolderThatCannotBeWrittenIsExitCode1(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no folder is known that root cannot write either")
	}
	for _, args := range [][]string{{"run", "--results", "/sys/poolbench"}, {"claims", "--results", "/sys/poolbench"}, {"man", "/sys/poolbench"}, {"init", "/sys/poolbench.yaml"}} {
		var stdout, stderr bytes.Buffer
		built := suites.All(bench.Suite{Kinds: all.Kinds(), Workloads: workload.All()})
		if code := Execute(t.Context(), built[0], args, &stdout, &stderr, built[1:]...); code != exitInternal || stdout.Len() > 0 {
			t.Errorf("%q: exit code %d: %s", args, code, stderr.String())
		}
	}
}
