package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Browsers are started by hand and not by github.com/pkg/browser: that waits for them to end, prints what they print among
// the data on stdout, has Ctrl-C in the terminal end them with poolbench, and does not know BROWSER.

// openFile shows a page in a browser. That there is none is said, with the page's path, and is no error.
func openFile(ctx context.Context, stderr io.Writer, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := browse(ctx, fileURL(path)); err != nil {
		fmt.Fprintf(stderr, "poolbench: no browser was opened, because %v; the page is %s\n", err, path)
	}
	return nil
}

// openURL is openFile for a page that is served.
func openURL(ctx context.Context, stderr io.Writer, address string) {
	if err := browse(ctx, address); err != nil {
		fmt.Fprintf(stderr, "poolbench: no browser was opened, because %v; the page is %s\n", err, address)
	}
}

// fileURL is the address of an absolute path; on Windows it begins with a drive, which is no host.
func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// browse starts the first of the browsers that can be started.
func browse(ctx context.Context, address string) error {
	commands := browsers(runtime.GOOS, os.Getenv, address)
	if len(commands) == 0 {
		return errors.New("there is no display and no BROWSER")
	}
	var all []error
	for _, command := range commands {
		err := start(ctx, command)
		if err == nil {
			return nil
		}
		all = append(all, fmt.Errorf("%s: %w", command[0], err))
	}
	return fmt.Errorf("none could be started: %w", joinedInLine(all))
}

// joinedInLine is errors.Join in one line.
func joinedInLine(all []error) error {
	texts := make([]string, len(all))
	for i, err := range all {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

// browsers are the command lines that show an address, the first choice first. BROWSER is a list as in PATH, of commands in
// which %s stands for the address, or that have it as their last argument (Raymond, "The BROWSER project", 2001; xdg-open does the
// same).
func browsers(goos string, getenv func(string) string, address string) [][]string {
	var all [][]string
	separator := ":"
	if goos == "windows" {
		separator = ";"
	}
	for entry := range strings.SplitSeq(getenv("BROWSER"), separator) {
		command := strings.Fields(entry)
		if len(command) == 0 {
			continue
		}
		placed := false
		for i, word := range command {
			placed = placed || strings.Contains(word, "%s")
			command[i] = strings.ReplaceAll(word, "%s", address)
		}
		if !placed {
			command = append(command, address)
		}
		all = append(all, command)
	}
	switch {
	case goos == "windows":
		return append(all, []string{"rundll32", "url.dll,FileProtocolHandler", address})
	case goos == "darwin":
		return append(all, []string{"open", address})
	case getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != "":
		return append(all, []string{"xdg-open", address})
	default:
		return all // without a display xdg-open would look for browsers that take the terminal
	}
}

// start starts a browser and reports whether it has not failed at once: some stay for as long as their window, and others
// hand the address over and end. It outlives poolbench and has none of its terminal.
func start(ctx context.Context, command []string) error {
	const soon = 2 * time.Second // xdg-open takes some hundred milliseconds to find out that nothing opens the address
	c := exec.Command(command[0], command[1:]...)
	c.SysProcAttr = apart()
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(soon):
		return nil
	case <-ctx.Done():
		return nil
	}
}
