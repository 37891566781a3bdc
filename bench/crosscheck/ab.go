package main

import (
	"strconv"
	"time"
)

// abMost is how many requests ab can make in a second: it takes memory for each before it begins, and -t alone would end
// after 50,000.
const abMost = 1_000_000

// apacheBench is ab of the Apache HTTP server. It has one thread, and speaks HTTP/1.0 with keep-alive.
func apacheBench() generator {
	return generator{
		name: "ab", program: "ab", version: "-V",
		args: func(t task) []string {
			return []string{
				"-q", "-k", "-c" + strconv.Itoa(t.Connections), "-t" + seconds(t.Length),
				"-n" + strconv.Itoa(abMost*int(t.Length/time.Second)), "http://" + t.Target + "/",
			}
		},
		parse: parseApacheBench,
	}
}

func parseApacheBench(output string) (said, error) {
	s := scan{text: output}
	// Both failed and wrong ones are among the complete.
	failed := s.count("failed requests", `Failed requests: +(\d+)`) + s.optional("wrong answers", `Non-2xx responses: +(\d+)`)
	return said{
		Requests: s.count("complete requests", `Complete requests: +(\d+)`) - failed, Failed: failed,
		PerSecond: s.number("requests per second", `Requests per second: +([\d.]+)`),
		P50:       time.Duration(s.count("median latency", `\n +50% +(\d+)`)) * time.Millisecond,
		P99:       time.Duration(s.count("p99 of the latency", `\n +99% +(\d+)`)) * time.Millisecond,
		Unit:      time.Millisecond,
	}, s.err
}
