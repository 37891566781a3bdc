package view

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/report"
	"github.com/poolbench/poolbench/bench/trial"
)

func TestTheListHasTheNewestRunFirst(t *testing.T) {
	folder := t.TempDir()
	h := New(folder)
	if status, page, _ := get(h, "/"); status != 200 || !strings.Contains(page, "There is no run yet") {
		t.Errorf("of nothing: %d\n%s", status, page)
	}
	old := write(t, folder, "b-old", nil, nil)
	write(t, folder, "a-new", nil, func(e *trial.Env) { e.Started, e.Finished = begun.Add(time.Hour), begun.Add(time.Hour+61*time.Second) })
	write(t, folder, "c-oldest", nil, func(e *trial.Env) { e.Started, e.Finished = begun.Add(-time.Hour), time.Time{} })
	must(t, os.Mkdir(filepath.Join(folder, "nothing"), 0o755))
	must(t, os.Mkdir(filepath.Join(folder, ".b-old-1234"), 0o755))
	must(t, os.Symlink("b-old", filepath.Join(folder, "latest")))
	must(t, os.WriteFile(filepath.Join(old, verdictFile), []byte(`{"schema":1,"overall":{"sentences":["Take <b>two</b>.","And more."]},"scenarios":[{"name":"echo"}]}`), 0o644))

	status, page, header := get(h, "/")
	if status != 200 || header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %s", status, header)
	}
	at := func(name string) int { return strings.Index(page, `/runs/`+name+`/report.html">`+name) }
	if !(0 < at("a-new") && at("a-new") < at("b-old") && at("b-old") < at("c-oldest")) {
		t.Errorf("the order is wrong:\n%s", page)
	}
	contains(t, entry(t, page, "a-new"), "2026-05-04 04:02 UTC", "took 1m1s", "suite synthetic", "24 trials", "one, 2 CPUs, linux/amd64", "No verdict was written", "!latest", "!partial", "!damaged")
	contains(t, entry(t, page, "b-old"), "Take &lt;b&gt;two&lt;/b&gt;.", "!And more", "latest</span>", `href="/runs/b-old/verdict.json"`)
	contains(t, entry(t, page, "c-oldest"), "partial</span>", "goes on, or was killed: 24 of at most 24 trials", "!took")
	contains(t, page, "1 folder holds no run: nothing.", "!.b-old-1234", `name="new" value="a-new" aria-label="a-new is the new run" checked`, `name="old" value="b-old" aria-label="b-old is the old run" checked`)
	if n := strings.Count(page, " checked>"); n != 2 {
		t.Errorf("%d are chosen", n)
	}
}

// Catches: one bad run that takes the list down, and a reason that does not say what to do.
func TestDamagedRunsAreLinesWithTheReason(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "good", nil, nil)
	for name, c := range map[string]struct {
		damage func(dir string) error
		want   string
	}{
		"no-env":      {func(dir string) error { return os.Remove(filepath.Join(dir, envFile)) }, "nobody can say where it was measured"},
		"torn-env":    {func(dir string) error { return os.Truncate(filepath.Join(dir, envFile), 40) }, "unexpected end of JSON input"},
		"empty-env":   {func(dir string) error { return os.Truncate(filepath.Join(dir, envFile), 0) }, "unexpected end of JSON input"},
		"no-trials":   {func(dir string) error { return os.Remove(filepath.Join(dir, trialsFile)) }, "has no trials.jsonl"},
		"older":       {func(dir string) error { return replace(filepath.Join(dir, envFile), `"schema": 3`, `"schema": 2`) }, "schema 2, of an older poolbench"},
		"no-record":   {func(dir string) error { return add(filepath.Join(dir, trialsFile), "garbage\ngarbage\n") }, "its last line is no record"},
		"other-lines": {func(dir string) error { return add(filepath.Join(dir, trialsFile), `{"schema":2,"seq":24}`+"\n") }, "its last line has schema 2"},
		"no-number":   {func(dir string) error { return add(filepath.Join(dir, trialsFile), `{"schema":3}`+"\n") }, "its last line has no number"},
		"env-folder": {func(dir string) error {
			return os.Rename(filepath.Join(dir, envFile), filepath.Join(dir, "x"+envFile))
		}, "nobody can say"},
	} {
		must(t, c.damage(write(t, folder, name, nil, nil)))
		status, page, _ := get(New(folder), "/")
		if status != 200 {
			t.Errorf("%s: %d", name, status)
		}
		contains(t, entry(t, page, name), c.want, "damaged</span>", "!report.html", "!trials</li>")
		contains(t, entry(t, page, "good"), "24 trials", "!damaged")
		if status, page, _ := get(New(folder), "/runs/"+name+"/report.html"); status != 422 {
			t.Errorf("%s: its report: %d\n%s", name, status, page)
		}
		if status, _, _ := get(New(folder), "/compare?old=good&new="+name); status != 422 {
			t.Errorf("%s: compared: %d", name, status)
		}
	}
	must(t, os.WriteFile(filepath.Join(folder, "good", verdictFile), []byte(`{"schema":99}`), 0o644))
	_, page, _ := get(New(folder), "/")
	contains(t, entry(t, page, "good"), "schema 99", "24 trials", "!damaged</span>", `href="/runs/good/report.html"`)
}

