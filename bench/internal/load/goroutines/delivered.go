package goroutines

import "errors"

// A session is complete when the server has read everything and closed. Its end of stream alone does not say so: a
// server that greets and closes at once has sent its end before our messages are on their way, and a client that
// writes them and then reads that end would believe that it was served. What a server leaves unread, or receives after
// it has closed, it answers with a reset; so the question is whether a reset has come or can still come. The files
// delivered_*.go ask the operating system.
//
//   - endedEarly(conn), before the last message: has the server's end come already?
//   - delivered(conn), after the server's end: was everything sent acknowledged, and no reset received?
//   - deliveryProven: do both together leave no gap?

var (
	errEndedEarly  = errors.New("the server closed before it was sent the last message")
	errUndelivered = errors.New("the server closed before it received the last message")
)
