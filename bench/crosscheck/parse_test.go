package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The files are real output: wrk 4.1.0, h2load 1.52.0 and ab 2.3 against the server of this program. In the -405 files all
// requests had a method that it refuses, in wrk-timeout the server was stopped for a while.
func TestWhatGeneratorsSay(t *testing.T) {
	for _, c := range []struct {
		file  string
		parse func(string) (said, error)
		want  said
	}{
		{"wrk.txt", parseWrk, said{Requests: 135273, PerSecond: 67358.78, P50: 515 * time.Microsecond, P99: 125490 * time.Microsecond, Unit: time.Microsecond}},
		{"wrk-405.txt", parseWrk, said{Failed: 67596, PerSecond: 61468.79, P50: 53 * time.Microsecond, P99: 149 * time.Microsecond, Unit: time.Microsecond}},
		{"wrk-timeout.txt", parseWrk, said{Requests: 279406, Failed: 8, PerSecond: 55827.17, P50: 39 * time.Microsecond, P99: 174 * time.Microsecond, Unit: time.Microsecond}},
		{"h2load.txt", parseH2load, said{Requests: 141436, PerSecond: 70718}},
		{"h2load-405.txt", parseH2load, said{Failed: 65179, PerSecond: 65179}},
		{"ab.txt", parseApacheBench, said{Requests: 173871, PerSecond: 86935.50, P99: 6 * time.Millisecond, Unit: time.Millisecond}},
		{"ab-405.txt", parseApacheBench, said{Failed: 72843, PerSecond: 72842.78, Unit: time.Millisecond}},
	} {
		t.Run(c.file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", c.file))
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.parse(string(text))
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestSocketErrorsOfEachKindAreFailures(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "wrk-timeout.txt"))
	if err != nil {
		t.Fatal(err)
	}
	const line = "connect 0, read 0, write 0, timeout 8"
	if !strings.Contains(string(text), line) {
		t.Fatalf("no %q in the file", line)
	}
	got, err := parseWrk(strings.Replace(string(text), line, "connect 1000, read 200, write 30, timeout 4", 1))
	if err != nil || got.Failed != 1234 {
		t.Errorf("%d failed, %v; want 1234", got.Failed, err)
	}
}

// What a generator does not say, because it has another version or went wrong, must not become a 0 in the table.
func TestOutputWithoutAFigureIsAnError(t *testing.T) {
	for _, g := range generators() {
		bytes, err := os.ReadFile(filepath.Join("testdata", g.name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		text := string(bytes)
		whole, err := g.parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text) {
			got, err := g.parse(strings.Replace(text, line, "", 1))
			if err == nil && got != whole {
				t.Errorf("%s without its line %q: %+v and no error", g.name, line, got)
			}
		}
		if _, err := g.parse("command not found"); err == nil || !strings.Contains(err.Error(), "command not found") {
			t.Errorf("%s: %v; want an error that quotes the output", g.name, err)
		}
	}
}

func TestVersionsAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012 Will Glozer\nUsage: wrk <options> <url>": "4.1.0-3+b2",
		"wrk 4.2.0 [epoll] Copyright (C) 2012 Will Glozer":                                         "4.2.0",
		"h2load nghttp2/1.52.0\n": "1.52.0",
		"This is ApacheBench, Version 2.3 <$Revision$>\nCopyright 1996 Adam Twiss": "2.3",
		"a program without one": "unknown",
	} {
		if got := findVersion(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
