package trial

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// durations draws what drivers can record, and what they should not.
func durations(t *rapid.T, name string) []time.Duration {
	return rapid.SliceOfN(rapid.Map(rapid.Int64Range(-5, int64(2*time.Hour)), func(n int64) time.Duration { return time.Duration(n) }), 0, 60).Draw(t, name)
}

func recorded(values []time.Duration) Histogram {
	var h Histogram
	for _, d := range values {
		h.Record(d)
	}
	return h
}

func reread(t interface {
	Fatal(...any)
	Helper()
}, h Histogram) Histogram {
	t.Helper()
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var read Histogram
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func same(t *rapid.T, what string, got, want Histogram) {
	t.Helper()
	if got.Count() != want.Count() || got.Max() != want.Max() {
		t.Fatalf("%s: count %d, max %v; want %d, %v", what, got.Count(), got.Max(), want.Count(), want.Max())
	}
	// In floating point the two forms may add the mean up in another order.
	if diff := got.Mean() - want.Mean(); diff < -1 || diff > 1 {
		t.Fatalf("%s: mean %v, want %v", what, got.Mean(), want.Mean())
	}
	for _, q := range []float64{0, 0.5, 0.9, 1} {
		g, gok := got.Quantile(q)
		w, wok := want.Quantile(q)
		if g != w || gok != wok {
			t.Fatalf("%s: quantile %v is %v (%v), want %v (%v)", what, q, g, gok, w, wok)
		}
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		t.Fatalf("%s: written as %s, want %s", what, a, b)
	}
}

func TestHistogramSurvivesItsFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := recorded(durations(t, "values"))
		read := reread(t, h)
		same(t, "read", read, h)
		more := durations(t, "more")
		for _, d := range more {
			read.Record(d)
			h.Record(d)
		}
		same(t, "recorded into after reading", read, h)
	})
}

// Catches: a packed form that another count, or another mean, comes out of than out of a file; one that is as large as the other.
func TestPackedIsAsAFileHasIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := durations(t, "values")
		h := recorded(values)
		if len(values) > 0 && rapid.Bool().Draw(t, "many of one") { // counts that take all widths
			h.RecordN(values[0], rapid.Int64Range(1, 1<<40).Draw(t, "how many"))
		}
		count, longest := h.Count(), h.Max()
		packed := h.Packed()
		if packed.dense != nil || packed.packed == nil != (len(values) == 0) {
			t.Fatalf("%d values are packed as %+v", len(values), packed)
		}
		read := reread(t, h)
		same(t, "packed", packed, read)
		if packed.Mean() != read.Mean() {
			t.Fatalf("mean %v, and %v once it was read from a file", packed.Mean(), read.Mean())
		}
		packed.Record(time.Hour)
		if h.Count() != count || h.Max() != longest {
			t.Fatalf("recording into what was packed made %d values up to %v of %d up to %v", h.Count(), h.Max(), count, longest)
		}
	})
}

func TestMergingEqualsRecordingInOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []time.Duration
		var merged Histogram
		for range rapid.IntRange(0, 4).Draw(t, "parts") {
			values := durations(t, "part")
			all = append(all, values...)
			part := recorded(values)
			if rapid.Bool().Draw(t, "from a file") {
				part = reread(t, part)
			}
			before, _ := json.Marshal(part)
			merged.Merge(part)
			if after, _ := json.Marshal(part); string(after) != string(before) {
				t.Fatalf("merging changed what was merged: %s, was %s", after, before)
			}
		}
		same(t, "merged", merged, recorded(all))
	})
}

func TestMergingIntoAFreshOneDoesNotAliasTheSource(t *testing.T) {
	source := recorded([]time.Duration{time.Millisecond})
	for _, from := range []Histogram{source, reread(t, source)} {
		var sum Histogram
		sum.Merge(from)
		sum.Record(time.Second)
		if from.Count() != 1 || sum.Count() != 2 {
			t.Errorf("source has %d and sum %d values, want 1 and 2", from.Count(), sum.Count())
		}
	}
}

func TestRecordClampsInsteadOfDropping(t *testing.T) {
	h := recorded([]time.Duration{-time.Second, 3 * time.Hour})
	if h.Count() != 2 {
		t.Fatalf("count %d, want 2", h.Count())
	}
	if low, _ := h.Quantile(0); low != 0 {
		t.Errorf("negative duration counts as %v, want 0", low)
	}
	if h.Max() < time.Hour || h.Max() > time.Hour+30*time.Second {
		t.Errorf("duration beyond the range counts as %v, want an hour within a bucket", h.Max())
	}
	h.RecordN(time.Second, -3)
	if h.Count() != 2 {
		t.Errorf("recording -3 values changed the count to %d", h.Count())
	}
}