func add(path, text string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, text...), 0o644)
}

func replace(path, old, new string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.Contains(string(b), old) {
		return fmt.Errorf("%s has no %s", path, old)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o644)
}

// Catches: a list that decodes every trial of every run, and damage that is found and forgotten.
func TestTheListReadsNoTrialsButTheLast(t *testing.T) {
	folder := t.TempDir()
	dir := write(t, folder, "one", nil, nil)
	trials := filepath.Join(dir, trialsFile)
	b, err := os.ReadFile(trials)
	must(t, err)
	lines := strings.SplitAfter(string(b), "\n")
	lines[3] = strings.Repeat("x", len(lines[3])-1) + "\n"
	must(t, os.WriteFile(trials, []byte(strings.Join(lines, "")+`{"cut sho`), 0o644))
	h := New(folder)
	_, page, _ := get(h, "/")
	contains(t, entry(t, page, "one"), "24 trials", "!damaged</span>")
	if status, page, _ := get(h, "/runs/one/report.html"); status != 422 || !strings.Contains(page, "trials.jsonl:4:") {
		t.Errorf("%d %s", status, page)
	}
	_, page, _ = get(h, "/")
	contains(t, entry(t, page, "one"), "damaged</span>", "trials.jsonl:4:")
	must(t, os.WriteFile(trials, b, 0o644))
	_, page, _ = get(h, "/")
	contains(t, entry(t, page, "one"), "!damaged</span>", "24 trials")
}

// Catches: a cache that is not used, and one that outlives what it is of.
func TestWhatWasReadIsKeptForAsLongAsTheFilesStayTheSame(t *testing.T) {
	folder := t.TempDir()
	env := filepath.Join(write(t, folder, "one", nil, nil), envFile)
	h := New(folder)
	get(h, "/")
	info, err := os.Stat(env)
	must(t, err)
	must(t, replace(env, "synthetic", "SYNTHETIC"))
	must(t, os.Chtimes(env, info.ModTime(), info.ModTime()))
	_, page, _ := get(h, "/")
	contains(t, page, "suite synthetic")
	must(t, os.Chtimes(env, info.ModTime(), info.ModTime().Add(time.Nanosecond)))
	_, page, _ = get(h, "/")
	contains(t, page, "suite SYNTHETIC")
	must(t, os.RemoveAll(filepath.Dir(env)))
	_, page, _ = get(h, "/")
	contains(t, page, "There is no run yet")
}

func TestAVerdictOfFewerTrialsIsNotShown(t *testing.T) {
	folder := t.TempDir()
	dir := write(t, folder, "one", nil, func(e *trial.Env) { e.Finished = time.Time{} })
	said := filepath.Join(dir, verdictFile)
	must(t, os.WriteFile(said, []byte(`{"schema":1,"sizes":[{"scenario":"wait","sentence":"four are enough."}]}`), 0o644))
	h := New(folder)
	must(t, os.Chtimes(filepath.Join(dir, trialsFile), begun, begun))
	_, page, _ := get(h, "/")
	contains(t, page, "wait: four are enough.")
	must(t, os.Chtimes(said, begun, begun.Add(-time.Second)))
	_, page, _ = get(h, "/")
	contains(t, page, "!four are enough", "No verdict was written for it as it is now")
}

