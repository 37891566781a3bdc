package trial

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
)

const (
	// slicesOfWindow: MSER wants a few dozen points, a picture is not read finer than 2 %, and 50 numbers of each kind are
	// 1 kB in the record.
	slicesOfWindow = 50

	// shortestSlice: below it a slice of a common rate holds a handful of requests, and the scheduler's time slices (1 to 4 ms)
	// stand out as if something had happened.
	shortestSlice = 5 * time.Millisecond
)

// Slicing says how a window of this length is cut: into n slices of equal length, but for the last, which is shorter by
// less than n ns. It depends on the length alone, so that trials with the same windows can be laid over each other. A window
// without a length has none.
func Slicing(window time.Duration) (slice time.Duration, n int) {
	if window <= 0 {
		return 0, 0
	}
	n = int(min(max(1, window/shortestSlice), slicesOfWindow))
	return (window + time.Duration(n) - 1) / time.Duration(n), n
}

// A Series is the window cut into slices, for what happened when. Slice i is from i × Slice since the window's start to
// before (i+1) × Slice, or the window's end. All lists are as long as there are slices. The zero value is of a trial without
// one: its window ended by number, or it was measured by a poolbench that did not have them.
//
// What is due, OK and timed is told by when a request was intended, whenever it was answered, because a server that stands
// still is felt by those who ask meanwhile; what is good by when the answer came. So a stall shows as a slow response in the
// slices in which it was, and as a gap in Good and more of it behind. With the trial's counts,
//
//	Counts.Intended = ΣDue + Early.Due
//	Counts.OK       = ΣOK + Early.OK
//	Counts.Good     = ΣGood
//	Latency.Response.Count() = ΣTimed + Early.Timed
//
// In JSON all are integers in arrays; OK and Timed stand as what they lack to Due ("not_ok", "untimed"), and are left out
// where they lack nothing.
type Series struct {
	Slice    time.Duration
	Due      []int64         // requests that were intended in the slice
	OK       []int64         // of Due: answered OK
	Good     []int64         // OK answers that came in the slice, whenever their request was intended
	Timed    []int64         // of Due: those with a response time (see Latency), so all but the rejected and the failed
	Response []time.Duration // mean response time of Timed; 0 where there are none

	// Early are the requests that were due before the window and open through all of it. The window owns them (see Counts),
	// and no slice does: in the first one they would pass for something that happened then.
	Early Early

	// Spread is one for each slice, of the response times of Timed; nil in most trials. It is kept for loads that change, or
	// that are more than can be done, because only there it depends on when.
	Spread []Spread
}

// Early are requests that no slice owns.
type Early struct {
	Due      int64         `json:"due"`
	OK       int64         `json:"ok"`
	Timed    int64         `json:"timed"`
	Response time.Duration `json:"response_ns"` // mean of Timed
}

// A Spread counts response times in logarithmic buckets: Counts[k] are in bucket First + k. In JSON it is one array, First
// before the counts, and an empty one if there are none.
type Spread struct {
	First  int
	Counts []int64
}

// The buckets of a Spread: 8 to each decade from 1 µs to 100 s, so that each is a third wider than the one before; what is
// beyond either end counts in the bucket there.
const (
	bucketsOfDecade = 8
	Buckets         = 8 * bucketsOfDecade
)

var bucketStarts = func() (starts [Buckets]time.Duration) {
	for i := range starts {
		starts[i] = time.Duration(math.Round(1000 * math.Pow(10, float64(i)/bucketsOfDecade)))
	}
	return starts
}()

// BucketStart is the shortest time of bucket i, 0 ≤ i < Buckets. It is 1 µs × 10^(i/8).
func BucketStart(i int) time.Duration { return bucketStarts[i] }

// Bucket is the number of the bucket that d counts in.
func Bucket(d time.Duration) int {
	return max(0, sort.Search(Buckets, func(i int) bool { return bucketStarts[i] > d })-1)
}

// Pack makes a Spread of counts, one for each bucket, without the empty ones at both ends.
func Pack(counts []int64) Spread {
	full := func(n int64) bool { return n != 0 }
	first := slices.IndexFunc(counts, full)
	if first < 0 {
		return Spread{}
	}
	last := len(counts)
	for !full(counts[last-1]) {
		last--
	}
	return Spread{First: first, Counts: slices.Clone(counts[first:last])}
}

