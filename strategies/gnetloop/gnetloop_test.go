package gnetloop

import (
	"strings"
	"testing"

	"github.com/poolbench/poolbench/strategies"
)

func TestImpossibleLimitsAreNamed(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"gnet:workers=unbounded", "workers=unbounded: that many event loops are started beforehand; allowed: 1 to 1024"},
		{"gnet:workers=1025", "workers=1025: that many event loops are started beforehand; allowed: 1 to 1024"},
		{"gnet:queue=0", "queue=0: requests wait in their sockets until the loop gets to them, and nobody counts them; allowed: unbounded"},
		{"gnet:unit=conn", "unit=conn: gnet cannot run it; allowed: request"},
		{"gnet:full=reject", "full=reject"},
	} {
		_, err := strategies.Kinds{Kind()}.Parse(tt.name)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want %s", tt.name, err, tt.want)
		}
		spec, err := strategies.Kinds{Kind()}.Spec("gnet")
		if err != nil || spec.Limits != Kind().Default {
			t.Errorf("default limits: %v, %v", spec, err)
		}
	}
}