func TestReportsHaveAWayBackAndStayAsTheyAre(t *testing.T) {
	folder := t.TempDir()
	dir := write(t, folder, "written", nil, nil)
	run, err := trial.Read(dir)
	must(t, err)
	onDisk, err := report.HTML(run)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, reportPage), onDisk, 0o644))
	write(t, folder, "bare", nil, nil)
	before := tree(t, folder)
	h := New(folder)
	for name, note := range map[string]string{"written": "!made now", "bare": "made now"} {
		for range 2 { // the second comes from what is kept
			status, page, header := get(h, "/runs/"+name+"/report.html")
			policy := header.Get("Content-Security-Policy")
			if status != 200 || !strings.Contains(policy, "sandbox allow-scripts") || !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("%s: %d %v", name, status, header)
			}
			contains(t, page, "<body>\n<style>#to-all-runs", `<a href="/">← All runs</a>`, note)
			begin, end := strings.Index(page, "<style>#to-all-runs"), strings.Index(page, "</nav>\n")+len("</nav>\n")
			if got := page[:begin-1] + page[end+1:]; got != string(onDisk) {
				t.Errorf("%s: it is not the report with a way back: %d bytes and %d", name, len(got), len(onDisk))
			}
		}
	}
	status, page, _ := get(h, "/runs/bare/verdict.json")
	if status != 200 || !strings.Contains(page, `"schema": 1`) {
		t.Errorf("%d %s", status, page)
	}
	status, page, header := get(h, "/runs/bare/report.md")
	if status != 200 || header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(page, "# ") {
		t.Errorf("%d %v %s", status, header, page)
	}
	if status, _, header := get(h, "/runs/bare/"); status != 303 || header.Get("Location") != "/runs/bare/report.html" {
		t.Errorf("%d %v", status, header)
	}
	get(h, "/compare?old=bare&new=written")
	if after := tree(t, folder); !maps.Equal(before, after) {
		t.Errorf("something was written: %v and %v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
}

func TestTheWayBackIsPutIntoAnyPage(t *testing.T) {
	for name, c := range map[string]struct{ page, before, after string }{
		"a page":             {`<html><body class="a">text`, `<html><body class="a">`, "text"},
		"no body":            {"text", "text", ""},
		"a body that is cut": {"<html><body", "<html><body", ""},
		"nothing":            {"", "", ""},
	} {
		page := []byte(c.page)
		got := string(withWayBack(page, "<note>"))
		if !strings.HasPrefix(got, c.before) || !strings.HasSuffix(got, c.after) || !strings.Contains(got, "All runs</a> · &lt;note&gt;</nav>") || string(page) != c.page {
			t.Errorf("%s: %s", name, got)
		}
	}
}

const secret = "nobody may read this"

// outside is a folder of runs, with secrets beside it and links that lead to them.
func outside(t testing.TB) (folder string) {
	t.Helper()
	around := t.TempDir()
	must(t, os.WriteFile(filepath.Join(around, "report.html"), []byte(secret), 0o644))
	must(t, os.Mkdir(filepath.Join(around, "private"), 0o755))
	for _, file := range []string{reportPage, reportText, verdictFile, "suite.yaml", trialsFile} {
		must(t, os.WriteFile(filepath.Join(around, "private", file), []byte(secret+"\n"), 0o644))
	}
	folder = filepath.Join(around, "results")
	run := write(t, folder, "run", nil, nil)
	for link, target := range map[string]string{
		filepath.Join(folder, "linked"):    filepath.Join(around, "private"),
		filepath.Join(folder, "up"):        "..",
		filepath.Join(folder, "nowhere"):   "none",
		filepath.Join(folder, "within"):    "run",
		filepath.Join(run, "suite.yaml"):   filepath.Join(around, "private", "suite.yaml"),
		filepath.Join(run, "report.md"):    "../../private/report.md",
		filepath.Join(run, "plots"):        "../../private",
		filepath.Join(run, "verdict.json"): "../../private/verdict.json",
	} {
		must(t, os.Symlink(target, link))
	}
	must(t, os.WriteFile(filepath.Join(folder, "report.html"), []byte(secret), 0o644))
	must(t, os.WriteFile(filepath.Join(run, "private.txt"), []byte(secret), 0o644))
	return folder
}

var paths = []string{
	"/runs/run/../../report.html", "/runs/../report.html", "/runs/..%2freport.html", "/runs/%2e%2e/report.html", "/runs/../../etc/passwd",
	"/runs/run/..%2f..%2f..%2freport.html", "/runs/run/%2e%2e/%2e%2e/report.html", "/runs/run/plots/..%2f..%2freport.html", "/runs/..%2fprivate/report.html",
	"/runs/%2fetc/passwd", "/runs//etc/passwd", "/runs/run/%2fetc%2fpasswd", "/runs/linked/report.html", "/runs/linked/", "/runs/up/report.html", "/runs/up%2fprivate/report.html",
	"/runs/nowhere/report.html", "/runs/run/suite.yaml", "/runs/run/plots/report.md", "/runs/run/private.txt", "/runs/run/plots/x.svg",
	"/runs/run/report.html%00", "/runs/run%00/report.html", "/runs/run%5c..%5c/report.html", "/runs/./report.html", "/runs/.%2f/report.html",
	"/compare?old=../private&new=run", "/compare?old=run&new=linked", "/compare?old=up&new=run", "/compare?old=%2e%2e%2fprivate&new=/etc",
	"/report.html", "/linked/report.html", "/../report.html", "/style.css/../../report.html", "/runs/run/env.json/..",
}

// Catches: any way out of the folder, by a path, an encoded one, or a link.
func TestNothingLeadsOutOfTheFolder(t *testing.T) {
	folder := outside(t)
	h := New(folder)
	for _, path := range paths {
		status, page, _ := get(h, path)
		if strings.Contains(page, secret) || strings.Contains(page, "root:") || status == 200 {
			t.Errorf("%s: %d\n%s", path, status, page)
		}
	}
	if status, _, header := get(h, "/runs/linked/"); status != 404 {
		t.Errorf("what a link leads to is known: %d %v", status, header)
	}
	_, page, _ := get(h, "/")
	contains(t, page, "Not followed, because they lead out of this folder or nowhere: linked, nowhere, up.", "24 trials", "!"+secret)
	if n := strings.Count(page, `<div class="run">`); n != 1 {
		t.Errorf("%d runs: a link to a run is another one", n)
	}
	// A link that stays within is followed, so that results/latest can be bookmarked.
	if status, page, _ := get(h, "/runs/within/env.json"); status != 200 || !strings.Contains(page, "abcdef0123") {
		t.Errorf("%d %s", status, page)
	}
}

func FuzzPaths(f *testing.F) {
	for _, path := range paths {
		f.Add(path)
	}
	f.Add("/")
	f.Add("/runs/run/env.json")
	f.Add("/runs/run/report.html") // its style sheet has ":root:", which is none of /etc/passwd
	h := New(outside(f))
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(u.Path, "/") {
			return
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host, r.URL, r.RequestURI = "127.0.0.1", u, target
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if body := w.Body.String(); strings.Contains(body, secret) || strings.Contains(body, "root:x:") || w.Code >= 500 {
			t.Errorf("%q: %d\n%s", target, w.Code, body)
		}
	})
}

