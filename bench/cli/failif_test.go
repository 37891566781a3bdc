package cli

import (
	"errors"
	"strings"
	"testing"
)

func TestThresholdsForNamesThatAreNotMeasuredAreBadInput(t *testing.T) {
	rules, err := parseFailIf([]string{"p99>10ms", "p99>10ms on echo for ants", "served<100% for pond"})
	if err != nil {
		t.Fatal(err)
	}
	ants := []string{"ants:workers=64,queue=0,full=wait,unit=conn"}
	if err := checkFailIf(rules[:2], []string{"echo"}, ants); err != nil {
		t.Error(err)
	}
	for _, err := range []error{checkFailIf(rules, []string{"echo"}, ants), checkFailIf(rules, []string{"wait"}, ants)} {
		var usage usageError
		if !errors.As(err, &usage) || !strings.HasPrefix(err.Error(), "--fail-if: ") {
			t.Errorf("%v is no usage error that names the option", err)
		}
	}
}
