package workload

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	pickle "github.com/kisielk/og-rek"
)

// numbers is what the tutorial's server greets each client with.
var numbers = [...]int64{1, 2, 7, 9, 0}

var (
	greeting   = pickled(numbers[:])
	busyPickle = pickled(busy)
)

// opStop is pickle's last opcode. It ends every pickle, and is the only sign of its end.
const opStop = '.'

// maxPickle bounds a greeting in bytes: the tutorial's client takes it in with one recv(1024).
const maxPickle = 1024

var errLongPickle = fmt.Errorf("no end of the pickle in its first %d bytes", maxPickle)

// pickled writes v in protocol 0, the one that pickle.dumps used when the tutorial was written and that every Python
// since reads. It is text, numbers included, so that whole numbers and words without a dot never have the stop opcode's
// byte in their arguments; in the binary protocols the number 46 would be one.
func pickled(v any) []byte {
	var b bytes.Buffer
	if err := pickle.NewEncoderWithConfig(&b, &pickle.EncoderConfig{Protocol: 0}).Encode(v); err != nil {
		panic(fmt.Sprintf("pickle %v: %v", v, err)) // v is one of this file's own values, and a Buffer takes everything
	}
	return b.Bytes()
}

// splitPickle cuts one pickle, up to and with its stop opcode. It looks for the byte, not the opcode: in no
// protocol has the list or the word busy that byte anywhere else, and a greeting that is cut short is no loss, as
// it was the wrong one.
func splitPickle(data []byte, atEOF bool) (advance int, msg []byte, err error) {
	if i := bytes.IndexByte(data[:min(len(data), maxPickle)], opStop); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if len(data) >= maxPickle {
		return 0, nil, errLongPickle
	}
	if atEOF && len(data) > 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return 0, nil, nil
}

// checkGreeting accepts the list in any of pickle's protocols, so that a Python server can be loaded as well; our
// own spelling of it, the one that is measured, is compared as bytes.
func checkGreeting(_ uint64, msg []byte) error {
	if bytes.Equal(msg, greeting) {
		return nil
	}
	value, err := pickle.NewDecoder(bytes.NewReader(msg)).Decode()
	if err != nil {
		return fmt.Errorf("unpickle greeting %q: %w", msg, err)
	}
	if items, ok := value.([]any); ok && slices.EqualFunc(items, numbers[:], func(item any, n int64) bool { return item == any(n) }) {
		return nil
	}
	// The pickle, not the value: a pickle can describe a value that contains itself, which fmt would follow for ever.
	return fmt.Errorf("greeting %q is not the list %v", msg, numbers)
}
