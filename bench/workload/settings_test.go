package workload

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAWorkloadIsFoundByItsNameAndItsSettings(t *testing.T) {
	own := append(All(), Workload{Name: "mine:own=1"})
	for _, name := range []string{"cpu", "wait:hold=1us", "wait:hold=1m", "cpu:work=1", "job:work=100", "mine:own=1"} {
		// The server's process looks it up in the same list.
		if w, err := Find(own, name); err != nil || w.Name != name {
			t.Errorf("Find %s: %q, %v", name, w.Name, err)
		}
	}
}

func TestAWorkloadThatIsNotThereIsAnErrorThatSaysWhatIsAllowed(t *testing.T) {
	for name, want := range map[string]string{
		"ecko":                    `unknown workload "ecko"; did you mean echo?; allowed: exchange, echo, wait, cpu, alloc, deep, job, http`,
		"":                        `unknown workload ""; allowed: exchange, echo, wait, cpu, alloc, deep, job, http`,
		"ecko:hold=1ms":           `unknown workload "ecko"; did you mean echo?; allowed: exchange, echo, wait, cpu, alloc, deep, job, http`,
		"echo:hold=1ms":           `workload "echo:hold=1ms": echo has no settings; allowed: echo`,
		"echo:":                   `workload "echo:": "" is not of the form key=value; write for example wait:hold=20ms`,
		"wait:":                   `workload "wait:": "" is not of the form key=value; write for example wait:hold=20ms`,
		"wait:20ms":               `workload "wait:20ms": "20ms" is not of the form key=value; write for example wait:hold=20ms`,
		"wait:hold=1ms,":          `workload "wait:hold=1ms,": "" is not of the form key=value; write for example wait:hold=20ms`,
		"wait:hold=1ms,hold=1ms":  `workload "wait:hold=1ms,hold=1ms": "hold" is given twice; write for example wait:hold=20ms`,
		"wait:work=2":             `workload "wait:work=2": wait has no setting "work"; allowed: hold`,
		"wait:hodl=1ms":           `workload "wait:hodl=1ms": wait has no setting "hodl"; did you mean hold?; allowed: hold`,
		"wait:hold=1ms,a=1,b=2":   `workload "wait:hold=1ms,a=1,b=2": wait has no setting "a"; allowed: hold`,
		"wait:hold=":              `workload "wait:hold=": hold="": not a time to wait; allowed: 1µs to 1m, as in hold=20ms`,
		"wait:hold=20":            `workload "wait:hold=20": hold="20": not a time to wait; allowed: 1µs to 1m, as in hold=20ms`,
		"wait:hold=0s":            `workload "wait:hold=0s": hold="0s": not a time to wait; allowed: 1µs to 1m, as in hold=20ms`,
		"wait:hold=999ns":         `workload "wait:hold=999ns": hold="999ns": not a time to wait; allowed: 1µs to 1m, as in hold=20ms`,
		"wait:hold=1m1ns":         `workload "wait:hold=1m1ns": hold="1m1ns": not a time to wait; allowed: 1µs to 1m, as in hold=20ms`,
		"wait:hold=-5ms":          `workload "wait:hold=-5ms": hold="-5ms": not a time to wait; allowed: 1µs to 1m, as in hold=20ms`,
		"cpu:work=0":              `workload "cpu:work=0": work="0": not a multiple of the usual work; allowed: a whole number from 1 to 100`,
		"cpu:work=101":            `workload "cpu:work=101": work="101": not a multiple of the usual work; allowed: a whole number from 1 to 100`,
		"job:work=1ms":            `workload "job:work=1ms": work="1ms": not a multiple of the usual work; allowed: a whole number from 1 to 100`,
		"job:work=2,work=2":       `workload "job:work=2,work=2": "work" is given twice; write for example wait:hold=20ms`,
		"mine:own=2":              `unknown workload "mine"; allowed: exchange, echo, wait, cpu, alloc, deep, job, http`,
		"exchange,echo":           `unknown workload "exchange,echo"; allowed: exchange, echo, wait, cpu, alloc, deep, job, http`,
		"cpu:work=18446744073709": `workload "cpu:work=18446744073709": work="18446744073709": not a multiple of the usual work; allowed: a whole number from 1 to 100`,
	} {
		if _, err := Find(All(), name); err == nil || err.Error() != want {
			t.Errorf("%q: got error\n%v\nwant\n%s", name, err, want)
		}
	}
}

func TestAboutSaysWhatTheNameHasSet(t *testing.T) {
	for name, want := range map[string]string{
		"wait": "5 ms of waiting", "wait:hold=1500us": "1.5 ms of waiting", "wait:hold=1m": "60 s of waiting", "cpu": "about 200 µs,", "cpu:work=5": "about 1 ms,", "job:work=3": "about 3 ms,",
	} {
		if w := found(t, name); !strings.Contains(w.About, want) {
			t.Errorf("%s is %q, which does not say %q", name, w.About, want)
		}
	}
}

// Real time would do for "no less than it says", but not for "no more".
func TestWaitWaitsAndAnswersAfterStop(t *testing.T) {
	for name, want := range map[string]time.Duration{"wait": 5 * time.Millisecond, "wait:hold=1.5s": 1500 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			w := found(t, name)
			start := time.Now()
			answer, err := answerOf(t, w, "a line")
			if took := time.Since(start); took != want {
				t.Errorf("%s: took %v, want %v", name, took, want)
			}
			if err != nil || answer != "before a line\n" {
				t.Errorf("%s: answer %q, %v", name, answer, err)
			}
		})
	}
}

// Whatever a name is, it is an error of one line, or a workload that goes by it and keeps to the ranges.
func FuzzFind(f *testing.F) {
	for _, name := range []string{"wait:hold=20ms", "wait:hold=1m0s,hold=2s", "cpu:work=007", "job:work=+3", "http", "echo:", "::=,=", "wait:hold=1h\n", "deep:x=y"} {
		f.Add(name)
	}
	all := All()
	f.Fuzz(func(t *testing.T, name string) {
		w, err := Find(all, name)
		if err != nil {
			if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "allowed") && !strings.Contains(err.Error(), "for example") {
				t.Fatalf("%q: error %q", name, err)
			}
			return
		}
		if w.Name != name || w.Handler == nil {
			t.Fatalf("%q is found as %q", name, w.Name)
		}
		plain, settings, given := strings.Cut(name, ":")
		if _, known := named(all, plain); !known {
			t.Fatalf("%q is found, and there is no %q", name, plain)
		}
		if hold, ok := strings.CutPrefix(settings, "hold="); given && ok {
			if d, err := time.ParseDuration(hold); plain != "wait" || err != nil || d < time.Microsecond || d > time.Minute {
				t.Fatalf("%q is accepted", name)
			}
		} else if work, ok := strings.CutPrefix(settings, "work="); given && (!ok || plain == "wait" || len(strings.TrimLeft(work, "+0")) > 3) {
			t.Fatalf("%q is accepted", name)
		}
	})
}