// Catches: DNS rebinding, by which a page on the web reads what is served on loopback.
func TestOnlyNamesOfThisMachineAreAnswered(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "one", nil, nil)
	h := New(folder)
	for host, want := range map[string]int{
		"127.0.0.1:1234": 200, "127.0.0.1": 200, "localhost:80": 200, "LOCALHOST": 200, "[::1]:1234": 200, "[::1]": 200, "127.9.9.9": 200, "[::ffff:127.0.0.1]:1": 200,
		"example.com": 421, "example.com:1234": 421, "127.0.0.1.example.com": 421, "localhost.example.com:80": 421, "10.0.0.1": 421, "0.0.0.0:80": 421,
		"": 421, "[::]": 421, "127.0.0.1@example.com": 421, "localhost.": 421,
	} {
		for _, path := range []string{"/", "/runs/one/env.json", "/style.css"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != want || want != 200 && strings.Contains(w.Body.String(), "abcdef0123") {
				t.Errorf("%s of %q: %d, want %d", path, host, w.Code, want)
			}
		}
	}
}

func TestNothingCanBeChanged(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "one", nil, nil)
	h := New(folder)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		for _, path := range []string{"/", "/runs/one/env.json", "/compare"} {
			r := httptest.NewRequest(method, "http://localhost"+path, nil)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
		}
	}
}

func TestEveryAnswerKeepsBrowsersToThisServer(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "one", nil, nil)
	h := New(folder)
	for _, path := range []string{"/", "/style.css", "/compare?old=one&new=one", "/nothing", "/runs/none/report.html", "/runs/one/trials.jsonl"} {
		_, page, header := get(h, path)
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, header)
		}
		if strings.Contains(page, "http://") || strings.Contains(page, "https://") || strings.Contains(page, "<script") {
			t.Errorf("%s has something from elsewhere, or a script:\n%s", path, page)
		}
	}
}

