package trial

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRunNames(t *testing.T) {
	at := time.Date(2026, 11, 23, 0, 5, 11, 999, time.FixedZone("", 3600))
	for commit, want := range map[string]string{
		"abc1234567890": "2026-11-22T23-05-11Z-abc1234",
		"abc":           "2026-11-22T23-05-11Z-abc",
		"":              "2026-11-22T23-05-11Z-unknown",
		"../../etc":     "2026-11-22T23-05-11Z-etc",
	} {
		if got := NewRunName(at, commit); got != want {
			t.Errorf("commit %q: %s, want %s", commit, got, want)
		}
	}
}

func TestRunNamesSortByTime(t *testing.T) {
	var names []string
	at := time.Date(2026, 9, 9, 9, 9, 59, 0, time.UTC)
	for _, commit := range []string{"f", "a", "9", "c"} {
		names = append(names, NewRunName(at, commit))
		at = at.Add(17 * 24 * time.Hour).Add(time.Second)
	}
	if !slices.IsSorted(names) {
		t.Errorf("%v", names)
	}
}

// results makes a folder with runs of the given names.
func results(t *testing.T, runs ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "results")
	for _, run := range runs {
		w, err := Create(filepath.Join(dir, run))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WriteEnv(Env{Commit: run}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLatestLeadsToTheNewestRun(t *testing.T) {
	dir := results(t, "one", "two")
	for _, run := range []string{"one", "two", "two", "one"} {
		if err := PointLatest(dir, filepath.Join(dir, run)); err != nil {
			t.Fatal(err)
		}
		got, err := Read(filepath.Join(dir, latest))
		if err != nil {
			t.Fatal(err)
		}
		if got.Env.Commit != run || got.Dir != filepath.Join(dir, run) {
			t.Errorf("read %s in %s, want %s", got.Env.Commit, got.Dir, run)
		}
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 3 {
		t.Errorf("results hold %v, want two runs and the link", left)
	}
}

func TestLatestStillLeadsThereAfterResultsWereMoved(t *testing.T) {
	dir := results(t, "one")
	if err := PointLatest(dir, filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	moved := dir + "-moved"
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if got, err := Resolve(filepath.Join(moved, latest)); err != nil || got != filepath.Join(moved, "one") {
		t.Errorf("%s, %v", got, err)
	}
}

func TestLatestAsTextFile(t *testing.T) {
	dir := results(t, "one", "two")
	path := filepath.Join(dir, latest)
	for _, content := range []string{"one\n", "one", "../results/one\n"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := Resolve(path); err != nil || got != filepath.Join(dir, "one") {
			t.Errorf("%q: %s, %v", content, got, err)
		}
	}
	if err := PointLatest(dir, filepath.Join(dir, "two")); err != nil {
		t.Fatal(err)
	}
	if got, err := Resolve(path); err != nil || got != filepath.Join(dir, "two") {
		t.Errorf("after pointing on: %s, %v", got, err)
	}
}

func TestLatestIsThereAtEveryMoment(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file that is being read cannot be replaced there")
	}
	dir := results(t, "one", "two")
	if err := PointLatest(dir, filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		var err error
		for i := 0; i < 50 && err == nil; i++ {
			err = PointLatest(dir, filepath.Join(dir, []string{"one", "two"}[i%2]))
		}
		done <- err
	}()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
			if _, err := Resolve(filepath.Join(dir, latest)); err != nil {
				t.Fatalf("in between: %v", err)
			}
		}
	}
}

func TestAFolderNamedLatestIsLeftAlone(t *testing.T) {
	dir := results(t, "one", latest)
	if err := PointLatest(dir, filepath.Join(dir, "one")); err == nil || !strings.Contains(err.Error(), "not a link") {
		t.Errorf("%v", err)
	}
	if got, err := Resolve(filepath.Join(dir, latest)); err != nil || got != filepath.Join(dir, latest) {
		t.Errorf("%s, %v", got, err)
	}
}

func TestResolveSaysWhatIsWrong(t *testing.T) {
	dir := results(t, "one")
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := PointLatest(dir, filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, want string }{
		"nothing there":  {filepath.Join(dir, "nothing"), "there is no"},
		"run is gone":    {filepath.Join(dir, latest), "no folder (any more)"},
		"empty file":     {file(""), "is a file"},
		"a long file":    {file(strings.Repeat("x\n", 9000)), "is a file"},
		"a record":       {file(`{"schema":1}`), "is a file"},
		"leads nowhere":  {file("gone\n"), "no folder (any more)"},
		"leads to files": {file("file\n"), "no folder (any more)"},
	} {
		if got, err := Resolve(c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q, %v; want an error that says %q", name, got, err, c.want)
		}
	}
}
