package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/compare"
	"github.com/poolbench/poolbench/bench/finding"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/poolbench/poolbench/bench/verdict"
	"golang.org/x/term"
)

// progress tells whoever waits how far a run is: as one line that is written again and again on a terminal, as a line for each
// trial elsewhere. One goroutine calls it.
type progress interface {
	upcoming(bench.Progress) // what is measured next
	measured(trial.Trial)    // what came of it
	warned(trial.Warning)    // of what is not measured: the number of trials to come drops
	end()                    // it may be called again
}

// newProgress is for a run of scenarios; those that are not among them are told without the limits of their strategies.
func newProgress(w io.Writer, scenarios []trial.Scenario) progress {
	labels := labelsOf(scenarios)
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return &lines{w: w, labels: labels, clock: time.Now}
	}
	width := func() int {
		columns, _, err := term.GetSize(int(f.Fd()))
		if err != nil || columns <= 0 {
			return usualWidth
		}
		return columns
	}
	return newScreen(w, width, labels, os.Getenv("NO_COLOR") == "", time.NewTicker(every).C)
}

const (
	// usualWidth is taken where the terminal does not tell.
	usualWidth = 80

	// every is how often the line is written while nothing else happens. It costs the process of the driver some 30 µs each time, on
	// a CPU that the driver may need: more often would show nothing that an eye can follow.
	every = 500 * time.Millisecond
)

// labels are short names of strategies.
type labels map[string]string

func labelsOf(scenarios []trial.Scenario) labels {
	var ts []trial.Trial
	for _, sc := range scenarios {
		for _, name := range sc.Strategies {
			ts = append(ts, trial.Trial{Scenario: sc.Name, Strategy: name})
		}
	}
	return verdict.Labels(ts)
}

func (l labels) of(strategy string) string {
	if short, ok := l[strategy]; ok {
		return short
	}
	return trial.Kind(strategy)
}

// What is measured, in full and in short.
func (l labels) describe(steps []bench.Step) (full, short string) {
	step := steps[0]
	if step.Calibrates {
		return step.Scenario.Name, step.Scenario.Name
	}
	at := ""
	if step.Load.Fraction > 0 {
		at = fmt.Sprintf(" at %.0f %%", 100*step.Load.Fraction)
	}
	if len(steps) > 1 {
		short = fmt.Sprintf("%s, %d in turns", step.Scenario.Name, len(steps))
		return short + at, short
	}
	name := step.Scenario.Name + ", "
	return name + l.of(step.Strategy) + at, name + trial.Kind(step.Strategy)
}

// A screen is a terminal with one line that is written again and again, and what is to stay above it.
type screen struct {
	w      io.Writer
	width  func() int // columns
	labels labels
	colour bool
	told   mentioned

	mu    sync.Mutex
	now   bench.Progress
	since time.Time // of now
	shown int       // columns that the line has taken

	stop    func()
	stopped sync.WaitGroup
}

// newScreen writes the line at each tick, once there is something to tell, until it ends.
func newScreen(w io.Writer, width func() int, labels labels, colour bool, ticks <-chan time.Time) *screen {
	s := &screen{w: w, width: width, labels: labels, colour: colour, told: mentioned{}}
	ended := make(chan struct{})
	s.stop = sync.OnceFunc(func() { close(ended) })
	s.stopped.Go(func() {
		for {
			select {
			case <-ticks:
				s.mu.Lock()
				s.draw()
				s.mu.Unlock()
			case <-ended:
				return
			}
		}
	})
	return s
}

func (s *screen) upcoming(p bench.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.since = p, time.Now()
	s.draw()
}

func (s *screen) measured(t trial.Trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.told.news(t) {
		code := n.code
		if s.colour {
			code = yellow + code + plain
		}
		what := t.Scenario
		if !t.Calibrates {
			what += ", " + s.labels.of(t.Strategy)
		}
		s.clear()
		fmt.Fprintf(s.w, "%s: %s: %s\n", what, code, n.text)
	}
	s.draw()
}

func (s *screen) warned(w trial.Warning) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	fmt.Fprintf(s.w, "poolbench: warning: %s\n", oneLine(w.Text))
	s.draw()
}

func (s *screen) end() {
	s.stop()
	s.stopped.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	s.now = bench.Progress{}
}

