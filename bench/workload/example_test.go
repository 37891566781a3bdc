package workload_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/poolbench/poolbench/bench/workload"
	"github.com/poolbench/poolbench/strategies"
)

// shout answers each line in capitals. It keeps nothing between requests, so it is its connections' session as well.
type shout struct{}

func (shout) Open() strategies.Session                           { return shout{} }
func (shout) Greet(dst []byte) []byte                            { return dst }
func (shout) Split(data []byte, atEOF bool) (int, []byte, error) { return bufio.ScanLines(data, atEOF) }
func (shout) Answer(_ context.Context, dst, line []byte) ([]byte, error) {
	return append(append(dst, bytes.ToUpper(line)...), '\n'), nil
}

func request(dst []byte, seq uint64) []byte { return fmt.Appendf(dst, "hey %d\n", seq) }

func check(seq uint64, line []byte) error {
	if want := "HEY " + strconv.FormatUint(seq, 10); string(line) != want {
		return fmt.Errorf("answer to request %d is %q, want %q", seq, line, want)
	}
	return nil
}

// A workload of one's own: what is served, what is asked, and what the answer must be.
func Example() {
	mine := workload.Workload{
		Name:    "shout",
		About:   "A line, and the same in capitals.",
		Handler: func() strategies.Handler { return strategies.Messages(shout{}) },
		Busy:    []byte("busy\n"),
		Client: workload.Client{
			Request:  request,
			Response: &workload.Frame{Split: bufio.ScanLines, Check: check},
			Busy:     func(line []byte) bool { return string(line) == "busy" },
		},
	}
	found, err := workload.Find(append(workload.All(), mine), "shout")
	fmt.Println(found.About, "Measured: the", found.Client.Measured(), err)

	answer, _ := shout{}.Answer(context.Background(), nil, []byte("hey 7"))
	fmt.Printf("%s%v\n", answer, found.Client.Response.Check(7, bytes.TrimSpace(answer)))
	// Output:
	// A line, and the same in capitals. Measured: the request <nil>
	// HEY 7
	// <nil>
}
