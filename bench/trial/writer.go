package trial

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The files of a run's folder.
const (
	trialsFile = "trials.jsonl"
	envFile    = "env.json"
	suiteFile  = "suite.yaml"
)

// A Writer writes one run. It is not safe for concurrent use: a run measures one trial at a time. While it is open no other
// process can open the same run for writing, on systems that have locks for that.
type Writer struct {
	dir    string
	trials file
	size   int64 // bytes of complete lines; the next one starts here
	broken error // why nothing can be appended any more
}

// file is what Writer needs of os.File; in tests, of one on a full disk.
type file interface {
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// Create makes the folder of a new run, with its parents, and proves that results can be written there, before
// anything is measured. A folder that already holds a run is refused: results are never overwritten. [Resume] goes on
// with one. One that was killed before it had said what it measures holds nothing, and its folder is taken again.
func Create(dir string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create run: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, envFile)); err == nil {
		return nil, holdsRun(dir)
	}
	path := filepath.Join(dir, trialsFile)
	trials, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	there := errors.Is(err, fs.ErrExist)
	if there {
		trials, err = os.OpenFile(path, os.O_WRONLY, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("create run: %w", err)
	}
	if err := errors.Join(lock(trials), syncDir(dir)); err != nil {
		return nil, errors.Join(fmt.Errorf("create run: %s: %w", dir, err), trials.Close())
	}
	if there {
		if err := neverBegan(dir, trials); err != nil {
			return nil, errors.Join(err, trials.Close())
		}
	}
	return &Writer{dir: dir, trials: trials}, nil
}

// neverBegan is an error if a folder with trials, which is locked, holds a run, or if some process that cannot be seen may be about
// to write one.
func neverBegan(dir string, trials *os.File) error {
	info, err := trials.Stat()
	if err != nil {
		return fmt.Errorf("create run: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, envFile)); err == nil || info.Size() > 0 {
		return holdsRun(dir)
	}
	if !locks {
		return fmt.Errorf("create run: %s is empty and there is no %s beside it: if no other process is about to measure there, delete the folder", trials.Name(), envFile)
	}
	return nil
}

// Resume opens the run in dir to go on with it, and returns what it holds. A last line that was cut short when the run was
// killed is removed from the file: it was never acknowledged. A run that another process writes, one that is whole, and one
// that Read refuses are refused.
func Resume(dir string) (*Writer, Run, error) {
	dir, err := Resolve(dir)
	if err != nil {
		return nil, Run{}, fmt.Errorf("resume run: %w", err)
	}
	trials, err := os.OpenFile(filepath.Join(dir, trialsFile), os.O_RDWR, 0)
	if err != nil {
		return nil, Run{}, fmt.Errorf("resume run: %w", err)
	}
	w := &Writer{dir: dir, trials: trials}
	run, err := w.resume(trials)
	if err != nil {
		return nil, Run{}, errors.Join(fmt.Errorf("resume run: %w", err), trials.Close())
	}
	return w, run, nil
}

// resume finds where the next line starts.
func (w *Writer) resume(trials *os.File) (Run, error) {
	if err := lock(trials); err != nil {
		return Run{}, fmt.Errorf("%s: %w", w.dir, err)
	}
	run, err := Read(w.dir)
	if err != nil {
		return Run{}, err
	}
	if !run.Env.Finished.IsZero() && !run.Env.Interrupted {
		if !slices.ContainsFunc(run.Trials, func(t Trial) bool { return t.Invalid == "" && !t.Calibrates }) {
			return Run{}, fmt.Errorf("%s has come to its end and not one trial of it is valid: to go on would add none; its report says why, and when that is mended it has to be measured anew", w.dir)
		}
		return Run{}, fmt.Errorf("%s is whole: all of it was measured", w.dir)
	}
	if w.size, err = complete(trials, len(run.Trials)); err != nil {
		return Run{}, err
	}
	if err := errors.Join(trials.Truncate(w.size), trials.Sync()); err != nil {
		return Run{}, fmt.Errorf("cut off the line that was not finished: %w", err)
	}
	return run, nil
}

// complete is the length in bytes of the first lines.
func complete(r io.Reader, lines int) (size int64, err error) {
	in := bufio.NewReader(r)
	for range lines {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return 0, err
		}
		size += int64(len(line))
	}
	return size, nil
}

func holdsRun(dir string) error {
	return fmt.Errorf("create run: %s already holds a run, which is never overwritten; name another folder", dir)
}

// Dir is the run's folder.
func (w *Writer) Dir() string { return w.dir }

// Append adds a trial and returns when it is on the disk. It sets the trial's schema, and refuses a record that does
// not add up, which Read would refuse as well. After an error the file ends where it did before, so that the next
// trial can still be appended.
func (w *Writer) Append(t Trial) error {
	if w.broken != nil {
		return w.broken
	}
	t.Schema = Schema
	if err := t.Check(); err != nil {
		return fmt.Errorf("append trial %d to %s: %w", t.Seq, w.dir, err)
	}
	line, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("append trial %d to %s: %w", t.Seq, w.dir, err)
	}
	line = append(line, '\n')

	if _, err = w.trials.WriteAt(line, w.size); err == nil {
		err = w.trials.Sync()
	}
	if err != nil {
		err = fmt.Errorf("append trial %d to %s: %w", t.Seq, w.dir, err)
		if undo := w.trials.Truncate(w.size); undo != nil {
			// What is left of this line would be damage in the middle of the file if another one followed.
			w.broken = fmt.Errorf("append to %s: not after an earlier failure that could not be undone: %w", w.dir, undo)
		}
		return err
	}
	w.size += int64(len(line))
	return nil
}

// WriteEnv writes env.json, or replaces it whole: at any moment there is the old one or the new one. It sets the
// schema. Write it before the first trial, or a run that is killed cannot be read, and again at the end.
func (w *Writer) WriteEnv(e Env) error {
	e.Schema = Schema
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s of %s: %w", envFile, w.dir, err)
	}
	if err := Replace(filepath.Join(w.dir, envFile), append(text, '\n')); err != nil {
		return fmt.Errorf("write %s of %s: %w", envFile, w.dir, err)
	}
	return nil
}

// WriteSuite writes suite.yaml, the suite as it is measured: what [Resume] and a reader need to go on with the run or to
// repeat it. Package bench/suitefile makes and reads the text.
func (w *Writer) WriteSuite(text []byte) error {
	if err := Replace(filepath.Join(w.dir, suiteFile), text); err != nil {
		return fmt.Errorf("write %s of %s: %w", suiteFile, w.dir, err)
	}
	return nil
}

// ReadSuite returns the name and the text of the suite file of the run in dir.
func ReadSuite(dir string) (name string, text []byte, err error) {
	name = filepath.Join(dir, suiteFile)
	text, err = os.ReadFile(name)
	if err != nil {
		return name, nil, fmt.Errorf("read the suite of a run: %w", err)
	}
	return name, text, nil
}

// Close closes the files. What was appended is on the disk already.
func (w *Writer) Close() error { return w.trials.Close() }
