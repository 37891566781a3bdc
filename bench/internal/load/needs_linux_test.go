package load

import (
	"fmt"
	"strings"
	"testing"
)

// Catches: advice on ports that is about one address where the driver has several, or the other way round.
func TestPortsAreThoseOfEachAddress(t *testing.T) {
	got := PortsOf(30_000) // from three addresses, and sessions from sixteen
	if want := (Ports{Counted: 28_232, Staying: 10_000, TimeWait: 16 * 28_232 / 4}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := PortsOf(64).Staying; got != 64 {
		t.Errorf("64 clients need %d ports", got)
	}
}

func TestFilesAreThoseThatAreChecked(t *testing.T) {
	if err := checkFiles(100, Files(100)); err != nil {
		t.Error(err)
	}
	if err := checkFiles(100, Files(100)-1); err == nil || !strings.Contains(err.Error(), fmt.Sprint(Files(100))) {
		t.Errorf("the error is %v", err)
	}
}
