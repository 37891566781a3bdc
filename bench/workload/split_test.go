package workload

import (
	"bufio"
	"bytes"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	pickle "github.com/kisielk/og-rek"
)

// feed gives stream to split as a connection would: in pieces of cuts[i]+1 bytes, what is left over in one piece,
// then the end. It returns what split cut out, up to its first error.
func feed(t *testing.T, split bufio.SplitFunc, stream, cuts []byte) (tokens []string, err error) {
	t.Helper()
	var data []byte
	for end := false; ; {
		for {
			advance, token, err := split(slices.Clip(data), end)
			if err != nil {
				return tokens, err
			}
			if advance == 0 && token == nil {
				break
			}
			if advance <= 0 || advance > len(data) || token == nil {
				t.Fatalf("split of %q: advance %d, token %q", data, advance, token)
			}
			tokens = append(tokens, string(token))
			data = data[advance:]
		}
		if end {
			if len(data) > 0 {
				t.Fatalf("%q was left at the end of the stream without an error", data)
			}
			return tokens, nil
		}
		n := len(stream)
		if len(cuts) > 0 {
			n, cuts = min(n, int(cuts[0])+1), cuts[1:]
		}
		data, stream = append(data, stream[:n]...), stream[n:]
		end = len(stream) == 0
	}
}

func TestSplit(t *testing.T) {
	full := strings.Repeat("m", maxMessage)
	for _, test := range []struct {
		name   string
		split  bufio.SplitFunc
		stream string
		want   []string
		err    error
	}{
		{"messages: nothing", splitMessage, "", nil, nil},
		{"messages: each ends at its newline, which belongs to it", splitMessage, "a\nb\n", []string{"a\n", "b\n"}, nil},
		{"messages: an empty line is one", splitMessage, "\n\n", []string{"\n", "\n"}, nil},
		{"messages: the last may end with the stream", splitMessage, "a\nbc", []string{"a\n", "bc"}, nil},
		{"messages: without newlines there is one", splitMessage, "Hey. 0nHey. 1n", []string{"Hey. 0nHey. 1n"}, nil},
		{"messages: the longest, without a newline", splitMessage, full + full, []string{full, full}, nil},
		{"messages: the longest, with its newline", splitMessage, full[1:] + "\na", []string{full[1:] + "\n", "a"}, nil},
		{"messages: a newline past the limit is the next one", splitMessage, full + "\na", []string{full, "\n", "a"}, nil},

		{"lines: nothing", splitLine, "", nil, nil},
		{"lines: without their newlines", splitLine, "a\n\nb\r\n", []string{"a", "", "b\r"}, nil},
		{"lines: half of one", splitLine, "a\nb", []string{"a"}, io.ErrUnexpectedEOF},
		{"lines: the longest", splitLine, full[1:] + "\n", []string{full[1:]}, nil},
		{"lines: one byte more", splitLine, full + "\n", nil, errLongLine},
		{"lines: too long before it has ended", splitLine, full, nil, errLongLine},

		{"pickles: nothing", splitPickle, "", nil, nil},
		{"pickles: up to and with the stop", splitPickle, string(greeting) + "I1\n.", []string{string(greeting), "I1\n."}, nil},
		{"pickles: half of one", splitPickle, "(I1\n", nil, io.ErrUnexpectedEOF},
		{"pickles: the longest", splitPickle, full[1:] + ".", []string{full[1:] + "."}, nil},
		{"pickles: too long before it has ended", splitPickle, full, nil, errLongPickle},
		{"pickles: one byte more", splitPickle, full + ".", nil, errLongPickle},
	} {
		t.Run(test.name, func(t *testing.T) {
			oneByOne := make([]byte, len(test.stream))
			for _, cuts := range [][]byte{nil, oneByOne} {
				got, err := feed(t, test.split, []byte(test.stream), cuts)
				if err != test.err || !slices.Equal(got, test.want) {
					t.Errorf("got %q, %v; want %q, %v", got, err, test.want, test.err)
				}
			}
		})
	}
}

