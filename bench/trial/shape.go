package trial

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ProfileForms is how profiles are written, for whoever has to be told.
const ProfileForms = "burst:factor=5,at=1s,for=1s, ramp:from=0.1,to=2,for=5s, steps:each=1s,factors=0.5/1/1.5 or segments:0s..1s=0.1..2/2s..3s=5"

// ParseProfile reads how a rate changes, in one of [ProfileForms]; empty text: it does not. The segments form is the
// general one: in each segment, FROM..TO, the rate goes from one factor to another, or stays at one. What the times and the factors
// may be is checked where they are used.
func ParseProfile(text string) ([]Segment, error) {
	if text == "" {
		return nil, nil
	}
	name, rest, _ := strings.Cut(text, ":")
	segments, err := segments(name, rest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; write it like %s", name, err, ProfileForms)
	}
	return segments, nil
}

func segments(name, rest string) ([]Segment, error) {
	switch name {
	case "burst":
		s, err := parseSettings(rest, "factor", "at", "for")
		if err != nil {
			return nil, err
		}
		return Burst(s.number("factor"), s.duration("at"), s.duration("for")), s.err
	case "ramp":
		s, err := parseSettings(rest, "from", "to", "for")
		if err != nil {
			return nil, err
		}
		return Ramp(s.number("from"), s.number("to"), s.duration("for")), s.err
	case "steps":
		s, err := parseSettings(rest, "each", "factors")
		if err != nil {
			return nil, err
		}
		return Steps(s.duration("each"), s.numbers("factors")...), s.err
	case "segments":
		return parseSegments(rest)
	}
	return nil, errors.New("unknown profile")
}

func parseSegments(text string) ([]Segment, error) {
	var all []Segment
	for part := range strings.SplitSeq(text, "/") {
		times, factors, ok := strings.Cut(part, "=")
		from, to, isSpan := strings.Cut(times, "..")
		begin, end, changes := strings.Cut(factors, "..")
		if !changes {
			end = begin
		}
		if !ok || !isSpan {
			return nil, fmt.Errorf("%q: wanted is FROM..TO=FACTOR or FROM..TO=FACTOR..FACTOR", part)
		}
		s := &settings{values: map[string]string{"from": from, "to": to, "factor": begin, "last factor": end}}
		all = append(all, Segment{From: s.duration("from"), To: s.duration("to"), Begin: s.number("factor"), End: s.number("last factor")})
		if s.err != nil {
			return nil, s.err
		}
	}
	return all, nil
}

// FormatProfile writes p as [ParseProfile] reads it, in the shortest form that says all of it; "" for none.
func FormatProfile(p []Segment) string {
	if len(p) == 0 {
		return ""
	}
	first := p[0]
	var factors, all []string
	for _, s := range p {
		factors = append(factors, number(s.Begin))
		all = append(all, fmt.Sprintf("%v..%v=%s..%s", s.From, s.To, number(s.Begin), number(s.End)))
	}
	for _, text := range []string{
		fmt.Sprintf("burst:factor=%s,at=%v,for=%v", number(first.Begin), first.From, first.To-first.From),
		fmt.Sprintf("ramp:from=%s,to=%s,for=%v", number(first.Begin), number(first.End), first.To),
		fmt.Sprintf("steps:each=%v,factors=%s", first.To-first.From, strings.Join(factors, "/")),
	} {
		if same, err := ParseProfile(text); err == nil && slices.Equal(same, p) {
			return text
		}
	}
	return "segments:" + strings.Join(all, "/")
}

// number writes f without an exponent, so that no sign stands in a list.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// ShareForm is how a [Share] is written, for whoever has to be told.
const ShareForm = "slow:share=0.1,every=50ms"

// ParseShare reads what String writes, such as "slow:share=0.1,every=50ms"; every may be left out.
func ParseShare(text string) (Share, error) {
	name, rest, _ := strings.Cut(text, ":")
	keys := []string{"share"}
	if strings.Contains(rest, ",") {
		keys = append(keys, "every")
	}
	s, err := parseSettings(rest, keys...)
	if err != nil {
		return Share{}, fmt.Errorf("%w; write it like %s", err, ShareForm)
	}
	share := Share{Behaviour: Behaviour(name), Share: s.number("share")}
	if len(keys) > 1 {
		if share.Every = s.duration("every"); s.err == nil && share.Every <= 0 {
			return Share{}, fmt.Errorf("every=%v: must be more than 0", share.Every)
		}
	}
	return share, s.err
}

// String writes the share as the command line and suite files have it.
func (s Share) String() string {
	text := fmt.Sprintf("%s:share=%s", s.Behaviour, number(s.Share))
	if s.Every != 0 {
		text += ",every=" + s.Every.String()
	}
	return text
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
