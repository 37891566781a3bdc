package schedule

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/poolbench/poolbench/bench/trial"
)

// highestRate keeps the arrivals that a load can leave behind countable: a driver that deals 8 million of them in a second
// has no time left to send one.
const highestRate = 10e6

// Check says what is wrong with Rate, Arrivals and Profile of a load that is no closed loop, in the words of someone who
// set them. The profile has to end with the window, unless window is 0: not known.
func Check(l trial.Load, window time.Duration) error {
	switch {
	case !(l.Rate > 0) || math.IsInf(l.Rate, 1): // written so that NaN is refused as well
		return fmt.Errorf("rate %v: must be more than 0 per second, and finite", l.Rate)
	case l.Rate > highestRate:
		return fmt.Errorf("rate %v: must be at most %.0f per second, which is more than any driver can send", l.Rate, highestRate)
	case l.Arrivals != "" && l.Arrivals != trial.Poisson && l.Arrivals != trial.Constant:
		return fmt.Errorf("arrivals %q: must be %s or %s", l.Arrivals, trial.Poisson, trial.Constant)
	}
	var end time.Duration // of the segment before
	for i, s := range l.Profile {
		if err := checkSegment(s, l.Rate, window); err != nil {
			return fmt.Errorf("profile, segment %d (%v to %v): %w", i+1, s.From, s.To, err)
		}
		if s.From < end {
			return fmt.Errorf("profile, segment %d (%v to %v): must not begin before segment %d ends, at %v", i+1, s.From, s.To, i, end)
		}
		end = s.To
	}
	return nil
}

func checkSegment(s trial.Segment, rate float64, window time.Duration) error {
	switch {
	case s.From < 0:
		return errors.New("must not begin before the window does, at 0s")
	case s.To <= s.From:
		return errors.New("must end after it begins")
	case window > 0 && s.To > window:
		return fmt.Errorf("must not end after the window does, at %v", window)
	}
	for _, factor := range [...]float64{s.Begin, s.End} {
		switch {
		case !(factor >= 0) || math.IsInf(factor, 1):
			return fmt.Errorf("factor %v: must be 0 or more, and finite", factor)
		case factor*rate > highestRate:
			return fmt.Errorf("factor %v: %.0f per second at a rate of %v, must be at most %.0f, which is more than any driver can send",
				factor, factor*rate, rate, highestRate)
		}
	}
	return nil
}