const (
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// draw writes the line over what was there. Blanks are what every terminal erases with; the last column stays free, because
// some go on to the next line as soon as it is written to.
func (s *screen) draw() {
	if len(s.now.Steps) == 0 {
		return
	}
	room := max(s.width()-1, 1)
	full, short := s.labels.describe(s.now.Steps)
	var g bench.Glance
	if s.now.Glance != nil {
		g = s.now.Glance()
	}
	line := progressLine(full, short, s.now, g, time.Since(s.since), room)
	columns := text.StringWidth(line)
	fmt.Fprint(s.w, "\r", line, strings.Repeat(" ", max(min(s.shown, room)-columns, 0)))
	s.shown = columns
}

// clear leaves an empty line with the cursor at its beginning.
func (s *screen) clear() {
	if s.shown > 0 {
		fmt.Fprint(s.w, "\r", strings.Repeat(" ", min(s.shown, max(s.width()-1, 1))), "\r")
		s.shown = 0
	}
}

// progressLine is the line in at most so many columns. What has no room is left out, the least important first: the number of trials,
// the strategy's limits and the load, the p99, the rate, the time that is left.
func progressLine(full, short string, p bench.Progress, g bench.Glance, ago time.Duration, room int) string {
	left := "~" + leftText(p.TimeLeft-ago) + " left"
	trials := fmt.Sprintf("%d done, about %d to do", p.Done, p.Left)
	rate, p99 := "starting", ""
	if g.Own > 0 {
		rate = figureText("1/s", g.Rate)
		if len(p.Steps) > 1 {
			rate += " each"
		}
		if g.P99 > 0 {
			p99 = "p99 " + figureText("s", g.P99.Seconds())
		}
	}
	for _, parts := range [][]string{
		{left, trials, full, rate, p99},
		{left, full, rate, p99},
		{left, short, rate, p99},
		{left, short, rate},
		{left, short},
	} {
		line := parts[0]
		for _, part := range parts[1:] {
			if part != "" {
				line += " | " + part
			}
		}
		if text.StringWidth(line) <= room {
			return line
		}
	}
	return text.Snip(short, room, "…")
}

// leftText is a time that is left, no more exact than anybody knows it.
func leftText(d time.Duration) string {
	switch {
	case d < time.Second: // also where it has taken longer than was expected
		return "1s"
	case d < time.Minute:
		return d.Round(time.Second).String()
	}
	s := d.Round(10 * time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	return s
}

// mentioned is what has been told of a run: how often each code, and in which scenarios.
type mentioned map[string]map[string]bool

// mostTold is in how many scenarios a code is told as it happens; the end of the run counts all.
const mostTold = 3

type news struct{ code, text string }

// news are the findings of t to be told: each once for a scenario.
func (o mentioned) news(t trial.Trial) []news {
	var all []news
	add := func(code, text string) {
		if o[code] == nil {
			o[code] = map[string]bool{}
		}
		if o[code][t.Scenario] || len(o[code]) >= mostTold {
			return
		}
		o[code][t.Scenario] = true
		all = append(all, news{code, oneLine(text)})
	}
	for _, f := range t.Findings {
		if !finding.AsWanted(t, f) {
			add(f.Code, f.Text)
		}
	}
	if t.Invalid != "" && finding.Invalid(t.Findings) == "" {
		add("invalid", t.Invalid)
	}
	return all
}

// lines are for a file or a pipe: one for each trial, without control characters.
type lines struct {
	w      io.Writer
	labels labels
	clock  func() time.Time
	now    bench.Progress
	since  time.Time // of now
	n      int       // trials of now that were told
}

func (l *lines) upcoming(p bench.Progress) { l.now, l.since, l.n = p, l.clock(), 0 }

func (l *lines) measured(t trial.Trial) {
	l.n++
	step := bench.Step{Scenario: bench.Scenario{Name: t.Scenario}, Strategy: t.Strategy, Load: t.Load, Calibrates: t.Calibrates}
	what, _ := l.labels.describe([]bench.Step{step})
	if t.Twin {
		what += " (twin)"
	}
	if t.Attempt > 0 { // it has the number of the first one: it takes its place
		what += fmt.Sprintf(" (attempt %d)", t.Attempt+1)
	}
	left := leftText(l.now.TimeLeft - l.clock().Sub(l.since))
	fmt.Fprintf(l.w, "trial %d, about %d more, about %s left: %s: %s\n", l.now.Done+l.n, max(0, l.now.Left-l.n), left, what, resultText(t))
}

func (l *lines) warned(w trial.Warning) {
	fmt.Fprintf(l.w, "poolbench: warning: %s\n", oneLine(w.Text))
}

func (l *lines) end() {}

// resultText is what came of a trial, in short. What cannot be used has no figures that anybody should read.
func resultText(t trial.Trial) string {
	var codes []string
	for _, f := range t.Findings {
		if !finding.AsWanted(t, f) {
			codes = append(codes, f.Code)
		}
	}
	said := strings.Join(codes, ", ")
	if t.Invalid != "" {
		if finding.Invalid(t.Findings) == "" {
			said = oneLine(t.Invalid)
		}
		return "invalid: " + said
	}
	parts := []string{figureText("1/s", float64(t.Counts.Good)/t.Active().Seconds())}
	if p99, ok := t.Latency.Response.Quantile(0.99); ok {
		parts = append(parts, "p99 "+figureText("s", p99.Seconds()))
	}
	parts = append(parts, t.Reach().String())
	return strings.Join(append(parts, codes...), ", ")
}

// oneLine is text without line ends and other control characters: an error may hold what a server wrote before it died.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// figureText writes a value with three digits and its unit.
func figureText(unit string, v float64) string { return compare.Figure{Median: v}.Text(unit) }
