package trial

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAWindowIsCutByItsLengthAlone(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		window, slice time.Duration
		n             int
	}{
		{0, 0, 0},
		{-1, 0, 0},
		{1, 1, 1},
		{9 * ms, 9 * ms, 1},
		{10 * ms, 5 * ms, 2},
		{200 * ms, 5 * ms, 40},
		{203 * ms, 5075 * time.Microsecond, 40},
		{250 * ms, 5 * ms, 50},
		{time.Second, 20 * ms, 50},
		{time.Second + 1, 20*ms + 1, 50},
		{time.Hour, 72 * time.Second, 50},
	} {
		slice, n := Slicing(c.window)
		if slice != c.slice || n != c.n {
			t.Errorf("%v: %d slices of %v, want %d of %v", c.window, n, slice, c.n, c.slice)
		}
		if n > 0 && (time.Duration(n-1)*slice >= c.window || time.Duration(n)*slice < c.window) {
			t.Errorf("%v: %d slices of %v do not cover it, or one is empty", c.window, n, slice)
		}
	}
}

func TestEachTimeIsInTheBucketThatBeginsBelowIt(t *testing.T) {
	for i := range Buckets {
		start := BucketStart(i)
		if Bucket(start) != i || i > 0 && Bucket(start-1) != i-1 {
			t.Errorf("bucket %d begins at %v, which counts in %d, and the time before it in %d", i, start, Bucket(start), Bucket(start-1))
		}
	}
	for d, want := range map[time.Duration]int{-1: 0, 0: 0, 999: 0, time.Microsecond: 0, time.Millisecond: 24, time.Second: 48, 99 * time.Second: 63, time.Hour: 63} {
		if got := Bucket(d); got != want {
			t.Errorf("%v is in bucket %d, want %d", d, got, want)
		}
	}
	if allocs := testing.AllocsPerRun(100, func() { Bucket(time.Second) }); allocs != 0 {
		t.Errorf("it allocates %v times", allocs)
	}
}

func TestPackLeavesOutWhatIsEmptyAtTheEnds(t *testing.T) {
	for _, c := range []struct {
		counts []int64
		want   Spread
	}{
		{nil, Spread{}},
		{[]int64{0, 0}, Spread{}},
		{[]int64{3}, Spread{0, []int64{3}}},
		{[]int64{0, 3, 0, 4, 0, 0}, Spread{1, []int64{3, 0, 4}}},
	} {
		if diff := cmp.Diff(c.want, Pack(c.counts)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.counts, diff)
		}
	}
}

func TestASeriesIsReadAsItWasWritten(t *testing.T) {
	all := []Series{{}}
	for seed := range uint64(5) {
		s := sample(seed).Series
		all = append(all, s)
		s.Spread = nil
		s.OK, s.Timed, s.Early, s.Response = s.Due, s.Due, Early{}, slices.Clone(s.Response)
		for i := range s.Response {
			s.Response[i] = time.Duration(s.Due[i]) // 0 where there are none
		}
		all = append(all, s)
	}
	for i, want := range all {
		var got Series
		if err := json.Unmarshal([]byte(text(t, want)), &got); err != nil && i > 0 {
			t.Errorf("%d: %v", i, err)
		}
		if i > 0 {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d (-want +got):\n%s", i, diff)
			}
		}
	}
	if line := text(t, Trial{}); strings.Contains(line, "series") {
		t.Errorf("a trial without a series has one in its record: %s", line)
	}
	if again := (Series{Slice: 1}); json.Unmarshal([]byte("null"), &again) != nil || !again.IsZero() {
		t.Error("null is not the empty series")
	}
}

// A run is thousands of lines; this is one of a fast server, in which nothing went wrong.
func TestASeriesTakesLessThanOneKilobyte(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	slice, n := Slicing(time.Second)
	s := Series{Slice: slice}
	for range n {
		due := int64(1800 + random.IntN(400))
		s.Due, s.OK, s.Timed = append(s.Due, due), append(s.OK, due), append(s.Timed, due)
		s.Good = append(s.Good, due+int64(random.IntN(20)))
		s.Response = append(s.Response, time.Duration(400_000+random.IntN(99_999)))
	}
	if size := len(text(t, s)); size >= 1000 {
		t.Errorf("it takes %d bytes", size)
	}
}

const twoSlices = `{"slice_ns":5,"due":[3,2],"not_ok":[1,0],"good":[2,2],"untimed":[1,0],"response_ns":[7,8]`

func TestDecodingRefusesASeriesThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct{ old, new string }{
		"nothing wrong":                {"", ""},
		"no length":                    {`"slice_ns":5`, `"slice_ns":0`},
		"less than none":               {`"slice_ns":5`, `"slice_ns":-5`},
		"a slice without due":          {`[3,2]`, `[3]`},
		"a slice without good":         {`[2,2]`, `[2]`},
		"a slice without response":     {`[7,8]`, `[7]`},
		"one response too many":        {`[7,8]`, `[7,8,9]`},
		"too few that are not ok":      {`"not_ok":[1,0]`, `"not_ok":[1]`},
		"too many that have no time":   {`"untimed":[1,0]`, `"untimed":[1,0,0]`},
		"negative due":                 {`[3,2]`, `[3,-2]`},
		"negative good":                {`[2,2]`, `[2,-2]`},
		"a negative response":          {`[7,8]`, `[7,-8]`},
		"more than all are not ok":     {`"not_ok":[1,0]`, `"not_ok":[1,3]`},
		"less than none is not ok":     {`"not_ok":[1,0]`, `"not_ok":[1,-1]`},
		"an ok answer has no time":     {`"not_ok":[1,0]`, `"not_ok":[0,0]`},
		"a response of none":           {`"due":[3,2],"not_ok":[1,0]`, `"due":[3,0],"not_ok":[1,0]`},
		"more due than can be":         {`[3,2]`, `[3,9000000000000000000]`},
		"more good than can be":        {`[2,2]`, `[2,9000000000000000000]`},
		"early: more ok than due":      {`"slice_ns"`, `"early":{"due":1,"ok":2,"timed":1},"slice_ns"`},
		"a spread for one slice":       {`"slice_ns"`, `"spread":[[4,2]],"slice_ns"`},
		"a spread that holds too few":  {`"slice_ns"`, `"spread":[[4,2],[5,1]],"slice_ns"`},
		"a spread with minus one":      {`"slice_ns"`, `"spread":[[4,2],[5,-1,3]],"slice_ns"`},
		"a spread behind its last":     {`"slice_ns"`, `"spread":[[4,2],[63,0,2]],"slice_ns"`},
		"a spread before its first":    {`"slice_ns"`, `"spread":[[4,2],[-1,0,2]],"slice_ns"`},
		"a spread that only begins":    {`"slice_ns"`, `"spread":[[4,2],[5]],"slice_ns"`},
		"not what it should be at all": {`[3,2]`, `"3,2"`},
	} {
		changed := strings.Replace(twoSlices, c.old, c.new, 1) + "}"
		var s Series
		if err := json.Unmarshal([]byte(changed), &s); (err == nil) != (c.old == "") {
			t.Errorf("%s: %v: %s", name, err, changed)
		}
	}
	var s Series
	if err := json.Unmarshal([]byte(`{"slice_ns":5,"due":[],"good":[],"response_ns":[]}`), &s); err == nil {
		t.Error("no slices of a length: no error")
	}
}

func FuzzSeries(f *testing.F) {
	f.Add([]byte(twoSlices + "}"))
	f.Add([]byte(twoSlices + `,"spread":[[4,2],[5,1,1]],"early":{"due":1,"ok":1,"timed":1,"response_ns":5}}`))
	f.Add([]byte("null"))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Series
		if json.Unmarshal(b, &s) != nil || s.IsZero() {
			return
		}
		if err := s.Check(); err != nil { // which also keeps indices in their lists
			t.Fatal(err)
		}
		var again Series
		if err := json.Unmarshal([]byte(text(t, s)), &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Each figure stands in some sum of the trial's, so that one more or one less of it, alone, is always found.
func TestCheckFindsEachFigureOfTheSeriesThatIsOff(t *testing.T) {
	for name, spoil := range map[string]func(s *Series, by int64){
		"due":        func(s *Series, by int64) { s.Due[9] += by },
		"ok":         func(s *Series, by int64) { s.OK[9] += by },
		"good":       func(s *Series, by int64) { s.Good[9] += by },
		"timed":      func(s *Series, by int64) { s.Timed[9] += by },
		"early due":  func(s *Series, by int64) { s.Early.Due += by },
		"early ok":   func(s *Series, by int64) { s.Early.OK += by },
		"early":      func(s *Series, by int64) { s.Early.Due += by; s.Early.OK += by; s.Early.Timed += by },
		"spread":     func(s *Series, by int64) { s.Spread[9].Counts[0] += by },
		"response":   func(s *Series, by int64) { s.Response[9] += time.Duration(by) * time.Second / 2 },
		"slice":      func(s *Series, by int64) { s.Slice += time.Duration(by) * time.Millisecond },
		"all slices": func(s *Series, by int64) { s.Slice += time.Duration(by) },
	} {
		for _, by := range []int64{-1, 1} {
			bad := sample(7)
			s := &bad.Series
			// A slice with room for one more and one less of everything.
			s.Due[9], s.Timed[9], s.OK[9], s.Response[9], s.Spread[9] = s.Due[9]+3, s.Timed[9]+2, s.OK[9]+1, (time.Duration(s.Timed[9])*s.Response[9]+2*bad.TimeOut)/time.Duration(s.Timed[9]+2), Spread{}
			bad.Counts.Intended, bad.Counts.Sent, bad.Counts.OK = bad.Counts.Intended+3, bad.Counts.Sent+3, bad.Counts.OK+1
			bad.Counts.TimedOut, bad.Counts.Failed = bad.Counts.TimedOut+1, bad.Counts.Failed+1
			bad.Latency.Response.RecordN(bad.TimeOut, 2)
			bad.Latency.Service.Record(1)
			bad.Latency.Wait.RecordN(0, 3)
			bad.Latency.Lag.RecordN(0, 3)
			s.Early.Due, s.Early.OK, s.Early.Timed = 1, 1, 1
			s.Spread[9] = Spread{First: 3, Counts: []int64{s.Timed[9]}}
			if err := bad.Check(); err != nil {
				t.Fatalf("before: %v", err)
			}
			spoil(s, by)
			if name == "all slices" && by > 0 {
				continue // 50 slices of a nanosecond more cover the window as well
			}
			if bad.Check() == nil {
				t.Errorf("%s off by %+d is not found", name, by)
			}
		}
	}
}
