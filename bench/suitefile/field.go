package suitefile

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/strategies/spelling"
)

// A Field is one thing that a suite file can say of a T, and the flag that says the same on the command line.
type Field[T any] struct {
	Key   string // in the file
	Flag  string // without its dashes
	Value string // what it takes, in one word or as a pattern; empty: yes or no, where the flag alone is yes
	About string // one sentence: what it means, its unit and what is allowed
	Unset string // what is taken where nothing is said, in words; empty: the value of Default says it
	Many  bool   // a list, each item of which is said by a flag of its own
	Comma bool   // of Many: one flag can say several items with commas between them

	example string // for the commented-out line, where the value of Default cannot be told from nothing
	plain   bool   // written without quotes
	bare    bool   // in quotes it would be of another type
	get     func(T) []string
	set     func(*T, []string) error
}

// Get writes f's value as Set reads it: one text, or of a list one for each item.
func (f Field[T]) Get(t T) []string { return f.get(t) }

// Set reads f's value into t, a list's in place of what was there. It takes one text, unless f is a list. An error says
// what is wrong with the spelling, and of a list in which item ([ItemError]); what the value may be is for
// [bench.Suite.Check].
func (f Field[T]) Set(t *T, texts ...string) error {
	if !f.Many && len(texts) != 1 {
		return fmt.Errorf("%d values: wanted is one", len(texts))
	}
	return f.set(t, texts)
}

// An ItemError is what is wrong with one item of a list.
type ItemError struct {
	Item int // from 0
	Err  error
}

func (e *ItemError) Error() string { return e.Err.Error() }
func (e *ItemError) Unwrap() error { return e.Err }

// A codec reads and writes values of one type.
type codec[V any] struct {
	read  func(string) (V, error)
	write func(V) string
	plain bool // what is written needs no quotes
	bare  bool // and has none when it is read: in quotes it would be text
}

// one completes a field with a value of its own at a place in T.
func one[T, V any](f Field[T], at func(*T) *V, c codec[V]) Field[T] {
	f.plain, f.bare = c.plain, c.bare
	f.get = func(t T) []string { return []string{c.write(*at(&t))} }
	f.set = func(t *T, texts []string) error {
		v, err := c.read(texts[0])
		if err != nil {
			return err
		}
		*at(t) = v
		return nil
	}
	return f
}

// many completes a field with a list at a place in T. An empty list is nil.
func many[T, V any](f Field[T], at func(*T) *[]V, c codec[V]) Field[T] {
	f.Many, f.plain, f.bare = true, c.plain, c.bare
	f.get = func(t T) []string {
		var texts []string
		for _, v := range *at(&t) {
			texts = append(texts, c.write(v))
		}
		return texts
	}
	f.set = func(t *T, texts []string) error {
		var all []V
		for i, text := range texts {
			v, err := c.read(text)
			if err != nil {
				return &ItemError{Item: i, Err: err}
			}
			all = append(all, v)
		}
		*at(t) = all
		return nil
	}
	return f
}

// word is any text.
func word[S ~string]() codec[S] {
	return codec[S]{
		read:  func(text string) (S, error) { return S(text), nil },
		write: func(s S) string { return string(s) },
	}
}

var whole = codec[int]{plain: true, bare: true, write: strconv.Itoa, read: func(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s: has to be a whole number", quote(text))
	}
	return n, nil
}}

var yesNo = codec[bool]{plain: true, bare: true, write: strconv.FormatBool, read: func(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, fmt.Errorf("%s: has to be true or false", quote(text))
	}
	return text == "true", nil
}}

var span = codec[time.Duration]{plain: true, write: time.Duration.String, read: func(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if spelling.LacksUnit(text) {
		return 0, fmt.Errorf("%s: has to be a time with its unit: %ss, or %sms", quote(text), text, text)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: has to be a time with its unit, such as 200ms or 1m30s", quote(text))
	}
	return d, nil
}}

// ratio is written in percent. A number without the sign is a ratio; whoever writes 50 means 50 %, and gets an error.
var ratio = codec[float64]{
	plain: true,
	write: func(r float64) string { return trial.FormatPercent(r) + "%" },
	read: func(text string) (float64, error) {
		wrong := fmt.Errorf("%s: has to be a percentage such as 50%%, or a ratio such as 0.5", quote(text))
		if percent, ok := strings.CutSuffix(text, "%"); ok {
			r, err := trial.ParsePercent(strings.TrimRight(percent, " "))
			if err != nil {
				return 0, wrong
			}
			return r, nil
		}
		const most = 10 // times the capacity: more is a percentage without its sign
		r, err := strconv.ParseFloat(text, 64)
		if err != nil || !(r >= 0 && r <= most) {
			return 0, wrong
		}
		return r, nil
	},
}

var objective = codec[trial.Objective]{read: trial.ParseObjective, write: trial.Objective.String}

var profile = codec[[]trial.Segment]{read: trial.ParseProfile, write: trial.FormatProfile}

var share = codec[trial.Share]{read: trial.ParseShare, write: trial.Share.String}

// quote shows what a user wrote, on one line and not all of it.
func quote(text string) string {
	const most = 60 // runes, as much as fits into a line with the rest of the message
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return strconv.Quote(text)
}

// find returns the field of that key.
func find[T any](fields []Field[T], key string) (Field[T], error) {
	if i := slices.IndexFunc(fields, func(f Field[T]) bool { return f.Key == key }); i >= 0 {
		return fields[i], nil
	}
	return Field[T]{}, errors.New("unknown field " + quote(key))
}

func keys[T any](fields []Field[T]) []string {
	var all []string
	for _, f := range fields {
		all = append(all, f.Key)
	}
	return all
}
