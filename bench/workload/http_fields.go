package workload

import (
	"bytes"
	"net/http"
)

var (
	contentLength    = []byte("Content-Length")
	transferEncoding = []byte("Transfer-Encoding")
	hostField        = []byte("Host")
	expectField      = []byte("Expect")
	chunkedCoding    = []byte("chunked")
	continueExpected = []byte("100-continue")
)

// field takes a field of the head.
func (f *httpFramer) field(name, value []byte) (refused int) {
	switch {
	case bytes.EqualFold(name, hostField):
		if f.host {
			return http.StatusBadRequest
		}
		f.host = true
	case bytes.EqualFold(name, contentLength):
		if f.length || f.chunked {
			return http.StatusBadRequest
		}
		f.length = true
		f.left, refused = bodyLength(value)
		return refused
	case bytes.EqualFold(name, transferEncoding):
		switch {
		case f.length || f.chunked || f.minor == '0':
			return http.StatusBadRequest
		case !bytes.EqualFold(value, chunkedCoding):
			return http.StatusNotImplemented
		}
		f.chunked = true
	case bytes.EqualFold(name, expectField) && f.minor != '0': // to be ignored there: RFC 9110, section 10.1.1
		if !bytes.EqualFold(value, continueExpected) {
			return http.StatusExpectationFailed
		}
		f.expects = true
	}
	return 0
}

// bodyLength reads a Content-Length.
func bodyLength(value []byte) (n, refused int) {
	if len(value) == 0 {
		return 0, http.StatusBadRequest
	}
	for _, b := range value {
		if !isDigit(b) {
			return 0, http.StatusBadRequest
		}
		n = min(10*n+int(b-'0'), maxBody+1) // more is as bad
	}
	if n > maxBody {
		return 0, http.StatusRequestEntityTooLarge
	}
	return n, 0
}
