package cli

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
	"golang.org/x/term"
)

// A tty is a terminal as far as blanks, \r and \n go: what stands on its lines, of which none may wrap.
type tty struct {
	t     *testing.T
	width int

	mu    sync.Mutex
	lines []string // finished
	line  []rune
	at    int
	over  bool // beyond the last column but one
}

func (y *tty) Write(b []byte) (int, error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, r := range string(b) {
		switch r {
		case '\r': // what is written over has to have stayed on its line; what ends a line may be longer
			if y.over {
				y.t.Errorf("more than %d columns: %q", y.width-1, string(y.line))
			}
			y.at = 0
		case '\n':
			y.lines = append(y.lines, strings.TrimRight(string(y.line), " "))
			y.line, y.at, y.over = nil, 0, false
		default:
			for len(y.line) <= y.at {
				y.line = append(y.line, ' ')
			}
			y.line[y.at] = r
			y.over = y.over || y.at >= y.width-1
			y.at++
		}
	}
	return len(b), nil
}

func (y *tty) current() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return strings.TrimRight(string(y.line), " ")
}

const (
	ants    = "ants:workers=64,queue=0,full=wait,unit=conn"
	antsAll = "ants:workers=1000,queue=0,full=wait,unit=conn"
	free    = "goroutine:workers=unbounded,queue=0,full=wait,unit=conn"
)

func crowd() []trial.Scenario {
	return []trial.Scenario{{Name: "crowd", Strategies: []string{free, ants, antsAll}}}
}

func upcoming(g bench.Glance, strategies ...string) bench.Progress {
	p := bench.Progress{Done: 411, Left: 735, TimeLeft: 320 * time.Second, Glance: func() bench.Glance { return g }}
	for _, name := range strategies {
		p.Steps = append(p.Steps, bench.Step{Scenario: bench.Scenario{Name: "crowd"}, Strategy: name, Load: trial.Load{Fraction: 0.9}})
	}
	return p
}

// Catches: a line that wraps, parts that go in another order than that of their importance, and a part that goes without need.
func TestTheLineHasWhatThereIsRoomFor(t *testing.T) {
	running := bench.Glance{Own: time.Second, Rate: 12_340, P99: 1300 * time.Microsecond}
	l := labelsOf(crowd())
	for _, c := range []struct {
		room int
		p    bench.Progress
		want string
	}{
		{199, upcoming(running, ants), "~5m20s left | 411 done, about 735 to do | crowd, ants workers=64 at 90 % | 12.3k/s | p99 1.3 ms"},
		{95, upcoming(running, ants), "~5m20s left | 411 done, about 735 to do | crowd, ants workers=64 at 90 % | 12.3k/s | p99 1.3 ms"},
		{94, upcoming(running, ants), "~5m20s left | crowd, ants workers=64 at 90 % | 12.3k/s | p99 1.3 ms"},
		{79, upcoming(running, ants), "~5m20s left | crowd, ants workers=64 at 90 % | 12.3k/s | p99 1.3 ms"},
		{60, upcoming(running, ants), "~5m20s left | crowd, ants | 12.3k/s | p99 1.3 ms"},
		{39, upcoming(running, ants), "~5m20s left | crowd, ants | 12.3k/s"},
		{30, upcoming(running, ants), "~5m20s left | crowd, ants"},
		{20, upcoming(running, ants), "crowd, ants"},
		{8, upcoming(running, ants), "crowd, …"},
		{1, upcoming(running, ants), "…"},
		{99, upcoming(bench.Glance{}, free), "~5m20s left | 411 done, about 735 to do | crowd, goroutine at 90 % | starting"},
		{99, upcoming(bench.Glance{Own: 1, Rate: 7}, free), "~5m20s left | 411 done, about 735 to do | crowd, goroutine at 90 % | 7/s"},
		{110, upcoming(running, free, ants), "~5m20s left | 411 done, about 735 to do | crowd, 2 in turns at 90 % | 12.3k/s each | p99 1.3 ms"},
	} {
		full, short := l.describe(c.p.Steps)
		if got := progressLine(full, short, c.p, c.p.Glance(), 0, c.room); got != c.want || text.StringWidth(got) > c.room {
			t.Errorf("in %d columns:\n got %q\nwant %q", c.room, got, c.want)
		}
	}
}