// Len is the number of slices.
func (s Series) Len() int { return len(s.Due) }

// IsZero says that there is none; encoding/json leaves it out then.
func (s Series) IsZero() bool { return s.Slice == 0 && s.Len() == 0 }

// mostOfAny keeps sums of what a file says from overflowing: at a million requests a second it takes 35 years.
const mostOfAny = int64(1) << 50

// Check says whether the series can be one: lists of equal lengths, parts no larger than their whole.
func (s Series) Check() error {
	n := s.Len()
	if s.IsZero() {
		n = 0
	} else if s.Slice <= 0 || n == 0 {
		return fmt.Errorf("%d slices of %v: must be 1 or more, longer than 0", n, s.Slice)
	}
	if len(s.OK) != n || len(s.Good) != n || len(s.Timed) != n || len(s.Response) != n {
		return fmt.Errorf("%d slices have requests due, and %d, %d, %d and %d are told of (ok, good, timed, response)",
			n, len(s.OK), len(s.Good), len(s.Timed), len(s.Response))
	}
	if len(s.Spread) != n && s.Spread != nil {
		return fmt.Errorf("%d slices, and %d spreads: must be none, or one for each", n, len(s.Spread))
	}
	for i := range n {
		part := Early{Due: s.Due[i], OK: s.OK[i], Timed: s.Timed[i], Response: s.Response[i]}
		if err := part.check(); err != nil {
			return fmt.Errorf("slice %d: %w", i, err)
		}
		if s.Good[i] < 0 || s.Good[i] > mostOfAny {
			return fmt.Errorf("slice %d: %d good answers", i, s.Good[i])
		}
		if s.Spread != nil {
			if err := s.Spread[i].check(s.Timed[i]); err != nil {
				return fmt.Errorf("slice %d: spread: %w", i, err)
			}
		}
	}
	if err := s.Early.check(); err != nil {
		return fmt.Errorf("early: %w", err)
	}
	return nil
}

func (e Early) check() error {
	switch {
	case e.OK < 0 || e.Timed < e.OK || e.Due < e.Timed || e.Due > mostOfAny:
		return fmt.Errorf("%d due, of which %d have a response time, of which %d are ok", e.Due, e.Timed, e.OK)
	case e.Response < 0 || e.Response > 0 && e.Timed == 0:
		return fmt.Errorf("a mean response of %v over %d", e.Response, e.Timed)
	}
	return nil
}

func (s Spread) check(want int64) error {
	if s.First < 0 || len(s.Counts) > Buckets || s.First > Buckets-len(s.Counts) {
		return fmt.Errorf("%d buckets from %d on: there are %d", len(s.Counts), s.First, Buckets)
	}
	var total int64
	for _, n := range s.Counts {
		if n < 0 || n > mostOfAny {
			return fmt.Errorf("a bucket holds %d", n)
		}
		total += n
	}
	if total != want {
		return fmt.Errorf("it holds %d times and the counts say %d", total, want)
	}
	return nil
}

// check says whether s is of this trial.
func (s Series) check(t Trial) error {
	if err := s.Check(); err != nil {
		return err
	}
	if s.IsZero() {
		return nil
	}
	if n := time.Duration(s.Len()); s.Slice > t.Window || (n-1)*s.Slice >= t.Window || n < (t.Window+s.Slice-1)/s.Slice {
		return fmt.Errorf("%d slices of %v do not make a window of %v", n, s.Slice, t.Window)
	}
	for _, of := range []struct {
		name      string
		got, want int64
	}{
		{"due", sum(s.Due...) + s.Early.Due, t.Counts.Intended},
		{"ok", sum(s.OK...) + s.Early.OK, t.Counts.OK},
		{"good", sum(s.Good...), t.Counts.Good},
		{"timed", sum(s.Timed...) + s.Early.Timed, t.Latency.Response.Count()},
	} {
		if of.got != of.want {
			return fmt.Errorf("%s: all slices hold %d and the trial %d", of.name, of.got, of.want)
		}
	}
	total := float64(s.Early.Timed) * float64(s.Early.Response)
	for i, n := range s.Timed {
		total += float64(n) * float64(s.Response[i])
	}
	mean, want := total/float64(max(1, t.Latency.Response.Count())), float64(t.Latency.Response.Mean())
	if math.Abs(mean-want) > meanError*want+float64(lowest) {
		return fmt.Errorf("the mean response of all slices is %v and that of the trial %v", time.Duration(mean), time.Duration(want))
	}
	return nil
}

