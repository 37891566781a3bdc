package workload

import (
	"fmt"
	"net/http"
	"strconv"
)

// httpText is the body of every good answer.
const httpText = "Hello from poolbench.\n"

// The heads of answers, up to where the connection's field may follow. They have no Date: an origin server without a clock
// must not send one (RFC 9110, section 6.6.1), and a workload has none, so that the same request gets the same bytes.
var (
	okHead         = answerHead(http.StatusOK, "Content-Type: text/plain; charset=utf-8\r\n", len(httpText))
	notAllowedHead = answerHead(http.StatusMethodNotAllowed, "Allow: GET, HEAD, POST, PUT\r\n", 0)
)

func answerHead(status int, fields string, length int) string {
	return "HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n" +
		fields + "Content-Length: " + strconv.Itoa(length) + "\r\n"
}

// appendAnswer appends the answer to r.
func appendAnswer(dst []byte, r *http.Request) []byte {
	head, body := okHead, httpText
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodPut:
	case http.MethodHead:
		body = ""
	default:
		head, body = notAllowedHead, ""
	}
	dst = append(dst, head...)
	switch {
	case r.Close:
		dst = append(dst, "Connection: close\r\n"...)
	case r.ProtoMinor == 0: // which closes unless told otherwise, by both sides
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	dst = append(dst, "\r\n"...)
	return append(dst, body...)
}

// appendRefusal appends the answer that ends a connection. It has no body, so that it is right for HEAD as well.
func appendRefusal(dst []byte, status int) []byte {
	return fmt.Appendf(dst, "%sConnection: close\r\n\r\n", answerHead(status, "", 0))
}
