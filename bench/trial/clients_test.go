package trial

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestNumbersOfClientsAreWrittenAsPairs(t *testing.T) {
	for _, row := range []struct {
		of   PerClient
		text string
	}{
		{nil, `[]`},
		{PerClient{0}, `[[0,1]]`},
		{PerClient{0, 0, 1, 7, 7, 7}, `[[0,2],[1,1],[7,3]]`},
	} {
		text, err := json.Marshal(row.of)
		if err != nil || string(text) != row.text {
			t.Errorf("%v is written as %s, %v, not as %s", row.of, text, err, row.text)
		}
		var back PerClient
		if err := json.Unmarshal(text, &back); err != nil || !slices.Equal(back, row.of) {
			t.Errorf("%v comes back as %v, %v", row.of, back, err)
		}
	}
	if text, err := json.Marshal(PerClient{2, 1}); err == nil {
		t.Errorf("numbers that are not in order are written as %s", text)
	}
}

func TestPairsThatAreNoneAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`[1,2]`:                 "cannot unmarshal",
		`[[1]]`:                 "no pair",
		`[[1,2,3]]`:             "no pair",
		`[[2,1],[1,1]]`:         "1 stands behind 2",
		`[[1,1],[1,1]]`:         "1 stands behind 1",
		`[[1,0]]`:               "0 clients",
		`[[1,-1]]`:              "-1 clients",
		`[[0,16777216],[1,1]]`:  "1 clients have 1",
		`[[0,1],[1,16777216]]`:  "16777216 clients",
		`[[0,99999999999999]]`:  "99999999999999 clients",
		`{"good":[[0,1],[1,2]}`: "",
	} {
		p := PerClient{5}
		if err := json.Unmarshal([]byte(text), &p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is read as %v, %v", text, len(p), err)
		}
	}
}

func FuzzPerClient(f *testing.F) {
	f.Add([]byte(`[[0,2],[7,1]]`))
	f.Add([]byte(`[]`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p PerClient
		if len(text) > 60 || json.Unmarshal(text, &p) != nil { // short: each pair may ask for 128 MB
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatalf("%s is read, and cannot be written: %v", text, err)
		}
		var back PerClient
		if err := json.Unmarshal(again, &back); err != nil || !slices.Equal(back, p) {
			t.Fatalf("%s is read, written as %s and comes back as something else, %v", text, again, err)
		}
	})
}

// Catches: slots taken for clients, most of which serve somebody while most sessions have no answer; and blame for what the driver
// never asked.
func TestWhoWasServedAreClientsOrSessions(t *testing.T) {
	clients := Clients{Total: 10, Served: 7, Refused: 2, Nothing: 1}
	counts := Counts{Intended: 1300, Sent: 1100, Unsent: 200, OK: 600, Rejected: 250, Failed: 50, TimedOut: 150, Unanswered: 50}
	for _, c := range []struct {
		loop   Loop
		missed int64
		want   Reach
		text   string
	}{
		{Closed, 0, Reach{Total: 10, Served: 7, Refused: 2, Nothing: 1}, "served 7 of 10"},
		{Open, 0, Reach{Total: 10, Served: 7, Refused: 2, Nothing: 1}, "served 7 of 10"},
		{Sessions, 0, Reach{true, 1300, 600, 250, 450}, "served 600 of 1,300 sessions"},
		{Sessions, 120, Reach{true, 1180, 600, 250, 330}, "served 600 of 1,180 sessions"},
	} {
		x := Trial{Load: Load{Loop: c.loop}, Clients: clients, Counts: counts, Driving: Driving{Missed: c.missed}}
		got := x.Reach()
		if got != c.want || got.String() != c.text || got.Total != got.Served+got.Refused+got.Nothing {
			t.Errorf("%s: %+v, %q; want %+v, %q", c.loop, got, got.String(), c.want, c.text)
		}
		if sum := got.Plus(got); sum.Total != 2*got.Total || sum.Total != sum.Served+sum.Refused+sum.Nothing || sum.Sessions != got.Sessions {
			t.Errorf("%+v twice is %+v", got, sum)
		}
	}
}
