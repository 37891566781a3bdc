package trial

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency holds the four times of every request of the window. With intended the time from the schedule, noticed
// when the driver took it from there, free when the connection's previous answer had come, sent and answered:
//
//	wait     = max(0, free - noticed)    the connection was still busy: the server's
//	lag      = sent - intended - wait    the driver was late: ours
//	service  = answered - sent           the server's
//	response = answered - intended       what a user feels
//
// Response holds every request of Counts.Intended that was not rejected and did not fail: those that timed out, were
// never answered or never sent stand in it at the client's time-out. The others hold what happened: Wait and Lag every
// request sent, Service every OK answer.
type Latency struct {
	Wait     Histogram `json:"wait_ns"`
	Lag      Histogram `json:"lag_ns"`
	Service  Histogram `json:"service_ns"`
	Response Histogram `json:"response_ns"`
}

// The histograms' range and resolution: a microsecond's fraction for the driver's own lag, an hour as the longest
// time-out, and three significant digits, which is finer than any difference that is ever reported.
const (
	lowest  = int64(100)
	highest = int64(time.Hour)
	digits  = 3
)

// A Histogram counts durations; in JSON it is HdrHistogram's own compressed encoding (V2, base64). The zero value
// is empty and ready to use. It is not safe for concurrent use: one for each writer, merged afterwards. A copy
// shares its counts.
type Histogram struct {
	h *hdrhistogram.Histogram
}

// Record adds one duration; those under zero count as zero, those over an hour as an hour.
func (h *Histogram) Record(d time.Duration) { h.RecordN(d, 1) }

// RecordN adds n equal durations.
func (h *Histogram) RecordN(d time.Duration, n int64) {
	if n <= 0 {
		return
	}
	if h.h == nil {
		h.h = hdrhistogram.New(lowest, highest, digits)
	}
	// It errs only outside its range, which is excluded here.
	_ = h.h.RecordValues(min(max(int64(d), 0), highest), n)
}

// Merge adds other's counts; other stays as it is.
func (h *Histogram) Merge(other Histogram) {
	if other.h == nil {
		return
	}
	if h.h == nil {
		h.h = hdrhistogram.New(lowest, highest, digits)
	}
	h.h.Merge(other.h)
}

// Count is the number of durations.
func (h Histogram) Count() int64 {
	if h.h == nil {
		return 0
	}
	return h.h.TotalCount()
}

// MinAbove is how many durations have to lie above a quantile for it to be worth showing.
const MinAbove = 10

// Quantile returns the duration at q (0 to 1), and whether at least [MinAbove] durations lie above it: without them
// it says more about chance than about the server.
func (h Histogram) Quantile(q float64) (d time.Duration, supported bool) {
	if h.Count() == 0 {
		return 0, false
	}
	return time.Duration(h.h.ValueAtQuantile(q * 100)), float64(h.Count())*(1-q) >= MinAbove
}

// Mean is the arithmetic mean, 0 if empty.
func (h Histogram) Mean() time.Duration {
	if h.h == nil {
		return 0
	}
	return time.Duration(h.h.Mean())
}

// MarshalJSON writes the compressed V2 encoding, or null if empty.
func (h Histogram) MarshalJSON() ([]byte, error) {
	if h.Count() == 0 {
		return []byte("null"), nil
	}
	text, err := h.h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return json.Marshal(string(text))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(b []byte) error {
	var text *string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	h.h = nil
	if text == nil {
		return nil
	}
	decoded, err := hdrhistogram.Decode([]byte(*text))
	if err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	h.h = decoded
	return nil
}