func TestTheTimeThatIsLeftIsNoMoreExactThanAnybodyKnows(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "1s", 0: "1s", 45400 * time.Millisecond: "45s", 59 * time.Second: "59s",
		63 * time.Second: "1m", 324 * time.Second: "5m20s", 10 * time.Minute: "10m", 3601 * time.Second: "1h0m",
	} {
		if got := leftText(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func disturbed(scenario, strategy string) trial.Trial {
	return trial.Trial{Scenario: scenario, Strategy: strategy, Window: time.Second, Counts: trial.Counts{Good: 500}, Clients: trial.Clients{Served: 3, Total: 4},
		Findings: []trial.Finding{{Code: finding.DriverLate, Text: "the driver was late"}}}
}

// Catches: what is left of a longer line, a finding in the middle of the line, a flood of findings, a line that remains at the end.
func TestAScreenHasOneLineAndFindingsAboveIt(t *testing.T) {
	y := &tty{t: t, width: 80}
	ticks := make(chan time.Time)
	width := func() int { y.mu.Lock(); defer y.mu.Unlock(); return y.width }
	s := newScreen(y, width, labelsOf(crowd()), false, ticks)
	defer s.end()

	s.upcoming(upcoming(bench.Glance{Own: 1, Rate: 12_340, P99: time.Millisecond}, antsAll))
	if got, want := y.current(), "~5m20s left | crowd, ants workers=1000 at 90 % | 12.3k/s | p99 1 ms"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for range 3 { // more than one, of the same
		s.measured(disturbed("crowd", ants))
	}
	for i := range 2 * mostTold {
		s.measured(disturbed(fmt.Sprint("more-", i), free))
	}
	if len(y.lines) != mostTold || y.lines[0] != "crowd, ants workers=64: driver-late: the driver was late" || y.lines[1] != "more-0, goroutine: driver-late: the driver was late" {
		t.Errorf("%d lines above it: %q", len(y.lines), y.lines)
	}
	if !strings.HasPrefix(y.current(), "~5m20s left | ") {
		t.Errorf("below them %q", y.current())
	}

	y.mu.Lock()
	y.width = 40
	y.mu.Unlock()
	s.upcoming(upcoming(bench.Glance{}, free))
	ticks <- time.Time{}
	ticks <- time.Time{} // the first one is written now
	if got, want := y.current()[:39], fmt.Sprintf("%-39s", "~5m20s left | crowd, goroutine"); got != want {
		t.Errorf("narrower: %q, want %q", got, want)
	}
	s.end()
	if got := y.current()[:min(39, len(y.current()))]; strings.TrimSpace(got) != "" {
		t.Errorf("at the end there is %q", got)
	}
	s.end()
}

// Catches: escape sequences for somebody who wants no colour.
func TestColourIsLeftOutWhereNobodyWantsIt(t *testing.T) {
	for _, colour := range []bool{false, true} {
		var b bytes.Buffer
		s := newScreen(&b, func() int { return 80 }, nil, colour, nil)
		s.upcoming(upcoming(bench.Glance{}, free))
		s.measured(disturbed("crowd", free))
		s.end()
		if got := strings.Contains(b.String(), "\x1b"); got != colour {
			t.Errorf("colour %v: %q", colour, b.String())
		}
	}
}

// Catches: control characters in a log, figures of trials that cannot be used, a finding that is wanted and told.
func TestWhereThereIsNoTerminalEachTrialIsALine(t *testing.T) {
	t.Setenv("TERM", "xterm-256color") // says nothing: it is no terminal
	var b bytes.Buffer
	p := newProgress(&b, crowd())
	l := p.(*lines)
	now := time.Now()
	l.clock = func() time.Time { return now }
	p.upcoming(upcoming(bench.Glance{}, free, ants))
	now = now.Add(20 * time.Second)
	good := disturbed("crowd", ants)
	good.Load.Fraction = 0.9
	good.Latency.Response.RecordN(2*time.Millisecond, 2000)
	p.measured(good)
	bad := disturbed("crowd", free)
	bad.Invalid, bad.Findings[0].Invalid, bad.Attempt, bad.Twin = "late", true, 1, true
	p.measured(bad)
	p.upcoming(upcoming(bench.Glance{}, free))
	p.measured(trial.Trial{Scenario: "crowd", Strategy: free, Invalid: "the server process has ended:\npanic: \x1b[1m"})
	null := trial.Trial{Scenario: "ceiling of the driver (4 clients)", Strategy: trial.NullServer, Calibrates: true, Window: 2 * time.Second, Counts: trial.Counts{Good: 500_000},
		Clients: trial.Clients{Served: 4, Total: 4}, Findings: []trial.Finding{{Code: finding.DriverBound, Text: "busy"}}}
	p.measured(null)
	session := disturbed("slow", free) // one slot is as good as another; the sessions are the clients
	session.Load, session.Counts.Intended, session.Counts.OK, session.Counts.Rejected = trial.Load{Loop: trial.Sessions, Fraction: 0.4}, 1500, 1000, 200
	p.measured(session)
	p.warned(trial.Warning{Code: "not-measured", Text: "slow not measured:\nno rate"})
	p.end()
	want := `trial 412, about 734 more, about 5m left: crowd, ants workers=64 at 90 %: 500/s, p99 2.01 ms, served 3 of 4, driver-late
trial 413, about 733 more, about 5m left: crowd, goroutine (twin) (attempt 2): invalid: driver-late
trial 412, about 734 more, about 5m20s left: crowd, goroutine: invalid: the server process has ended: panic: [1m
trial 413, about 733 more, about 5m20s left: ceiling of the driver (4 clients): 250k/s, served 4 of 4
trial 414, about 732 more, about 5m20s left: slow, goroutine at 40 %: 500/s, served 1,000 of 1,500 sessions, driver-late
poolbench: warning: slow not measured: no rate
`
	if got := b.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, plain := newProgress(f, nil).(*lines); !plain {
		t.Error("a file is taken for a terminal")
	}
}

// Catches: a time left that stands still while a trial goes on.
func TestTheTimeLeftCountsDown(t *testing.T) {
	p := upcoming(bench.Glance{}, free)
	if got, want := progressLine("full", "short", p, bench.Glance{}, 20*time.Second, 30), "~5m left | full | starting"; got != want {
		t.Errorf("after 20 s: %q, want %q", got, want)
	}
	y := &tty{t: t, width: 80}
	s := newScreen(y, func() int { return 80 }, nil, false, nil)
	defer s.end()
	s.upcoming(p)
	s.mu.Lock()
	s.since = s.since.Add(-20 * time.Second)
	s.draw()
	s.mu.Unlock()
	if got := y.current(); !strings.HasPrefix(got, "~5m left") {
		t.Errorf("after 20 s: %q", got)
	}
}

// Catches: NO_COLOR that nobody asks for.
func TestNobodyGetsColourWithNOCOLOR(t *testing.T) {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminal to be had: ", err)
	}
	defer f.Close()
	if !term.IsTerminal(int(f.Fd())) {
		t.Skip("no terminal to be had")
	}
	t.Setenv("TERM", "xterm")
	for value, want := range map[string]bool{"": true, "1": false} {
		t.Setenv("NO_COLOR", value)
		s := newProgress(f, nil).(*screen)
		s.end()
		if s.colour != want {
			t.Errorf("NO_COLOR=%q: colour %v", value, s.colour)
		}
	}
}
