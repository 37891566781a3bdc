package trial

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The histograms' range and resolution: a microsecond's fraction for the driver's own lag, an hour as the longest
// time-out, and two significant digits: a bucket is 0.4 to 0.8 % wide, which is finer than any difference that is decided
// on, and a third digit would make a run's file more than twice as large.
const (
	lowest  = int64(100)
	highest = int64(time.Hour)
	digits  = 2
)

// A Histogram counts durations; in JSON it is HdrHistogram's own compressed encoding (V2, base64). The zero value
// is empty and ready to use. It is not safe for concurrent use: one for each writer, merged afterwards. A copy
// shares its counts.
type Histogram struct {
	// At most one of the two is set. What is recorded into is dense, about 30 kB whatever it holds; what came from a
	// file is packed, a kB or two, because a run is thousands of histograms in memory at once. It is unpacked when
	// something is added to it.
	dense  *hdrhistogram.Histogram
	packed *hdrhistogram.PackedHistogram
}

// Record adds one duration; those under zero count as zero, those over an hour as an hour.
func (h *Histogram) Record(d time.Duration) { h.RecordN(d, 1) }

// RecordN adds n equal durations.
func (h *Histogram) RecordN(d time.Duration, n int64) {
	if n <= 0 {
		return
	}
	// It errs only outside its range, which is excluded here.
	_ = h.open().RecordValues(min(max(int64(d), 0), highest), n)
}

// Reserve makes the room that recording takes, 30 kB, so that it need not be made while it matters.
func (h *Histogram) Reserve() { h.open() }

// Merge adds other's counts; other stays as it is.
func (h *Histogram) Merge(other Histogram) {
	// Neither drops counts: the ranges are the same, and totals are far from overflow.
	switch {
	case other.packed != nil:
		other.packed.MergeInto(h.open())
	case other.dense != nil:
		h.open().Merge(other.dense)
	}
}

// open returns the counts to add to.
func (h *Histogram) open() *hdrhistogram.Histogram {
	if h.dense == nil {
		h.dense = hdrhistogram.New(lowest, highest, digits)
	}
	if h.packed != nil {
		h.packed.MergeInto(h.dense)
		h.packed = nil
	}
	return h.dense
}

// counts is what both forms can tell.
type counts interface {
	TotalCount() int64
	ValueAtPercentile(percent float64) int64
	Max() int64
	Mean() float64
}

// counts is nil if nothing was ever recorded.
func (h Histogram) counts() counts {
	switch {
	case h.dense != nil:
		return h.dense
	case h.packed != nil:
		return h.packed
	}
	return nil
}

// Packed is h in the form that a file has it in. h stays as it is.
func (h Histogram) Packed() Histogram {
	if h.dense == nil {
		return h
	}
	if h.Count() == 0 {
		return Histogram{}
	}
	packed := hdrhistogram.NewPacked(lowest, highest, digits)
	if packed.MergeFrom(h.dense) > 0 { // its counts add up to more than can be
		return h
	}
	packed.Compact() // it has grown by doubling
	return Histogram{packed: packed}
}

// Count is the number of durations.
func (h Histogram) Count() int64 {
	if c := h.counts(); c != nil {
		return c.TotalCount()
	}
	return 0
}

// MinAbove is how many durations have to lie above a quantile for it to be worth showing.
const MinAbove = 10

// Quantile returns the duration at q (0 to 1), and whether at least [MinAbove] durations lie above it: without them
// it says more about chance than about the server.
func (h Histogram) Quantile(q float64) (d time.Duration, supported bool) {
	n := h.Count()
	if n == 0 {
		return 0, false
	}
	return time.Duration(h.counts().ValueAtPercentile(q * 100)), above(q, n) >= MinAbove
}

// above is how many of n ordered values lie beyond the one at q. It counts whole values, because n * (1 - q) falls
// short: 100 * (1 - 0.9) is a hair less than 10 in floating point.
func above(q float64, n int64) int64 { return n - int64(math.Ceil(q*float64(n))) }

// Above is how many durations are longer than d. Those that the resolution does not tell from d are not.
func (h Histogram) Above(d time.Duration) int64 {
	var n int64
	switch {
	case h.packed != nil:
		h.packed.ForEachBucket(func(from, count int64) bool { // in either form a bucket is named by the least that falls into it
			if from > int64(d) {
				n += count
			}
			return true
		})
	case h.dense != nil:
		for _, bar := range h.dense.Distribution() {
			if bar.From > int64(d) {
				n += bar.Count
			}
		}
	}
	return n
}

// Max is the longest duration within the resolution, 0 if empty.
func (h Histogram) Max() time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.counts().Max())
}

// Mean is the arithmetic mean, 0 if empty.
func (h Histogram) Mean() time.Duration {
	if h.Count() == 0 {
		return 0
	}
	return time.Duration(h.counts().Mean())
}

// MarshalJSON writes the compressed V2 encoding, or null if empty.
func (h Histogram) MarshalJSON() ([]byte, error) {
	if h.Count() == 0 {
		return []byte("null"), nil
	}
	var text []byte
	var err error
	if h.packed != nil {
		text, err = h.packed.Encode()
	} else {
		text, err = h.dense.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	}
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return json.Marshal(string(text))
}

// UnmarshalJSON reads what MarshalJSON wrote. It refuses histograms of another range or resolution: merging them
// would move or drop counts.
func (h *Histogram) UnmarshalJSON(b []byte) error {
	var text *string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	*h = Histogram{}
	if text == nil {
		return nil
	}
	packed, err := decode(*text)
	if err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	h.packed = packed
	return nil
}

func decode(text string) (*hdrhistogram.PackedHistogram, error) {
	p, err := hdrhistogram.DecodePacked([]byte(text))
	if err != nil {
		return nil, err
	}
	if p.LowestTrackableValue() != lowest || p.HighestTrackableValue() != highest || p.SignificantFigures() != digits {
		return nil, fmt.Errorf("it counts %d to %d ns with %d digits, not %d to %d with %d",
			p.LowestTrackableValue(), p.HighestTrackableValue(), p.SignificantFigures(), lowest, highest, digits)
	}
	if p.TotalCount() == math.MaxInt64 { // where the library's total stops instead of overflowing
		return nil, errors.New("its counts add up to more than can be")
	}
	return p, nil
}
