package trial

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestARunIsReadAsItWasWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results", "run")
	w, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	env := Env{
		Commit: "abc", Dirty: true, Command: []string{"poolbench", "run"}, Seed: 1<<64 - 1, Planned: 3,
		Platform: Platform{CPUs: 2, OpenFiles: Limit{Soft: 1, Hard: 2}, Sysctls: map[string]string{"net.core.somaxconn": "4096"}},
		Started:  time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		Modules:  []Module{{Path: "p", Version: "v1"}},
	}
	if err := w.WriteEnv(env); err != nil {
		t.Fatal(err)
	}
	var want []Trial
	for seed := range uint64(3) {
		trial := sample(seed)
		trial.Schema = 0
		if err := w.Append(trial); err != nil {
			t.Fatal(err)
		}
		trial.Schema = Schema
		want = append(want, trial)
	}
	env.Finished = env.Started.Add(time.Minute)
	if err := w.WriteEnv(env); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	run, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	env.Schema = Schema
	if text(t, run.Env) != text(t, env) {
		t.Errorf("env:\n%s\nwant\n%s", text(t, run.Env), text(t, env))
	}
	if text(t, run.Trials) != text(t, want) {
		t.Errorf("trials:\n%s\nwant\n%s", text(t, run.Trials), text(t, want))
	}
	if len(run.Warnings) != 0 || run.Dir != dir {
		t.Errorf("warnings %v, dir %s", run.Warnings, run.Dir)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 2 {
		t.Errorf("folder holds %v, want the two files and nothing temporary", left)
	}
}

func TestATrialSurvivesItsLine(t *testing.T) {
	for seed := range uint64(20) {
		want := sample(seed)
		line, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeTrial(line)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(got); !bytes.Equal(again, line) {
			t.Fatalf("got %s, want %s", again, line)
		}
	}
}

// written returns the file of a run of n trials.
func written(t testing.TB, n uint64) []byte {
	t.Helper()
	var file []byte
	for seed := range n {
		file = append(append(file, text(t, sample(seed))...), '\n')
	}
	return file
}

func TestATornTailIsDroppedWhereverItWasTorn(t *testing.T) {
	file := written(t, 3)
	for cut := range len(file) + 1 {
		complete := bytes.Count(file[:cut], []byte{'\n'})
		torn := cut > 0 && file[cut-1] != '\n'
		trials, warnings, err := decodeTrials(bytes.NewReader(file[:cut]), "trials.jsonl")
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", cut, len(file), err)
		}
		if len(trials) != complete {
			t.Fatalf("cut at %d of %d: %d trials, want %d", cut, len(file), len(trials), complete)
		}
		if (len(warnings) == 1) != torn || len(warnings) > 1 {
			t.Fatalf("cut at %d of %d: torn %v, warnings %v", cut, len(file), torn, warnings)
		}
		if torn && warnings[0].Code != "torn-line" {
			t.Fatalf("cut at %d of %d: %v", cut, len(file), warnings)
		}
	}
}

