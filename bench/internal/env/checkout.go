package env

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
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
	changes, err := git(root, "status", "--porcelain")
	return head, err != nil || changes != "" // a state that cannot be told is not a clean one
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
