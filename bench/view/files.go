package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
)

// The files of a run that are shown or read.
const (
	envFile     = "env.json"
	trialsFile  = "trials.jsonl"
	verdictFile = "verdict.json"
	reportPage  = "report.html"
	reportText  = "report.md"
)

// contentTypes are the files of a run that are served, and as what: browsers show text, where they would save Markdown and
// YAML. Pictures are in plots.
var contentTypes = map[string]string{
	reportPage:      "text/html; charset=utf-8",
	reportText:      "text/plain; charset=utf-8",
	trialsFile:      "text/plain; charset=utf-8",
	envFile:         "application/json",
	verdictFile:     "application/json",
	"claims.json":   "application/json",
	"suite.yaml":    "text/plain; charset=utf-8",
	"driver.txt":    "text/plain; charset=utf-8",
	"crosscheck.md": "text/plain; charset=utf-8",
}

// contentType is what a run's file is served as; empty: it is not.
func contentType(file string) string {
	if dir, name := path.Split(file); dir == "plots/" {
		return map[string]string{".png": "image/png", ".svg": "image/svg+xml"}[path.Ext(name)]
	}
	return contentTypes[file]
}

// runName reports whether name can be that of a run's folder: one element, and not hidden, as the folders are in which
// files are written before they get their place.
func runName(name string) bool {
	return fs.ValidPath(name) && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, `/\`+"\x00")
}

// A runFS is a run's folder under a root. It has regular files alone: to open a pipe would wait for whoever writes to it.
type runFS struct {
	root *os.Root
	name string
}

// Open implements [fs.FS].
func (f runFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	full := path.Join(f.name, name)
	info, err := f.root.Stat(full)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: full, Err: errors.New("is no file")}
	}
	return f.root.Open(full)
}

// Stat implements [fs.StatFS], of regular files too.
func (f runFS) Stat(name string) (fs.FileInfo, error) {
	info, err := f.root.Stat(path.Join(f.name, name))
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "stat", Path: path.Join(f.name, name), Err: errors.New("is no file")}
	}
	return info, err
}

func (f runFS) has(name string) bool {
	_, err := f.Stat(name)
	return err == nil
}

// verdict reads what was written of the verdict. Another schema is an error: its sentences may mean something else.
func (f runFS) verdict() (verdict.Verdict, error) {
	in, err := f.Open(verdictFile)
	if err != nil {
		return verdict.Verdict{}, err
	}
	defer in.Close()
	const most = 16 << 20 // a verdict on dozens of scenarios has some 100 KiB; and the file may be anybody's
	var v verdict.Verdict
	if err := json.NewDecoder(io.LimitReader(in, most)).Decode(&v); err != nil {
		return verdict.Verdict{}, fmt.Errorf("%s: %w", verdictFile, err)
	}
	if v.Schema != verdict.Schema {
		return verdict.Verdict{}, fmt.Errorf("%s: it has schema %d, and this program reads schema %d", verdictFile, v.Schema, verdict.Schema)
	}
	return v, nil
}

// trials counts the trials by the end of their file: each line has its number, and the last complete one that of all but
// one.
func (f runFS) trials() (int, error) {
	in, err := f.Open(trialsFile)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return 0, err
	}
	at, ok := in.(io.ReaderAt)
	if !ok {
		return 0, fmt.Errorf("%s cannot be read from its end", trialsFile)
	}
	line, begin, err := lastLine(at, info.Size())
	if err == nil && begin > 0 && !json.Valid(line) {
		line, _, err = lastLine(at, begin) // package trial leaves a last line out that a power failure has spoilt
	}
	if err != nil || line == nil {
		return 0, err
	}
	var last struct {
		Schema int  `json:"schema"`
		Seq    *int `json:"seq"`
	}
	switch err := json.Unmarshal(line, &last); {
	case err != nil:
		return 0, fmt.Errorf("%s: its last line is no record: %w", trialsFile, err)
	case last.Schema != trial.Schema:
		return 0, fmt.Errorf("%s: its last line has schema %d, and this program reads schema %d", trialsFile, last.Schema, trial.Schema)
	case last.Seq == nil || *last.Seq < 0:
		return 0, fmt.Errorf("%s: its last line has no number", trialsFile)
	}
	return *last.Seq + 1, nil
}

// longestLine is far more than any trial takes: the longest of the standard suite have 8 KiB, most of it for their clients.
const longestLine = 16 << 20

// lastLine is the last line before end with a newline behind it, and where it begins; nil, if there is none. What follows it
// was cut short, and its trial does not count.
func lastLine(in io.ReaderAt, end int64) (line []byte, begin int64, err error) {
	for back := int64(64 << 10); ; back *= 4 {
		back = min(back, end)
		tail := make([]byte, back)
		if _, err := in.ReadAt(tail, end-back); err != nil && err != io.EOF {
			return nil, 0, err
		}
		newline := bytes.LastIndexByte(tail, '\n')
		before := -1
		if newline >= 0 {
			before = bytes.LastIndexByte(tail[:newline], '\n')
		}
		switch {
		case newline >= 0 && (before >= 0 || back == end):
			return tail[before+1 : newline], end - back + int64(before) + 1, nil
		case back == end:
			return nil, 0, nil
		case back > longestLine:
			return nil, 0, fmt.Errorf("%s: its last line is longer than any record", trialsFile)
		}
	}
}
