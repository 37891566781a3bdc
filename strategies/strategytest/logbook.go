package strategytest

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// logbook keeps what a strategy logs.
type logbook struct {
	mu      sync.Mutex
	records []slog.Record
}

// Enabled leaves out what is said about every connection.
func (*logbook) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

func (b *logbook) Handle(_ context.Context, r slog.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.records = append(b.records, r.Clone())
	return nil
}

func (b *logbook) WithAttrs([]slog.Attr) slog.Handler { return b }
func (b *logbook) WithGroup(string) slog.Handler      { return b }

// sorted returns the messages of the records with the stack of a mishap, and of all others.
func (b *logbook) sorted() (stacks, others []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.records {
		stack := false
		r.Attrs(func(a slog.Attr) bool {
			stack = stack || strings.Contains(a.Value.String(), "mishap.happen")
			return !stack
		})
		if stack {
			stacks = append(stacks, r.Message)
		} else {
			others = append(others, r.Message)
		}
	}
	return stacks, others
}
