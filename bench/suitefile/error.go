package suitefile

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/token"
)

// An Error is what is wrong in a suite file, and where.
type Error struct {
	File         string
	Line, Column int // from 1, columns in runes; 0: of the whole file
	Err          error
	Source       string // the line with those before it, and a caret under the column
}

// Error writes FILE:LINE:COLUMN and what is wrong in one line, and the source below it.
func (e *Error) Error() string {
	what := printable(e.Err.Error())
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, what)
	}
	return fmt.Sprintf("%s:%d:%d: %s\n%s", e.File, e.Line, e.Column, what, e.Source)
}

func (e *Error) Unwrap() error { return e.Err }

// errorAt places err at a token of text; nil: the whole file is meant.
func errorAt(file, text string, at *token.Token, err error) *Error {
	if at == nil || at.Position == nil {
		return &Error{File: file, Err: err}
	}
	line, column := at.Position.Line, at.Position.Column
	return &Error{File: file, Line: line, Column: column, Err: err, Source: excerpt(text, line, column)}
}

// excerpt shows a line of text with the two before it, and a caret under its column. A line that is longer than any
// screen is cut to what surrounds the column.
func excerpt(text string, line, column int) string {
	const before, widest = 2, 120
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	line = min(max(line, 1), len(lines))
	from := 0 // runes cut off at the left of each line
	if column > widest {
		from = column - widest/2
	}
	var b strings.Builder
	for n := max(1, line-before); n <= line; n++ {
		fmt.Fprintf(&b, "%5d | %s\n", n, strings.TrimRight(cut(lines[n-1], from, widest), " "))
	}
	// What stands before the caret is as wide as what stands above it, if a tab stays a tab.
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, cut(lines[line-1], from, max(0, column-1-from)))
	return b.String() + "      | " + indent + "^"
}

// cut is n runes of a line from one on.
func cut(line string, from, n int) string {
	runes := slices.Collect(func(yield func(rune) bool) {
		i := 0
		for _, r := range line {
			if i >= from+n {
				return
			}
			if i >= from && !yield(r) {
				return
			}
			i++
		}
	})
	return printable(string(runes))
}

// printable replaces what would end a line or steer a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
