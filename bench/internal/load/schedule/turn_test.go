package schedule

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/poolbench/poolbench/bench/trial"
)

func TestWhatIsReadyInAnothersSliceIsDueInTheNextOwnOne(t *testing.T) {
	second := Turn{Opens: 100 * ms, Every: 10 * ms, Index: 1, Of: 3} // 110 to 120, 140 to 150; before: 80 to 90
	for name, c := range map[string]struct {
		turn    Turn
		at, due time.Duration
		own     time.Duration
	}{
		"all time is the zero turn's":         {Turn{}, 7 * ms, 7 * ms, 7 * ms},
		"the one of one has all time as well": {Turn{Every: 10 * ms, Of: 1}, 27 * ms, 27 * ms, 27 * ms},
		"before the own slice":                {second, 105 * ms, 110 * ms, 0},
		"where it begins":                     {second, 110 * ms, 110 * ms, 0},
		"in it":                               {second, 115 * ms, 115 * ms, 5 * ms},
		"its last nanosecond":                 {second, 120*ms - 1, 120*ms - 1, 10*ms - 1},
		"where it ends":                       {second, 120 * ms, 140 * ms, 10 * ms},
		"behind it":                           {second, 139 * ms, 140 * ms, 10 * ms},
		"before the window, in an own slice":  {second, 85 * ms, 85 * ms, -5 * ms},
		"before the window, in another's":     {second, 79 * ms, 80 * ms, -10 * ms},
		"the load's start, in another's":      {second, 0, 20 * ms, -30 * ms},
		"the first of two, where it opens":    {Turn{Opens: 100 * ms, Every: 10 * ms, Of: 2}, 100 * ms, 100 * ms, 0},
		"the first of two, a moment before":   {Turn{Opens: 100 * ms, Every: 10 * ms, Of: 2}, 100*ms - 1, 100 * ms, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if due, own := c.turn.Due(c.at), c.turn.Own(c.at); due != c.due || own != c.own {
				t.Errorf("what is ready at %v is due at %v with %v of own time, want %v and %v", c.at, due, own, c.due, c.own)
			}
		})
	}
}

func turns(t *rapid.T) Turn {
	of := rapid.IntRange(1, 5).Draw(t, "of")
	return Turn{
		Opens: time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "opens")),
		Every: time.Duration(rapid.Int64Range(1, int64(time.Second)).Draw(t, "every")),
		Index: rapid.IntRange(0, of-1).Draw(t, "index"), Of: of,
	}
}

// Whatever the turns are, each moment is one load's alone, and own time goes with the clock in own slices and stands still in
// others'.
func TestEveryMomentIsTheTurnOfOneLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turn := turns(t)
		at := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "at"))
		owners := 0
		var sum time.Duration
		for turn.Index = range turn.Of {
			passes := turn.Own(at+1) - turn.Own(at)
			mine := turn.Due(at) == at
			if mine != (passes == 1) || !mine && passes != 0 {
				t.Fatalf("%+v: %v is its own: %t, and %v of own time pass in the nanosecond behind it", turn, at, mine, passes)
			}
			if mine {
				owners++
			}
			sum += turn.Own(at) - turn.Own(0)
			if due := turn.Due(at); due < at || due-at >= turn.cycle() || turn.Due(due) != due || turn.Own(due) != turn.Own(at) {
				t.Fatalf("%+v: what is ready at %v is due at %v", turn, at, due)
			}
		}
		if owners != 1 || sum != at {
			t.Fatalf("%+v: %v is the turn of %d loads, and all have had %v since the start", turn, at, owners, sum)
		}
	})
}

func TestAPauseLastsAsLongInOwnTimeAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turn := turns(t)
		at := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "at"))
		pause := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "pause"))
		if after := turn.After(at, pause); turn.Own(after)-turn.Own(at) != pause || turn.Due(after) != after {
			t.Fatalf("%+v: a pause of %v at %v ends at %v", turn, pause, at, after)
		}
	})
}

// The record knows nothing of this package and says by itself how long the load was active.
func TestARecordSaysHowLongItsTurnsWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turn := turns(t)
		window := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "window"))
		x := trial.Trial{Window: window, Turns: &trial.Turns{Every: turn.Every, Index: turn.Index, Of: turn.Of}}
		if got, want := x.Active(), turn.Own(turn.Opens+window)-turn.Own(turn.Opens); got != want {
			t.Fatalf("%+v: active for %v of %v, want %v", turn, got, window, want)
		}
	})
}

func TestAScheduleInTurnHasItsRateInOwnSlicesAndNothingInOthers(t *testing.T) {
	turn := Turn{Opens: 35 * ms, Every: 10 * ms, Index: 1, Of: 2} // begins in the middle of a slice of its own
	for _, arrivals := range []trial.Arrivals{trial.Poisson, trial.Constant} {
		l := trial.Load{Loop: trial.Open, Rate: 10_000, Arrivals: arrivals}
		plain, s := New(l, 35*ms, 1), turn.Apply(New(l, 35*ms, 1))
		if arrivals == trial.Constant {
			for _, want := range []time.Duration{0, 100 * us, 200 * us} {
				if got := s.Next(); turn.Own(got)-turn.Own(0) != want {
					t.Errorf("constant arrival at %v of own time, want %v", turn.Own(got)-turn.Own(0), want)
				}
				plain.Next()
			}
		}
		counts := map[bool]int{}
		var last time.Duration
		for {
			u, at := plain.Next(), s.Next()
			if at >= 2*time.Second {
				break
			}
			if at < last || turn.Own(at)-turn.Own(0) != u {
				t.Fatalf("%s: due at %v behind %v, with %v of own time; the plain schedule says %v", arrivals, at, last, turn.Own(at)-turn.Own(0), u)
			}
			last = at
			counts[turn.Due(at) == at]++
		}
		if counts[false] != 0 || counts[true] < 9500 || counts[true] > 10500 {
			t.Errorf("%s: in 2 s of 10,000 per second in every other slice, %d were due in own slices and %d outside", arrivals, counts[true], counts[false])
		}
	}
}

// fixed has all requests due at one time.
type fixed time.Duration

func (f fixed) Next() time.Duration { return time.Duration(f) }

func TestAScheduleThatHasEndedHasEndedInTurnToo(t *testing.T) {
	for _, turn := range []Turn{{Every: ms, Index: 1, Of: 2}, {Opens: time.Hour, Every: time.Hour, Of: 7}, {Opens: 5 * ms, Every: 10 * ms, Of: 1}} {
		for _, u := range []time.Duration{Never, Never - 1, Never / 2, Never/7 + time.Hour} {
			if got := turn.Apply(fixed(u)).Next(); turn.Of > 1 && got != Never && got < u || got < 0 {
				t.Errorf("%+v: %d is due at %d", turn, u, got)
			}
		}
		if got := turn.Apply(fixed(Never)).Next(); got != Never {
			t.Errorf("%+v: never is %v", turn, got)
		}
		if got := turn.Due(Never - 1); got < Never-1 {
			t.Errorf("%+v: what is ready at the end of time is due at %d", turn, got)
		}
	}
}