// Catches: a bucket that is counted as above what lies in it, or not above what lies under it; a form that counts otherwise.
func TestAboveCountsWhatIsLonger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := durations(t, "values")
		h := recorded(values)
		bound := time.Duration(rapid.Int64Range(-5, int64(2*time.Hour)).Draw(t, "bound"))
		if len(values) > 0 && rapid.Bool().Draw(t, "one of them") {
			bound = rapid.SampledFrom(values).Draw(t, "which")
		}
		// Three digits: what lies within a thousandth, or a tenth of a microsecond, of the bound may count as either.
		var least, most int64
		for _, v := range values {
			v = max(v, 0)
			near := max(v/1000, 100)
			if v > bound+near && bound < time.Hour {
				least++
			}
			if v > bound {
				most++
			}
		}
		got := h.Above(bound)
		if got < least || got > most {
			t.Fatalf("%d of %v are above %v, want %d to %d", got, values, bound, least, most)
		}
		if other := reread(t, h).Above(bound); other != got {
			t.Fatalf("%d are above %v, and %d once it was read from a file", got, bound, other)
		}
	})
}

func TestQuantileNeedsTenAbove(t *testing.T) {
	for _, c := range []struct {
		q    float64
		n    int64
		want bool
	}{
		{0.5, 0, false},
		{0.5, 19, false},
		{0.5, 20, true},
		{0.9, 99, false},
		{0.9, 100, true}, // 100 * (1 - 0.9) is 9.999... in floating point
		{0.99, 999, false},
		{0.99, 1000, true},
		{0.999, 9999, false},
		{0.999, 10000, true},
		{0.9999, 1_000_000, true},
		{1, 1 << 40, false},
		{0, 10, true},
		{0, 9, false},
	} {
		var h Histogram
		h.RecordN(time.Millisecond, c.n)
		if _, got := h.Quantile(c.q); got != c.want {
			t.Errorf("quantile %v of %d supported: %v, want %v", c.q, c.n, got, c.want)
		}
	}
}

func TestEmptyHistogramSaysNothing(t *testing.T) {
	var h Histogram
	if d, ok := h.Quantile(0.5); d != 0 || ok || h.Mean() != 0 || h.Max() != 0 || text(t, h) != "null" {
		t.Errorf("quantile %v %v, mean %v, max %v, written %s", d, ok, h.Mean(), h.Max(), text(t, h))
	}
	h.Record(time.Second)
	if err := json.Unmarshal([]byte("null"), &h); err != nil || h.Count() != 0 {
		t.Errorf("null read into a used histogram: %v, count %d; want it empty", err, h.Count())
	}
}

func TestHistogramsOfAnotherRangeAreRefused(t *testing.T) {
	for name, h := range map[string]*hdrhistogram.Histogram{
		"coarser": hdrhistogram.New(lowest, highest, digits-1),
		"shorter": hdrhistogram.New(lowest, highest/60, digits),
		"higher":  hdrhistogram.New(lowest*10, highest, digits),
	} {
		_ = h.RecordValue(int64(time.Millisecond))
		encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		var read Histogram
		if err := json.Unmarshal([]byte(text(t, string(encoded))), &read); err == nil || !strings.Contains(err.Error(), "counts") {
			t.Errorf("%s: %v, want an error about what it counts", name, err)
		}
	}
}

func FuzzHistogram(f *testing.F) {
	for _, values := range [][]time.Duration{nil, {0}, {time.Microsecond, time.Second}, {time.Hour}} {
		f.Add([]byte(text(f, recorded(values))))
	}
	f.Add([]byte(`"HISTFAAAAAB4nA=="`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h Histogram
		if json.Unmarshal(b, &h) != nil {
			return
		}
		h.Quantile(0.99)
		h.Mean()
		h.Max()
		n := h.Count()
		var sum Histogram
		sum.Merge(h)
		if sum.Count() != n || reread(t, h).Count() != n {
			t.Fatalf("count %d, merged %d, reread %d", n, sum.Count(), reread(t, h).Count())
		}
		h.Record(time.Second)
		if h.Count() != n+1 {
			t.Fatalf("count %d after one more than %d", h.Count(), n)
		}
	})
}
