package trial

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The files of a run's folder.
const (
	trialsFile = "trials.jsonl"
	envFile    = "env.json"
)

// A Writer writes one run. It is not safe for concurrent use: a run measures one trial at a time.
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
// anything is measured. A folder that already holds a run is refused: results are never overwritten.
//
// Going on with a run that was stopped would open here: its complete lines end where Read's do.
func Create(dir string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create run: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, envFile)); err == nil {
		return nil, holdsRun(dir)
	}
	trials, err := os.OpenFile(filepath.Join(dir, trialsFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, holdsRun(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("create run: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("create run: %w", err), trials.Close())
	}
	return &Writer{dir: dir, trials: trials}, nil
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

// Close closes the files. What was appended is on the disk already.
func (w *Writer) Close() error { return w.trials.Close() }
