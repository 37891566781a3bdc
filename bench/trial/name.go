package trial

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// NewRunName is the folder name of a run that starts at t from commit, such as 2026-11-22T23-05-11Z-abc1234. Names
// sort by time, and have no colon, which Windows does not allow.
func NewRunName(t time.Time, commit string) string {
	const short = 7 // as git abbreviates
	clean := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, commit)
	if clean == "" {
		clean = "unknown"
	}
	return t.UTC().Format("2006-01-02T15-04-05Z") + "-" + clean[:min(short, len(clean))]
}

// latest is the name of the link to the newest run.
const latest = "latest"

// PointLatest makes resultsDir/latest lead to runDir: a relative link, so that the results can be moved, or where
// links cannot be made a text file that holds the same path. There is an old or a new one at any moment. [Resolve]
// follows both.
func PointLatest(resultsDir, runDir string) error {
	target, err := relative(resultsDir, runDir)
	if err != nil {
		return fmt.Errorf("point %s to %s: %w", latest, runDir, err)
	}
	path := filepath.Join(resultsDir, latest)
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return fmt.Errorf("point %s to %s: it is a folder, not a link; move it away", path, runDir)
	}
	err = swap(path, func(temp string) error {
		// Windows needs a privilege for links, and does not rename over one that leads to a folder.
		if runtime.GOOS != "windows" && os.Symlink(target, temp) == nil {
			return nil
		}
		return writeSynced(temp, []byte(filepath.ToSlash(target)+"\n"))
	})
	if err != nil {
		return fmt.Errorf("point %s to %s: %w", path, runDir, err)
	}
	return nil
}

// relative is the path of to as seen from the folder from.
func relative(from, to string) (string, error) {
	from, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	if to, err = filepath.Abs(to); err != nil {
		return "", err
	}
	return filepath.Rel(from, to)
}

// Resolve returns the folder that path stands for: path itself if it is a folder, otherwise where the link or the text
// file at path leads to.
func Resolve(path string) (string, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no folder %s: name that of a run, or measure one with `poolbench run`", path)
	}
	if err != nil {
		return "", err
	}
	var target string
	switch {
	case info.IsDir():
		return path, nil
	case info.Mode()&fs.ModeSymlink != 0:
		target, err = os.Readlink(path)
	case info.Mode().IsRegular():
		target, err = readPointer(path)
	default:
		err = fmt.Errorf("%s is no folder", path)
	}
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	if info, err := os.Stat(target); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%s leads to %s, which is no folder (any more); name the run itself", path, target)
	}
	return target, nil
}

// readPointer reads the text form of a link.
func readPointer(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	const longest = 4096 // of a path on Linux, the longest anywhere; and path may be any file that a user named
	text, err := io.ReadAll(io.LimitReader(f, longest))
	if err != nil {
		return "", err
	}
	target := strings.TrimSuffix(string(text), "\n")
	if target == "" || strings.ContainsAny(target, "\n\x00{") {
		return "", fmt.Errorf("%s is a file; name the folder of a run", path)
	}
	return filepath.FromSlash(target), nil
}