func TestDamageThatIsNoTornTailIsAnErrorWithItsLine(t *testing.T) {
	line := func(seed uint64) string { return text(t, sample(seed)) + "\n" }
	replaced := func(seed uint64, old, new string) string {
		if !strings.Contains(line(seed), old) {
			t.Fatalf("sample has no %s", old)
		}
		return strings.Replace(line(seed), old, new, 1)
	}
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"a line twice":              {line(0) + line(1) + line(1), []string{"t.jsonl:3:", "doubled"}},
		"a line left out":           {line(0) + line(2), []string{"t.jsonl:2:", "lost"}},
		"cut in the middle":         {line(0) + line(1)[:100] + "\n" + line(2), []string{"t.jsonl:2:"}},
		"cut and glued to the next": {line(0) + line(1)[:100] + line(2) + line(3), []string{"t.jsonl:2:"}},
		"empty line":                {line(0) + "\n" + line(2), []string{"t.jsonl:2:"}},
		"hole in the middle":        {line(0) + strings.Repeat("\x00", 99) + "\n" + line(2), []string{"t.jsonl:2:"}},
		"two records in one line":   {strings.TrimSpace(line(0)) + line(1) + line(2), []string{"t.jsonl:1:"}},
		"not an object":             {line(0) + "[]\n", []string{"t.jsonl:2:"}},
		"wrong type, last line":     {line(0) + replaced(1, `"seq":1`, `"seq":"1"`), []string{"t.jsonl:2:", "seq"}},
		"counts, last line":         {line(0) + replaced(1, `"total":4`, `"total":5`), []string{"t.jsonl:2:", "does not add up", "served"}},
		"schema of the future":      {line(0) + replaced(1, `"schema":3`, `"schema":4`), []string{"t.jsonl:2:", "schema 4", "schema 3", "update"}},
		"schema of the past":        {line(0) + replaced(1, `"schema":3`, `"schema":2`), []string{"t.jsonl:2:", "schema 2", "schema 3", "measure again", "version that wrote it"}},
		"its types, too":            {replaced(0, `"schema":3,"seq":0`, `"schema":9,"seq":"a"`), []string{"t.jsonl:1:", "schema 9", "schema 3"}},
		"no schema":                 {replaced(0, `"schema":3,`, ``), []string{"t.jsonl:1:", "no schema"}},
		"histogram":                 {replaced(0, `"wait_ns":"HIST`, `"wait_ns":"TSIH`), []string{"t.jsonl:1:", "histogram"}},
	} {
		trials, _, err := decodeTrials(strings.NewReader(c.file), "t.jsonl")
		if err == nil {
			t.Errorf("%s: no error, %d trials", name, len(trials))
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
}

func TestAHoleInTheLastLineIsATornTail(t *testing.T) {
	holed := []byte(text(t, sample(1)) + "\n")
	clear(holed[50:200])
	trials, warnings, err := decodeTrials(bytes.NewReader(append(written(t, 1), holed...)), "t.jsonl")
	if err != nil || len(trials) != 1 || len(warnings) != 1 {
		t.Fatalf("%d trials, warnings %v, error %v; want one trial and a warning", len(trials), warnings, err)
	}
}

func TestFieldsOfALaterProgramArePassedOver(t *testing.T) {
	line := strings.Replace(text(t, sample(0)), `"schema":3`, `"schema":3,"new_field":{"a":1}`, 1)
	if _, err := decodeTrial([]byte(line)); err != nil {
		t.Fatal(err)
	}
}

func TestReadSaysWhatIsMissing(t *testing.T) {
	put := func(files map[string]string) string {
		dir := t.TempDir()
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	trials := string(written(t, 2))
	for name, c := range map[string]struct {
		dir  string
		want string
	}{
		"no folder":     {filepath.Join(t.TempDir(), "gone"), "there is no"},
		"a file":        {filepath.Join(put(map[string]string{trialsFile: trials}), trialsFile), "is a file"},
		"no run":        {put(nil), "holds no run"},
		"no env":        {put(map[string]string{trialsFile: trials}), "no env.json"},
		"no trials":     {put(map[string]string{envFile: `{"schema":3}`}), "no trials.jsonl"},
		"damaged env":   {put(map[string]string{envFile: `{"schema":3`, trialsFile: trials}), "env.json: "},
		"env's schema":  {put(map[string]string{envFile: `{"schema":7}`, trialsFile: trials}), "schema 7"},
		"an old run":    {put(map[string]string{envFile: `{"schema":1}`, trialsFile: trials}), "measure again"},
		"trials' lines": {put(map[string]string{envFile: `{"schema":3}`, trialsFile: "x\n" + trials}), "trials.jsonl:1:"},
	} {
		_, err := Read(c.dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want an error in one line that says %q", name, err, c.want)
		}
	}
}

func TestARunWithFewerTrialsThanPlannedSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		attempts []int // of the trials, in their order
		planned  int
		want     string
	}{
		"none planned":                           {[]int{0, 0}, 0, ""},
		"all measured":                           {[]int{0, 0}, 2, ""},
		"one missing":                            {[]int{0, 0}, 3, "2 of at most 3 planned trials"},
		"measured again":                         {[]int{0, 1, 2, 0}, 2, ""},
		"measured again does not make up for it": {[]int{0, 1, 2, 0}, 3, "2 of at most 3 planned trials"},
	} {
		dir := t.TempDir()
		w, err := Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if err := w.WriteEnv(Env{Planned: c.planned}); err != nil {
			t.Fatal(err)
		}
		for seq, attempt := range c.attempts {
			one := sample(uint64(seq))
			one.Attempt = attempt
			if err := w.Append(one); err != nil {
				t.Fatal(err)
			}
		}
		run, err := Read(dir) // while the writer still has it open, as for a look at a run that goes on
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, w := range run.Warnings {
			got += w.Code + ": " + w.Text
		}
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: the warnings are %q, want %q", name, got, c.want)
		}
	}
}

func TestCreateNeverTouchesARun(t *testing.T) {
	for _, name := range []string{trialsFile, envFile} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("kept"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Create(dir); err == nil || !strings.Contains(err.Error(), "already holds a run") {
			t.Errorf("%s there: %v", name, err)
		}
		if content, _ := os.ReadFile(path); string(content) != "kept" {
			t.Errorf("%s was changed to %q", name, content)
		}
	}
}

// Catches: a run that cannot be gone on with, because a child of the killed process had not begun its own program yet.
func TestALockIsWaitedForALittle(t *testing.T) {
	if !locks {
		t.Skip("nobody is kept out on this system")
	}
	dir := t.TempDir()
	held, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(40*time.Millisecond, func() { held.Close() })
	w, err := Create(dir)
	if err != nil {
		t.Fatalf("the lock was not waited for: %v", err)
	}
	w.Close()
}

