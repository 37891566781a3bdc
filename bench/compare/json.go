package compare

import (
	"encoding/json"
	"math"

	"github.com/poolbench/poolbench/bench/stat"
)

// cell is a key in JSON.
type cell struct {
	Scenario string  `json:"scenario"`
	Fraction float64 `json:"offered_fraction,omitempty"`
	Strategy string  `json:"strategy"`
	Twin     bool    `json:"twin,omitempty"`
}

func cellOf(c stat.Cell) cell { return cell(c) }

// MarshalJSON writes the comparison as one flat object. Ratios that are infinite, or not known, are null.
func (p Pair) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		cell
		Metric     string   `json:"metric"`
		Unit       string   `json:"unit,omitempty"` // of old and new; none: a ratio
		Higher     bool     `json:"higher_is_better"`
		Decides    bool     `json:"decides"`
		Old        float64  `json:"old"`
		New        float64  `json:"new"`
		OldTrials  int      `json:"old_trials"`
		NewTrials  int      `json:"new_trials"`
		Ratio      *float64 `json:"ratio"`
		Lo         *float64 `json:"ratio_lo"`
		Hi         *float64 `json:"ratio_hi"`
		Confidence float64  `json:"confidence"`
		P          float64  `json:"p"`
		Adjusted   float64  `json:"p_adjusted"`
		Outcome    Outcome  `json:"outcome"`
		AtLeast    bool     `json:"at_least,omitempty"`
		Bound      float64  `json:"bound,omitempty"`
		More       int      `json:"more_repetitions,omitempty"`
	}{
		cellOf(p.Cell), p.Metric.Key, p.Metric.Unit, p.Metric.Higher, p.Decides, p.Old.Median, p.New.Median, p.Old.N, p.New.N,
		finite(p.Ratio.Value), finite(p.Ratio.Lo), finite(p.Ratio.Hi), p.Ratio.Confidence, p.P, p.Adjusted, p.Outcome, p.AtLeast, p.Bound, p.More,
	})
}

// finite is nil for what JSON has no number for.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

// MarshalJSON writes the result with its shares as ratios from 0 to 1.
func (r Result) MarshalJSON() ([]byte, error) {
	type family struct {
		Decides bool    `json:"decides"`
		Size    int     `json:"size"`
		Alpha   float64 `json:"alpha"`
	}
	type skip struct {
		cell
		Metric string `json:"metric,omitempty"`
		Why    string `json:"why"`
	}
	families, skipped := []family{}, []skip{}
	for _, f := range r.Families {
		families = append(families, family(f))
	}
	for _, s := range r.Skipped {
		skipped = append(skipped, skip{cellOf(s.Cell), s.Metric, s.Why})
	}
	return json.Marshal(struct {
		Basis     Basis    `json:"basis"`
		Machine   []Change `json:"machine"`
		Changed   []Change `json:"changed"`
		Alpha     float64  `json:"alpha"`
		Threshold float64  `json:"threshold"`
		Families  []family `json:"families"`
		Pairs     []Pair   `json:"comparisons"`
		Skipped   []skip   `json:"not_compared"`
		OnlyOld   []cell   `json:"only_old"`
		OnlyNew   []cell   `json:"only_new"`
		Lost      []cell   `json:"lost"` // only_old or not_compared, although the new run was asked for it
	}{
		r.Basis, none(r.Machine), none(r.Changed), r.Alpha, r.Threshold, families, none(r.Pairs), skipped, cellsOf(r.OnlyOld), cellsOf(r.OnlyNew), cellsOf(r.Lost),
	})
}

// none is an empty list where there is none, so that a reader need not tell null from it.
func none[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

func cellsOf(keys []stat.Cell) []cell {
	all := []cell{}
	for _, key := range keys {
		all = append(all, cellOf(key))
	}
	return all
}
