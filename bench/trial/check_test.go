package trial

import (
	"reflect"
	"testing"
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
		"negative panics":                        func(t *Trial) { t.Accepted.Panics = -1 },
		"negative shed requests":                 func(t *Trial) { t.Accepted.RequestsShed = -1 },
		"a client that is not listed":            func(t *Trial) { t.Clients.Good = t.Clients.Good[:3] },
		"a client that got less than none":       func(t *Trial) { t.Clients.Good = []int64{t.Counts.Good, 1, -1, 0} },
		"an answered client that was not served": func(t *Trial) { t.Clients.Good = []int64{t.Counts.Good - 2, 1, 1, 0} },
		"good answers that no client got":        func(t *Trial) { t.Clients.Good[0]-- },
		"fairness above 1":                       func(t *Trial) { t.Clients.Jain = 1.1 },
		"a wait left out":                        func(t *Trial) { t.Latency.Wait = Histogram{} },
		"a lag left out":                         func(t *Trial) { t.Latency.Lag = Histogram{} },
		"an answer's service time twice":         func(t *Trial) { t.Latency.Service.Record(1) },
		"time-outs left out of the response":     func(t *Trial) { t.Latency.Response = t.Latency.Service },
		"a request left out of all but the sums": func(t *Trial) { t.Counts.OK++; t.Counts.Sent++; t.Counts.Intended++ },
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