// Catches: a name that is lost because a process was killed between the two files of a run; and two processes that take it.
func TestAFolderInWhichNoRunBeganIsTakenAgain(t *testing.T) {
	if !locks {
		t.Skip("nobody can tell whether another process is about to measure")
	}
	dir := t.TempDir()
	killed, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir); err == nil || !strings.Contains(err.Error(), "another process is measuring it") {
		t.Errorf("while the first has it: %v", err)
	}
	if err := killed.Close(); err != nil { // what a kill leaves
		t.Fatal(err)
	}
	w, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := errors.Join(w.WriteEnv(Env{}), w.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir); err == nil || !strings.Contains(err.Error(), "already holds a run") {
		t.Errorf("of a run that has begun: %v", err)
	}
}

func TestCreateFindsOutThatItCannotWrite(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(filepath.Join(blocked, "run")); err == nil {
		t.Error("no error for a folder inside a file")
	}
}

// disk stands in for the file: it remembers the order of the calls, and fails where it is told to.
type disk struct {
	content []byte
	calls   []string
	room    int  // bytes that still fit
	noSync  bool // Sync fails
	noUndo  bool // Truncate fails
}

func (d *disk) WriteAt(p []byte, at int64) (int, error) {
	d.calls = append(d.calls, "write")
	n := min(len(p), d.room)
	d.room -= n
	d.content = append(d.content[:at], p[:n]...)
	if n < len(p) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

func (d *disk) Sync() error {
	d.calls = append(d.calls, "sync")
	if d.noSync {
		return errors.New("input/output error")
	}
	return nil
}

func (d *disk) Truncate(size int64) error {
	d.calls = append(d.calls, "truncate")
	if d.noUndo {
		return errors.New("read-only file system")
	}
	d.content = d.content[:size]
	return nil
}

func (d *disk) Close() error { return nil }

func TestAppendWritesEachTrialOnceAndSyncsIt(t *testing.T) {
	d := &disk{room: 1 << 20}
	w := &Writer{trials: d}
	for seed := range uint64(2) {
		if err := w.Append(sample(seed)); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(d.calls, " "); got != "write sync write sync" {
		t.Errorf("calls: %s", got)
	}
	if !bytes.Equal(d.content, written(t, 2)) {
		t.Errorf("content is not the two lines: %s", d.content)
	}
}

func TestAFailedAppendLeavesNoPartOfALine(t *testing.T) {
	for name, fail := range map[string]func(*disk){
		"disk full": func(d *disk) { d.room = 100 },
		"sync":      func(d *disk) { d.noSync = true },
	} {
		d := &disk{room: 1 << 20}
		w := &Writer{trials: d}
		if err := w.Append(sample(0)); err != nil {
			t.Fatal(err)
		}
		fail(d)
		if err := w.Append(sample(1)); err == nil {
			t.Fatalf("%s: no error", name)
		}
		d.room, d.noSync = 1<<20, false
		if err := w.Append(sample(1)); err != nil {
			t.Fatalf("%s: after there is room again: %v", name, err)
		}
		if !bytes.Equal(d.content, written(t, 2)) {
			t.Errorf("%s: content is not the two lines: %s", name, d.content)
		}
	}
}

func TestAppendStopsWhereItCannotUndo(t *testing.T) {
	d := &disk{room: 100, noUndo: true}
	w := &Writer{trials: d}
	if err := w.Append(sample(0)); err == nil {
		t.Fatal("no error on a full disk")
	}
	d.room = 1 << 20
	if err := w.Append(sample(1)); err == nil {
		t.Fatal("appended behind a part of a line")
	}
	if trials, warnings, err := decodeTrials(bytes.NewReader(d.content), "t.jsonl"); err != nil || len(trials) != 0 || len(warnings) != 1 {
		t.Errorf("file is not readable any more: %d trials, %v, %v", len(trials), warnings, err)
	}
}

func TestAppendRefusesWhatReadWould(t *testing.T) {
	d := &disk{room: 1 << 20}
	w := &Writer{trials: d}
	bad := sample(0)
	bad.Counts.Sent++
	if err := w.Append(bad); err == nil || len(d.calls) != 0 {
		t.Errorf("error %v, calls %v; want an error and no write", err, d.calls)
	}
}

func FuzzTrials(f *testing.F) {
	file := written(f, 2)
	f.Add(file)
	f.Add(file[:len(file)-30])
	f.Add([]byte(text(f, Trial{Schema: Schema}) + "\n")) // short, so that the fuzzer gets somewhere
	f.Add([]byte("\n"))
	f.Add([]byte("{}\n"))
	f.Add([]byte(`{"schema":1,"clients":{"good":null}}` + "\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		trials, warnings, err := decodeTrials(bytes.NewReader(file), "t.jsonl")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "t.jsonl:") {
				t.Fatalf("error without its place: %v", err)
			}
			return
		}
		if lines := bytes.Count(file, []byte{'\n'}); len(trials) > lines || len(trials)+len(warnings) < lines {
			t.Fatalf("%d trials and %d warnings out of %d lines", len(trials), len(warnings), lines)
		}
		for _, trial := range trials { // what was let in can be written and read again
			line := text(t, trial)
			again, err := decodeTrial([]byte(line))
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if text(t, again) != line {
				t.Fatalf("%s became %s", line, text(t, again))
			}
		}
	})
}
