package env

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
)

// checkout asks git about the working directory, for programs that were built without knowing their commit: `go run`
// does, and so does `go build` under -buildvcs=false. It answers only for a checkout of the module that the program
// was built from; any other would be a false statement about where the figures come from.
func checkout(module string) (commit string, dirty bool) {
	dir, err := os.Getwd()
	if err != nil {
		return unknown, false
	}
	root, found := moduleRoot(dir, module)
	if !found {
		return unknown, false
	}
	head, err := git(root, "rev-parse", "--verify", "HEAD")
	if err != nil {
		return unknown, false
	}
	changes, err := git(root, "status", "--porcelain", "-z", "--untracked-files=all")
	if err != nil {
		return head, true // a state that cannot be told is not a clean one
	}
	prefix, err := git(root, "rev-parse", "--show-prefix") // status names files from the top of the checkout
	if err != nil {
		return head, true
	}
	for entry := range strings.SplitSeq(changes, "\x00") {
		path, untracked := strings.CutPrefix(entry, "?? ")
		if entry == "" || untracked && !builds(root, strings.TrimPrefix(path, prefix)) {
			continue
		}
		return head, true
	}
	return head, false
}

// builds says whether a file that git does not know can be a part of the program: as source, as what decides on its modules, or because
// a Go file of its folder or of one above embeds files. A suite or notes that somebody puts into the checkout leave the program as it is.
func builds(root, path string) bool {
	switch filepath.Base(path) {
	case "go.mod", "go.sum", "go.work", "go.work.sum":
		return true
	}
	if slices.Contains([]string{".go", ".s", ".S", ".c", ".h", ".syso"}, filepath.Ext(path)) {
		return true
	}
	for dir := filepath.Dir(filepath.FromSlash(path)); ; dir = filepath.Dir(dir) {
		sources, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			return true
		}
		for _, source := range sources {
			if text, err := os.ReadFile(source); err != nil || bytes.Contains(text, []byte("\n//go:embed ")) {
				return true
			}
		}
		if dir == "." {
			return false
		}
	}
}

// moduleRoot finds the folder of the go.mod that governs dir, if it is module's.
func moduleRoot(dir, module string) (root string, found bool) {
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			return dir, module != "" && modfile.ModulePath(text) == module
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

func git(dir string, args ...string) (string, error) {
	// Long enough for a big checkout on a slow disk, and no reason to hold up a run.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GIT_OPTIONAL_LOCKS=0") // status would otherwise write to the index
	out, err := cmd.Output()
	return string(bytes.TrimSpace(out)), err
}
