package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/poolbench/poolbench/bench"
	"github.com/poolbench/poolbench/bench/trial"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress tells whoever waits how far a run is: as a bar on a terminal, as a plain line now and then elsewhere. How much is
// left is known at most, because what is decided early needs no more.
type progress interface {
	upcoming(bench.Progress)
	end()
}

func newProgress(w io.Writer) progress {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &bar{progressbar.NewOptions(1,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetWidth(24),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetElapsedTime(true),
		)}
	}
	return &lines{w: w}
}

type bar struct{ *progressbar.ProgressBar }

func (b *bar) upcoming(p bench.Progress) {
	b.ChangeMax(p.AtMost)
	b.Describe(fmt.Sprintf("%-28s", describe(p.Step)))
	_ = b.Set(p.Done)
}

func (b *bar) end() {
	_ = b.Finish()
	_ = b.Clear()
}

// between lines: often enough to see that it lives, seldom enough for a log.
const between = 10 * time.Second

type lines struct {
	w       io.Writer
	started time.Time
	before  int // steps that were done when it started: those of a run that goes on
	last    time.Time
}

func (l *lines) upcoming(p bench.Progress) {
	now := time.Now()
	if l.started.IsZero() {
		l.started, l.before = now, p.Done
	}
	if now.Sub(l.last) < between {
		return
	}
	l.last = now
	left := ""
	if measured := p.Done - l.before; measured > 0 {
		perStep := now.Sub(l.started) / time.Duration(measured)
		left = fmt.Sprintf(", about %v left or less", (perStep * time.Duration(p.AtMost-p.Done)).Round(time.Second))
	}
	fmt.Fprintf(l.w, "trial %d of at most %d%s: %s\n", p.Done+1, p.AtMost, left, describe(p.Step))
}

func (l *lines) end() {}

func describe(step bench.Step) string {
	if step.Calibrates {
		return step.Scenario.Name
	}
	text := step.Scenario.Name + ", " + trial.Kind(step.Strategy)
	if step.Load.Fraction > 0 {
		text += fmt.Sprintf(" at %.0f %%", 100*step.Load.Fraction)
	}
	return text
}
