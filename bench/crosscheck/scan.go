package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A scan finds figures in the output of a program, and remembers the first that was not there.
type scan struct {
	text string
	err  error
}

// find returns the first group of the pattern; without a match it is an error that names the figure.
func (s *scan) find(what, pattern string) string {
	m := regexp.MustCompile(pattern).FindStringSubmatch(s.text)
	if m == nil {
		s.fail(what, fmt.Errorf("it does not say it"))
		return ""
	}
	return m[1]
}

func (s *scan) fail(what string, err error) {
	if s.err == nil {
		s.err = fmt.Errorf("%s: %w; its output:\n%s", what, err, strings.TrimSpace(s.text))
	}
}

func (s *scan) count(what, pattern string) int64 {
	text := s.find(what, pattern)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.fail(what, err)
	}
	return n
}

// optional is a count that is only printed where it is not 0.
func (s *scan) optional(what, pattern string) int64 {
	if !regexp.MustCompile(pattern).MatchString(s.text) {
		return 0
	}
	return s.count(what, pattern)
}

func (s *scan) number(what, pattern string) float64 {
	text := s.find(what, pattern)
	if text == "" {
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		s.fail(what, err)
	}
	return v
}

// duration reads a time with its unit, such as 515.00us.
func (s *scan) duration(what, pattern string) time.Duration {
	text := s.find(what, pattern)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		s.fail(what, err)
	}
	return d
}
