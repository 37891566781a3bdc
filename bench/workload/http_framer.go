package workload

import (
	"bytes"
	"net/http"

	"github.com/poolbench/poolbench/strategies"
)

const (
	// maxHead bounds request line and fields, in bytes: twice what nginx and Apache take for one line.
	maxHead = 16 << 10

	// maxBody bounds a body, in bytes as sent: a chunked one with its chunk sizes and trailers. It is what is left of
	// strategies.MaxRequest, so that the refusal is this protocol's own.
	maxBody = strategies.MaxRequest - maxHead
)

// httpFramer finds the end of one request. It looks at each byte once, in whatever pieces they come, and refuses a
// request at the first byte after which nothing can save it:
//
//	400  what is no HTTP/1; a field line that is folded or has a space before its colon; no Host, or two; a control
//	     character; two fields Content-Length or Transfer-Encoding, or one of each; Transfer-Encoding in HTTP/1.0; a
//	     Content-Length that is no number; chunks that do not fit together
//	413  a body of more than maxBody
//	414  a request line that alone is longer than maxHead
//	417  an expectation other than "100-continue"
//	431  a head longer than maxHead
//	501  a transfer coding that is not chunked
//	505  another major version
//
// Several of these would do no harm in a server alone, but a proxy in front of it may read them otherwise, and then one
// client can prefix another one's request (request smuggling; RFC 9112, section 11.2). A line of the head may end in a
// bare newline, as net/http has it and people type it; one of a chunked body may not.
type httpFramer struct {
	at    int // bytes that were looked at
	start int // of the line
	colon int // that ends the field's name
	body  int // where the body begins, if inside is set
	left  int // bytes of the body, or of the chunk, that are still to come; or the chunk's size so far
	stage httpStage
	cr    bool // the last byte was a carriage return, and a newline has to follow

	inside bool // the head has ended

	minor   byte // of the version, as a digit
	host    bool
	length  bool // there is a Content-Length, and left has it
	chunked bool
	expects bool
}

// httpStage is what the next byte belongs to.
type httpStage uint8

const (
	atStart httpStage = iota
	inMethod
	inTarget // and the version
	atField
	inName
	inValue
	inBody
	atSize
	inSize
	inExtension
	inChunk
	afterChunk
)

// byteClass says what a byte may be part of.
type byteClass uint8

const (
	tokenByte byteClass = 1 << iota // RFC 9110, section 5.6.2
	lineByte                        // text and spaces
	valueByte                       // and tabs
)

var classes = func() (of [256]byteClass) {
	for b := range of {
		switch {
		case b == '\t':
			of[b] = valueByte
		case b >= ' ' && b != 0x7f:
			of[b] = lineByte | valueByte
		}
	}
	for _, b := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		of[b] |= tokenByte
	}
	return of
}()

// stays has the bytes that change nothing in a stage.
var stays = [...]byteClass{inMethod: tokenByte, inTarget: lineByte, inName: tokenByte, inValue: valueByte, inExtension: valueByte, afterChunk: 0}

// What scan can say beside the status of a refusal.
const (
	incomplete = 0
	awaited    = http.StatusContinue // the head is complete, and the client waits for that status before it sends the body
	complete   = http.StatusOK
)

// scan looks at the bytes of data that are new since its last call, and says what the first f.at bytes are. A request is
// refused because of the last one of them. Once the body is awaited, scan goes on with it.
func (f *httpFramer) scan(data []byte) (status int) {
	for f.at < len(data) {
		if f.stage == inBody || f.stage == inChunk {
			n := min(f.left, len(data)-f.at)
			f.at, f.left = f.at+n, f.left-n
			switch {
			case f.left > 0:
			case f.stage == inBody:
				return complete
			default:
				f.stage = afterChunk
			}
			continue
		}
		limit := f.limit()
		inside := f.inside
		if status = f.step(data[:min(len(data), limit)]); status != incomplete {
			return status
		}
		if f.at == limit && f.inside == inside {
			return f.tooLong()
		}
	}
	return incomplete
}

// forget has f go on with data from which the first f.at bytes are gone.
func (f *httpFramer) forget() {
	f.body -= f.at
	f.start -= f.at
	f.at = 0
}

// limit is how far the part of the request that f is in may reach.
func (f *httpFramer) limit() int {
	if f.inside {
		return f.body + maxBody
	}
	return maxHead
}

func (f *httpFramer) tooLong() int {
	switch {
	case f.inside:
		return http.StatusRequestEntityTooLarge
	case f.stage == inTarget:
		return http.StatusRequestURITooLong
	default:
		return http.StatusRequestHeaderFieldsTooLarge
	}
}