// meanError is how far two means of the same times may be apart: the histogram rounds each to three digits.
const meanError = 0.005

// A packedSeries is a Series as it stands in a file.
type packedSeries struct {
	Slice    time.Duration   `json:"slice_ns"`
	Due      []int64         `json:"due"`
	NotOK    []int64         `json:"not_ok,omitempty"`
	Good     []int64         `json:"good"`
	Untimed  []int64         `json:"untimed,omitempty"`
	Response []time.Duration `json:"response_ns"`
	Early    Early           `json:"early,omitzero"`
	Spread   []Spread        `json:"spread,omitempty"`
}

// MarshalJSON refuses what UnmarshalJSON would.
func (s Series) MarshalJSON() ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("encode series: %w", err)
	}
	return json.Marshal(packedSeries{
		Slice: s.Slice, Due: s.Due, NotOK: lacking(s.Due, s.OK), Good: s.Good, Untimed: lacking(s.Due, s.Timed),
		Response: s.Response, Early: s.Early, Spread: s.Spread,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote. It refuses lists of other lengths and parts that are larger than their
// whole, so that whoever has a Series can go through it without looking.
func (s *Series) UnmarshalJSON(b []byte) error {
	var p *packedSeries
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("decode series: %w", err)
	}
	*s = Series{}
	if p == nil {
		return nil
	}
	ok, err := less(p.Due, p.NotOK)
	if err != nil {
		return fmt.Errorf("decode series: not_ok: %w", err)
	}
	timed, err := less(p.Due, p.Untimed)
	if err != nil {
		return fmt.Errorf("decode series: untimed: %w", err)
	}
	read := Series{Slice: p.Slice, Due: p.Due, OK: ok, Good: p.Good, Timed: timed, Response: p.Response, Early: p.Early, Spread: p.Spread}
	if len(p.Spread) == 0 {
		read.Spread = nil // one way to have none
	}
	if err := read.Check(); err != nil {
		return fmt.Errorf("decode series: %w", err)
	}
	*s = read
	return nil
}

// lacking is how much each part lacks to its whole; nil if none does.
func lacking(whole, part []int64) []int64 {
	if slices.Equal(whole, part) {
		return nil
	}
	lacks := make([]int64, len(whole))
	for i := range whole {
		lacks[i] = whole[i] - part[i]
	}
	return lacks
}

// less is the inverse of lacking.
func less(whole, lacks []int64) ([]int64, error) {
	if len(lacks) == 0 {
		return slices.Clone(whole), nil
	}
	if len(lacks) != len(whole) {
		return nil, fmt.Errorf("%d values for %d slices", len(lacks), len(whole))
	}
	part := make([]int64, len(whole))
	for i, n := range lacks {
		if n < 0 || n > whole[i] {
			return nil, fmt.Errorf("slice %d lacks %d of %d", i, n, whole[i])
		}
		part[i] = whole[i] - n
	}
	return part, nil
}

// MarshalJSON writes one array, the first bucket's number before the counts.
func (s Spread) MarshalJSON() ([]byte, error) {
	if len(s.Counts) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal(append([]int64{int64(s.First)}, s.Counts...))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Spread) UnmarshalJSON(b []byte) error {
	var all []int64
	if err := json.Unmarshal(b, &all); err != nil {
		return fmt.Errorf("decode spread: %w", err)
	}
	*s = Spread{}
	if len(all) == 0 {
		return nil
	}
	if all[0] < 0 || all[0] >= Buckets {
		return fmt.Errorf("decode spread: it begins at bucket %d, and there are %d", all[0], Buckets)
	}
	if len(all) == 1 {
		return errors.New("decode spread: a bucket's number without a count")
	}
	s.First, s.Counts = int(all[0]), all[1:]
	return nil
}
