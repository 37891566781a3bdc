package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// profileForms is the help for --profile.
const profileForms = "burst:factor=5,at=1s,for=1s, ramp:from=0.1,to=2,for=5s or steps:each=1s,factors=0.5/1/1.5"

// parseProfile reads how a rate changes, such as "burst:factor=5,at=1s,for=1s"; empty: it does not.
func parseProfile(text string) ([]trial.Segment, error) {
	if text == "" {
		return nil, nil
	}
	name, rest, _ := strings.Cut(text, ":")
	segments, err := segments(name, rest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; write it like %s", name, err, profileForms)
	}
	return segments, nil
}

func segments(name, rest string) ([]trial.Segment, error) {
	switch name {
	case "burst":
		s, err := parseSettings(rest, "factor", "at", "for")
		if err != nil {
			return nil, err
		}
		return trial.Burst(s.number("factor"), s.duration("at"), s.duration("for")), s.err
	case "ramp":
		s, err := parseSettings(rest, "from", "to", "for")
		if err != nil {
			return nil, err
		}
		return trial.Ramp(s.number("from"), s.number("to"), s.duration("for")), s.err
	case "steps":
		s, err := parseSettings(rest, "each", "factors")
		if err != nil {
			return nil, err
		}
		return trial.Steps(s.duration("each"), s.numbers("factors")...), s.err
	}
	return nil, errors.New("unknown profile")
}

// othersForm is the help for --others.
const othersForm = "slow:share=0.1,every=50ms"

// parseOthers reads a share of clients with a behaviour, such as "slow:share=0.1,every=50ms".
func parseOthers(text string) (trial.Share, error) {
	name, rest, _ := strings.Cut(text, ":")
	keys := []string{"share"}
	if strings.Contains(rest, ",") {
		keys = append(keys, "every")
	}
	s, err := parseSettings(rest, keys...)
	if err != nil {
		return trial.Share{}, fmt.Errorf("%w; write it like %s", err, othersForm)
	}
	share := trial.Share{Behaviour: trial.Behaviour(name), Share: s.number("share")}
	if len(keys) > 1 {
		if share.Every = s.duration("every"); s.err == nil && share.Every <= 0 {
			return trial.Share{}, fmt.Errorf("every=%v: must be more than 0", share.Every)
		}
	}
	return share, s.err
}

// settings are KEY=VALUE pairs, and the first thing that was wrong with one.
type settings struct {
	values map[string]string
	err    error
}

// parseSettings reads "KEY=VALUE,KEY=VALUE"; every one of keys has to be there, and nothing else.
func parseSettings(text string, keys ...string) (*settings, error) {
	s := &settings{values: map[string]string{}}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		_, twice := s.values[key]
		known := false
		for _, k := range keys {
			known = known || k == key
		}
		if !ok || !known || twice {
			return nil, fmt.Errorf("%q: wanted are %s=..., each once", pair, strings.Join(keys, "=..., "))
		}
		s.values[key] = value
	}
	for _, key := range keys {
		if _, found := s.values[key]; !found {
			return nil, fmt.Errorf("%q: %s is missing", text, key)
		}
	}
	return s, nil
}

func (s *settings) fail(key, must string) {
	if s.err == nil {
		s.err = fmt.Errorf("%s=%s: must be %s", key, s.values[key], must)
	}
}

func (s *settings) number(key string) float64 {
	n, err := strconv.ParseFloat(s.values[key], 64)
	if err != nil {
		s.fail(key, "a number")
	}
	return n
}

func (s *settings) numbers(key string) []float64 {
	var all []float64
	for part := range strings.SplitSeq(s.values[key], "/") {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil {
			s.fail(key, "numbers with / between them")
		}
		all = append(all, n)
	}
	return all
}

func (s *settings) duration(key string) time.Duration {
	d, err := time.ParseDuration(s.values[key])
	if err != nil {
		s.fail(key, "a time such as 500ms")
	}
	return d
}