// step passes over the bytes that change nothing, and takes the first one that does.
func (f *httpFramer) step(data []byte) (status int) {
	if stay := stays[f.stage]; !f.cr {
		for f.at < len(data) && classes[data[f.at]]&stay != 0 {
			f.at++
		}
	}
	if f.at == len(data) {
		return incomplete
	}
	b := data[f.at]
	f.at++
	switch {
	case b == '\n' && (f.cr || f.bareNewline()):
		text := data[f.start : f.at-1]
		if f.cr {
			text = text[:len(text)-1]
			f.cr = false
		}
		return f.endLine(text)
	case f.cr:
		return http.StatusBadRequest
	case b == '\r' && f.mayEnd():
		f.cr = true
		return incomplete
	}
	return f.begin(b)
}

// mayEnd says that the line can end here.
func (f *httpFramer) mayEnd() bool {
	switch f.stage {
	case atStart, inMethod, inName, atSize:
		return false
	}
	return true
}

// bareNewline says that it can end without a carriage return.
func (f *httpFramer) bareNewline() bool { return !f.inside && f.mayEnd() }

// begin has b begin another part of its line.
func (f *httpFramer) begin(b byte) (refused int) {
	is := classes[b]
	switch {
	case f.stage == atStart && is&tokenByte != 0:
		f.stage = inMethod
	case f.stage == inMethod && b == ' ':
		f.stage = inTarget
	case f.stage == atField && is&tokenByte != 0:
		f.stage = inName
	case f.stage == inName && b == ':':
		f.stage, f.colon = inValue, f.at-1
	case f.stage == atSize && isHex(b):
		f.stage = inSize
		return f.digit(b)
	case f.stage == inSize && isHex(b):
		return f.digit(b)
	case f.stage == inSize && (b == ';' || b == ' ' || b == '\t'):
		f.stage = inExtension
	default:
		return http.StatusBadRequest
	}
	return 0
}

// endLine takes a line without its end.
func (f *httpFramer) endLine(text []byte) (status int) {
	name := f.colon - f.start
	f.start = f.at
	switch f.stage {
	case inTarget:
		f.stage = atField
		return f.requestLine(text)
	case inValue:
		f.stage = atField
		if f.inside {
			return incomplete // a trailer, which cannot change where the request ends
		}
		return f.field(text[:name], bytes.Trim(text[name+1:], " \t"))
	case atField:
		if f.inside {
			return complete
		}
		return f.endHead()
	case afterChunk:
		f.stage = atSize
		return incomplete
	default: // inSize, inExtension
		return f.endSize()
	}
}

// requestLine takes the request's first line. The target is left to net/http.
func (f *httpFramer) requestLine(text []byte) (refused int) {
	_, rest, _ := bytes.Cut(text, []byte(" "))
	target, version, _ := bytes.Cut(rest, []byte(" "))
	if len(target) == 0 || len(version) != len("HTTP/1.1") || string(version[:5]) != "HTTP/" ||
		!isDigit(version[5]) || version[6] != '.' || !isDigit(version[7]) {
		return http.StatusBadRequest
	}
	if version[5] != '1' {
		return http.StatusHTTPVersionNotSupported
	}
	f.minor = version[7]
	return 0
}

// endHead decides what follows the head.
func (f *httpFramer) endHead() (status int) {
	f.inside, f.body = true, f.at
	switch {
	case !f.host && f.minor != '0':
		return http.StatusBadRequest
	case f.chunked:
		f.stage = atSize
	case f.left > 0:
		f.stage = inBody
	default:
		return complete
	}
	if f.expects {
		return awaited
	}
	return incomplete
}

// digit adds one to a chunk's size.
func (f *httpFramer) digit(b byte) (refused int) {
	d := b - '0'
	if !isDigit(b) {
		d = b | 0x20 - 'a' + 10
	}
	f.left = f.left<<4 | int(d)
	if f.left > maxBody {
		return http.StatusRequestEntityTooLarge
	}
	return 0
}

// endSize begins a chunk or, after the last one, the trailers.
func (f *httpFramer) endSize() (refused int) {
	switch {
	case f.left == 0:
		f.stage = atField
	case f.at+f.left >= f.limit():
		return http.StatusRequestEntityTooLarge
	default:
		f.stage = inChunk
	}
	return 0
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func isHex(b byte) bool { return isDigit(b) || 'a' <= b|0x20 && b|0x20 <= 'f' }
