package pin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxCPU is one more than the highest CPU number that Linux can be built for (NR_CPUS).
const maxCPU = 8192

// ParseList reads a CPU list in the kernel's own spelling, such as "0-3,5", into ascending numbers, each once. The
// empty text is the empty list.
func ParseList(text string) ([]int, error) {
	if text == "" {
		return nil, nil
	}
	var cpus []int
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := parseCPU(first)
		to := from
		if err == nil && isRange {
			to, err = parseCPU(last)
		}
		if err != nil {
			return nil, fmt.Errorf("CPU list %q: %w; it is written like 0-3,5", text, err)
		}
		if to < from {
			return nil, fmt.Errorf("CPU list %q: range %s runs backwards", text, part)
		}
		for cpu := from; cpu <= to; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	slices.Sort(cpus)
	return slices.Compact(cpus), nil
}

func parseCPU(text string) (int, error) {
	// Unsigned, because Atoi would take signs.
	cpu, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is no CPU number", text)
	}
	if cpu >= maxCPU {
		return 0, fmt.Errorf("CPU %d is beyond %d, the highest there can be", cpu, maxCPU-1)
	}
	return int(cpu), nil
}

// Format writes CPUs as [ParseList] reads them: ascending, each once, neighbours as a range.
func Format(cpus []int) string {
	cpus = slices.Clone(cpus)
	slices.Sort(cpus)
	cpus = slices.Compact(cpus)

	var parts []string
	for len(cpus) > 0 {
		n := 1
		for n < len(cpus) && cpus[n] == cpus[n-1]+1 {
			n++
		}
		part := strconv.Itoa(cpus[0])
		if n > 1 {
			part += "-" + strconv.Itoa(cpus[n-1])
		}
		parts = append(parts, part)
		cpus = cpus[n:]
	}
	return strings.Join(parts, ",")
}
