package pin

import (
	"errors"
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		name                    string
		allowed, server, driver []int
	}{
		{"no affinity: nobody is pinned", nil, nil, nil},
		{"one CPU cannot be shared out", []int{3}, nil, nil},
		{"two", []int{0, 1}, []int{0}, []int{1}},
		{"the odd one goes to the driver", []int{0, 1, 2}, []int{0}, []int{1, 2}},
		{"any numbers, not only those from 0", []int{4, 5, 6, 7}, []int{4, 5}, []int{6, 7}},
		{"cores stay whole, and each half is in order", []int{0, 4, 1, 5, 2, 6, 3, 7}, []int{0, 1, 4, 5}, []int{2, 3, 6, 7}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := slices.Clone(test.allowed)
			server, driver := Split(test.allowed)
			if !slices.Equal(server, test.server) || !slices.Equal(driver, test.driver) {
				t.Errorf("Split(%v) = %v, %v; want %v, %v", test.allowed, server, driver, test.server, test.driver)
			}
			if !slices.Equal(test.allowed, before) {
				t.Errorf("Split changed its caller's slice to %v", test.allowed)
			}
		})
	}
}

func TestInheritWithoutCPUsOnlyStarts(t *testing.T) {
	want := errors.New("from start")
	if err := Inherit(nil, func() error { return want }); err != want {
		t.Errorf("Inherit = %v, want start's own error", err)
	}
}
