package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/cli"
	"github.com/poolbench/poolbench/bench/trial"
)

// noBrowser is a system that has none.
func noBrowser(t *testing.T) {
	t.Helper()
	for _, name := range []string{"BROWSER", "DISPLAY", "WAYLAND_DISPLAY"} {
		t.Setenv(name, "")
	}
}

// recorder is a browser that writes down what it is asked to show.
func recorder(t *testing.T) (command, file string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no shell here for the script that stands in for a browser")
	}
	dir := t.TempDir()
	command, file = filepath.Join(dir, "browser"), filepath.Join(dir, "shown")
	must(t, os.WriteFile(command, []byte("#!/bin/sh\necho noise\nprintf %s \"$1\" > "+file+".new && mv "+file+".new "+file+"\n"), 0o755))
	return command, file
}

// plain writes a run of one trial, of which little can be drawn, and returns its folder.
func plain(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	w, err := trial.Create(dir)
	must(t, err)
	must(t, w.WriteEnv(trial.Env{Suite: "plain", Planned: 1}))
	must(t, w.Append(trial.Trial{Scenario: "echo", Workload: "echo", Measured: "request", Strategy: "goroutine", Load: trial.Load{Loop: trial.Closed, Clients: 1},
		Window: time.Second, TimeOut: time.Second, Clients: trial.Clients{Total: 1, Served: 1, Good: []int64{0}}}))
	must(t, w.Close())
	return dir
}

func TestViewServesUntilItIsInterrupted(t *testing.T) {
	noBrowser(t)
	dir := written(t, "one", nil, nil)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	stdout, out := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int)
	args := []string{"view", filepath.Dir(dir)}
	hasNone := runtime.GOOS != "windows" && runtime.GOOS != "darwin" // those have a browser whatever their environment says
	if hasNone {
		args = append(args, "--open")
	}
	go func() {
		code := cli.Execute(ctx, small(), args, out, &stderr)
		_ = out.Close()
		ended <- code
	}()
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	must(t, err)
	address := strings.TrimSpace(line)
	if !strings.HasPrefix(address, "http://127.0.0.1:") {
		t.Fatalf("it prints %q", line)
	}
	for path, want := range map[string]string{"": "Runs in", "runs/one/report.html": "All runs</a>"} {
		answer, err := http.Get(address + path)
		must(t, err)
		page, err := io.ReadAll(answer.Body)
		must(t, err)
		must(t, answer.Body.Close())
		if answer.StatusCode != 200 || !strings.Contains(string(page), want) {
			t.Errorf("%s%s: %s %.500s", address, path, answer.Status, page)
		}
	}
	interrupt()
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("stdout has more than the address: %q, %v", rest, err)
	}
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	if want := "no browser was opened, because there is no display and no BROWSER; the page is " + address + "\n"; hasNone && !strings.HasSuffix(stderr.String(), want) {
		t.Errorf("stderr: %q", stderr.String())
	}
}

func TestViewSaysWhatItCannotShow(t *testing.T) {
	noBrowser(t)
	dir := written(t, "one", nil, nil)
	for args, want := range map[string]string{
		"view " + dir:                                         "is a run: name the folder that holds it, " + filepath.Dir(dir),
		"view " + filepath.Join(dir, "none"):                  "there is no folder",
		"view " + filepath.Join(dir, "env.json"):              "is no folder",
		"view a b":                                            "see `poolbench view --help`",
		"view " + filepath.Dir(dir) + " --listen :8080":       "--listen \":8080\": has to be this machine's own address",
		"view " + filepath.Dir(dir) + " --listen 0.0.0.0:0":   "this machine's own address",
		"view " + filepath.Dir(dir) + " --listen 127.0.0.1":   "with a port",
		"view " + filepath.Dir(dir) + " --listen 127.0.0.1:x": "--listen",
	} {
		code, stdout, stderr := execute(t.Context(), strings.Fields(args)...)
		if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, want 2 and one line with %q: %q and %q", args, code, want, stderr, stdout)
		}
	}
}

// Catches: a browser that is not the one that was asked for, an address that is none, and noise of a browser among the data.
func TestReportOpensItsPage(t *testing.T) {
	noBrowser(t)
	dir := plain(t, "a run")
	command, shown := recorder(t)
	t.Setenv("BROWSER", filepath.Join(t.TempDir(), "none")+":"+command)
	code, stdout, stderr := execute(t.Context(), "report", dir, "--open")
	if code != 0 || strings.Contains(stderr, "no browser") || strings.Contains(stdout, "noise") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	address, err := os.ReadFile(shown)
	must(t, err)
	if want := "file://" + strings.ReplaceAll(filepath.ToSlash(filepath.Join(dir, "report.html")), " ", "%20"); string(address) != want {
		t.Errorf("it opens %s, want %s", address, want)
	}
	must(t, os.Remove(shown))
	if code, _, _ := execute(t.Context(), "report", dir); code != 0 {
		t.Error(code)
	}
	if _, err := os.Stat(shown); err == nil {
		t.Error("it opens a page that nobody asked for")
	}
}

func TestReportSaysThePathWhereThereIsNoBrowser(t *testing.T) {
	noBrowser(t)
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("this system opens a browser whatever the environment says, so there is none to be missing")
	}
	dir := plain(t, "one")
	for browser, why := range map[string]string{"": "there is no display and no BROWSER", filepath.Join(dir, "none"): "none could be started"} {
		t.Setenv("BROWSER", browser)
		code, _, stderr := execute(t.Context(), "report", dir, "--open")
		if code != 0 || !strings.Contains(stderr, "no browser was opened, because "+why) || !strings.HasSuffix(stderr, "; the page is "+filepath.Join(dir, "report.html")+"\n") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	}
}
