package bench

import (
	"context"

	"github.com/poolbench/poolbench/bench/trial"
)

type outcome struct {
	trial trial.Trial
	err   error
}

func together(ctx context.Context, ms []measurement) []outcome { panic("pending") }
