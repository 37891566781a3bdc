package pin

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseList(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []int
	}{
		{"nothing is the empty list", "", nil},
		{"one CPU", "3", []int{3}},
		{"a range includes its end", "0-3", []int{0, 1, 2, 3}},
		{"a range of one", "2-2", []int{2}},
		{"ranges and numbers in any order", "5,0-1,3", []int{0, 1, 3, 5}},
		{"what is named twice is there once", "0-2,1", []int{0, 1, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseList(test.text)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("ParseList(%q) = %v, %v; want %v", test.text, got, err, test.want)
			}
		})
	}
}

func TestParseListNamesWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"a":       `"a"`,
		"0,":      `""`,
		"0-":      `""`,
		"-1":      `""`,
		"1-+3":    `"+3"`,
		"1-3-5":   `"3-5"`,
		"0, 1":    `" 1"`,
		"3-1":     "3-1 runs backwards",
		"8192":    "CPU 8192",
		"0-99999": "CPU 99999", // and does not fill memory first
	} {
		if got, err := ParseList(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseList(%q) = %v, %v; want an error with %s", text, got, err, want)
		}
	}
}

func TestFormatIsWhatTheKernelWrites(t *testing.T) {
	cpus := []int{5, 1, 0, 2, 2, 8, 7}
	if got := Format(cpus); got != "0-2,5,7-8" {
		t.Errorf("Format = %q, want 0-2,5,7-8", got)
	}
	if cpus[0] != 5 {
		t.Errorf("Format changed its caller's slice: %v", cpus)
	}
}

func TestListsSurviveARoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cpus := rapid.SliceOf(rapid.IntRange(0, 40)).Draw(t, "cpus")
		got, err := ParseList(Format(cpus))
		slices.Sort(cpus)
		if want := slices.Compact(cpus); err != nil || !slices.Equal(got, want) {
			t.Fatalf("%v came back as %v, %v", want, got, err)
		}
	})
}

func FuzzParseList(f *testing.F) {
	for _, text := range []string{"", "0", "0-3,5", "7-7", "3-1", "0-8191", ",", "-"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cpus, err := ParseList(text)
		if err != nil {
			return
		}
		again, err := ParseList(Format(cpus))
		if err != nil || !slices.Equal(cpus, again) {
			t.Errorf("%q is %v, written and read again %v, %v", text, cpus, again, err)
		}
	})
}
