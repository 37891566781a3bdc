//go:build unix

package view

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Catches: a reader who waits for ever for somebody to write to a pipe.
func TestPipesAreNotOpened(t *testing.T) {
	folder := t.TempDir()
	dir := write(t, folder, "one", nil, nil)
	must(t, syscall.Mkfifo(filepath.Join(dir, reportPage), 0o600))
	must(t, syscall.Mkfifo(filepath.Join(dir, verdictFile), 0o600))
	must(t, syscall.Mkfifo(filepath.Join(dir, "suite.yaml"), 0o600))
	done := make(chan string)
	go func() {
		h := New(folder)
		_, list, _ := get(h, "/")
		_, suite, _ := get(h, "/runs/one/suite.yaml")
		done <- list + suite
	}()
	select {
	case pages := <-done:
		if !strings.Contains(pages, "24 trials") || !strings.Contains(pages, "is no file") {
			t.Error(pages)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for a pipe")
	}
}