func TestAFolderThatIsGoneIsSaid(t *testing.T) {
	status, page, _ := get(New(filepath.Join(t.TempDir(), "none")), "/")
	if status != 404 || !strings.Contains(page, "no such file") {
		t.Errorf("%d %s", status, page)
	}
}

// Catches: data races, and two readers who wait for each other.
func TestManyReadersAtOnce(t *testing.T) {
	folder := t.TempDir()
	for i := range 4 {
		write(t, folder, fmt.Sprint("run-", i), nil, nil)
	}
	h := New(folder)
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			for _, path := range []string{"/", fmt.Sprintf("/compare?old=run-%d&new=run-%d", i%4, (i+1)%4), fmt.Sprintf("/runs/run-%d/verdict.json", i%4)} {
				if status, page, _ := get(h, path); status != 200 {
					t.Errorf("%s: %d %s", path, status, page)
				}
			}
		})
	}
	all.Wait()
}

// Catches: a comparison of what a run was before it went on, and decoded runs that pile up.
func TestDecodedRunsAreOfTheFilesAsTheyAreAndFew(t *testing.T) {
	folder := t.TempDir()
	s := newStore()
	root, err := os.OpenRoot(folder)
	must(t, err)
	defer root.Close()
	for i := range keptRuns + 2 {
		name := fmt.Sprint("run-", i)
		write(t, folder, name, nil, nil)
		_, err := s.load(runFS{root, name}, name)
		must(t, err)
	}
	if len(s.loaded) != keptRuns || s.loaded[0].name != fmt.Sprint("run-", keptRuns+1) {
		t.Errorf("%d are kept", len(s.loaded))
	}
	last := runFS{root, s.loaded[0].name}
	first, err := s.load(last, last.name)
	must(t, err)
	if again, err := s.load(last, last.name); err != nil || again != first {
		t.Errorf("what is kept is not used: %v", err)
	}
	must(t, os.RemoveAll(filepath.Join(folder, last.name)))
	write(t, folder, last.name, slower, nil)
	if again, err := s.load(last, last.name); err != nil || again == first {
		t.Errorf("it is not read again: %v", err)
	}
}

// Catches: a run of one scenario under the name of its suite, and a proposal to compare runs that have nothing in common, or that did not end.
func TestWhatWasAskedTheSameIsProposedForComparison(t *testing.T) {
	var suite []trial.Scenario
	for _, name := range []string{"echo", "wait", "crowd", "slow"} {
		suite = append(suite, trial.Scenario{Name: name})
	}
	for text, e := range map[string]trial.Env{
		"suite quick":                 {Suite: "quick", Scenarios: suite},
		"crowd (of suite quick)":      {Suite: "quick", Scenarios: suite[2:3]},
		"echo, wait (of suite quick)": {Suite: "quick", Scenarios: suite[:2]},
		"echo":                        {Scenarios: suite[:1]},
	} {
		if got, _ := asked(e); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	_, whole := asked(trial.Env{Suite: "quick", Scenarios: suite})
	_, part := asked(trial.Env{Suite: "quick", Scenarios: suite[:1]})
	if whole == part {
		t.Fatal("a part of a suite is taken for the whole")
	}
	run := func(kind, partial string, broken bool) listed {
		return listed{summary: summary{kind: kind, Partial: partial, Broken: broken}}
	}
	for name, c := range map[string]struct {
		runs     []listed // newest first
		new, old int      // -1: none
	}{
		"two of one suite with another between":  {[]listed{run(part, "", false), run(whole, "", false), run(part, "", false)}, 0, 2},
		"the newest is the only one of its kind": {[]listed{run(part, "", false), run(whole, "", false), run(whole, "", false)}, 1, 2},
		"the newest did not end":                 {[]listed{run(whole, "interrupted", false), run(whole, "", false), run(whole, "", false)}, 1, 2},
		"no two of a kind":                       {[]listed{run(whole, "", true), run(whole, "interrupted", false), run(part, "", false)}, 1, 2},
		"one":                                    {[]listed{run(whole, "", true), run(whole, "", false)}, 1, -1},
		"none":                                   {nil, -1, -1},
	} {
		l := list{Runs: c.runs}
		l.choose()
		for i, r := range l.Runs {
			if r.New != (i == c.new) || r.Old != (i == c.old) {
				t.Errorf("%s: run %d is new %v and old %v", name, i, r.New, r.Old)
			}
		}
		if l.Compares != (c.old >= 0) {
			t.Errorf("%s: can be compared: %v", name, l.Compares)
		}
	}
}
