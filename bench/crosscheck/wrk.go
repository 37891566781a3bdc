package main

import (
	"strconv"
	"time"
)

// wrk is https://github.com/wg/wrk, version 4.
func wrk() generator {
	return generator{
		name: "wrk", program: "wrk", version: "-v",
		args: func(t task) []string {
			return []string{
				"-t" + strconv.Itoa(t.Threads), "-c" + strconv.Itoa(t.Connections), "-d" + seconds(t.Length) + "s",
				"--latency", "http://" + t.Target + "/",
			}
		},
		parse: parseWrk,
	}
}

func parseWrk(output string) (said, error) {
	s := scan{text: output}
	all := s.count("number of requests", `(\d+) requests in `)
	// Those it has counted among the requests; what has failed at the socket it has not.
	wrong := s.optional("wrong answers", `Non-2xx or 3xx responses: (\d+)`)
	failed := wrong
	for _, kind := range []string{"connect", "read", "write", "timeout"} {
		failed += s.optional("socket errors", `Socket errors:.* `+kind+` (\d+)`)
	}
	return said{
		Requests: all - wrong, Failed: failed,
		PerSecond: s.number("requests per second", `Requests/sec: +([\d.]+)`),
		P50:       s.duration("median latency", `\n +50% +(\S+)`),
		P99:       s.duration("p99 of the latency", `\n +99% +(\S+)`),
		Unit:      time.Microsecond,
	}, s.err
}

// seconds are those of a length, which is whole ones.
func seconds(length time.Duration) string { return strconv.Itoa(int(length / time.Second)) }
