package spelling

import (
	"strings"
	"testing"
)

var kinds = []string{"goroutine", "semaphore", "channel", "lifo", "ants", "pond", "pond-v1", "gnet", "cpu", "job"}

// Catches: a slip that is not seen, and a suggestion that nobody can have meant.
func TestMeant(t *testing.T) {
	for name, c := range map[string]struct{ said, want string }{
		"a letter is missing":              {"gorutine", "goroutine"},
		"a letter is too much":             {"channnel", "channel"},
		"a letter is wrong":                {"gorootine", "goroutine"},
		"two letters are exchanged":        {"pnod", "pond"},
		"two are exchanged in a short one": {"jbo", "job"},
		"two slips":                        {"semafore", "semaphore"},
		"capitals":                         {"GORUTINE", "goroutine"},
		"its beginning":                    {"chan", "channel"},
		"more than one is like it":         {"pon", "pond or pond-v1"},
		"three slips":                      {"grotin", ""},
		"two slips in a short one":         {"jxx", ""},
		"another word":                     {"swarm", ""},
		"nothing":                          {"", ""},
		"much":                             {strings.Repeat("goroutine", 1000), ""},
		"no text":                          {"\xff\xfe", ""},
	} {
		want := c.want
		if want != "" {
			want = "; did you mean " + want + "?"
		}
		if got := Meant(c.said, kinds); got != want {
			t.Errorf("%s: %.20q gives %q, want %q", name, c.said, got, want)
		}
	}
}
