package schedule

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

const sec = time.Second

func TestALoadThatMakesNoSenseIsRefusedInTheWordsOfWhoSetIt(t *testing.T) {
	good := trial.Load{Loop: trial.Open, Rate: 1000, Arrivals: trial.Constant}
	profile := func(all ...trial.Segment) func(*trial.Load) { return func(l *trial.Load) { l.Profile = all } }
	for name, c := range map[string]struct {
		change func(*trial.Load)
		want   []string // none: accepted
	}{
		"steady":                        {func(l *trial.Load) {}, nil},
		"arrivals that nobody chose":    {func(l *trial.Load) { l.Arrivals = "" }, nil},
		"poisson":                       {func(l *trial.Load) { l.Arrivals = trial.Poisson }, nil},
		"the highest rate":              {func(l *trial.Load) { l.Rate = 10e6 }, nil},
		"a profile as long as window":   {profile(trial.Steps(2*sec, 1, 2, 3, 4, 5)...), nil},
		"the highest peak":              {profile(trial.Burst(10_000, sec, sec)...), nil},
		"silence":                       {profile(trial.Burst(0, 0, sec)...), nil},
		"segments apart":                {profile(trial.Segment{From: sec, To: 2 * sec}, trial.Segment{From: 3 * sec, To: 4 * sec}), nil},
		"no rate":                       {func(l *trial.Load) { l.Rate = 0 }, []string{"rate 0: must be more than 0"}},
		"a negative rate":               {func(l *trial.Load) { l.Rate = -5 }, []string{"rate -5"}},
		"a rate that is none":           {func(l *trial.Load) { l.Rate = math.NaN() }, []string{"rate NaN"}},
		"an infinite rate":              {func(l *trial.Load) { l.Rate = math.Inf(1) }, []string{"rate +Inf", "finite"}},
		"a rate that nothing can send":  {func(l *trial.Load) { l.Rate = 10e6 + 1 }, []string{"at most 10000000 per second"}},
		"other arrivals":                {func(l *trial.Load) { l.Arrivals = "bursty" }, []string{`arrivals "bursty"`, "poisson or constant"}},
		"a segment before the window":   {profile(trial.Segment{From: -1, To: sec}), []string{"segment 1 (-1ns to 1s)", "before the window"}},
		"a segment behind the window":   {profile(trial.Burst(2, 9*sec, sec+1)...), []string{"segment 1 (9s to 10.000000001s)", "window does, at 10s"}},
		"an empty segment":              {profile(trial.Burst(2, sec, 0)...), []string{"segment 1 (1s to 1s)", "end after it begins"}},
		"a segment the wrong way round": {profile(trial.Burst(2, 3*sec, -sec)...), []string{"segment 1 (3s to 2s)", "end after it begins"}},
		"segments that overlap": {profile(trial.Segment{From: sec, To: 3 * sec}, trial.Segment{From: 3*sec - 1, To: 4 * sec}),
			[]string{"segment 2 (2.999999999s to 4s)", "before segment 1 ends, at 3s"}},
		"segments out of order": {profile(trial.Segment{From: 3 * sec, To: 4 * sec}, trial.Segment{From: sec, To: 2 * sec}),
			[]string{"segment 2 (1s to 2s)", "before segment 1 ends, at 4s"}},
		"a negative factor":            {profile(trial.Ramp(1, -0.5, sec)...), []string{"segment 1", "factor -0.5", "0 or more"}},
		"a factor that is none":        {profile(trial.Ramp(math.NaN(), 1, sec)...), []string{"factor NaN"}},
		"an infinite factor":           {profile(trial.Ramp(1, math.Inf(1), sec)...), []string{"factor +Inf", "finite"}},
		"a peak that nothing can send": {profile(trial.Ramp(1, 10_001, sec)...), []string{"factor 10001", "10001000 per second", "rate of 1000", "at most 10000000"}},
		"a peak in the second segment": {profile(trial.Steps(sec, 1, 20_000)...), []string{"segment 2 (1s to 2s)", "factor 20000"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := good
			c.change(&l)
			err := Check(l, 10*sec)
			if (err == nil) != (c.want == nil) {
				t.Fatalf("error is %v, want one that says %q", err, c.want)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not say %q", err, part)
				}
			}
		})
	}
}

func TestAProfileMayGoOnForEverWhereTheWindowIsNotKnown(t *testing.T) {
	const opens = 1000 * sec
	l := trial.Load{Loop: trial.Open, Rate: 0.01, Arrivals: trial.Constant, Profile: trial.Burst(2, 500*sec, Never-500*sec)}
	if err := Check(l, 0); err != nil {
		t.Fatal(err)
	}
	schedule := New(l, opens, 0)
	for n := range 100 {
		want := time.Duration(n) * 100 * sec
		if want > opens+500*sec {
			want = (want + opens + 500*sec) / 2
		}
		if got := schedule.Next(); got != want {
			t.Fatalf("request %d is due at %v, want %v", n, got, want)
		}
	}
}

// Whatever the load, checked or not: no panic, no endless loop, no step back; and if it passes the check, nothing is due
// where its rate is 0.
func FuzzLoad(f *testing.F) {
	add := func(rate float64, constant bool, opens, window time.Duration, profile ...trial.Segment) {
		var b []byte
		for _, p := range profile {
			b = binary.LittleEndian.AppendUint64(b, uint64(p.From))
			b = binary.LittleEndian.AppendUint64(b, uint64(p.To))
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.Begin))
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.End))
		}
		f.Add(rate, constant, int64(opens), int64(window), b)
	}
	for _, profile := range profiles {
		add(1000, true, sec, 10*sec, profile...)
		add(0.3, false, 0, 0, profile...)
	}
	add(math.NaN(), true, -1, -1, trial.Segment{From: 5, To: 5, Begin: math.Inf(1), End: math.NaN()})
	add(math.Inf(1), false, Never, Never, trial.Segment{From: Never, To: math.MinInt64, Begin: -1, End: 1})
	add(1e-300, true, 0, 0, trial.Segment{From: 0, To: Never, Begin: 1e306, End: 0})
	add(10e6, true, Never, 0, trial.Segment{From: Never - 1, To: Never, Begin: 0, End: 1})
	f.Fuzz(func(t *testing.T, rate float64, constant bool, opens, window int64, b []byte) {
		l := trial.Load{Loop: trial.Open, Rate: rate, Arrivals: trial.Poisson}
		if constant {
			l.Arrivals = trial.Constant
		}
		for ; len(b) >= 32; b = b[32:] {
			l.Profile = append(l.Profile, trial.Segment{
				From:  time.Duration(binary.LittleEndian.Uint64(b)),
				To:    time.Duration(binary.LittleEndian.Uint64(b[8:])),
				Begin: math.Float64frombits(binary.LittleEndian.Uint64(b[16:])),
				End:   math.Float64frombits(binary.LittleEndian.Uint64(b[24:])),
			})
		}
		open := time.Duration(opens)
		// Behind that times of profiles are no whole nanoseconds any more.
		checked := Check(l, time.Duration(window)) == nil && open >= 0 && open < 1<<52
		schedule := New(l, open, 1)
		last := time.Duration(0)
		for range 200 {
			at := schedule.Next()
			if at < last {
				t.Fatalf("%v after %v", at, last)
			}
			last = at
			for _, p := range l.Profile {
				if checked && p.Begin == 0 && p.End == 0 && p.To < 1<<52 && at >= open+p.From && at < open+p.To {
					t.Fatalf("due at %v, in the silence from %v to %v", at, open+p.From, open+p.To)
				}
			}
		}
	})
}
