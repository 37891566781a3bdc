// Package export writes a run's trials for other programs: as Go benchmark results, which benchstat reads, and as flat
// JSON and CSV. It is pure but for the writer that it is given. It summarises nothing, and draws no conclusion: that is
// packages stat and compare.
package export

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/poolbench/poolbench/bench/trial"
)

// JSON writes an array with one object for each trial, each on a line of its own. Fields are those of [Columns], in their order;
// what a trial does not have is null. Invalid trials and those that calibrate are there, and marked.
func JSON(w io.Writer, run trial.Run) error {
	columns := Columns()
	for i, t := range run.Trials {
		line := []byte(",\n{")
		if i == 0 {
			line = []byte("[\n{")
		}
		for j, c := range columns {
			value, err := json.Marshal(c.of(t))
			if err != nil {
				return fmt.Errorf("export trial %d as JSON: %s: %w", t.Seq, c.Name, err)
			}
			if j > 0 {
				line = append(line, ',')
			}
			line = append(append(strconv.AppendQuote(line, c.Name), ':'), value...)
		}
		if _, err := w.Write(append(line, '}')); err != nil {
			return fmt.Errorf("export as JSON: %w", err)
		}
	}
	end := "\n]\n"
	if len(run.Trials) == 0 {
		end = "[]\n"
	}
	if _, err := io.WriteString(w, end); err != nil {
		return fmt.Errorf("export as JSON: %w", err)
	}
	return nil
}

// CSV writes a line with the names of [Columns] and one for each trial; what a trial does not have is empty. Invalid trials and
// those that calibrate are there, and marked.
func CSV(w io.Writer, run trial.Run) error {
	columns := Columns()
	out := csv.NewWriter(w)
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.Name
	}
	out.Write(row) // its error stays, for the end
	for _, t := range run.Trials {
		for i, c := range columns {
			row[i] = text(c.of(t))
		}
		out.Write(row)
	}
	if out.Flush(); out.Error() != nil {
		return fmt.Errorf("export as CSV: %w", out.Error())
	}
	return nil
}

// text writes a value as JSON does, but strings without their quotes and nothing for nil.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}
