package job

import (
	"bufio"
	"errors"
	"strings"
	"testing"
)

func TestMessagesAreCut(t *testing.T) {
	wrong := errors.New("wrong")
	for name, c := range map[string]struct {
		split bufio.SplitFunc
		data  string
		ended bool
		used  int
		msg   string // "-": none
		err   string
	}{
		"nothing":                     {bufio.ScanLines, "", false, 0, "-", ""},
		"nothing, and the end":        {bufio.ScanLines, "", true, 0, "-", ""},
		"a part":                      {bufio.ScanLines, "one", false, 0, "-", ""},
		"a part, and the end":         {bufio.ScanLines, "one", true, 3, "one", ""},
		"the first of two":            {bufio.ScanLines, "one\ntwo\n", false, 4, "one", ""},
		"an empty one":                {bufio.ScanLines, "\ntwo\n", false, 1, "", ""},
		"skipped before the first":    {bufio.ScanWords, "  one two", false, 6, "one", ""},
		"skipped and nothing behind":  {skipStars, "***", false, 3, "-", ""},
		"skipped, one by one":         {skipStars, "***a", false, 4, "a", ""},
		"the last by its own word":    {final, "one", false, 3, "one", ""},
		"an error":                    {fixed(0, wrong), "one", false, 0, "-", "cut message: wrong"},
		"an error behind what counts": {skipThen(fixed(0, wrong)), "*one", false, 1, "-", "cut message: wrong"},
		"more than there is":          {fixed(9, nil), "one", false, 0, "-", "9 bytes of 3"},
		"less than nothing":           {fixed(-1, nil), "one", false, 0, "-", "-1 bytes of 3"},
	} {
		t.Run(name, func(t *testing.T) {
			used, msg, err := Cut(c.split, []byte(c.data), c.ended)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || msg != nil {
					t.Errorf("message %q, error %v; want %q", msg, err, c.err)
				}
				return
			}
			if err != nil || used != c.used || (msg == nil) != (c.msg == "-") || msg != nil && string(msg) != c.msg {
				t.Errorf("%d bytes used, message %q (%t), error %v; want %d and %q", used, msg, msg != nil, err, c.used, c.msg)
			}
		})
	}
}

// skipStars takes stars out one at a time, without a message.
func skipStars(data []byte, _ bool) (int, []byte, error) {
	if data[0] == '*' {
		return 1, nil, nil
	}
	return len(data), data, nil
}

func skipThen(split bufio.SplitFunc) bufio.SplitFunc {
	return func(data []byte, atEOF bool) (int, []byte, error) {
		if data[0] == '*' {
			return 1, nil, nil
		}
		return split(data, atEOF)
	}
}

func final(data []byte, _ bool) (int, []byte, error) { return len(data), data, bufio.ErrFinalToken }

func fixed(n int, err error) bufio.SplitFunc {
	return func([]byte, bool) (int, []byte, error) { return n, nil, err }
}
