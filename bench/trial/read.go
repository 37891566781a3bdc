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
)

// A Run is what a folder holds.
type Run struct {
	Dir      string // with a link to it resolved
	Env      Env
	Trials   []Trial   // in the order in which they ended
	Warnings []Warning // about the files; the trials and Env have their own
}

// Read reads the run in dir, which may be a link as [PointLatest] makes it.
//
// A last line that was cut short, because the run was killed or still goes on, is left out with a warning. Any other
// damage is an error that names file and line: figures from a file that somebody edited are worth less than none.
func Read(dir string) (Run, error) {
	dir, err := Resolve(dir)
	if err != nil {
		return Run{}, fmt.Errorf("read run: %w", err)
	}
	return ReadFS(os.DirFS(dir), dir)
}

// ReadFS reads the run in the root of fsys, as Read does; dir is what the run and messages about it call that folder. It
// is for programs that must not leave a folder, whatever links there are in it: see [os.Root.FS].
func ReadFS(fsys fs.FS, dir string) (Run, error) {
	run := Run{Dir: dir}
	var err error
	if run.Env, err = ReadEnv(fsys, dir); err != nil {
		return Run{}, fmt.Errorf("read run: %w", err)
	}
	path := filepath.Join(dir, trialsFile)
	f, err := fsys.Open(trialsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Run{}, fmt.Errorf("read run: %s has %s but no %s: copy the whole folder, or measure again", dir, envFile, trialsFile)
	}
	if err != nil {
		return Run{}, fmt.Errorf("read run: %s: %w", dir, err)
	}
	defer f.Close()
	if run.Trials, run.Warnings, err = decodeTrials(f, path); err != nil {
		return Run{}, fmt.Errorf("read run: %w", err)
	}
	if n := run.Steps(); run.Env.Interrupted || run.Env.Finished.IsZero() && n < run.Env.Planned {
		run.Warnings = append(run.Warnings, Warning{
			Code: "partial",
			Text: fmt.Sprintf("%d of at most %d planned trials: the run was stopped, or still goes on; what is missing may favour those that were measured; "+
				"`poolbench run --resume` with its folder goes on with it", n, run.Env.Planned),
		})
	}
	return run, nil
}

// Steps is how many of the planned trials the run got to. One that was invalid and measured again counts once.
func (r Run) Steps() int {
	n := 0
	for _, t := range r.Trials {
		if t.Attempt == 0 {
			n++
		}
	}
	return n
}

// ReadEnv reads what a run says of itself without its trials, which are hundreds of times as large; fsys and dir are as for
// [ReadFS].
func ReadEnv(fsys fs.FS, dir string) (Env, error) {
	path := filepath.Join(dir, envFile)
	text, err := fs.ReadFile(fsys, envFile)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := fs.Stat(fsys, trialsFile); err != nil {
			return Env{}, fmt.Errorf("%s holds no run: name a folder with %s and %s", dir, envFile, trialsFile)
		}
		return Env{}, fmt.Errorf("%s has %s but no %s, so nobody can say where it was measured: copy the whole folder, or measure again", dir, trialsFile, envFile)
	}
	if err != nil {
		return Env{}, fmt.Errorf("%s: %w", dir, err)
	}
	if err := checkSchema(text); err != nil {
		return Env{}, fmt.Errorf("%s: %w", path, err)
	}
	var env Env
	if err := json.Unmarshal(text, &env); err != nil {
		return Env{}, fmt.Errorf("%s: %w", path, err)
	}
	return env, nil
}

// decodeTrials reads trials.jsonl; path is for messages only.
func decodeTrials(r io.Reader, path string) ([]Trial, []Warning, error) {
	var trials []Trial
	in := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return trials, nil, nil
		}
		// A line without its newline was never acknowledged by Append, even if it happens to be complete.
		torn := err == io.EOF
		if err != nil && !torn {
			return nil, nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
		if !torn && !json.Valid(line) {
			// A power failure can leave holes in the last line and its newline in place.
			if _, err := in.Peek(1); err != io.EOF {
				return nil, nil, fmt.Errorf("%s:%d: not a JSON record, and not the last line, which alone can be cut short: the file was changed", path, number)
			}
			torn = true
		}
		if torn {
			return trials, []Warning{{
				Code: "torn-line",
				Text: fmt.Sprintf("%s:%d: the last line was cut short and is left out: one trial less", path, number),
			}}, nil
		}
		t, err := decodeTrial(line)
		if err != nil {
			return nil, nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
		if t.Seq != len(trials) {
			return nil, nil, fmt.Errorf("%s:%d: trial %d stands where trial %d should: lines were lost, doubled or put in another order", path, number, t.Seq, len(trials))
		}
		trials = append(trials, t)
	}
}

// decodeTrial reads one line. Fields that it does not know are passed over: a later program of the same schema may
// have added some.
func decodeTrial(line []byte) (Trial, error) {
	if err := checkSchema(line); err != nil {
		return Trial{}, err
	}
	var t Trial
	if err := json.Unmarshal(line, &t); err != nil {
		return Trial{}, err
	}
	if err := t.Check(); err != nil {
		return Trial{}, fmt.Errorf("it does not add up: %w", err)
	}
	return t, nil
}

// checkSchema comes before the rest is decoded: in another schema a field may have another type, and the message
// should be about the cause.
func checkSchema(record []byte) error {
	var version struct {
		Schema *int `json:"schema"`
	}
	if err := json.Unmarshal(record, &version); err != nil {
		return err
	}
	switch {
	case version.Schema == nil:
		return errors.New("it names no schema: this is no record of poolbench's")
	case *version.Schema < Schema:
		return fmt.Errorf("it has schema %d, of an older poolbench, and this program reads schema %d: measure again, or read it with the version that wrote it", *version.Schema, Schema)
	case *version.Schema > Schema:
		return fmt.Errorf("it has schema %d, of a newer poolbench, and this program reads schema %d: update this program, or measure again with it", *version.Schema, Schema)
	}
	return nil
}
