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

// progress tells whoever waits how far a run is: as a bar on a terminal, as a plain line now and then elsewhere.
type progress interface {
	upcoming(done int, step bench.Step)
	end()
}

func newProgress(w io.Writer, trials int) progress {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &bar{progressbar.NewOptions(trials,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetWidth(24),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetElapsedTime(true),
		)}
	}
	return &lines{w: w, trials: trials, started: time.Now()}
}

type bar struct{ *progressbar.ProgressBar }

func (b *bar) upcoming(done int, step bench.Step) {
	b.Describe(fmt.Sprintf("%-28s", describe(step)))
	_ = b.Set(done)
}

func (b *bar) end() {
	_ = b.Finish()
	_ = b.Clear()
}

// between lines: often enough to see that it lives, seldom enough for a log.
const between = 10 * time.Second

type lines struct {
	w             io.Writer
	trials        int
	started, last time.Time
}

func (l *lines) upcoming(done int, step bench.Step) {
	now := time.Now()
	if now.Sub(l.last) < between {
		return
	}
	l.last = now
	left := ""
	if done > 0 {
		elapsed := now.Sub(l.started)
		left = fmt.Sprintf(", about %v left", (elapsed * time.Duration(l.trials-done) / time.Duration(done)).Round(time.Second))
	}
	fmt.Fprintf(l.w, "trial %d of %d%s: %s\n", done+1, l.trials, left, describe(step))
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
