//go:build !linux

package goroutines

import "context"

func newSleeper(ctx context.Context) sleeper { return newTimerSleeper(ctx) }
