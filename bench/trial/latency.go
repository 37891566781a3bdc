package trial

import "fmt"

// Latency holds the four times of every request of the window. With intended the time from the schedule, noticed
// when the driver took it from there, free when the connection's previous answer had come, sent and answered:
//
//	wait     = max(0, free - noticed)    the connection was still busy: the server's
//	lag      = sent - intended - wait    the driver was late: ours
//	service  = answered - sent           the server's
//	response = answered - intended       what a user feels
//
// Response holds every request of Counts.Intended that was not rejected and did not fail: those that timed out, were
// never answered or never sent stand in it at the client's time-out, or at how long they had waited if that is more. The others hold what happened: Wait and Lag every
// request sent, Service every OK answer.
type Latency struct {
	Wait     Histogram `json:"wait_ns"`
	Lag      Histogram `json:"lag_ns"`
	Service  Histogram `json:"service_ns"`
	Response Histogram `json:"response_ns"`
}

// Packed is l in the form that a file has it in, for whoever keeps many. l stays as it is.
func (l Latency) Packed() Latency {
	return Latency{l.Wait.Packed(), l.Lag.Packed(), l.Service.Packed(), l.Response.Packed()}
}

// Merge adds other's times; other stays as it is.
func (l *Latency) Merge(other Latency) {
	l.Wait.Merge(other.Wait)
	l.Lag.Merge(other.Lag)
	l.Service.Merge(other.Service)
	l.Response.Merge(other.Response)
}

// check says whether every time that the counts promise is there. It must hold for a record to be believed: a
// request left out of a histogram is how a slow server is made to look fast.
func (l Latency) check(c Counts) error {
	for _, of := range []struct {
		name string
		h    Histogram
		want int64
	}{
		{"wait", l.Wait, c.Sent},
		{"lag", l.Lag, c.Sent},
		{"service", l.Service, c.OK},
		{"response", l.Response, c.Intended - c.Rejected - c.Failed},
	} {
		if got := of.h.Count(); got != of.want {
			return fmt.Errorf("%s holds %d times and the counts say %d", of.name, got, of.want)
		}
	}
	return nil
}
