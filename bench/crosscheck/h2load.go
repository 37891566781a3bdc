package main

import "strconv"

// h2load is nghttp2's generator, made to speak HTTP/1.1. It says no percentiles.
func h2load() generator {
	return generator{
		name: "h2load", program: "h2load", version: "--version",
		args: func(t task) []string {
			return []string{
				"--h1", "-t" + strconv.Itoa(t.Threads), "-c" + strconv.Itoa(t.Connections), "-D" + seconds(t.Length),
				"http://" + t.Target + "/",
			}
		},
		parse: parseH2load,
	}
}

func parseH2load(output string) (said, error) {
	s := scan{text: output}
	return said{
		Requests:  s.count("requests that succeeded", `requests: .* (\d+) succeeded`),
		Failed:    s.count("requests that failed", `requests: .* (\d+) failed`), // the errored and those that timed out are among them
		PerSecond: s.number("requests per second", `finished in .*, ([\d.]+) req/s`),
	}, s.err
}
