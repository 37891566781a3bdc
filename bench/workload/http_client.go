package workload

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// appendGet appends the client's request, which is always the same one, so that other load generators can send it too.
func appendGet(dst []byte, _ uint64) []byte {
	return append(dst, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"...)
}

// maxResponse bounds the body of a response in bytes: none that is right is a hundredth of it, but the page with which a
// proxy explains an error should be quoted, not cut off.
const maxResponse = 64 << 10

var (
	errNotHTTP       = errors.New("response is not HTTP/1")
	errLongHead      = fmt.Errorf("head of the response is longer than %d bytes", maxHead)
	errLongResponse  = fmt.Errorf("body of the response is longer than %d bytes", maxResponse)
	errNoLength      = errors.New("response has no Content-Length, so its end cannot be known while the connection stays")
	errBadLength     = errors.New("response has a Content-Length that is no number, or two")
	errCodedResponse = errors.New("response has a Transfer-Encoding, which this client does not read; have the server send a Content-Length")
)

// splitResponse cuts one response, head and body. It is for answers to GET, and takes interim ones (1xx) for answers, as
// its client asks for none. What is refused depends only on the bytes up to the end of the head, so it does not matter in
// which pieces they came; a head in pieces is searched again with each.
func splitResponse(data []byte, atEOF bool) (advance int, response []byte, err error) {
	if len(data) == 0 {
		return 0, nil, nil
	}
	if !startsResponse(data) {
		return 0, nil, errNotHTTP
	}
	head, length, err := responseHead(data[:min(len(data), maxHead)])
	switch end := head + length; {
	case err != nil:
		return 0, nil, err
	case head > 0 && len(data) >= end:
		return end, data[:end], nil
	case head == 0 && len(data) >= maxHead:
		return 0, nil, errLongHead
	case atEOF:
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}

// statusAt is where a response has its status, of three digits.
const statusAt = len("HTTP/1.1 ")

// startsResponse says that data is, as far as it goes, the begin of a response.
func startsResponse(data []byte) bool {
	const form = "HTTP/1.0 000" // with any digit for each 0
	for i, b := range data[:min(len(data), len(form))] {
		if form[i] == '0' && !isDigit(b) || form[i] != '0' && form[i] != b {
			return false
		}
	}
	return true
}

// responseHead is how many bytes the head has, with the empty line at its end, and how many follow it. No head is complete
// with 0 bytes.
func responseHead(data []byte) (head, length int, err error) {
	known := false
	for rest := data; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			return 0, 0, nil
		}
		line := bytes.TrimSuffix(rest[:i], []byte("\r"))
		rest = rest[i+1:]
		switch {
		case len(line) == 0:
			head = len(data) - len(rest)
			switch {
			case hasNoBody(data):
				return head, 0, nil
			case !known:
				return 0, 0, errNoLength
			}
			return head, length, nil
		case isField(line, transferEncoding):
			return 0, 0, errCodedResponse
		case isField(line, contentLength):
			if known {
				return 0, 0, errBadLength
			}
			known = true
			if length, err = lengthOf(line[len(contentLength)+1:]); err != nil {
				return 0, 0, err
			}
		}
	}
}

// hasNoBody says that a response has none whatever length it states: RFC 9112, section 6.3.
func hasNoBody(head []byte) bool {
	status := head[statusAt : statusAt+3]
	return status[0] == '1' || string(status) == "204" || string(status) == "304"
}

// isField says that a line is the field of that name.
func isField(line, name []byte) bool {
	return len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], name)
}

// lengthOf reads the value of a Content-Length.
func lengthOf(text []byte) (length int, err error) {
	text = bytes.Trim(text, " \t")
	if len(text) == 0 {
		return 0, errBadLength
	}
	for _, b := range text {
		if !isDigit(b) {
			return 0, errBadLength
		}
		length = min(10*length+int(b-'0'), maxResponse+1)
	}
	if length > maxResponse {
		return 0, errLongResponse
	}
	return length, nil
}

// ownAnswer is what our server answers to appendGet.
var ownAnswer = okHead + "\r\n" + httpText

// checkResponse accepts any response with the status 200, so that every HTTP server can be loaded; that our own serves the
// right text is for its tests to say. Our own answer is compared as a whole, which is faster.
func checkResponse(seq uint64, msg []byte) error {
	if string(msg) == ownAnswer || hasStatus(msg, http.StatusOK) {
		return nil
	}
	const quoted = 512 // bytes: a head, and the begin of what it explains
	return fmt.Errorf("answer to request %d is %q (%d bytes), want status 200", seq, msg[:min(len(msg), quoted)], len(msg))
}

// isUnavailable takes every 503 for a refusal, not only our own words: that is the status's meaning, and what a proxy
// makes of them.
func isUnavailable(msg []byte) bool { return hasStatus(msg, http.StatusServiceUnavailable) }

func hasStatus(msg []byte, status int) bool {
	return len(msg) >= statusAt+3 && startsResponse(msg) &&
		100*int(msg[statusAt]-'0')+10*int(msg[statusAt+1]-'0')+int(msg[statusAt+2]-'0') == status
}
