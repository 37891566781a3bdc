package view

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/internal/synth"
	"github.com/poolbench/poolbench/bench/trial"
)

const (
	free  = "free:workers=unbounded,queue=0,full=wait,unit=conn"
	small = "small:workers=4,queue=0,full=wait,unit=conn"
)

// begun is when the runs of the tests were measured, unless they say otherwise.
var begun = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

// write writes a run of one closed-loop scenario with two strategies as folder/name.
func write(t testing.TB, folder, name string, change func(*trial.Trial), env func(*trial.Env)) string {
	t.Helper()
	e := trial.Env{
		Commit: "abcdef0123", Suite: "synthetic", Platform: trial.Platform{CPUModel: "one", CPUs: 2, GOOS: "linux", GOARCH: "amd64"},
		Started: begun, Finished: begun.Add(90 * time.Second), Planned: 3 * synth.Repetitions, Repetitions: synth.Repetitions,
		Scenarios: []trial.Scenario{{Name: "echo", Question: trial.Compare, Workload: "echo", DecidedBy: "goodput", Strategies: []string{free, small},
			Load: trial.Load{Loop: trial.Closed, Clients: 1}}},
	}
	if env != nil {
		env(&e)
	}
	return synth.Write(t, filepath.Join(folder, name), e, synth.Closed(e.Scenarios[0].Name, free, small, change))
}

// slower is a pool that serves half of what it did.
func slower(x *trial.Trial) {
	if x.Kind() == "small" {
		x.Counts.Good /= 2
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get asks a handler as a browser on this machine does.
func get(h http.Handler, target string) (status int, body string, header http.Header) {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080"+target, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	b, _ := io.ReadAll(w.Result().Body)
	return w.Code, string(b), w.Result().Header
}

// contains checks a page for texts that it has to have, and, behind a "!", must not have.
func contains(t *testing.T, page string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		want, not := strings.CutPrefix(want, "!")
		if strings.Contains(page, want) == not {
			t.Errorf("%q is there: %v, in\n%.1500s", want, not, page)
		}
	}
}

// entry is what the list says of one run.
func entry(t *testing.T, page, name string) string {
	t.Helper()
	_, list, _ := strings.Cut(page, `<ol class="runs">`)
	for _, item := range strings.Split(list, `<div class="run">`)[1:] {
		head, _, _ := strings.Cut(item, "</h2>")
		if strings.Contains(head, ">"+name+"<") || strings.Contains(head, ">"+name+" ") {
			return item
		}
	}
	t.Fatalf("%s is not in the list:\n%s", name, page)
	return ""
}

// tree is every file under a folder, with its content and its time.
func tree(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		all[path] = info.ModTime().String()
		if info.Mode().IsRegular() {
			b, err := os.ReadFile(path)
			all[path] += string(b)
			return err
		}
		return nil
	}))
	return all
}
