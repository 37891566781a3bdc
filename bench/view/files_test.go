package view

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTheLastLineIsTheOneThatAReaderFromTheFrontSees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(60_000, 70_000), rapid.IntRange(250_000, 300_000)), 0, 6).Draw(t, "lengths")
		ended := rapid.Bool().Draw(t, "the last line has its newline")
		var lines []string
		for i, n := range lengths {
			lines = append(lines, strings.Repeat(string(rune('a'+i)), n))
		}
		text := strings.Join(lines, "\n")
		if ended && len(lines) > 0 {
			text += "\n"
		}
		whole := strings.SplitAfter(text, "\n")
		whole = whole[:len(whole)-1]
		line, begin, err := lastLine(strings.NewReader(text), int64(len(text)))
		switch {
		case err != nil:
			t.Fatal(err)
		case len(whole) == 0 && line != nil:
			t.Fatalf("there is none, and it is %q", line)
		case len(whole) > 0:
			want := whole[len(whole)-1]
			if string(line)+"\n" != want || text[begin:begin+int64(len(want))] != want {
				t.Fatalf("it is %d bytes at %d, want %d", len(line), begin, len(want)-1)
			}
		}
	})
	endless := bytes.Repeat([]byte("x"), 5*longestLine)
	if _, _, err := lastLine(bytes.NewReader(endless), int64(len(endless))); err == nil {
		t.Error("a file without lines was read to its beginning")
	}
}

// Catches: a trial that is counted although readers leave it out.
func TestALastLineThatIsSpoiltDoesNotCount(t *testing.T) {
	folder := t.TempDir()
	for name, tail := range map[string]string{"cut": `{"schema":3,"seq":24`, "spoilt": "\x00\x00\x00\n", "whole": ""} {
		must(t, add(write(t, folder, name, nil, nil)+"/"+trialsFile, tail))
	}
	h := New(folder)
	_, page, _ := get(h, "/")
	for _, name := range []string{"cut", "spoilt", "whole"} {
		contains(t, entry(t, page, name), "24 trials", "!damaged</span>")
		if status, page, _ := get(h, "/compare?old=whole&new="+name); status != 200 {
			t.Errorf("%s: %d %s", name, status, page)
		}
	}
}

func TestOnlyTheFilesOfARunAreServed(t *testing.T) {
	for file, want := range map[string]string{
		"report.html": "text/html; charset=utf-8", "trials.jsonl": "text/plain; charset=utf-8", "verdict.json": "application/json",
		"plots/matrix.png": "image/png", "plots/matrix.svg": "image/svg+xml",
		"plots/matrix.html": "", "plots/": "", "plots/a/b.png": "", "plots": "", "": "", "report.html/": "", "private.txt": "", ".env.json": "", "Plots/a.png": "",
	} {
		if got := contentType(file); got != want {
			t.Errorf("%q is %q, want %q", file, got, want)
		}
	}
}

func TestNamesOfRunsAreOneElement(t *testing.T) {
	for name, want := range map[string]bool{
		"2026-11-22T23-05-11Z-abc1234": true, "a b": true, "ü": true, "a..b": true,
		"": false, ".": false, "..": false, ".hidden": false, "a/b": false, `a\b`: false, `..\b`: false, "a\x00b": false, "/a": false,
	} {
		if runName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
