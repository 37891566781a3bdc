package trial

import (
	"reflect"
	"testing"
	"time"
)

func TestSamplesAddUp(t *testing.T) {
	for seed := range uint64(20) {
		if err := sample(seed).Check(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	if err := (Trial{}).Check(); err != nil {
		t.Errorf("a trial in which nothing happened: %v", err)
	}
}

// Each count stands in some sum, so that one more or one less of it, alone, is always found.
func TestCheckFindsEachCountThatIsOneOff(t *testing.T) {
	free := map[string]bool{"Panics": true, "RequestsShed": true} // beside the classes
	for _, part := range []string{"Counts", "Clients", "Accepted"} {
		fields := reflect.TypeFor[Trial]()
		field, _ := fields.FieldByName(part)
		for i := range field.Type.NumField() {
			name := field.Type.Field(i).Name
			for _, by := range []int64{+1, -1} {
				bad := sample(7)
				v := reflect.ValueOf(&bad).Elem().FieldByName(part).Field(i)
				if !v.CanInt() || free[name] {
					continue
				}
				v.SetInt(v.Int() + by)
				if bad.Check() == nil {
					t.Errorf("%s.%s off by %+d is not found", part, name, by)
				}
			}
		}
	}
}

func TestCheckFinds(t *testing.T) {
	for name, spoil := range map[string]func(*Trial){
		"a negative count that another makes up for": func(t *Trial) { t.Counts.Failed -= 100; t.Counts.OK += 100 },
		"negative panics":                                        func(t *Trial) { t.Accepted.Panics = -1 },
		"negative shed requests":                                 func(t *Trial) { t.Accepted.RequestsShed = -1 },
		"a client that is not listed":                            func(t *Trial) { t.Clients.Good = t.Clients.Good[:3] },
		"a client that got less than none":                       func(t *Trial) { t.Clients.Good = []int64{-1, 0, 1, t.Counts.Good} },
		"an answered client that was not served":                 func(t *Trial) { t.Clients.Good = []int64{0, 1, 1, t.Counts.Good - 2} },
		"good answers that no client got":                        func(t *Trial) { t.Clients.Good[0]-- },
		"fairness above 1":                                       func(t *Trial) { t.Clients.Jain = 1.1 },
		"a wait left out":                                        func(t *Trial) { t.Latency.Wait = Histogram{} },
		"a lag left out":                                         func(t *Trial) { t.Latency.Lag = Histogram{} },
		"an answer's service time twice":                         func(t *Trial) { t.Latency.Service.Record(1) },
		"time-outs left out of the response":                     func(t *Trial) { t.Latency.Response = t.Latency.Service },
		"a request in progress at the stop that nobody knows of": func(t *Trial) { t.Stop.InProgress++ },
		"one that was lost and rejected":                         func(t *Trial) { t.Stop.Rejected++ },
		"one that was lost and answered":                         func(t *Trial) { t.Stop.Answered++ },
		"a stop that ended before it began":                      func(t *Trial) { t.Stop.Took = -1 },
		"a negative count of forced connections":                 func(t *Trial) { t.Stop.Forced = -1 },
		"a request left out of all but the sums":                 func(t *Trial) { t.Counts.OK++; t.Counts.Sent++; t.Counts.Intended++ },
	} {
		bad := sample(7)
		spoil(&bad)
		if bad.Check() == nil {
			t.Errorf("not found: %s", name)
		}
	}
}

func TestPlusAddsEveryCount(t *testing.T) {
	var a, b Counts
	fields := reflect.TypeFor[Counts]().NumField()
	for i := range fields {
		reflect.ValueOf(&a).Elem().Field(i).SetInt(int64(i + 1))
		reflect.ValueOf(&b).Elem().Field(i).SetInt(int64(100 * (i + 1)))
	}
	sum := reflect.ValueOf(a.Plus(b))
	for i := range fields {
		if want := int64(101 * (i + 1)); sum.Field(i).Int() != want {
			t.Errorf("%s is %d, want %d", sum.Type().Field(i).Name, sum.Field(i).Int(), want)
		}
	}
}

func TestATrialInTurnsIsActiveInItsOwnSlicesOfTheWindow(t *testing.T) {
	for _, c := range []struct {
		turns  *Turns
		active time.Duration
	}{
		{nil, 100},
		{&Turns{Every: 10, Index: 0, Of: 2}, 50},
		{&Turns{Every: 10, Index: 1, Of: 2}, 50},
		{&Turns{Every: 30, Index: 0, Of: 2}, 60}, // 0 to 30, 60 to 90
		{&Turns{Every: 30, Index: 1, Of: 2}, 40}, // 30 to 60, 90 to 100
		{&Turns{Every: 40, Index: 2, Of: 3}, 20},
		{&Turns{Every: 200, Index: 1, Of: 2}, 0},
		{&Turns{Every: 7, Of: 1}, 100},
		{&Turns{}, 100}, // a record that makes no sense is still read
	} {
		if got := (Trial{Window: 100, Turns: c.turns}).Active(); got != c.active {
			t.Errorf("%+v: active for %d of 100, want %d", c.turns, got, c.active)
		}
	}
}