// sameForAnyCut is what TCP demands of every framing. split is asked for twice, as a Split may remember where it is in its
// stream.
func sameForAnyCut(t *testing.T, split func() bufio.SplitFunc, stream, cuts []byte) (tokens []string, err error) {
	t.Helper()
	tokens, err = feed(t, split(), stream, nil)
	got, gotErr := feed(t, split(), stream, cuts)
	if gotErr != err || !slices.Equal(got, tokens) {
		t.Fatalf("in pieces %q, %v; in one %q, %v", got, gotErr, tokens, err)
	}
	return tokens, err
}

func stateless(split bufio.SplitFunc) func() bufio.SplitFunc {
	return func() bufio.SplitFunc { return split }
}

func FuzzSplitMessage(f *testing.F) {
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		messages, err := sameForAnyCut(t, stateless(splitMessage), stream, cuts)
		if err != nil {
			t.Fatalf("an error where every stream is allowed: %v", err)
		}
		if strings.Join(messages, "") != string(stream) {
			t.Fatalf("%q became %q", stream, messages)
		}
		for i, m := range messages {
			whole := strings.HasSuffix(m, "\n") || len(m) == maxMessage || i == len(messages)-1
			if len(m) > maxMessage || strings.Contains(m[:len(m)-1], "\n") || !whole {
				t.Fatalf("message %d of %d is %q", i, len(messages), m)
			}
		}
	})
}

func FuzzSplitLine(f *testing.F) {
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		lines, err := sameForAnyCut(t, stateless(splitLine), stream, cuts)
		for _, line := range lines {
			if len(line) >= maxLine || strings.Contains(line, "\n") {
				t.Fatalf("line %q", line)
			}
		}
		taken := strings.Join(append(lines, ""), "\n")
		rest, found := strings.CutPrefix(string(stream), taken)
		if !found {
			t.Fatalf("%q became %q", stream, lines)
		}
		long := len(rest) >= maxLine && !strings.Contains(rest[:maxLine], "\n")
		switch {
		case long && err == errLongLine:
		case !long && rest != "" && !strings.Contains(rest, "\n") && err == io.ErrUnexpectedEOF:
		case rest == "" && err == nil:
		default:
			t.Fatalf("%q was left with %v", rest, err)
		}
	})
}

func FuzzSplitPickle(f *testing.F) {
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		pickles, err := sameForAnyCut(t, stateless(splitPickle), stream, cuts)
		for _, p := range pickles {
			if len(p) > maxPickle || strings.IndexByte(p, opStop) != len(p)-1 {
				t.Fatalf("pickle %q", p)
			}
		}
		if taken := strings.Join(pickles, ""); !strings.HasPrefix(string(stream), taken) || (err == nil) != (taken == string(stream)) {
			t.Fatalf("%q became %q, %v", stream, pickles, err)
		}
	})
}

// A greeting comes from a server that may be anything: whatever it is, the check returns without taking much memory, and
// what it accepts is the list.
func FuzzCheckGreeting(f *testing.F) {
	// A length in a pickle can announce gigabytes. The decoder may prepare for 64 KiB at a time, and keeps what a greeting
	// of 1024 bytes can describe.
	const most = 2 << 20
	f.Fuzz(func(t *testing.T, msg []byte) {
		msg = msg[:min(len(msg), maxPickle)] // splitPickle cuts no more
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		refused := checkGreeting(0, msg)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > most {
			t.Fatalf("%d bytes were allocated for %q", took, msg)
		}
		if refused != nil {
			return
		}
		value, err := pickle.NewDecoder(bytes.NewReader(msg)).Decode()
		if err != nil {
			t.Fatalf("accepted %q: %v", msg, err)
		}
		if !bytes.Equal(pickled(value), greeting) {
			t.Fatalf("accepted %q", msg)
		}
	})
}
